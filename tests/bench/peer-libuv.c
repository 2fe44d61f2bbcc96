/* SPDX-License-Identifier: MIT */
/* The same with libuv. It gives neither value nor sender. */
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "bench.h"

static uv_loop_t loop;
static uv_signal_t handle;

static void handle_signal(uv_signal_t *received, int number)
{
	(void)received;
	(void)number;
	bench_signal_handled(0, 0);
}

static void open_libuv(void)
{
	if (uv_loop_init(&loop) != 0 || uv_signal_init(&loop, &handle) != 0 ||
	    uv_signal_start(&handle, handle_signal, SIGRTMIN) != 0)
		exit(1);
}

static void run_libuv(int timeout)
{
	uv_run(&loop, timeout < 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

static void close_libuv(void)
{
	uv_close((uv_handle_t *)&handle, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

const struct bench_loop bench_loop = {
	BENCH_PEER, "libuv", "values, senders", open_libuv, run_libuv, close_libuv, true,
};
