/* SPDX-License-Identifier: MIT */
/* Messages from the daemon to the waiting launcher. */
#include "harness/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <daemonkit/context.h>
#include <daemonkit/notify.h>

/* Slow tests only run in the ways that differ most: spawned, forked twice, forked. */
static const int some_ways[] = { 0, 4, 5 };
#define SOME_WAYS 3

/* Enough time to be sure that nothing comes. */
#define A_WHILE 500
/* Enough for a daemon to start and to request more time, even on a busy machine. */
#define EXTENDED 2000

static void check_killed(const struct probe *probe)
{
	ck_assert_msg(WIFSIGNALED(probe->status) && WTERMSIG(probe->status) == SIGKILL,
		      "status %#x", (unsigned)probe->status);
	probe_check_nothing_left();
}

/* fault of start-stop-daemon: after a timeout the child is abandoned (yugabyte, too) */
START_TEST(late_daemon_is_killed_and_reaped)
{
	struct probe probe = probe_run("%s ready=300 pid=@/run/pid daemon:block=0 daemon:wait",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ETIMEDOUT, "not ready in time");
	ck_assert_int_ge(probe.milliseconds, 300);
	ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
	check_killed(&probe);
}
END_TEST

/* fault: a child is killed while it still makes progress */
START_TEST(extended_timeout_is_honoured)
{
	int timeout = harness_scaled(EXTENDED);
	struct harness_program program = probe_spawn(
		"%s ready=%d pid=@/run/pid daemon:extend=60000 daemon:await=@/go daemon:up "
		"daemon:wait",
		probe_ways[some_ways[_i]], timeout);
	struct probe probe;

	ck_assert(!harness_wait_readable(program.output, EXTENDED + 1000));
	harness_write_file(harness_path("go"), "");
	probe = probe_result(&program);
	probe_check_up(&probe);
	ck_assert_int_gt(probe.milliseconds, timeout);
	probe_end(&program);
	probe_kill(&probe);
}
END_TEST

START_TEST(expired_extension_is_a_timeout)
{
	int timeout = harness_scaled(EXTENDED), longer = harness_scaled(EXTENDED + 1000);
	struct probe probe = probe_run("%s ready=%d pid=@/run/pid daemon:extend=%d daemon:wait",
				       probe_ways[some_ways[_i]], timeout, longer);

	probe_check_failed(&probe, -ETIMEDOUT, "not ready in time");
	ck_assert_int_ge(probe.milliseconds, longer);
	ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
	check_killed(&probe);
}
END_TEST

START_TEST(shorter_extension_changes_nothing)
{
	struct harness_program program = probe_spawn(
		"%s ready=60000 daemon:extend=1 daemon:await=@/go daemon:up daemon:wait",
		probe_ways[some_ways[_i]]);
	struct probe probe;

	ck_assert(!harness_wait_readable(program.output, A_WHILE));
	harness_write_file(harness_path("go"), "");
	probe = probe_result(&program);
	probe_check_up(&probe);
	probe_end(&program);
	probe_kill(&probe);
}
END_TEST

START_TEST(negative_timeout_waits_for_ever)
{
	struct harness_program program = probe_spawn("%s ready=-1 daemon:await=@/go daemon:up "
						     "daemon:wait",
						     probe_ways[some_ways[_i]]);
	struct probe probe;

	ck_assert(!harness_wait_readable(program.output, A_WHILE));
	harness_write_file(harness_path("go"), "");
	probe = probe_result(&program);
	probe_check_up(&probe);
	probe_end(&program);
	probe_kill(&probe);
}
END_TEST

/* The default waits until the daemon is set up, not until it is ready. */
START_TEST(without_timeout_launcher_waits_for_set_up)
{
	struct probe probe = probe_run("%s daemon:wait", probe_ways[_i]);

	probe_check_up(&probe);
	probe_kill(&probe);
	/* With a timeout that is not enough. */
	probe = probe_run("%s ready=200 daemon:wait", probe_ways[_i]);
	probe_check_failed(&probe, -ETIMEDOUT, "");
}
END_TEST

