/* SPDX-License-Identifier: MIT */
/* Signals with threads, in forked children, and in executed programs. */
#include "harness/signals-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/signals.h>

#include "signals/signals-internal.h"

/* The capacity of the pipe: 1 MiB of records, or 64 KiB without the Linux interfaces. */
#define MANY (harness_has_linux_api() ? 10000 : 1500)
#define THREADS 4

/* Check does not see assertions in a child: the line number is the exit code. */
#define NEED(truth)                                \
	do {                                       \
		if (!(truth))                      \
			_exit(1 + __LINE__ % 250); \
	} while (0)

static int count_one(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	++*(int *)data;
	return 0;
}

static int end_of(pid_t child)
{
	int status;

	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	return status;
}

static void block_all(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
}

/* Threads */

struct sequence {
	int next;
	int end;
};

static int take_next(struct daemonkit_siginfo *info, void *data)
{
	struct sequence *sequence = data;

	ck_assert_int_eq(daemonkit_siginfo_value(info), sequence->next);
	sequence->next++;
	return sequence->next == sequence->end ? DAEMONKIT_SIGNALS_STOP : 0;
}

static void *wait_for_end(void *data)
{
	char byte;

	ck_assert_int_eq(read(*(int *)data, &byte, 1), 0);
	return NULL;
}

/* A thread that receives signals. */
struct target {
	pthread_t thread;
	const int *ends;
	atomic_int id; /* the kernel's thread id */
};

static void *be_target(void *data)
{
	struct target *target = data;
	char byte;

	atomic_store(&target->id, (int)syscall(SYS_gettid));
	ck_assert_int_eq(read(target->ends[0], &byte, 1), 0);
	return NULL;
}

static void make_targets(struct target targets[static THREADS], const int ends[2])
{
	for (int i = 0; i < THREADS; i++) {
		targets[i].ends = ends;
		atomic_init(&targets[i].id, 0);
		ck_assert_int_eq(pthread_create(&targets[i].thread, NULL, be_target, &targets[i]),
				 0);
	}
}

/* pthread_sigqueue(3), which some C libraries lack; retried while the queue is full. */
static int queue(struct target *target, int number, int value)
{
	siginfo_t info;
	int result;

	while (atomic_load(&target->id) == 0)
		poll(NULL, 0, 1);
	memset(&info, 0, sizeof info);
	info.si_signo = number;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = value;
	do {
		result = (int)syscall(SYS_rt_tgsigqueueinfo, getpid(), atomic_load(&target->id),
				      number, &info);
	} while (result < 0 && errno == EAGAIN && sched_yield() == 0);
	return result;
}

/* The value contains the thread number; the values of each thread must arrive in order. */
struct by_thread {
	int next[2 * THREADS];
	int count;
};

static int take_by_thread(struct daemonkit_siginfo *info, void *data)
{
	struct by_thread *by_thread = data;
	int thread = daemonkit_siginfo_value(info) / MANY;

	ck_assert_int_eq(daemonkit_siginfo_value(info) % MANY, by_thread->next[thread]);
	ck_assert_int_eq(daemonkit_siginfo_pid(info), getpid());
	by_thread->next[thread]++;
	by_thread->count++;
	return 0;
}

START_TEST(threads_receive_signals_whenever_started)
{
	struct daemonkit_signals *signals;
	struct by_thread by_thread = { .count = 0 };
	struct target targets[2 * THREADS];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	make_targets(targets, ends);
	signals = new_object();
	handle(signals, SIGRTMIN, take_by_thread, &by_thread);
	make_targets(targets + THREADS, ends);
	for (int i = 0; i < 200 * THREADS; i++) {
		int thread = i % (2 * THREADS), value = thread * MANY + i / (2 * THREADS);

		ck_assert_int_eq(queue(&targets[thread], SIGRTMIN, value), 0);
	}
	while (by_thread.count < 200 * THREADS) {
		ck_assert(harness_wait_readable(daemonkit_signals_fd(signals), HARNESS_SOON));
		ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	}
	close(ends[1]);
	for (int i = 0; i < 2 * THREADS; i++)
		ck_assert_int_eq(pthread_join(targets[i].thread, NULL), 0);
	close(ends[0]);
	daemonkit_signals_free(signals);
}
END_TEST

