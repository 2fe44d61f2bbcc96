/* SPDX-License-Identifier: MIT */
/* The processes of a start: creating the daemon, and waiting for its exit. */
#ifndef START_LAUNCH_H
#define START_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

/* The program to execute. */
struct launch_plan {
	const char *path; /* the program's path, or NULL to continue in a fork of this process */
	char *const *arguments;
	char *const *environment; /* its last string is marker_mark() */
	char *mark;               /* that string's memory, MARKER_SIZE bytes */
	const int *keep;          /* descriptors, ascending, each once, 3 or higher */
	size_t keep_count;
	bool keep_all;         /* with no path: every descriptor, with its flags */
	int directory;         /* in which the program begins, or -1: in this process's */
	int output;            /* the launcher's end of the daemon's standard error, or -1 */
	bool orphan;           /* launch_orphan() will be called */
	bool sibling;          /* if possible, a child of this process's parent, in this session */
	uint64_t capabilities; /* of this process, passed to the program */
};

/* A daemon that is being started. */
struct launch {
	pid_t daemon;
	int channel;      /* the launcher's end */
	int pidfd;        /* of the daemon, or -1: the system has none */
	pid_t watcher;    /* the daemon's parent while this process is its launcher, or 0 */
	int report;       /* the watcher's report of the exit, or -1 */
	bool killed;      /* by launch_kill() */
	bool denied;      /* launch_kill() was not permitted to kill it */
	bool kill_failed; /* it did not exit in time: not permitted, or blocked in the kernel */
	bool reaping;     /* exited, but another process has yet to reap it or report its status */
	deadline until;   /* the deadline for a killed daemon to exit, or to be reaped */
};

/* Input of a forked daemon. */
struct launch_forked {
	int channel;   /* the daemon's end */
	sigset_t mask; /* the launcher's; all signals are blocked until it is restored */
	int error;     /* from closing the other descriptors */
};

/*
 * Start the daemon.  Returns 1 in the launcher with *launch set; 0 in the
 * forked daemon (path NULL) with *forked set; or a negative errno with its
 * text, and then no process remains.
 */
int launch_start(struct launch *launch, const struct launch_plan *plan,
		 struct launch_forked *forked);

/* A descriptor that is readable after the daemon's exit, or -1. */
int launch_exit_fd(const struct launch *launch);

/* Has the daemon exited?  Does not wait. */
bool launch_has_exited(const struct launch *launch);

/*
 * The daemon's status, as waitpid(2) returns it; does not reap the daemon.  -1:
 * it has not exited, or its status is unknown.  Does not wait.
 */
int launch_status(const struct launch *launch);

/* Kill the daemon, because the start is aborted.  Does not wait. */
void launch_kill(struct launch *launch);

/*
 * After launch_kill(), or after the daemon's exit: wait, at most until the
 * deadline, for the exit (a few seconds at most) and, if another process
 * reports the status, for that too (one second at most).  True: there is
 * nothing more to wait for; call launch_collect() next.
 */
bool launch_await_exit(struct launch *launch, deadline until);

/*
 * Reap the daemon.  Returns its status as waitpid(2) does, or -1 if that is
 * unknown, or the daemon still exists (see kill_failed).  Do not use *launch
 * afterwards.
 */
int launch_collect(struct launch *launch);

/*
 * Do all of that: wait for the exit until the deadline, then kill the daemon,
 * and reap it without waiting for a status.
 */
int launch_discard(struct launch *launch, deadline until);

/*
 * The daemon is up: let it become a child of the process that adopts orphans,
 * process 1 or a manager.
 */
void launch_orphan(struct launch *launch);

/* The daemon is up: release it.  Do not use *launch afterwards. */
void launch_release(struct launch *launch);

/* In a child of fork(2): the launch belongs to the parent, which continues it. */
void launch_forget(struct launch *launch);

#endif /* START_LAUNCH_H */
