/* SPDX-License-Identifier: MIT */
/*
 * Paths that stay valid when the working directory changes.
 * Thread-safe.
 */
#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int path_absolute(const char *path, char **ret)
{
	char directory[PATH_MAX + 1] = "";
	size_t length, size;
	char *copy;

	if (path[0] != '/' && getcwd(directory, PATH_MAX) == NULL)
		return -errno;
	length = strlen(directory);
	if (path[0] != '/')
		directory[length++] = '/';
	size = strlen(path) + 1;
	if (length + size > PATH_MAX)
		return -ENAMETOOLONG;
	copy = malloc(length + size);
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, directory, length);
	memcpy(copy + length, path, size);
	*ret = copy;
	return 0;
}

const char *path_inside(const char *root, const char *path)
{
	size_t length = root == NULL ? 0 : strlen(root);

	while (length > 0 && root[length - 1] == '/')
		length--;
	if (length > 0 && strncmp(root, path, length) == 0 && path[length] == '/')
		return path + length;
	return NULL;
}
