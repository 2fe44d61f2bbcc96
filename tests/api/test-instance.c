/* SPDX-License-Identifier: MIT */
/* A single instance: the pid file of a context, how it is found and released. */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>

#define STARTS 20
#define ROUNDS 100

static pid_t pid_in_file(void)
{
	return (pid_t)atoi(harness_read_file(harness_path("run/pid")));
}

START_TEST(one_of_concurrent_starts_wins)
{
	struct harness_program programs[STARTS];
	struct probe winner = { .result = 0 }, losers[STARTS];
	char name[32];
	int won = 0, lost = 0;

	for (int i = 0; i < STARTS; i++)
		programs[i] = probe_spawn("%s pid=@/run/pid daemon:wait", probe_ways[_i]);
	for (int i = 0; i < STARTS; i++) {
		struct probe probe = probe_result(&programs[i]);

		harness_end(&programs[i]);
		if (probe.result > 0) {
			winner = probe;
			won++;
		} else {
			losers[lost++] = probe;
		}
	}
	ck_assert_int_eq(won, 1);
	snprintf(name, sizeof name, "%d", (int)winner.result);
	for (int i = 0; i < lost; i++)
		probe_check_failed(&losers[i], -EALREADY, name);
	ck_assert_int_eq(pid_in_file(), winner.result);
	ck_assert_int_eq(kill(winner.result, 0), 0);
	probe_kill(&winner);
}
END_TEST

START_TEST(second_start_names_holder_and_changes_nothing)
{
	struct probe first = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]), second;
	char name[32];

	probe_check_up(&first);
	snprintf(name, sizeof name, "%d", (int)first.result);
	for (int i = 0; i < 3; i++) {
		second = probe_run("%s pid=@/run/pid failure=9 daemon:wait", probe_ways[_i]);
		probe_check_failed(&second, -EALREADY, name);
		ck_assert_int_eq(WEXITSTATUS(second.status), 9);
		ck_assert_int_eq(pid_in_file(), first.result);
	}
	probe_kill(&first);
}
END_TEST

START_TEST(start_after_a_kill_succeeds_at_once)
{
	for (int i = 0; i < 5; i++) {
		struct probe probe = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]);

		probe_check_up(&probe);
		ck_assert_int_eq(pid_in_file(), probe.result);
		ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
		probe_kill(&probe);
	}
}
END_TEST

/*
 * In go-daemon: a program that the daemon executed keeps the lock after the death of the daemon
 */
START_TEST(executed_programs_inherit_no_lock)
{
	struct probe probe = probe_run("%s ready=60000 pid=@/run/pid daemon:sleep=@/sleeper "
				       "daemon:up daemon:wait",
				       probe_ways[_i]);
	pid_t sleeper = (pid_t)atoi(harness_read_file(harness_path("sleeper")));

	probe_check_up(&probe);
	probe_kill(&probe);
	ck_assert_int_eq(kill(sleeper, 0), 0);
	probe = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(pid_in_file(), probe.result);
	probe_kill(&probe);
	ck_assert_int_eq(kill(sleeper, SIGKILL), 0);
	ck_assert(harness_wait_exit(sleeper, HARNESS_SOON));
}
END_TEST

/* A forked worker that frees the context does not affect the daemon. */
START_TEST(exit_of_worker_keeps_lock)
{
	struct probe probe = probe_run("%s ready=60000 pid=@/run/pid daemon:work daemon:search "
				       "daemon:up daemon:wait launcher:search",
				       probe_ways[_i]);
	struct probe second;
	const char *found;
	char text[32];

	probe_check_up(&probe);
	second = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]);
	probe_check_failed(&second, -EALREADY, "");
	/* Found by the daemon and by its launcher. */
	snprintf(text, sizeof text, "found %d\n", (int)probe.result);
	found = strstr(harness_read_file(harness_path("report")), text);
	ck_assert_ptr_nonnull(found);
	ck_assert_ptr_nonnull(strstr(found + 1, text));
	ck_assert_int_eq(pid_in_file(), probe.result);
	probe_kill(&probe);
}
END_TEST

