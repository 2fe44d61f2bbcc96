/* SPDX-License-Identifier: MIT */
/* The waiting launcher: its signals, its threads, its other children, its death. */
#include "harness/probe-running.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>

/* A daemon that reports its pid and takes long to start. */
#define SLOW " ready=60000 pid=@/run/pid daemon:report daemon:wait"

static const int interrupting[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
#define SIGNALS 4
/* Every signal in every way of starting. */
#define WAYS_AND_SIGNALS (PROBE_WAYS * SIGNALS)

/* Wait for the daemon; returns its pid. */
static pid_t wait_for_daemon(void)
{
	return (pid_t)probe_number("pid");
}

START_TEST(launcher_is_terminated_by_signal)
{
	int signal = interrupting[_i % SIGNALS];
	struct harness_program program = probe_spawn("%s" SLOW, probe_ways[_i / SIGNALS]);
	pid_t daemon = wait_for_daemon();
	int status;

	ck_assert_int_eq(kill(program.pid, signal), 0);
	status = probe_end(&program);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == signal, "%#x", (unsigned)status);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_check_nothing_left();
}
END_TEST

START_TEST(own_signal_handler_of_launcher_runs)
{
	int signal = interrupting[_i % SIGNALS];
	struct harness_program program = probe_spawn("%s first:handler=%d launcher:handled" SLOW,
						     probe_ways[_i / SIGNALS], signal);
	pid_t daemon = wait_for_daemon();
	struct probe probe;
	char line[32];

	ck_assert_int_eq(kill(program.pid, signal), 0);
	probe = probe_result(&program);
	probe_check_failed(&probe, -EINTR, "a signal interrupted the start");
	snprintf(line, sizeof line, "handled %d", signal);
	ck_assert_str_eq(harness_line(&program), line);
	ck_assert_int_eq(WEXITSTATUS(probe_end(&program)), 128 + SIGKILL);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_check_nothing_left();
}
END_TEST

START_TEST(ignored_signals_do_not_end_the_start)
{
	struct harness_program program = probe_spawn(
		"%s first:ignore=1 first:ignore=2 first:ignore=3 first:ignore=15 ready=60000 "
		"daemon:report daemon:await=@/go daemon:up daemon:wait",
		probe_ways[_i]);
	struct probe probe;

	wait_for_daemon();
	for (int i = 0; i < SIGNALS; i++)
		ck_assert_int_eq(kill(program.pid, interrupting[i]), 0);
	harness_write_file(harness_path("go"), "");
	probe = probe_result(&program);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_end(&program), 0);
	probe_kill(&probe);
}
END_TEST

/* The signal arrives in another thread than the one that starts the daemon. */
START_TEST(launcher_with_threads_is_interrupted)
{
	struct harness_program program = probe_spawn("%s thread first:threads=3" SLOW,
						     probe_ways[_i]);
	pid_t daemon = wait_for_daemon();
	int status;

	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	status = probe_end(&program);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "%#x", (unsigned)status);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_check_nothing_left();
}
END_TEST

START_TEST(launcher_is_killed)
{
	struct harness_program program = probe_spawn(
		"%s pid=@/run/pid ready=60000 daemon:report daemon:await=@/go daemon:up "
		"daemon:release daemon:exit=0",
		probe_ways[_i]);
	pid_t daemon = wait_for_daemon(), parent = harness_parent(daemon);

	ck_assert_int_eq(kill(program.pid, SIGKILL), 0);
	probe_end(&program);
	harness_write_file(harness_path("go"), "");
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	ck_assert(harness_wait_exit(parent, HARNESS_SOON));
	ck_assert_int_eq(probe_number("notified"), -ECANCELED);
	probe_check_nothing_left();
}
END_TEST

/* The same before the second copy has received its settings. */
START_TEST(launcher_is_killed_before_the_set_up)
{
	struct harness_program program = probe_spawn(
		"%s pid=@/run/pid second:touch=@/here second:await=@/go", probe_ways[_i]);
	pid_t parent;

	ck_assert(harness_wait_file(harness_path("here"), HARNESS_SOON));
	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	parent = harness_parent((pid_t)atoi(harness_read_file(harness_path("here"))));
	ck_assert_int_eq(kill(program.pid, SIGKILL), 0);
	probe_end(&program);
	harness_write_file(harness_path("go"), "");
	ck_assert_int_eq(probe_number("refused"), -ECANCELED);
	probe_check_nothing_left();
	/* It exits by itself. */
	ck_assert(harness_wait_exit((pid_t)atoi(harness_read_file(harness_path("here"))),
				    HARNESS_SOON));
	ck_assert(harness_wait_exit(parent, HARNESS_SOON));
}
END_TEST

