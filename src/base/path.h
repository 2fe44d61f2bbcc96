/* SPDX-License-Identifier: MIT */
/* Paths that stay valid when the working directory changes, and modes of files. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <limits.h>
#include <sys/types.h>

/* Make a path absolute: 0, -ENAMETOOLONG, or the error of getcwd(3); no text. */
int path_resolve(const char *path, char absolute[static PATH_MAX]);

/*
 * Check a path given by the program, and make an absolute copy, which the caller frees.
 * what is its name in texts.  Returns 0, or -EINVAL (it is empty), -ENAMETOOLONG, -ENOMEM,
 * or the error of getcwd(3), with its text.
 */
int path_absolute(const char *what, const char *path, char **ret);

/* Has the mode for this file (NULL: none) only permission bits?  0, or -EINVAL with its text. */
int path_check_mode(const char *what, const char *path, mode_t mode);

/*
 * The part of an absolute path that names the same file inside the root
 * directory root; NULL if the file is not below root, or root is NULL.
 * Compares text only and does not access the file system.
 */
const char *path_inside(const char *root, const char *path);

#endif /* BASE_PATH_H */
