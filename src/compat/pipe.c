/* SPDX-License-Identifier: MIT */
/*
 * The size of a pipe, and the number of bytes in it.
 * Thread-safe and async-signal-safe.
 */
#include "compat/pipe.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#ifdef COMPAT_LINUX
/* The default size of a pipe; smaller sizes are not tried. */
#define USUAL_SIZE ((size_t)64 << 10)

void compat_pipe_enlarge(int fd, size_t size)
{
	/* The system and the user have limits: find the largest permitted size by trying. */
	while (size > USUAL_SIZE && fcntl(fd, F_SETPIPE_SZ, (int)size) < 0)
		size /= 2;
}
#else
void compat_pipe_enlarge(int fd, size_t size)
{
	(void)fd;
	(void)size;
}
#endif

size_t compat_pipe_fill(int fd)
{
	int count = 0;

	return ioctl(fd, FIONREAD, &count) < 0 || count < 0 ? 0 : (size_t)count;
}
