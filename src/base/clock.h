/* SPDX-License-Identifier: MIT */
/* Points in time on the monotonic clock, and waiting until one of them. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <poll.h>
#include <stdint.h>

/* Microseconds of the monotonic clock. */
typedef int64_t deadline;

#define DEADLINE_NEVER INT64_MAX

/* Now. */
deadline deadline_now(void);

/* So many milliseconds from now; never, for a negative number. */
deadline deadline_after(int milliseconds);

/*
 * poll(2) until then: the number of ready descriptors, 0 when the time has
 * come, or a negative errno.  Interruptions by signals do not end it.
 */
int deadline_poll(struct pollfd *fds, nfds_t count, deadline until);

/*
 * The same for one descriptor; -EINTR when there is something to read from one of two
 * others meanwhile (NULL, or -1: there is none).
 */
int deadline_poll_unless(struct pollfd *wanted, const int *others, deadline until);

/*
 * For a loop that waits until other threads have made a few more steps: gives
 * up the processor, and from the round on where that was no use (they may
 * have a lower priority) sleeps some microseconds.
 */
void deadline_pause(unsigned round);

#endif /* BASE_CLOCK_H */
