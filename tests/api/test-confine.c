/* SPDX-License-Identifier: MIT */
/* What a daemon does between the lock of its pid file and the loss of its privileges. */
#include "harness/probe-running.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>
#include <daemonkit/upgrade.h>

#define LATER "pid=@/run/pid confinelater=1 "
#define NOBODY "cred=65534:65533:100 "
#define READY "ready=60000 "

/* Ports below 1024 of this test alone, and a directory for the report of any user. */
static void open_network(void)
{
	harness_need_root();
	if (unshare(CLONE_NEWNET) < 0)
		harness_skip("needs its own network: %s", strerror(errno));
	ck_assert_int_eq(mkdir(harness_path("open"), 0777), 0);
	ck_assert_int_eq(chmod(harness_path("open"), 0777), 0);
	harness_write_file(harness_path("open/report"), "");
	ck_assert_int_eq(chmod(harness_path("open/report"), 0666), 0);
	probe_read(harness_path("open/report"));
}

START_TEST(low_port_is_bound_before_the_user_changes)
{
	struct probe probe;

	open_network();
	probe = probe_run("%s " READY LATER NOBODY "daemon:where=@/open/report daemon:port=80 "
			  "daemon:confine daemon:confine daemon:up daemon:report daemon:wait",
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("bound"), 0);
	ck_assert_int_eq(probe_number("confined"), 0);
	ck_assert_str_eq(probe_fact("uids"), "65534 65534 65534");
	ck_assert_str_eq(probe_fact("groups"), "100 .");
	ck_assert_int_eq(probe_number("regain"), 0);
	probe_kill(&probe);
}
END_TEST

START_TEST(second_start_on_the_port_names_the_holder)
{
	const char *words = READY LATER NOBODY
		"daemon:where=@/open/report daemon:port=80 daemon:confine daemon:up daemon:report "
		"daemon:wait";
	struct probe probe, second;
	char holder[64];

	open_network();
	probe = probe_run("%s %s", probe_ways[_i], words);
	probe_check_up(&probe);
	second = probe_run("%s %s", probe_ways[_i], words);
	snprintf(holder, sizeof holder, "held by process %d", (int)probe.result);
	probe_check_failed(&second, -EALREADY, holder);
	probe_kill(&probe);
}
END_TEST

/* With a ready timeout, and without: it is not set up either. */
START_TEST(ready_without_confine_fails)
{
	struct probe probe = probe_run("%s %s " LATER "daemon:up", probe_ways[_i / 2],
				       _i % 2 == 0 ? READY : "");

	probe_check_failed(&probe, -EPERM, "daemonkit_context_confine()");
	probe_check_nothing_left();
}
END_TEST

START_TEST(launcher_waits_for_confine_without_a_ready_timeout)
{
	struct probe probe = probe_run("%s " LATER "daemon:exit=5", probe_ways[_i]);

	probe_check_failed(&probe, -ECHILD, "exited with status 5 before it was set up");
	probe_check_nothing_left();
	probe = probe_run("%s " LATER "daemon:confine daemon:report daemon:wait", probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), "/");
	probe_kill(&probe);
}
END_TEST

START_TEST(failed_confine_fails_the_start)
{
	struct probe probe;

	harness_need_root();
	probe = probe_run("%s %s " LATER "chroot=@/none daemon:confine daemon:up daemon:wait",
			  probe_ways[_i / 2], _i % 2 == 0 ? READY : "");
	probe_check_failed(&probe, -ENOENT, "chroot");
	probe_check_nothing_left();
}
END_TEST

/* Opened when the start was over, as far as the library could see then. */
START_TEST(directory_opened_before_confine_is_refused)
{
	struct probe probe;

	harness_need_root();
	ck_assert_int_eq(mkdir(harness_path("root"), 0755), 0);
	probe = probe_run("%s " READY LATER "chroot=@/root daemon:directory=/ daemon:confine "
			  "daemon:up daemon:wait",
			  probe_ways[_i]);
	probe_check_failed(&probe, -EPERM, "is a directory, a way out of it");
	probe_check_nothing_left();
}
END_TEST

/* ---- in the foreground ---- */

static struct daemonkit_context *unconfined_daemon(void)
{
	struct daemonkit_context *context;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND), 0);
	ck_assert_int_eq(daemonkit_context_confine_later(context, 1), 0);
	ck_assert_int_eq(daemonkit_context_set_work_dir(context, "/dev"), 0);
	ck_assert_int_eq(daemonkit_context_confine(context), -EPERM);
	ck_assert_msg(daemonkit_context_reborn(context) == 0, "%s", daemonkit_error());
	return context;
}

static void check_directory(const char *expected)
{
	char path[4096];

	ck_assert_ptr_nonnull(getcwd(path, sizeof path));
	ck_assert_str_eq(path, expected);
}

START_TEST(foreground_daemon_confines_itself)
{
	struct daemonkit_context *context;
	struct daemonkit_upgrade *upgrade;
	char before[4096];
	pid_t child;
	int status;

	ck_assert_ptr_nonnull(getcwd(before, sizeof before));
	context = unconfined_daemon();
	check_directory(before);
	ck_assert_int_eq(daemonkit_upgrade_start(context, NULL, 1000, &upgrade), -EINPROGRESS);
	ck_assert_int_eq(daemonkit_notify_ready(context), -EPERM);
	child = fork();
	if (child == 0)
		_exit(daemonkit_context_confine(context) == -EPERM ? 0 : 1);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	check_directory(before);
	ck_assert_int_eq(daemonkit_context_confine(context), 0);
	check_directory("/dev");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(daemonkit_context_confine(context), 0);
	check_directory("/");
	ck_assert_int_eq(daemonkit_notify_ready(context), 0);
	daemonkit_context_free(context);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("confine");
	TCase *start = harness_case(suite, "start");

	tcase_add_loop_test(start, low_port_is_bound_before_the_user_changes, 0, PROBE_WAYS);
	tcase_add_loop_test(start, second_start_on_the_port_names_the_holder, 0, PROBE_WAYS);
	tcase_add_loop_test(start, ready_without_confine_fails, 0, 2 * PROBE_WAYS);
	tcase_add_loop_test(start, launcher_waits_for_confine_without_a_ready_timeout, 0,
			    PROBE_WAYS);
	tcase_add_loop_test(start, failed_confine_fails_the_start, 0, 2 * PROBE_WAYS);
	tcase_add_loop_test(start, directory_opened_before_confine_is_refused, 0, PROBE_WAYS);
	tcase_add_test(start, foreground_daemon_confines_itself);
	return harness_main(argc, argv, suite, probe_helpers);
}
