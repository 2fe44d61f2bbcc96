/* SPDX-License-Identifier: MIT */
/*
 * Orphans are reaped, and no child that the program waits for: as process 1 of a container, and
 * as a child subreaper.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/signals.h>

#include "harness/container-tools.h"

#define MANY 50
#define ROUNDS 40
/* Fewer on a busy machine: there are many processes, which must exit in time. */
#define ROUNDS_TIME 2000

/* For processes whose assertions Check does not see. */
#define NEED(truth)                                                                              \
	do {                                                                                     \
		if (!(truth)) {                                                                  \
			dprintf(STDERR_FILENO, "%s:%d: check failed: %s (errno %d)\n", __FILE__, \
				__LINE__, #truth, errno);                                        \
			_exit(1);                                                                \
		}                                                                                \
	} while (0)

/* Wait until the gate is closed, and exit. */
static void wait_at(const int gate[2])
{
	char byte;

	close(gate[1]);
	_exit(read(gate[0], &byte, 1) != 0);
}

static void make_gate(int gate[2])
{
	NEED(pipe2(gate, O_CLOEXEC) == 0);
}

static void open_gate(int gate[2])
{
	close(gate[0]);
	close(gate[1]);
}

/* Create children of this process that it has not forked, and return their pids. */
static void make_orphans(pid_t *pids, size_t count, const int gate[2])
{
	int ends[2];
	pid_t middle;

	NEED(pipe2(ends, O_CLOEXEC) == 0);
	middle = fork();
	if (middle == 0) {
		for (size_t i = 0; i < count; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				wait_at(gate);
		}
		NEED(write(ends[1], pids, count * sizeof *pids) > 0);
		_exit(0);
	}
	NEED(read(ends[0], pids, count * sizeof *pids) == (ssize_t)(count * sizeof *pids));
	NEED(waitpid(middle, NULL, 0) == middle);
	close(ends[0]);
	close(ends[1]);
}

static void await_end(pid_t child)
{
	siginfo_t info;

	NEED(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
}

static pid_t make_ended(int status)
{
	pid_t child = fork();

	if (child == 0)
		_exit(status);
	await_end(child);
	return child;
}

static bool is_there(pid_t pid)
{
	return kill(pid, 0) == 0;
}

static bool is_child(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void need_status(pid_t child, int wanted)
{
	int status = -1;

	NEED(waitpid(child, &status, 0) == child);
	NEED(WIFEXITED(status) && WEXITSTATUS(status) == wanted);
}

static struct daemonkit_signals *new_object(void)
{
	struct daemonkit_signals *signals = NULL;

	NEED(daemonkit_signals_new(&signals) == 0);
	return signals;
}

/* Dispatch signals until the process was reaped. */
static void dispatch_until_reaped(struct daemonkit_signals *signals, pid_t pid)
{
	while (is_there(pid)) {
		NEED(harness_wait_readable(daemonkit_signals_fd(signals), HARNESS_SOON));
		NEED(daemonkit_signals_dispatch(signals) == 0);
	}
}

static int is_one_of(pid_t child, void *data)
{
	const pid_t *own = data;

	while (*own != 0 && *own != child)
		own++;
	return *own != 0;
}

static int count_one(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	++*(int *)data;
	return 0;
}

/* The scenarios. Each runs in a process that adopts orphans, unless stated otherwise. */

static void all_at_once(void)
{
	struct daemonkit_signals *signals = new_object();
	pid_t orphans[MANY];
	int gate[2];

	make_gate(gate);
	make_orphans(orphans, MANY, gate);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	NEED(is_there(orphans[0]) && is_there(orphans[MANY - 1]));
	open_gate(gate);
	for (size_t i = 0; i < MANY; i++)
		dispatch_until_reaped(signals, orphans[i]);
	NEED(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	daemonkit_signals_free(signals);
}

static void ended_before(void)
{
	struct daemonkit_signals *signals = new_object();
	pid_t orphans[MANY];
	int gate[2];

	make_gate(gate);
	make_orphans(orphans, MANY, gate);
	open_gate(gate);
	for (size_t i = 0; i < MANY; i++)
		await_end(orphans[i]);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	for (size_t i = 0; i < MANY; i++)
		NEED(!is_there(orphans[i]));
	daemonkit_signals_free(signals);
}

/* Children that the program will wait for are before and among the orphans. */
static void own_children_stay(void)
{
	struct daemonkit_signals *signals = new_object();
	pid_t own[4] = { 0 }, orphans[2 * MANY];
	int gate[2];

	make_gate(gate);
	own[0] = make_ended(40);
	make_orphans(orphans, MANY, gate);
	own[1] = make_ended(41);
	make_orphans(orphans + MANY, MANY, gate);
	own[2] = make_ended(42);
	NEED(daemonkit_signals_reap_orphans(signals, is_one_of, own) == 0);
	open_gate(gate);
	for (size_t i = 0; i < 2 * MANY; i++)
		dispatch_until_reaped(signals, orphans[i]);
	NEED(daemonkit_signals_dispatch(signals) == 0);
	NEED(!harness_wait_readable(daemonkit_signals_fd(signals), 0));
	for (int i = 0; i < 3; i++)
		need_status(own[i], 40 + i);
	daemonkit_signals_free(signals);
}

struct children {
	pid_t running;
	pid_t own;
	int others;
};

static int is_own_exited(pid_t child, void *data)
{
	struct children *children = data;
	siginfo_t info = { .si_pid = 0 };

	NEED(child != children->running);
	NEED(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	NEED(info.si_pid == child);
	children->others += child != children->own;
	return child == children->own;
}

static void callback_gets_only_exited_children(void)
{
	struct daemonkit_signals *signals = new_object();
	struct children children = { 0, 0, 0 };
	int gate[2], other[2];
	pid_t orphan;

	make_gate(other);
	children.own = make_ended(42);
	children.running = fork();
	if (children.running == 0)
		wait_at(other);
	make_gate(gate);
	make_orphans(&orphan, 1, gate);
	NEED(daemonkit_signals_reap_orphans(signals, is_own_exited, &children) == 0);
	NEED(children.others == 0);
	open_gate(gate);
	dispatch_until_reaped(signals, orphan);
	NEED(children.others == 1);
	need_status(children.own, 42);
	NEED(waitpid(children.running, NULL, WNOHANG) == 0);
	open_gate(other);
	need_status(children.running, 0);
	daemonkit_signals_free(signals);
}

struct family {
	pid_t own;
	pid_t orphan;
	int calls;
};

static int wait_for_own(struct daemonkit_siginfo *info, void *data)
{
	struct family *family = data;

	(void)info;
	NEED(is_child(family->orphan));
	if (family->calls++ == 0)
		need_status(family->own, 42);
	return 0;
}

/* The library learns of the own child only from the handler, which is called first. */
static void the_handler_comes_first(void)
{
	struct daemonkit_signals *signals = new_object();
	struct family family = { 0, 0, 0 };
	int gate[2];

	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	NEED(daemonkit_signals_set_handler(signals, SIGCHLD, wait_for_own, &family) == 0);
	make_gate(gate);
	make_orphans(&family.orphan, 1, gate);
	open_gate(gate);
	await_end(family.orphan);
	family.own = make_ended(42);
	dispatch_until_reaped(signals, family.orphan);
	NEED(family.calls > 0);
	daemonkit_signals_free(signals);
}

static int is_own(pid_t child, void *data)
{
	(void)child;
	return *(int *)data;
}

static void callback_is_called_again_for_kept_child(void)
{
	struct daemonkit_signals *signals = new_object();
	int gate[2], own = 1;
	pid_t orphan;

	make_gate(gate);
	make_orphans(&orphan, 1, gate);
	open_gate(gate);
	await_end(orphan);
	NEED(daemonkit_signals_reap_orphans(signals, is_own, &own) == 0);
	NEED(daemonkit_signals_dispatch(signals) == 0 && is_child(orphan));
	NEED(daemonkit_signals_dispatch(signals) == 0 && is_child(orphan));
	own = 0;
	NEED(daemonkit_signals_dispatch(signals) == 0 && !is_there(orphan));
	daemonkit_signals_free(signals);
}

static void disposition(struct sigaction *action)
{
	NEED(sigaction(SIGCHLD, NULL, action) == 0);
}

static void set_disposition(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	NEED(sigaction(SIGCHLD, &action, NULL) == 0);
}

static void some_handler(int signal)
{
	(void)signal;
}

static void dispositions_stay(void)
{
	struct daemonkit_signals *signals = new_object(), *other = new_object();
	struct sigaction action;

	set_disposition(some_handler, 0);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == -EBUSY);
	disposition(&action);
	NEED(action.sa_handler == some_handler);
	set_disposition(SIG_IGN, 0);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	disposition(&action);
	NEED(action.sa_handler == SIG_IGN);
	set_disposition(SIG_DFL, SA_NOCLDWAIT);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	disposition(&action);
	NEED(action.sa_handler == SIG_DFL && (action.sa_flags & SA_NOCLDWAIT));
	set_disposition(SIG_DFL, 0);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	disposition(&action);
	NEED(action.sa_flags & SA_SIGINFO);
	NEED(daemonkit_signals_reap_orphans(other, NULL, NULL) == -EBUSY);
	daemonkit_signals_free(signals);
	disposition(&action);
	NEED(!(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL);
	daemonkit_signals_free(other);
}

static void a_removed_handler_changes_nothing(void)
{
	struct daemonkit_signals *signals = new_object();
	int calls = 0, gate[2];
	pid_t orphan;

	NEED(daemonkit_signals_set_handler(signals, SIGCHLD, count_one, &calls) == 0);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	NEED(daemonkit_signals_set_handler(signals, SIGCHLD, NULL, NULL) == 0);
	make_gate(gate);
	make_orphans(&orphan, 1, gate);
	open_gate(gate);
	dispatch_until_reaped(signals, orphan);
	NEED(calls == 0);
	daemonkit_signals_free(signals);
}

/* What a program does with its own children while orphans are reaped. */
static void use_children(void)
{
	int64_t end = harness_now() + ROUNDS_TIME;

	for (int round = 0; round < ROUNDS && (round == 0 || harness_now() < end); round++) {
		pid_t child = fork();
		FILE *stream;

		if (child == 0)
			_exit(round);
		await_end(child);
		need_status(child, round);
		stream = popen("exit 3", "re");
		NEED(stream != NULL);
		NEED(pclose(stream) == 3 << 8);
		NEED(system("exit 4") == 4 << 8);
	}
}

static atomic_int users;

static void *user(void *data)
{
	(void)data;
	use_children();
	atomic_fetch_sub(&users, 1);
	return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *data), void *data)
{
	NEED(pthread_create(thread, NULL, run, data) == 0);
}

/* An orphan that exits at once. */
static pid_t make_short_orphan(void)
{
	int gate[2];
	pid_t orphan;

	make_gate(gate);
	make_orphans(&orphan, 1, gate);
	open_gate(gate);
	return orphan;
}

static void children_of_other_threads_stay(void)
{
	struct daemonkit_signals *signals = new_object();
	pthread_t threads[2];

	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	atomic_store(&users, 2);
	for (size_t i = 0; i < 2; i++)
		start(&threads[i], user, NULL);
	while (atomic_load(&users) > 0)
		dispatch_until_reaped(signals, make_short_orphan());
	for (size_t i = 0; i < 2; i++)
		NEED(pthread_join(threads[i], NULL) == 0);
	daemonkit_signals_free(signals);
}

struct elsewhere {
	struct daemonkit_signals *signals;
	pthread_mutex_t mutex;
	pid_t own[2]; /* children of the main thread, and a 0 */
};

static int is_noted(pid_t child, void *data)
{
	struct elsewhere *elsewhere = data;
	int is;

	pthread_mutex_lock(&elsewhere->mutex);
	is = is_one_of(child, elsewhere->own);
	pthread_mutex_unlock(&elsewhere->mutex);
	return is;
}

/* It has its own child, which the filter does not know. */
static void *dispatcher(void *data)
{
	struct elsewhere *elsewhere = data;
	pid_t own = make_ended(43);

	NEED(daemonkit_signals_serve(elsewhere->signals) == 0);
	need_status(own, 43);
	return NULL;
}

static bool has_exited(void *pid)
{
	return !is_there(*(pid_t *)pid);
}

static void another_thread_may_dispatch(void)
{
	struct elsewhere elsewhere = { new_object(), PTHREAD_MUTEX_INITIALIZER, { 0, 0 } };
	pthread_t thread, other;

	NEED(daemonkit_signals_reap_orphans(elsewhere.signals, is_noted, &elsewhere) == 0);
	start(&thread, dispatcher, &elsewhere);
	atomic_store(&users, 1);
	start(&other, user, NULL);
	while (atomic_load(&users) > 0) {
		pid_t orphan;

		/* make_orphans() has a child, too, which only it may reap. */
		pthread_mutex_lock(&elsewhere.mutex);
		elsewhere.own[0] = 0;
		orphan = make_short_orphan();
		elsewhere.own[0] = make_ended(44);
		pthread_mutex_unlock(&elsewhere.mutex);
		NEED(harness_wait_until(has_exited, &orphan, HARNESS_SOON));
		need_status(elsewhere.own[0], 44);
	}
	NEED(pthread_join(other, NULL) == 0);
	kill(getpid(), SIGTERM);
	NEED(pthread_join(thread, NULL) == 0);
	daemonkit_signals_free(elsewhere.signals);
}

/* Without a list of children, an own child hides the orphans after it until it was reaped. */
static void without_a_list(void)
{
	struct daemonkit_signals *signals = new_object();
	pid_t own[2] = { 0 }, orphan;

	NEED(umount2("/proc", MNT_DETACH) == 0);
	own[0] = make_ended(42);
	orphan = make_short_orphan();
	await_end(orphan);
	NEED(daemonkit_signals_reap_orphans(signals, is_one_of, own) == 0);
	NEED(daemonkit_signals_dispatch(signals) == 0);
	need_status(own[0], 42);
	NEED(daemonkit_signals_dispatch(signals) == 0);
	NEED(!is_there(orphan));
	daemonkit_signals_free(signals);
}

/* This process does not adopt orphans. */
static void others_are_left_alone(void)
{
	struct daemonkit_signals *signals = new_object();
	struct sigaction action;
	int calls = 0;
	pid_t own;

	NEED(prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
	own = make_ended(42);
	NEED(daemonkit_signals_reap_orphans(signals, NULL, NULL) == 0);
	disposition(&action);
	NEED(!(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL);
	NEED(daemonkit_signals_set_handler(signals, SIGCHLD, count_one, &calls) == 0);
	NEED(kill(getpid(), SIGCHLD) == 0);
	NEED(daemonkit_signals_dispatch(signals) == 0);
	NEED(calls == 1);
	need_status(own, 42);
	daemonkit_signals_free(signals);
}

static void wrong_calls(void)
{
	struct daemonkit_signals *signals = new_object(), *volatile none = NULL;
	pid_t child;

	NEED(daemonkit_signals_reap_orphans(none, NULL, NULL) == -EINVAL);
	child = fork();
	if (child == 0)
		_exit(daemonkit_signals_reap_orphans(signals, NULL, NULL) != -ECHILD);
	need_status(child, 0);
	daemonkit_signals_free(signals);
}

static const struct scenario {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "all_at_once", all_at_once },
	{ "ended_before", ended_before },
	{ "the_handler_comes_first", the_handler_comes_first },
	{ "callback_is_called_again_for_kept_child", callback_is_called_again_for_kept_child },
	{ "dispositions_stay", dispositions_stay },
	{ "a_removed_handler_changes_nothing", a_removed_handler_changes_nothing },
	{ "wrong_calls", wrong_calls },
	/* Only on Linux: with lists of children, and threads with children. */
	{ "own_children_stay", own_children_stay },
	{ "callback_gets_only_exited_children", callback_gets_only_exited_children },
	{ "children_of_other_threads_stay", children_of_other_threads_stay },
	{ "another_thread_may_dispatch", another_thread_may_dispatch },
};

#define SCENARIOS (sizeof scenarios / sizeof *scenarios)
#define PORTABLE 7

static int scenario_main(int argc, char *argv[])
{
	(void)argc;
	if (getpid() != 1)
		NEED(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	if (strcmp(argv[1], "without_a_list") == 0)
		without_a_list();
	else if (strcmp(argv[1], "others_are_left_alone") == 0)
		others_are_left_alone();
	for (size_t i = 0; i < SCENARIOS; i++)
		if (strcmp(argv[1], scenarios[i].name) == 0)
			scenarios[i].run();
	return 0;
}

static void run_in_container(const char *name)
{
	struct container container = container_start("scenario", name, NULL);

	ck_assert_msg(container_end(&container) == 0, "%s fails", name);
}

static void run_here(const char *name)
{
	struct harness_result result = harness_run_helper("scenario", name, NULL);

	ck_assert_msg(result.status == 0, "%s: %s", name, result.error);
}

START_TEST(process_1_reaps_orphans)
{
	run_in_container(scenarios[_i].name);
}
END_TEST

START_TEST(subreaper_reaps_orphans)
{
	harness_need_kernel("PR_SET_CHILD_SUBREAPER");
	run_here(scenarios[_i].name);
}
END_TEST

START_TEST(process_1_reaps_orphans_without_list_of_children)
{
	run_in_container("without_a_list");
}
END_TEST

START_TEST(other_process_reaps_no_orphans)
{
	harness_need_kernel("PR_SET_CHILD_SUBREAPER");
	run_here("others_are_left_alone");
}
END_TEST

int main(int argc, char *argv[])
{
	static const struct harness_helper helpers[] = {
		CONTAINER_HELPERS,
		{ "scenario", scenario_main },
		{ NULL, NULL },
	};
	Suite *suite = suite_create("orphans");
	TCase *orphans = harness_case(suite, "orphans");
	int count = harness_has_linux_api() ? (int)SCENARIOS : PORTABLE;

	/* A helper adds no tests, and may be unable to create containers. */
	if (argc == 1 && container_is_possible()) {
		tcase_add_loop_test(orphans, process_1_reaps_orphans, 0, count);
		tcase_add_test(orphans, process_1_reaps_orphans_without_list_of_children);
	}
	if (harness_has_linux_api())
		tcase_add_loop_test(orphans, subreaper_reaps_orphans, 0, count);
	tcase_add_test(orphans, other_process_reaps_no_orphans);
	return harness_main(argc, argv, suite, helpers);
}
