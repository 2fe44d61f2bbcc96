/* SPDX-License-Identifier: MIT */
/* The processes of a start: making the daemon, and seeing to its end. */
#ifndef START_LAUNCH_H
#define START_LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

/* What is to run. */
struct launch_plan {
	const char *path; /* the program, or NULL to go on in a fork of this one */
	char *const *arguments;
	char *const *environment; /* with marker_mark() as its last string */
	char *mark;               /* that string's memory, MARKER_SIZE bytes */
	const int *keep;          /* descriptors, ascending, each once, 3 or higher */
	size_t keep_count;
	bool orphan;           /* launch_orphan() is to come */
	bool sibling;          /* a child of this process's parent, in this session, if it can be */
	uint64_t capabilities; /* of this process, for the program to have */
};

/* A daemon that is being started. */
struct launch {
	pid_t daemon;
	int channel; /* the launcher's end */
	int end; /* readable when the daemon has ended: a pidfd or the watcher's; -1: orphaned */
	pid_t watcher; /* the daemon's parent where that is not this process, or 0 */
	int process;   /* a pidfd of the daemon for when there is no such parent any more, or -1 */
	bool killed;   /* by launch_kill() */
	bool denied;   /* which may not do that */
	bool kill_failed; /* it has not ended then: it may not be killed, or is held in the kernel
			   */
	bool reaping; /* it has ended, and another process is to reap it, or to tell its status */
	deadline patience; /* until when the end of a killed one, or that, is waited for */
};

/* What a forked daemon finds. */
struct launch_forked {
	int channel;   /* its end */
	sigset_t mask; /* the launcher's; all signals are blocked until it is set */
	int error;     /* closing the other descriptors failed */
};

/*
 * Start.  Returns 1 in the launcher with *launch filled; 0 in the forked
 * daemon (path NULL) with *forked filled; or a negative errno, with its text,
 * after which no process is left.
 */
int launch_start(struct launch *launch, const struct launch_plan *plan,
		 struct launch_forked *forked);

/* Has the daemon ended?  Looks, and does not wait. */
bool launch_ended(const struct launch *launch);

/*
 * How the daemon ended, as waitpid(2) tells it; it is not reaped.  -1: it has not ended,
 * or its status is not known.  Does not wait.
 */
int launch_status(const struct launch *launch);

/* The daemon is not wanted: kill it.  Does not wait. */
void launch_kill(struct launch *launch);

/*
 * After that, or once the daemon has ended: wait until then for its end (some seconds at
 * most), and for its status where it comes from another process (a second).  True: there
 * is nothing more to wait for, and launch_collect() is next.
 */
bool launch_gone(struct launch *launch, deadline until);

/*
 * Reap it.  Returns its status as waitpid(2) gives it, or -1 if that is not known, or if
 * it is there still (see "survived").  *launch is over afterwards.
 */
int launch_collect(struct launch *launch);

/*
 * All of it, without waiting for a status: wait for the end until the deadline, kill the
 * daemon then, and collect.
 */
int launch_discard(struct launch *launch, deadline until);

/*
 * The daemon is up, and from now on a child of the process that takes orphans: process
 * 1 or a manager.
 */
void launch_orphan(struct launch *launch);

/* The daemon is up: let go of it.  *launch is over afterwards. */
void launch_release(struct launch *launch);

/* In a child that fork(2) made: the launch is the parent's, and goes on. */
void launch_forget(struct launch *launch);

#endif /* START_LAUNCH_H */
