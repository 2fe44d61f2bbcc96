/* SPDX-License-Identifier: MIT */
/*
 * Upgrade in place: the running daemon executes its new program, which replaces
 * it without any interruption of service.
 *
 * The new daemon, the successor, is a second copy as in mode REBORN: it runs
 * through the same code, daemonkit_context_reborn() returns 0 there, and it
 * calls daemonkit_notify_ready() when it can serve.  It has all named
 * descriptors of this daemon (<daemonkit/descriptors.h>), and the payload that
 * this daemon has set before, but no other descriptors, not even those kept by
 * number at the start.  It has the same standard streams, root and working
 * directory, umask, user, groups, kept capabilities, limits and priorities, in
 * the same session.  It does not apply these settings again: its own setters
 * for them have no effect.
 *
 * While the successor starts, this daemon continues to serve.  When the
 * successor is ready, it gets the pid file, which has a holder all the time,
 * and the service manager is notified that the successor is the main process,
 * and ready, which ends a reload that this daemon has announced.  This daemon
 * then accepts no new work, finishes its current work, and exits;
 * daemonkit_context_release() and the notify functions do nothing in it any
 * more.  If the successor fails or times out, it no longer exists, and this
 * process remains the daemon.
 *
 *	if (daemonkit_upgrade_start(context, NULL, 10000, &upgrade) < 0)
 *		... it did not even start ...
 *	... poll daemonkit_upgrade_fd(upgrade) in the main loop; when readable: ...
 *	result = daemonkit_upgrade_wait(upgrade, 0);
 *	if (result > 0)
 *		... the new daemon serves: finish and exit ...
 *	if (result < 0)
 *		... daemonkit_error() gives the reason: continue ...
 *
 * An object, and its context, are used by one thread at a time.
 */
#ifndef DAEMONKIT_UPGRADE_H
#define DAEMONKIT_UPGRADE_H

#include <sys/types.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_context;
struct daemonkit_process;
struct daemonkit_upgrade;

