/* SPDX-License-Identifier: MIT */
/*
 * Reading the pid that a pid file names, which proves nothing about that process.
 * Thread-safe on different objects.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error-internal.h"
#include "pidfile/owner.h"

/* How often, a millisecond apart, to open a file that is being replaced or has a lease. */
#define ATTEMPTS 250

/* The pid in an open file: 0, or an error with its text. */
static int read_text(const char *title, int fd, pid_t *pid)
{
	int result = pidfile_text_read(fd, pid);

	if (result == -ENODATA)
		return error_set(result, "pid file %s: it is empty", title);
	if (result == -EBADMSG)
		return error_set(result, "pid file %s: it does not contain a pid", title);
	return result < 0 ? error_system(result, "pid file %s: read", title) : 0;
}

int daemonkit_pidfile_read(struct daemonkit_pidfile *pidfile, pid_t *pid)
{
	DISABLE_CANCELLATION;

	if (!pidfile || !pid)
		return error_null(__func__);
	return read_text(pidfile_title(pidfile), pidfile->fd, pid);
}

/* -ESTALE and -EAGAIN as pidfile_open_expected(), or the result. */
static int read_at(const struct pidfile_place *place, pid_t *pid)
{
	const struct pidfile_lock *own;
	struct stat st;
	int fd, result = pidfile_stat(place, &st);

	if (result == -ENOENT)
		return error_set(result, "pid file %s: no such file", place->path);
	if (result < 0)
		return result;
	/* Closing another descriptor of a file that this process holds would drop the lock. */
	own = pidfile_lock_of_this_process(&st);
	if (own)
		return read_text(place->path, own->fd, pid);
	fd = pidfile_open_expected(place, &st, false);
	if (fd < 0)
		return fd;
	result = read_text(place->path, fd, pid);
	pidfile_lock_close(fd);
	return result;
}

static int read_patiently(const struct pidfile_place *place, pid_t *pid)
{
	const struct pidfile_claim leased = { .kind = PIDFILE_CLAIM_LEASED };
	int result = -ESTALE;

	for (int i = 0; i < ATTEMPTS; i++) {
		pidfile_mutex_lock();
		result = read_at(place, pid);
		pidfile_mutex_unlock();
		if (result != -ESTALE && result != -EAGAIN)
			return result;
		deadline_poll(NULL, 0, deadline_after(1));
	}
	return result == -EAGAIN
		       ? pidfile_claim_refuse(&leased, place->path)
		       : error_set(-ESTALE, "pid file %s: another process keeps replacing it",
				   place->path);
}

int daemonkit_pidfile_read_path(const char *path, pid_t *pid)
{
	DISABLE_CANCELLATION;
	struct pidfile_place place;
	int result;

	if (!path || !pid)
		return error_null(__func__);
	if (*path == '\0')
		return error_set(-EINVAL, "pid file: the path is empty");
	result = pidfile_place_open(&place, path);
	if (result < 0)
		return error_system(result, "pid file %s: open its directory", path);
	result = read_patiently(&place, pid);
	pidfile_place_close(&place);
	return result;
}
