/* SPDX-License-Identifier: MIT */
/*
 * A pid file as an object: open, lock, write, remove.
 * Thread-safe on different objects.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "base/path.h"
#include "compat/ofd-lock.h"
#include "pidfile/owner.h"

/* How often to search for a holder that had the lock a moment ago. */
#define MAX_CHECKS 250

const char *pidfile_title(const struct daemonkit_pidfile *pidfile)
{
	return pidfile->path ? pidfile->path : "(without a name)";
}

void pidfile_expect_root(struct daemonkit_pidfile *pidfile, const char *root)
{
	pidfile->inside = path_inside(root, pidfile->path);
	pidfile->jailed = root != NULL;
}

bool pidfile_is_held(const struct daemonkit_pidfile *pidfile)
{
	return pidfile_lock_held(&pidfile->lock);
}

int pidfile_new(struct daemonkit_pidfile **ret, const char *path)
{
	struct daemonkit_pidfile *pidfile;

	pidfile = calloc(1, sizeof *pidfile);
	if (pidfile && path)
		pidfile->path = strdup(path);
	if (!pidfile || (path && !pidfile->path)) {
		free(pidfile);
		return error_system(-ENOMEM, "pid file %s", path ? path : "");
	}
	pidfile->fd = -1;
	*ret = pidfile;
	return 0;
}

struct daemonkit_pidfile *daemonkit_pidfile_close(struct daemonkit_pidfile *pidfile)
{
	DISABLE_CANCELLATION;
	KEEP_ERROR_TEXT;

	if (!pidfile)
		return NULL;
	pidfile_mutex_lock();
	pidfile_lock_drop(&pidfile->lock);
	pidfile_lock_close(pidfile->fd);
	pidfile_mutex_unlock();
	free(pidfile->path);
	free(pidfile);
	return NULL;
}

int daemonkit_pidfile_take_fd(int fd, const char *path, struct daemonkit_pidfile **ret)
{
	DISABLE_CANCELLATION;
	struct daemonkit_pidfile *pidfile = NULL;
	char *absolute = NULL;
	struct stat st;
	int flags, result = 0;

	if (!ret)
		return error_null(__func__);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fstat(fd, &st) < 0)
		return error_system(-errno, "pid file: descriptor %d", fd);
	if (!S_ISREG(st.st_mode) || (flags & O_ACCMODE) != O_RDWR)
		return error_set(-EINVAL,
				 "pid file: descriptor %d is not a regular file open for"
				 " reading and writing",
				 fd);
	if (path)
		result = path_absolute("pid file", path, &absolute);
	if (result == 0)
		result = pidfile_new(&pidfile, absolute);
	free(absolute);
	if (result != 0)
		return result;
	/* With O_APPEND a write would append instead of overwriting. */
	if (fd_set_cloexec(fd, true) < 0 || fcntl(fd, F_SETFL, flags & ~O_APPEND) < 0) {
		result = error_system(-errno, "pid file: descriptor %d", fd);
		daemonkit_pidfile_close(pidfile);
		return result;
	}
	pidfile->fd = fd;
	*ret = pidfile;
	return 0;
}

int daemonkit_pidfile_fd(const struct daemonkit_pidfile *pidfile)
{
	return pidfile ? pidfile->fd : error_null(__func__);
}

const char *daemonkit_pidfile_path(const struct daemonkit_pidfile *pidfile)
{
	return pidfile ? pidfile->path : NULL;
}

/* Does the path still name this file?  True if it never had a path. */
static bool is_in_place(const struct daemonkit_pidfile *pidfile)
{
	struct pidfile_place place;
	bool answer;

	if (!pidfile->path)
		return true;
	if (pidfile_place_open(&place, pidfile->path) < 0)
		return false;
	answer = pidfile_is_at(&place, pidfile->fd);
	pidfile_place_close(&place);
	return answer;
}

/*
 * Find the holder, and acquire the locks if there is none.  Another process may acquire them in
 * between.
 */
static int find_owner_and_lock(struct daemonkit_pidfile *pidfile)
{
	struct pidfile_claim claim;
	int result = -EAGAIN;

	for (int checks = 0; checks < MAX_CHECKS && result == -EAGAIN; checks++) {
		result = pidfile_claim(pidfile->fd, pidfile->lock.owner, &claim);
		if (result == 0 && claim.kind != PIDFILE_CLAIM_NONE)
			return pidfile_claim_refuse(&claim, pidfile_title(pidfile));
		if (result == 0)
			result = pidfile_lock_acquire(&pidfile->lock, pidfile->fd);
	}
	if (result == -EAGAIN)
		return pidfile_claim_refuse(&claim, pidfile_title(pidfile));
	return result < 0 ? error_system(result, "pid file %s: lock", pidfile_title(pidfile)) : 0;
}

