/* SPDX-License-Identifier: MIT */
/*
 * O_PATH and O_TMPFILE, or their POSIX replacements.
 * Thread-safe and async-signal-safe.
 */
#include "compat/openat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#endif

#include "base/decimal.h"
#include "base/fd.h"

/* Do not wait for the other end of a FIFO, and do not acquire a terminal. */
#define CAREFULLY (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

int compat_stream_of_path(const char *path, bool link_of_kernel)
{
	static const char *const names[][3] = {
		{ "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1" },
		{ "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2" },
	};
	struct stat named, stream;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		const char *const *name = names[fd - STDOUT_FILENO];

		for (size_t i = 0; i < 3; i++)
			if (strcmp(path, name[i]) == 0)
				return fd;
		/* Another spelling of these paths, such as ../dev/fd/1. */
		if (link_of_kernel && strcmp(strrchr(path, '/'), strrchr(name[1], '/')) == 0 &&
		    stat(path, &named) == 0 && fstat(fd, &stream) == 0 &&
		    fd_same_file(&named, &stream))
			return fd;
	}
	return -1;
}

/* Return fd if it is the expected file, otherwise close it. */
static int check_expected(int fd, const struct stat *expected)
{
	struct stat found;
	int error = -ESTALE;

	/* FUSE returns ENOENT for a file that has been removed. */
	if (fstat(fd, &found) < 0)
		error = errno == ENOENT ? -ESTALE : -errno;
	else if (fd_same_file(&found, expected))
		return fd;
	fd_close(fd);
	return error;
}

bool compat_is_queue(int fd)
{
#if defined(COMPAT_LINUX) && defined(SYS_mq_getsetattr)
	long attributes[8]; /* the kernel's struct mq_attr */

	return syscall(SYS_mq_getsetattr, fd, NULL, attributes) == 0;
#else
	(void)fd;
	return false;
#endif
}

/* The portable fallback: it may briefly open a file of another type. */
static int open_then_stat(int dir, const char *name, const struct stat *expected, int access)
{
	int fd = openat(dir, name, access | CAREFULLY);

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == EISDIR
			       ? -ESTALE
			       : -errno;
	return check_expected(fd, expected);
}

/* Terminate the result of readlink(2): its length or a negative errno. */
static int terminate_text(char *target, size_t size, ssize_t length)
{
	if (length < 0)
		return -errno;
	if ((size_t)length == size)
		return -ENAMETOOLONG;
	target[length] = '\0';
	return length == 0 ? -ENOENT : (int)length;
}

#ifdef COMPAT_LINUX

#define LINK_MAX_LENGTH (sizeof "/proc/self/fd/" + DECIMAL_MAX)

/* The path by which this process itself can reopen the file. */
static const char *open_magic_link(char text[static LINK_MAX_LENGTH], int fd)
{
	static const char directory[] = "/proc/self/fd/";
	size_t length = sizeof directory - 1;

	for (size_t i = 0; i < length; i++)
		text[i] = directory[i];
	decimal_format(text + length, (uint64_t)fd);
	return text;
}

int compat_open_directory(const char *path)
{
	return fd_open(path, O_PATH | O_DIRECTORY, 0);
}

int compat_open_expected(int dir, const char *name, const struct stat *expected, bool writing)
{
	int access = writing ? O_RDWR : O_RDONLY;
	char link[LINK_MAX_LENGTH];
	int fd, handle = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (handle < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	handle = check_expected(handle, expected);
	if (handle < 0)
		return handle;
	fd = fd_open(open_magic_link(link, handle), access | O_NONBLOCK | O_NOCTTY, 0);
	fd_close(handle);
	if (fd == -ENOENT) /* no /proc */
		fd = open_then_stat(dir, name, expected, access);
	return fd;
}

static int read_held_link(int link, struct stat *st, char *target, size_t size)
{
	struct statfs system;

	if (fstat(link, st) < 0 || fstatfs(link, &system) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode))
		return -EINVAL;
	if (system.f_type == PROC_SUPER_MAGIC)
		return 0;
	return terminate_text(target, size, readlinkat(link, "", target, size));
}

int compat_read_link(const char *path, struct stat *st, char *target, size_t size)
{
	int result, link = fd_open(path, O_PATH | O_NOFOLLOW, 0);

	if (link < 0)
		return link;
	result = read_held_link(link, st, target, size);
	fd_close(link);
	return result;
}

int compat_open_nameless(int dir)
{
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case EOPNOTSUPP:
	case EISDIR:
	case EINVAL:
		return -ENOTSUP;
	default:
		return -errno;
	}
}

/* The directory permits new files: only this method of linking was refused. */
static int link_error(int error)
{
	switch (error) {
	case ENOENT:
	case EPERM:
	case EACCES: /* for example from a security profile that permits writing but not linking */
	case ENOSYS:
	case EOPNOTSUPP:
		return -ENOTSUP;
	default:
		return -error;
	}
}

int compat_name(int fd, int dir, const char *name)
{
	char link[LINK_MAX_LENGTH];

	if (linkat(AT_FDCWD, open_magic_link(link, fd), dir, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return link_error(errno);
	/* Without /proc; this method needs a privilege. */
	if (linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
		return 0;
	return link_error(errno);
}

#else

int compat_open_directory(const char *path)
{
	return fd_open(path, O_RDONLY | O_DIRECTORY, 0);
}

int compat_open_expected(int dir, const char *name, const struct stat *expected, bool writing)
{
	return open_then_stat(dir, name, expected, writing ? O_RDWR : O_RDONLY);
}

int compat_read_link(const char *path, struct stat *st, char *target, size_t size)
{
	struct stat after;
	int result;

	if (lstat(path, st) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode))
		return -EINVAL;
	result = terminate_text(target, size, readlink(path, target, size));
	if (result > 0 && (lstat(path, &after) < 0 || !fd_same_file(st, &after)))
		result = -EINVAL;
	return result;
}

int compat_open_nameless(int dir)
{
	(void)dir;
	return -ENOTSUP;
}

int compat_name(int fd, int dir, const char *name)
{
	(void)fd;
	(void)dir;
	(void)name;
	return -ENOTSUP;
}

#endif
