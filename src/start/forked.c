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

#include <grp.h>
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

struct highest {
	rlim_t limit;
	int fd;
};

static int find_highest_fd(int fd, void *data)
{
	struct highest *highest = data;

	/* A number beyond the limit cannot be allocated again. */
	if ((rlim_t)fd < highest->limit && fd > highest->fd)
		highest->fd = fd;
	return 0;
}

int forked_descriptors(void)
{
	struct highest highest = { .limit = RLIM_INFINITY, .fd = STDERR_FILENO };
	struct rlimit limit;
	int result;

	forget_stream();
	if (compat_get_limit(RLIMIT_NOFILE, &limit) == 0)
		highest.limit = limit.rlim_cur;
	result = compat_each_fd(find_highest_fd, &highest);
	if (result == 0 && highest.fd > STDERR_FILENO)
		result = fd_own_above(highest.fd);
	return result;
}
