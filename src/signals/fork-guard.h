/* SPDX-License-Identifier: MIT */
/* The process that data in memory belongs to; a forked child has only a copy. */
#ifndef SIGNALS_FORK_GUARD_H
#define SIGNALS_FORK_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* The pid of that process; 0: none yet; negative while a thread of it initializes the data. */
typedef _Atomic pid_t fork_guard;

/* Does the data belong to this process?  Async-signal-safe. */
bool fork_guard_is_owner(const fork_guard *guard);

/*
 * Make the data this process's own.  In a child the first call runs
 * forget_parent(), once, while other threads wait.  Async-signal-safe if
 * forget_parent() is.
 */
void fork_guard_adopt(fork_guard *guard, void (*forget_parent)(void));

#endif /* SIGNALS_FORK_GUARD_H */
