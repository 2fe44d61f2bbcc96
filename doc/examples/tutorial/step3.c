/* SPDX-License-Identifier: MIT */
/* greeter [PORT]: send a greeting to each client. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;
static int server;
static const char greeting[] = "hello";

/* Listen on a port; 0, or what is not a number, stands for any free one. */
static int listen_on(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((unsigned short)atoi(port)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	printf("listening on port %d\n", ntohs(address.sin_port));
	return fd;
}

/* Serve a client, or wait until the descriptor is readable. */
static void serve_or_wait(int fd)
{
	struct pollfd fds[] = {{.fd = server, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	int ready = poll(fds, 2, -1), client = -1;

	if (ready > 0 && fds[0].revents != 0)
		client = accept(server, NULL, NULL);
	if (client >= 0) {
		dprintf(client, "%s\n", greeting);
		close(client);
		printf("served a client\n");
	}
}

static int serve(const char *port)
{
	int result;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN); /* a client may have closed its connection */
	server = listen_on(port);
	if (server < 0) {
		daemonkit_notify_failed(context, server, "port %s: %s", port, strerror(-server));
		return server;
	}
	result = daemonkit_notify_ready(context);
	while (result == 0) {
		serve_or_wait(daemonkit_signals_fd(signals));
		result = daemonkit_signals_dispatch(signals);
	}
	return result;
}

int main(int argc, char *argv[])
{
	int result = daemonkit_signals_new(&signals);

	if (result == 0)
		result = daemonkit_daemonize("greeter.pid", "greeter.log", 10000, &context);
	if (result < 0)
		fprintf(stderr, "greeter: %s\n", daemonkit_error());
	if (result != 0)
		return result < 0; /* the launcher */
	result = serve(argc > 1 ? argv[1] : "7777");
	daemonkit_context_release(context);
	return result < 0;
}
