/* SPDX-License-Identifier: MIT */
/* A child in a new session that shares memory until it executes a program. */
#ifndef COMPAT_CLONE_H
#define COMPAT_CLONE_H

#include <stdbool.h>
#include <sys/types.h>

struct compat_spawned {
	pid_t pid;
	int pidfd; /* close-on-exec */
};

/* Does the system support compat_spawn()? */
bool compat_can_spawn(void);

/*
 * Run the function in a new child of the calling process.  The child belongs to
 * a new session that it does not lead; with sibling it is a child of this
 * process's parent, in this session.  It runs with all signals blocked, in this
 * process's memory and with its descriptor table (not a copy), until
 * compat_unshare_table() and execve(2).  The function must be async-signal-safe
 * and must not change memory other than its own data; its return value is the
 * child's exit status.
 *
 * spawned->pidfd is set before the function runs, also in its descriptor table.
 * Returns after the child has executed a program or exited: 0 or a negative
 * errno.
 */
int compat_spawn(int (*function)(void *data), void *data, bool sibling,
		 struct compat_spawned *spawned);

/*
 * waitpid(2), also for a child that has not executed a program yet.  Uses the
 * pidfd if the system supports that, since the pid may have been reused for
 * another child.
 */
pid_t compat_reap(pid_t pid, int pidfd, int *status);

/* Read the status and leave the child a zombie: its pid, 0 if it runs, or -1 and errno. */
pid_t compat_read_status(pid_t pid, int pidfd, int *status);

#endif /* COMPAT_CLONE_H */
