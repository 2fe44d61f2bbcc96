/* SPDX-License-Identifier: MIT */
/* A loop of epoll(7): signals, an upgrade on SIGHUP, the watchdog of the manager. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <daemonkit/daemonkit.h>

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;
static struct daemonkit_upgrade *upgrade; /* in progress */
static int loop;

static int add(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static int on_hangup(struct daemonkit_siginfo *info, void *data)
{
	int error = daemonkit_upgrade_start(context, NULL, 10000, &upgrade);

	(void)data;
	if (error < 0)
		daemonkit_siginfo_reply(info, error, "%s", daemonkit_error());
	return error < 0 ? 0 : add(daemonkit_upgrade_fd(upgrade));
}

static int continue_upgrade(void)
{
	pid_t pid = daemonkit_upgrade_wait(upgrade, 0);

	if (pid < 0)
		fprintf(stderr, "epoll: %s\n", daemonkit_error());
	if (pid != 0)
		upgrade = daemonkit_upgrade_free(upgrade); /* and out of the loop */
	return pid > 0 ? DAEMONKIT_SIGNALS_STOP : 0;
}

int main(void)
{
	int interval, wait, result = -1;
	struct epoll_event event;

	if (daemonkit_signals_new(&signals) == 0 &&
	    daemonkit_signals_set_handler(signals, SIGHUP, on_hangup, NULL) == 0)
		result = daemonkit_daemonize("epoll.pid", "epoll.log", 10000, &context);
	if (result < 0)
		fprintf(stderr, "epoll: %s\n", daemonkit_error());
	if (result != 0)
		return result < 0;
	loop = epoll_create1(EPOLL_CLOEXEC);
	result = add(daemonkit_signals_fd(signals)); /* ... and the sockets ... */
	if (result == 0)
		result = daemonkit_notify_ready(context);
	wait = daemonkit_notify_watchdog_interval(context, &interval) == 1 ? interval / 2 : -1;
	while (result == 0) {
		int count = epoll_wait(loop, &event, 1, wait);

		daemonkit_notify_watchdog(context);
		if (count == 1 && event.data.fd == daemonkit_signals_fd(signals))
			result = daemonkit_signals_dispatch(signals);
		else if (count == 1)
			result = continue_upgrade();
	}
	daemonkit_context_release(context);
	return result < 0;
}
