/* SPDX-License-Identifier: MIT */
/* Measuring several ways to do the same, side by side. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

/* One way: does it once, and returns how many nanoseconds that took. */
struct bench_way {
	const char *name;
	double (*once)(void);
};

double bench_now(void); /* nanoseconds */

/*
 * Do all of them in turns, as often as said, and print medians and the ratio
 * to the first one.
 */
void bench_compare(const char *title, const struct bench_way *ways, size_t count,
		   size_t repetitions);

/* The peers; NULL where they are not linked. */
double peer_libdaemon_start(void) __attribute__((__weak__));
double peer_libdaemon_pid_file(void) __attribute__((__weak__));
double peer_libbsd_pid_file(void) __attribute__((__weak__));

#endif /* BENCH_H */
