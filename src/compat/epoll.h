/* SPDX-License-Identifier: MIT */
/*
 * One descriptor for a set of descriptors and a deadline: it is readable when
 * one of them is ready or the deadline has passed.
 */
#ifndef COMPAT_EPOLL_H
#define COMPAT_EPOLL_H

#include <stdint.h>

struct compat_pollset {
	int fd; /* 3 or higher, close-on-exec; -1 for none */
	int timer;
};

/* 0, -ENOTSUP if the system has no epoll, or another negative errno. */
int compat_pollset_open(struct compat_pollset *set);
void compat_pollset_close(struct compat_pollset *set);

/*
 * Add a descriptor, which stays the caller's, or change its events: POLLIN,
 * POLLOUT or both; POLLHUP alone, which is otherwise implied; 0 removes the
 * descriptor.
 */
int compat_pollset_add(struct compat_pollset *set, int fd, short events);
int compat_pollset_change(struct compat_pollset *set, int fd, short events);

/* Set the deadline, in microseconds of the monotonic clock; INT64_MAX for none. */
int compat_pollset_time(struct compat_pollset *set, int64_t microseconds);

#endif /* COMPAT_EPOLL_H */