/* Signals that are blocked in all threads keep their order: only serve unblocks them. */
START_TEST(blocked_signals_keep_order_with_threads)
{
	struct daemonkit_signals *signals;
	struct sequence sequence = { .end = MANY };
	pthread_t threads[THREADS];
	pid_t parent = getpid(), sender;
	int ends[2];

	block_all();
	ck_assert_int_eq(pipe(ends), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, wait_for_end, ends), 0);
	signals = new_object();
	handle(signals, SIGRTMIN, take_next, &sequence);
	sender = fork();
	if (sender == 0) {
		for (int i = 0; i < MANY; i++)
			queue_one(parent, SIGRTMIN, i);
		_exit(0);
	}
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	ck_assert_int_eq(sequence.next, MANY);
	ck_assert_int_eq(end_of(sender), 0);
	close(ends[1]);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	close(ends[0]);
	daemonkit_signals_free(signals);
}
END_TEST

struct server {
	struct daemonkit_signals *signals;
	struct sequence sequence;
	int result;
};

static void *serve(void *data)
{
	struct server *server = data;

	server->result = daemonkit_signals_serve(server->signals);
	return NULL;
}

START_TEST(two_objects_in_two_threads)
{
	struct server servers[2];
	pthread_t threads[2];
	pid_t parent = getpid(), sender;

	block_all();
	for (int i = 0; i < 2; i++) {
		servers[i] = (struct server){ .signals = new_object(),
					      .sequence = { .end = MANY } };
		handle(servers[i].signals, SIGRTMIN + i, take_next, &servers[i].sequence);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, serve, &servers[i]), 0);
	}
	sender = fork();
	if (sender == 0) {
		for (int i = 0; i < 2 * MANY; i++)
			queue_one(parent, SIGRTMIN + i % 2, i / 2);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		ck_assert_int_eq(servers[i].result, 0);
		ck_assert_int_eq(servers[i].sequence.next, MANY);
		daemonkit_signals_free(servers[i].signals);
	}
	ck_assert_int_eq(end_of(sender), 0);
}
END_TEST

/* Threads that send signals to the process, its main thread and themselves until told to stop. */
struct storm {
	atomic_bool over;
	pthread_t main;
	pthread_t threads[THREADS];
};

static void *send_all_the_time(void *data)
{
	struct storm *storm = data;

	while (!atomic_load(&storm->over)) {
		kill(getpid(), SIGUSR1);
		pthread_kill(storm->main, SIGUSR1);
		raise(SIGUSR1);
		sched_yield();
	}
	return NULL;
}

static void begin_storm(struct storm *storm)
{
	signal(SIGUSR1, SIG_IGN);
	atomic_store(&storm->over, false);
	storm->main = pthread_self();
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&storm->threads[i], NULL, send_all_the_time, storm),
				 0);
}

static void end_storm(struct storm *storm)
{
	atomic_store(&storm->over, true);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(storm->threads[i], NULL), 0);
}

START_TEST(free_while_many_signals_arrive)
{
	struct storm storm;
	int count = 0;

	harness_need_kernel("sigaction(2) in one step, while other threads receive signals");
	begin_storm(&storm);
	for (int i = 0; i < 500; i++) {
		struct daemonkit_signals *signals = new_object();
		int before = count;

		handle(signals, SIGUSR1, count_one, &count);
		while (i % 10 == 0 && count == before)
			ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
		if (i % 3 == 0)
			handle(signals, SIGUSR1, NULL, NULL);
		daemonkit_signals_free(signals);
	}
	end_storm(&storm);
	ck_assert_ptr_eq(signal(SIGUSR1, SIG_DFL), SIG_IGN);
}
END_TEST

/* All of them fit into the pipe. */
#define RAISES (harness_has_linux_api() ? 8000 : 500)

static void *raise_many(void *data)
{
	(void)data;
	/* Each one is handled before the next is sent, so that none can be merged. */
	for (int i = 0; i < RAISES; i++)
		raise(SIGUSR1);
	return NULL;
}

