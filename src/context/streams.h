/* SPDX-License-Identifier: MIT */
/* The standard streams of the daemon, and its log on them. */
#ifndef CONTEXT_STREAMS_H
#define CONTEXT_STREAMS_H

#include <stdbool.h>

#include "context/settings.h"

/* Descriptors that will be 0, and 1 and 2; -1 where one stays as it is. */
struct streams {
	int input;
	int output;
	bool journal; /* the streams are the journal, and no log file is used */
};

/*
 * Open what the standard streams will be, as long as the privileges and the
 * root directory are there for it.  A foreground daemon keeps the streams
 * that it has, but for a log that was asked for and is not the journal.
 * Returns 0 or a negative errno with its text.
 */
int streams_open(const struct settings *settings, bool foreground, struct streams *streams);

/* Put them in place; closes them. */
int streams_set(bool foreground, struct streams *streams);

/*
 * Have nothing that is printed arrive anywhere, also without /dev/null (after chroot(2), say) and
 * without a free descriptor.
 */
void streams_silence(void);

/*
 * Open the log file once more and put it on 1 and 2.  In a jail the path is
 * looked up inside of it.  On failure the old log stays.
 */
int streams_reopen_log(const struct settings *settings);

#endif /* CONTEXT_STREAMS_H */
