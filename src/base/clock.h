/* SPDX-License-Identifier: MIT */
/* Deadlines on the monotonic clock, and waiting until a deadline. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <poll.h>
#include <stdint.h>

/* Microseconds of the monotonic clock. */
typedef int64_t deadline;

#define DEADLINE_NEVER INT64_MAX

/* Now. */
deadline deadline_now(void);

/* A deadline this many milliseconds from now; a negative number means never. */
deadline deadline_after(int milliseconds);

/*
 * poll(2) until the deadline.  Returns the number of ready descriptors, 0 at
 * the deadline, or a negative errno.  Interrupted calls are restarted.
 */
int deadline_poll(struct pollfd *fds, nfds_t count, deadline until);

/*
 * Like deadline_poll() for one descriptor; -EINTR if one of two other
 * descriptors becomes readable meanwhile (NULL or -1: no such descriptor).
 */
int deadline_poll_unless(struct pollfd *wanted, const int *others, deadline until);

/*
 * For a loop that waits for other threads to make a little progress: yields the
 * processor, and in later rounds sleeps, as yielding does not help threads of lower
 * priority: first for some microseconds, after many rounds for a millisecond or two.
 */
void deadline_pause(unsigned round);

#endif /* BASE_CLOCK_H */
