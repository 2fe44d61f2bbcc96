/* SPDX-License-Identifier: MIT */
/*
 * Paths that stay valid when the working directory changes, and modes of files.
 * Thread-safe.
 */
#include "base/path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"

int path_resolve(const char *path, char absolute[static PATH_MAX])
{
	size_t length = 0, size = strlen(path) + 1;

	if (path[0] != '/') {
		if (getcwd(absolute, PATH_MAX - 1) == NULL)
			return errno == ERANGE ? -ENAMETOOLONG : -errno;
		length = strlen(absolute);
		absolute[length++] = '/';
	}
	if (length + size > PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(absolute + length, path, size);
	return 0;
}

int path_absolute(const char *what, const char *path, char **ret)
{
	char absolute[PATH_MAX];
	char *copy = NULL;
	int result;

	if (path[0] == '\0')
		return error_set(-EINVAL, "%s: the path is empty", what);
	result = path_resolve(path, absolute);
	if (result == 0)
		copy = strdup(absolute);
	if (result == 0 && copy == NULL)
		result = -ENOMEM;
	if (result < 0)
		return error_system(result, "%s %.256s", what, path);
	*ret = copy;
	return 0;
}

int path_check_mode(const char *what, const char *path, mode_t mode)
{
	if ((mode & ~(mode_t)(S_IRWXU | S_IRWXG | S_IRWXO)) != 0)
		return error_set(-EINVAL, "%s%s%.256s: mode %o has bits outside 0777", what,
				 path != NULL ? " " : "", path != NULL ? path : "", (unsigned)mode);
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
