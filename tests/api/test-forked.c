/* SPDX-License-Identifier: MIT */
/* Mode FORK: the kept memory contains numbers of closed descriptors. */
#include "harness/probe-running.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

#define REPORT " daemon:report daemon:up daemon:wait"
#define START "mode=fork pid=@/run/pid ready=60000 "
/* Close descriptors of the test, so that the program uses the lowest numbers. */
#define CLEAR "first:close=3 first:close=4 first:close=5 first:close=6 first:close=7 first:close=8 "

/* The number of the descriptor of the pid file in the daemon. */
static int pid_file_number(void)
{
	const char *line;

	probe_fact("pid");
	line = harness_read_file(harness_path("report"));
	for (const char *next; (next = strchr(line, '\n')) != NULL; line = next + 1)
		if (strncmp(line, "fd", 2) == 0 &&
		    memmem(line, (size_t)(next - line), "/run/", 5) != NULL)
			return atoi(line + 2);
	ck_abort_msg("the daemon does not have its pid file open");
}

/* The daemon holds its pid file, which contains only its pid. */
static void check_pid_file(const struct probe *probe)
{
	struct daemonkit_process *process = NULL;
	char text[32];

	snprintf(text, sizeof text, "%d\n", (int)probe->result);
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")), text);
	ck_assert_msg(daemonkit_pidfile_holder(harness_path("run/pid"), &process) == 0, "%s",
		      daemonkit_error());
	ck_assert_int_eq(daemonkit_process_pid(process), probe->result);
	daemonkit_process_free(process);
}

START_TEST(own_descriptors_get_higher_numbers)
{
	struct probe probe = probe_run(START "first:files=20 first:open=300 first:hide=310" REPORT);

	probe_check_up(&probe);
	ck_assert_int_gt(pid_file_number(), 310);
	check_pid_file(&probe);
	probe_kill(&probe);
}
END_TEST

/* Kept descriptors, and those of signals objects, keep their numbers. */
START_TEST(kept_descriptors_keep_their_numbers)
{
	struct probe probe = probe_run(START "first:open=300 keep=300 handle" REPORT);

	probe_check_up(&probe);
	ck_assert_int_gt(pid_file_number(), 300);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd300"), "/dev/null"));
	check_pid_file(&probe);
	probe_kill(&probe);
}
END_TEST

/* Nor the channel to the launcher, over which it reports readiness. */
START_TEST(reused_numbers_do_not_reach_pid_file)
{
	struct probe probe = probe_run(START CLEAR "first:fopen=@/own daemon:fclose=a_line" REPORT);

	probe_check_up(&probe);
	check_pid_file(&probe);
	probe_kill(&probe);
}
END_TEST

/* Files that the daemon opens get the number of the old connection. */
START_TEST(syslog_messages_reach_syslog)
{
	int log = running_own_log();
	struct probe probe = probe_run(START CLEAR "first:files=%d first:syslog=early "
						   "daemon:files=30 daemon:syslog=late" REPORT,
				       _i);

	probe_check_up(&probe);
	check_pid_file(&probe);
	running_check_logged(log, "early");
	running_check_logged(log, "late");
	for (int fd = 3; fd < 33; fd++) {
		char name[16];

		snprintf(name, sizeof name, "fd%d", fd);
		ck_assert_ptr_nonnull(strstr(probe_fact(name), "/dev/null"));
	}
	probe_kill(&probe);
	close(log);
}
END_TEST

/* The C library would continue to read from its open file. */
START_TEST(user_database_is_reopened)
{
	const struct passwd *first;
	struct probe probe;

	setpwent();
	first = getpwent();
	if (first == NULL)
		harness_skip("the user database cannot be listed");
	endpwent();
	probe = probe_run(START "first:getpwent daemon:getpwent daemon:endpwent" REPORT);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("passwd"), first->pw_name);
	probe_kill(&probe);
}
END_TEST

