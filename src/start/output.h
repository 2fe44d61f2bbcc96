/* SPDX-License-Identifier: MIT */
/* What the daemon prints on standard error until it is ready: relayed by the launcher. */
#ifndef START_OUTPUT_H
#define START_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* The longest line that is remembered, with its final NUL. */
#define OUTPUT_LINE 512

struct output {
	int fd;     /* the launcher's end, or -1: nothing is relayed */
	int error;  /* standard error, or -1: it cannot be written to */
	int log;    /* the daemon's log, which gets a copy, or -1; not owned */
	bool ended; /* nothing more will arrive, or is wanted */
	size_t length;
	char line[OUTPUT_LINE]; /* the line that is not complete yet */
	char last[OUTPUT_LINE]; /* the last complete one that is not empty */
	char buffer[65536];
};

/*
 * Create both ends, close-on-exec, 3 or higher: 0 or a negative errno.  Each write(2) on the
 * daemon's end is one message.  When the launcher's end is closed, writing fails, but causes
 * no SIGPIPE: children of the daemon may still have it.
 */
int output_pair(int ends[2]);

/*
 * Copy to standard error and the log what has arrived.  Waits until a full pipe or terminal
 * can be written to, at most until the deadline, and only while the other descriptor, if
 * not -1, is not readable; what cannot be written is dropped.  Returns true if there may
 * be more.
 */
bool output_relay(struct output *output, deadline until, int other);

/*
 * The daemon is ready: copy the rest, until nobody has the daemon's end any more, or for a
 * second.
 */
void output_finish(struct output *output, deadline until, int other);

/* Relay no more; writing fails in the daemon from now on. */
void output_end(struct output *output);

/* The last line that is not empty, or "". */
const char *output_last_line(const struct output *output);

void output_close(struct output *output);

#endif /* START_OUTPUT_H */
