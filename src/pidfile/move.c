/* SPDX-License-Identifier: MIT */
/*
 * Moving the pid file of a running daemon to another path.
 *
 * It is a new file, which is acquired before the old one is removed, and not the same file with
 * a new name: rename(2) would replace any file at the new path, a link would leave two names if
 * the process were killed, and neither works across file systems.  At any moment this process
 * holds a complete file at one of the paths or at both.  If it is killed, both are stale.
 * Thread-safe on different objects.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"

/* Does the path name the file of this object?  False if it cannot be reached. */
static bool names_file(const char *path, int fd)
{
	struct pidfile_place place;
	bool result;

	if (path == NULL || pidfile_place_open(&place, path) < 0)
		return false;
	result = pidfile_is_at(&place, fd);
	pidfile_place_close(&place);
	return result;
}

static int set_mode(const struct daemonkit_pidfile *pidfile, const char *path, mode_t mode)
{
	struct stat st;
	int result = fstat(pidfile->fd, &st);

	if (result == 0 && (st.st_mode & 07777) != mode)
		result = fchmod(pidfile->fd, mode);
	return result < 0 ? error_system(-errno, "pid file %s: mode %04o", path, (unsigned)mode)
			  : 0;
}

/* Its directory is outside the new root: the old file could only be emptied. */
static bool is_out_of_reach(const struct daemonkit_pidfile *pidfile)
{
	struct stat st;

	return pidfile->jailed && fstat(pidfile->fd, &st) == 0 && st.st_nlink > 0 &&
	       !names_file(pidfile->path, pidfile->fd) && !names_file(pidfile->inside, pidfile->fd);
}

/* Remove the old name, or fail if it cannot be removed. */
static int remove_name(const struct daemonkit_pidfile *pidfile)
{
	int result = pidfile_unlink(pidfile);

	if (result == -ENOENT) {
		/* Another process has renamed it: it must not name this process any more. */
		result = ftruncate(pidfile->fd, 0);
		return result < 0 ? error_system(-errno, "pid file %s: empty", pidfile->path) : 0;
	}
	return result < 0 ? error_system(result, "pid file %s: remove", pidfile->path) : 0;
}

int pidfile_move(struct daemonkit_pidfile **pidfile, const char *path, mode_t mode)
{
	struct daemonkit_pidfile *fresh = NULL;
	int result;

	if (names_file(path, (*pidfile)->fd))
		return set_mode(*pidfile, path, mode);
	if (is_out_of_reach(*pidfile))
		return error_set(-EXDEV,
				 "pid file %s: it cannot be removed, because it is outside the "
				 "root directory of this process",
				 (*pidfile)->path);
	result = pidfile_create(path, mode, &fresh);
	if (result < 0)
		return result;
	result = remove_name(*pidfile);
	if (result < 0) {
		KEEP_ERROR_TEXT;

		daemonkit_pidfile_remove(fresh);
		daemonkit_pidfile_close(fresh);
		return result;
	}
	daemonkit_pidfile_close(*pidfile);
	*pidfile = fresh;
	return 0;
}
