/* SPDX-License-Identifier: MIT */
/* The two locks on a pid file, and the list of those that this process has. */
#ifndef PIDFILE_LOCK_H
#define PIDFILE_LOCK_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * For a POSIX lock the kernel reports the owner, but the lock belongs to the
 * whole process and is released when the process closes any descriptor of the
 * file.  An OFD lock (of the open file description) persists then, but has no
 * owner.  So a holder has both, on different ranges.
 *
 * The locks of the process are listed, so that the library does not drop them
 * by opening and closing files itself.  A child of fork(2) inherits the list
 * but none of the locks: each entry records its owner.
 */
struct pidfile_lock {
	struct pidfile_lock *next;
	dev_t device;
	ino_t inode;
	int fd;
	pid_t owner;      /* 0: not locked */
	bool handed_over; /* during a handover: reduced, for the successor */
};

/*
 * Serialize opening, locking and closing of pid files in the process: POSIX
 * locks do not exclude other threads of the same process.
 */
void pidfile_mutex_lock(void);
void pidfile_mutex_unlock(void);

/* This process's lock on this file, or NULL. */
const struct pidfile_lock *pidfile_lock_of_this_process(const struct stat *file);

/* Does this process hold this lock?  False in a child of the holder. */
bool pidfile_lock_held(const struct pidfile_lock *lock);

/*
 * Acquire both and list them: 0, -EAGAIN, or another errno; no text.  Leaves
 * another process's OFD lock alone: the caller has verified that only a dead
 * holder's child has it.
 */
int pidfile_lock_acquire(struct pidfile_lock *lock, int fd);

/* Move both locks from one holder in this process to another. */
void pidfile_lock_move(struct pidfile_lock *from, struct pidfile_lock *to);

/*
 * Hand over to a process that has the same open file description and thus the
 * OFD lock.  The predecessor reduces its POSIX lock to a read lock on the first
 * byte.  The successor acquires a read lock on that byte too, and a write lock
 * on the rest.  Then the predecessor releases its part, or acquires the rest
 * again if the successor is dead.
 *
 * Read locks exclude a new start, which needs a write lock on everything, but
 * not each other.  So a process that may only read the file cannot keep the
 * successor or the predecessor from its part; and at any moment one of the two
 * excludes third processes.
 *
 * 0 or a negative errno; no text.  -EAGAIN: another process has a write lock.
 */
int pidfile_lock_hand_over(struct pidfile_lock *lock);
int pidfile_lock_succeed(struct pidfile_lock *lock, int fd);
void pidfile_lock_release(struct pidfile_lock *lock);
int pidfile_lock_reacquire(struct pidfile_lock *lock);

/* Release both; does nothing if this process does not hold them. */
void pidfile_lock_drop(struct pidfile_lock *lock);

/* Acquire again any POSIX locks that were dropped by closing a descriptor. */
void pidfile_lock_restore(void);

/* Close a descriptor of a pid file without losing the process's locks: -1. */
int pidfile_lock_close(int fd);

/* The owner of the POSIX lock. */
enum pidfile_owner {
	PIDFILE_OWNER_NONE,
	PIDFILE_OWNER_HOLDER, /* a process that can be named */
	PIDFILE_OWNER_UNSEEN, /* in another pid namespace or on another host */
	PIDFILE_OWNER_READER, /* a process with a read lock */
};
/* Returns one of these, or a negative errno; sets *pid for a holder and a reader. */
int pidfile_lock_owner(int fd, pid_t *pid);

#endif /* PIDFILE_LOCK_H */
