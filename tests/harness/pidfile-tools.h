/* SPDX-License-Identifier: MIT */
/* What the tests of pid files share. */
#ifndef PIDFILE_TOOLS_H
#define PIDFILE_TOOLS_H

#include <stdbool.h>
#include <sys/types.h>

#include <daemonkit/pidfile.h>

#define NOBODY 65534

/*
 * How files come to be: without a name first, or where that is impossible, or
 * where it is possible and they get none.  In the latter two a pid file is
 * empty, and not locked, for a moment.
 */
enum { NAMELESS, NAMED, LINKLESS, WAYS };

/* Make the system answer as a file system without O_TMPFILE does. */
void forbid_nameless(void);

/* Make it answer with this error whenever a file is to be new. */
void forbid_new(int error);

/* Make it refuse with EACCES, as a security module does. */
void forbid_links(void);

/* Become one of the ways above. */
void take_way(int way);

/* Does a pid file appear complete? */
bool is_nameless(int way);

/* A child that takes the pid file and keeps it until it is told to end. */
struct keeper {
	pid_t pid;
	int result; /* of daemonkit_pidfile_create() */
	int control;
};

/* "then", or NULL, runs in the child once it has the file. */
struct keeper keeper_start(const char *path, mode_t mode, void (*then)(const char *path));
void keeper_end(struct keeper *keeper);  /* it closes the file and leaves it */
void keeper_kill(struct keeper *keeper); /* SIGKILL, reaped */

/* Run it in a child, and give its result, an exit status. */
int in_child(int (*run)(void *data), void *data);

/* End the one process that this one has adopted. */
void kill_orphan(void);

/* Become somebody without privileges; false if that fails. */
bool become_nobody(void);

/*
 * Create it, which succeeds, and check that it says this process's pid.  The
 * file is not opened for this, which would drop the record lock.
 */
struct daemonkit_pidfile *create(const char *path, mode_t mode);

/* The file says exactly this pid and a newline. */
void check_names(const char *path, pid_t pid);

/* The pid that the text of the last error names as the holder, or 0. */
pid_t named_by_error(void);

/* How many entries there are in the directory. */
size_t count_entries(const char *directory);

/* Like harness_path(), in a directory that anybody may enter. */
const char *open_path(const char *name);

#endif /* PIDFILE_TOOLS_H */
