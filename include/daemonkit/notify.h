/* SPDX-License-Identifier: MIT */
/*
 * Notifications from the daemon to the processes that wait for it: its
 * launcher, a service manager that uses systemd's notification protocol
 * (NOTIFY_SOCKET), and a supervisor that waits for a newline (s6).
 *
 * These functions are called in the daemon, after daemonkit_context_reborn()
 * has returned 0 there.  They may always be called: if no process waits, they
 * succeed and send nothing.
 *
 * In mode FOREGROUND the manager's address is read from NOTIFY_SOCKET; in modes
 * REBORN and FORK too, if the manager started the launcher itself.  The
 * launcher then forwards status texts and extended timeouts, and names the
 * daemon to the manager as the service's main process when it is up.  The
 * socket may be a path, an abstract address ("@...") or "vsock:CID:PORT".  The
 * manager can still be reached after a change of root directory or user (with
 * a library built on libsystemd only if the address is still valid).
 *
 * A message to the manager waits while the manager's queue is full.  The
 * errors of such a message, in addition to those of each function:
 *   -ENOENT, -ECONNREFUSED, -EACCES  no process listens at NOTIFY_SOCKET
 *   -EAFNOSUPPORT, -EINVAL, -ENAMETOOLONG  the address is not supported
 *   -EMFILE, -ENFILE, -ENOMEM, -EMSGSIZE  as socket(2) and sendmsg(2)
 *   -EOPNOTSUPP  a descriptor, or a barrier, for another machine (vsock)
 * The text names the address.
 *
 * Any thread may call these functions, several at the same time, and also while
 * another thread uses the context for something else, except for freeing it.
 * Where a context is a parameter, NULL stands for the first context of this
 * process that became the daemon: for code that has no access to it.  In a
 * process that is not the daemon, and after that context has been freed, NULL
 * is refused (-EPERM).  daemonkit_notify_ready() and daemonkit_notify_failed()
 * wait until the calls of other threads have returned.  Only
 * daemonkit_notify_take_fd() needs a context, and is called by one thread at a
 * time.
 */
#ifndef DAEMONKIT_NOTIFY_H
#define DAEMONKIT_NOTIFY_H

#include <sys/types.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_context;

/**
 * daemonkit_notify_ready - the daemon is up
 *
 * A launcher that waits for it (daemonkit_context_set_ready_timeout())
 * returns, the manager gets READY=1, and a notification descriptor its newline.
 * Call it again after daemonkit_notify_reloading() to report to the manager
 * that the reload is complete.
 *
 * Returns: 0, or
 *   -EPERM      this process is not the daemon; or daemonkit_context_confine()
 *               has not been called although it was announced, or has failed:
 *               the launcher, if it waits, returns this error
 *   -ECANCELED  the launcher has exited: no process knows of this start
 *   -EPIPE      the notification descriptor has no reader; SIGPIPE is not sent
 * and, in a successor (<daemonkit/upgrade.h>) that failed to take over and has
 * to exit:
 *   -ESTALE     the pid file has been removed or replaced
 *   -EALREADY   another instance holds it
 *   -EBADMSG    an unexpected message from the predecessor
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_ready(struct daemonkit_context *context);

/**
 * daemonkit_notify_failed - report that the daemon will not come up
 * @error: an errno, negative or positive, which the launcher returns as a
 *         negative one
 * @format: the text for the error, as printf(3)
 *
 * A launcher that still waits returns the error and the text once the daemon
 * has exited: release the context and exit, at once and with a status that
 * indicates failure.  The launcher kills a daemon that does not exit within
 * five seconds.  If no launcher waits, the manager gets the text as STATUS=
 * and the error as ERRNO=.
 *
 * Returns: 0, or
 *   -EINVAL     @error is 0, or @format is NULL
 *   -EPERM      this process is not the daemon
 *   -ECANCELED  the launcher has exited
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_failed(struct daemonkit_context *context, int error,
					  const char *format, ...)
	DAEMONKIT_NONNULL((3)) DAEMONKIT_PRINTF(3, 4);

/**
 * daemonkit_notify_status - describe what the daemon is doing, for users
 * @format: one line of text in UTF-8, as printf(3); newlines become spaces,
 *          and at most 4000 bytes are sent, truncated between characters
 *
 * During the start the launcher's status handler gets it
 * (daemonkit_context_set_status_handler()), later the manager (STATUS=).
 *
 * Returns: 0, or
 *   -EINVAL     @format is NULL
 *   -EPERM      this process is not the daemon
 *   -EAGAIN     the launcher has too many unread texts; this one is dropped
 *   -ECANCELED  the launcher has exited
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_status(struct daemonkit_context *context,
					  const char *format, ...)
	DAEMONKIT_NONNULL((2)) DAEMONKIT_PRINTF(2, 3);

/**
 * daemonkit_notify_extend_timeout - request more time for the start
 * @milliseconds: from now; greater than 0
 *
 * The launcher continues to wait at least that long.  A time shorter than the
 * remaining time changes nothing.  The manager gets the same request
 * (EXTEND_TIMEOUT_USEC=), also when the daemon reloads or stops.
 *
 * Returns: 0, or
 *   -EINVAL     @milliseconds is not greater than 0
 *   -EPERM      this process is not the daemon
 *   -EAGAIN     the launcher has too many unread messages
 *   -ECANCELED  the launcher has exited
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_extend_timeout(struct daemonkit_context *context,
						  int milliseconds);

/**
 * daemonkit_notify_reloading - the daemon begins to reload
 *
 * Sends RELOADING=1 with MONOTONIC_USEC, as Type=notify-reload requires.
 * daemonkit_notify_ready() reports that the reload is complete.
 *
 * Returns: 0, -EPERM (this process is not the daemon), or an error of the
 * message.
 * Thread safety: MT-safe.  Follows: sd_notify(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_reloading(struct daemonkit_context *context);

/**
 * daemonkit_notify_stopping - the daemon begins to stop (STOPPING=1)
 *
 * Returns: as daemonkit_notify_reloading().
 * Thread safety: MT-safe.  Follows: sd_notify(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_stopping(struct daemonkit_context *context);

/**
 * daemonkit_notify_watchdog - the daemon is alive (WATCHDOG=1)
 *
 * Returns: as daemonkit_notify_reloading().
 * Thread safety: MT-safe.  Follows: sd_notify(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_watchdog(struct daemonkit_context *context);

/**
 * daemonkit_notify_watchdog_trigger - report an internal error of the daemon
 *
 * Sends WATCHDOG=trigger: the manager acts at once, as if the watchdog timeout
 * had expired.
 *
 * Returns: as daemonkit_notify_reloading().
 * Thread safety: MT-safe.  Follows: sd_notify(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_watchdog_trigger(struct daemonkit_context *context);

/**
 * daemonkit_notify_watchdog_interval - is the manager's watchdog enabled?
 * @interval: where the time is stored, in milliseconds, within which the
 *            manager expects daemonkit_notify_watchdog(); call that at half of
 *            it.  Unchanged unless 1 is returned.
 *
 * Read from WATCHDOG_USEC, if WATCHDOG_PID is unset, or is this process or the
 * launcher that the manager started.
 *
 * Returns: 1 it does; 0 it does not; -EPERM (this process is not the daemon);
 * -EINVAL (NULL).
 * Thread safety: MT-safe.  Follows: sd_watchdog_enabled(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_watchdog_interval(struct daemonkit_context *context,
						     int *interval)
	DAEMONKIT_NONNULL((2)) DAEMONKIT_CHECK;

/**
 * daemonkit_notify_main_pid - another process is the main one (MAINPID=)
 * @pid: that process, greater than 0
 *
 * Returns: as daemonkit_notify_reloading(), and -EINVAL.
 * Thread safety: MT-safe.  Follows: sd_notify(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_main_pid(struct daemonkit_context *context, pid_t pid);

/**
 * daemonkit_notify_barrier - wait until the manager has read what was sent
 * @timeout: milliseconds, or DAEMONKIT_FOREVER
 *
 * Returns: 0, -ETIMEDOUT, or as daemonkit_notify_reloading().
 * Thread safety: MT-safe.  Follows: sd_notify_barrier(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_barrier(struct daemonkit_context *context, int timeout)
	DAEMONKIT_CHECK;

/** The manager keeps the descriptor even if poll(2) reports a hang-up. */
#define DAEMONKIT_NOTIFY_UNPOLLED 1U