START_TEST(no_signal_is_lost_while_many_arrive)
{
	struct daemonkit_signals *signals = new_object();
	pthread_t threads[THREADS];
	int count = 0;

	handle(signals, SIGUSR1, count_one, &count);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, raise_many, NULL), 0);
	while (count < THREADS * RAISES) {
		ck_assert(harness_wait_readable(daemonkit_signals_fd(signals), HARNESS_SOON));
		ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	}
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, THREADS * RAISES);
	daemonkit_signals_free(signals);
}
END_TEST

struct victim {
	atomic_bool runs;
	atomic_bool signalled;
	atomic_bool survived;
};

/* Contains no cancellation point, unless the signal handler has one. */
static void *be_cancelled_later(void *data)
{
	struct victim *victim = data;

	atomic_store(&victim->runs, true);
	while (!atomic_load(&victim->signalled))
		;
	atomic_store(&victim->survived, true);
	pthread_testcancel();
	return NULL;
}

START_TEST(thread_is_not_cancelled_in_signal_handler)
{
	struct daemonkit_signals *signals = new_object();
	struct victim victim = { false, false, false };
	pthread_t thread;
	int count = 0;
	void *result;

	handle(signals, SIGUSR1, count_one, &count);
	ck_assert_int_eq(pthread_create(&thread, NULL, be_cancelled_later, &victim), 0);
	while (!atomic_load(&victim.runs))
		sched_yield();
	ck_assert_int_eq(pthread_cancel(thread), 0);
	ck_assert_int_eq(pthread_kill(thread, SIGUSR1), 0);
	ck_assert(harness_wait_readable(daemonkit_signals_fd(signals), HARNESS_SOON));
	atomic_store(&victim.signalled, true);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert(atomic_load(&victim.survived));
	ck_assert_ptr_eq(result, PTHREAD_CANCELED);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 1);
	daemonkit_signals_free(signals);
}
END_TEST

/* Forked children */

START_TEST(signal_has_default_effect_in_child)
{
	const int numbers[] = { SIGUSR1, SIGTERM, SIGRTMIN + 3, SIGINT };
	struct daemonkit_signals *signals = new_object();
	int number = numbers[_i], count = 0, status;
	pid_t child;

	handle(signals, number, count_one, &count);
	child = fork();
	if (child == 0)
		_exit(raise(number));
	status = end_of(child);
	ck_assert_msg(WIFSIGNALED(status), "the child still has the handler");
	ck_assert_int_eq(WTERMSIG(status), number);
	ck_assert(!is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_msg(count == 0, "the parent received the signal of the child");
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(default_effect_in_child_may_be_ignore_or_stop)
{
	struct daemonkit_signals *signals = new_object();
	int count = 0, status;
	pid_t child;

	/* Not under valgrind, which does not stop on SIGTSTP. */
	handle(signals, SIGWINCH, count_one, &count);
	handle(signals, SIGTSTP, count_one, &count);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		errno = ENOTTY;
		NEED(raise(SIGWINCH) == 0);
		NEED(errno == ENOTTY);
		/* An orphaned process group cannot be stopped; the parent is in another group. */
		NEED(raise(SIGTSTP) == 0);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(kill(child, SIGCONT), 0);
	ck_assert_int_eq(end_of(child), 0);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 0);
	daemonkit_signals_free(signals);
}
END_TEST

/* It shares the memory of the parent, which must not notice its exit in a handler. */
START_TEST(signal_has_default_effect_in_vfork_child)
{
	struct daemonkit_signals *signals = new_object();
	int count = 0, status;
	pid_t child;

	handle(signals, SIGUSR1, count_one, &count);
	child = vfork();
	if (child == 0) {
		kill(getpid(), SIGUSR1);
		_exit(0);
	}
	status = end_of(child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGUSR1);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 0);
	raise(SIGUSR1);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 1);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(child_cannot_read_signals_of_parent)
{
	struct daemonkit_signals *signals = new_object();
	int count = 0;
	pid_t child;

	handle(signals, SIGUSR1, count_one, &count);
	raise(SIGUSR1);
	child = fork();
	if (child == 0) {
		NEED(daemonkit_signals_dispatch(signals) == -ECHILD);
		NEED(daemonkit_signals_serve(signals) == -ECHILD);
		NEED(daemonkit_signals_set_handler(signals, SIGUSR1, NULL, NULL) == -ECHILD);
		NEED(daemonkit_signals_set_handler(signals, SIGHUP, count_one, &count) == -ECHILD);
		_exit(count);
	}
	ck_assert_int_eq(end_of(child), 0);
	ck_assert(is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 1);
	daemonkit_signals_free(signals);
}
END_TEST

