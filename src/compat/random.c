/* SPDX-License-Identifier: MIT */
/*
 * Random bytes from the system.
 * Thread-safe.
 */
#include "compat/random.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <sys/syscall.h>
#endif

#include "base/fd.h"

#if defined(COMPAT_LINUX) && defined(SYS_getrandom)
#define DO_NOT_WAIT 1

int compat_random(void *bytes, size_t size)
{
	ssize_t count = syscall(SYS_getrandom, bytes, size, DO_NOT_WAIT);

	if (count < 0)
		return -errno;
	return (size_t)count == size ? 0 : -EIO;
}
#else
int compat_random(void *bytes, size_t size)
{
	int fd = fd_open("/dev/urandom", O_RDONLY, 0);
	ssize_t count;

	if (fd < 0)
		return fd;
	count = fd_read(fd, bytes, size);
	fd_close(fd);
	return count == (ssize_t)size ? 0 : -EIO;
}
#endif
