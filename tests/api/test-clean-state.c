/* SPDX-License-Identifier: MIT */
/*
 * The state in which a daemon starts: session, descriptors, streams, signals, directory, umask.
 */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* Report when the start is complete, and wait. */
#define REPORT " ready=60000 daemon:up daemon:report daemon:wait"

static int open_terminal(const char **name)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		harness_skip("no pseudo-terminals here");
	*name = ptsname(master);
	return master;
}

/* In go-daemon: the daemon leads its session and can acquire a terminal by opening one */
START_TEST(daemon_cannot_acquire_terminal)
{
	const char *name;
	int master = open_terminal(&name);
	struct probe probe = probe_run("%s ready=60000 daemon:up daemon:terminal=%s daemon:report "
				       "daemon:wait",
				       probe_ways[_i], name);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("terminal"), 0);
	ck_assert_int_eq(probe_number("tty_nr"), 0);
	ck_assert_int_ne(probe_number("sid"), probe.result);
	ck_assert_int_ne(probe_number("pgid"), probe.result);
	ck_assert_int_ne(probe_number("sid"), getsid(0));
	ck_assert_ptr_nonnull(strstr(probe_fact("fd3"), name));
	probe_kill(&probe);
	close(master);
}
END_TEST

START_TEST(daemon_survives_hangup_of_launcher_terminal)
{
	const char *name;
	int master = open_terminal(&name);
	struct harness_program program;
	struct probe probe;
	pid_t launcher;
	int status;

	probe_need(probe_ways[_i]);
	launcher = fork();
	if (launcher == 0) {
		/* The launcher is the session leader of the terminal. */
		setsid();
		if (open(name, O_RDWR | O_CLOEXEC) < 0)
			_exit(1);
		program = probe_spawn("%s" REPORT, probe_ways[_i]);
		close(program.input);
		program.input = -1;
		probe = probe_result(&program);
		waitpid(program.pid, NULL, 0);
		_exit(probe.result > 0 ? 0 : 2);
	}
	ck_assert(harness_wait_child(launcher, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	close(master);
	ck_assert_int_eq(probe_number("tty_nr"), 0);
	probe.result = (pid_t)probe_number("pid");
	ck_assert_int_eq(kill(probe.result, 0), 0);
	probe_kill(&probe);
}
END_TEST

/* In go-daemon: descriptor 3 and all open descriptors of the shell leak into the daemon */
START_TEST(descriptors_do_not_leak)
{
	struct probe probe = probe_run("%s first:open=3 first:open=4 first:directory=9 "
				       "first:hide=7 first:open=1000 first:pipe=1010 "
				       "first:files=100" REPORT,
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("descriptors"), 3);
	ck_assert(!probe.streams_held);
	probe_kill(&probe);
}
END_TEST

/*
 * The kernel copies the table of descriptors up to the highest one that is kept: what the
 * library keeps for a daemon has no number of the launcher.
 */
START_TEST(launcher_with_many_descriptors_passes_a_small_table)
{
	struct probe probe;
	const char *size;
	char path[64];

	harness_need_clones();
#ifdef SYS_close_range
	if (syscall(SYS_close_range, ~0U, ~0U, 0) < 0)
#endif
		harness_skip("no close_range(2) here");
	probe = probe_run("mode=reborn first:files=1000 log=@/log" REPORT);
	probe_check_up(&probe);
	snprintf(path, sizeof path, "/proc/%d/status", (int)probe.result);
	size = strstr(harness_read_file(path), "\nFDSize:");
	ck_assert_ptr_nonnull(size);
	ck_assert_int_le(strtol(size + strlen("\nFDSize:"), NULL, 10), 256);
	probe_kill(&probe);
}
END_TEST

/* In go-daemon: with no log, 1 and 2 are /dev/null opened read-only */
START_TEST(streams_without_log_are_dev_null)
{
	struct probe probe = probe_run("%s daemon:streams" REPORT, probe_ways[_i]);

	probe_check_up(&probe);
	for (int fd = 0; fd < 3; fd++) {
		char name[16];

		snprintf(name, sizeof name, "fd%d", fd);
		ck_assert_str_eq(probe_fact(name), "rw-- /dev/null");
	}
	ck_assert_int_eq(probe_number("read0"), 0);
	ck_assert_int_eq(probe_number("write1"), 1);
	ck_assert_int_eq(probe_number("write2"), 1);
	probe_kill(&probe);
}
END_TEST

START_TEST(launcher_without_standard_streams)
{
	static const char *const closed[] = {
		"first:close=0 first:close=1 first:close=2",
		"first:close=0",
		"first:close=1",
		"first:close=1 first:close=2",
		"first:close=0 first:close=2",
	};

	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
		struct probe probe;

		unlink(harness_path("report"));
		unlink(harness_path("run/pid"));
		probe = probe_run("%s %s pid=@/run/pid daemon:streams" REPORT, probe_ways[_i],
				  closed[i]);
		probe_check_up(&probe);
		ck_assert_str_eq(probe_fact("fd0"), "rw-- /dev/null");
		ck_assert_str_eq(probe_fact("fd1"), "rw-- /dev/null");
		ck_assert_str_eq(probe_fact("fd2"), "rw-- /dev/null");
		ck_assert_int_eq(probe_number("descriptors"), 4);
		probe_kill(&probe);
	}
}
END_TEST

/* The second copy may open files before it is the daemon: they get no standard number. */
START_TEST(second_copy_starts_with_standard_streams)
{
	struct probe probe = probe_run("%s first:close=0 first:close=1 first:close=2 "
				       "second:streams" REPORT,
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("read0"), 0);
	ck_assert_int_eq(probe_number("write1"), 1);
	ck_assert_int_eq(probe_number("write2"), 1);
	probe_kill(&probe);
}
END_TEST

START_TEST(log_to_stream_closed_by_launcher)
{
	static const char *const closed[] = { "first:close=1", "first:close=0 first:close=1" };

	for (size_t i = 0; i < 2; i++) {
		struct probe probe;

		unlink(harness_path("report"));
		probe = probe_run("%s %s log=/dev/stdout daemon:streams" REPORT, probe_ways[_i],
				  closed[i]);
		/* Either the stream can be written, or the error names it. */
		if (probe.result < 0) {
			probe_check_failed(&probe, -EBADF, "log");
			continue;
		}
		ck_assert_int_eq(probe_number("write1"), 1);
		probe_kill(&probe);
	}
}
END_TEST

START_TEST(kept_descriptors_are_not_inherited_by_programs)
{
	struct probe probe = probe_run("%s first:socket=50 keep=51 keep=50 first:open=60 "
				       "first:hide=3 keep=3 first:open=1000 keep=1000 "
				       "pid=@/run/pid first:open=4 daemon:run=@/child" REPORT,
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd50"), "rw-x socket:"));
	ck_assert_str_eq(probe_fact("fd3"), "rw-x /dev/null");
	ck_assert_str_eq(probe_fact("fd1000"), "rw-x /dev/null");
	ck_assert(probe_has_fact("fd51"));
	ck_assert(!probe_has_fact("fd60"));
	ck_assert_int_eq(probe_number("descriptors"), 3 + 4 + 1);
	probe_kill(&probe);
	/* One more: the launcher of this program has duplicated its output. */
	probe_read(harness_path("child"));
	ck_assert_int_eq(probe_number("descriptors"), 4);
	ck_assert(probe_has_fact("fd200"));
}
END_TEST

/* go-daemon: LogFileName, LogFilePerm */
START_TEST(log_file_is_written)
{
	struct probe probe;
	struct stat status;

	probe = probe_run("%s first:mask=027 umask=0 logmode=0666 log=@/log daemon:print=one "
			  "daemon:print-error=two" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd1"), "-wa- "));
	ck_assert_ptr_nonnull(strstr(probe_fact("fd2"), "-wa- "));
	ck_assert_str_eq(probe_fact("fd0"), "rw-- /dev/null");
	probe_kill(&probe);
	ck_assert_str_eq(harness_read_file(harness_path("log")), "onetwo");
	ck_assert_int_eq(stat(harness_path("log"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0640);
	probe = probe_run("%s log=@/log daemon:print=three" REPORT, probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe_fact("fd1"), "-wa- "));
	probe_kill(&probe);
	ck_assert_str_eq(harness_read_file(harness_path("log")), "onetwothree");
}
END_TEST

/* go-daemon: FILE_PERM */
START_TEST(default_modes_of_files)
{
	struct probe probe = probe_run("%s first:mask=0 log=@/log output=@/output pid=@/run/pid"
				       " daemon:print=x" REPORT,
				       probe_ways[_i]);
	struct stat status;

	probe_check_up(&probe);
	ck_assert_int_eq(stat(harness_path("output"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0640);
	ck_assert_int_eq(stat(harness_path("log"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0640);
	ck_assert_int_eq(stat(harness_path("run/pid"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0640);
	probe_kill(&probe);
}
END_TEST

/* go-daemon: LogFileName "/dev/stdout"; go-daemon closes the stdout of the launcher */
START_TEST(log_to_the_launchers_stdout)
{
	struct probe probe = probe_run("%s ready=60000 log=/dev/stdout daemon:print=one "
				       "daemon:print-error=two daemon:up daemon:report daemon:wait "
				       "launcher:print=three",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe.output, "one"));
	ck_assert_ptr_nonnull(strstr(probe.output, "two"));
	ck_assert_ptr_nonnull(strstr(probe.output, "three"));
	ck_assert(probe.streams_held);
	ck_assert_str_eq(probe.error, "");
	probe_kill(&probe);
	probe = probe_run("%s ready=60000 log=/dev/stderr daemon:print=one daemon:up "
			  "daemon:wait launcher:print-error=two",
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe.error, "onetwo");
	probe_kill(&probe);
}
END_TEST

/* go-daemon: SetLogFile(fd) */
START_TEST(log_to_a_descriptor)
{
	static const char *const kinds[] = { "pipe", "socket" };

	for (size_t i = 0; i < 2; i++) {
		struct probe probe;

		unlink(harness_path("report"));
		probe = probe_run("%s first:%s=300 first:logfd=301 daemon:streams" REPORT,
				  probe_ways[_i], kinds[i]);
		probe_check_up(&probe);
		ck_assert_ptr_nonnull(strstr(probe_fact("fd1"), kinds[i]));
		ck_assert_str_eq(probe_fact("fd1"), probe_fact("fd2"));
		ck_assert_str_eq(probe_fact("fd0"), "rw-- /dev/null");
		ck_assert_int_eq(probe_number("descriptors"), 3);
		probe_kill(&probe);
	}
}
END_TEST

/* In go-daemon: signal mask and dispositions are inherited */
START_TEST(signal_mask_and_dispositions_are_reset)
{
	struct probe probe = probe_run("%s first:block=0 first:ignore=1 first:ignore=2 "
				       "first:ignore=13 first:handler=10 first:ignore=34 "
				       "daemon:run=@/child" REPORT,
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("blocked"), 0);
	ck_assert_int_eq(probe_number("ignored"), 0);
	ck_assert_int_eq(probe_number("caught"), 0);
	probe_kill(&probe);
	probe_read(harness_path("child"));
	ck_assert_int_eq(probe_number("blocked"), 0);
	ck_assert_int_eq(probe_number("ignored"), 0);
}
END_TEST

/* go-daemon: WorkDir */
START_TEST(working_directory_is_set)
{
	struct probe probe = probe_run("%s" REPORT, probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), "/");
	probe_kill(&probe);
	unlink(harness_path("report"));
	probe = probe_run("%s workdir=@/run" REPORT, probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), harness_path("run"));
	probe_kill(&probe);
	unlink(harness_path("report"));
	probe = probe_run("%s first:chdir=@/run workdir=./" REPORT, probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), harness_path("run"));
	probe_kill(&probe);
}
END_TEST

/* go-daemon: Umask */
START_TEST(umask_is_set)
{
	static const char *const words[] = { "first:mask=077 umask=0", "first:mask=027",
					     "umask=0137" };
	static const char *const masks[] = { "0000", "0027", "0137" };

	for (size_t i = 0; i < 3; i++) {
		struct probe probe;

		unlink(harness_path("report"));
		probe = probe_run("%s %s" REPORT, probe_ways[_i], words[i]);
		probe_check_up(&probe);
		ck_assert_str_eq(probe_fact("umask"), masks[i]);
		probe_kill(&probe);
	}
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("clean-state");
	TCase *state = harness_case(suite, "state");

	tcase_add_loop_test(state, daemon_cannot_acquire_terminal, 0, PROBE_WAYS);
	tcase_add_loop_test(state, daemon_survives_hangup_of_launcher_terminal, 0, PROBE_WAYS);
	tcase_add_loop_test(state, descriptors_do_not_leak, 0, PROBE_WAYS);
	if (harness_has_linux_api())
		tcase_add_test(state, launcher_with_many_descriptors_passes_a_small_table);
	tcase_add_loop_test(state, streams_without_log_are_dev_null, 0, PROBE_WAYS);
	tcase_add_loop_test(state, launcher_without_standard_streams, 0, PROBE_WAYS);
	tcase_add_loop_test(state, second_copy_starts_with_standard_streams, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(state, log_to_stream_closed_by_launcher, 0, PROBE_WAYS);
	tcase_add_loop_test(state, kept_descriptors_are_not_inherited_by_programs, 0, PROBE_WAYS);
	tcase_add_loop_test(state, log_file_is_written, 0, PROBE_WAYS);
	tcase_add_loop_test(state, default_modes_of_files, 0, PROBE_WAYS);
	tcase_add_loop_test(state, log_to_the_launchers_stdout, 0, PROBE_WAYS);
	tcase_add_loop_test(state, log_to_a_descriptor, 0, PROBE_WAYS);
	tcase_add_loop_test(state, signal_mask_and_dispositions_are_reset, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(state, working_directory_is_set, 0, PROBE_WAYS);
	tcase_add_loop_test(state, umask_is_set, 0, PROBE_WAYS);
	return harness_main(argc, argv, suite, probe_helpers);
}
