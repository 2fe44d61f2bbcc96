/* SPDX-License-Identifier: MIT */
/* The two locks on a pid file, and which ones this process has. */
#ifndef PIDFILE_LOCK_H
#define PIDFILE_LOCK_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * A POSIX lock makes the kernel name its owner, but belongs to the
 * process as a whole: it goes when the process closes any descriptor of the
 * file.  An OFD lock, of the open file description, stays then, but has
 * no owner.  So both are taken, on ranges of their own.
 *
 * What the process has is listed, so that this library does not lose it by
 * its own opening and closing.  A child of fork(2) inherits the list and
 * none of the locks: each entry knows whose it is.
 */
struct pidfile_lock {
	struct pidfile_lock *next;
	dev_t device;
	ino_t inode;
	int fd;
	pid_t owner;      /* 0: not locked */
	bool handed_over; /* for a while: only what keeps others away, so that a successor can take
			     it */
};

/*
 * All that opens, locks or closes pid files is done by one thread at a time:
 * two threads of a process never exclude each other by POSIX locks.
 */
void pidfile_mutex_lock(void);
void pidfile_mutex_unlock(void);

/* The lock that this process has on this file, or NULL. */
const struct pidfile_lock *pidfile_lock_here(const struct stat *file);

/* Does this process hold this lock?  Not so in a child of the holder. */
bool pidfile_lock_held(const struct pidfile_lock *lock);

/*
 * Take both and list them: 0, -EAGAIN, or another errno; no text.  An OFD lock
 * that somebody else has is let be: the caller has found out that it is only
 * a dead holder's child.
 */
int pidfile_lock_acquire(struct pidfile_lock *lock, int fd);

/* Hand both from one holder in this process to another. */
void pidfile_lock_move(struct pidfile_lock *from, struct pidfile_lock *to);

/*
 * From one process to another that has the same open file description, and the
 * OFD lock with it.  The one yields: of its POSIX lock it keeps a lock for reading
 * on the first byte.  The other takes the same, and the rest for writing.  Then
 * the one leaves, or regains all if the other is dead.
 *
 * Locks for reading exclude a start, which needs all for writing, but not each
 * other.  So no process that may only read the file can keep the successor from
 * its part, or the one from what it has kept; and at every moment one of the
 * two excludes third ones.
 *
 * 0 or a negative errno; no text.  -EAGAIN: somebody else has a lock for writing.
 */
int pidfile_lock_hand_over(struct pidfile_lock *lock);
int pidfile_lock_succeed(struct pidfile_lock *lock, int fd);
void pidfile_lock_release(struct pidfile_lock *lock);
int pidfile_lock_reacquire(struct pidfile_lock *lock);

/* Let go of both; nothing if this process does not hold them. */
void pidfile_lock_drop(struct pidfile_lock *lock);

/* Take again the POSIX locks that closing a descriptor may have dropped. */
void pidfile_lock_restore(void);

/* Close a descriptor of a pid file without losing the process's locks: -1. */
int pidfile_lock_close(int fd);

/* Whose is the POSIX lock? */
enum pidfile_owner {
	PIDFILE_OWNER_NONE,
	PIDFILE_OWNER_HOLDER, /* of a process that can be named */
	PIDFILE_OWNER_UNSEEN, /* of another pid namespace or host */
	PIDFILE_OWNER_READER, /* of somebody who locks it for reading */
};
/* One of these, or a negative errno; *pid is set for a holder and a reader. */
int pidfile_lock_owner(int fd, pid_t *pid);

#endif /* PIDFILE_LOCK_H */
