/* SPDX-License-Identifier: MIT */
/*
 * Reading the pid that a pid file names, which proves nothing about that process.
 * Thread-safe on different objects.
 */
#include "pidfile/pidfile-internal.h"

#include <errno.h>

#include "base/cancel.h"
#include "base/error-internal.h"

int daemonkit_pidfile_read(struct daemonkit_pidfile *pidfile, pid_t *pid)
{
	DISABLE_CANCELLATION;
	int result;

	if (!pidfile || !pid)
		return error_null(__func__);
	result = pidfile_text_read(pidfile->fd, pid);
	if (result == -ENODATA)
		return error_set(result, "pid file %s: it is empty", pidfile_title(pidfile));
	if (result == -EBADMSG)
		return error_set(result, "pid file %s: it does not contain a pid",
				 pidfile_title(pidfile));
	return result < 0 ? error_system(result, "pid file %s: read", pidfile_title(pidfile)) : 0;
}
