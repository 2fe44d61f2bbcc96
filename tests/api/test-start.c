/* SPDX-License-Identifier: MIT */
/*
 * The result of a start: the daemon is up, or the error is reported at once, with nothing left
 * behind.
 */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Much less than every timeout of these tests, and much more than a start takes. */
#define AT_ONCE 20000
/* A timeout that never expires. */
#define LONG "ready=60000"

static void check_at_once(const struct probe *probe)
{
	ck_assert_int_lt(probe->milliseconds, harness_scaled(AT_ONCE));
	ck_assert(!probe->streams_held);
	probe_check_nothing_left();
}

/* The launcher exits with daemonkit_context_exit_code(). */
static void check_exit_code(const struct probe *probe, int code)
{
	ck_assert_msg(WIFEXITED(probe->end) && WEXITSTATUS(probe->end) == code, "launcher: %#x",
		      (unsigned)probe->end);
}

static void check_exit(const struct probe *probe, int code)
{
	ck_assert_msg(WIFEXITED(probe->status) && WEXITSTATUS(probe->status) == code, "status %#x",
		      (unsigned)probe->status);
	check_exit_code(probe, code != 0 ? code : 1);
}

/* go-daemon: Reborn */
START_TEST(reborn_starts_a_daemon)
{
	struct probe probe = probe_run("%s " LONG " pid=@/run/pid daemon:report daemon:up "
				       "daemon:wait",
				       probe_ways[_i]);
	char line[32];

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("pid"), probe.result);
	ck_assert_int_eq(probe_number("reborn"), _i < PROBE_REBORN_WAYS);
	snprintf(line, sizeof line, "%d\n", (int)probe.result);
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")), line);
	ck_assert(!probe.streams_held);
	ck_assert_int_eq(probe.status, -1);
	ck_assert_str_eq(probe.text, "");
	check_exit_code(&probe, 0);
	probe_kill(&probe);
}
END_TEST

/* "PID file not readable (yet?)": it is complete before the launcher returns. */
START_TEST(pid_file_is_complete_when_the_launcher_returns)
{
	struct probe probe = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]);
	char line[32];

	probe_check_up(&probe);
	snprintf(line, sizeof line, "%d\n", (int)probe.result);
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")), line);
	probe_kill(&probe);
}
END_TEST

START_TEST(daemon_exits_before_it_is_ready)
{
	static const int codes[] = { 0, 1, 3, 127, 255 };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		struct probe probe = probe_run("%s " LONG " pid=@/run/pid daemon:release "
					       "daemon:exit=%d",
					       probe_ways[_i], codes[i]);

		probe_check_failed(&probe, -ECHILD, "the daemon exited with status");
		check_exit(&probe, codes[i]);
		check_at_once(&probe);
	}
}
END_TEST

/* fault of libdaemon: the child is killed at once, and the launcher waits until its timeout. */
/* fault of start-stop-daemon: a dead child costs the whole timeout. */
START_TEST(daemon_is_killed_before_it_is_ready)
{
	const int signals[] = { SIGKILL, SIGSEGV, SIGABRT, SIGTERM, SIGPIPE, SIGRTMIN };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct probe probe = probe_run("%s " LONG " pid=@/run/pid daemon:raise=%d",
					       probe_ways[_i], signals[i]);

		probe_check_failed(&probe, -ECHILD, strsignal(signals[i]));
		ck_assert(WIFSIGNALED(probe.status));
		ck_assert_int_eq(WTERMSIG(probe.status), signals[i]);
		check_exit_code(&probe, 128 + signals[i]);
		check_at_once(&probe);
	}
}
END_TEST

