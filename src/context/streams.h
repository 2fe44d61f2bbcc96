/* SPDX-License-Identifier: MIT */
/* The daemon's standard streams and its log. */
#ifndef CONTEXT_STREAMS_H
#define CONTEXT_STREAMS_H

#include <stdbool.h>

#include "context/settings.h"

struct streams {
	int fds[3];   /* in place of 0 to 2; -1: output as errors, errors unchanged or discarded */
	bool journal; /* the streams are the journal; no files are used */
	int early;    /* for standard error until the daemon is ready, or -1; not owned */
};

/*
 * Open the future standard streams while the privileges and the root directory
 * permit it.  A foreground daemon keeps its streams, except for a log that was
 * requested, unless they are the journal.  Returns 0 or a negative errno with
 * its text.
 */
int streams_open(const struct settings *settings, bool foreground, struct streams *streams);

/* Install them, and close the originals. */
int streams_set(bool foreground, struct streams *streams);

void streams_close(struct streams *streams);

/*
 * Let standard error lead to this socket, which the launcher reads, until the end of that;
 * then, and in forked children at once, it leads again to where it leads now.  0 or an
 * error with its text.
 */
int streams_begin_early(int socket);

/* Returns true if the launcher may not have copied everything yet. */
bool streams_end_early(void);

/*
 * Discard all further output; works without /dev/null (for example after
 * chroot(2)) and without a free descriptor.
 */
void streams_discard(void);

/*
 * Reopen the files and install them as 1 and 2.  After chroot(2) their paths are
 * looked up in the new root.  On failure the old ones stay.
 */
int streams_reopen(const struct settings *settings);

#endif /* CONTEXT_STREAMS_H */