static int start_without_a_process(const char *mode)
{
	const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
	struct daemonkit_context *context = NULL;
	pid_t result;

	/* The limit does not apply to root. */
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 1;
	if (setrlimit(RLIMIT_NPROC, &none) != 0 || daemonkit_context_new(&context) != 0 ||
	    daemonkit_context_set_pid_file(context, "/x.pid", 0) != 0 ||
	    daemonkit_context_set_mode(context, strcmp(mode, "fork") == 0
							? DAEMONKIT_MODE_FORK
							: DAEMONKIT_MODE_REBORN) != 0)
		return 2;
	result = daemonkit_context_reborn(context);
	daemonkit_context_free(context);
	return result == -EAGAIN ? 0 : 3;
}

/* A failed fork must not be reported as a running instance. */
START_TEST(fork_failure_is_not_reported_as_running)
{
	pid_t pid;
	int status;

	harness_need_kernel("RLIMIT_NPROC");
	pid = fork();
	if (pid == 0)
		_exit(start_without_a_process(_i == 0 ? "fork" : "reborn"));
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}
END_TEST

/* go-daemon: Search never unlinks, and never trusts the contents alone */
START_TEST(search_finds_the_daemon)
{
	struct probe probe = probe_run("%s pid=@/run/pid ready=60000 daemon:up daemon:wait "
				       "launcher:search launcher:kill launcher:wait-exit "
				       "launcher:search",
				       probe_ways[_i]);
	char first[32], second[32];
	const char *found;

	probe_check_up(&probe);
	snprintf(first, sizeof first, "found %d\n", (int)probe.result);
	snprintf(second, sizeof second, "found %d\n", -ESRCH);
	found = strstr(harness_read_file(harness_path("report")), first);
	ck_assert_ptr_nonnull(found);
	ck_assert_ptr_nonnull(strstr(found, second));
	ck_assert_int_eq(pid_in_file(), probe.result);
}
END_TEST

/* go-daemon: Release removes the file in the daemon, and does nothing in the launcher */
START_TEST(release_removes_the_pid_file)
{
	struct probe probe = probe_run("%s pid=@/run/pid ready=60000 daemon:up daemon:await=@/go "
				       "daemon:release daemon:release daemon:report daemon:wait "
				       "launcher:release",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(pid_in_file(), probe.result);
	harness_write_file(harness_path("go"), "");
	ck_assert_int_eq(probe_number("released"), 0);
	probe_check_nothing_left();
	probe_kill(&probe);
}
END_TEST

START_TEST(pid_file_by_a_relative_path)
{
	struct probe probe = probe_run("%s chdir=@ pid=run/pid log=log ready=60000 daemon:up "
				       "daemon:print=x daemon:release daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert_str_eq(harness_read_file(harness_path("log")), "x");
	probe_check_nothing_left();
	probe_kill(&probe);
}
END_TEST

/* go-daemon: PidFileName, PidFilePerm */
START_TEST(mode_of_the_pid_file)
{
	struct probe probe = probe_run("%s first:mask=077 pidmode=644 pid=@/run/pid daemon:wait",
				       probe_ways[_i]);
	struct stat status;

	probe_check_up(&probe);
	ck_assert_int_eq(stat(harness_path("run/pid"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0644);
	probe_kill(&probe);
}
END_TEST

START_TEST(foreign_file_is_not_replaced)
{
	struct probe probe;

	mkdir(harness_path("run"), 0755);
	harness_write_file(harness_path("run/pid"), "somebody's work\n");
	probe = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]);
	probe_check_failed(&probe, -EEXIST, "/run/pid");
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")), "somebody's work\n");
	ck_assert_int_eq(unlink(harness_path("run/pid")), 0);
	ck_assert_int_eq(symlink("/etc/hostname", harness_path("run/pid")), 0);
	probe = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]);
	ck_assert_int_lt(probe.result, 0);
	ck_assert_ptr_nonnull(strstr(probe.text, "/run/pid"));
}
END_TEST

/* ---- an optional pid file ---- */

#define WITHOUT "; starting without it\n"

