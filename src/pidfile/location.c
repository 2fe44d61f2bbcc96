/* SPDX-License-Identifier: MIT */
/*
 * A pid file as a file: its path, its type, and its contents.
 * Thread-safe.
 */
#include "pidfile/location.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/openat.h"

int pidfile_place_open(struct pidfile_place *place, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t length = slash ? (size_t)(slash - path) : 0;
	char directory[PATH_MAX] = ".";

	if (length >= sizeof directory || strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	if (slash) {
		memcpy(directory, path, length);
		directory[length] = '\0';
		if (length == 0)
			strcpy(directory, "/");
	}
	/* "directory/" names the directory itself, which pidfile_stat() refuses. */
	strcpy(place->name, *name ? name : ".");
	place->path = path;
	place->directory = compat_open_directory(directory);
	return place->directory < 0 ? place->directory : 0;
}

void pidfile_place_close(struct pidfile_place *place)
{
	place->directory = fd_close(place->directory);
}

int pidfile_stat(const struct pidfile_place *place, struct stat *st)
{
	if (fstatat(place->directory, place->name, st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT || errno == ESTALE)
			return -errno;
		return error_system(-errno, "pid file %s", place->path);
	}
	if (S_ISLNK(st->st_mode))
		return error_set(-ELOOP,
				 "pid file %s: it is a symbolic link, which is not followed;"
				 " remove it or name the file itself",
				 place->path);
	if (!S_ISREG(st->st_mode))
		return error_set(-EEXIST, "pid file %s: not a regular file", place->path);
	return 0;
}

int pidfile_check_place(const struct pidfile_place *place, int fd)
{
	struct stat st, found;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (fstatat(place->directory, place->name, &found, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !fd_same_file(&found, &st))
		return -EEXIST;
	return st.st_nlink == 1 ? 0 : -EBADMSG;
}

bool pidfile_is_at(const struct pidfile_place *place, int fd)
{
	int result = pidfile_check_place(place, fd);

	return result == 0 || result == -EBADMSG;
}

bool pidfile_was_removed(int result)
{
	return result == -ENOENT || result == -ESTALE;
}

int pidfile_open_expected(const struct pidfile_place *place, const struct stat *st, bool writing)
{
	int fd = compat_open_expected(place->directory, place->name, st, writing);

	if (fd >= 0)
		fd = fd_above_standard(fd);
	if (fd >= 0 || fd == -ESTALE || fd == -EAGAIN)
		return fd;
	if (fd == -EACCES)
		return error_system(fd,
				    "pid file %s: open for %s: owned by user %lu, mode %04o"
				    " (run as that user or root)",
				    place->path, writing ? "writing" : "reading",
				    (unsigned long)st->st_uid, st->st_mode & 07777U);
	return error_system(fd, "pid file %s: open", place->path);
}

int pidfile_make_new(const struct pidfile_place *place, mode_t mode)
{
	/* Reserve a descriptor first: a file created but not kept open would be left behind. */
	int reserved = fd_duplicate(place->directory), fd, error;

	if (reserved < 0)
		return reserved;
	fd = openat(place->directory, place->name,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	error = errno;
	fd_close(reserved);
	return fd < 0 ? -error : fd_above_standard(fd);
}

int pidfile_text_read(int fd, pid_t *pid)
{
	char text[DECIMAL_MAX + 1];
	ssize_t length = fd_read_at(fd, text, sizeof text, 0);

	if (length < 0)
		return (int)length;
	/* The beginning of a longer text may look like a pid. */
	if ((size_t)length == sizeof text)
		return -EBADMSG;
	return decimal_parse_pid(text, (size_t)length, pid);
}

/* A larger file is not a pid file, whatever its contents. */
#define TEXT_MAX 4096

int pidfile_text_check(int fd)
{
	static const char harmless[] = "0123456789+- \t\n\v\f\r"; /* also NUL, the terminator */
	char text[512];
	off_t at = 0;
	ssize_t length;

	while ((length = fd_read_at(fd, text, sizeof text, at)) > 0) {
		for (ssize_t i = 0; i < length; i++)
			if (memchr(harmless, text[i], sizeof harmless) == NULL)
				return -EBADMSG;
		at += length;
		if (at > TEXT_MAX)
			return -EBADMSG;
	}
	return (int)length;
}

int pidfile_text_refuse(const char *path)
{
	return error_set(-EEXIST,
			 "pid file %s: not a pid file: it contains something other than a"
			 " pid; remove it, or choose another path",
			 path);
}

/* Check before any change: writing beyond the limit would end the process by SIGXFSZ. */
static bool is_too_large(size_t length)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < length;
}

/* 0, -EIO also if a different text is read back, or another errno. */
static int put_text(int fd, const char *text, size_t length)
{
	char found[DECIMAL_MAX + 2];
	ssize_t count;
	int result;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	result = fd_write_all(fd, text, length);
	if (result < 0)
		return result;
	count = fd_read_at(fd, found, sizeof found, 0);
	if (count < 0)
		return (int)count;
	return (size_t)count == length && memcmp(found, text, length) == 0 ? 0 : -EIO;
}

int pidfile_text_write(int fd)
{
	char text[DECIMAL_MAX + 1];
	size_t length = decimal_format(text, (uint64_t)getpid());
	struct stat st;
	int result;

	text[length++] = '\n';
	if (is_too_large(length))
		return -EFBIG;
	if (fstat(fd, &st) < 0)
		return -errno;
	/* Writing a shorter text over a longer one would briefly leave a mixture of both. */
	if (st.st_size > (off_t)length && ftruncate(fd, 0) < 0)
		return -errno;
	result = put_text(fd, text, length);
	/* FUSE may keep appending if the descriptor once had O_APPEND. */
	if (result == -EIO && ftruncate(fd, 0) == 0)
		result = put_text(fd, text, length);
	if (result < 0 && ftruncate(fd, 0) < 0)
		return -errno;
	return result;
}
