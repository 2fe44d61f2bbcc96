/* SPDX-License-Identifier: MIT */
/*
 * The cost of a start, until the daemon is ready:
 *
 *	start                           by a small launcher
 *	start growth AXIS VALUE [BRIEF] with more memory (MiB), descriptors, a higher limit of
 *	                                them, or threads; BRIEF: only ways that do not fork
 *
 * The second copy and the program that posix_spawn(3) starts are this file, so that both do the
 * same up to main().
 */
#include <daemonkit/daemonkit.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "same-steps.h"

#define READY_TIMEOUT 10000 /* milliseconds */

static struct bench_program go_daemon, go_spawn, python_daemon;
static bool brief; /* nothing that copies page tables */

/* ---- the daemons ---- */

/* A daemon that runs until it is killed. */
static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

static void end_daemon(pid_t daemon)
{
	kill(daemon, SIGKILL);
	same_reap();
}

static int second_copy(bool waits)
{
	struct daemonkit_context *context;

	bench_must(daemonkit_context_new(&context), "context");
	if (daemonkit_context_reborn(context) < 0 || (waits && daemonkit_notify_ready(context) < 0))
		return 1;
	stay();
}

/* What start-stop-daemon --notify-await waits for. */
static int notify(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t length = path != NULL ? strlen(path) : 0;

	if (length == 0 || length >= sizeof address.sun_path)
		return 1;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = 0;
	return sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) != 7;
}

/* ---- a new program ---- */

/* Execute this program again, until it writes one byte. */
static double spawn(void)
{
	double begin = bench_begin(), duration;
	char in_child[] = "byte", *arguments[] = { bench_self, in_child, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;
	char byte;

	bench_must(pipe2(ends, O_CLOEXEC), "pipe2");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (posix_spawn(&child, bench_self, &actions, NULL, arguments, environ) != 0)
		bench_must(-1, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bench_must(-1, "read");
	duration = bench_end(begin);
	close(ends[0]);
	end_daemon(child);
	return duration;
}

static double start(int mode, bool waits)
{
	char set_up[] = "set-up", ready[] = "ready";
	char *arguments[] = { bench_self, waits ? ready : set_up, NULL };
	struct daemonkit_context *context;
	double begin = bench_begin(), duration;
	pid_t daemon;

	bench_must(daemonkit_context_new(&context), "context");
	bench_must(daemonkit_context_set_mode(context, mode), "mode");
	bench_must(daemonkit_context_set_args(context, arguments), "arguments");
	if (waits)
		bench_must(daemonkit_context_set_ready_timeout(context, READY_TIMEOUT), "timeout");
	daemon = daemonkit_context_reborn(context);
	if (daemon == 0)
		_exit(waits && daemonkit_notify_ready(context) < 0);
	bench_must(daemon, "reborn");
	daemonkit_context_free(context);
	duration = bench_end(begin);
	end_daemon(daemon);
	return duration;
}

static double reborn_set_up(void)
{
	return start(DAEMONKIT_MODE_REBORN, false);
}

static double reborn_ready(void)
{
	return start(DAEMONKIT_MODE_REBORN, true);
}

static double run_command(const char *const *arguments)
{
	double begin = bench_begin(), duration;
	pid_t child;
	int status;

	if (posix_spawnp(&child, arguments[0], NULL, NULL, (char *const *)arguments, environ) != 0)
		return bench_unable("not installed");
	waitpid(child, &status, 0);
	duration = bench_end(begin);
	same_reap();
	return status == 0 ? duration : bench_unable("it fails");
}

static double start_stop_daemon(void)
{
	const char *arguments[] = {
		"start-stop-daemon", "--start",   "--background", "--notify-await",
		"--quiet",           "--pidfile", "/nonexistent", "--exec",
		bench_self,          "--",        "notify",       NULL
	};

	return run_command(arguments);
}

static double daemonize(void)
{
	const char *arguments[] = { "daemonize", bench_self, "end", NULL };

	return run_command(arguments);
}

static long descriptor_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	return (long)limit.rlim_cur;
}

static double ask(const struct bench_program *program)
{
	if (program->out == 0)
		return bench_unable("not installed");
	return bench_ask_program(program, descriptor_limit());
}

static double by_go_daemon(void)
{
	return ask(&go_daemon);
}

static double by_go_spawn(void)
{
	return ask(&go_spawn);
}

/* ---- a copy of the process ---- */

static double wait_for_byte(int ends[2], double begin)
{
	double duration;
	char byte;

	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bench_must(-1, "read");
	duration = bench_end(begin);
	close(ends[0]);
	same_reap();
	return duration;
}

static double fork_twice(void)
{
	double begin = bench_begin();
	int ends[2];
	pid_t child;

	bench_must(pipe2(ends, O_CLOEXEC), "pipe2");
	child = fork();
	bench_must(child, "fork");
	if (child == 0) {
		setsid();
		_exit(fork() == 0 && write(ends[1], "", 1) != 1);
	}
	return wait_for_byte(ends, begin);
}

static double forked_ready(void)
{
	return start(DAEMONKIT_MODE_FORK, true);
}

/* daemon(3) ends its caller: a child calls it, and its daemon writes one byte. */
static double call_daemon(void)
{
	double begin = bench_begin();
	int ends[2];
	pid_t child;

	bench_must(pipe2(ends, O_CLOEXEC), "pipe2");
	child = fork();
	bench_must(child, "fork");
	if (child == 0) {
		bench_must(daemon(0, 0), "daemon");
		_exit(write(ends[1], "", 1) != 1);
	}
	return wait_for_byte(ends, begin);
}

static double by_python_daemon(void)
{
	return ask(&python_daemon);
}

static const struct bench_way ways[] = {
	{ "start", BENCH_FLOOR, "posix_spawn, byte",
	  "session, second fork, closed descriptors, failures", spawn },
	{ "start", BENCH_FLOOR, "the same steps by hand", SAME_LACKS, same_spawn },
	{ "start", BENCH_OURS, "REBORN, until set up", "", reborn_set_up },
	{ "start", BENCH_OURS, "REBORN, until ready", "", reborn_ready },
	{ "start", BENCH_PEER, "start-stop-daemon", "second fork, text of a failure",
	  start_stop_daemon },
	{ "start", BENCH_PEER, "daemonize", "wait until ready, closed descriptors", daemonize },
	{ "start", BENCH_PEER, "go-daemon, byte", "second fork, failures", by_go_daemon },
	{ "start", BENCH_FLOOR, "Go's os.StartProcess, byte",
	  "session, second fork, closed descriptors, failures", by_go_spawn },
	{ "fork", BENCH_FLOOR, "fork, setsid, fork, byte", "closed descriptors, failures",
	  fork_twice },
	{ "fork", BENCH_FLOOR, "the same steps by hand, fork", SAME_LACKS, same_fork },
	{ "fork", BENCH_OURS, "FORK, until ready", "", forked_ready },
	{ "fork", BENCH_PEER, "daemon(3), byte", "second fork, closed descriptors, failures",
	  call_daemon },
	{ "fork", BENCH_PEER, "python-daemon, byte", "failures", by_python_daemon },
	{ NULL, BENCH_FLOOR, NULL, NULL, NULL },
};
static const char *const peers[] = { "libdaemon", NULL };

/* ---- launchers ---- */

static void set_limit(long limit)
{
	struct rlimit wanted = { (rlim_t)limit, (rlim_t)limit };

	bench_must(setrlimit(RLIMIT_NOFILE, &wanted), "RLIMIT_NOFILE");
}

static void open_descriptors(long count)
{
	if (count + 64 > descriptor_limit())
		set_limit(count + 64);
	for (long fd = 0; fd < count; fd++)
		bench_must(open("/dev/null", O_RDONLY | O_CLOEXEC), "open");
}

static void *idle(void *data)
{
	pause();
	return data;
}

static void make_threads(long count)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 64 * 1024);
	for (long i = 0; i < count; i++)
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

