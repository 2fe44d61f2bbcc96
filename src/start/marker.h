/* SPDX-License-Identifier: MIT */
/* What this process was born as: a second copy, or any other process. */
#ifndef START_MARKER_H
#define START_MARKER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define ORIGIN_MARK_NAME "DAEMONKIT_REBORN"
/* "NAME=", two numbers, a colon, the final NUL. */
#define MARKER_SIZE (sizeof ORIGIN_MARK_NAME + 2 * 21)

enum marker {
	MARKER_NONE,    /* started by somebody else */
	MARKER_REBORN,  /* started by a launcher as its second copy */
	MARKER_REFUSED, /* its mark says so, but it is not believed */
};

/*
 * Write the mark by which the process of this pid knows that it is a second
 * copy, and at which descriptor its launcher listens.  Async-signal-safe.
 */
void marker_write(char mark[static MARKER_SIZE], int channel, pid_t pid);

/*
 * Can this program have a second copy?  Not one with more privileges than its caller has:
 * a process of that caller could pose as the launcher.
 */
bool marker_allows_copy(void);

enum marker marker_get(void);

/* Is this a second copy whose channel nobody has taken yet? */
bool marker_has_channel(void);

/* The channel of a second copy, the caller's from now on; -1 if it was taken. */
int marker_take_channel(void);

/* Which signals were blocked when this program was executed. */
const sigset_t *marker_mask(void);

#endif /* START_MARKER_H */
