/* SPDX-License-Identifier: MIT */
/* Functions for the tests of pid files. */
#ifndef PIDFILE_TOOLS_H
#define PIDFILE_TOOLS_H

#include <stdbool.h>
#include <sys/types.h>

#include <daemonkit/pidfile.h>

#define NOBODY 65534

/*
 * How new files are created: without a name first, which link(2) then adds; with a name, where
 * that is impossible; or with a name because link(2) is refused. In the latter two ways a pid
 * file is empty and unlocked for a moment.
 */
enum { NAMELESS, NAMED, LINKLESS, WAYS };

/* Make the system behave like a file system without O_TMPFILE. */
void forbid_nameless(void);

/* Make the creation of files fail with this error. */
void forbid_new(int error);

/* Make link(2) fail with EACCES, as a security module does. */
void forbid_links(void);

/* Set up one of the ways above. */
void take_way(int way);

/* Do pid files appear complete in this way? */
bool is_nameless(int way);

/* A child that acquires the pid file and keeps it until told to exit. */
struct keeper {
	pid_t pid;
	int result; /* of daemonkit_pidfile_create() */
	int control;
};

/* "then", unless NULL, runs in the child once it has acquired the file. */
struct keeper keeper_start(const char *path, mode_t mode, void (*then)(const char *path));
void keeper_end(struct keeper *keeper);  /* closes the file and does not remove it */
void keeper_kill(struct keeper *keeper); /* SIGKILL, reaped */

/* Run a function in a child; return its result, an exit code. */
int in_child(int (*run)(void *data), void *data);

/* Kill the only process that this one has adopted. */
void kill_orphan(void);

/* Become an unprivileged user; false if that fails. */
bool become_nobody(void);

/*
 * Create the pid file, which must succeed, and check that it contains the pid of this process.
 * Does not open the file, because closing it would release the POSIX lock.
 */
struct daemonkit_pidfile *create(const char *path, mode_t mode);

/* Check that the file contains exactly this pid and a newline. */
void check_names(const char *path, pid_t pid);

/* The pid that the text of the last error names as the holder, or 0. */
pid_t named_by_error(void);

/* The number of entries in the directory. */
size_t count_entries(const char *directory);

/* Like harness_path(), in a directory that every user can enter. */
const char *open_path(const char *name);

#endif /* PIDFILE_TOOLS_H */
