/* SPDX-License-Identifier: MIT */
/*
 * The cost of a start, a pid file and a signal, compared with other libraries:
 *
 * bench                     everything
 * bench signals             only signals
 * bench once reborn
 * spawn
 * signals
 * nothing   to count system calls
 * bench start [DESCRIPTORS [THREADS [MEBIBYTES [WAYS]]]]
 *
 * The second copy and the program that posix_spawn(3) starts are this file, so that both do the
 * same up to main().
 */
#include <daemonkit/daemonkit.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define MOST 10000

static char self[4096];

double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

const struct bench_way *bench_current;

void bench_must(int result, const char *what)
{
	if (result >= 0)
		return;
	printf("%s: %s\n", what, result < -1 ? daemonkit_error() : strerror(errno));
	exit(1);
}

static int compare(const void *one, const void *other)
{
	double difference = *(const double *)one - *(const double *)other;

	return difference < 0 ? -1 : difference > 0;
}

static double run_once(const struct bench_way *way)
{
	bench_current = way;
	return way->once();
}

void bench_compare(const char *title, const struct bench_way *ways, size_t count,
		   size_t repetitions)
{
	static double times[8][MOST];
	double first = 0;

	while (count > 0 && ways[count - 1].once == NULL)
		count--; /* a peer that is not linked */
	for (size_t i = 0; i < count; i++)
		run_once(&ways[i]); /* warm the caches */
	for (size_t repetition = 0; repetition < repetitions; repetition++)
		for (size_t i = 0; i < count; i++)
			times[i][repetition] = run_once(&ways[i]);
	printf("%s (%zu times)\n", title, repetitions);
	for (size_t i = 0; i < count; i++) {
		double median;

		qsort(times[i], repetitions, sizeof times[i][0], compare);
		median = times[i][repetitions / 2];
		first = i == 0 ? median : first;
		printf("  %-28s %10.2f us   %6.2f\n", ways[i].name, median / 1000, median / first);
	}
	fflush(stdout);
}

/* ---- starts ---- */

static void end_daemon(pid_t daemon)
{
	kill(daemon, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* A daemon that runs until it is killed. */
static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

/* The lower bound: execute this program again, until it writes one byte. */
static double spawn(void)
{
	double begin = bench_now(), end;
	char in_child[] = "byte", *arguments[] = { self, in_child, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;
	char byte;

	bench_must(pipe2(ends, O_CLOEXEC), "pipe2");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (posix_spawn(&child, self, &actions, NULL, arguments, environ) != 0)
		bench_must(-1, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bench_must(-1, "read");
	end = bench_now();
	close(ends[0]);
	end_daemon(child);
	return end - begin;
}

static int second_copy(void)
{
	struct daemonkit_context *context;

	bench_must(daemonkit_context_new(&context), "context");
	if (daemonkit_context_reborn(context) < 0)
		return 1;
	stay();
}

static double reborn_in(int mode)
{
	struct daemonkit_context *context;
	double begin, end;
	pid_t daemon;

	bench_must(daemonkit_context_new(&context), "context");
	bench_must(daemonkit_context_set_mode(context, mode), "mode");
	begin = bench_now();
	daemon = daemonkit_context_reborn(context);
	end = bench_now();
	if (daemon == 0)
		stay();
	bench_must(daemon, "reborn");
	daemonkit_context_free(context);
	end_daemon(daemon);
	return end - begin;
}

static double reborn(void)
{
	return reborn_in(DAEMONKIT_MODE_REBORN);
}

static double forked(void)
{
	return reborn_in(DAEMONKIT_MODE_FORK);
}

/* daemon(3) ends its caller: a child calls it, and its daemon writes one byte. */
static double call_daemon(void)
{
	double begin = bench_now(), end;
	int ends[2];
	pid_t child;
	char byte;

	bench_must(pipe2(ends, O_CLOEXEC), "pipe2");
	child = fork();
	if (child == 0) {
		bench_must(daemon(0, 0), "daemon");
		_exit(write(ends[1], "", 1) != 1);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bench_must(-1, "read");
	end = bench_now();
	close(ends[0]);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return end - begin;
}

/* It does not wait until the daemon is up. */
static double start_stop_daemon(void)
{
	double begin = bench_now(), end;
	char *arguments[] = { (char[]){ "start-stop-daemon" },
			      (char[]){ "--start" },
			      (char[]){ "--background" },
			      (char[]){ "--quiet" },
			      (char[]){ "--pidfile" },
			      (char[]){ "/nonexistent" },
			      (char[]){ "--exec" },
			      self,
			      (char[]){ "--" },
			      (char[]){ "end" },
			      NULL };
	pid_t child;

	if (posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ) != 0)
		bench_must(-1, arguments[0]);
	waitpid(child, NULL, 0);
	end = bench_now();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return end - begin;
}

static const struct bench_way starts[] = {
	{ "posix_spawn and one byte", spawn },
	{ "reborn", reborn },
	{ "reborn, mode FORK", forked },
	{ "daemon(3) and one byte", call_daemon },
	{ "start-stop-daemon", start_stop_daemon },
	{ "libdaemon, daemon_fork", peer_libdaemon_start },
};
#define ALL (sizeof starts / sizeof *starts)
#define WITHOUT_LIBDAEMON (ALL - 1) /* libdaemon uses select(2): no descriptor above 1023 */
#define WITH_THREADS 2              /* the others fork */

/* ---- launchers ---- */

static void open_descriptors(int count)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = 0; fd < count; fd++)
		bench_must(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
}

static void *idle(void *data)
{
	pause();
	return data;
}

static void make_threads(int count)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread, &small, idle, NULL) != 0)
			bench_must(-1, "pthread_create");
}

