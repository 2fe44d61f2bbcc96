/* SPDX-License-Identifier: MIT */
/* Small things done with descriptors; interruptions by signals end here. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Close it unless it is negative; errno is kept.  Returns -1. */
int fd_close(int fd);

/* open(2) with close-on-exec: a descriptor or a negative errno. */
int fd_open(const char *path, int flags, mode_t mode);

/* read(2), pread(2) and write(2): a count or a negative errno. */
ssize_t fd_read(int fd, void *buffer, size_t size);
ssize_t fd_read_at(int fd, void *buffer, size_t size, off_t offset);
int fd_write_all(int fd, const void *buffer, size_t size);

/* dup2(2), and close-on-exec set or clear: 0 or a negative errno. */
int fd_replace(int from, int to);
int fd_set_cloexec(int fd, bool on);
int fd_set_nonblocking(int fd, bool on);

/* A duplicate that is 3 or higher and close-on-exec, or a negative errno. */
int fd_duplicate(int fd);

/*
 * From now on every descriptor that the functions below and fd_duplicate() give has a
 * higher number than this one, which is open.  0, or -EMFILE: the limit allows none.
 */
int fd_own_above(int fd);

/*
 * Out of the way of descriptors 0 to 2: takes fd, gives it or a duplicate
 * that is 3 or higher and close-on-exec; on failure fd is closed and a
 * negative errno returned.
 */
int fd_above_standard(int fd);

/* The same for both ends of something; on failure both are closed. */
int fd_pair_above_standard(int ends[2]);

/* A pipe, both ends close-on-exec, 3 or higher: 0 or a negative errno. */
int fd_pipe(int ends[2], bool nonblocking);

/* Do the two describe the same file? */
bool fd_same_file(const struct stat *one, const struct stat *other);

#endif /* BASE_FD_H */
