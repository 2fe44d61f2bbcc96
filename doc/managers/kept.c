/* SPDX-License-Identifier: MIT */
/*
 * A daemon that keeps its state when it crashes: it counts for its clients.
 *
 *	kept [-b] [-l LOGFILE] [-p PIDFILE] [-P PORT] [-u USER]
 *
 *	-b  in the background, even under a manager
 *	-l  the log file
 *	-p  the pid file
 *	-P  the port on 127.0.0.1 if the manager passes no socket
 *	-u  the daemon's user
 *
 * Each line of a client is a command: "add" increments and returns the count,
 * "pid" returns the daemon's pid, "program" returns the open descriptors of a
 * program that the daemon starts.  The manager may pass sockets named "clients",
 * and a pipe named "commands" for the command "forget".  After a crash the
 * manager passes the descriptors that it has stored: the socket that the daemon
 * opened itself, the connections of clients, and the count.
 */
#define _GNU_SOURCE 1 /* accept4(2), memfd_create(2) */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define MAX_FDS 32

struct kept {
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	int port;
	int count; /* a memory file (memfd) that contains a number */
	nfds_t watched;
	struct pollfd fds[MAX_FDS];
	void (*handlers[MAX_FDS])(struct kept *kept, nfds_t which);
};

static int print_error(const char *step)
{
	fprintf(stderr, "kept: %s: %s\n", step, strerror(errno));
	return -1;
}

/* The same for an error of the library. */
static int library_error(void)
{
	fprintf(stderr, "kept: %s\n", daemonkit_error());
	return -1;
}

/* The daemon cannot serve: also report that to the launcher or the manager. */
static int fail(struct kept *kept, int error, const char *text)
{
	fprintf(stderr, "kept: %s\n", text);
	daemonkit_notify_failed(kept->context, error, "%s", text);
	return -1;
}

/* If this fails, only this descriptor is lost in a crash. */
static void store(struct kept *kept, const char *name, int fd)
{
	if (daemonkit_notify_store_fd(kept->context, name, fd, 0) < 0)
		library_error();
}

static void watch(struct kept *kept, int fd, void (*handler)(struct kept *kept, nfds_t which))
{
	if (kept->watched == MAX_FDS) {
		close(fd);
		return;
	}
	kept->fds[kept->watched] = (struct pollfd){ .fd = fd, .events = POLLIN };
	kept->handlers[kept->watched++] = handler;
}

static void add(const struct kept *kept, int client)
{
	unsigned long number = 0;

	if (pread(kept->count, &number, sizeof number, 0) < 0 || ++number == 0 ||
	    pwrite(kept->count, &number, sizeof number, 0) < 0)
		print_error("count");
	dprintf(client, "%lu\n", number);
}

/* List the descriptors of a child: its standard streams, and those it opens itself. */
static void run_program(int client)
{
	FILE *program = popen("ls /proc/self/fd | tr '\\n' ' '", "re");
	char text[256] = "";

	if (program == NULL || fgets(text, sizeof text, program) == NULL)
		print_error("program");
	dprintf(client, "%s\n", text);
	if (program != NULL)
		pclose(program);
}

static void answer_client(struct kept *kept, nfds_t which)
{
	int fd = kept->fds[which].fd;
	char line[32] = "";

	if (recv(fd, line, sizeof line - 1, 0) <= 0) {
		/* The manager drops a connection that is shut down in both directions. */
		shutdown(fd, SHUT_RDWR);
		close(fd);
		kept->fds[which] = kept->fds[--kept->watched];
		kept->handlers[which] = kept->handlers[kept->watched];
	} else if (strcmp(line, "add\n") == 0) {
		add(kept, fd);
	} else if (strcmp(line, "pid\n") == 0) {
		dprintf(fd, "%ld\n", (long)getpid());
	} else if (strcmp(line, "program\n") == 0) {
		run_program(fd);
	}
}

