/* SPDX-License-Identifier: MIT */
/* A child in a session of its own that shares memory until it executes. */
#ifndef COMPAT_CLONE_H
#define COMPAT_CLONE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct compat_spawned {
	pid_t pid;
	int pidfd; /* close-on-exec */
};

/* Does the system have what compat_spawn() needs? */
bool compat_can_spawn(void);

/*
 * Run the function in a new child of the calling process, a member of a new
 * session that it does not lead; or (sibling) of its parent, in its session.  It
 * runs with all signals blocked, in this process's memory and with its descriptor
 * table (not a copy) until it leaves them by compat_unshare_table() and execve(2).  It must be
 * async-signal-safe and change nothing that is not meant for it; if it returns, that is its exit
 * status.
 *
 * spawned->pidfd is there before the function runs, in its descriptor table too.
 * Returns when the child has executed or ended: 0 or a negative errno.
 */
int compat_spawn(int (*function)(void *data), void *data, bool sibling,
		 struct compat_spawned *spawned);

/*
 * waitpid(2), also for a child that has not executed yet; by its pidfd, where the
 * system can do that, and not by a pid that may be another child's meanwhile.
 */
pid_t compat_reap(pid_t pid, int pidfd, int *status);

/* Only the status, of a child that stays a zombie: its pid, 0 if it runs, or -1. */
pid_t compat_read_status(pid_t pid, int pidfd, int *status);

/* What waitid(2) tells, as waitpid(2) tells it.  Async-signal-safe. */
int compat_wait_status(const siginfo_t *info);

#endif /* COMPAT_CLONE_H */