/* The launcher cannot monitor the daemon any more, and kills it. */
START_TEST(watcher_is_killed)
{
	struct harness_program program = probe_spawn(
		"mode=fork pid=@/run/pid ready=60000 daemon:report daemon:fill=64 "
		"daemon:touch=@/here daemon:await=@/go daemon:up daemon:wait");
	pid_t daemon = wait_for_daemon(), watcher = harness_parent(daemon);
	struct probe probe;

	ck_assert_int_ne(watcher, program.pid);
	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(watcher, SIGKILL), 0);
	probe = probe_result(&program);
	probe_check_failed(&probe, -ECHILD, "the daemon ended before it was ready");
	ck_assert_int_eq(probe.status, -1);
	/* A report that could not be sent must not be taken for the exit of the daemon. */
	probe_check_nothing_left();
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_end(&program);
}
END_TEST

static bool has_closed_channel(void *data)
{
	const char *state = running_proc(*(pid_t *)data, "status", "State");

	return state[0] == 'Z';
}

/*
 * Kill the watcher while the launcher is stopped, so that the launcher sees its complete exit
 * at once.
 */
static void kill_watcher(pid_t launcher, pid_t watcher)
{
	ck_assert_int_eq(kill(launcher, SIGSTOP), 0);
	ck_assert_int_eq(kill(watcher, SIGKILL), 0);
	ck_assert(harness_wait_until(has_closed_channel, &watcher, HARNESS_SOON));
	ck_assert_int_eq(kill(launcher, SIGCONT), 0);
}

/* A child of the watcher keeps the channel open, which proves nothing about the daemon. */
START_TEST(watcher_is_killed_and_a_child_holds_the_channel)
{
	struct harness_program program = probe_spawn(
		"mode=fork%s pid=@/run/pid ready=60000 daemon:report daemon:hold=@/held "
		"daemon:touch=@/here daemon:%s",
		_i / 2 ? " first:deny=pidfd_open" : "",
		_i % 2 ? "wait" : "await=@/go daemon:exit=3");
	pid_t daemon = wait_for_daemon(), watcher = harness_parent(daemon), child;
	struct probe probe;

	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	child = (pid_t)atoi(harness_read_file(harness_path("held")));
	kill_watcher(program.pid, watcher);
	harness_write_file(harness_path("go"), "");
	probe = probe_result(&program);
	probe_check_failed(&probe, -ECHILD, "before it was ready");
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert(harness_wait_exit(child, HARNESS_SOON));
	probe_end(&program);
}
END_TEST

/* Its channel is closed, but the daemon runs. */
START_TEST(watcher_of_daemon_with_closed_channel_is_killed)
{
	struct harness_program program = probe_spawn(
		"mode=fork ready=60000 daemon:report daemon:closeall daemon:touch=@/here "
		"daemon:wait");
	pid_t daemon = wait_for_daemon(), watcher = harness_parent(daemon);
	struct probe probe;

	ck_assert_int_eq(kill(program.pid, SIGSTOP), 0);
	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	kill_watcher(program.pid, watcher);
	probe = probe_result(&program);
	probe_check_failed(&probe, -ECHILD, "before it was ready");
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_end(&program);
}
END_TEST

/* Then the launcher is the parent of the daemon, and its program does not know this child. */
START_TEST(watcher_of_a_subreaper_is_killed)
{
	struct harness_program program;
	pid_t daemon, watcher;
	struct probe probe;

	harness_need_kernel("PR_SET_CHILD_SUBREAPER");
	program = probe_spawn("mode=fork first:adopt pid=@/run/pid ready=60000 daemon:report "
			      "daemon:wait launcher:ended");
	daemon = wait_for_daemon();
	watcher = harness_parent(daemon);
	kill_watcher(program.pid, watcher);
	probe = probe_result(&program);
	probe_check_failed(&probe, -ECHILD, "before it was ready");
	ck_assert_str_eq(harness_line(&program), "ended -1");
	probe_check_nothing_left();
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	probe_end(&program);
}
END_TEST

