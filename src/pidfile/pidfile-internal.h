/* SPDX-License-Identifier: MIT */
/* Inside the library: a pid file as an object. */
#ifndef PIDFILE_PIDFILE_INTERNAL_H
#define PIDFILE_PIDFILE_INTERNAL_H

#include <stdbool.h>

#include <daemonkit/pidfile.h>

#include "pidfile/location.h"
#include "pidfile/lock.h"

struct daemonkit_pidfile {
	char *path;         /* absolute, or NULL without a name */
	const char *inside; /* its end, the path below a new root directory, or NULL */
	bool jailed;        /* there is or will be a new root directory */
	int fd;             /* -1 as long as there is none */
	struct pidfile_lock lock;
};

/* The path as it was made absolute, or NULL.  The object's. */
const char *pidfile_path(const struct daemonkit_pidfile *pidfile);

/* Does this very process hold it through this object? */
bool pidfile_is_held(const struct daemonkit_pidfile *pidfile);

/*
 * The process is about to make root its root directory (NULL: no change): the file
 * can be removed there as well, if it is below that.
 */
void pidfile_expect_root(struct daemonkit_pidfile *pidfile, const char *root);

/* An object without a file yet: 0 or an error. */
int pidfile_new(struct daemonkit_pidfile **ret, const char *path);

/* Answered where the file changed under the hands: look again. */
#define PIDFILE_AGAIN 1

/*
 * Put a new file at the place, whole and locked from the first moment on, or,
 * where a file cannot be made without a name, empty and then locked.  stale is
 * the caller's lock on the file that is there, or NULL; where the directory admits
 * no new file, that one is written, and its lock and its descriptor become the
 * object's.  0, PIDFILE_AGAIN, or an error; 0 only if the file was found at the
 * place, with one name and the caller's pid.
 */
int pidfile_publish(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
		    mode_t mode, struct pidfile_lock *stale);

/*
 * Remove the pid file of a process that is known to have ended: only if it
 * still names that process (0: any) and nobody holds it; where the directory
 * does not permit that, empty it.  0, also when there is nothing to be done, or
 * an error with its text.  The caller holds no lock.
 */
int pidfile_remove_stale(const char *path, pid_t pid);

/*
 * From a daemon to the one that takes its place, which has inherited the
 * descriptor: the first yields, the second takes, and names itself in the file;
 * the first leaves, or when the second is dead, takes back.  Nobody else can come
 * in between, and no reader can stop either of the two.  0 or an error.
 */
int pidfile_can_hand_over(const struct daemonkit_pidfile *pidfile);
int pidfile_hand_over(struct daemonkit_pidfile *pidfile);
int pidfile_inherit(struct daemonkit_pidfile **ret, const char *path, int fd);
int pidfile_acquire(struct daemonkit_pidfile *pidfile);
void pidfile_leave_to_successor(struct daemonkit_pidfile *pidfile);
int pidfile_reacquire(struct daemonkit_pidfile *pidfile);

#endif /* PIDFILE_PIDFILE_INTERNAL_H */
