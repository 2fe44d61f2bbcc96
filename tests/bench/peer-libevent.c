/* SPDX-License-Identifier: MIT */
/* The same with libevent. It counts signals, without value and sender. */
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

static struct event_base *base;
static struct event *event;

static void handle_signal(evutil_socket_t number, short events, void *data)
{
	(void)number;
	(void)events;
	(void)data;
	bench_signal_handled(0, 0);
}

static void open_libevent(void)
{
	base = event_base_new();
	event = evsignal_new(base, SIGRTMIN, handle_signal, NULL);
	if (event == NULL || event_add(event, NULL) < 0)
		exit(1);
}

static void run_libevent(int timeout)
{
	event_base_loop(base, timeout < 0 ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
}

static void close_libevent(void)
{
	event_free(event);
	event_base_free(base);
}

const struct bench_loop bench_loop = {
	BENCH_PEER,     "libevent", "values, senders", open_libevent, run_libevent,
	close_libevent, true,
};