static void become_launcher(const char *axis, long value)
{
	if (strcmp(axis, "memory") == 0)
		touch((size_t)value);
	else if (strcmp(axis, "descriptors") == 0)
		open_descriptors(value);
	else if (strcmp(axis, "limit") == 0)
		set_limit(value);
	else if (strcmp(axis, "threads") == 0)
		make_threads(value);
}

/*
 * The programs are not children of the launcher, which waits for all its children. They have
 * neither its memory nor its descriptors.
 */
static void open_programs(void)
{
	const char *argv[] = { strdup(bench_path("go-daemon")), NULL, NULL };

	if (access(argv[0], X_OK) == 0) {
		bench_open_program(&go_daemon, argv);
		argv[1] = "spawn";
		bench_open_program(&go_spawn, argv);
	}
	argv[0] = strdup(bench_path("python-daemon"));
	argv[1] = NULL;
	if (access(argv[0], X_OK) == 0)
		bench_open_program(&python_daemon, argv);
}

/* In a process of its own, which is the parent of all daemons. */
static int launch(const char *axis, long value)
{
	pid_t launcher = fork();
	int status;

	if (launcher > 0) {
		waitpid(launcher, &status, 0);
		return status != 0;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	become_launcher(axis, value);
	bench_compare("start", axis, value);
	if (!brief)
		bench_compare("fork", axis, value);
	_exit(0);
}

int main(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "";

	if (daemonkit_was_reborn())
		return second_copy(strcmp(command, "ready") == 0);
	if (strcmp(command, "byte") == 0)
		return write(STDOUT_FILENO, "", 1) == 1 ? stay(), 0 : 1;
	if (strcmp(command, "same") == 0)
		same_spawned();
	if (strcmp(command, "notify") == 0)
		return notify();
	if (strcmp(command, "end") == 0)
		return 0;
	bench_find_self();
	prctl(PR_SET_CHILD_SUBREAPER, strcmp(command, "once") == 0);
	if (bench_start(argc, argv, ways, peers))
		return 0;
	brief = argc > 4 && strcmp(argv[4], "brief") == 0;
	if (argc < 4 || strcmp(argv[2], "limit") == 0)
		open_programs();
	return argc > 3 ? launch(argv[2], atol(argv[3])) : launch("", 0);
}
