/* SPDX-License-Identifier: MIT */
/*
 * The log file.
 * Thread-safe.
 */
#include "context/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/openat.h"
#include "compat/user.h"

#define FLAGS (O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK)
/* Linux follows at most this many links in a row. */
#define LINKS_MAX 40

/* Replace the path of the link by the link's target: 0 or -ENAMETOOLONG. */
static int put_link_target(char here[static PATH_MAX], const char *target)
{
	char *slash = strrchr(here, '/');
	size_t before = *target == '/' || slash == NULL ? 0 : (size_t)(slash - here) + 1;

	if (before + strlen(target) >= PATH_MAX)
		return -ENAMETOOLONG;
	strcpy(here + before, target);
	return 0;
}

/* Examine a path that was not followed: 0 to try again, 1 if it is permitted, or an error. */
static int follow_links(const char *what, const char *path, char here[static PATH_MAX])
{
	struct stat st;
	/* Allocated, because the stack holds another path already. */
	char *target = malloc(PATH_MAX);
	int result = target == NULL ? -ENOMEM : compat_read_link(here, &st, target, PATH_MAX);

	if (result >= 0 && st.st_uid != 0 &&
	    (st.st_uid != geteuid() || !compat_user_is_certain(st.st_uid))) {
		result = error_set(-ELOOP,
				   "%s %s: %s is a symbolic link of user %lu, and is "
				   "not followed; remove it or name the file itself",
				   what, path, here, (unsigned long)st.st_uid);
		goto out;
	}
	if (result == 0)
		result = 1; /* a magic link of the kernel, which has no text */
	else if (result > 0)
		result = put_link_target(here, target);
	else if (result == -EINVAL || result == -ENOENT)
		result = 0; /* it was a link a moment ago */
	if (result < 0)
		error_system(result, "%s %s", what, path);
out:
	free(target);
	return result;
}

int logfile_open(const char *what, const char *path, mode_t mode)
{
	int fd = -ELOOP, links = 0, result = 0, stream;
	char here[PATH_MAX];

	if (strlen(path) >= sizeof here)
		return error_system(-ENAMETOOLONG, "%s %s", what, path);
	strcpy(here, path);
	while (links++ <= LINKS_MAX) {
		stream = compat_stream_of_path(here, result == 1);
		if (stream >= 0) {
			fd = fd_duplicate(stream);
			return fd < 0 ? error_system(fd, "%s %s: %s", what, path, here) : fd;
		}
		fd = fd_open(here, FLAGS | (result == 0 ? O_NOFOLLOW : 0), mode);
		if (result == 1 || (fd != -ELOOP && fd != -EMLINK))
			break;
		result = follow_links(what, path, here);
		if (result < 0)
			return result;
	}
	/* Opening a pipe must not block; writing to it may. */
	if (fd >= 0)
		fd_set_nonblocking(fd, false);
	fd = fd < 0 ? fd : fd_above_standard(fd);
	return fd < 0 ? error_system(fd, "%s %s", what, path) : fd;
}
