/* SPDX-License-Identifier: MIT */
/*
 * Acquiring a pid file: of several processes one gets it, and the others learn which.
 * Thread-safe.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "base/path.h"
#include "compat/openat.h"
#include "pidfile/owner.h"

/*
 * How often, a millisecond apart, to check a competing start that has the lock but is not yet
 * named by the file, or that has only one of the two locks so far: until then it is not
 * certain which start has won.  Checks are counted, instead of time, because that start
 * may not get any processor time on a busy machine.
 */
#define MAX_CHECKS 250

/*
 * Examine the path: 0 and the st of a possible pid file; -ENOENT without a text;
 * PIDFILE_AGAIN; or an error.
 */
static int examine_file(const struct pidfile_place *place, struct stat *st)
{
	int result = pidfile_stat(place, st);

	if (result == -ESTALE)
		return PIDFILE_AGAIN;
	if (result < 0)
		return result;
	if (st->st_nlink > 1)
		return error_set(-EEXIST, "pid file %s: it has %lu names (hard links)", place->path,
				 (unsigned long)st->st_nlink);
	return st->st_nlink == 0 ? PIDFILE_AGAIN : 0;
}

/*
 * Open the examined file, unless it is not a pid file: 0 and the descriptor,
 * PIDFILE_AGAIN, or an error.
 */
static int open_examined(const struct pidfile_place *place, const struct stat *st,
			 struct pidfile_claim *claim, int *fd)
{
	int result;

	*fd = pidfile_open_expected(place, st, true);
	if (*fd == -EAGAIN)
		*claim = (struct pidfile_claim){ .kind = PIDFILE_CLAIM_LEASED };
	if (*fd < 0)
		return *fd == -ESTALE || *fd == -EAGAIN ? PIDFILE_AGAIN : *fd;
	result = pidfile_text_check(*fd);
	if (result == 0)
		return 0;
	*fd = pidfile_lock_close(*fd);
	if (result == -EBADMSG)
		return pidfile_text_refuse(place->path);
	if (pidfile_was_removed(result))
		return PIDFILE_AGAIN;
	return error_system(result, "pid file %s: read", place->path);
}

/*
 * For a file that can be read but not written, such as root's for another user.
 * PIDFILE_AGAIN or -EALREADY if an instance holds it; 0 and no text if none is known to
 * hold it.
 */
static int refuse_if_held(const struct pidfile_place *place, const struct stat *st,
			  struct pidfile_claim *claim)
{
	int fd = compat_open_expected(place->directory, place->name, st, false);
	int result = -EBADF;

	if (fd >= 0)
		fd = fd_above_standard(fd);
	if (fd >= 0)
		result = pidfile_text_check(fd);
	if (result == 0)
		result = pidfile_claim(fd, 0, claim);
	pidfile_lock_close(fd);
	if (result == 0 && claim->kind == PIDFILE_CLAIM_OTHER)
		return PIDFILE_AGAIN;
	if (result == 0 &&
	    (claim->kind == PIDFILE_CLAIM_HOLDER || claim->kind == PIDFILE_CLAIM_UNSEEN))
		return pidfile_claim_refuse(claim, place->path);
	return 0;
}

/* Acquire an existing open file, unless another process holds it. */
static int acquire_stale(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
			 mode_t mode, int *fd, struct pidfile_claim *claim)
{
	struct pidfile_lock stale = { .owner = 0 };
	int result = pidfile_claim(*fd, 0, claim);

	if (result == 0 &&
	    (claim->kind == PIDFILE_CLAIM_OTHER || claim->kind == PIDFILE_CLAIM_UNKNOWN ||
	     claim->kind == PIDFILE_CLAIM_READER))
		return PIDFILE_AGAIN;
	if (result == 0 && claim->kind != PIDFILE_CLAIM_NONE)
		return pidfile_claim_refuse(claim, place->path);
	if (result == 0)
		result = pidfile_lock_acquire(&stale, *fd);
	if (result == -EAGAIN || result == -ESTALE)
		return PIDFILE_AGAIN;
	if (result < 0)
		return error_system(result, "pid file %s: lock", place->path);
	if (pidfile_check_place(place, *fd) < 0)
		result = PIDFILE_AGAIN;
	else
		result = pidfile_publish(pidfile, place, mode, &stale);
	if (pidfile->fd == *fd) /* written in place: the object owns it now */
		*fd = -1;
	pidfile_lock_drop(&stale);
	return result;
}

