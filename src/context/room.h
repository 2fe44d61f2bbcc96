/* SPDX-License-Identifier: MIT */
/* What the daemon does to itself: streams, root, directory, user. */
#ifndef CONTEXT_ROOM_H
#define CONTEXT_ROOM_H

#include <stdbool.h>

#include "context/settings.h"

/* Descriptors that will be 0, and 1 and 2; -1 where one stays as it is. */
struct room_streams {
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
int room_open_streams(const struct settings *settings, bool foreground,
		      struct room_streams *streams);

/* Put them in place; closes them. */
int room_set_streams(bool foreground, struct room_streams *streams);

/*
 * Have nothing that is printed arrive anywhere, also without /dev/null (after chroot(2), say) and
 * without a free descriptor.
 */
void room_silence(void);

/* Umask, root, working directory, groups, user: 0 or an error with its text. */
int room_confine(const struct settings *settings);

/*
 * Open the log file once more and put it on 1 and 2.  In a jail the path is
 * looked up inside of it.  On failure the old log stays.
 */
int room_reopen_log(const struct settings *settings);

#endif /* CONTEXT_ROOM_H */
