/* SPDX-License-Identifier: MIT */
/* The launcher waits for something that does not respond, no longer than its deadline. */
#include "harness/probe-running.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const modes[] = { "mode=reborn", "mode=fork" };

/* The daemon has changed its user, and root lacks CAP_KILL: reported at once. */
START_TEST(missing_permission_to_kill_daemon_is_reported)
{
	const char *mode = modes[_i];
	struct harness_program program;
	struct probe probe;
	pid_t daemon;

	running_for_everybody();
	harness_need_call("setgroups");
	program = probe_spawn("%s first:lose=%d user=nobody ready=60000 daemon:report daemon:wait",
			      mode, CAP_KILL);
	daemon = (pid_t)probe_number("pid");
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	ck_assert_msg(WTERMSIG(probe_end(&program)) == SIGTERM, "it was not SIGTERM");
	ck_assert_int_eq(kill(daemon, 0), 0);
	ck_assert_int_eq(kill(daemon, SIGKILL), 0);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	/* Long enough to change the user: before that the daemon is root's, and can be killed. */
	probe = probe_run("%s first:lose=%d user=nobody ready=%d daemon:where=@/again "
			  "daemon:report daemon:wait",
			  mode, CAP_KILL, harness_scaled(1000));
	probe_check_failed(&probe, -ETIMEDOUT, "was not ready in time and could not be killed");
	ck_assert_int_eq(probe.status, -1);
	probe_read(harness_path("again"));
	ck_assert_int_eq(kill((pid_t)probe_number("pid"), SIGKILL), 0);
	ck_assert(harness_wait_exit((pid_t)probe_number("pid"), HARNESS_SOON));
}
END_TEST

START_TEST(daemon_exits_when_launcher_cannot_kill_it)
{
	struct probe probe;

	running_for_everybody();
	probe = probe_run("%s first:lose=%d user=nobody ready=%d daemon:abandoned daemon:exit=3",
			  modes[_i], CAP_KILL, harness_scaled(1000));
	probe_check_failed(&probe, -ETIMEDOUT, "was not ready in time and ended by itself");
	ck_assert_msg(WIFEXITED(probe.status) && WEXITSTATUS(probe.status) == 3, "%#x",
		      (unsigned)probe.status);
}
END_TEST

/* Much less than the timeouts of these tests, and less than the 5 s that a failed daemon gets. */
#define AT_ONCE 4000

/* A manager that reads nothing and whose buffer is full. */
static int unresponsive_manager(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), sender;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", harness_path("notify"));
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
	sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(connect(sender, (struct sockaddr *)&address, sizeof address), 0);
	while (send(sender, "X=1", 3, 0) == 3)
		;
	ck_assert_int_eq(errno, EAGAIN);
	close(sender);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	unsetenv("SYSTEMD_EXEC_PID");
	return manager;
}

static bool is_orphan(void *data)
{
	pid_t *pids = data;

	return harness_parent(pids[0]) != pids[1];
}

/* The daemon is up, and the launcher notifies the manager: the daemon is an orphan by now. */
static void wait_for_orphan(pid_t daemon, pid_t watcher)
{
	pid_t pids[] = { daemon, watcher };

	harness_write_file(harness_path("go"), "");
	ck_assert(harness_wait_until(is_orphan, pids, HARNESS_SOON));
}

/* The manager cannot be notified in time; the daemon is up nevertheless. */
START_TEST(unresponsive_manager_delays_until_deadline)
{
	int manager = unresponsive_manager();
	struct probe probe = probe_run("%s ready=1500 daemon:status=a daemon:extend=1700 "
				       "daemon:error-line=x daemon:status=b daemon:up daemon:wait",
				       modes[_i]);

	probe_check_up(&probe);
	ck_assert_int_ge(probe.milliseconds, 1500);
	ck_assert_int_lt(probe.milliseconds, 1700 + harness_scaled(AT_ONCE));
	probe_kill(&probe);
	close(manager);
}
END_TEST

/* Also without a deadline, while the launcher sends the main pid or an extension. */
START_TEST(unresponsive_manager_does_not_block_signals)
{
	int manager = unresponsive_manager(), status;
	struct harness_program program = probe_spawn(
		"%s ready=-1 pid=@/run/pid daemon:report daemon:await=@/go %s daemon:touch=@/here "
		"daemon:up daemon:wait",
		modes[_i % 2], _i / 2 == 0 ? "daemon:status=a" : "daemon:extend=60000");
	pid_t daemon = (pid_t)probe_number("pid");

	if (_i / 2 == 0)
		wait_for_orphan(daemon, harness_parent(daemon));
	else
		harness_write_file(harness_path("go"), "");
	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	status = probe_end(&program);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "%#x", (unsigned)status);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_check_nothing_left();
	close(manager);
}
END_TEST

/* While the launcher waits to send an extension, it notices the death of the daemon. */
START_TEST(unresponsive_manager_does_not_hide_exit_before_up)
{
	int manager = unresponsive_manager();
	struct probe probe = probe_run("%s ready=-1 daemon:extend=60000 daemon:exit=7", modes[_i]);

	probe_check_failed(&probe, -ECHILD, "exited with status 7");
	close(manager);
}
END_TEST