/* How the launcher loses the watcher, and its result. */
static const struct {
	const char *acts;
	int signal;      /* to the watcher */
	bool interrupts; /* and SIGTERM to the launcher */
	int error;
} losses[] = {
	{ "ready=60000 daemon:report daemon:wait", SIGKILL, false, -ECHILD },
	{ "ready=60000 daemon:report daemon:await=@/go daemon:exit=3", SIGSTOP, false, -ECHILD },
	{ "ready=60000 daemon:report daemon:await=@/go daemon:failed=-5,broken daemon:wait",
	  SIGSTOP, true, -EINTR },
	{ "ready=2000 daemon:report daemon:await=@/go daemon:failed=-5,broken daemon:exit=1",
	  SIGSTOP, false, -EIO },
	{ "ready=2000 daemon:report daemon:wait", SIGSTOP, false, -ETIMEDOUT },
	{ "ready=60000 daemon:report daemon:wait", SIGSTOP, true, -EINTR },
};
#define LOSSES (int)(sizeof losses / sizeof *losses)

/* The launcher adopts orphans: after the failed start it has no child, not even a zombie. */
START_TEST(lost_watcher_leaves_no_process)
{
	int loss = _i % LOSSES;
	struct harness_program program;
	pid_t daemon, watcher;
	struct probe probe;

	harness_need_kernel("PR_SET_CHILD_SUBREAPER");
	program = probe_spawn("%s first:adopt first:handler=15 pid=@/run/pid %s launcher:ended",
			      _i < LOSSES ? "mode=fork" : "mode=reborn first:deny=clone3",
			      losses[loss].acts);
	daemon = wait_for_daemon();
	watcher = harness_parent(daemon);
	ck_assert_int_ne(watcher, program.pid);
	ck_assert_int_eq(kill(watcher, losses[loss].signal), 0);
	harness_write_file(harness_path("go"), "");
	if (losses[loss].interrupts)
		ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	probe = probe_result(&program);
	ck_assert_int_eq(probe.result, losses[loss].error);
	ck_assert_str_eq(harness_line(&program), "ended -1");
	probe_check_nothing_left();
	ck_assert_int_eq(kill(daemon, 0), -1);
	ck_assert_int_eq(kill(watcher, 0), -1);
	probe_end(&program);
}
END_TEST

/* ---- other children of the launcher ---- */

START_TEST(launcher_that_ignores_sigchld)
{
	struct probe probe = probe_run("%s first:ignore=17 ready=60000 daemon:up daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	probe_kill(&probe);
	probe = probe_run("%s first:ignore=17 ready=60000 pid=@/run/pid daemon:raise=9",
			  probe_ways[_i]);
	ck_assert_int_eq(probe.result, -ECHILD);
	/* The status is lost, but it must not be invented. */
	ck_assert_msg(probe.status == -1 ||
			      (WIFSIGNALED(probe.status) && WTERMSIG(probe.status) == SIGKILL),
		      "%#x", (unsigned)probe.status);
	ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
	probe_check_nothing_left();
}
END_TEST

START_TEST(launcher_whose_handler_reaps_everything)
{
	for (int i = 0; i < 10; i++) {
		struct probe probe = probe_run("%s first:reaper ready=60000 pid=@/run/pid "
					       "daemon:exit=5",
					       probe_ways[_i]);

		ck_assert_int_eq(probe.result, -ECHILD);
		ck_assert_msg(probe.status == -1 ||
				      (WIFEXITED(probe.status) && WEXITSTATUS(probe.status) == 5),
			      "%#x", (unsigned)probe.status);
		ck_assert_int_lt(probe.milliseconds, harness_scaled(20000));
		unlink(harness_path("run/pid"));
	}
}
END_TEST

/* The daemon was reaped, and another child has its pid: that child is left alone. */
START_TEST(launcher_whose_pids_are_used_again)
{
	bool was_used = false;

	harness_need_clones();
	harness_need_root();
	for (int i = 0; i < 10; i++) {
		struct harness_program program = probe_spawn(
			"mode=reborn first:reuse ready=60000 daemon:exit=5 launcher:other");
		struct probe probe = probe_result(&program);
		const char *other = harness_line(&program);

		ck_assert_int_eq(probe.result, -ECHILD);
		ck_assert_msg(probe.status == -1 || probe.status == 5 << 8, "%#x",
			      (unsigned)probe.status);
		/* The launcher may have been faster than the handler. */
		if (strcmp(other, "other none") != 0) {
			was_used = true;
			ck_assert_int_eq(atoi(other + strlen("other ")), 99 << 8);
		}
		probe_end(&program);
	}
	if (!was_used)
		harness_skip("clone3(2) cannot set the pid here");
}
END_TEST

/* A launcher that continues to run can reap its daemon. */
START_TEST(launcher_can_reap_daemon)
{
	struct probe probe;
	char line[32];

	harness_need_clones();
	probe = probe_run("%s ready=60000 daemon:up daemon:await=@/go "
			  "daemon:exit=42 launcher:touch=@/go launcher:reap",
			  probe_ways[_i]);
	probe_check_up(&probe);
	snprintf(line, sizeof line, "reaped %d\n", 42 << 8);
	ck_assert_ptr_nonnull(strstr(probe.output, line));
	probe = probe_run("%s ready=60000 daemon:up daemon:await=@/2 daemon:raise=11 "
			  "launcher:touch=@/2 launcher:reap",
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(atoi(strstr(probe.output, "reaped ") + 7) & 0x7f, SIGSEGV);
}
END_TEST

/* Neither SIGCHLD nor waitpid(-1) shows a child other than the daemon. */
START_TEST(launcher_sees_no_helper_child)
{
	struct probe probe;

	harness_need_clones();
	probe = probe_run("mode=reborn first:reaper ready=60000 daemon:up daemon:wait "
			  "launcher:handled");
	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe.output, "handled 0\n"));
	probe_kill(&probe);
}
END_TEST