/* Check that it is up without a pid file, and that the launcher has received the reason. */
static void check_without(const struct probe *probe, const char *name, const char *reason)
{
	char status[4096];

	probe_check_up(probe);
	snprintf(status, sizeof status, "status pid file %s: %s" WITHOUT, harness_path("%s", name),
		 reason);
	ck_assert_msg(strstr(probe->output, status) == probe->output, "%s", probe->output);
	ck_assert_int_eq(probe_number("found"), -ESRCH);
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert_str_eq(probe_fact("error"), "");
}

/* With a ready timeout, and without. */
START_TEST(optional_pid_file_cannot_be_created)
{
	struct probe probe = probe_run("%s progress %s first:optional=1 pid=@/missing/pid "
				       "daemon:error daemon:search daemon:release daemon:up "
				       "daemon:report daemon:wait",
				       probe_ways[_i / 2], _i % 2 == 0 ? "ready=60000" : "");

	check_without(&probe, "missing/pid", "open its directory: No such file or directory");
	probe_kill(&probe);
}
END_TEST

START_TEST(optional_pid_file_is_a_foreign_file)
{
	struct probe probe;

	mkdir(harness_path("run"), 0755);
	harness_write_file(harness_path("run/pid"), "somebody's work\n");
	probe = probe_run("%s progress first:optional=1 pid=@/run/pid daemon:error daemon:search "
			  "daemon:release daemon:report daemon:wait",
			  probe_ways[_i]);
	check_without(&probe, "run/pid",
		      "not a pid file: it contains something other than a pid; "
		      "remove it, or choose another path");
	probe_kill(&probe);
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")), "somebody's work\n");
}
END_TEST

START_TEST(optional_pid_file_is_locked_by_a_reader)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct probe probe;
	int fd;

	mkdir(harness_path("run"), 0755);
	harness_write_file(harness_path("run/pid"), "1\n");
	fd = open(harness_path("run/pid"), O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_SETLK, &lock), 0);
	probe = probe_run("%s progress first:optional=1 pid=@/run/pid daemon:wait", probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe.output, "locked for reading by process"));
	ck_assert_ptr_nonnull(strstr(probe.output, WITHOUT));
	probe_kill(&probe);
	close(fd);
}
END_TEST

START_TEST(optional_pid_file_that_is_held_is_an_error)
{
	struct probe first = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]), second;
	char name[32];

	probe_check_up(&first);
	second = probe_run("%s progress first:optional=1 pid=@/run/pid daemon:wait",
			   probe_ways[_i]);
	snprintf(name, sizeof name, "held by process %d", (int)first.result);
	probe_check_failed(&second, -EALREADY, name);
	ck_assert_ptr_null(strstr(second.output, "status"));
	ck_assert_int_eq(pid_in_file(), first.result);
	probe_kill(&first);
}
END_TEST

START_TEST(optional_pid_file_is_held_if_possible)
{
	struct probe probe = probe_run("%s progress first:optional=1 pid=@/run/pid daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_ptr_null(strstr(probe.output, "status"));
	ck_assert_int_eq(pid_in_file(), probe.result);
	probe_kill(&probe);
}
END_TEST

/* There is no launcher, and perhaps no manager. */
START_TEST(foreground_daemon_reports_its_missing_pid_file)
{
	struct probe probe = probe_run(
		"mode=foreground progress optional=1 pid=@/missing/pid daemon:report");

	ck_assert_int_eq(probe.end, 0);
	ck_assert_msg(strstr(probe.output, "starting without it") != NULL, "%s", probe.output);
}
END_TEST

/* The second copy does not make it optional. */
START_TEST(launcher_decides_whether_the_pid_file_is_optional)
{
	struct probe probe = probe_run("second:optional=1 pid=@/missing/pid daemon:wait");

	probe_check_failed(&probe, -ENOENT, "missing/pid");
}
END_TEST

START_TEST(optional_pid_file_with_other_root_and_user)
{
	struct probe probe;

	harness_need_root();
	ck_assert_int_eq(mkdir(harness_path("root"), 0755), 0);
	ck_assert_int_eq(mkdir(harness_path("root/run"), 0777), 0);
	ck_assert_int_eq(chmod(harness_path("root/run"), 0777), 0);
	probe = probe_run("%s progress first:optional=1 pid=@/missing/pid chroot=@/root "
			  "cred=65534:65533 daemon:where=/run/report daemon:error daemon:search "
			  "daemon:release daemon:report daemon:wait",
			  probe_ways[_i]);
	probe_read(harness_path("root/run/report"));
	check_without(&probe, "missing/pid", "open its directory: No such file or directory");
	ck_assert_str_eq(probe_fact("uids"), "65534 65534 65534");
	probe_kill(&probe);
}
END_TEST

/* Wait until the pid file has contents; it may be created empty. */
static pid_t wait_for_pid(int watch)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} events;
	const char *text = "";

	while (strchr(text, '\n') == NULL) {
		ck_assert(harness_wait_readable(watch, HARNESS_SOON));
		ck_assert_int_gt(read(watch, &events, sizeof events), 0);
		if (access(harness_path("run/pid"), F_OK) == 0)
			text = harness_read_file(harness_path("run/pid"));
	}
	return (pid_t)atoi(text);
}

