/* SPDX-License-Identifier: MIT */
/*
 * Helpers for descriptors.
 * Thread-safe except fd_own_above().  All but fd_open() with O_CREAT are
 * async-signal-safe.
 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* The only place where interrupted system calls are restarted. */
#define RETRY(result, call)        \
	do {                       \
		(result) = (call); \
	} while ((result) < 0 && errno == EINTR)

int fd_close(int fd)
{
	int saved = errno;

	/* On Linux the descriptor is closed even after EINTR: close(2) is not retried. */
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

int fd_open(const char *path, int flags, mode_t mode)
{
	int fd;

	RETRY(fd, open(path, flags | O_CLOEXEC, mode));
	return fd < 0 ? -errno : fd;
}

ssize_t fd_read(int fd, void *buffer, size_t size)
{
	ssize_t count;

	RETRY(count, read(fd, buffer, size));
	return count < 0 ? -errno : count;
}

ssize_t fd_read_at(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t count;

	RETRY(count, pread(fd, buffer, size, offset));
	return count < 0 ? -errno : count;
}

ssize_t fd_read_file(int directory, const char *path, char *text, size_t size)
{
	ssize_t length;
	int fd;

	RETRY(fd, openat(directory, path, O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return -errno;
	length = fd_read(fd, text, size - 1);
	fd_close(fd);
	if (length >= 0)
		text[length] = '\0';
	return length;
}

int fd_write_all(int fd, const void *buffer, size_t size)
{
	const char *next = buffer;

	while (size > 0) {
		ssize_t count;

		RETRY(count, write(fd, next, size));
		if (count < 0)
			return -errno;
		next += count;
		size -= (size_t)count;
	}
	return 0;
}

void fd_block_sigpipe(struct fd_no_sigpipe *guard)
{
	sigset_t broken, pending;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&pending);
	guard->was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &broken, &guard->before);
}

void fd_unblock_sigpipe(const struct fd_no_sigpipe *guard, bool failed)
{
	sigset_t broken, pending;
	int number;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	sigpending(&pending);
	if (failed && !guard->was_pending && sigismember(&pending, SIGPIPE) == 1)
		sigwait(&broken, &number);
	pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}

int fd_write_silently(int fd, const void *buffer, size_t size)
{
	struct fd_no_sigpipe guard;
	int result;

	fd_block_sigpipe(&guard);
	result = fd_write_all(fd, buffer, size);
	fd_unblock_sigpipe(&guard, result == -EPIPE);
	return result;
}

int fd_replace(int from, int to)
{
	int result;

	RETRY(result, dup2(from, to));
	return result < 0 ? -errno : 0;
}

static int set_fd_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	if (fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
		return -errno;
	return 0;
}

int fd_set_cloexec(int fd, bool on)
{
	return set_fd_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_set_nonblocking(int fd, bool on)
{
	return set_fd_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

/* The lowest number for the library's own descriptors. */
static int lowest = STDERR_FILENO + 1;

int fd_own_above(int fd)
{
	int probe = fcntl(fd, F_DUPFD_CLOEXEC, fd + 1);

	if (probe < 0)
		return errno == EINVAL ? -EMFILE : -errno;
	close(probe);
	lowest = fd + 1;
	return 0;
}

int fd_duplicate(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

	/* The limit may have been lowered below this number since. */
	if (copy < 0 && errno == EINVAL && lowest > STDERR_FILENO + 1)
		copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (copy >= 0)
		return copy;
	/* The limit excludes even the lowest of these numbers. */
	return errno == EINVAL ? -EMFILE : -errno;
}

int fd_above_standard(int fd)
{
	int higher;

	if (fd >= lowest)
		return fd;
	higher = fd_duplicate(fd);
	fd_close(fd);
	return higher;
}

int fd_pair_above_standard(int ends[2])
{
	for (int i = 0; i < 2; i++) {
		ends[i] = fd_above_standard(ends[i]);
		if (ends[i] < 0) {
			int error = ends[i];

			fd_close(ends[1 - i]);
			return error;
		}
	}
	return 0;
}

bool fd_same_file(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}
