/* SPDX-License-Identifier: MIT */
/*
 * A daemon that can be upgraded without a restart: it counts its clients.
 *
 *	upgrade [-P PORT] start|stop|reload|status|...
 *
 * Each client receives its number.  "reload" executes the current program file,
 * and hands the socket and the count over to that process.  No connection is
 * refused; if the new process fails, "reload" prints why, and this one goes on.
 */
#define _GNU_SOURCE 1 /* memfd_create(2) */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define READY_TIMEOUT 10000 /* milliseconds */

struct counter {
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	struct daemonkit_control *control;
	int port, listener;
	atomic_ulong *visitors; /* in a file that the daemons of an upgrade share */
};

static int open_listener(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((unsigned short)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	/* Nonblocking: during an upgrade the other daemon may accept the connection first. */
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	       bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	       listen(fd, SOMAXCONN) == 0 ? fd : -1;
}

/* From the predecessor, or created here and passed to the successor. */
static int find_or_pass(struct counter *counter, const char *name, int kind)
{
	int fd = daemonkit_context_find_fd(counter->context, name, 0, kind);

	if (fd != -ENOENT)
		return fd;
	fd = kind == DAEMONKIT_FD_LISTENER ? open_listener(counter->port)
					   : memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		fprintf(stderr, "upgrade: %s: %s\n", name, strerror(errno));
	return fd < 0 || daemonkit_context_pass_fd(counter->context, name, fd) < 0 ? -1 : fd;
}

/* Wait until a client connects, or the descriptor is readable. */
static void serve_or_wait(struct counter *counter, int fd)
{
	struct pollfd fds[] = {{.fd = counter->listener, .events = POLLIN},
			       {.fd = fd, .events = POLLIN}};
	int visitor = poll(fds, 2, -1) > 0 ? accept(counter->listener, NULL, NULL) : -1;

	if (visitor >= 0) {
		dprintf(visitor, "visitor %lu, process %ld\n",
			atomic_fetch_add(counter->visitors, 1) + 1, (long)getpid());
		close(visitor);
	}
}

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	struct counter *counter = data;
	struct daemonkit_upgrade *upgrade = NULL;
	pid_t result = daemonkit_upgrade_start(counter->context, NULL, READY_TIMEOUT, &upgrade);

	if (result == 0)
		while ((result = daemonkit_upgrade_wait(upgrade, 0)) == 0)
			serve_or_wait(counter, daemonkit_upgrade_fd(upgrade));
	daemonkit_upgrade_free(upgrade);
	if (result < 0)
		daemonkit_siginfo_reply(info, result, "%s",
				       daemonkit_error());
	else
		daemonkit_siginfo_reply(info, 0, "process %ld is the daemon now", (long)result);
	return result < 0 ? 0 : DAEMONKIT_SIGNALS_STOP;
}

static int serve(struct counter *counter)
{
	int count = find_or_pass(counter, "count", DAEMONKIT_FD_FILE), result = -EIO;

	counter->listener = find_or_pass(counter, "visitors", DAEMONKIT_FD_LISTENER);
	if (counter->listener >= 0 && ftruncate(count, sizeof(atomic_ulong)) == 0)
		counter->visitors = mmap(NULL, sizeof(atomic_ulong), PROT_READ | PROT_WRITE,
					 MAP_SHARED, count, 0);
	if (counter->visitors == MAP_FAILED)
		daemonkit_notify_failed(counter->context, -EIO, "no socket or count: see the log");
	else
		result = daemonkit_notify_ready(counter->context);
	while (result == 0) {
		serve_or_wait(counter, daemonkit_signals_fd(counter->signals));
		result = daemonkit_signals_dispatch(counter->signals);
	}
	daemonkit_context_release(counter->context); /* no effect after an upgrade */
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct counter *counter, const char *command)
{
	int result = -1, status = EXIT_FAILURE;

	if (daemonkit_signals_new(&counter->signals) == 0 &&
	    daemonkit_signals_set_handler(counter->signals, SIGHUP, on_reload, counter) == 0 &&
	    daemonkit_context_new(&counter->context) == 0 &&
	    daemonkit_context_set_pid_file(counter->context, "upgrade.pid", 0) == 0 &&
	    daemonkit_context_set_log_file(counter->context, "upgrade.log", 0) == 0 &&
	    daemonkit_context_set_ready_timeout(counter->context, READY_TIMEOUT) == 0 &&
	    daemonkit_control_new(counter->context, &counter->control) == 0)
		result = daemonkit_control_run(counter->control, command, 0, &status);
	if (result < 0)
		fprintf(stderr, "upgrade: %s\n", daemonkit_error());
	if (result == 0)
		status = serve(counter);
	daemonkit_control_free(counter->control);
	daemonkit_context_free(counter->context);
	daemonkit_signals_free(counter->signals);
	return status;
}

int main(int argc, char *argv[])
{
	struct counter counter = {.port = 8080, .visitors = MAP_FAILED};
	int option;
	char rest;

	while ((option = getopt(argc, argv, "P:")) == 'P')
		if (sscanf(optarg, "%6d%c", &counter.port, &rest) != 1)
			counter.port = 0;
	if (option == -1 && optind + 1 == argc && counter.port > 0 && counter.port < 65536)
		return run(&counter, argv[optind]);
	fputs("usage: upgrade [-P PORT] " DAEMONKIT_CONTROL_COMMANDS "\n", stderr);
	return 2;
}