/* Nor does a handler of SIGCHLD when the daemon has a watcher. */
START_TEST(launcher_reaps_no_watcher)
{
	struct probe probe = probe_run(
		"mode=%s times=30 first:reaper ready=60000 daemon:up "
		"daemon:wait launcher:kill launcher:wait-exit launcher:handled",
		_i == 0 ? "fork" : "reborn first:deny=clone3");

	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe.output, "handled 0\n"));
}
END_TEST

/* ---- threads ---- */

START_TEST(many_threads_in_malloc)
{
	struct probe probe;

	/* Each step of a start competes with all these threads. */
	harness_allow(180000);
	probe = probe_run("%s first:threads=200 times=10 ready=60000 daemon:up daemon:wait "
			  "launcher:kill launcher:wait-exit",
			  probe_ways[_i]);
	probe_check_up(&probe);
}
END_TEST

START_TEST(mode_fork_is_refused_while_threads_run)
{
	/* After a start that failed with an exit status, which does not belong to this one. */
	struct probe probe = probe_run("mode=reborn times=2 second:exit=6 pid=@/run/pid "
				       "launcher:mode=fork launcher:threads=1 daemon:wait");

	char first[64];

	snprintf(first, sizeof first, "result %d %d ", -ECHILD, 6 << 8);
	ck_assert_ptr_nonnull(strstr(probe.output, first));
	probe_check_failed(&probe, -EBUSY, "other threads run");
	ck_assert_int_eq(probe.status, -1);
	probe_check_nothing_left();
}
END_TEST

struct start {
	struct daemonkit_context *context;
	pid_t result;
	char error[1024];
};

static void *start_one(void *data)
{
	struct start *start = data;

	start->result = daemonkit_context_reborn(start->context);
	snprintf(start->error, sizeof start->error, "%s", daemonkit_error());
	return NULL;
}

/* Two threads start two daemons, with this test program. */
START_TEST(two_threads_start_two_daemons)
{
	pthread_t threads[2];
	struct start starts[2];
	int status;

	harness_need_clones();
	mkdir(harness_path("run"), 0755);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 2; i++) {
			char report[256];
			char *argv[] = { (char *)(uintptr_t)harness_self,
					 strdup("--helper"),
					 strdup("probe"),
					 report,
					 strdup("daemon:wait"),
					 NULL };

			snprintf(report, sizeof report, "%s", harness_path("report%d", i));
			ck_assert_int_eq(daemonkit_context_new(&starts[i].context), 0);
			ck_assert_int_eq(daemonkit_context_set_mode(starts[i].context,
								    DAEMONKIT_MODE_REBORN),
					 0);
			ck_assert_int_eq(daemonkit_context_set_args(starts[i].context, argv), 0);
			ck_assert_int_eq(
				daemonkit_context_set_pid_file(starts[i].context,
							       harness_path("run/pid%d", i), 0),
				0);
			for (int k = 1; k < 5; k++)
				if (k != 3)
					free(argv[k]);
			ck_assert_int_eq(pthread_create(&threads[i], NULL, start_one, &starts[i]),
					 0);
		}
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
			ck_assert_msg(starts[i].result > 0, "%d: %s", (int)starts[i].result,
				      starts[i].error);
			ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid%d", i))),
					 starts[i].result);
			daemonkit_context_free(starts[i].context);
		}
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(kill(starts[i].result, SIGKILL), 0);
			ck_assert(harness_wait_child(starts[i].result, &status, HARNESS_SOON));
			ck_assert_int_eq(WTERMSIG(status), SIGKILL);
		}
	}
}
END_TEST

