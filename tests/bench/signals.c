/* SPDX-License-Identifier: MIT */
/*
 * The cost of a signal from sigqueue(3) to the handler, compared with other libraries. The
 * loops with signalfd and with a pipe are written by hand, as a minimum.
 */
#include "bench.h"

#include <daemonkit/daemonkit.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUND_TRIPS 1000
#define QUEUED 10000
#define FLOOD 20000

static int handled, in_order, wanted;
static const struct bench_way *lossy;
static pid_t self;

bool bench_signal_handled(int value, pid_t sender)
{
	in_order += value == handled && sender == self;
	return ++handled >= wanted;
}

/* ---- daemonkit ---- */

static struct daemonkit_signals *signals;

static int handle_signal(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	return bench_signal_handled(daemonkit_siginfo_value(info), daemonkit_siginfo_pid(info))
		       ? DAEMONKIT_SIGNALS_STOP
		       : 0;
}

static void open_daemonkit(void)
{
	bench_must(daemonkit_signals_new(&signals), "signals");
	bench_must(daemonkit_signals_set_handler(signals, SIGRTMIN, handle_signal, NULL),
		   "signals");
}

static void dispatch_daemonkit(int timeout)
{
	struct pollfd ready = { .fd = daemonkit_signals_fd(signals), .events = POLLIN };

	if (poll(&ready, 1, timeout) == 1)
		bench_must(daemonkit_signals_dispatch(signals), "dispatch");
}

static void serve_daemonkit(int timeout)
{
	(void)timeout;
	bench_must(daemonkit_signals_serve(signals), "serve");
}

static void close_daemonkit(void)
{
	signals = daemonkit_signals_free(signals);
}

static const struct bench_loop daemonkit_dispatch = {
	open_daemonkit,
	dispatch_daemonkit,
	close_daemonkit,
};
static const struct bench_loop daemonkit_serve = {
	open_daemonkit,
	serve_daemonkit,
	close_daemonkit,
};

/* ---- signalfd ---- */

static int fd;

static void block(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(how, &set, NULL);
}

static void open_signalfd(void)
{
	sigset_t set;

	block(SIG_BLOCK);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	bench_must(fd, "signalfd");
}

static void wait_for_signalfd(int timeout)
{
	struct signalfd_siginfo info[64];
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t length;

	if (poll(&ready, 1, timeout) != 1)
		return;
	length = read(fd, info, sizeof info);
	for (ssize_t i = 0; i < length / (ssize_t)sizeof *info; i++)
		bench_signal_handled(info[i].ssi_int, (pid_t)info[i].ssi_pid);
}

static void close_signalfd(void)
{
	close(fd);
	signal(SIGRTMIN, SIG_IGN); /* drops pending signals */
	block(SIG_UNBLOCK);
	signal(SIGRTMIN, SIG_DFL);
}

static const struct bench_loop with_signalfd = { open_signalfd, wait_for_signalfd, close_signalfd };

/* ---- self-pipe ---- */

struct record {
	int number;
	int value;
	pid_t pid;
	uid_t uid;
};

static int ends[2];

static void write_record(int number, siginfo_t *info, void *context)
{
	struct record record = { number, info->si_value.sival_int, info->si_pid, info->si_uid };
	int saved = errno;
	ssize_t length = write(ends[1], &record, sizeof record);

	(void)context;
	(void)length;
	errno = saved;
}

static void open_self_pipe(void)
{
	struct sigaction action = { .sa_sigaction = write_record,
				    .sa_flags = SA_SIGINFO | SA_RESTART };

	bench_must(pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2");
	bench_must(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20), "F_SETPIPE_SZ");
	sigfillset(&action.sa_mask);
	sigaction(SIGRTMIN, &action, NULL);
}

static void wait_for_self_pipe(int timeout)
{
	struct record records[256];
	struct pollfd ready = { .fd = ends[0], .events = POLLIN };
	ssize_t length;

	if (poll(&ready, 1, timeout) != 1)
		return;
	length = read(ends[0], records, sizeof records);
	for (ssize_t i = 0; i < length / (ssize_t)sizeof *records; i++)
		bench_signal_handled(records[i].value, records[i].pid);
}

static void close_self_pipe(void)
{
	signal(SIGRTMIN, SIG_DFL);
	close(ends[0]);
	close(ends[1]);
}

