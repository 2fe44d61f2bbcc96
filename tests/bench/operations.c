/* SPDX-License-Identifier: MIT */
/* The cost of a pid file, a stop and a message to the manager. */
#include <daemonkit/daemonkit.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"
#include "same-steps.h"

/* ---- pid files ---- */

static double pid_file_by_hand(void)
{
	const char *path = bench_temporary("floor.pid");
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	double begin = bench_begin();
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct stat status;

	bench_must(fd, "open");
	bench_must(fcntl(fd, F_SETLK, &lock), "F_SETLK");
	bench_must(fstat(fd, &status), "fstat");
	if (status.st_size > 0)
		bench_must(ftruncate(fd, 0), "ftruncate");
	bench_must(dprintf(fd, "%ld\n", (long)getpid()), "write");
	bench_must(unlink(path), "unlink");
	close(fd);
	return bench_end(begin);
}

static double pid_file(void)
{
	const char *path = bench_temporary("daemonkit.pid");
	double begin = bench_begin();
	struct daemonkit_pidfile *pidfile;

	bench_must(daemonkit_pidfile_create(path, 0, &pidfile), "pid file");
	bench_must(daemonkit_pidfile_remove(pidfile), "pid file");
	daemonkit_pidfile_close(pidfile);
	return bench_end(begin);
}

/* ---- stops ---- */

static double stop_by_hand(void)
{
	pid_t daemon = bench_victim(NULL);
	double begin = bench_begin();
	struct pollfd exited = { .fd = (int)syscall(SYS_pidfd_open, daemon, 0), .events = POLLIN };

	bench_must(exited.fd, "pidfd_open");
	bench_must((int)syscall(SYS_pidfd_send_signal, exited.fd, SIGTERM, NULL, 0),
		   "pidfd_send_signal");
	bench_must(poll(&exited, 1, -1), "poll");
	close(exited.fd);
	return bench_end(begin);
}

static void create_pid_file(void)
{
	struct daemonkit_pidfile *pidfile;

	bench_must(daemonkit_pidfile_create(bench_temporary("stop.pid"), 0, &pidfile), "pid file");
}

static double stop(void)
{
	struct daemonkit_process *daemon;
	double begin;

	bench_victim(create_pid_file);
	begin = bench_begin();
	bench_must(daemonkit_pidfile_holder(bench_temporary("stop.pid"), &daemon), "holder");
	bench_must(daemonkit_process_stop(daemon, 5000, DAEMONKIT_NEVER), "stop");
	daemonkit_process_free(daemon);
	return bench_end(begin);
}

static double stop_same(void)
{
	bench_victim(create_pid_file);
	return same_stop();
}

static double start_stop_daemon(void)
{
	char command[5000];
	double begin;

	if (system("command -v start-stop-daemon >/dev/null") != 0)
		return bench_unable("not installed");
	bench_victim(create_pid_file);
	snprintf(command, sizeof command,
		 "exec start-stop-daemon --stop --quiet --retry TERM/5 --pidfile %s",
		 bench_temporary("stop.pid"));
	/* The shell is part of an init script anyway. */
	begin = bench_begin();
	bench_must(system(command) == 0 ? 0 : -1, "start-stop-daemon");
	return bench_end(begin);
}

/* ---- messages ---- */

static int manager; /* the socket of the manager */

void bench_receive(void)
{
	char message[256];

	bench_must(recv(manager, message, sizeof message, MSG_DONTWAIT) > 0 ? 0 : -1, "recv");
}

static double each(double duration)
{
	return duration / BENCH_MESSAGES;
}

static double send_by_hand(void)
{
	struct sockaddr_un address;
	socklen_t length = sizeof address;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[64];
	double begin;

	getsockname(manager, (struct sockaddr *)&address, &length);
	bench_must(connect(fd, (struct sockaddr *)&address, length), "connect");
	begin = bench_begin();
	for (int i = 0; i < BENCH_MESSAGES; i++) {
		snprintf(text, sizeof text, "STATUS=message %d", i);
		bench_must((int)send(fd, text, strlen(text), MSG_NOSIGNAL), "send");
		bench_receive();
	}
	begin = bench_end(begin);
	close(fd);
	return each(begin);
}

static double send_each(void)
{
	struct sockaddr_un address;
	socklen_t length = sizeof address;
	char text[64];
	double begin;

	getsockname(manager, (struct sockaddr *)&address, &length);
	begin = bench_begin();
	for (int i = 0; i < BENCH_MESSAGES; i++) {
		int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		snprintf(text, sizeof text, "STATUS=message %d", i);
		bench_must(connect(fd, (struct sockaddr *)&address, length), "connect");
		bench_must((int)send(fd, text, strlen(text), MSG_NOSIGNAL), "send");
		close(fd);
		bench_receive();
	}
	return each(bench_end(begin));
}

/* This process becomes a daemon of mode FOREGROUND. */
static struct daemonkit_context *become_daemon(void)
{
	static struct daemonkit_context *context;

	if (context != NULL)
		return context;
	bench_must(daemonkit_context_new(&context), "context");
	bench_must(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND), "mode");
	bench_must(daemonkit_context_reborn(context), "reborn");
	return context;
}

static double send_status(void)
{
	struct daemonkit_context *context = become_daemon();
	char text[64];
	double begin = bench_begin();

	for (int i = 0; i < BENCH_MESSAGES; i++) {
		snprintf(text, sizeof text, "message %d", i);
		bench_must(daemonkit_notify_status(context, text), "status");
		bench_receive();
	}
	return each(bench_end(begin));
}

/* The kernel chooses the address. */
static void open_manager(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof address;
	char name[sizeof address.sun_path + 1];

	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bench_must(bind(manager, (struct sockaddr *)&address, sizeof(sa_family_t)), "bind");
	bench_must(getsockname(manager, (struct sockaddr *)&address, &length), "getsockname");
	snprintf(name, sizeof name, "@%.*s", (int)(length - sizeof(sa_family_t) - 1),
		 address.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
}

static const struct bench_way ways[] = {
	{ "pidfile", BENCH_FLOOR, "open, F_SETLK, write, unlink",
	  "atomic creation, moved or linked files", pid_file_by_hand },
	{ "pidfile", BENCH_FLOOR, "the same steps by hand", SAME_LACKS, same_pid_file },
	{ "pidfile", BENCH_OURS, "daemonkit_pidfile_create", "", pid_file },
	{ "stop", BENCH_FLOOR, "pidfd of a known pid", "pid file, proof of the holder",
	  stop_by_hand },
	{ "stop", BENCH_FLOOR, "the same steps by hand", SAME_LACKS, stop_same },
	{ "stop", BENCH_OURS, "daemonkit_process_stop", "", stop },
	{ "stop", BENCH_PEER, "start-stop-daemon", "proof that the pid is the daemon's",
	  start_stop_daemon },
	{ "notify", BENCH_FLOOR, "send on a connected socket", "address, threads, forked children",
	  send_by_hand },
	{ "notify", BENCH_FLOOR, "the same steps by hand", SAME_LACKS, send_each },
	{ "notify", BENCH_OURS, "daemonkit_notify_status", "", send_status },
	{ NULL, BENCH_FLOOR, NULL, NULL, NULL },
};
static const char *const peers[] = { "libbsd", "libdaemon", "libsystemd", NULL };

int main(int argc, char *argv[])
{
	bench_find_self();
	open_manager();
	if (bench_start(argc, argv, ways, peers))
		return 0;
	bench_compare("pidfile", "", 0);
	bench_compare("stop", "", 0);
	bench_compare("notify", "", 0);
	return 0;
}
