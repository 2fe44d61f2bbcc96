/* SPDX-License-Identifier: MIT */
/*
 * One descriptor for a set of descriptors and a deadline.
 * Thread-safe on different sets.
 */
#include "compat/epoll.h"

#include <errno.h>

#include "base/fd.h"

void compat_pollset_close(struct compat_pollset *set)
{
	set->fd = fd_close(set->fd);
	set->timer = fd_close(set->timer);
}

#ifdef COMPAT_LINUX
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

static int control_set(struct compat_pollset *set, int operation, int fd, short events)
{
	struct epoll_event event = {
		.events = ((events & POLLIN) != 0 ? (uint32_t)EPOLLIN : 0) |
			  ((events & POLLOUT) != 0 ? (uint32_t)EPOLLOUT : 0),
	};

	return epoll_ctl(set->fd, operation, fd, &event) < 0 ? -errno : 0;
}

int compat_pollset_open(struct compat_pollset *set)
{
	int result;

	*set = (struct compat_pollset){ .fd = -1, .timer = -1 };
	set->fd = epoll_create1(EPOLL_CLOEXEC);
	set->fd = set->fd < 0 ? -errno : fd_above_standard(set->fd);
	if (set->fd < 0)
		return set->fd;
	set->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	set->timer = set->timer < 0 ? -errno : fd_above_standard(set->timer);
	result = set->timer < 0 ? set->timer : compat_pollset_add(set, set->timer, POLLIN);
	if (result < 0)
		compat_pollset_close(set);
	return result;
}

int compat_pollset_add(struct compat_pollset *set, int fd, short events)
{
	return control_set(set, EPOLL_CTL_ADD, fd, events);
}

int compat_pollset_change(struct compat_pollset *set, int fd, short events)
{
	/* With no events epoll would still report hang-ups, again and again. */
	return control_set(set, events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, fd, events);
}

int compat_pollset_time(struct compat_pollset *set, int64_t microseconds)
{
	struct itimerspec wanted = { .it_value = { .tv_sec = 0 } };

	if (microseconds != INT64_MAX) {
		wanted.it_value.tv_sec = (time_t)(microseconds / 1000000);
		/* A value of zero would disarm the timer. */
		wanted.it_value.tv_nsec = (long)(microseconds % 1000000) * 1000 + 1;
	}
	return timerfd_settime(set->timer, TFD_TIMER_ABSTIME, &wanted, NULL) < 0 ? -errno : 0;
}
#else
int compat_pollset_open(struct compat_pollset *set)
{
	*set = (struct compat_pollset){ .fd = -1, .timer = -1 };
	return -ENOTSUP;
}

int compat_pollset_add(struct compat_pollset *set, int fd, short events)
{
	(void)set;
	(void)fd;
	(void)events;
	return -ENOTSUP;
}

int compat_pollset_change(struct compat_pollset *set, int fd, short events)
{
	return compat_pollset_add(set, fd, events);
}

int compat_pollset_time(struct compat_pollset *set, int64_t microseconds)
{
	(void)set;
	(void)microseconds;
	return -ENOTSUP;
}
#endif
