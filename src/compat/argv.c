/* SPDX-License-Identifier: MIT */
/*
 * The arguments with which this program was started.
 * Thread-safe.
 */
#include "compat/argv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static int read_whole(const char *path, char **text, size_t *length)
{
	size_t size = 0, used = 0;
	char *bytes = NULL;
	int result = 0, fd = fd_open(path, O_RDONLY, 0);

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t count;

		if (used == size) {
			char *larger = realloc(bytes, size += 4096);

			if (larger == NULL) {
				result = -ENOMEM;
				goto out;
			}
			bytes = larger;
		}
		count = fd_read(fd, bytes + used, size - used);
		if (count <= 0) {
			result = (int)count;
			break;
		}
		used += (size_t)count;
	}
	if (result == 0) {
		*text = bytes;
		*length = used;
		bytes = NULL;
	}
out:
	free(bytes);
	fd_close(fd);
	return result;
}

int compat_argv_read(char ***arguments)
{
	char *text = NULL, *copy;
	size_t length = 0, count = 0, at = 0;
	char **array;
	int result = read_whole("/proc/self/cmdline", &text, &length);

	if (result < 0)
		return result;
	if (length == 0 || text[length - 1] != '\0') {
		free(text);
		return -ENODATA;
	}
	for (size_t i = 0; i < length; i++)
		count += text[i] == '\0';
	array = malloc((count + 1) * sizeof *array + length);
	if (array == NULL) {
		free(text);
		return -ENOMEM;
	}
	copy = (char *)(array + count + 1);
	memcpy(copy, text, length);
	free(text);
	for (size_t i = 0; i < count; i++) {
		array[i] = copy + at;
		at += strlen(copy + at) + 1;
	}
	array[count] = NULL;
	*arguments = array;
	return 0;
}
