/* SPDX-License-Identifier: MIT */
/*
 * Removing the pid file of a dead process.
 * Thread-safe.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "pidfile/owner.h"

/* Remove it: 0, or an error with its text. */
static int remove_stale_file(const struct pidfile_place *place, int fd, pid_t pid)
{
	struct pidfile_lock lock = { .fd = -1 };
	struct pidfile_claim claim;
	int result = 0;
	pid_t named;

	if (pidfile_text_check(fd) < 0)
		return 0;
	if (pid > 0 && (pidfile_text_read(fd, &named) < 0 || named != pid))
		return 0;
	/* If another process is about to acquire the file, leave it alone. */
	if (pidfile_claim(fd, 0, &claim) < 0 || claim.kind != PIDFILE_CLAIM_NONE ||
	    pidfile_lock_acquire(&lock, fd) < 0)
		return 0;
	if (pidfile_is_at(place, fd) && unlinkat(place->directory, place->name, 0) < 0)
		result = -errno;
	/* Like a daemon that may not remove its own file. */
	if (result < 0 && ftruncate(fd, 0) == 0)
		result = 0;
	pidfile_lock_drop(&lock);
	return result < 0 ? error_system(result, "pid file %s: remove", place->path) : 0;
}

int pidfile_remove_stale(const char *path, pid_t pid)
{
	const struct pidfile_claim leased = { .kind = PIDFILE_CLAIM_LEASED };
	struct pidfile_place place;
	struct stat st;
	int fd, result = 0;

	pidfile_mutex_lock();
	if (pidfile_place_open(&place, path) == 0) {
		fd = -1;
		if (pidfile_stat(&place, &st) == 0 && st.st_nlink == 1 && st.st_size > 0 &&
		    !pidfile_lock_of_this_process(&st)) {
			fd = pidfile_open_expected(&place, &st, true);
			result = fd == -ESTALE || fd >= 0 ? 0 : fd;
			if (fd == -EAGAIN)
				result = pidfile_claim_refuse(&leased, path);
		}
		if (fd >= 0)
			result = remove_stale_file(&place, fd, pid);
		fd_close(fd);
		pidfile_place_close(&place);
	}
	pidfile_mutex_unlock();
	return result;
}
