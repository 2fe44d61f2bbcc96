/* SPDX-License-Identifier: MIT */
/*
 * Numbers of descriptors in the memory that a forked daemon keeps.
 *
 * The program and the C library go on to use numbers whose descriptors are closed: a
 * stdio stream, the connection of syslog(3).  If such a number were the pid file's, a
 * log message would end up in it, or it would be closed, and the lock would be gone.
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

/* All that the C library keeps open between two calls; each does nothing otherwise. */
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
