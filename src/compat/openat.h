/* SPDX-License-Identifier: MIT */
/* Files: opened without being followed, made without a name. */
#ifndef COMPAT_OPENAT_H
#define COMPAT_OPENAT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* A descriptor of a directory, good for naming files in it; or -errno. */
int compat_open_directory(const char *path);

/*
 * Open dir/name for reading (and writing) if it still is the expected file.
 * Where the system allows, nothing else is ever opened: no device is touched
 * and no reader of a FIFO appears.  A descriptor; -ESTALE when it has become
 * another file; or a negative errno.
 */
int compat_open_expected(int dir, const char *name, const struct stat *expected, bool writing);

/*
 * What a symbolic link says, and its st, which belong together: the text's length; 0 for
 * one of the kernel's that leads somewhere without a text; -EINVAL when it is no link; or
 * another negative errno.
 */
int compat_read_link(const char *path, struct stat *st, char *target, size_t size);

/*
 * A file without a name in the directory, open for reading and writing, mode
 * 0600, close-on-exec.  -ENOTSUP where there are no such files.
 */
int compat_open_nameless(int dir);

/*
 * Name such a file: 0, -EEXIST, -ENOTSUP where it can or may have none, though
 * the directory admits files, or a negative errno.
 */
int compat_name(int fd, int dir, const char *name);

/* Is it a POSIX message queue, which looks like a regular file where it is a descriptor? */
bool compat_is_queue(int fd);

#endif /* COMPAT_OPENAT_H */
