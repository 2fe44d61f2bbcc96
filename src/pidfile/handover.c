/* SPDX-License-Identifier: MIT */
/*
 * A pid file that goes from a daemon to the one that takes its place.
 * Thread-safe on different objects.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error-internal.h"
#include "compat/ofd-lock.h"

/*
 * One that dies has its descriptors closed one by one: its channel may be, for
 * a moment, before its lock is gone.  In milliseconds.
 */
#define PATIENCE 1000

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

/* The guard stays whatever happens: it is the other process's too. */
int pidfile_take(struct daemonkit_pidfile *pidfile)
{
	struct stat facts;
	int result;

	pidfile_enter();
	result = pidfile_lock_take_part(&pidfile->lock, pidfile->fd);
	/* If the other one has died before this, a third may have replaced the file. */
	if (result == 0 && fstat(pidfile->fd, &facts) < 0)
		result = -errno;
	else if (result == 0 && facts.st_nlink == 0)
		result = -ESTALE;
	if (result == 0)
		result = pidfile_text_write(pidfile->fd);
	if (result < 0)
		pidfile_lock_leave(&pidfile->lock);
	pidfile_leave();
	if (result == -ESTALE)
		return error_set(result, "pid file %s: it was removed or replaced", pidfile->path);
	return result < 0 ? error_system(result, "pid file %s: take it over", pidfile->path) : 0;
}

void pidfile_leave_to_heir(struct daemonkit_pidfile *pidfile)
{
	pidfile_enter();
	pidfile_lock_leave(&pidfile->lock);
	pidfile_leave();
}

int pidfile_take_back(struct daemonkit_pidfile *pidfile)
{
	pid_t named;
	int result;

	pidfile_enter();
	result = pidfile_lock_complete(&pidfile->lock);
	/* The other one may not have come to write it, and this one may not be able to. */
	if (result == 0 && (pidfile_text_read(pidfile->fd, &named) < 0 || named != getpid()))
		result = pidfile_text_write(pidfile->fd);
	pidfile_leave();
	return result < 0 ? error_system(result, "pid file %s: take it back", pidfile->path) : 0;
}

int pidfile_complete(struct daemonkit_pidfile *pidfile)
{
	deadline until = deadline_after(PATIENCE);
	int result;

	for (;;) {
		pidfile_enter();
		result = pidfile_lock_complete(&pidfile->lock);
		pidfile_leave();
		if (result != -EAGAIN || deadline_now() >= until)
			break;
		deadline_poll(NULL, 0, deadline_after(1));
	}
	return result < 0 ? error_system(result, "pid file %s: lock", pidfile->path) : 0;
}