/**
 * daemonkit_notify_store_fd - let the manager keep a descriptor for a restart
 * @name: its name after the restart; 1 to 255 bytes without control characters
 *        and colons
 * @fd: the descriptor; it stays the caller's and open
 * @flags: 0 or DAEMONKIT_NOTIFY_UNPOLLED
 *
 * Sends FDSTORE=1.  Several descriptors may have the same name.
 *
 * Returns: as daemonkit_notify_reloading(), and -EINVAL (no such name or
 * flags), -EBADF, and -EPERM also for a program with more privileges than its
 * caller (set-user-ID, set-group-ID, file capabilities): its caller may have
 * chosen NOTIFY_SOCKET, and would get the descriptor.
 * Thread safety: MT-safe.  Follows: sd_pid_notify_with_fds(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_store_fd(struct daemonkit_context *context,
					    const char *name, int fd, unsigned flags)
	DAEMONKIT_NONNULL((2));

/**
 * daemonkit_notify_remove_fd - remove stored descriptors with this name
 *
 * Sends FDSTOREREMOVE=1.
 *
 * Returns: as daemonkit_notify_store_fd().
 * Thread safety: MT-safe.  Follows: sd_notify(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_remove_fd(struct daemonkit_context *context,
					     const char *name) DAEMONKIT_NONNULL((2));

/**
 * daemonkit_notify_send - send assignments of the protocol unchanged
 * @assignments: "NAME=value", several separated by newlines
 *
 * Sent to the manager only.
 *
 * Returns: as daemonkit_notify_reloading(), and -EINVAL (NULL).
 * Thread safety: MT-safe.  Follows: sd_notify(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_send(struct daemonkit_context *context,
					const char *assignments) DAEMONKIT_NONNULL((2));

/**
 * daemonkit_notify_take_fd - a supervisor waits for a newline on a descriptor
 * @fd: as in s6's notification-fd; 3 or higher and open.  The context owns it
 *      from now on: it is made close-on-exec, and closed once the daemon is
 *      ready.  -1 for none.
 *
 * Called before daemonkit_context_reborn().  Such a descriptor means that the
 * process is supervised: DAEMONKIT_MODE_AUTO is then FOREGROUND.  In a second
 * copy this does nothing: the launcher's descriptor takes precedence, and a
 * successor (<daemonkit/upgrade.h>) has none.
 *
 * Returns: 0, -EBADF, or -EPERM (the daemon runs already).
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_notify_take_fd(struct daemonkit_context *context, int fd)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_NOTIFY_H */
