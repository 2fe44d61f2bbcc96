/* SPDX-License-Identifier: MIT */
/* Ranges of descriptors, without ever counting up to their limit. */
#ifndef COMPAT_CLOSE_RANGE_H
#define COMPAT_CLOSE_RANGE_H

#include <stdbool.h>

/* The end of a range that has none. */
#define COMPAT_FD_MAX (~0U)

/*
 * Close descriptors first to last.  Async-signal-safe.  Returns 0 or a
 * negative errno.
 */
int compat_close_range(unsigned first, unsigned last);

/*
 * Leave a descriptor table that is shared with another process, with a copy
 * of descriptors 0 to last only: what it costs does not depend on how many
 * there are beyond.  Async-signal-safe.  Returns 0 or -ENOSYS.
 */
int compat_unshare_table(unsigned last);

/* Would compat_unshare_table() work? */
bool compat_can_unshare_table(void);

/*
 * Call back for each open descriptor, in no order, until a call returns
 * other than 0.  Returns that, or 0, or a negative errno.  The function may
 * close descriptors.  Async-signal-safe if the function is.
 */
int compat_each_fd(int (*function)(int fd, void *data), void *data);

#endif /* COMPAT_CLOSE_RANGE_H */
