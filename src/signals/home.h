/* SPDX-License-Identifier: MIT */
/* The process that data in memory belongs to; a forked child has only a copy. */
#ifndef SIGNALS_HOME_H
#define SIGNALS_HOME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* The pid of that process; 0: none yet; negative while a thread of it initializes the data. */
typedef _Atomic pid_t home_pid;

/* Does the data belong to this process?  Async-signal-safe. */
bool home_is_here(const home_pid *home);

/*
 * Make the data this process's own.  In a child the first call runs
 * forget_parent(), once, while other threads wait.  Async-signal-safe if
 * forget_parent() is.
 */
void home_adopt(home_pid *home, void (*forget_parent)(void));

#endif /* SIGNALS_HOME_H */
