/* SPDX-License-Identifier: MIT */
/* How this process was started: as a second copy, or otherwise. */
#ifndef START_MARKER_H
#define START_MARKER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#define ORIGIN_MARK_NAME "DAEMONKIT_REBORN"
/* "NAME=", two numbers, a colon, the final NUL. */
#define MARKER_SIZE (sizeof ORIGIN_MARK_NAME + 2 * 21)

enum marker {
	MARKER_NONE,    /* started by another program */
	MARKER_REBORN,  /* started by a launcher as its second copy */
	MARKER_REFUSED, /* its marker says so, but is not trusted */
};

/*
 * Write the marker by which the process with this pid recognizes that it is a
 * second copy, and the descriptor of its channel.  Async-signal-safe.
 */
void marker_write(char mark[static MARKER_SIZE], int channel, pid_t pid);

/*
 * Can this program have a second copy?  Not if it has more privileges than its
 * caller: a process of the caller could pose as the launcher.
 */
bool marker_allows_copy(void);

enum marker marker_get(void);

/* Is this a second copy whose channel has not been taken yet? */
bool marker_has_channel(void);

/* Take the channel of a second copy, which the caller then owns; -1 if it was taken already. */
int marker_take_channel(void);

/* The signals that were blocked when this program was executed. */
const sigset_t *marker_mask(void);

#endif /* START_MARKER_H */
