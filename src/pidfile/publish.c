/* SPDX-License-Identifier: MIT */
/*
 * Putting a new pid file at its place, whole and locked at once.
 * Thread-safe between pidfile_enter() and pidfile_leave().
 */
#include "pidfile/pidfile-internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/openat.h"

/* A name for a moment: ".", the pid file's name, cut if need be, "." and this. */
#define RANDOM_LENGTH 8
#define PREFIX_MAX (NAME_MAX - RANDOM_LENGTH)

/* A new file that is not at its place yet. */
struct fresh {
	int fd;
	char name[NAME_MAX + 1]; /* where it is meanwhile; "" without a name */
};

static size_t prefix(const struct pidfile_place *place, char text[static NAME_MAX + 1])
{
	size_t length = strlen(place->name);

	if (length > PREFIX_MAX - 2)
		length = PREFIX_MAX - 2;
	text[0] = '.';
	memcpy(text + 1, place->name, length);
	text[length + 1] = '.';
	return length + 2;
}

/*
 * The name need not be a secret, only rarely taken: O_EXCL refuses what is
 * there.  Clock, pid and an address (randomised by the system) are mixed.
 */
static void random_name(const struct pidfile_place *place, char name[static NAME_MAX + 1])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	size_t length = prefix(place, name);
	struct timespec now;
	uint64_t bits;

	clock_gettime(CLOCK_MONOTONIC, &now);
	bits = (uint64_t)now.tv_nsec * UINT64_C(0x9E3779B97F4A7C15);
	bits ^= (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)&now;
	bits *= UINT64_C(0xD6E8FEB86659FD93);
	for (int i = 0; i < RANDOM_LENGTH; i++)
		name[length++] = letters[bits >> (59 - 5 * i) & 31];
	name[length] = '\0';
}

static bool is_temporary(const struct pidfile_place *place, const char *name)
{
	char start[NAME_MAX + 1];
	size_t length = prefix(place, start);

	return strncmp(name, start, length) == 0 && strlen(name) == length + RANDOM_LENGTH;
}

void pidfile_sweep(const struct pidfile_place *place)
{
	int fd = openat(place->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat facts;

	if (!list) {
		fd_close(fd);
		return;
	}
	/* Another start whose file goes by this finds out and starts anew. */
	while ((entry = readdir(list)))
		if (is_temporary(place, entry->d_name) &&
		    fstatat(fd, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(facts.st_mode) && facts.st_uid == geteuid() && facts.st_size <= 12)
			unlinkat(fd, entry->d_name, 0);
	closedir(list);
}

/*
 * Best is a file without a name: it leaves no trace if the process is killed.
 * Until it is complete nobody else may open, and so lock, it.
 */
static int open_fresh(const struct pidfile_place *place, struct fresh *fresh, bool named)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	fresh->name[0] = '\0';
	fresh->fd = named ? -ENOTSUP : compat_open_nameless(place->directory);
	while (fresh->fd == -ENOTSUP || fresh->fd == -EEXIST) {
		random_name(place, fresh->name);
		fresh->fd = openat(place->directory, fresh->name, flags, 0600);
		if (fresh->fd < 0)
			fresh->fd = -errno;
	}
	if (fresh->fd < 0)
		return fresh->fd;
	fresh->fd = fd_above_standard(fresh->fd);
	if (fresh->fd < 0 && *fresh->name)
		unlinkat(place->directory, fresh->name, 0);
	return fresh->fd < 0 ? fresh->fd : 0;
}

/* Locked and written first, opened to others last. */
static int complete(struct daemonkit_pidfile *pidfile, int fd, mode_t mode)
{
	int result = pidfile_lock_take(&pidfile->lock, fd);

	if (result == 0)
		result = pidfile_text_write(fd);
	if (result == 0 && fchmod(fd, mode) < 0)
		result = -errno;
	return result;
}

/*
 * The stale file is taken away before the new one is named: if the process
 * is killed in between there is none, and if another start comes in between
 * it wins.  A file with a name takes the stale one's place in one step.
 */
static int put(const struct pidfile_place *place, struct fresh *fresh, bool replace)
{
	int directory = place->directory;
	int result;

	if (!*fresh->name) {
		if (replace && unlinkat(directory, place->name, 0) < 0 && errno != ENOENT)
			return -errno;
		return compat_name(fresh->fd, directory, place->name);
	}
	if (replace)
		result = renameat(directory, fresh->name, directory, place->name) < 0 ? -errno : 0;
	else
		result = compat_rename_new(directory, fresh->name, place->name);
	if (result == 0) {
		fresh->name[0] = '\0';
		pidfile_sweep(place);
	}
	/* A start that won has swept it away. */
	return result == -ENOENT ? -EEXIST : result;
}

/* 0, or a negative errno without a text; -EEXIST: somebody else was first. */
static int make(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
		mode_t mode, bool replace, bool named)
{
	struct fresh fresh;
	struct stat facts;
	int result = open_fresh(place, &fresh, named);

	if (result < 0)
		return result;
	result = complete(pidfile, fresh.fd, mode);
	if (result == 0)
		result = put(place, &fresh, replace);
	if (result == 0 && (fstat(fresh.fd, &facts) < 0 || !pidfile_is_at(place, &facts)))
		result = -EEXIST;
	if (result == 0) {
		pidfile->fd = fresh.fd;
		return 0;
	}
	if (*fresh.name)
		unlinkat(place->directory, fresh.name, 0);
	pidfile_lock_drop(&pidfile->lock);
	pidfile_lock_close(fresh.fd);
	return result;
}

/* As long as it is, nobody else puts another there. */
static bool is_there(const struct pidfile_place *place, const struct pidfile_lock *stale)
{
	struct stat facts;

	return fstat(stale->fd, &facts) == 0 && pidfile_is_at(place, &facts);
}

/*
 * Where the directory admits no new file, or the file is a mount point.  A file of somebody else is not
 * written: its owner could change it at any time.
 */
static int write_in_place(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
			  struct pidfile_lock *stale, int refused)
{
	struct stat facts;
	int result;

	/* It was taken away to make room: another start may be there already. */
	if (!is_there(place, stale))
		return -EEXIST;
	if (fstat(stale->fd, &facts) < 0)
		return -errno;
	if (facts.st_uid != 0 && facts.st_uid != geteuid())
		return refused;
	result = pidfile_text_write(stale->fd);
	if (result < 0)
		return result;
	pidfile->fd = stale->fd;
	pidfile_lock_move(stale, &pidfile->lock);
	return 0;
}

int pidfile_publish(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
		    mode_t mode, struct pidfile_lock *stale)
{
	int result = make(pidfile, place, mode, stale != NULL, false);

	if (result == -ENOTSUP) /* a file without a name cannot be named here */
		result = make(pidfile, place, mode, stale && is_there(place, stale), true);
	if (stale && (result == -EACCES || result == -EPERM || result == -EROFS ||
		      result == -EBUSY))
		result = write_in_place(pidfile, place, stale, result);
	if (result == -EEXIST)
		return PIDFILE_AGAIN;
	if (result < 0)
		return error_system(result, "pid file %s: make it", place->path);
	return 0;
}