/**
 * daemonkit_upgrade_start - execute the new program
 * @context: the context of this daemon, which must have reported that it is
 *           ready, if that was required; it must outlive the object
 * @path: the program, for the next upgrade too; NULL for the path by which this
 *        daemon was executed (its symbolic links are followed again), or that
 *        was set by daemonkit_context_set_program()
 * @timeout: milliseconds until the new daemon is ready; DAEMONKIT_FOREVER; or
 *           DAEMONKIT_UNTIL_SET_UP: until it is set up
 * @ret: where the object is stored; unchanged on failure
 *
 * The arguments and the environment are those of this process, or those set in
 * it by daemonkit_context_set_args() and daemonkit_context_set_env().  The
 * status handler of the context receives the successor's status texts.  The new
 * process is not a child of this one but its sibling, so that it has its final
 * parent from the beginning: a service manager, or process 1.
 *
 * Returns: 0, or
 *   -EINVAL    NULL, @path is empty, or @timeout is 0 or DAEMONKIT_NEVER
 *   -EPERM     this process is not the daemon (any more); or a program with
 *              more privileges than its caller (set-user-ID, set-group-ID,
 *              file capabilities), which cannot trust its launcher
 *   -EINPROGRESS  an upgrade is in progress, or this daemon has not reported
 *              yet that it is ready, or is not confined yet
 *   -ENOENT    the path of this program is unknown: pass it, or set it with
 *              daemonkit_context_set_program()
 *   -ENOTSUP   the daemon is process 1, or is in mode FOREGROUND without a
 *              service manager that can be notified: the supervisor of this
 *              process would take its exit for the daemon's; or there is a pid
 *              file, and the system has no lock that two processes can share
 *   -ENOLCK    another process, such as a child of an earlier daemon, has the
 *              lock on the pid file that would be handed over
 *   -ENOMEM, -EMFILE, and the errors of execve(2) and clone(2); the text names
 *   the step
 * Ownership: freed with daemonkit_upgrade_free().
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_upgrade_start(struct daemonkit_context *context, const char *path,
					  int timeout, struct daemonkit_upgrade **ret)
	DAEMONKIT_NONNULL((1, 4)) DAEMONKIT_CHECK;

/**
 * daemonkit_upgrade_fd - a descriptor for poll(2), epoll(7) and the like
 *
 * It is readable (POLLIN) when daemonkit_upgrade_wait() has something to do.
 *
 * Returns: the descriptor; -ENOTSUP where the system has none; -EINVAL for NULL.
 * Ownership: the object's; must not be read or closed; valid until
 * daemonkit_upgrade_free().
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_upgrade_fd(const struct daemonkit_upgrade *upgrade)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_upgrade_wait - continue the upgrade, and wait for its result
 * @timeout: milliseconds to wait for the result; 0 does any pending work and
 *           does not wait; or DAEMONKIT_FOREVER
 *
 * The handover itself takes milliseconds, regardless of @timeout.  If the
 * successor does not reply within some seconds, the handover is aborted; if the
 * manager does not, it is completed without the manager's confirmation.  A
 * successor that reports a failure has five seconds to exit by itself, and is
 * then killed.  The result is available when it has exited and its parent has
 * reaped it, or a second later if the parent has not.
 *
 * Returns: the pid of the new daemon, which has replaced this one; 0: there is
 * no result yet; or, if this process remains the daemon,
 *   -ECHILD     the successor was killed or exited without a report
 *   -ETIMEDOUT  the successor was not ready in time and was killed
 *   -EPERM      this is a child of the daemon, made by fork(2)
 *   any error that the successor passed to daemonkit_notify_failed(), or that
 *   daemonkit_context_reborn() returned there, with the successor's text
 * A result is final, and so is its text.  daemonkit_context_exit_status()
 * returns the successor's status, if it is known to this process.
 * Thread safety: MT-safe on different objects.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_upgrade_wait(struct daemonkit_upgrade *upgrade, int timeout)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_upgrade_free - free it; without a result yet, cancel the upgrade
 * @upgrade: an object, or NULL
 *
 * A successor that is not ready yet is killed, but not in a child made by
 * fork(2).  A child that continues without executing a program has to free its
 * copy: otherwise the successor would learn late, and without pidfds not at
 * all, that its predecessor has died.
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_upgrade *
daemonkit_upgrade_free(struct daemonkit_upgrade *upgrade);

/**
 * daemonkit_context_predecessor - the process that this daemon replaces
 * @ret: where the process is stored, to be freed with daemonkit_process_free();
 *       unchanged on failure
 *
 * In a successor, from the return of daemonkit_context_reborn() on, also when
 * the predecessor has exited already: its object then names no other process,
 * and daemonkit_process_wait() returns at once.  So the call tells whether this
 * daemon was started by an upgrade, and the object waits until the predecessor
 * has finished its work:
 *
 *	if (daemonkit_context_predecessor(context, &process) == 0)
 *		... poll daemonkit_process_fd(process), or daemonkit_process_wait() ...
 *
 * Do not wait for it before this daemon is ready: the predecessor waits for
 * that.
 *
 * Returns: 0, or
 *   -ENOENT   this daemon was not started by an upgrade
 *   -EPERM    this process is not the daemon: it is a launcher, a child of the
 *             daemon, or a second copy before daemonkit_context_reborn()
 *   -ENOTSUP  the system does not report the process at the other end of a
 *             socket, or it is in a pid namespace that is not visible here
 *   -ESRCH    it exited before it could be opened; the upgrade fails then
 *   -EINVAL, -EMFILE, -ENFILE, -ENOMEM
 * Ownership: freed with daemonkit_process_free().
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_predecessor(struct daemonkit_context *context,
						struct daemonkit_process **ret)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_UPGRADE_H */
