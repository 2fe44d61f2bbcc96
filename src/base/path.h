/* SPDX-License-Identifier: MIT */
/* Paths that stay valid when the working directory changes. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/*
 * Make an absolute copy, which the caller frees.  Returns 0, -ENAMETOOLONG,
 * -ENOMEM, or the error of getcwd(3).
 */
int path_absolute(const char *path, char **ret);

/*
 * The part of an absolute path that names the same file inside the root
 * directory root; NULL if the file is not below root, or root is NULL.
 * Compares text only and does not access the file system.
 */
const char *path_inside(const char *root, const char *path);

#endif /* BASE_PATH_H */
