/* SPDX-License-Identifier: MIT */
/*
 * An OFD lock (of the open file description) on one byte of a file.  It
 * persists when the process closes another descriptor of the same file.  It is
 * released when the last duplicate of its own descriptor is closed, including
 * those of forked children.
 */
#ifndef COMPAT_OFD_LOCK_H
#define COMPAT_OFD_LOCK_H

#include <sys/stat.h>
#include <sys/types.h>

/* The locked byte; POSIX locks of pid files end before it. */
#define COMPAT_GUARD_BYTE 0x40000000

/* Acquire it: 0, -EAGAIN another description has it, -ENOTSUP no OFD locks. */
int compat_ofd_lock(int fd);

/* Release it, for all processes that share the description. */
void compat_ofd_unlock(int fd);

/* 1 another description has it, 0 none has; 0 if there are no OFD locks. */
int compat_ofd_is_locked(int fd);

/*
 * Does this process have a descriptor whose description has the lock on this
 * file?  1 yes, 0 no, or a negative errno if that cannot be determined.  The
 * caller ensures that the pid is not reused meanwhile.
 */
int compat_ofd_lock_held_by(pid_t pid, const struct stat *file);

/*
 * Like compat_ofd_lock_held_by(), for a POSIX write lock before that byte.  The
 * kernel shows it only for the process that set it, not for one that merely has
 * the descriptor.
 */
int compat_posix_lock_held_by(pid_t pid, const struct stat *file);

#endif /* COMPAT_OFD_LOCK_H */
