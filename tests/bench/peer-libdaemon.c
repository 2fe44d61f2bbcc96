/* SPDX-License-Identifier: MIT */
/* The same with libdaemon. */
#include <libdaemon/daemon.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

double peer_libdaemon_start(void)
{
	double begin = bench_now(), end;
	pid_t child;

	if (daemon_retval_init() < 0)
		exit(1);
	child = daemon_fork();
	if (child == 0) {
		daemon_retval_send(0);
		_exit(0);
	}
	if (child < 0 || daemon_retval_wait(10) != 0)
		exit(1);
	end = bench_now();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return end - begin;
}

static const char *path(void)
{
	return "/run/daemonkit-bench-libdaemon.pid";
}

/* What a program does to refuse a second start. */
double peer_libdaemon_pid_file(void)
{
	double begin = bench_now();

	daemon_pid_file_proc = path;
	if (daemon_pid_file_is_running() >= 0 || daemon_pid_file_create() < 0 ||
	    daemon_pid_file_remove() < 0) {
		perror("libdaemon");
		exit(1);
	}
	return bench_now() - begin;
}
