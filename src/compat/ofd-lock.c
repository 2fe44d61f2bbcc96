/* SPDX-License-Identifier: MIT */
/*
 * Open file description locks, and finding the owner of a lock in /proc.
 * Thread-safe.
 */
#include "compat/ofd-lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "compat/pipe.h"

#if defined(COMPAT_LINUX) && defined(F_OFD_SETLK)

static int ofd_lock_range(int fd, int command, struct flock *lock, int type)
{
	*lock = (struct flock){
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = COMPAT_GUARD_BYTE,
		.l_len = 1,
	};
	return fcntl(fd, command, lock) < 0 ? -errno : 0;
}

int compat_ofd_lock(int fd)
{
	struct flock lock;
	int result = ofd_lock_range(fd, F_OFD_SETLK, &lock, F_WRLCK);

	if (result == -EACCES)
		return -EAGAIN;
	return result == -EINVAL || result == -ENOSYS ? -ENOTSUP : result;
}

void compat_ofd_unlock(int fd)
{
	struct flock lock;

	ofd_lock_range(fd, F_OFD_SETLK, &lock, F_UNLCK);
}

int compat_ofd_is_locked(int fd)
{
	struct flock lock;

	/* A reader's OFD lock does not count: the holder's lock is a write lock. */
	return ofd_lock_range(fd, F_OFD_GETLK, &lock, F_WRLCK) == 0 && lock.l_type == F_WRLCK;
}

/*
 * Does a line of fdinfo, such as
 * "lock:\t1: OFDLCK ADVISORY  WRITE -1 fe:00:7 1073741824 1073741824",
 * show the OFD lock on the guard byte, or else a POSIX lock on any of the bytes before it?
 */
static bool is_write_lock(const char *line, bool ofd)
{
	char kind[16], access[16];
	long long start;

	/* NOLINTNEXTLINE(cert-err34-c): the numbers are those of the kernel. */
	return sscanf(line, "lock: %*d: %15s %*s %15s %*s %*s %lld", kind, access, &start) == 3 &&
	       strcmp(kind, ofd ? "OFDLCK" : "POSIX") == 0 && strcmp(access, "WRITE") == 0 &&
	       (ofd ? start == COMPAT_GUARD_BYTE : start < COMPAT_GUARD_BYTE);
}

/* Does this descriptor, a file of /proc/PID/fdinfo, show such a lock?  Or -errno. */
static int shows_lock(int directory, const char *name, bool ofd)
{
	char text[4096]; /* the locks come before the parts that may be long */
	char *next = text, *line;
	ssize_t length = fd_read_file(directory, name, text, sizeof text);

	if (length < 0)
		return length == -ENOENT ? 0 : (int)length;
	while ((line = strsep(&next, "\n")))
		if (strncmp(line, "lock:", 5) == 0 && is_write_lock(line, ofd))
			return 1;
	return 0;
}

/* Does this descriptor, a file of /proc/PID/fd, refer to this file?  Or -errno. */
static int shows_file(int directory, const char *name, const struct stat *file)
{
	char path[16 + NAME_MAX];
	struct stat found;

	snprintf(path, sizeof path, "../fd/%s", name);
	if (fstatat(directory, path, &found, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fd_same_file(&found, file);
}

/* Search the descriptors in a directory "fdinfo"; *any: it has some. */
static int search_fdinfo(const char *path, const struct stat *file, bool ofd, bool *any)
{
	struct dirent *entry;
	int result = 0;
	DIR *list = opendir(path);

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
		*any = true;
		result = shows_lock(dirfd(list), entry->d_name, ofd);
		if (result > 0)
			result = shows_file(dirfd(list), entry->d_name, file);
	}
	closedir(list);
	return result;
}

/* After the first thread exits, its directory is empty; another thread's shows the descriptors. */
static int search_threads(pid_t pid, const struct stat *file, bool ofd)
{
	char path[64 + NAME_MAX];
	struct dirent *entry;
	bool any = false;
	int result = 0;
	DIR *list;

	snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
	list = opendir(path);
	if (!list)
		return -errno;
	while (result == 0 && !any && (entry = readdir(list))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%ld/task/%s/fdinfo", (long)pid, entry->d_name);
		result = search_fdinfo(path, file, ofd, &any);
	}
	closedir(list);
	return result;
}

static int held_by(pid_t pid, const struct stat *file, bool ofd)
{
	char path[64];
	bool any = false;
	int result;

	snprintf(path, sizeof path, "/proc/%ld/fdinfo", (long)pid);
	result = search_fdinfo(path, file, ofd, &any);
	return result == 0 && !any ? search_threads(pid, file, ofd) : result;
}

int compat_ofd_lock_held_by(pid_t pid, const struct stat *file)
{
	return held_by(pid, file, true);
}

/*
 * Does /proc show locks at all?  Linux before 4.1 does not, nor do some systems that
 * emulate Linux, and a /proc of another namespace does not show those of our processes.
 * Test with a pipe: any descriptor can be locked, so no file is needed.
 */
static int are_shown(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int ends[2], result = compat_pipe(ends, false);
	struct stat st;

	if (result < 0)
		return result;
	if (fcntl(ends[1], F_SETLK, &lock) < 0 || fstat(ends[1], &st) < 0)
		result = -ENOTSUP;
	else
		result = held_by(getpid(), &st, false);
	fd_close(ends[0]);
	fd_close(ends[1]);
	return result;
}

int compat_posix_lock_held_by(pid_t pid, const struct stat *file)
{
	int shown, result = held_by(pid, file, false);

	if (result != 0)
		return result;
	shown = are_shown();
	return shown > 0 ? 0 : shown < 0 ? shown : -ENOTSUP;
}

#else

int compat_ofd_lock(int fd)
{
	(void)fd;
	return -ENOTSUP;
}

void compat_ofd_unlock(int fd)
{
	(void)fd;
}

int compat_ofd_is_locked(int fd)
{
	(void)fd;
	return 0;
}

int compat_ofd_lock_held_by(pid_t pid, const struct stat *file)
{
	(void)pid;
	(void)file;
	return -ENOTSUP;
}

int compat_posix_lock_held_by(pid_t pid, const struct stat *file)
{
	(void)pid;
	(void)file;
	return -ENOTSUP;
}

#endif