/* The daemon waits for @/stopped, and exits before its launcher reads its messages. */
static pid_t end_unread(const struct harness_program *program)
{
	pid_t daemon;
	int status;

	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	daemon = (pid_t)atoi(harness_read_file(harness_path("here")));
	ck_assert_int_eq(kill(program->pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(program->pid, &status, WUNTRACED), program->pid);
	harness_write_file(harness_path("stopped"), "");
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	ck_assert_int_eq(kill(program->pid, SIGCONT), 0);
	return daemon;
}

/* Readiness was reported: an exit with status 0 is no failure, however early. */
START_TEST(daemon_is_ready_and_exits_with_0)
{
	struct harness_program program = probe_spawn(
		LONG " pid=@/run/pid %s daemon:touch=@/here daemon:await=@/stopped "
		     "daemon:error-line=x daemon:up daemon:release daemon:exit=0",
		probe_ways[_i]);
	pid_t daemon = end_unread(&program);
	struct probe probe = probe_result(&program);

	probe_check_up(&probe);
	ck_assert_int_eq(probe.result, daemon);
	ck_assert_int_eq(probe.status, -1);
	probe_check_nothing_left();
	harness_end(&program);
}
END_TEST

/* Like any daemon that is a child of the launcher, it is left to the program to reap it. */
START_TEST(daemon_that_has_ended_can_be_reaped)
{
	struct harness_program program;
	struct probe probe;

	harness_need_clones();
	program = probe_spawn(LONG " daemon:touch=@/here daemon:await=@/stopped daemon:up "
				   "daemon:exit=0 launcher:reap %s",
			      probe_ways[_i == 0 ? 0 : 3]);
	end_unread(&program);
	probe = probe_result(&program);
	probe_check_up(&probe);
	ck_assert_str_eq(harness_line(&program), "reaped 0");
	harness_end(&program);
}
END_TEST

/* The result does not depend on which event the launcher sees first. */
START_TEST(exit_with_0_after_ready_never_fails)
{
	for (int i = 0; i < 20; i++) {
		struct probe probe = probe_run("%s%s daemon:exit=0", probe_ways[_i],
					       i % 2 == 0 ? "" : " " LONG " daemon:up");

		probe_check_up(&probe);
		ck_assert(harness_wait_exit(probe.result, HARNESS_SOON));
	}
}
END_TEST

/* Not for daemons with a watcher: the launcher may learn of the exit after the other messages. */
START_TEST(daemon_dies_as_soon_as_it_is_up)
{
	struct harness_program program;
	struct probe probe;

	harness_need_clones();
	program = probe_spawn(
		LONG " pid=@/run/pid %s daemon:touch=@/here daemon:await=@/stopped daemon:up "
		     "daemon:release daemon:exit=8",
		probe_ways[_i == 0 ? 0 : 3]);
	end_unread(&program);
	probe = probe_result(&program);
	probe_check_failed(&probe, -ECHILD, "exited with status 8 as soon as it was up");
	probe.end = probe_end(&program);
	check_exit(&probe, 8);
	probe_check_nothing_left();
}
END_TEST

/* A child that keeps all descriptors of the daemon open does not hide its death. */
START_TEST(daemon_dies_while_its_child_keeps_channel_open)
{
	struct probe probe = probe_run("%s " LONG " pid=@/run/pid daemon:hold=@/held "
				       "daemon:raise=9",
				       probe_ways[_i]);
	pid_t held = (pid_t)atoi(harness_read_file(harness_path("held")));

	probe_check_failed(&probe, -ECHILD, "signal 9");
	ck_assert_int_lt(probe.milliseconds, harness_scaled(AT_ONCE));
	probe_check_nothing_left();
	ck_assert_int_eq(kill(held, SIGKILL), 0);
	ck_assert(harness_wait_exit(held, HARNESS_SOON));
}
END_TEST

START_TEST(second_copy_ends_before_reborn)
{
	struct probe probe = probe_run("%s pid=@/run/pid second:exit=7", probe_ways[_i]);

	probe_check_failed(&probe, -ECHILD, "status 7 before it was set up");
	check_exit(&probe, 7);
	check_at_once(&probe);
	probe = probe_run("%s " LONG " second:raise=%d", probe_ways[_i], SIGSEGV);
	probe_check_failed(&probe, -ECHILD, "Segmentation");
	ck_assert(WIFSIGNALED(probe.status));
	ck_assert_int_eq(WTERMSIG(probe.status), SIGSEGV);
	check_at_once(&probe);
}
END_TEST

START_TEST(second_copy_dies_before_main)
{
	struct probe probe = probe_run("%s pid=@/run/pid env=PROBE_CONSTRUCTOR=exit",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ECHILD, "status 23");
	check_exit(&probe, 23);
	check_at_once(&probe);
	probe = probe_run("%s env=PROBE_CONSTRUCTOR=abort", probe_ways[_i]);
	probe_check_failed(&probe, -ECHILD, "Aborted");
	ck_assert_int_eq(WTERMSIG(probe.status), SIGABRT);
	probe = probe_run("%s env=PROBE_CONSTRUCTOR=crash", probe_ways[_i]);
	probe_check_failed(&probe, -ECHILD, "Segmentation");
	ck_assert_int_eq(WTERMSIG(probe.status), SIGSEGV);
	check_at_once(&probe);
}
END_TEST

START_TEST(second_copy_hangs_before_main)
{
	struct probe probe = probe_run("%s ready=300 pid=@/run/pid env=PROBE_CONSTRUCTOR=hang",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ETIMEDOUT, "not ready in time");
	ck_assert_int_ge(probe.milliseconds, 300);
	check_at_once(&probe);
}
END_TEST

START_TEST(dynamic_linker_fails)
{
	struct probe probe;

	harness_need_libraries();
	ck_assert_int_eq(mkdir(harness_path("broken"), 0755), 0);
	harness_write_file(harness_path("broken/libc.so.6"), "no library");
	probe = probe_run("%s " LONG " pid=@/run/pid env=LD_LIBRARY_PATH=@/broken", probe_ways[_i]);
	probe_check_failed(&probe, -ECHILD, "exited with status 127");
	check_exit(&probe, 127);
	check_at_once(&probe);
}
END_TEST

/* Either the memory suffices, or the failure is reported correctly. */
START_TEST(memory_runs_out)
{
	unsigned failed = 0, up = 0;

	harness_need_kernel("RLIMIT_AS");
	for (unsigned size = 64; size <= 16384; size += size / 2) {
		struct probe probe = probe_run("%s " LONG " pid=@/run/pid first:memory=%u "
					       "daemon:up daemon:wait",
					       probe_ways[_i], size * 1024);

		if (probe.result > 0) {
			up++;
			probe_kill(&probe);
			unlink(harness_path("run/pid"));
			continue;
		}
		failed++;
		ck_assert_int_lt(probe.result, 0);
		ck_assert_str_ne(probe.text, "");
		check_at_once(&probe);
	}
	/* A fork needs no additional memory. */
	ck_assert(failed > 0 || _i >= PROBE_REBORN_WAYS);
	ck_assert_uint_gt(up, 0);
}
END_TEST

/* With a limit that allows this many more descriptors. */
START_TEST(descriptors_run_out)
{
	unsigned failed = 0;

	for (int spare = 0; spare < 14; spare++) {
		struct probe probe = probe_run("%s " LONG " pid=@/run/pid log=@/log "
					       "first:spare=%d daemon:up daemon:wait",
					       probe_ways[_i], spare);

		if (probe.result > 0) {
			probe_kill(&probe);
			unlink(harness_path("run/pid"));
			break;
		}
		failed++;
		probe_check_failed(&probe, -EMFILE, strerror(EMFILE));
		check_at_once(&probe);
	}
	ck_assert_uint_gt(failed, 0);
	ck_assert_uint_lt(failed, 14);
}
END_TEST

/* During the set-up: the launcher gets the error and the text of the daemon. */

/* In go-daemon: a chroot that fails in the daemon is reported as success */
START_TEST(chroot_fails)
{
	struct probe probe = probe_run("%s failure=5 pid=@/run/pid chroot=@/missing",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "chroot ");
	ck_assert_ptr_nonnull(strstr(probe.text, "/missing: No such file or directory"));
	check_exit(&probe, 5);
	check_at_once(&probe);
}
END_TEST

START_TEST(log_directory_is_missing)
{
	struct probe probe = probe_run("%s failure=5 pid=@/run/pid log=@/missing/log",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "log file ");
	ck_assert_ptr_nonnull(strstr(probe.text, "/missing/log"));
	/* The launcher opens it: there was no daemon. */
	ck_assert_int_eq(probe.status, -1);
	check_at_once(&probe);
}
END_TEST

START_TEST(pid_directory_is_missing)
{
	struct probe probe = probe_run("%s failure=5 pid=@/missing/pid", probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "pid file ");
	ck_assert_ptr_nonnull(strstr(probe.text, "/missing/pid"));
	check_exit(&probe, 5);
	check_at_once(&probe);
}
END_TEST

START_TEST(work_directory_is_missing)
{
	struct probe probe = probe_run("%s failure=5 pid=@/run/pid workdir=@/missing",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "working directory ");
	check_exit(&probe, 5);
	check_at_once(&probe);
}
END_TEST

/* The removal of the pid file fails, too: the first error is reported. */
START_TEST(clean_up_does_not_hide_the_error)
{
	struct probe probe = probe_run("%s first:deny=unlinkat,ftruncate pid=@/run/pid "
				       "workdir=@/missing",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "working directory ");
	ck_assert_int_eq(unlink(harness_path("run/pid")), 0);
}
END_TEST

START_TEST(descriptor_to_keep_is_closed)
{
	struct probe probe = probe_run("%s open=3 keep=3 first:close=3 failure=5", probe_ways[_i]);

	probe_check_failed(&probe, -EBADF, "descriptor");
	check_at_once(&probe);
}
END_TEST

/* Only the launcher prints the error of a failed daemon. */
START_TEST(failed_daemon_does_not_print_to_the_launchers_streams)
{
	struct probe probe = probe_run("%s workdir=@/missing", probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "working directory ");
	ck_assert_str_eq(probe.error, "");
	probe = probe_run("%s log=@/log workdir=@/missing", probe_ways[_i]);
	probe_check_failed(&probe, -ENOENT, "working directory ");
	ck_assert_str_eq(probe.error, "");
	/* Nor to the log, which may belong to a running daemon. */
	ck_assert_str_eq(harness_read_file(harness_path("log")), "");
}
END_TEST

/* Nor when the log is not open yet. */
START_TEST(unopenable_log_is_reported_once)
{
	static const struct {
		const char *words;
		int error;
	} causes[] = {
		{ "log=@/missing/log", -ENOENT },
		{ "log=@/directory", -EISDIR },
		{ "log=@/link", -ELOOP },
		{ "log=@/file/log", -ENOTDIR },
	};
	int way = _i % PROBE_WAYS, cause = _i / PROBE_WAYS;
	struct probe probe;

	mkdir(harness_path("directory"), 0755);
	harness_write_file(harness_path("file"), "");
	ck_assert_int_eq(symlink(harness_path("link"), harness_path("link")), 0);
	probe = probe_run("%s %s", probe_ways[way], causes[cause].words);
	probe_check_failed(&probe, causes[cause].error, "log file ");
	ck_assert_str_eq(probe.error, "");
}
END_TEST

/* Nor without /dev/null, or a descriptor for it. */
START_TEST(failed_daemon_is_silent_without_dev_null)
{
	struct probe probe;

	harness_need_root();
	harness_need_mounts();
	ck_assert_int_eq(mount("none", "/dev", "tmpfs", 0, NULL), 0);
	probe = probe_run("%s log=@/log", probe_ways[_i]);
	probe_check_failed(&probe, -ENOENT, "/dev/null");
	ck_assert_str_eq(probe.error, "");
}
END_TEST

START_TEST(start_succeeds_after_many_failures)
{
	struct probe probe;

	for (int i = 0; i < 5; i++) {
		probe = probe_run("%s " LONG " pid=@/run/pid daemon:raise=11", probe_ways[_i]);
		probe_check_failed(&probe, -ECHILD, "signal 11");
	}
	probe = probe_run("%s " LONG " pid=@/run/pid times=5 daemon:raise=9", probe_ways[_i]);
	probe_check_failed(&probe, -ECHILD, "signal 9");
	probe = probe_run("%s " LONG " pid=@/run/pid daemon:up daemon:wait", probe_ways[_i]);
	probe_check_up(&probe);
	probe_kill(&probe);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("start");
	TCase *up = harness_case(suite, "up");
	TCase *death = harness_case(suite, "death");
	TCase *exits = harness_case(suite, "exits");
	TCase *refused = harness_case(suite, "refused");
	TCase *output = harness_case(suite, "output");

	tcase_add_loop_test(up, reborn_starts_a_daemon, 0, PROBE_WAYS);
	tcase_add_loop_test(up, pid_file_is_complete_when_the_launcher_returns, 0, PROBE_WAYS);
	tcase_add_loop_test(death, daemon_exits_before_it_is_ready, 0, PROBE_WAYS);
	tcase_add_loop_test(exits, daemon_is_ready_and_exits_with_0, 0, PROBE_WAYS);
	if (harness_has_linux_api())
		tcase_add_loop_test(exits, daemon_that_has_ended_can_be_reaped, 0, 2);
	tcase_add_loop_test(exits, exit_with_0_after_ready_never_fails, 0, PROBE_WAYS);
	tcase_add_loop_test(death, daemon_is_killed_before_it_is_ready, 0, PROBE_WAYS);
	/* A watcher reports the exit a moment later. */
	if (harness_has_linux_api())
		tcase_add_loop_test(death, daemon_dies_as_soon_as_it_is_up, 0, 2);
	tcase_add_loop_test(death, daemon_dies_while_its_child_keeps_channel_open, 0, PROBE_WAYS);
	tcase_add_loop_test(death, second_copy_ends_before_reborn, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(death, second_copy_dies_before_main, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(death, second_copy_hangs_before_main, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(death, dynamic_linker_fails, 0, PROBE_REBORN_WAYS);
	/* Sanitizers need more memory than the limit. */
	if (!harness_is_sanitized())
		tcase_add_loop_test(death, memory_runs_out, 0, PROBE_WAYS);
	tcase_add_loop_test(death, descriptors_run_out, 0, PROBE_WAYS);
	tcase_add_loop_test(refused, chroot_fails, 0, PROBE_WAYS);
	tcase_add_loop_test(refused, log_directory_is_missing, 0, PROBE_WAYS);
	tcase_add_loop_test(refused, pid_directory_is_missing, 0, PROBE_WAYS);
	tcase_add_loop_test(refused, work_directory_is_missing, 0, PROBE_WAYS);
	if (harness_has_linux_api())
		tcase_add_loop_test(refused, clean_up_does_not_hide_the_error, 0, PROBE_WAYS);
	tcase_add_loop_test(refused, descriptor_to_keep_is_closed, 0, PROBE_WAYS);
	tcase_add_loop_test(refused, failed_daemon_does_not_print_to_the_launchers_streams, 0,
			    PROBE_WAYS);
	tcase_add_loop_test(output, unopenable_log_is_reported_once, 0, 4 * PROBE_WAYS);
	if (harness_has_linux_api())
		tcase_add_loop_test(output, failed_daemon_is_silent_without_dev_null, 0,
				    PROBE_WAYS);
	tcase_add_loop_test(refused, start_succeeds_after_many_failures, 0, PROBE_WAYS);
	return harness_main(argc, argv, suite, probe_helpers);
}
