/* SPDX-License-Identifier: MIT */
/*
 * What the daemon says to whoever waits for it.
 *
 * These functions are called in the daemon, after daemonkit_context_reborn()
 * has returned 0 there, and may be called always: where nobody waits they
 * succeed and send nothing.  They never wait for a reader, but for
 * daemonkit_notify_ready() and daemonkit_notify_failed(), which wait until
 * the launcher has room for the message.
 *
 * A context may be used by one thread at a time.
 */
#ifndef DAEMONKIT_NOTIFY_H
#define DAEMONKIT_NOTIFY_H

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_context;

/**
 * daemonkit_notify_ready - the daemon is up
 *
 * A launcher that waits for it (daemonkit_context_set_ready_timeout())
 * returns.  Only the first call does something.
 *
 * Returns: 0, or
 *   -EPERM      this process is not the daemon
 *   -ECANCELED  the launcher is gone: nobody will ever know of this start
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_ready(struct daemonkit_context *context)
	DAEMONKIT_NONNULL(1);

/**
 * daemonkit_notify_failed - the daemon will not come up
 * @error: a negative errno (other than 0) for the launcher to return
 * @format: and the text that goes with it, as printf(3)
 *
 * A launcher that still waits returns @error and the text once the daemon
 * has ended: release the context and exit, at once and with a status that
 * tells of failure.  The launcher kills a daemon that does not end within
 * five seconds.
 *
 * Returns: 0, or
 *   -EINVAL     @error is not negative, or @format is NULL
 *   -EPERM      this process is not the daemon
 *   -ECANCELED  the launcher is gone
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_failed(struct daemonkit_context *context, int error,
					  const char *format, ...)
	DAEMONKIT_NONNULL(1, 3) DAEMONKIT_PRINTF(3, 4);

/**
 * daemonkit_notify_status - what the daemon is doing, for people to read
 * @format: one line of text, as printf(3); at most 4000 bytes of it are sent
 *
 * During the start the launcher's status handler gets it
 * (daemonkit_context_set_status_handler()).
 *
 * Returns: 0, or
 *   -EINVAL     @format is NULL
 *   -EPERM      this process is not the daemon
 *   -EAGAIN     the launcher has too many texts still to read; dropped
 *   -ECANCELED  the launcher is gone
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_status(struct daemonkit_context *context,
					  const char *format, ...)
	DAEMONKIT_NONNULL(1, 2) DAEMONKIT_PRINTF(2, 3);

/**
 * daemonkit_notify_extend_timeout - the start needs more time
 * @milliseconds: from now; greater than 0
 *
 * The launcher goes on waiting at least that long.  A time that is shorter
 * than what is left changes nothing.
 *
 * Returns: 0, or
 *   -EINVAL     @milliseconds is not greater than 0
 *   -EPERM      this process is not the daemon
 *   -EAGAIN     the launcher has too many messages still to read
 *   -ECANCELED  the launcher is gone
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_extend_timeout(struct daemonkit_context *context,
						  int milliseconds)
	DAEMONKIT_NONNULL(1);

DAEMONKIT_END

#endif /* DAEMONKIT_NOTIFY_H */