/* Acquire the file once: 0, PIDFILE_AGAIN, or an error. */
static int attempt_create(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
			  mode_t mode, struct pidfile_claim *claim)
{
	struct stat st;
	int result = examine_file(place, &st);
	int fd, held;

	if (result == -ENOENT)
		return pidfile_publish(pidfile, place, mode, NULL);
	if (result != 0)
		return result;
	/* Do not even open it: closing it would drop this process's own lock. */
	if (pidfile_lock_of_this_process(&st))
		return error_set(-EALREADY, "pid file %s: held by this process (%ld)", place->path,
				 (long)getpid());
	result = open_examined(place, &st, claim, &fd);
	if (result == -EACCES) {
		held = refuse_if_held(place, &st, claim);
		return held != 0 ? held : result;
	}
	if (result != 0)
		return result;
	result = acquire_stale(pidfile, place, mode, &fd, claim);
	pidfile_lock_close(fd);
	return result;
}

/* Create an empty file: 0 and the descriptor, PIDFILE_AGAIN, or an error. */
static int make_empty(const struct pidfile_place *place, mode_t mode, int *fd)
{
	int error;

	*fd = pidfile_make_new(place, mode);
	if (*fd == -EEXIST)
		return PIDFILE_AGAIN;
	if (*fd < 0)
		return error_system(*fd, "pid file %s: create", place->path);
	error = fchmod(*fd, mode) < 0 ? -errno : 0;
	if (error == 0)
		return 0;
	fd_close(*fd);
	unlinkat(place->directory, place->name, 0);
	return error_system(error, "pid file %s: create", place->path);
}

/* Open the file once, or create it, whether or not a process holds it; as attempt_create(). */
static int attempt_open(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
			mode_t mode, struct pidfile_claim *claim)
{
	struct stat st;
	int result = examine_file(place, &st);
	int fd;

	*claim = (struct pidfile_claim){ .kind = PIDFILE_CLAIM_NONE };
	if (result == -ENOENT)
		result = make_empty(place, mode, &fd);
	else if (result == 0)
		result = open_examined(place, &st, claim, &fd);
	if (result == 0)
		pidfile->fd = fd;
	pidfile_lock_restore();
	return result;
}

typedef int pidfile_attempt(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
			    mode_t mode, struct pidfile_claim *claim);

/* Repeat the attempt until there is a definite answer. */
static int obtain_file(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
		       mode_t mode, pidfile_attempt *attempt)
{
	struct pidfile_claim claim = { .kind = PIDFILE_CLAIM_NONE };

	for (int checks = 0; checks < MAX_CHECKS; checks++) {
		int result;

		pidfile_mutex_lock();
		result = attempt(pidfile, place, mode, &claim);
		pidfile_mutex_unlock();
		if (result != PIDFILE_AGAIN)
			return result;
		deadline_poll(NULL, 0, deadline_after(1));
	}
	return pidfile_claim_refuse(&claim, place->path);
}

/* Create an object, with an absolute path, for the file that the attempt provides. */
static int obtain_pidfile(struct daemonkit_pidfile **ret, const char *path, mode_t mode,
			  pidfile_attempt *attempt)
{
	struct daemonkit_pidfile *pidfile = NULL;
	struct pidfile_place place = { .directory = -1 };
	int result = pidfile_new(&pidfile, path);

	if (result < 0)
		return result;
	result = pidfile_place_open(&place, pidfile->path);
	if (result < 0)
		result = error_system(result, "pid file %s: open its directory", path);
	else
		result = obtain_file(pidfile, &place, mode, attempt);
	pidfile_place_close(&place);
	if (result < 0)
		daemonkit_pidfile_close(pidfile);
	else
		*ret = pidfile;
	return result;
}

int pidfile_create(const char *path, mode_t mode, struct daemonkit_pidfile **ret)
{
	return obtain_pidfile(ret, path, mode, attempt_create);
}

/* The same for a path and a mode from the program. */
static int check_and_obtain(struct daemonkit_pidfile **ret, const char *path, mode_t mode,
			    pidfile_attempt *attempt)
{
	char *absolute = NULL;
	int result = path_check_mode("pid file", path, mode);

	if (result == 0)
		result = path_absolute("pid file", path, &absolute);
	if (result == 0)
		result = obtain_pidfile(ret, absolute, mode != 0 ? mode : DAEMONKIT_FILE_MODE,
					attempt);
	free(absolute);
	return result;
}

int daemonkit_pidfile_create(const char *path, mode_t mode, struct daemonkit_pidfile **ret)
{
	DISABLE_CANCELLATION;

	return ret && path ? check_and_obtain(ret, path, mode, attempt_create)
			   : error_null(__func__);
}

int daemonkit_pidfile_open(const char *path, mode_t mode, struct daemonkit_pidfile **ret)
{
	DISABLE_CANCELLATION;

	return ret && path ? check_and_obtain(ret, path, mode, attempt_open) : error_null(__func__);
}
