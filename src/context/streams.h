/* SPDX-License-Identifier: MIT */
/* The daemon's standard streams and its log. */
#ifndef CONTEXT_STREAMS_H
#define CONTEXT_STREAMS_H

#include <stdbool.h>

#include "context/settings.h"

/* Future descriptors 0, and 1 and 2; -1 if one stays as it is. */
struct streams {
	int input;
	int output;
	bool journal; /* the streams are the journal; no log file is used */
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

/*
 * Discard all further output; works without /dev/null (for example after
 * chroot(2)) and without a free descriptor.
 */
void streams_discard(void);

/*
 * Reopen the log file and install it as 1 and 2.  After chroot(2) the path is
 * looked up in the new root.  On failure the old log stays.
 */
int streams_reopen_log(const struct settings *settings);

#endif /* CONTEXT_STREAMS_H */
