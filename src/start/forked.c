/* SPDX-License-Identifier: MIT */
/*
 * Descriptor numbers in the memory that a forked daemon keeps.
 *
 * The program and the C library continue to use the numbers of closed descriptors, for
 * example those of a stdio stream or of syslog(3)'s connection.  If the pid file got such
 * a number, a log message might be written to it, or it might be closed and its lock
 * dropped.
 * Not thread-safe: for a child without other threads.
 */
#include "start/forked.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>
#include <utmpx.h>

#include "base/fd.h"
#include "compat/close-range.h"
#include "compat/limits.h"

/*
 * The descriptors that the C library keeps open between calls; each function does nothing
 * if not needed.  NOLINTBEGIN(concurrency-mt-unsafe): a forked child has one thread.
 */
static void forget_stream(void)
{
	closelog();
	endpwent();
	endgrent();
	endutxent();
	endhostent();
	endnetent();
	endprotoent();
	endservent();
	/* NOLINTEND(concurrency-mt-unsafe) */
}

int forked_descriptors(void)
{
	struct rlimit limit;
	unsigned allowed = INT_MAX;
	int highest;

	forget_stream();
	/* A number beyond the limit cannot be allocated again. */
	if (compat_get_limit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < allowed)
		allowed = (unsigned)limit.rlim_cur;
	highest = compat_highest_fd(allowed);
	if (highest <= STDERR_FILENO)
		return highest < 0 && highest != -EBADF ? highest : 0;
	return fd_own_above(highest);
}
