/* SPDX-License-Identifier: MIT */
/*
 * The text of the last error.
 */
#ifndef DAEMONKIT_ERROR_H
#define DAEMONKIT_ERROR_H

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

/**
 * daemonkit_error - what went wrong in the calling thread's last failed call
 *
 * Every function of this library that returns a negative errno also sets a
 * text: it names the file or the step, the cause, and where helpful the
 * remedy, for example "pid file /run/x.pid: held by process 4242".  The text
 * has no trailing newline.  Calls that succeed, or that free or close an
 * object, do not change it.  In the launcher, after a failed start, it is the
 * daemon's own text.
 *
 * The text belongs to the calling thread, as with dlerror(3): other threads
 * never change it.
 *
 * Returns: the text, never NULL; "" when no call of this thread has failed.
 * Owned by the library, valid until this thread's next failed call into the
 * library or its end; must not be freed.
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API const char *daemonkit_error(void);

DAEMONKIT_END

#endif /* DAEMONKIT_ERROR_H */
