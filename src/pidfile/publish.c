/* SPDX-License-Identifier: MIT */
/*
 * Publishing a new pid file: locked and complete before it has a name or, if unnamed
 * files are not supported, locked before it has contents.
 * Thread-safe between pidfile_mutex_lock() and pidfile_mutex_unlock().
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/openat.h"
#include "compat/user.h"

/* Write first, and open to other users last. */
static int complete_file(int fd, mode_t mode)
{
	int result = pidfile_text_write(fd);

	return result == 0 && fchmod(fd, mode) < 0 ? -errno : result;
}

/*
 * Remove the stale file first: if the process is killed before the new file is named,
 * there is no file.
 */
static int remove_stale(const struct pidfile_place *place, const struct pidfile_lock *stale)
{
	/* EISDIR: another process has just put a directory there. */
	if (stale && pidfile_is_at(place, stale->fd) &&
	    unlinkat(place->directory, place->name, 0) < 0 && errno != ENOENT)
		return errno == EISDIR ? -EEXIST : -errno;
	return 0;
}

static int open_nameless(const struct pidfile_place *place)
{
	int fd = compat_open_nameless(place->directory);

	return fd < 0 ? fd : fd_above_standard(fd);
}

/*
 * Preferred: no process can open or lock the file before it is complete, and SIGKILL
 * leaves no trace.
 */
static int fill_nameless(const struct pidfile_place *place, int fd, mode_t mode,
			 const struct pidfile_lock *stale)
{
	int result = complete_file(fd, mode);

	if (result == 0)
		result = remove_stale(place, stale);
	return result == 0 ? compat_name(fd, place->directory, place->name) : result;
}

/*
 * Until it was locked it looked like a stale file, which another start may have removed.
 * From now on only the holder of the lock removes it.
 */
static int fill_named(const struct pidfile_place *place, int fd, mode_t mode)
{
	int result = pidfile_check_place(place, fd);

	return result == 0 ? complete_file(fd, mode) : result;
}

/* 0, or a negative errno without a text; -EEXIST: another process was first. */
static int make_file(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
		     mode_t mode, const struct pidfile_lock *stale, bool named)
{
	int result = named ? remove_stale(place, stale) : 0;
	int fd = result < 0 ? result : named ? pidfile_make_new(place, 0600) : open_nameless(place);

	if (fd < 0)
		return fd;
	result = pidfile_lock_acquire(&pidfile->lock, fd);
	/*
	 * Without the lock do not remove the file at the place: it may belong to another
	 * process by now.
	 */
	if (result < 0) {
		pidfile_lock_close(fd);
		return result == -EAGAIN || pidfile_was_removed(result) ? -EEXIST : result;
	}
	result = named ? fill_named(place, fd, mode) : fill_nameless(place, fd, mode, stale);
	if (result == 0)
		result = pidfile_check_place(place, fd);
	if (result == 0) {
		pidfile->fd = fd;
		return 0;
	}
	if (pidfile_is_at(place, fd))
		unlinkat(place->directory, place->name, 0);
	pidfile_lock_drop(&pidfile->lock);
	pidfile_lock_close(fd);
	return pidfile_was_removed(result) ? -EEXIST : result;
}

/*
 * For a directory that permits no new file, or a file that is a mount point.  Does not
 * write a file that belongs to another user, who could change it at any time.
 */
static int write_in_place(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
			  struct pidfile_lock *stale, int refused)
{
	struct stat st;
	int result;

	/*
	 * It was removed to make way for a new file: another start may have created one
	 * already.
	 */
	if (!pidfile_is_at(place, stale->fd))
		return -EEXIST;
	if (fstat(stale->fd, &st) < 0)
		return -errno;
	if (st.st_uid != 0 && !compat_is_own_file(stale->fd, st.st_uid))
		return refused;
	result = pidfile_text_write(stale->fd);
	if (result == 0)
		result = pidfile_check_place(place, stale->fd);
	if (result < 0)
		return result;
	pidfile->fd = stale->fd;
	pidfile_lock_move(stale, &pidfile->lock);
	return 0;
}

int pidfile_publish(struct daemonkit_pidfile *pidfile, const struct pidfile_place *place,
		    mode_t mode, struct pidfile_lock *stale)
{
	int result = make_file(pidfile, place, mode, stale, false);

	if (result == -ENOTSUP) /* unnamed files cannot be created or linked here */
		result = make_file(pidfile, place, mode, stale, true);
	if (stale &&
	    (result == -EACCES || result == -EPERM || result == -EROFS || result == -EBUSY))
		result = write_in_place(pidfile, place, stale, result);
	if (result == -EEXIST)
		return PIDFILE_AGAIN;
	if (result == -EBADMSG)
		return error_set(-EIO, "pid file %s: the new file has further names (hard links)",
				 place->path);
	if (result < 0)
		return error_system(result, "pid file %s: create", place->path);
	return 0;
}
