/* SPDX-License-Identifier: MIT */
/*
 * Open file description locks, and who has one according to /proc.
 * Thread-safe.
 */
#include "compat-lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"

#if defined(COMPAT_LINUX) && defined(F_OFD_SETLK)

static int guard(int fd, int command, struct flock *lock, int type)
{
	*lock = (struct flock){
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = COMPAT_GUARD_BYTE,
		.l_len = 1,
	};
	return fcntl(fd, command, lock) < 0 ? -errno : 0;
}

int compat_guard_take(int fd)
{
	struct flock lock;
	int result = guard(fd, F_OFD_SETLK, &lock, F_WRLCK);

	if (result == -EACCES)
		return -EAGAIN;
	return result == -EINVAL || result == -ENOSYS ? -ENOTSUP : result;
}

void compat_guard_drop(int fd)
{
	struct flock lock;

	guard(fd, F_OFD_SETLK, &lock, F_UNLCK);
}

int compat_guard_taken(int fd)
{
	struct flock lock;

	/* A mere reader's lock guards nothing: the holder's is for writing. */
	return guard(fd, F_OFD_GETLK, &lock, F_WRLCK) == 0 && lock.l_type == F_WRLCK;
}

/* A line of fdinfo such as "lock:\t1: OFDLCK ADVISORY  WRITE -1 fe:00:7 1073741824 1073741824" */
static bool is_guard(const char *line)
{
	long long start, end;
	char kind[16], access[16];

	return sscanf(line, "lock: %*d: %15s %*s %15s %*s %*s %lld %lld", kind, access, &start,
		      &end) == 4 &&
	       strcmp(kind, "OFDLCK") == 0 && strcmp(access, "WRITE") == 0 &&
	       start == COMPAT_GUARD_BYTE && end == COMPAT_GUARD_BYTE;
}

/* Does this descriptor, a file of /proc/PID/fdinfo, hold a guard?  Or -errno. */
static int shows_guard(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	char text[4096]; /* the locks come before what may be long */
	char *next = text, *line;
	ssize_t length;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	length = fd_read(fd, text, sizeof text - 1);
	fd_close(fd);
	if (length < 0)
		return length == -ENOENT ? 0 : (int)length;
	text[length] = '\0';
	while ((line = strsep(&next, "\n")))
		if (strncmp(line, "lock:", 5) == 0 && is_guard(line))
			return 1;
	return 0;
}

/* Is the descriptor, a file of /proc/PID/fd, one of this file?  Or -errno. */
static int shows_file(pid_t pid, const char *name, const struct stat *file)
{
	char path[32 + NAME_MAX];
	struct stat found;

	snprintf(path, sizeof path, "/proc/%ld/fd/%s", (long)pid, name);
	if (stat(path, &found) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fd_same_file(&found, file);
}

int compat_guard_held_by(pid_t pid, const struct stat *file)
{
	char path[64];
	struct dirent *entry;
	int result = 0;
	DIR *list;

	snprintf(path, sizeof path, "/proc/%ld/fdinfo", (long)pid);
	list = opendir(path);
	if (!list)
		return -errno;
	while (result == 0) {
		errno = 0;
		entry = readdir(list);
		if (!entry) {
			result = -errno;
			break;
		}
		if (entry->d_name[0] == '.')
			continue;
		result = shows_guard(dirfd(list), entry->d_name);
		if (result > 0)
			result = shows_file(pid, entry->d_name, file);
	}
	closedir(list);
	return result;
}

#else

int compat_guard_take(int fd)
{
	(void)fd;
	return -ENOTSUP;
}

void compat_guard_drop(int fd)
{
	(void)fd;
}

int compat_guard_taken(int fd)
{
	(void)fd;
	return 0;
}

int compat_guard_held_by(pid_t pid, const struct stat *file)
{
	(void)pid;
	(void)file;
	return -ENOTSUP;
}

#endif