static int lock_file(struct daemonkit_pidfile *pidfile)
{
	struct stat st;
	int result;

	if (pidfile_lock_held(&pidfile->lock))
		return 0;
	if (fstat(pidfile->fd, &st) < 0)
		return error_system(-errno, "pid file %s", pidfile_title(pidfile));
	if (pidfile_lock_of_this_process(&st))
		return error_set(-EALREADY,
				 "pid file %s: held by this process (%ld), through"
				 " another object",
				 pidfile_title(pidfile), (long)getpid());
	result = find_owner_and_lock(pidfile);
	if (result < 0)
		return result;
	if (!is_in_place(pidfile)) {
		pidfile_lock_drop(&pidfile->lock);
		return error_set(-ESTALE,
				 "pid file %s: it was removed or replaced since it was"
				 " opened; open it again",
				 pidfile_title(pidfile));
	}
	return 0;
}

int daemonkit_pidfile_lock(struct daemonkit_pidfile *pidfile)
{
	DISABLE_CANCELLATION;
	int result;

	if (!pidfile)
		return error_null(__func__);
	pidfile_mutex_lock();
	result = lock_file(pidfile);
	pidfile_mutex_unlock();
	return result;
}

int daemonkit_pidfile_unlock(struct daemonkit_pidfile *pidfile)
{
	DISABLE_CANCELLATION;

	if (!pidfile)
		return error_null(__func__);
	pidfile_mutex_lock();
	pidfile_lock_drop(&pidfile->lock);
	pidfile_mutex_unlock();
	return 0;
}

static int error_not_held(const struct daemonkit_pidfile *pidfile)
{
	return error_set(-EPERM, "pid file %s: not locked by this process; lock it first",
			 pidfile_title(pidfile));
}

int daemonkit_pidfile_write(struct daemonkit_pidfile *pidfile)
{
	DISABLE_CANCELLATION;
	int result;

	if (!pidfile)
		return error_null(__func__);
	if (!pidfile_is_held(pidfile))
		return error_not_held(pidfile);
	result = pidfile_text_check(pidfile->fd);
	if (result == -EBADMSG)
		return pidfile_text_refuse(pidfile_title(pidfile));
	result = pidfile_text_write(pidfile->fd);
	return result < 0 ? error_system(result, "pid file %s: write", pidfile_title(pidfile)) : 0;
}

/* 0 if the path named the file and no longer does, or a negative errno; no text. */
static int unlink_path(const char *path, int fd)
{
	struct pidfile_place place;
	int result = -ENOENT;

	if (path)
		result = pidfile_place_open(&place, path);
	if (result < 0)
		return result;
	/*
	 * Between the check and the call only a hostile owner of the directory can
	 * replace the file; a new instance waits for the lock.
	 */
	if (!pidfile_is_at(&place, fd))
		result = -ENOENT;
	else if (unlinkat(place.directory, place.name, 0) < 0)
		result = errno == EISDIR ? -ENOENT : -errno; /* replaced by a directory */
	pidfile_place_close(&place);
	return result;
}

int pidfile_unlink(const struct daemonkit_pidfile *pidfile)
{
	struct stat st;
	int result, inside;

	if (fstat(pidfile->fd, &st) < 0)
		return -errno;
	if (st.st_nlink == 0)
		return 0;
	result = unlink_path(pidfile->path, pidfile->fd);
	if (result == 0 || pidfile->inside == NULL)
		return result;
	inside = unlink_path(pidfile->inside, pidfile->fd);
	return inside == 0 || result == -ENOENT ? inside : result;
}

int daemonkit_pidfile_remove(struct daemonkit_pidfile *pidfile)
{
	DISABLE_CANCELLATION;

	if (!pidfile)
		return error_null(__func__);
	if (!pidfile_is_held(pidfile))
		return error_not_held(pidfile);
	if (pidfile_unlink(pidfile) == 0)
		return 0;
	if (ftruncate(pidfile->fd, 0) < 0)
		return error_system(-errno, "pid file %s: neither unlinked nor emptied",
				    pidfile_title(pidfile));
	/*
	 * The file now means "no daemon".  If this process is killed, a child that has
	 * the descriptor must not keep a new instance from acquiring it.
	 */
	compat_ofd_unlock(pidfile->fd);
	return 0;
}
