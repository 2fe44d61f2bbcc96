/* SPDX-License-Identifier: MIT */
/*
 * A daemon that serves: a small web server on the loopback interface.
 *
 *	simple [-p PIDFILE] [-l LOGFILE] [-P PORT]
 *
 * It returns when the server can be reached, or says why it cannot.
 * SIGTERM stops it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define READY_TIMEOUT 10000 /* milliseconds */
#define CLIENT_TIMEOUT 5    /* seconds */

struct options {
	const char *pid_file;
	const char *log_file;
	unsigned short port; /* 0: any that is free */
};

/* Listen; returns the descriptor or -1, and in *address what it has become. */
static int listen_on(unsigned short port, struct sockaddr_in *address)
{
	socklen_t size = sizeof *address;
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)address, size) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)address, &size) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* Read a request up to its empty line. */
static int read_request(int client, char *request, size_t size)
{
	size_t length = 0;

	while (length < size - 1) {
		ssize_t count = recv(client, request + length, size - 1 - length, 0);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return -1;
		length += (size_t)count;
		request[length] = '\0';
		if (strstr(request, "\r\n\r\n") != NULL)
			return 0;
	}
	return -1;
}

static void answer(int listener)
{
	const struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT};
	char request[4096], text[256], reply[512];
	int client = accept(listener, NULL, NULL);

	if (client < 0)
		return;
	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	if (read_request(client, request, sizeof request) == 0) {
		int length = snprintf(text, sizeof text, "Hello, this is process %d.\n",
				      (int)getpid());

		length = snprintf(reply, sizeof reply,
				  "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n"
				  "Content-Length: %d\r\n\r\n%s",
				  length, text);
		printf("request: %.*s\n", (int)strcspn(request, "\r"), request);
		send(client, reply, (size_t)length, MSG_NOSIGNAL);
	}
	close(client);
}

/* Serve until a signal says stop: 0, or a negative errno. */
static int serve(struct daemonkit_signals *signals, int listener)
{
	struct pollfd fds[2] = {
		{.fd = daemonkit_signals_fd(signals), .events = POLLIN},
		{.fd = listener, .events = POLLIN},
	};
	int result = 0;

	while (result == 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents != 0)
			answer(listener);
		if (fds[0].revents != 0)
			result = daemonkit_signals_dispatch(signals);
	}
	return result < 0 ? result : 0;
}

static int run_daemon(struct daemonkit_context *context, struct daemonkit_signals *signals,
		      const struct options *options)
{
	struct sockaddr_in address;
	int listener = listen_on(options->port, &address);
	int result;

	if (listener < 0) {
		/* Whoever started the daemon gets to read this. */
		daemonkit_notify_failed(context, -errno, "port %d: %s", options->port,
					strerror(errno));
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("listening on port %d\n", ntohs(address.sin_port));
	daemonkit_notify_status(context, "listening on port %d", ntohs(address.sin_port));
	daemonkit_notify_ready(context);
	result = serve(signals, listener);
	close(listener);
	if (result < 0)
		printf("failed: %s\n", daemonkit_error());
	else
		printf("stopped\n");
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void show_status(const char *text, void *data)
{
	(void)data;
	printf("simple: %s\n", text);
}

static int start(struct daemonkit_context *context, struct daemonkit_signals *signals,
		 const struct options *options)
{
	pid_t pid;
	int status;

	if (daemonkit_context_set_pid_file(context, options->pid_file, 0) < 0 ||
	    daemonkit_context_set_log_file(context, options->log_file, 0) < 0 ||
	    daemonkit_context_set_status_handler(context, show_status, NULL) < 0 ||
	    daemonkit_context_set_ready_timeout(context, READY_TIMEOUT) < 0)
		pid = -1;
	else
		pid = daemonkit_context_reborn(context);
	if (pid < 0) {
		fprintf(stderr, "simple: %s\n", daemonkit_context_error(context));
		return EXIT_FAILURE;
	}
	if (pid > 0) /* the launcher: the daemon is up */
		return EXIT_SUCCESS;
	status = run_daemon(context, signals, options);
	daemonkit_context_release(context);
	return status;
}

static int parse(int argc, char *argv[], struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "p:l:P:")) != -1) {
		if (option == 'p') {
			options->pid_file = optarg;
		} else if (option == 'l') {
			options->log_file = optarg;
		} else if (option == 'P') {
			char *end;
			long port = strtol(optarg, &end, 10);

			if (*optarg == '\0' || *end != '\0' || port < 0 || port > 65535)
				return -1;
			options->port = (unsigned short)port;
		} else {
			return -1;
		}
	}
	return optind == argc ? 0 : -1;
}

int main(int argc, char *argv[])
{
	struct options options = {"simple.pid", "simple.log", 8080};
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	int status = EXIT_FAILURE;

	if (parse(argc, argv, &options) < 0) {
		fprintf(stderr, "usage: simple [-p PIDFILE] [-l LOGFILE] [-P PORT]\n");
		return 2;
	}
	/* Signals before the daemon: none is lost that comes early. */
	if (daemonkit_signals_new(&signals) < 0 || daemonkit_context_new(&context) < 0)
		fprintf(stderr, "simple: %s\n", daemonkit_error());
	else
		status = start(context, signals, &options);
	daemonkit_context_free(context);
	daemonkit_signals_free(signals);
	return status;
}
