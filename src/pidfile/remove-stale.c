/* SPDX-License-Identifier: MIT */
/*
 * Taking away the pid file that a dead process has left.
 * Thread-safe.
 */
#include "pidfile/pidfile-internal.h"

#include <unistd.h>

#include "base/fd.h"
#include "pidfile/owner.h"

static void bury(const struct pidfile_place *place, int fd, const struct stat *facts, pid_t pid)
{
	struct pidfile_lock lock = { .fd = -1 };
	struct pidfile_claim claim;
	pid_t named;

	if (pidfile_text_read(fd, &named) < 0 || named != pid)
		return;
	/* Somebody else may be about to take the file over: it is theirs then. */
	if (pidfile_claim(fd, 0, &claim) < 0 || claim.kind != PIDFILE_CLAIM_NONE ||
	    pidfile_lock_take(&lock, fd) < 0)
		return;
	if (pidfile_is_at(place, facts))
		unlinkat(place->directory, place->name, 0);
	pidfile_lock_drop(&lock);
}

void pidfile_bury(const char *path, pid_t pid)
{
	struct pidfile_place place;
	struct stat facts;
	int fd;

	pidfile_enter();
	if (pidfile_place_open(&place, path) == 0) {
		fd = -1;
		if (pidfile_look(&place, &facts) == 0 && !pidfile_lock_here(&facts))
			fd = pidfile_open_seen(&place, &facts, true);
		if (fd >= 0)
			bury(&place, fd, &facts, pid);
		fd_close(fd);
		pidfile_place_close(&place);
	}
	pidfile_leave();
}