/* Use small pages, as after a long run; large ones would make the result random. */
static void touch(size_t mebibytes)
{
	size_t size = mebibytes << 20;
	char *memory;

	if (size == 0)
		return;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		bench_must(-1, "mmap");
	madvise(memory, size, MADV_NOHUGEPAGE);
	memset(memory, 1, size);
}

static void start_with(int descriptors, int threads, int mebibytes, size_t ways, size_t repetitions)
{
	char title[128];
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child > 0) {
		waitpid(child, &status, 0);
		bench_must(status == 0 ? 0 : -1, "a launcher");
		return;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	open_descriptors(descriptors);
	make_threads(threads);
	touch((size_t)mebibytes);
	snprintf(title, sizeof title, "a start: %d descriptors, %d threads, %d MiB", descriptors,
		 threads, mebibytes);
	bench_compare(title, starts, ways, repetitions);
	_exit(0);
}

/* ---- pid files ---- */

static double pid_file(void)
{
	double begin = bench_now();
	struct daemonkit_pidfile *pidfile;

	bench_must(daemonkit_pidfile_create("/run/daemonkit-bench.pid", 0, &pidfile), "pid file");
	bench_must(daemonkit_pidfile_remove(pidfile), "pid file");
	daemonkit_pidfile_close(pidfile);
	return bench_now() - begin;
}

static const struct bench_way pid_files[] = {
	{ "daemonkit", pid_file },
	{ "libdaemon (text only)", peer_libdaemon_pid_file },
	{ "libbsd (flock)", peer_libbsd_pid_file },
};

/* ---- all measurements ---- */

static void print_machine(void)
{
	struct utsname system;

	uname(&system);
	printf("%s %s %s, %ld processors; medians, and ratios to the first line of each block\n",
	       system.sysname, system.release, system.machine, sysconf(_SC_NPROCESSORS_ONLN));
}

static int everything(void)
{
	print_machine();
	start_with(10, 0, 0, ALL, 500);
	start_with(900, 0, 0, ALL, 300);
	start_with(15000, 0, 0, WITHOUT_LIBDAEMON, 100);
	start_with(10, 500, 0, WITH_THREADS, 300);
	start_with(10, 0, 1024, ALL, 40);
	bench_compare("a pid file created and removed", pid_files, 3, 2000);
	bench_signals();
	return 0;
}

static int number(int argc, char *argv[], int at)
{
	return argc > at ? atoi(argv[at]) : 0;
}

static int one_kind_of_start(int argc, char *argv[])
{
	int ways = number(argc, argv, 5);

	start_with(number(argc, argv, 2), number(argc, argv, 3), number(argc, argv, 4),
		   ways > 0 && ways < (int)ALL ? (size_t)ways : ALL, 50);
	return 0;
}

int main(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "";
	ssize_t length;

	if (daemonkit_was_reborn())
		return second_copy();
	if (strcmp(command, "byte") == 0)
		return write(STDOUT_FILENO, "", 1) == 1 ? stay(), 0 : 1;
	if (strcmp(command, "end") == 0)
		return 0;
	length = readlink("/proc/self/exe", self, sizeof self - 1);
	bench_must(length < 0 ? -1 : 0, "/proc/self/exe");
	if (strcmp(command, "once") == 0) {
		command = argc > 2 ? argv[2] : "";
		if (strcmp(command, "signals") == 0)
			bench_signals_once();
		else if (strcmp(command, "nothing") != 0)
			(strcmp(command, "reborn") == 0 ? reborn : spawn)();
		return 0;
	}
	if (strcmp(command, "signals") == 0)
		return print_machine(), bench_signals(), 0;
	if (strcmp(command, "start") == 0)
		return one_kind_of_start(argc, argv);
	return everything();
}
