/* SPDX-License-Identifier: MIT */
/* Lock the pid file, bind port 80, and only then give up root. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <daemonkit/daemonkit.h>

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;

static int listen_on(unsigned short port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	       bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
	       listen(fd, SOMAXCONN) == 0 ? fd : -errno;
}

/* As root, until daemonkit_context_confine(). */
static int serve(void)
{
	int fd = listen_on(80), result;

	if (fd < 0) {
		daemonkit_notify_failed(context, fd, "port 80: %s", strerror(-fd));
		return fd;
	}
	result = daemonkit_context_confine(context);
	if (result == 0)
		result = daemonkit_notify_ready(context);
	/* ... accept connections on fd ... */
	return result == 0 ? daemonkit_signals_serve(signals) : result;
}

int main(void)
{
	int result = -1;

	if (daemonkit_signals_new(&signals) == 0 && daemonkit_context_new(&context) == 0 &&
	    daemonkit_context_set_pid_file(context, "low-port.pid", 0) == 0 &&
	    daemonkit_context_set_user(context, "nobody", NULL) == 0 &&
	    daemonkit_context_confine_later(context, 1) == 0 &&
	    daemonkit_context_set_ready_timeout(context, 10000) == 0)
		result = daemonkit_context_reborn(context);
	if (result < 0)
		fprintf(stderr, "low-port: %s\n", daemonkit_error());
	if (result != 0)
		return daemonkit_context_exit_code(context);
	result = serve();
	daemonkit_context_release(context);
	return result < 0;
}