START_TEST(status_texts_come_in_order_and_at_once)
{
	struct harness_program program = probe_spawn(
		"%s progress ready=60000 daemon:status=one daemon:status=two daemon:await=@/go "
		"daemon:status=three daemon:up daemon:wait",
		probe_ways[_i]);
	struct probe probe;

	ck_assert_str_eq(harness_line(&program), "status one");
	ck_assert_str_eq(harness_line(&program), "status two");
	harness_write_file(harness_path("go"), "");
	ck_assert_str_eq(harness_line(&program), "status three");
	probe = probe_result(&program);
	probe_check_up(&probe);
	probe_end(&program);
	probe_kill(&probe);
}
END_TEST

/* The handler gets each text as one line, like a manager. */
START_TEST(status_texts_are_one_line)
{
	struct probe probe = probe_run("%s progress ready=60000 daemon:status=one\ntwo\r\n "
				       "daemon:up daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_ptr_eq(strstr(probe.output, "status one two  \n"), probe.output);
	probe_kill(&probe);
}
END_TEST

START_TEST(status_texts_of_dying_daemon_are_received)
{
	struct probe probe = probe_run("%s progress ready=60000 pid=@/run/pid daemon:status=one "
				       "daemon:status=last daemon:raise=9",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ECHILD, "signal 9");
	ck_assert_ptr_eq(strstr(probe.output, "status one\nstatus last\n"), probe.output);
	check_killed(&probe);
}
END_TEST

/* A launcher that does not read: texts are dropped, and the daemon continues. */
START_TEST(excess_status_texts_do_not_block_daemon)
{
	struct harness_program program = probe_spawn(
		"%s progress ready=60000 daemon:touch=@/here daemon:await=@/stopped "
		"daemon:flood daemon:touch=@/flooded daemon:up daemon:wait",
		probe_ways[_i]);
	struct probe probe;
	int status, count;

	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(program.pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(program.pid, &status, WUNTRACED), program.pid);
	harness_write_file(harness_path("stopped"), "");
	ck_assert(harness_wait_text(harness_path("flooded"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(program.pid, SIGCONT), 0);
	ck_assert_int_eq(sscanf(strstr(harness_read_file(harness_path("report")), "flooded "),
				"flooded %d %d", &count, &status),
			 2);
	ck_assert_int_eq(status, -EAGAIN);
	ck_assert_int_gt(count, 3);
	/* All accepted texts arrive. */
	for (int i = 0; i < count; i++) {
		char line[32];

		snprintf(line, sizeof line, "status %d", i);
		ck_assert_str_eq(harness_line(&program), line);
	}
	probe = probe_result(&program);
	probe_check_up(&probe);
	probe_end(&program);
	probe_kill(&probe);
}
END_TEST

START_TEST(long_texts_are_truncated)
{
	struct probe probe = probe_run("%s progress ready=60000 pid=@/run/pid daemon:long-texts "
				       "daemon:release daemon:exit=1",
				       probe_ways[_i]);
	size_t length;

	ck_assert_int_eq(probe.result, -EIO);
	length = strspn(probe.text, "y");
	ck_assert_uint_ge(length, 500);
	ck_assert(probe.text[length] == '\0');
	ck_assert_ptr_eq(strstr(probe.output, "status x"), probe.output);
	ck_assert_uint_eq(strspn(probe.output + 7, "x"), 4000);
	probe_check_nothing_left();
}
END_TEST

START_TEST(failure_is_reported_with_text)
{
	struct probe probe = probe_run("%s ready=60000 pid=@/run/pid "
				       "daemon:failed=-28:the_disk_is_full%%s daemon:release "
				       "daemon:exit=6",
				       probe_ways[_i]);

	ck_assert_int_eq(probe.result, -ENOSPC);
	ck_assert_str_eq(probe.text, "the_disk_is_full%s");
	ck_assert(WIFEXITED(probe.status) && WEXITSTATUS(probe.status) == 6);
	ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
	probe_check_nothing_left();
}
END_TEST

START_TEST(failed_daemon_that_does_not_exit_is_killed)
{
	struct probe probe = probe_run("%s ready=60000 pid=@/run/pid daemon:failed=-5:no "
				       "daemon:wait",
				       probe_ways[_i]);

	ck_assert_int_eq(probe.result, -EIO);
	ck_assert_str_eq(probe.text, "no");
	ck_assert_int_ge(probe.milliseconds, 5000);
	ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
	check_killed(&probe);
}
END_TEST

/* fault: end of file is taken for readiness (zeroc-ice, naemon) */
START_TEST(end_of_file_is_failure)
{
	struct probe probe = probe_run("%s ready=60000 pid=@/run/pid daemon:closeall "
				       "daemon:wait",
				       probe_ways[some_ways[_i]]);

	probe_check_failed(&probe, -ECHILD, "closed its channel before it was ready");
	ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
	check_killed(&probe);
}
END_TEST

START_TEST(second_copy_that_closes_its_channel_fails)
{
	struct probe probe = probe_run("%s pid=@/run/pid second:closeall second:wait",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ECHILD, "closed its channel before it was set up");
	check_killed(&probe);
}
END_TEST

START_TEST(nothing_is_sent_after_ready)
{
	struct probe probe = probe_run("%s ready=60000 daemon:up daemon:up daemon:failed=-5:late "
				       "daemon:status=late daemon:extend=5 daemon:report "
				       "daemon:wait",
				       probe_ways[_i]);
	const char *line;

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("notified"), 0);
	line = strstr(harness_read_file(harness_path("report")), "notified 0\n");
	ck_assert_ptr_nonnull(strstr(line + 1, "notified 0\n"));
	probe_kill(&probe);
}
END_TEST

START_TEST(arguments_are_checked)
{
	struct probe probe = probe_run("%s ready=60000 daemon:misuse daemon:up daemon:report "
				       "daemon:wait launcher:misuse",
				       probe_ways[_i]);
	char line[64];

	probe_check_up(&probe);
	snprintf(line, sizeof line, "%d %d %d %d", -EINVAL, -EINVAL, -EINVAL, -EINVAL);
	ck_assert_str_eq(probe_fact("misused"), line);
	/* In the launcher, too. */
	snprintf(line, sizeof line, "misused %d %d %d %d\n", -EINVAL, -EINVAL, -EINVAL, -EINVAL);
	ck_assert_ptr_nonnull(strstr(harness_read_file(harness_path("report")), line));
	probe_kill(&probe);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("notify");
	TCase *time = harness_case(suite, "time");
	TCase *messages = harness_case(suite, "messages");

	tcase_add_loop_test(time, late_daemon_is_killed_and_reaped, 0, PROBE_WAYS);
	tcase_add_loop_test(time, extended_timeout_is_honoured, 0, SOME_WAYS);
	tcase_add_loop_test(time, expired_extension_is_a_timeout, 0, SOME_WAYS);
	tcase_add_loop_test(time, shorter_extension_changes_nothing, 0, SOME_WAYS);
	tcase_add_loop_test(time, negative_timeout_waits_for_ever, 0, SOME_WAYS);
	tcase_add_loop_test(time, without_timeout_launcher_waits_for_set_up, 0, PROBE_WAYS);
	tcase_add_loop_test(messages, status_texts_come_in_order_and_at_once, 0, PROBE_WAYS);
	tcase_add_loop_test(messages, status_texts_are_one_line, 0, PROBE_WAYS);
	tcase_add_loop_test(messages, status_texts_of_dying_daemon_are_received, 0, PROBE_WAYS);
	tcase_add_loop_test(messages, excess_status_texts_do_not_block_daemon, 0, PROBE_WAYS);
	tcase_add_loop_test(messages, long_texts_are_truncated, 0, PROBE_WAYS);
	tcase_add_loop_test(messages, failure_is_reported_with_text, 0, PROBE_WAYS);
	/* This test is slow; the launcher is the same in all ways of mode REBORN. */
	tcase_add_loop_test(messages, failed_daemon_that_does_not_exit_is_killed, 4, 6);
	tcase_add_loop_test(messages, end_of_file_is_failure, 0, SOME_WAYS);
	tcase_add_loop_test(messages, second_copy_that_closes_its_channel_fails, 0,
			    PROBE_REBORN_WAYS);
	tcase_add_loop_test(messages, nothing_is_sent_after_ready, 0, PROBE_WAYS);
	tcase_add_loop_test(messages, arguments_are_checked, 0, PROBE_WAYS);
	return harness_main(argc, argv, suite, probe_helpers);
}
