/* SPDX-License-Identifier: MIT */
/*
 * A lock of an open file description on one byte of a file.  It stays when
 * the process closes another descriptor of the same file, and goes with the
 * last duplicate of its own descriptor, forked ones included.
 */
#ifndef COMPAT_OFD_LOCK_H
#define COMPAT_OFD_LOCK_H

#include <sys/stat.h>
#include <sys/types.h>

/* The byte; POSIX locks of pid files end before it. */
#define COMPAT_GUARD_BYTE 0x40000000

/* Take it: 0, -EAGAIN another description has it, -ENOTSUP no such locks. */
int compat_ofd_lock(int fd);

/* Let go of it, for all who share the description. */
void compat_ofd_unlock(int fd);

/* 1 another description has it, 0 none; where there are no such locks: 0. */
int compat_ofd_is_locked(int fd);

/*
 * Has this process a descriptor whose description holds the lock on this
 * file?  1 yes, 0 no, or a negative errno where that cannot be seen.  The
 * caller makes sure that the pid means the same process all the while.
 */
int compat_ofd_lock_held_by(pid_t pid, const struct stat *file);

/*
 * The same for a POSIX lock for writing that lies before that byte.  It is
 * shown only where it belongs: by a process that has the descriptor without
 * having set the lock it is not.
 */
int compat_posix_lock_held_by(pid_t pid, const struct stat *file);

#endif /* COMPAT_OFD_LOCK_H */
