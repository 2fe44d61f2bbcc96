/* SPDX-License-Identifier: MIT */
/* greeter COMMAND [PORT]: send a greeting to each client. */
#define _GNU_SOURCE 1
#include <err.h>
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
static struct daemonkit_control *control;
static int server;
static char greeting[64];

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

/* Read the greeting: 0, or a negative errno, and the old one stays. */
static int configure(void)
{
	FILE *file = fopen("greeter.conf", "r");
	int count;

	if (file == NULL)
		return -errno;
	count = fscanf(file, "%63s", greeting); /* nothing is stored if there is no word */
	fclose(file);
	return count == 1 ? 0 : -EINVAL;
}

static int on_hangup(struct daemonkit_siginfo *info, void *data)
{
	int error = daemonkit_context_reopen_log(context);

	(void)data;
	if (error < 0) {
		fprintf(stderr, "greeter: %s\n", daemonkit_error());
		daemonkit_siginfo_reply(info, error, "%s", daemonkit_error());
	}
	error = configure();
	if (error < 0) {
		fprintf(stderr, "greeter: greeter.conf: %s\n", strerror(-error));
		daemonkit_siginfo_reply(info, error, "greeter.conf: %s", strerror(-error));
	}
	return 0;
}

static int serve(const char *port)
{
	int result = configure();

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN); /* a client may have closed its connection */
	if (result < 0) {
		daemonkit_notify_failed(context, result, "greeter.conf: %s", strerror(-result));
		return result;
	}
	server = listen_on(port);
	if (server < 0) {
		daemonkit_notify_failed(context, server, "port %s: %s", port, strerror(-server));
		return server;
	}
	result = daemonkit_context_confine(context);
	if (result == 0)
		result = daemonkit_notify_ready(context);
	while (result == 0) {
		serve_or_wait(daemonkit_signals_fd(signals));
		result = daemonkit_signals_dispatch(signals);
	}
	return result;
}

/* The settings of the daemon, which the commands need too. */
static int set_up(void)
{
	if (daemonkit_signals_new(&signals) < 0 || daemonkit_context_new(&context) < 0 ||
	    daemonkit_signals_set_handler(signals, SIGHUP, on_hangup, NULL) < 0 ||
	    daemonkit_context_set_work_dir(context, ".") < 0 ||
	    daemonkit_context_set_pid_file(context, "greeter.pid", 0) < 0 ||
	    daemonkit_context_set_log_file(context, "greeter.log", 0) < 0 ||
	    daemonkit_context_set_user(context, geteuid() == 0 ? "nobody" : NULL, NULL) < 0 ||
	    daemonkit_context_confine_later(context, 1) < 0 ||
	    daemonkit_context_set_ready_timeout(context, 10000) < 0)
		return -1;
	return daemonkit_control_new(context, &control);
}

int main(int argc, char *argv[])
{
	int result = -1, status = 1;

	if (set_up() < 0)
		fprintf(stderr, "greeter: %s\n", daemonkit_error());
	else if ((result = daemonkit_control_run(control, argc > 1 ? argv[1] : "", 0, &status)) < 0)
		errx(2, "usage: greeter " DAEMONKIT_CONTROL_COMMANDS " [PORT]");
	if (result != 0)
		return status; /* not the daemon */
	result = serve(argc > 2 ? argv[2] : "7777");
	daemonkit_context_release(context);
	return result < 0;
}
