/* SPDX-License-Identifier: MIT */
/*
 * A small web server on the loopback interface.
 *
 *	simple [-p PIDFILE] [-l LOGFILE] [-P PORT] start|stop|restart|status|...
 *
 * "start" returns when the server accepts connections, or prints why it failed.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

enum { READY_TIMEOUT = 10000 /* ms */, CLIENT_TIMEOUT = 5 /* s */, EXIT_USAGE = 2 /* as in LSB */ };

/* Listen on a port (0: any free port): the descriptor, or a negative errno. */
static int listen_on(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((unsigned short)*port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int on = 1, error, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 16) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
		*port = ntohs(address.sin_port);
		return fd;
	}
	error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/* Read a request up to its empty line; the response is always the same. */
static void answer(int fd)
{
	const struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT};
	char request[4096] = "";
	size_t length = 0;
	ssize_t count = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0)
		do {
			count = recv(fd, request + length, sizeof request - 1 - length, 0);
			length += count > 0 ? (size_t)count : 0;
		} while (count > 0 && strstr(request, "\r\n\r\n") == NULL);
	printf("request: %.*s\n", (int)strcspn(request, "\r\n"), request);
	if (count <= 0)
		printf("not answered: incomplete request\n");
	else if (dprintf(fd, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
			"Hello, this is process %d.\n", (int)getpid()) < 0)
		printf("not answered: %s\n", strerror(errno));
	close(fd);
}

/* Serve one client after the other, until SIGTERM; or a negative errno. */
static int serve(struct daemonkit_signals *signals, int listener)
{
	struct pollfd fds[2] = {{.fd = daemonkit_signals_fd(signals), .events = POLLIN},
				{.fd = listener, .events = POLLIN}};
	int result = 0;

	while (result == 0) {
		int ready = poll(fds, 2, -1);
		int client = ready > 0 && fds[1].revents != 0 ? accept(listener, NULL, NULL) : -1;

		if (ready < 0 && errno != EINTR)
			return -errno;
		if (client >= 0)
			answer(client);
		result = daemonkit_signals_dispatch(signals);
	}
	return result;
}

static int run(struct daemonkit_context *context, struct daemonkit_signals *signals, int port)
{
	int result, listener = listen_on(&port);

	if (listener < 0) {
		/* The launcher prints this. */
		daemonkit_notify_failed(context, listener, "port %d: %s", port,
					strerror(-listener));
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN); /* a client may have closed its connection */
	daemonkit_notify_status(context, "listening on port %d", port);
	daemonkit_notify_ready(context);
	result = serve(signals, listener);
	printf("%s\n", result < 0 ? strerror(-result) : "stopped");
	close(listener);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	const char *pid_file = "simple.pid", *log_file = "simple.log";
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	struct daemonkit_control *control = NULL;
	int option, port = 8080, wrong = 0, result = -EINVAL, status = EXIT_FAILURE;
	char rest;

	while ((option = getopt(argc, argv, "p:l:P:")) != -1)
		if (option == 'p')
			pid_file = optarg;
		else if (option == 'l')
			log_file = optarg;
		else
			wrong |= option != 'P' || sscanf(optarg, "%6d%c", &port, &rest) != 1;
	if (wrong || optind + 1 != argc || port < 0 || port > 65535) {
		fputs("usage: simple [-p PIDFILE] [-l LOGFILE] [-P PORT]\n"
		      "              " DAEMONKIT_CONTROL_COMMANDS "\n", stderr);
		return EXIT_USAGE;
	}
	/* Create the signals object before the start, so that no early signal is lost. */
	if (daemonkit_signals_new(&signals) == 0 && daemonkit_context_new(&context) == 0 &&
	    daemonkit_context_set_pid_file(context, pid_file, 0) == 0 &&
	    daemonkit_context_set_log_file(context, log_file, 0) == 0 &&
	    daemonkit_context_set_ready_timeout(context, READY_TIMEOUT) == 0 &&
	    daemonkit_control_new(context, &control) == 0 &&
	    daemonkit_control_set_reload(control, 0, 0) == 0) /* there is nothing to reload */
		result = daemonkit_control_run(control, argv[optind], 0, &status);
	if (result < 0)
		fprintf(stderr, "simple: %s\n", daemonkit_error());
	if (result == -ENOENT)
		status = EXIT_USAGE;
	if (result == 0) {
		status = run(context, signals, port);
		daemonkit_context_release(context);
	}
	daemonkit_control_free(control);
	daemonkit_context_free(context);
	daemonkit_signals_free(signals);
	return status;
}
