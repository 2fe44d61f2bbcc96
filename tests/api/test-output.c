/* SPDX-License-Identifier: MIT */
/* What the daemon prints on standard error before it is ready reaches the launcher's. */
#include "harness/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START "ready=60000 pid=@/run/pid "

static const char *log_text(void)
{
	return harness_read_file(harness_path("log"));
}

static void check_no_socket_is_left(void)
{
	probe_number("descriptors");
	ck_assert_ptr_null(strstr(harness_read_file(harness_path("report")), "socket:"));
}

/* ---- a start that fails ---- */

/* err(3) at a hundred places: what the user gets to read of it. */
START_TEST(last_line_explains_a_silent_exit)
{
	struct probe probe = probe_run("%s " START "daemon:error-line=first "
				       "daemon:error-line=no-such-file daemon:exit=71",
				       probe_ways[_i]);

	ck_assert_str_eq(probe.error, "first\nno-such-file\n");
	probe_check_failed(&probe, -ECHILD,
			   "the daemon exited with status 71 before it was ready: no-such-file");
	ck_assert_int_eq(WEXITSTATUS(probe.status), 71);
}
END_TEST

/* A line without an end, and one that is too long to be repeated. */
START_TEST(odd_lines_are_repeated_too)
{
	struct probe probe = probe_run("%s " START "daemon:error-line=whole daemon:error-line= "
				       "daemon:print-error=unfinished daemon:exit=1",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ECHILD, "before it was ready: unfinished");
	probe = probe_run("%s " START "daemon:error-bytes=100000 daemon:exit=1", probe_ways[_i]);
	probe_check_failed(&probe, -ECHILD, "before it was ready: xxxxx");
	ck_assert_uint_eq(strlen(probe.error), 100000);
	ck_assert_uint_lt(strlen(probe.text), 1000);
}
END_TEST

START_TEST(daemon_s_own_error_is_preferred)
{
	struct probe probe = probe_run("%s " START "daemon:error-line=x daemon:failed=-98,own-text "
				       "daemon:error-line=cleaning-up daemon:exit=1",
				       probe_ways[_i]);

	ck_assert_str_eq(probe.error, "x\ncleaning-up\n");
	probe_check_failed(&probe, -98, "own-text");
	ck_assert_ptr_null(strstr(probe.text, "cleaning-up"));
}
END_TEST

START_TEST(log_gets_it_too)
{
	struct probe probe = probe_run("%s " START "log=@/log daemon:error-line=early "
				       "daemon:exit=71",
				       probe_ways[_i]);

	ck_assert_str_eq(probe.error, "early\n");
	ck_assert_str_eq(log_text(), "early\n");
	probe_check_failed(&probe, -ECHILD, "early");
}
END_TEST

/* Such a message looks like the end to the reader. */
START_TEST(empty_messages_are_not_the_end)
{
	struct probe probe = probe_run("%s " START "daemon:nothing-to-error=100 "
				       "daemon:error-line=late daemon:exit=71",
				       probe_ways[_i]);

	ck_assert_str_eq(probe.error, "late\n");
	probe_check_failed(&probe, -ECHILD, "late");
}
END_TEST

/* Without a ready timeout the start is over when it is confined. */
START_TEST(daemon_that_confines_itself_is_relayed)
{
	struct probe probe = probe_run("%s confinelater=1 daemon:error-line=early daemon:exit=71",
				       probe_ways[_i]);

	ck_assert_str_eq(probe.error, "early\n");
	probe_check_failed(&probe, -ECHILD, "before it was set up: early");
	probe = probe_run("%s confinelater=1 log=@/log daemon:error-line=early daemon:confine "
			  "daemon:error-line=late daemon:report daemon:wait",
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe.error, "early\n");
	probe_number("descriptors");
	ck_assert_str_eq(log_text(), "early\nlate\n");
	probe_kill(&probe);
}
END_TEST

/* ---- a start that succeeds ---- */