static const struct bench_loop self_pipe = { open_self_pipe, wait_for_self_pipe, close_self_pipe };

/* ---- measurements ---- */

static void begin(void)
{
	self = getpid();
	handled = in_order = wanted = 0;
	bench_current->loop->open();
}

static double end(double since, int count)
{
	double result = (bench_now() - since) / count;

	bench_current->loop->close();
	return result;
}

static void run_until_handled(int count)
{
	wanted = count;
	while (handled < wanted)
		bench_current->loop->run(-1);
}

/* Print it once for each way and measurement. */
static void note_losses(int count, int sent)
{
	if (count < sent && bench_current != lossy)
		printf("  (%s handles only %d of %d)\n", bench_current->name, count, sent);
	if (count < sent)
		lossy = bench_current;
}

static void queue_signal(pid_t pid, int value)
{
	while (sigqueue(pid, SIGRTMIN, (union sigval){ .sival_int = value }) < 0) {
		if (errno != EAGAIN)
			exit(1);
		sched_yield();
	}
}

/* One signal at a time, each handled before the next is sent. */
static double round_trip(void)
{
	double since;

	begin();
	since = bench_now();
	for (int i = 0; i < ROUND_TRIPS; i++) {
		queue_signal(self, i);
		run_until_handled(i + 1);
	}
	return end(since, ROUND_TRIPS);
}

/* Send all before the first one is handled. */
static double queued(void)
{
	double since, result;
	int before;

	begin();
	since = bench_now();
	for (int i = 0; i < QUEUED; i++)
		queue_signal(self, i);
	wanted = QUEUED;
	do {
		before = handled;
		bench_current->loop->run(0);
	} while (handled > before && handled < wanted);
	result = end(since, QUEUED);
	note_losses(bench_current->loop->counts_only ? handled : in_order, QUEUED);
	return result;
}

/*
 * Send as fast as possible. Then send one signal each millisecond until killed, so that a loop
 * that has lost some does not wait for ever.
 */
static pid_t start_sender(atomic_bool *all_sent)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	pid_t receiver = getpid();
	pid_t sender = fork();

	bench_must(sender, "fork");
	if (sender > 0)
		return sender;
	for (int i = 0; i < FLOOD; i++)
		queue_signal(receiver, i);
	atomic_store(all_sent, true);
	for (;;) {
		nanosleep(&pause, NULL);
		queue_signal(receiver, 0);
	}
}

/* Another process sends as fast as possible. */
static double flood(void)
{
	static atomic_bool *all_sent;
	int before = 0;
	double since, result;
	pid_t sender;

	if (all_sent == NULL)
		all_sent = mmap(NULL, sizeof *all_sent, PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	atomic_store(all_sent, false);
	begin();
	wanted = FLOOD;
	since = bench_now();
	sender = start_sender(all_sent);
	while (handled < wanted) {
		bool last = atomic_load(all_sent);

		before = handled;
		bench_current->loop->run(last ? 0 : -1);
		if (last && handled == before)
			break;
	}
	result = bench_now() - since;
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	end(since, FLOOD);
	note_losses(handled, FLOOD);
	return result / FLOOD;
}

void bench_signals_once(void)
{
	const struct bench_way way = { "daemonkit", round_trip, &daemonkit_dispatch };

	bench_current = &way;
	way.once();
}

void bench_signals(void)
{
	struct bench_way ways[] = {
		{ "signalfd, 64 at a time", NULL, &with_signalfd },
		{ "a self-pipe of 16 bytes", NULL, &self_pipe },
		{ "daemonkit, dispatch()", NULL, &daemonkit_dispatch },
		{ "daemonkit, serve()", NULL, &daemonkit_serve },
		{ "libevent", NULL, &peer_libevent },
		{ "libuv", NULL, &peer_libuv },
	};
	static const struct {
		const char *title;
		double (*once)(void);
		size_t repetitions;
	} measures[] = {
		{ "a signal sent and handled, each by itself", round_trip, 100 },
		{ "10000 signals queued, then handled, each", queued, 30 },
		{ "a flood of 20000 from another process, each", flood, 20 },
	};
	const size_t count = sizeof ways / sizeof *ways;

	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
		for (size_t way = 0; way < count; way++)
			ways[way].once = ways[way].loop != NULL ? measures[i].once : NULL;
		lossy = NULL;
		bench_compare(measures[i].title, ways, count, measures[i].repetitions);
	}
}
