/* SPDX-License-Identifier: MIT */
/* Measuring several ways to do the same, side by side. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* An event loop that handles SIGRTMIN. */
struct bench_loop {
	void (*open)(void);
	void (*run)(int timeout); /* until some were handled, or so many milliseconds; -1: any */
	void (*close)(void);
	bool counts_only; /* it keeps no values and no senders */
};

/* One way: does it once, and returns how many nanoseconds that took. */
struct bench_way {
	const char *name;
	double (*once)(void);
	const struct bench_loop *loop;
};

/* The way that is being measured. */
extern const struct bench_way *bench_current;

double bench_now(void); /* nanoseconds */
void bench_must(int result, const char *what);

/*
 * Do all of them in turns, as often as said, and print medians and the ratio
 * to the first one.
 */
void bench_compare(const char *title, const struct bench_way *ways, size_t count,
		   size_t repetitions);

/* Signals: all measures of them.  Each loop reports what it has handled; true: it is to return. */
void bench_signals(void);
void bench_signals_once(void);
bool bench_signal_handled(int value, pid_t sender);

/* The peers; NULL where they are not linked. */
double peer_libdaemon_start(void) __attribute__((__weak__));
double peer_libdaemon_pid_file(void) __attribute__((__weak__));
double peer_libbsd_pid_file(void) __attribute__((__weak__));
extern const struct bench_loop peer_libevent __attribute__((__weak__));
extern const struct bench_loop peer_libuv __attribute__((__weak__));

#endif /* BENCH_H */
