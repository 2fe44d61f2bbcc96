/* SPDX-License-Identifier: MIT */
/* Paths that stay true when the working directory changes. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/*
 * A copy that begins with "/", to be freed by the caller: 0, -ENAMETOOLONG,
 * -ENOMEM, or the error of getcwd(3).
 */
int path_absolute(const char *path, char **ret);

/*
 * The part of an absolute path that names the same file inside the root directory
 * root; NULL where the file is not below it, or root is NULL.  Nothing is looked up.
 */
const char *path_inside(const char *root, const char *path);

#endif /* BASE_PATH_H */
