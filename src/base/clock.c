/* SPDX-License-Identifier: MIT */
/*
 * Deadlines on the monotonic clock, and waiting until a deadline.
 * Thread-safe.
 */
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <time.h>

deadline deadline_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (deadline)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

deadline deadline_after(int milliseconds)
{
	return milliseconds < 0 ? DEADLINE_NEVER : deadline_now() + (deadline)milliseconds * 1000;
}

/* The remaining time for poll(2), rounded up so that 0 means that the deadline has passed. */
static int milliseconds_left(deadline until)
{
	deadline rest;

	if (until == DEADLINE_NEVER)
		return -1;
	rest = until - deadline_now();
	if (rest <= 0)
		return 0;
	rest = (rest + 999) / 1000;
	return rest > INT_MAX ? INT_MAX : (int)rest;
}

int deadline_poll(struct pollfd *fds, nfds_t count, deadline until)
{
	for (;;) {
		int milliseconds = milliseconds_left(until);
		int ready = poll(fds, count, milliseconds);

		if (ready > 0)
			return ready;
		if (ready < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (ready == 0 && milliseconds == 0)
			return 0;
	}
}

int deadline_poll_unless(struct pollfd *wanted, const int *others, deadline until)
{
	struct pollfd fds[] = {
		*wanted,
		{ .fd = others != NULL ? others[0] : -1, .events = POLLIN },
		{ .fd = others != NULL ? others[1] : -1, .events = POLLIN },
	};
	int ready = deadline_poll(fds, 3, until);

	wanted->revents = fds[0].revents;
	if (ready <= 0)
		return ready;
	return fds[1].revents != 0 || fds[2].revents != 0 ? -EINTR : 1;
}

void deadline_pause(unsigned round)
{
	unsigned doublings = round / 64 < 5 ? round / 64 : 5;
	const struct timespec moment = { .tv_nsec = 50000L << doublings };

	if (round < 16)
		sched_yield();
	else
		nanosleep(&moment, NULL);
}
