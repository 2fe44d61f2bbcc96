/* SPDX-License-Identifier: MIT */
/* Helpers for descriptors; they restart interrupted system calls. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Close the descriptor unless it is negative; errno is preserved.  Returns -1. */
int fd_close(int fd);

/* open(2) with close-on-exec: a descriptor or a negative errno. */
int fd_open(const char *path, int flags, mode_t mode);

/* read(2), pread(2) and write(2): a count or a negative errno. */
ssize_t fd_read(int fd, void *buffer, size_t size);
ssize_t fd_read_at(int fd, void *buffer, size_t size, off_t offset);
int fd_write_all(int fd, const void *buffer, size_t size);

/*
 * Between these two calls a write to a pipe or socket without a reader does not cause SIGPIPE
 * in this thread.  @failed: one of them returned EPIPE.
 */
struct fd_no_sigpipe {
	sigset_t before;
	bool was_pending;
};
void fd_block_sigpipe(struct fd_no_sigpipe *guard);
void fd_unblock_sigpipe(const struct fd_no_sigpipe *guard, bool failed);

/* Like fd_write_all(); a pipe without a reader is an error, and does not cause SIGPIPE. */
int fd_write_silently(int fd, const void *buffer, size_t size);

/*
 * Read a small file, such as one of /proc, as a string; directory and path are those of
 * openat(2).  The rest of a larger file is ignored.  Returns the length or a negative errno.
 */
ssize_t fd_read_file(int directory, const char *path, char *text, size_t size);

/* dup2(2), and set or clear close-on-exec: 0 or a negative errno. */
int fd_replace(int from, int to);
int fd_set_cloexec(int fd, bool on);
int fd_set_nonblocking(int fd, bool on);

/* A duplicate, 3 or higher and close-on-exec, or a negative errno. */
int fd_duplicate(int fd);

/*
 * From now on fd_duplicate() and the functions below return only descriptors
 * higher than fd, which is open.  Returns 0, or -EMFILE: the limit allows no
 * higher number.
 */
int fd_own_above(int fd);

/*
 * Keep descriptors 0 to 2 free: takes fd and returns it or a duplicate, 3 or
 * higher and close-on-exec.  On failure fd is closed and a negative errno
 * returned.
 */
int fd_above_standard(int fd);

/* Like fd_above_standard(), for both ends; on failure both are closed. */
int fd_pair_above_standard(int ends[2]);

/* Do both describe the same file? */
bool fd_same_file(const struct stat *one, const struct stat *other);

#endif /* BASE_FD_H */
