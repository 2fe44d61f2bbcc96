/* SPDX-License-Identifier: MIT */
/* Measure several ways to do the same thing. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* An event loop that handles SIGRTMIN. */
struct bench_loop {
	void (*open)(void);
	void (*run)(int timeout); /* until a signal or timeout (ms; -1: none) */
	void (*close)(void);
	bool counts_only; /* without values and senders */
};

/* One way: do it once, and return the duration in nanoseconds. */
struct bench_way {
	const char *name;
	double (*once)(void);
	const struct bench_loop *loop;
};

/* The way that is being measured. */
extern const struct bench_way *bench_current;

double bench_now(void); /* nanoseconds */
void bench_must(int result, const char *what);

/* Run all ways in turn, this many times, and print the medians and their ratio to the first. */
void bench_compare(const char *title, const struct bench_way *ways, size_t count,
		   size_t repetitions);

/* All measurements of signals. Each loop calls this for a handled signal; true: stop the loop. */
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
