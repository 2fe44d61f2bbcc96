/* SPDX-License-Identifier: MIT */
/*
 * Children that have exited, among them orphans of other processes.  On Linux
 * the main thread adopts orphans; each thread has its own children there, and
 * only those of the main thread are visible here.
 */
#ifndef COMPAT_CHILDREN_H
#define COMPAT_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

/* Does this process adopt orphans? */
bool compat_children_adopts(void);

/*
 * Find the first child that has exited, without reaping it.  Returns its pid; 0
 * if there is none; -ENOTSUP if children of other threads would get in the way
 * (this is not the main thread); or another negative errno.
 */
pid_t compat_children_exited(void);

/* Has this child exited?  Does not reap it. */
bool compat_children_has_exited(pid_t child);

/* Reap an exited child.  True if it is reaped now, even by other code. */
bool compat_children_reap(pid_t child);

/*
 * Visit all children, including exited ones.  Returns 0 or a negative errno;
 * -ENOTSUP if the system has no list of children.  If some are reaped
 * meanwhile, others may be skipped.
 */
int compat_children_each(void (*visit)(pid_t child, void *data), void *data);

#endif /* COMPAT_CHILDREN_H */
