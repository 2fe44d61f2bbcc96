/* SPDX-License-Identifier: MIT */
/*
 * Handing over a pid file from a daemon to its successor.
 * Thread-safe on different objects.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/ofd-lock.h"
#include "pidfile/owner.h"

int pidfile_can_hand_over(const struct daemonkit_pidfile *pidfile)
{
	/*
	 * Succeeds if this process has the lock; fails if there are no OFD locks or it
	 * never got it.
	 */
	int result = compat_ofd_lock(pidfile->fd);

	if (result == -EAGAIN)
		return error_set(-ENOLCK,
				 "pid file %s: another process has the lock that would be"
				 " handed over: restart the daemon",
				 pidfile->path);
	if (result < 0)
		return error_set(-ENOTSUP,
				 "pid file %s: this system has no lock that "
				 "two processes can share: restart the daemon",
				 pidfile->path);
	return 0;
}

int pidfile_hand_over(struct daemonkit_pidfile *pidfile)
{
	int result = 0;

	pidfile_mutex_lock();
	if (pidfile_lock_held(&pidfile->lock))
		result = pidfile_lock_hand_over(&pidfile->lock);
	pidfile_mutex_unlock();
	return result < 0 ? error_system(result, "pid file %s: hand over", pidfile->path) : 0;
}

int pidfile_inherit(struct daemonkit_pidfile **ret, const char *path, int fd)
{
	int result = pidfile_new(ret, path);

	if (result == 0)
		(*ret)->fd = fd;
	return result;
}

/* The predecessor has died, and another process was faster. */
static int refuse_handover(const struct daemonkit_pidfile *pidfile)
{
	struct pidfile_claim claim = { .kind = PIDFILE_CLAIM_NONE };
	int result;

	pidfile_mutex_lock();
	result = pidfile_claim(pidfile->fd, 0, &claim);
	pidfile_mutex_unlock();
	return result < 0 ? error_system(result, "pid file %s: take over", pidfile->path)
			  : pidfile_claim_refuse(&claim, pidfile->path);
}

/* In a new root directory the outside path may name a different file. */
static bool is_removed_from(const char *path, const struct stat *st)
{
	struct pidfile_place place;
	struct stat found;
	int result;

	if (!path || pidfile_place_open(&place, path) < 0)
		return false;
	result = pidfile_stat(&place, &found);
	pidfile_place_close(&place);
	return result == -ENOENT || (result == 0 && !fd_same_file(&found, st));
}

/*
 * If the predecessor died before this process acquired its lock, a third process may have
 * replaced the file.  On FUSE a removed file that was open may still have a link, under a
 * hidden name.
 */
static int check_place(const struct daemonkit_pidfile *pidfile)
{
	struct stat st;

	if (fstat(pidfile->fd, &st) < 0)
		return -errno;
	return st.st_nlink == 0 || is_removed_from(
					   pidfile->jailed ? pidfile->inside : pidfile->path, &st)
		       ? -ESTALE
		       : 0;
}

/* The OFD lock stays in any case: the predecessor shares it. */
int pidfile_acquire(struct daemonkit_pidfile *pidfile)
{
	int result;

	pidfile_mutex_lock();
	result = pidfile_lock_succeed(&pidfile->lock, pidfile->fd);
	if (result == 0)
		result = check_place(pidfile);
	if (result == 0)
		result = pidfile_text_write(pidfile->fd);
	if (result < 0)
		pidfile_lock_release(&pidfile->lock);
	pidfile_mutex_unlock();
	if (result == -EAGAIN)
		return refuse_handover(pidfile);
	if (result == -ESTALE)
		return error_set(result, "pid file %s: it was removed or replaced", pidfile->path);
	return result < 0 ? error_system(result, "pid file %s: take over", pidfile->path) : 0;
}

void pidfile_leave_to_successor(struct daemonkit_pidfile *pidfile)
{
	pidfile_mutex_lock();
	pidfile_lock_release(&pidfile->lock);
	pidfile_mutex_unlock();
}

int pidfile_reacquire(struct daemonkit_pidfile *pidfile)
{
	pid_t named;
	int result;

	pidfile_mutex_lock();
	result = pidfile_lock_reacquire(&pidfile->lock);
	/*
	 * Write only if needed: the successor may not have changed the file, and this
	 * process may not be able to write it.
	 */
	if (result == 0 && (pidfile_text_read(pidfile->fd, &named) < 0 || named != getpid()))
		result = pidfile_text_write(pidfile->fd);
	pidfile_mutex_unlock();
	return result < 0 ? error_system(result, "pid file %s: take back", pidfile->path) : 0;
}