/* A signal sent as soon as the pid file appears is handled (avahi, consul). */
START_TEST(signal_right_after_pid_file_is_not_lost)
{
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	harness_allow(120000);
	mkdir(harness_path("run"), 0755);
	ck_assert_int_ge(inotify_add_watch(watch, harness_path("run"), IN_CREATE | IN_MODIFY), 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct harness_program program;
		struct probe probe;
		pid_t daemon;

		unlink(harness_path("report"));
		program = probe_spawn("%s handle pid=@/run/pid daemon:serve daemon:release",
				      probe_ways[_i]);
		daemon = wait_for_pid(watch);
		ck_assert_int_eq(kill(daemon, SIGHUP), 0);
		ck_assert_int_eq(kill(daemon, SIGTERM), 0);
		probe = probe_result(&program);
		harness_end(&program);
		/* Also if the daemon has exited before its launcher checked. */
		probe_check_up(&probe);
		ck_assert_int_eq(probe.result, daemon);
		ck_assert_int_eq(probe_number("hangups"), 1);
		ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
		probe_check_nothing_left();
	}
	close(watch);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("instance");
	TCase *instance = harness_case(suite, "instance");
	TCase *optional = harness_case(suite, "optional");

	tcase_add_loop_test(instance, one_of_concurrent_starts_wins, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, second_start_names_holder_and_changes_nothing, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, start_after_a_kill_succeeds_at_once, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, executed_programs_inherit_no_lock, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, exit_of_worker_keeps_lock, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, fork_failure_is_not_reported_as_running, 0, 2);
	tcase_add_loop_test(instance, search_finds_the_daemon, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, release_removes_the_pid_file, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, pid_file_by_a_relative_path, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, mode_of_the_pid_file, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, foreign_file_is_not_replaced, 0, PROBE_WAYS);
	tcase_add_loop_test(instance, signal_right_after_pid_file_is_not_lost, 0, PROBE_WAYS);
	tcase_add_loop_test(optional, optional_pid_file_cannot_be_created, 0, 2 * PROBE_WAYS);
	tcase_add_loop_test(optional, optional_pid_file_is_a_foreign_file, 0, PROBE_WAYS);
	tcase_add_loop_test(optional, optional_pid_file_is_locked_by_a_reader, 0, PROBE_WAYS);
	tcase_add_loop_test(optional, optional_pid_file_that_is_held_is_an_error, 0, PROBE_WAYS);
	tcase_add_loop_test(optional, optional_pid_file_is_held_if_possible, 0, PROBE_WAYS);
	tcase_add_test(optional, launcher_decides_whether_the_pid_file_is_optional);
	tcase_add_test(optional, foreground_daemon_reports_its_missing_pid_file);
	tcase_add_loop_test(optional, optional_pid_file_with_other_root_and_user, 0, PROBE_WAYS);
	return harness_main(argc, argv, suite, probe_helpers);
}
