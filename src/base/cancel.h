/* SPDX-License-Identifier: MIT */
/* No function of the library is a cancellation point. */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <pthread.h>

/*
 * To the end of the block a request to cancel the thread is kept, not acted on:
 * open(2), read(2), write(2), poll(2), close(2) and their like are cancellation
 * points, and a thread that ended in one would leave locks, descriptors, handlers and
 * processes behind.  For public functions that make such a call and for signal handlers:
 * pthread_setcancelstate(3) is async-signal-safe (POSIX.1-2024; a plain store before).
 */
#define DISABLE_CANCELLATION                                     \
	__attribute__((__cleanup__(cancel_restore), __unused__)) \
	const int cancel_state = cancel_disable()

static inline int cancel_disable(void)
{
	int before;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

static inline void cancel_restore(const int *before)
{
	pthread_setcancelstate(*before, NULL);
}

#endif /* BASE_CANCEL_H */
