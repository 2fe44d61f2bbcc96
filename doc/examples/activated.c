/* SPDX-License-Identifier: MIT */
/*
 * A daemon that serves the time of day, on its own socket or a manager's.
 *
 *	activated [-p PIDFILE] [-l LOGFILE] [-P PORT] [-u USER]
 *
 * A service manager may pass the socket, named "time" or unnamed.  Otherwise
 * this program opens it, with its initial privileges: root binds a port below
 * 1024, and USER accepts connections on it.  SIGTERM stops the daemon.
 */
#define _XOPEN_SOURCE 700
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

#define READY_TIMEOUT 10000 /* milliseconds */

struct options {
	const char *pid_file, *log_file, *user;
	int port;
};

/* The socket from the manager or the launcher: a descriptor of the context, or an error. */
static int find_socket(struct daemonkit_context *context)
{
	int fd = daemonkit_context_find_fd(context, "time", 0, DAEMONKIT_FD_LISTENER);

	/* An unnamed socket: it must be the only one. */
	return fd == -ENOENT ? daemonkit_context_find_fd(context, NULL, 0, DAEMONKIT_FD_LISTENER)
			     : fd;
}

/* No process has passed a socket: open it before the privileges are dropped. */
static int open_socket(struct daemonkit_context *context, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((unsigned short)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, result = -1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0)
		fprintf(stderr, "activated: port %d: %s\n", port, strerror(errno));
	else if (daemonkit_context_pass_fd(context, "time", fd) < 0)
		fprintf(stderr, "activated: %s\n", daemonkit_error());
	else
		result = 0;
	if (fd >= 0)
		close(fd);
	return result;
}

static void answer(int listener)
{
	int client = accept(listener, NULL, NULL);
	time_t now = time(NULL);
	struct tm parts;
	char text[64];
	size_t length;

	length = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S\n", localtime_r(&now, &parts));
	if (client >= 0) {
		send(client, text, length, MSG_NOSIGNAL);
		close(client);
	}
}

/* The same code for all sources of the socket. */
static int run_daemon(struct daemonkit_context *context, struct daemonkit_signals *signals)
{
	struct pollfd fds[2] = {{.fd = daemonkit_signals_fd(signals), .events = POLLIN},
				{.fd = find_socket(context), .events = POLLIN}};
	int result = 0;

	if (fds[1].fd < 0) {
		daemonkit_notify_failed(context, fds[1].fd, "%s", daemonkit_error());
		return EXIT_FAILURE;
	}
	daemonkit_notify_ready(context);
	while (result == 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents != 0)
			answer(fds[1].fd);
		if (fds[0].revents != 0)
			result = daemonkit_signals_dispatch(signals);
	}
	daemonkit_notify_stopping(context);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int start(struct daemonkit_context *context, struct daemonkit_signals *signals,
		 const struct options *options)
{
	pid_t pid = -1;
	int status;

	/* The second copy inherits the launcher's socket. */
	if (!daemonkit_was_reborn() && find_socket(context) == -ENOENT &&
	    open_socket(context, options->port) < 0)
		return EXIT_FAILURE;
	if (daemonkit_context_set_pid_file(context, options->pid_file, 0) == 0 &&
	    daemonkit_context_set_log_file(context, options->log_file, 0) == 0 &&
	    daemonkit_context_set_user(context, options->user, NULL) == 0 &&
	    daemonkit_context_set_ready_timeout(context, READY_TIMEOUT) == 0)
		pid = daemonkit_context_reborn(context);
	if (pid < 0)
		fprintf(stderr, "activated: %s\n", daemonkit_error());
	if (pid != 0)
		return daemonkit_context_exit_code(context);
	status = run_daemon(context, signals);
	daemonkit_context_release(context);
	return status;
}

int main(int argc, char *argv[])
{
	struct options options = {"activated.pid", "activated.log", NULL, 1313};
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	int option, status = EXIT_FAILURE;
	char rest;

	while ((option = getopt(argc, argv, "p:l:P:u:")) != -1) {
		if (option == 'p')
			options.pid_file = optarg;
		else if (option == 'l')
			options.log_file = optarg;
		else if (option == 'u')
			options.user = optarg;
		else if (option != 'P' || sscanf(optarg, "%6d%c", &options.port, &rest) != 1 ||
			 options.port < 1 || options.port > 65535)
			return 2;
	}
	if (daemonkit_signals_new(&signals) < 0 || daemonkit_context_new(&context) < 0)
		fprintf(stderr, "activated: %s\n", daemonkit_error());
	else
		status = start(context, signals, &options);
	daemonkit_context_free(context);
	daemonkit_signals_free(signals);
	return status;
}