START_TEST(no_higher_descriptor_number_is_an_error)
{
	struct probe probe = probe_run(START "first:open=299 first:limit=300 daemon:wait");

	probe_check_failed(&probe, -EMFILE, "mode fork");
	probe_check_nothing_left();
	/* Descriptors beyond the limit cannot be opened again. */
	probe = probe_run(START "first:open=299 first:limit=250" REPORT);
	probe_check_up(&probe);
	ck_assert_int_gt(pid_file_number(), 200);
	check_pid_file(&probe);
	probe_kill(&probe);
}
END_TEST

/* The daemon sets a limit below the numbers of these descriptors. */
START_TEST(everything_works_below_lower_descriptor_limit)
{
	struct probe probe = probe_run(START "first:open=300 log=@/log rlimit=7:20:20 "
					     "daemon:reopen daemon:release" REPORT);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("reopened"), 0);
	ck_assert_int_eq(probe_number("released"), 0);
	probe_check_nothing_left();
	probe_kill(&probe);
}
END_TEST

/* With their flags, as daemon(3) does; only the streams are others. */
START_TEST(all_descriptors_can_be_kept)
{
	struct probe probe = probe_run(START
				       "first:open=300 first:hide=301 pipe=302 keepall=1 "
				       "log=@/log first:syslog=early daemon:syslog=late" REPORT);

	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("fd300"), "rw-- /dev/null");
	ck_assert_str_eq(probe_fact("fd301"), "rw-x /dev/null");
	ck_assert_ptr_nonnull(strstr(probe_fact("fd302"), "pipe:"));
	ck_assert_ptr_nonnull(strstr(probe_fact("fd303"), "pipe:"));
	ck_assert_ptr_nonnull(strstr(probe_fact("fd1"), "/log"));
	check_pid_file(&probe);
	probe_kill(&probe);
}
END_TEST

/* A program that finds the descriptors of a manager by itself finds them in the daemon. */
START_TEST(variables_of_manager_name_the_daemon)
{
	struct probe probe = probe_run(START "%s first:open=3 first:activate=1:own "
					     "daemon:find=own:0:0 daemon:listen-pid" REPORT,
				       _i == 0 ? "" : "keepall=1");

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("listen_pid"), probe.result);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd3"), "/dev/null"));
	probe_kill(&probe);
}
END_TEST

/* The library's own, above all its end of the channel, are not kept. */
START_TEST(launcher_exit_is_detected_with_all_descriptors_kept)
{
	struct harness_program launcher = probe_spawn(
		START "keepall=1 daemon:report daemon:abandoned daemon:print=x "
		      "daemon:release");

	probe_fact("pid");
	kill(launcher.pid, SIGKILL);
	ck_assert(harness_wait_exit((pid_t)probe_number("pid"), HARNESS_SOON));
	harness_kill(&launcher);
	probe_check_nothing_left();
}
END_TEST

START_TEST(buffered_output_is_printed_once)
{
	struct probe probe = probe_run(START "first:printf=unflushed" REPORT);

	probe_check_up(&probe);
	ck_assert_msg(strncmp(probe.output, "unflushed", 9) == 0, "%s", probe.output);
	ck_assert_ptr_null(strstr(probe.output + 1, "unflushed"));
	probe_kill(&probe);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("forked");
	TCase *numbers = harness_case(suite, "numbers");
	TCase *memory = harness_case(suite, "memory");

	tcase_add_test(numbers, own_descriptors_get_higher_numbers);
	tcase_add_test(numbers, kept_descriptors_keep_their_numbers);
	tcase_add_test(numbers, no_higher_descriptor_number_is_an_error);
	tcase_add_test(numbers, everything_works_below_lower_descriptor_limit);
	tcase_add_loop_test(memory, variables_of_manager_name_the_daemon, 0, 2);
	tcase_add_test(memory, all_descriptors_can_be_kept);
	tcase_add_test(memory, launcher_exit_is_detected_with_all_descriptors_kept);
	tcase_add_test(memory, buffered_output_is_printed_once);
	tcase_add_test(memory, reused_numbers_do_not_reach_pid_file);
	tcase_add_loop_test(memory, syslog_messages_reach_syslog, 0, 5);
	tcase_add_test(memory, user_database_is_reopened);
	return harness_main(argc, argv, suite, probe_helpers);
}