static void be_a_child_with_an_object(struct daemonkit_signals *parents)
{
	struct daemonkit_signals *signals;
	int count = 0;

	NEED(daemonkit_signals_new(&signals) == 0);
	NEED(daemonkit_signals_set_handler(signals, SIGUSR1, count_one, &count) == 0);
	NEED(raise(SIGUSR1) == 0);
	NEED(daemonkit_signals_dispatch(signals) == 0);
	NEED(count == 1);
	NEED(daemonkit_signals_dispatch(parents) == -ECHILD);
	NEED(raise(SIGTERM) == 0);
	NEED(daemonkit_signals_serve(signals) == 0);
	/* Other signals of the parent have their default effect. */
	NEED(signal(SIGUSR2, SIG_DFL) == SIG_DFL);
	daemonkit_signals_free(parents);
	NEED(raise(SIGUSR1) == 0);
	NEED(daemonkit_signals_dispatch(signals) == 0);
	NEED(count == 2);
	daemonkit_signals_free(signals);
	NEED(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
	_exit(0);
}

START_TEST(child_can_have_its_own_object)
{
	struct daemonkit_signals *signals = new_object();
	int count = 0;
	pid_t child;

	handle(signals, SIGUSR1, count_one, &count);
	handle(signals, SIGUSR2, count_one, &count);
	child = fork();
	if (child == 0)
		be_a_child_with_an_object(signals);
	ck_assert_int_eq(end_of(child), 0);
	ck_assert(!is_readable(signals));
	raise(SIGUSR1);
	raise(SIGUSR2);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 2);
	daemonkit_signals_free(signals);
}
END_TEST

static void *make_and_free(void *data)
{
	struct storm *storm = data;
	struct daemonkit_signals *signals;

	while (!atomic_load(&storm->over)) {
		if (daemonkit_signals_new(&signals) == 0)
			daemonkit_signals_free(signals);
	}
	return NULL;
}