/* Nor is its death hidden when it is the child of another process. */
START_TEST(unresponsive_manager_does_not_hide_exit)
{
	int manager = unresponsive_manager();
	struct harness_program program = probe_spawn(
		"%s ready=-1 daemon:report daemon:await=@/go daemon:up daemon:wait", modes[_i]);
	pid_t daemon = (pid_t)probe_number("pid");
	struct probe probe;

	wait_for_orphan(daemon, harness_parent(daemon));
	ck_assert_int_eq(kill(daemon, SIGKILL), 0);
	probe = probe_result(&program);
	/* Only newer kernels report the status of the child of another process. */
	if (probe.result < 0)
		probe_check_failed(&probe, -ECHILD, "signal 9");
	else
		ck_assert_int_eq(probe.result, daemon);
	probe_end(&program);
	close(manager);
}
END_TEST

/* The daemon has failed and exits slowly: a signal ends the launcher meanwhile. */
START_TEST(failed_daemon_does_not_block_signals)
{
	struct harness_program program = probe_spawn(
		"%s ready=60000 first:handler=15 daemon:report daemon:failed=-5,broken "
		"daemon:touch=@/here daemon:wait",
		probe_ways[_i]);
	pid_t daemon = (pid_t)probe_number("pid");
	struct probe probe;

	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	probe = probe_result(&program);
	probe_check_failed(&probe, -EINTR, "a signal interrupted the start");
	probe_end(&program);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
}
END_TEST

/* Nor does it get more time than the start. */
START_TEST(failed_daemon_is_killed_at_deadline)
{
	struct probe probe = probe_run("%s ready=1000 daemon:failed=-5,broken daemon:wait",
				       probe_ways[_i]);

	probe_check_failed(&probe, -EIO, "broken");
	ck_assert_msg(WIFSIGNALED(probe.status) && WTERMSIG(probe.status) == SIGKILL, "%#x",
		      (unsigned)probe.status);
	/* Less than the five seconds that it has to exit by itself. */
	ck_assert_int_lt(probe.milliseconds, harness_scaled(4900));
}
END_TEST

/* The watcher was stopped by a signal: the launcher does not wait for it. */
START_TEST(stopped_watcher_does_not_block_launcher)
{
	struct harness_program program = probe_spawn(
		"%s ready=%d daemon:report daemon:await=@/go %s",
		_i % 2 == 0 ? "mode=fork" : "mode=reborn first:deny=clone3",
		_i / 2 == 0 ? 60000 : 3000,
		_i / 2 == 0 ? "daemon:up daemon:wait" : "daemon:failed=-5,broken daemon:exit=1");
	pid_t daemon = (pid_t)probe_number("pid"), watcher = harness_parent(daemon);
	struct probe probe;

	ck_assert_int_eq(kill(watcher, SIGSTOP), 0);
	harness_write_file(harness_path("go"), "");
	probe = probe_result(&program);
	if (_i / 2 == 0) {
		probe_check_up(&probe);
		probe_kill(&probe);
	} else {
		probe_check_failed(&probe, -EIO, "broken");
		ck_assert_str_eq(probe.text, "broken");
	}
	ck_assert(harness_wait_exit(watcher, HARNESS_SOON));
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_end(&program);
}
END_TEST

/* Neither the deadline nor a signal waits for a child that sends faster than this reads. */
START_TEST(child_that_floods_does_not_hide_exit)
{
	struct probe probe = probe_run("%s slow-progress ready=2000 pid=@/run/pid "
				       "daemon:flood-by-child daemon:exit=7",
				       probe_ways[_i]);

	ck_assert_msg(probe.result == -ETIMEDOUT || probe.result == -ECHILD, "%d: %s",
		      (int)probe.result, probe.text);
	ck_assert_int_lt(probe.milliseconds, 2000 + harness_scaled(AT_ONCE));
	probe_check_nothing_left();
	/* The channel is closed. */
	ck_assert(harness_wait_exit((pid_t)probe_number("flooder"), HARNESS_SOON));
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("launcher-waits");
	TCase *unkillable = harness_case(suite, "unkillable");
	TCase *waits = harness_case(suite, "waits");

	tcase_add_loop_test(unkillable, missing_permission_to_kill_daemon_is_reported, 0, 2);
	tcase_add_loop_test(unkillable, daemon_exits_when_launcher_cannot_kill_it, 0, 2);
	tcase_add_loop_test(waits, unresponsive_manager_delays_until_deadline, 0, 2);
	tcase_add_loop_test(waits, unresponsive_manager_does_not_block_signals, 0, 4);
	tcase_add_loop_test(waits, unresponsive_manager_does_not_hide_exit_before_up, 0, 2);
	if (harness_has_pidfds())
		tcase_add_loop_test(waits, unresponsive_manager_does_not_hide_exit, 0, 2);
	tcase_add_loop_test(waits, failed_daemon_does_not_block_signals, 0, PROBE_WAYS);
	tcase_add_loop_test(waits, child_that_floods_does_not_hide_exit, 0, PROBE_WAYS);
	tcase_add_loop_test(waits, failed_daemon_is_killed_at_deadline, 0, PROBE_WAYS);
	if (harness_has_pidfds())
		tcase_add_loop_test(waits, stopped_watcher_does_not_block_launcher, 0, 4);
	return harness_main(argc, argv, suite, probe_helpers);
}
