/* SPDX-License-Identifier: MIT */
/*
 * The cost of a signal from sigqueue(3) to the handler. "signals idle NAME" waits for signals
 * with one of the loops, for ever.
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

/* ---- sigwaitinfo ---- */

static void open_sigwaitinfo(void)
{
	block(SIG_BLOCK);
}

static void wait_for_signal(int timeout)
{
	const struct timespec none = { 0 };
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	if ((timeout < 0 ? sigwaitinfo(&set, &info) : sigtimedwait(&set, &info, &none)) > 0)
		bench_signal_handled(info.si_value.sival_int, info.si_pid);
}

static void close_sigwaitinfo(void)
{
	signal(SIGRTMIN, SIG_IGN); /* drops pending signals */
	block(SIG_UNBLOCK);
	signal(SIGRTMIN, SIG_DFL);
}

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

/* ---- all loops ---- */

static const struct bench_loop loops[] = {
	{ BENCH_FLOOR, "signalfd, 64 at a time", "an unblocked signal in executed programs",
	  open_signalfd, wait_for_signalfd, close_signalfd, false },
	{ BENCH_FLOOR, "sigwaitinfo", "other descriptors", open_sigwaitinfo, wait_for_signal,
	  close_sigwaitinfo, false },
	{ BENCH_FLOOR, "self-pipe of 16 bytes", "more than a full pipe", open_self_pipe,
	  wait_for_self_pipe, close_self_pipe, false },
	{ BENCH_OURS, "signals_dispatch", "", open_daemonkit, dispatch_daemonkit, close_daemonkit,
	  false },
	{ BENCH_OURS, "signals_serve", "", open_daemonkit, serve_daemonkit, close_daemonkit,
	  false },
};

/* ---- measurements ---- */

static void begin(void)
{
	self = getpid();
	handled = in_order = wanted = 0;
	bench_current->loop->open();
}

static double end(double since, int count)
{
	double result = bench_end(since) / count;

	bench_current->loop->close();
	return result;
}

static void run_until_handled(int count)
{
	wanted = count;
	while (handled < wanted)
		bench_current->loop->run(-1);
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
	since = bench_begin();
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
	since = bench_begin();
	for (int i = 0; i < QUEUED; i++)
		queue_signal(self, i);
	wanted = QUEUED;
	do {
		before = handled;
		bench_current->loop->run(0);
	} while (handled > before && handled < wanted);
	result = end(since, QUEUED);
	bench_lost(QUEUED - (bench_current->loop->counts_only ? handled : in_order), QUEUED);
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
	since = bench_begin();
	sender = start_sender(all_sent);
	while (handled < wanted) {
		bool last = atomic_load(all_sent);

		before = handled;
		bench_current->loop->run(last ? 0 : -1);
		if (last && handled == before)
			break;
	}
	result = bench_end(since) / FLOOD;
	kill(sender, SIGKILL);
	waitpid(sender, NULL, 0);
	bench_current->loop->close();
	bench_lost(FLOOD - handled, FLOOD);
	return result;
}

#define MEASURES 3
#define LOOPS 9

static struct bench_way ways[MEASURES * LOOPS + 1];

static void add_way(const struct bench_loop *loop)
{
	static const struct {
		const char *name;
		double (*once)(void);
	} measures[MEASURES] = {
		{ "signal", round_trip },
		{ "signals queued", queued },
		{ "signals flood", flood },
	};
	static size_t count;

	for (size_t i = 0; loop != NULL && i < MEASURES; i++)
		ways[count++] = (struct bench_way){ measures[i].name, loop->kind,       loop->name,
						    loop->lacks,      measures[i].once, loop };
}

static int wait_for_ever(const char *name)
{
	for (const struct bench_way *way = ways; way->name != NULL; way++) {
		if (strcmp(way->name, name) != 0)
			continue;
		way->loop->open();
		printf("ready\n");
		fflush(stdout);
		for (;;)
			way->loop->run(-1);
	}
	return 1;
}

int main(int argc, char *argv[])
{
	static const char *const peers[] = { "libsystemd", "libevent", "libev", "libuv" };
	static const char *const none[] = { NULL };

	bench_find_self();
	for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
		add_way(&loops[i]);
	/* An idle daemon has only one of the libraries. */
	for (size_t i = 0; i < sizeof peers / sizeof *peers; i++)
		if (argc != 3 || strncmp(argv[2], peers[i], strlen(peers[i])) == 0)
			add_way(bench_peer(peers[i], "bench_loop"));
	if (bench_start(argc, argv, ways, none))
		return 0;
	if (argc == 3 && strcmp(argv[1], "idle") == 0)
		return wait_for_ever(argv[2]);
	bench_compare("signal", "", 0);
	bench_compare("signals queued", "", 0);
	bench_compare("signals flood", "", 0);
	return 0;
}
