/* SPDX-License-Identifier: MIT */
/*
 * A pid file that goes from a daemon to the one that takes its place.
 * Thread-safe on different objects.
 */
#include "pidfile.h"

#include "compat-lock.h"
#include "error.h"

bool pidfile_can_yield(const struct daemonkit_pidfile *pidfile)
{
	/* It is this process's already; here it is only asked whether there are such locks. */
	return compat_guard_take(pidfile->fd) == 0;
}

void pidfile_yield(struct daemonkit_pidfile *pidfile)
{
	pidfile_enter();
	pidfile_lock_yield(&pidfile->lock);
	pidfile_leave();
}

int pidfile_inherit(struct daemonkit_pidfile **ret, const char *path, int fd)
{
	int result = pidfile_new(ret, path);

	if (result == 0)
		(*ret)->fd = fd;
	return result;
}

int pidfile_take(struct daemonkit_pidfile *pidfile)
{
	int result;

	pidfile_enter();
	result = pidfile_lock_take(&pidfile->lock, pidfile->fd);
	if (result == 0) {
		result = pidfile_text_write(pidfile->fd);
		/* The guard stays: it is the other process's too. */
		if (result < 0)
			pidfile_lock_yield(&pidfile->lock);
	}
	pidfile_leave();
	return result < 0 ? error_system(result, "pid file %s: take it over", pidfile->path) : 0;
}
