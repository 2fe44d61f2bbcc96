/* SPDX-License-Identifier: MIT */
/* The same with libev. It counts signals, without value and sender. */
#include <ev.h>
#include <signal.h>
#include <stdlib.h>

#include "bench.h"

static struct ev_loop *loop;
static ev_signal watcher;

static void handle_signal(struct ev_loop *running, ev_signal *received, int events)
{
	(void)running;
	(void)received;
	(void)events;
	bench_signal_handled(0, 0);
}

static void open_libev(void)
{
	loop = ev_loop_new(EVFLAG_AUTO);
	if (loop == NULL)
		exit(1);
	ev_signal_init(&watcher, handle_signal, SIGRTMIN);
	ev_signal_start(loop, &watcher);
}

static void run_libev(int timeout)
{
	ev_run(loop, timeout < 0 ? EVRUN_ONCE : EVRUN_NOWAIT);
}

static void close_libev(void)
{
	ev_signal_stop(loop, &watcher);
	ev_loop_destroy(loop);
}

const struct bench_loop bench_loop = {
	BENCH_PEER,  "libev", "values, senders, each signal", open_libev, run_libev,
	close_libev, true,
};
