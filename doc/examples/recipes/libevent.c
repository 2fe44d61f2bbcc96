/* SPDX-License-Identifier: MIT */
/* The same loop with libevent. */
#define _XOPEN_SOURCE 700
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <daemonkit/daemonkit.h>

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;
static struct daemonkit_upgrade *upgrade; /* in progress */
static struct event_base *base;

static void on_signals(evutil_socket_t fd, short events, void *data)
{
	(void)fd, (void)events, (void)data;
	if (daemonkit_signals_dispatch(signals) != 0)
		event_base_loopbreak(base);
}

static void on_time(evutil_socket_t fd, short events, void *data)
{
	(void)fd, (void)events, (void)data;
	daemonkit_notify_watchdog(context);
}

static void on_upgrade(evutil_socket_t fd, short events, void *data)
{
	pid_t pid = daemonkit_upgrade_wait(upgrade, 0);

	(void)events, (void)data;
	if (pid < 0)
		fprintf(stderr, "libevent: %s\n", daemonkit_error());
	if (pid > 0)
		event_base_loopbreak(base);
	if (pid != 0)
		upgrade = daemonkit_upgrade_free(upgrade);
	else
		event_base_once(base, fd, EV_READ, on_upgrade, NULL, NULL);
}

static int on_hangup(struct daemonkit_siginfo *info, void *data)
{
	int error = daemonkit_upgrade_start(context, NULL, 10000, &upgrade);

	(void)data;
	if (error == 0)
		return event_base_once(base, daemonkit_upgrade_fd(upgrade), EV_READ, on_upgrade,
				       NULL, NULL);
	daemonkit_siginfo_reply(info, error, "%s", daemonkit_error());
	return 0;
}

int main(void)
{
	struct timeval half;
	int interval, result = -1;

	if (daemonkit_signals_new(&signals) == 0 &&
	    daemonkit_signals_set_handler(signals, SIGHUP, on_hangup, NULL) == 0)
		result = daemonkit_daemonize("libevent.pid", "libevent.log", 10000, &context);
	if (result < 0)
		fprintf(stderr, "libevent: %s\n", daemonkit_error());
	if (result != 0)
		return result < 0;
	base = event_base_new();
	event_add(event_new(base, daemonkit_signals_fd(signals), EV_READ | EV_PERSIST, on_signals,
			    NULL), NULL);
	if (daemonkit_notify_watchdog_interval(context, &interval) == 1) {
		half.tv_sec = interval / 2000;
		half.tv_usec = interval % 2000 * 500;
		event_add(event_new(base, -1, EV_PERSIST, on_time, NULL), &half);
	}
	if (daemonkit_notify_ready(context) == 0)
		event_base_dispatch(base);
	return daemonkit_context_release(context) < 0;
}
