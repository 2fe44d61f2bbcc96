/* SPDX-License-Identifier: MIT */
/*
 * Pipes: creation, size, and contents.
 * Thread-safe and async-signal-safe.
 */
#include "compat/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef HAVE_FIONREAD
#include <sys/ioctl.h>
#endif

#include "base/fd.h"

/* The default size of a pipe. */
#define USUAL_SIZE ((size_t)64 << 10)

#ifdef HAVE_PIPE2
static int open_pipe(int ends[2], bool nonblocking)
{
	return pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)) < 0 ? -errno : 0;
}
#else
/* A program that another thread executes just now may inherit the pipe. */
static int open_pipe(int ends[2], bool nonblocking)
{
	if (pipe(ends) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		fd_set_cloexec(ends[i], true);
		fd_set_nonblocking(ends[i], nonblocking);
	}
	return 0;
}
#endif

int compat_pipe(int ends[2], bool nonblocking)
{
	int result = open_pipe(ends, nonblocking);

	return result < 0 ? result : fd_pair_above_standard(ends);
}

#ifdef COMPAT_LINUX
void compat_pipe_enlarge(int fd, size_t size)
{
	/*
	 * The system and the user have limits: find the largest permitted size by trying.
	 * Sizes below the default are not tried.
	 */
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
#ifdef HAVE_FIONREAD
	int count = 0;

	return ioctl(fd, FIONREAD, &count) < 0 || count < 0 ? 0 : (size_t)count;
#else
	(void)fd;
	return USUAL_SIZE;
#endif
}
