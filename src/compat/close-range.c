/* SPDX-License-Identifier: MIT */
/*
 * Ranges of descriptors: close_range(2) if available, otherwise the kernel's list of open
 * descriptors, otherwise poll(2), which checks a thousand descriptors per call.
 * Thread-safe and async-signal-safe.
 */
#include "compat/close-range.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <sys/syscall.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define UNSHARE 2 /* CLOSE_RANGE_UNSHARE */

static int close_range_call(unsigned first, unsigned last, unsigned flags)
{
	return syscall(SYS_close_range, first, last, flags) < 0 ? -errno : 0;
}

int compat_unshare_table(unsigned last)
{
	return close_range_call(last + 1, COMPAT_FD_MAX, UNSHARE);
}

bool compat_can_unshare_table(void)
{
	/* An empty range closes nothing; the highest number is never open. */
	return close_range_call(COMPAT_FD_MAX, COMPAT_FD_MAX, 0) == 0;
}

/* The kernel's own format: readdir(3) would allocate memory. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static int visit_names(const char *bytes, long count, int skip, int (*function)(int fd, void *data),
		       void *data)
{
	for (long at = 0; at < count;) {
		const struct entry *entry = (const struct entry *)(const void *)(bytes + at);
		int fd = 0, result;
		const char *digit = entry->name;

		at += entry->length;
		while (*digit >= '0' && *digit <= '9')
			fd = fd * 10 + (*digit++ - '0');
		if (digit == entry->name || *digit != '\0' || fd == skip)
			continue;
		result = function(fd, data);
		if (result != 0)
			return result;
	}
	return 0;
}

static int visit_listed(int (*function)(int fd, void *data), void *data)
{
	_Alignas(struct entry) char bytes[4096];
	int list = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (list < 0)
		return -ENOSYS;
	while (result == 0) {
		long count = syscall(SYS_getdents64, list, bytes, sizeof bytes);

		if (count <= 0) {
			result = count < 0 ? -errno : 0;
			break;
		}
		result = visit_names(bytes, count, list, function, data);
	}
	close(list);
	return result;
}

/* The size of the descriptor table: after fork(2) little more than its highest descriptor. */
static int table_size(unsigned *size)
{
	char text[1024];
	int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
	const char *line;

	if (file >= 0)
		close(file);
	if (length < 0)
		return -ENOSYS;
	text[length] = '\0';
	line = strstr(text, "\nFDSize:\t");
	if (line == NULL)
		return -ENOSYS;
	*size = 0;
	for (line += sizeof "\nFDSize:\t" - 1; *line >= '0' && *line <= '9'; line++)
		*size = *size * 10 + (unsigned)(*line - '0');
	return 0;
}
#else
static int close_range_call(unsigned first, unsigned last, unsigned flags)
{
	(void)flags;
#ifdef HAVE_CLOSEFROM
	if (last == COMPAT_FD_MAX) {
		closefrom((int)first);
		return 0;
	}
#else
	(void)first;
	(void)last;
#endif
	return -ENOSYS;
}

int compat_unshare_table(unsigned last)
{
	(void)last;
	return -ENOSYS;
}

bool compat_can_unshare_table(void)
{
	return false;
}

static int visit_listed(int (*function)(int fd, void *data), void *data)
{
	(void)function;
	(void)data;
	return -ENOSYS;
}

static int table_size(unsigned *size)
{
	(void)size;
	return -ENOSYS;
}
#endif

/*
 * The last fallback.  A limit of 2^30 would still take a million calls: the search stops
 * at one million descriptors.
 */
#define POLLED 256
#define POLLED_LIMIT (1U << 20)

static int visit_polled(int (*function)(int fd, void *data), void *data)
{
	struct pollfd fds[POLLED];
	struct rlimit limit;
	unsigned end = POLLED_LIMIT;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end)
		end = (unsigned)limit.rlim_cur;
	for (unsigned first = 0; first < end; first += POLLED) {
		unsigned count = end - first < POLLED ? end - first : POLLED;

		for (unsigned i = 0; i < count; i++)
			fds[i] = (struct pollfd){ .fd = (int)(first + i) };
		if (poll(fds, count, 0) < 0 && errno != EINTR)
			return -errno;
		for (unsigned i = 0; i < count; i++) {
			int result = (fds[i].revents & POLLNVAL) != 0 ? 0
								      : function(fds[i].fd, data);

			if (result != 0)
				return result;
		}
	}
	return 0;
}

int compat_each_fd(int (*function)(int fd, void *data), void *data)
{
	int result = visit_listed(function, data);

	return result == -ENOSYS ? visit_polled(function, data) : result;
}

struct highest {
	unsigned limit;
	int fd;
};

static int find_highest(int fd, void *data)
{
	struct highest *highest = data;

	if ((unsigned)fd < highest->limit && fd > highest->fd)
		highest->fd = fd;
	return 0;
}

/* The kernel needs microseconds to list one descriptor, so search from the end of its table. */
int compat_highest_fd(unsigned limit)
{
	struct pollfd fds[POLLED];
	struct highest highest = { limit, -1 };
	unsigned end;
	int result = table_size(&end);

	if (result < 0) {
		result = compat_each_fd(find_highest, &highest);
		return result < 0 ? result : highest.fd < 0 ? -EBADF : highest.fd;
	}
	for (end = end < limit ? end : limit; end > 0;) {
		unsigned count = end < POLLED ? end : POLLED;

		end -= count;
		for (unsigned i = 0; i < count; i++)
			fds[i] = (struct pollfd){ .fd = (int)(end + i) };
		while (poll(fds, count, 0) < 0)
			if (errno != EINTR)
				return -errno;
		while (count-- > 0)
			if ((fds[count].revents & POLLNVAL) == 0)
				return (int)(end + count);
	}
	return -EBADF;
}

struct range {
	unsigned first, last;
};

static int close_if_in_range(int fd, void *data)
{
	const struct range *range = data;

	if ((unsigned)fd >= range->first && (unsigned)fd <= range->last)
		close(fd);
	return 0;
}

int compat_close_range(unsigned first, unsigned last)
{
	struct range range = { first, last };
	int result;

	if (first > last)
		return 0;
	result = close_range_call(first, last, 0);
	/* A filter may also return EPERM: the slower fallback works then as well. */
	return result == 0 ? 0 : compat_each_fd(close_if_in_range, &range);
}
