/* SPDX-License-Identifier: MIT */
/* The same with libdaemon. */
#include <fcntl.h>
#include <libdaemon/daemon.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static double start(bool closes)
{
	double begin, duration;
	pid_t child;
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close(fd);
	if (fd >= FD_SETSIZE - 8)
		return bench_unable("it uses select(2): no descriptor above 1023");
	begin = bench_begin();
	if (daemon_retval_init() < 0)
		exit(1);
	child = daemon_fork();
	if (child == 0) {
		if (closes)
			daemon_close_all(-1);
		daemon_retval_send(0);
		_exit(0);
	}
	if (child < 0 || daemon_retval_wait(10) != 0)
		exit(1);
	duration = bench_end(begin);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return duration;
}

static double start_only(void)
{
	return start(false);
}

static double start_and_close(void)
{
	return start(true);
}

static char path_of_pid_file[4096];

static const char *path(void)
{
	return path_of_pid_file;
}

static void use_path(const char *name)
{
	strcpy(path_of_pid_file, bench_temporary(name));
	daemon_pid_file_proc = path;
}

/* What a program does to refuse a second start. */
static double pid_file(void)
{
	double begin;

	use_path("libdaemon.pid");
	begin = bench_begin();
	if (daemon_pid_file_is_running() >= 0 || daemon_pid_file_create() < 0 ||
	    daemon_pid_file_remove() < 0) {
		perror("libdaemon");
		exit(1);
	}
	return bench_end(begin);
}

/* It looks every 100 ms whether the daemon still exists. */
static double stop(void)
{
	double begin;
	pid_t daemon;
	int fd;

	use_path("libdaemon-stop.pid");
	fd = open(path_of_pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	daemon = bench_victim(NULL);
	if (fd < 0 || dprintf(fd, "%ld\n", (long)daemon) < 0) {
		perror("libdaemon");
		exit(1);
	}
	close(fd);
	begin = bench_begin();
	if (daemon_pid_file_kill_wait(SIGTERM, 5) < 0) {
		perror("libdaemon");
		exit(1);
	}
	return bench_end(begin);
}

const struct bench_way bench_ways[] = {
	{ "fork", BENCH_PEER, "libdaemon",
	  "closed descriptors, text of a failure, exit of the daemon", start_only },
	{ "fork", BENCH_PEER, "libdaemon, close_all", "text of a failure, exit of the daemon",
	  start_and_close },
	{ "stop", BENCH_PEER, "libdaemon", "proof that the pid is the daemon's", stop },
	{ "pidfile", BENCH_PEER, "libdaemon", "lock that is kept, moved or linked files",
	  pid_file },
	{ NULL, BENCH_FLOOR, NULL, NULL, NULL },
};
