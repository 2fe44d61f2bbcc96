/* SPDX-License-Identifier: MIT */
/* The memory of each object of the library, as malloc(3) counts it, and its descriptors. */
#include <daemonkit/daemonkit.h>

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

static int handle_signal(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return 0;
}

static void new_context(void)
{
	static struct daemonkit_context *context;

	bench_must(daemonkit_context_new(&context), "context");
}

static void new_process(void)
{
	static struct daemonkit_process *process;

	bench_must(daemonkit_process_open(getpid(), &process), "process");
}

static void new_pid_file(void)
{
	static struct daemonkit_pidfile *pidfile;

	bench_must(daemonkit_pidfile_create(bench_temporary("objects.pid"), 0, &pidfile),
		   "pid file");
	bench_must(daemonkit_pidfile_remove(pidfile), "pid file");
}

static struct daemonkit_signals *signals;

static void new_signals(void)
{
	bench_must(daemonkit_signals_new(&signals), "signals");
	bench_must(daemonkit_signals_set_handler(signals, SIGHUP, handle_signal, NULL), "handler");
}

static void new_handler(void)
{
	bench_must(daemonkit_signals_set_handler(signals, SIGTERM, handle_signal, NULL), "handler");
}

/* The descriptors below 100: none is closed between. */
static int descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 100; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

int main(void)
{
	static const struct {
		const char *name;
		void (*create)(void);
	} objects[] = {
		{ "daemonkit_context", new_context },
		{ "daemonkit_process", new_process },
		{ "daemonkit_pidfile", new_pid_file },
		{ "daemonkit_signals, one handler", new_signals },
		{ "a second handler", new_handler },
	};

	for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
		size_t before = mallinfo2().uordblks;
		int open = descriptors();

		objects[i].create();
		printf("%s\t%zu\t%d\n", objects[i].name, mallinfo2().uordblks - before,
		       descriptors() - open);
	}
	return 0;
}