static void accept_client(struct kept *kept, nfds_t which)
{
	int fd = accept4(kept->fds[which].fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	store(kept, "connection", fd);
	watch(kept, fd, answer_client);
}

/* Commands from the pipe, which never reports end-of-file. */
static void run_command(struct kept *kept, nfds_t which)
{
	char line[32] = "";

	if (read(kept->fds[which].fd, line, sizeof line - 1) > 0 &&
	    strcmp(line, "forget\n") == 0 &&
	    daemonkit_notify_remove_fd(kept->context, "count") == 0)
		fprintf(stderr, "kept: the stored count is removed\n");
}

/* The manager has passed no socket: open one before the privileges are dropped. */
static int open_socket(struct kept *kept)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((unsigned short)kept->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, result = -1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
		print_error("socket");
	else if (daemonkit_context_pass_fd(kept->context, "own", fd) < 0)
		library_error();
	else
		result = 0;
	if (fd >= 0)
		close(fd);
	return result;
}

/* Find the sockets and the pipe: 0, or -1 after an error message. */
static int find_sockets(struct kept *kept)
{
	struct daemonkit_context *context = kept->context;
	int fd, own;

	for (size_t i = 0; (fd = daemonkit_context_find_fd(context, "clients", i,
							   DAEMONKIT_FD_LISTENER)) >= 0; i++)
		watch(kept, fd, accept_client);
	if (fd != -ENOENT)
		return fail(kept, fd, daemonkit_error());
	own = daemonkit_context_find_fd(context, "own", 0, DAEMONKIT_FD_LISTENER);
	if (own >= 0) {
		/* It may be stored already: the manager ignores duplicates. */
		store(kept, "own", own);
		watch(kept, own, accept_client);
	} else if (own != -ENOENT) {
		return fail(kept, own, daemonkit_error());
	}
	fd = daemonkit_context_find_fd(context, "commands", 0, DAEMONKIT_FD_FIFO);
	if (fd >= 0)
		watch(kept, fd, run_command);
	return fd == -ENOENT || fd >= 0 ? 0 : fail(kept, fd, daemonkit_error());
}

/* Find what an earlier process has stored: 0, or -1 after an error message. */
static int find_stored(struct kept *kept)
{
	int fd;

	/* Connections are closed before the daemon exits: take ownership of them. */
	while ((fd = daemonkit_context_detach_fd(kept->context, "connection", 0,
					       DAEMONKIT_FD_CONNECTION)) >= 0)
		watch(kept, fd, answer_client);
	if (fd != -ENOENT)
		return fail(kept, fd, daemonkit_error());
	fd = daemonkit_context_find_fd(kept->context, "count", 0, DAEMONKIT_FD_FILE);
	if (fd == -ENOENT) {
		fd = memfd_create("count", MFD_CLOEXEC);
		if (fd < 0)
			return fail(kept, -errno, "cannot create a memory file for the count");
		store(kept, "count", fd);
	}
	kept->count = fd;
	return fd < 0 ? fail(kept, fd, daemonkit_error()) : 0;
}

static int serve(struct kept *kept)
{
	int result = 0;

	if (find_sockets(kept) < 0 || find_stored(kept) < 0)
		return -1;
	daemonkit_notify_ready(kept->context);
	while (result == 0) {
		if (poll(kept->fds, kept->watched, -1) < 0 && errno != EINTR)
			return print_error("poll");
		/* A handler may remove its own entry, which the last one then replaces. */
		for (nfds_t i = kept->watched; i-- > 1;)
			if (kept->fds[i].revents != 0)
				kept->handlers[i](kept, i);
		result = daemonkit_signals_dispatch(kept->signals);
	}
	daemonkit_notify_stopping(kept->context);
	if (result == DAEMONKIT_SIGNALS_STOP)
		return 0;
	fprintf(stderr, "kept: %s\n", daemonkit_error());
	return -1;
}

/* 0 in the launcher, and when the daemon stops; or -1 after an error message. */
static int start(struct kept *kept, const char *user)
{
	int kind = DAEMONKIT_FD_LISTENER, result;

	if (!daemonkit_was_reborn() &&
	    daemonkit_context_find_fd(kept->context, "clients", 0, kind) == -ENOENT &&
	    daemonkit_context_find_fd(kept->context, "own", 0, kind) == -ENOENT &&
	    open_socket(kept) < 0)
		return -1;
	result = daemonkit_context_set_user(kept->context, user, NULL);
	if (result == 0)
		result = daemonkit_context_set_ready_timeout(kept->context, 10000);
	if (result == 0)
		result = daemonkit_context_reborn(kept->context);
	if (result < 0)
		return library_error();
	if (result > 0)
		return 0;
	watch(kept, daemonkit_signals_fd(kept->signals), NULL);
	result = serve(kept);
	daemonkit_context_release(kept->context);
	return result;
}

int main(int argc, char *argv[])
{
	struct kept kept = { .port = 7777 };
	const char *user = NULL;
	char rest;
	int option, wrong = 0, status = 0, result = daemonkit_signals_new(&kept.signals);

	if (result == 0)
		result = daemonkit_context_new(&kept.context);
	while (result == 0 && (option = getopt(argc, argv, "bl:p:P:u:")) != -1) {
		if (option == 'b')
			result = daemonkit_context_set_mode(kept.context, DAEMONKIT_MODE_REBORN);
		else if (option == 'l')
			result = daemonkit_context_set_log_file(kept.context, optarg, 0);
		else if (option == 'p')
			result = daemonkit_context_set_pid_file(kept.context, optarg, 0644);
		else if (option == 'P')
			wrong |= sscanf(optarg, "%6d%c", &kept.port, &rest) != 1;
		else if (option == 'u')
			user = optarg;
		else
			wrong = 1;
	}
	if (result < 0)
		fprintf(stderr, "kept: %s\n", daemonkit_error());
	if (wrong || kept.port < 1 || kept.port > 65535)
		status = 2;
	else if (result < 0 || start(&kept, user) < 0)
		status = 1;
	daemonkit_context_free(kept.context);
	daemonkit_signals_free(kept.signals);
	return status;
}
