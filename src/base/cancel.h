/* SPDX-License-Identifier: MIT */
/* No function of the library is a cancellation point. */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include <pthread.h>

/*
 * Disable cancellation until the end of the block; a request stays pending.
 * open(2), read(2), write(2), poll(2), close(2) and others are cancellation
 * points, and a thread canceled in one would leak locks, descriptors, handlers
 * and processes.  For public functions that make such a call, and for signal
 * handlers: pthread_setcancelstate(3) is not on the list of POSIX.1-2008 for
 * them, but in glibc and musl it only updates a field of the thread.
 */
#define DISABLE_CANCELLATION                                     \
	__attribute__((__cleanup__(cancel_restore), __unused__)) \
	const int cancel_state = cancel_disable()

static inline int cancel_disable(void)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

static inline void cancel_restore(const int *before)
{
	pthread_setcancelstate(*before, NULL);
}

#endif /* BASE_CANCEL_H */