/* The context for a start by the test: the daemon creates one file and waits for another. */
static struct daemonkit_context *context_for(const char *here, const char *go)
{
	char touch[1024], await[1024];
	const char *const words[] = { harness_self, "--helper", "probe",     harness_path("report"),
				      touch,        await,      "daemon:up", "daemon:wait",
				      NULL };
	struct daemonkit_context *context;

	snprintf(touch, sizeof touch, "daemon:touch=%s", harness_path("%s", here));
	snprintf(await, sizeof await, "daemon:await=%s", harness_path("%s", go));
	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN), 0);
	ck_assert_int_eq(daemonkit_context_set_args(context, (char *const *)(uintptr_t)words), 0);
	ck_assert_int_eq(daemonkit_context_set_ready_timeout(context, 60000), 0);
	return context;
}

/* A process that one thread starts is not part of the wait of another thread. */
START_TEST(child_of_other_thread_has_own_signals)
{
	struct start start;
	pthread_t thread;
	pid_t child;
	int status;

	/* The handler of Check ends the whole process group. */
	signal(SIGTERM, SIG_DFL);
	start.context = context_for("here", "go");
	ck_assert_int_eq(pthread_create(&thread, NULL, start_one, &start), 0);
	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	child = fork();
	if (child == 0) {
		struct daemonkit_context *own = context_for("second", "never");

		if (_i == 1)
			_exit((int)daemonkit_context_reborn(own) < 0 ? 1 : 2);
		for (;;)
			pause();
	}
	if (_i == 1)
		ck_assert(harness_wait_text(harness_path("second"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(child, SIGTERM), 0);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "%#x", (unsigned)status);
	if (_i == 1)
		ck_assert(harness_wait_exit((pid_t)atoi(harness_read_file(harness_path("second"))),
					    HARNESS_SOON));
	/* The start of this process continues. */
	harness_write_file(harness_path("go"), "");
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_msg(start.result > 0, "%d: %s", (int)start.result, start.error);
	daemonkit_context_free(start.context);
	ck_assert_int_eq(kill(start.result, SIGKILL), 0);
	ck_assert(harness_wait_exit(start.result, HARNESS_SOON));
	waitpid(start.result, NULL, 0);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("launcher");
	TCase *signals = harness_case(suite, "signals");
	TCase *watcher = harness_case(suite, "watcher");
	TCase *children = harness_case(suite, "children");
	TCase *threads = harness_case(suite, "threads");
	TCase *forks = harness_case(suite, "forks");

	tcase_add_loop_test(signals, launcher_is_terminated_by_signal, 0, WAYS_AND_SIGNALS);
	tcase_add_loop_test(signals, own_signal_handler_of_launcher_runs, 0, WAYS_AND_SIGNALS);
	tcase_add_loop_test(signals, ignored_signals_do_not_end_the_start, 0, PROBE_WAYS);
	tcase_add_loop_test(signals, launcher_with_threads_is_interrupted, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(signals, launcher_is_killed, 0, PROBE_WAYS);
	tcase_add_loop_test(signals, launcher_is_killed_before_the_set_up, 0, PROBE_REBORN_WAYS);
	tcase_add_test(signals, watcher_is_killed);
	tcase_add_loop_test(watcher, watcher_is_killed_and_a_child_holds_the_channel, 0,
			    harness_has_linux_api() ? 4 : 2);
	if (harness_has_pidfds()) {
		tcase_add_test(watcher, watcher_of_daemon_with_closed_channel_is_killed);
		tcase_add_test(watcher, watcher_of_a_subreaper_is_killed);
		tcase_add_loop_test(watcher, lost_watcher_leaves_no_process, 0, 2 * LOSSES);
	}
	tcase_add_loop_test(children, launcher_that_ignores_sigchld, 0, PROBE_WAYS);
	tcase_add_loop_test(children, launcher_whose_handler_reaps_everything, 0, PROBE_WAYS);
	if (harness_has_pidfds())
		tcase_add_test(children, launcher_whose_pids_are_used_again);
	if (harness_has_linux_api())
		tcase_add_loop_test(children, launcher_can_reap_daemon, 0, 1);
	tcase_add_test(children, launcher_sees_no_helper_child);
	tcase_add_loop_test(children, launcher_reaps_no_watcher, 0, 2);
	tcase_add_loop_test(threads, many_threads_in_malloc, 0, PROBE_REBORN_WAYS);
	if (harness_has_linux_api())
		tcase_add_test(threads, mode_fork_is_refused_while_threads_run);
	if (harness_has_linux_api())
		tcase_add_test(threads, two_threads_start_two_daemons);
	tcase_add_loop_test(forks, child_of_other_thread_has_own_signals, 0, 2);
	return harness_main(argc, argv, suite, probe_helpers);
}