START_TEST(ready_daemon_prints_to_the_log)
{
	struct probe probe = probe_run("%s " START "log=@/log daemon:error-line=early daemon:up "
				       "daemon:error-line=late daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe.error, "early\n");
	ck_assert(!probe.streams_held);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd2"), "/log"));
	check_no_socket_is_left();
	ck_assert_str_eq(log_text(), "early\nlate\n");
	probe_kill(&probe);
}
END_TEST

START_TEST(ready_daemon_without_a_log_prints_nowhere)
{
	struct probe probe = probe_run("%s " START "daemon:error-line=early daemon:up "
				       "daemon:error-line=late daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe.error, "early\n");
	ck_assert(!probe.streams_held);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd2"), "/dev/null"));
	check_no_socket_is_left();
	probe_kill(&probe);
}
END_TEST

START_TEST(nothing_is_left_with_all_descriptors_kept)
{
	struct probe probe = probe_run("mode=fork keepall=1 " START
				       "daemon:error-line=early daemon:up "
				       "daemon:report daemon:wait");

	probe_check_up(&probe);
	check_no_socket_is_left();
	probe_kill(&probe);
}
END_TEST

/* Much more than any queue takes. */
START_TEST(all_of_it_arrives)
{
	struct probe probe = probe_run("%s " START "log=@/log daemon:error-bytes=3000000 daemon:up "
				       "daemon:wait",
				       probe_ways[_i]);
	struct stat st;

	probe_check_up(&probe);
	ck_assert_uint_eq(strlen(probe.error), 3000000);
	ck_assert_int_eq(stat(harness_path("log"), &st), 0);
	ck_assert_int_eq(st.st_size, 3000000);
	probe_kill(&probe);
}
END_TEST

/* Such as a worker: it outlives the relaying, and belongs to the log. */
START_TEST(forked_child_prints_to_the_log)
{
	struct probe probe = probe_run("%s " START "log=@/log daemon:fork-error-line=worker "
				       "daemon:up daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe.error, "");
	ck_assert_str_eq(log_text(), "worker\n");
	probe_kill(&probe);
}
END_TEST

/* A helper that is executed before: what it prints later is lost, and it survives. */
START_TEST(executed_child_survives_the_end_of_the_relaying)
{
	struct probe probe;

	ck_assert_int_eq(mkfifo(harness_path("go"), 0600), 0);
	probe = probe_run("%s " START "daemon:spawn=echo_early>&2;read_x<@/go;echo_late>&2;"
			  "echo_$$_survived>@/end daemon:error-line=between daemon:up daemon:wait",
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_ptr_null(strstr(probe.error, "late"));
	harness_write_file(harness_path("go"), "go\n");
	ck_assert(harness_wait_text(harness_path("end"), "survived", HARNESS_SOON));
	ck_assert(harness_wait_exit(atoi(harness_read_file(harness_path("end"))), HARNESS_SOON));
	probe_kill(&probe);
}
END_TEST

/* No line of another thread is lost while the stream changes, and each appears once. */
START_TEST(thread_may_print_while_the_daemon_becomes_ready)
{
	static const int count = 20000;
	struct probe probe = probe_run("%s " START "log=@/log daemon:error-thread=20000 daemon:up "
				       "daemon:join daemon:report daemon:wait",
				       probe_ways[_i]);
	bool *seen = harness_memory(sizeof *seen * (size_t)count);
	const char *line;
	int lines = 0;

	probe_check_up(&probe);
	probe_number("descriptors");
	memset(seen, 0, sizeof *seen * (size_t)count);
	for (line = log_text(); *line != '\0'; line = strchr(line, '\n') + 1, lines++) {
		int number = -1;

		ck_assert_msg(sscanf(line, "line %06d\n", &number) == 1 && number < count &&
				      !seen[number],
			      "line %d: %.20s", lines, line);
		seen[number] = true;
	}
	ck_assert_int_eq(lines, count);
	probe_kill(&probe);
}
END_TEST

START_TEST(program_may_replace_the_stream_itself)
{
	struct probe probe = probe_run("%s " START "daemon:error-to=@/own daemon:up "
				       "daemon:error-line=x daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd2"), "/own"));
	ck_assert_str_eq(harness_read_file(harness_path("own")), "x\n");
	probe_kill(&probe);
}
END_TEST

/* A copy of the descriptor that the program has made is replaced too, in each process. */
START_TEST(copies_of_the_descriptor_lead_to_the_log)
{
	struct probe probe = probe_run("%s " START "log=@/log daemon:dup-error=50 "
				       "daemon:error-line=early daemon:up daemon:error-from=50 "
				       "daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe.error, "early\n");
	ck_assert_ptr_nonnull(strstr(probe_fact("fd50"), "/log"));
	ck_assert_ptr_nonnull(strstr(probe_fact("fd50"), "x "));
	ck_assert_str_eq(log_text(), "early\ncopy\n");
	check_no_socket_is_left();
	probe_kill(&probe);
}
END_TEST

START_TEST(log_may_be_reopened_before_ready)
{
	struct probe probe = probe_run("%s " START "log=@/log daemon:error-line=one daemon:reopen "
				       "daemon:error-line=two daemon:up daemon:error-line=three "
				       "daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	probe_number("descriptors");
	/* What the launcher has yet to copy may come later. */
	ck_assert_ptr_nonnull(strstr(log_text(), "one\n"));
	ck_assert_ptr_nonnull(strstr(log_text(), "two\n"));
	ck_assert_ptr_nonnull(strstr(log_text(), "three\n"));
	probe_kill(&probe);
}
END_TEST

/* The log is the launcher's standard error itself: a line appears once. */
START_TEST(log_that_is_the_launcher_s_stream_is_written_once)
{
	struct probe probe = probe_run("%s " START "log=/dev/stderr daemon:error-line=early "
				       "daemon:exit=71",
				       probe_ways[_i]);

	ck_assert_str_eq(probe.error, "early\n");
	probe_check_failed(&probe, -ECHILD, "before it was ready: early");
}
END_TEST

/* ---- standard output apart ---- */

static const char *output_text(void)
{
	return harness_read_file(harness_path("out"));
}

START_TEST(standard_output_has_a_file_of_its_own)
{
	struct probe probe = probe_run("%s log=@/log output=@/out daemon:print=one "
				       "daemon:error-line=two daemon:rename=@/log,@/log.1 "
				       "daemon:rename=@/out,@/out.1 daemon:reopen "
				       "daemon:print=three daemon:error-line=four daemon:report",
				       _i < PROBE_WAYS ? probe_ways[_i] : "mode=foreground");

	if (_i < PROBE_WAYS)
		probe_check_up(&probe);
	probe_number("descriptors");
	ck_assert_str_eq(harness_read_file(harness_path("out.1")), "one");
	ck_assert_str_eq(harness_read_file(harness_path("log.1")), "two\n");
	ck_assert_str_eq(output_text(), "three");
	ck_assert_str_eq(log_text(), "four\n");
	if (_i < PROBE_WAYS)
		ck_assert(harness_wait_exit(probe.result, HARNESS_SOON));
}
END_TEST

/* Errors are discarded then, as without an output file. */
START_TEST(output_file_needs_no_log)
{
	struct probe probe = probe_run("%s output=@/out daemon:print=one daemon:error-line=two "
				       "daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd2"), "/dev/null"));
	ck_assert_str_eq(output_text(), "one");
	probe_kill(&probe);
}
END_TEST

START_TEST(output_file_that_cannot_be_opened_fails_the_start)
{
	struct probe probe = probe_run("%s pid=@/run/pid log=@/log output=@/missing/out",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "output file ");
	probe_check_nothing_left();
}
END_TEST

/* One of the two cannot be opened again: both stay as they are. */
START_TEST(failed_reopening_changes_nothing)
{
	struct probe probe = probe_run("%s log=@/log output=@/run/out daemon:rename=@/log,@/log.1 "
				       "daemon:rename=@/run,@/moved daemon:reopen "
				       "daemon:print=one daemon:error-line=two daemon:report "
				       "daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("reopened"), -ENOENT);
	ck_assert_str_eq(harness_read_file(harness_path("moved/out")), "one");
	ck_assert_str_eq(harness_read_file(harness_path("log.1")), "two\n");
	probe_kill(&probe);
}
END_TEST

/* ---- a launcher that cannot print ---- */

/* It is not killed by SIGPIPE. */
START_TEST(broken_standard_error_does_no_harm)
{
	struct probe probe = probe_run("%s " START "log=@/log first:error-to-nobody "
				       "daemon:error-line=early daemon:up daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe.end, 0);
	ck_assert_str_eq(log_text(), "early\n");
	probe_kill(&probe);
}
END_TEST

START_TEST(closed_standard_error_does_no_harm)
{
	struct probe probe = probe_run("%s " START "log=@/log first:close=2 "
				       "daemon:error-line=early daemon:up daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(log_text(), "early\n");
	probe_kill(&probe);
}
END_TEST

/* A pipe that is full, and that nobody reads. */
START_TEST(blocked_standard_error_delays_a_start_only_a_little)
{
	struct probe probe = probe_run("%s " START "log=@/log first:error-to-full "
				       "daemon:error-bytes=200000 daemon:up daemon:wait",
				       probe_ways[_i]);
	struct stat st;

	probe_check_up(&probe);
	ck_assert_int_lt(probe.milliseconds, harness_scaled(10000));
	ck_assert_int_eq(stat(harness_path("log"), &st), 0);
	ck_assert_int_eq(st.st_size, 200000);
	probe_kill(&probe);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("output");
	TCase *failed = harness_case(suite, "failed");
	TCase *up = harness_case(suite, "up");
	TCase *apart = harness_case(suite, "apart");
	TCase *launcher = harness_case(suite, "launcher");

	tcase_add_loop_test(failed, last_line_explains_a_silent_exit, 0, PROBE_WAYS);
	tcase_add_loop_test(failed, odd_lines_are_repeated_too, 0, PROBE_WAYS);
	tcase_add_loop_test(failed, daemon_s_own_error_is_preferred, 0, PROBE_WAYS);
	tcase_add_loop_test(failed, log_gets_it_too, 0, PROBE_WAYS);
	tcase_add_loop_test(failed, empty_messages_are_not_the_end, 0, PROBE_WAYS);
	tcase_add_loop_test(failed, daemon_that_confines_itself_is_relayed, 0, PROBE_WAYS);
	tcase_add_loop_test(up, ready_daemon_prints_to_the_log, 0, PROBE_WAYS);
	tcase_add_loop_test(up, ready_daemon_without_a_log_prints_nowhere, 0, PROBE_WAYS);
	tcase_add_test(up, nothing_is_left_with_all_descriptors_kept);
	tcase_add_loop_test(up, all_of_it_arrives, 0, PROBE_WAYS);
	tcase_add_loop_test(up, forked_child_prints_to_the_log, 0, PROBE_WAYS);
	/* In a stream its next line is an error with SIGPIPE. */
	if (harness_has_linux_api())
		tcase_add_loop_test(up, executed_child_survives_the_end_of_the_relaying, 0,
				    PROBE_WAYS);
	tcase_add_loop_test(up, thread_may_print_while_the_daemon_becomes_ready, 0, PROBE_WAYS);
	tcase_add_loop_test(up, program_may_replace_the_stream_itself, 0, PROBE_WAYS);
	tcase_add_loop_test(up, copies_of_the_descriptor_lead_to_the_log, 0, PROBE_WAYS);
	tcase_add_loop_test(up, log_may_be_reopened_before_ready, 0, PROBE_WAYS);
	tcase_add_loop_test(up, log_that_is_the_launcher_s_stream_is_written_once, 0, PROBE_WAYS);
	tcase_add_loop_test(apart, standard_output_has_a_file_of_its_own, 0, PROBE_WAYS + 1);
	tcase_add_loop_test(apart, output_file_needs_no_log, 0, PROBE_WAYS);
	tcase_add_loop_test(apart, output_file_that_cannot_be_opened_fails_the_start, 0,
			    PROBE_WAYS);
	tcase_add_loop_test(apart, failed_reopening_changes_nothing, 0, PROBE_WAYS);
	tcase_add_loop_test(launcher, broken_standard_error_does_no_harm, 0, PROBE_WAYS);
	tcase_add_loop_test(launcher, closed_standard_error_does_no_harm, 0, PROBE_WAYS);
	tcase_add_loop_test(launcher, blocked_standard_error_delays_a_start_only_a_little, 0,
			    PROBE_WAYS);
	return harness_main(argc, argv, suite, probe_helpers);
}
