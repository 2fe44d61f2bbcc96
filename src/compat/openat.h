/* SPDX-License-Identifier: MIT */
/* Opening files without following links, and creating unnamed files. */
#ifndef COMPAT_OPENAT_H
#define COMPAT_OPENAT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * The stream that the path names, 1 or 2, or -1.  Reopening it would fail for a socket or
 * for another user's pipe, and needs /proc.  @link_of_kernel: the path is a link without text.
 */
int compat_stream_of_path(const char *path, bool link_of_kernel);

/* Open a directory as a base for naming files in it: a descriptor or -errno. */
int compat_open_directory(const char *path);

/*
 * Open dir/name for reading (and writing) if it still is the expected file.  If
 * the system supports it, no other file is ever opened: no device is accessed
 * and no FIFO gets a reader.  Returns a descriptor; -ESTALE if it is another
 * file now; or a negative errno.
 */
int compat_open_expected(int dir, const char *name, const struct stat *expected, bool writing);

/*
 * Read a symbolic link's target together with its stat, consistently.  Returns
 * the length of the target; 0 for a magic link of the kernel that has no text;
 * -EINVAL if it is not a link; or another negative errno.
 */
int compat_read_link(const char *path, struct stat *st, char *target, size_t size);

/*
 * Create an unnamed file in the directory, open for reading and writing, mode
 * 0600, close-on-exec.  -ENOTSUP if the file system does not support that.
 */
int compat_open_nameless(int dir);

/*
 * Give such a file a name: 0; -EEXIST; -ENOTSUP if it cannot be linked, or
 * linking is not permitted, though the directory permits new files; or a
 * negative errno.
 */
int compat_name(int fd, int dir, const char *name);

/* Is it a POSIX message queue?  On systems where it is a descriptor it looks like a file. */
bool compat_is_queue(int fd);

#endif /* COMPAT_OPENAT_H */