/* The child lacks the other threads; their locks and counters must not block it. */
START_TEST(fork_while_many_signals_arrive)
{
	struct daemonkit_signals *signals;
	struct storm storm;
	pthread_t maker;
	int count = 0;

	begin_storm(&storm);
	signals = new_object();
	handle(signals, SIGUSR1, count_one, &count);
	ck_assert_int_eq(pthread_create(&maker, NULL, make_and_free, &storm), 0);
	for (int i = 0; i < 50; i++) {
		pid_t child = fork();

		if (child == 0)
			be_a_child_with_an_object(signals);
		ck_assert_int_eq(end_of(child), 0);
		ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	}
	ck_assert_int_gt(count, 0);
	end_storm(&storm);
	ck_assert_int_eq(pthread_join(maker, NULL), 0);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(free_in_child_restores_only_there)
{
	struct daemonkit_signals *signals, *other;
	int count = 0;
	pid_t child;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signals = new_object();
	other = new_object();
	handle(signals, SIGUSR1, count_one, &count);
	handle(other, SIGUSR2, count_one, &count);
	child = fork();
	if (child == 0) {
		daemonkit_signals_free(signals);
		NEED(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
		raise(SIGUSR2);
		_exit(0);
	}
	ck_assert_int_eq(end_of(child), SIGUSR2);
	raise(SIGUSR1);
	ck_assert(is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 1);
	daemonkit_signals_free(signals);
	daemonkit_signals_free(other);
}
END_TEST

/* The forked daemon */

static void be_the_daemon(struct daemonkit_signals *signals, struct daemonkit_signals *bare,
			  int *count, pid_t launcher)
{
	int fd = daemonkit_signals_fd(signals);
	sigset_t none;

	NEED(signals_adopt_from(launcher) == 0);
	NEED(daemonkit_signals_fd(signals) == fd);
	NEED((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	NEED(!is_readable(signals));
	raise(SIGUSR1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	NEED(is_readable(signals));
	NEED(daemonkit_signals_dispatch(signals) == 0);
	NEED(*count == 1);
	NEED(daemonkit_signals_set_handler(bare, SIGUSR2, count_one, count) == 0);
	raise(SIGUSR2);
	NEED(daemonkit_signals_dispatch(bare) == 0);
	NEED(*count == 2);
	daemonkit_signals_free(signals);
	daemonkit_signals_free(bare);
	_exit(0);
}

START_TEST(a_forked_daemon_adopts_the_objects)
{
	struct daemonkit_signals *signals = new_object(), *bare = new_object();
	pid_t launcher = getpid(), child;
	int count = 0;
	sigset_t none;

	handle(signals, SIGUSR1, count_one, &count);
	raise(SIGUSR1);
	block_all();
	child = fork();
	if (child == 0)
		be_the_daemon(signals, bare, &count, launcher);
	ck_assert_int_eq(end_of(child), 0);
	sigemptyset(&none);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &none, NULL), 0);
	raise(SIGUSR1);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(count, 2);
	daemonkit_signals_free(signals);
	daemonkit_signals_free(bare);
}
END_TEST

START_TEST(forked_daemon_adopts_only_objects_of_launcher)
{
	struct daemonkit_signals *signals = new_object();
	int count = 0, status = -1;
	pid_t child;

	handle(signals, SIGUSR1, count_one, &count);
	child = fork();
	if (child == 0) {
		pid_t launcher = getpid(), daemon = fork();

		if (daemon == 0) {
			NEED(signals_adopt_from(launcher) == 0);
			NEED(daemonkit_signals_dispatch(signals) == -ECHILD);
			raise(SIGUSR1);
			_exit(0);
		}
		NEED(waitpid(daemon, &status, 0) == daemon);
		_exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1 ? 0 : 1);
	}
	ck_assert_int_eq(end_of(child), 0);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(all_descriptors_are_listed)
{
	struct daemonkit_signals *one = new_object(), *two = new_object();
	bool found = false;
	int fds[4];

	fds[1] = -2;
	ck_assert_uint_eq(signals_descriptors(fds, 1), 4);
	ck_assert_int_eq(fds[1], -2);
	ck_assert_uint_eq(signals_descriptors(fds, 4), 4);
	for (int i = 0; i < 4; i++) {
		int flags = fcntl(fds[i], F_GETFD);

		ck_assert_int_ge(flags, 0);
		ck_assert_int_ne(flags & FD_CLOEXEC, 0);
		ck_assert_int_gt(fds[i], 2);
		found |= fds[i] == daemonkit_signals_fd(one);
	}
	ck_assert(found);
	daemonkit_signals_free(one);
	ck_assert_uint_eq(signals_descriptors(NULL, 0), 2);
	daemonkit_signals_free(two);
	ck_assert_uint_eq(signals_descriptors(NULL, 0), 0);
}
END_TEST

/* Programs */

#define SHOW "sed", "-n", "/^Sig/p", "/proc/self/status"

static const char *by_exec(const char *path)
{
	pid_t child = fork();

	if (child == 0) {
		int fd = open(path, O_WRONLY | O_CREAT, 0600);

		NEED(fd >= 0 && dup2(fd, 1) == 1);
		execlp("sed", SHOW, NULL);
		_exit(1);
	}
	ck_assert_int_eq(end_of(child), 0);
	return path;
}

static const char *by_posix_spawn(const char *path)
{
	char words[][32] = { SHOW };
	char *argv[] = { words[0], words[1], words[2], words[3], NULL };
	posix_spawn_file_actions_t actions;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(posix_spawnp(&child, "sed", &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	ck_assert_int_eq(end_of(child), 0);
	return path;
}

static const char *by_system(const char *path)
{
	char command[1024];

	snprintf(command, sizeof command, "sed -n /^Sig/p /proc/self/status >%s", path);
	ck_assert_int_eq(system(command), 0);
	return path;
}

static const char *by_popen(const char *path)
{
	FILE *output = popen("sed -n /^Sig/p /proc/self/status", "r");
	char text[1024];
	size_t length;

	ck_assert_ptr_nonnull(output);
	length = fread(text, 1, sizeof text - 1, output);
	text[length] = '\0';
	ck_assert_int_eq(pclose(output), 0);
	harness_write_file(path, text);
	return path;
}

static unsigned long long set_named(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	ck_assert_msg(line != NULL, "%s", text);
	/* Signals 32 and 33 belong to the C library. */
	return strtoull(line + strlen(name), NULL, 16) & ~(3ULL << 31);
}

static int start_programs(struct daemonkit_siginfo *info, void *data)
{
	static const char *(*const ways[])(const char *path) = { by_exec, by_posix_spawn, by_system,
								 by_popen };
	const char *text = harness_read_file(ways[*(int *)data](harness_path("status")));

	(void)info;
	ck_assert_uint_eq(set_named(text, "SigBlk:"), 0);
	ck_assert_uint_eq(set_named(text, "SigIgn:"), 0);
	ck_assert_uint_eq(set_named(text, "SigCgt:"), 0);
	return DAEMONKIT_SIGNALS_STOP;
}

/*
 * In go-daemon mask and dispositions change. Here only serve changes the mask, and only for its
 * signals.
 */
START_TEST(executed_programs_have_default_dispositions)
{
	struct daemonkit_signals *signals = new_object();
	int count = 0;

	harness_need_kernel("dispositions in /proc");
	for (int number = 1; number <= SIGRTMAX; number++) {
		/* The exits of the programs need not be handled here. */
		if (number != SIGUSR1 && number != SIGCHLD)
			daemonkit_signals_set_handler(signals, number, count_one, &count);
	}
	handle(signals, SIGUSR1, start_programs, &_i);
	raise(SIGUSR1);
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	daemonkit_signals_free(signals);
}
END_TEST

static void add_threads(Suite *suite)
{
	TCase *threads = harness_case(suite, "threads");

	tcase_add_test(threads, threads_receive_signals_whenever_started);
	tcase_add_test(threads, blocked_signals_keep_order_with_threads);
	tcase_add_test(threads, two_objects_in_two_threads);
	tcase_add_test(threads, free_while_many_signals_arrive);
	tcase_add_test(threads, no_signal_is_lost_while_many_arrive);
	tcase_add_test(threads, thread_is_not_cancelled_in_signal_handler);
}

static void add_children(Suite *suite)
{
	TCase *children = harness_case(suite, "children");

	tcase_add_loop_test(children, signal_has_default_effect_in_child, 0, 4);
	if (!harness_is_under_valgrind())
		tcase_add_test(children, default_effect_in_child_may_be_ignore_or_stop);
	tcase_add_test(children, signal_has_default_effect_in_vfork_child);
	tcase_add_test(children, child_cannot_read_signals_of_parent);
	tcase_add_test(children, child_can_have_its_own_object);
	tcase_add_test(children, fork_while_many_signals_arrive);
	tcase_add_test(children, free_in_child_restores_only_there);
}

static void add_daemons_and_programs(Suite *suite)
{
	TCase *daemons = harness_case(suite, "forked daemon");
	TCase *programs = harness_case(suite, "programs");

	tcase_add_test(daemons, a_forked_daemon_adopts_the_objects);
	tcase_add_test(daemons, forked_daemon_adopts_only_objects_of_launcher);
	tcase_add_test(daemons, all_descriptors_are_listed);
	tcase_add_loop_test(programs, executed_programs_have_default_dispositions, 0, 4);
}

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("signals-processes");

	add_threads(suite);
	add_children(suite);
	add_daemons_and_programs(suite);
	return harness_main(argc, argv, suite, NULL);
}
