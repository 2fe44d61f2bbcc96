/* SPDX-License-Identifier: MIT */
/* Ranges of descriptors, without iterating up to the limit. */
#ifndef COMPAT_CLOSE_RANGE_H
#define COMPAT_CLOSE_RANGE_H

#include <stdbool.h>

/* The upper end of an unbounded range. */
#define COMPAT_FD_MAX (~0U)

/*
 * Close descriptors first to last.  Async-signal-safe.  Returns 0 or a negative
 * errno.
 */
int compat_close_range(unsigned first, unsigned last);

/*
 * Stop sharing the descriptor table with another process, and keep a copy of
 * descriptors 0 to last only: the cost does not depend on the number of higher
 * descriptors.  Async-signal-safe.  Returns 0 or -ENOSYS.
 */
int compat_unshare_table(unsigned last);

/* Does the system support compat_unshare_table()? */
bool compat_can_unshare_table(void);

/*
 * Call the function for each open descriptor, in no particular order, until it
 * returns nonzero.  Returns that value, or 0, or a negative errno.  The
 * function may close descriptors.  Async-signal-safe if the function is.
 */
int compat_each_fd(int (*function)(int fd, void *data), void *data);

/*
 * The highest open descriptor below the limit, or a negative errno: -EBADF if no
 * descriptor is open there.  Async-signal-safe.  Fast if the descriptor table is only a
 * little larger than needed, as after fork(2).
 */
int compat_highest_fd(unsigned limit);

#endif /* COMPAT_CLOSE_RANGE_H */
