/* SPDX-License-Identifier: MIT */
/*
 * Children that have ended, and among them those that other processes left
 * behind.  Linux gives these to the main thread; each thread has children of
 * its own there, and only the main thread's are in sight here.
 */
#ifndef COMPAT_CHILDREN_H
#define COMPAT_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

/* Does the system give orphans to this process? */
bool compat_children_adopts(void);

/*
 * The first of the children that have ended, which stays: its pid; 0 if there
 * is none; -ENOTSUP where the children of other threads would be in the way
 * (this is not the main thread), or another negative errno.
 */
pid_t compat_children_ended(void);

/* Has this child ended?  It stays. */
bool compat_children_has_ended(pid_t child);

/* Clear an ended child away: is it gone now, whoever did that? */
bool compat_children_reap(pid_t child);

/*
 * Visit all children, the ended ones too: 0 or a negative errno, -ENOTSUP where
 * the system has no list of them.  When some are cleared away meanwhile, others
 * may be missed.
 */
int compat_children_each(void (*visit)(pid_t child, void *data), void *data);

#endif /* COMPAT_CHILDREN_H */
