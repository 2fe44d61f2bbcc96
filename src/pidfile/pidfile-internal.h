/* SPDX-License-Identifier: MIT */
/* Internals of a pid file object. */
#ifndef PIDFILE_PIDFILE_INTERNAL_H
#define PIDFILE_PIDFILE_INTERNAL_H

#include <stdbool.h>

#include <daemonkit/pidfile.h>

#include "pidfile/location.h"
#include "pidfile/lock.h"

struct daemonkit_pidfile {
	char *path;         /* absolute, or NULL without a name */
	const char *inside; /* the end of path, inside a new root directory, or NULL */
	bool jailed;        /* there is or will be a new root directory */
	int fd;             /* -1 while no file is open */
	struct pidfile_lock lock;
};

/* A title for error texts; the object may have no name. */
const char *pidfile_title(const struct daemonkit_pidfile *pidfile);

/* Does this process hold the file through this object? */
bool pidfile_is_held(const struct daemonkit_pidfile *pidfile);

/*
 * The process is about to change its root directory to root (NULL: no change):
 * if the file is below root, it can still be removed afterwards.
 */
void pidfile_expect_root(struct daemonkit_pidfile *pidfile, const char *root);

/* Create an object without a file, with this absolute path or NULL: 0 or an error. */
int pidfile_new(struct daemonkit_pidfile **ret, const char *path);

/* daemonkit_pidfile_create() with an absolute path and a valid mode, which is not 0. */
int pidfile_create(const char *path, mode_t mode, struct daemonkit_pidfile **ret);

/* The file changed during the operation: try again. */
#define PIDFILE_AGAIN 1

/*
 * Create a new file at the place: complete and locked before it has a name or,
 * if the file system has no unnamed files, empty and then locked.  stale is the
 * caller's lock on the existing file, or NULL.  If the directory permits no new
 * file, the existing file is written, and its lock and descriptor move to the
 * object.  0, PIDFILE_AGAIN, or an error; 0 only after verifying that the file
 * is at the place, with one name and the caller's pid.
 */
int pidfile_publish(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
		    mode_t mode, struct pidfile_lock *stale);

/*
 * Move the file that this process holds to another absolute path, or only set its mode if this
 * path names it already.  The object is replaced by that of a new file, which is acquired like
 * any other; then the old name is removed.  0, or an error, after which the old object is
 * unchanged.
 */
int pidfile_move(struct daemonkit_pidfile **pidfile, const char *path, mode_t mode);

/*
 * Remove the name of the file: 0, also if the file has none; -ENOENT if the path, as far as it
 * can be reached, names another file or none; or another errno; no text.
 */
int pidfile_unlink(const struct daemonkit_pidfile *pidfile);

/*
 * Remove the pid file of a process that is known to have exited, only if it
 * still names that process (0: any) and no process holds it.  If the directory
 * does not permit removal, empty the file.  0, also if there is nothing to do,
 * or an error with its text.  The caller must not hold the lock.
 */
int pidfile_remove_stale(const char *path, pid_t pid);

/*
 * The steps of a handover to a successor, which has inherited the descriptor:
 * the predecessor gives up part of the lock; the successor acquires it and
 * writes its pid to the file; the predecessor leaves the file or, if the
 * successor is dead, acquires it again.  No third process can acquire the file
 * meanwhile, and no reader can block either of the two.  0 or an error.
 */
int pidfile_can_hand_over(const struct daemonkit_pidfile *pidfile);
int pidfile_hand_over(struct daemonkit_pidfile *pidfile);
int pidfile_inherit(struct daemonkit_pidfile **ret, const char *path, int fd);
int pidfile_acquire(struct daemonkit_pidfile *pidfile);
void pidfile_leave_to_successor(struct daemonkit_pidfile *pidfile);
int pidfile_reacquire(struct daemonkit_pidfile *pidfile);

#endif /* PIDFILE_PIDFILE_INTERNAL_H */
