/* SPDX-License-Identifier: MIT */
/* Functions for the tests of signals. Thread-safe. */
#include "harness/signals-tools.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

struct daemonkit_signals *new_object(void)
{
	struct daemonkit_signals *signals = NULL;

	ck_assert_int_eq(daemonkit_signals_new(&signals), 0);
	return signals;
}

void handle(struct daemonkit_signals *signals, int number, daemonkit_signals_handler *handler,
	    void *data)
{
	ck_assert_int_eq(daemonkit_signals_set_handler(signals, number, handler, data), 0);
}

bool is_readable(const struct daemonkit_signals *signals)
{
	return harness_wait_readable(daemonkit_signals_fd(signals), 0);
}

void queue_one(pid_t pid, int number, int value)
{
	while (sigqueue(pid, number, (union sigval){ .sival_int = value }) < 0) {
		if (errno != EAGAIN)
			_exit(1);
		sched_yield();
	}
}
