/* SPDX-License-Identifier: MIT */
/*
 * A reference to another process that is safe against reuse of its pid.
 *
 * On Linux (5.3 and later) the object has a pidfd: a signal can reach only the
 * process that was opened, even if its pid is reused.  Elsewhere the process's
 * start time is compared before every signal, which leaves a race of a few
 * microseconds.
 *
 * An object may be used by one thread at a time.
 */
#ifndef DAEMONKIT_PROCESS_H
#define DAEMONKIT_PROCESS_H

#include <sys/types.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_process;

/**
 * daemonkit_process_open - open the process that has this pid now
 * @pid: a process id, greater than 0; never a process group
 * @ret: where the new object is stored; unchanged on failure
 *
 * To open a daemon, use daemonkit_context_search() or
 * daemonkit_pidfile_holder(): they prove that the pid is the daemon's.
 *
 * Returns: 0, or
 *   -EINVAL  @pid is 0 or negative
 *   -ESRCH   there is no such process
 *   -EMFILE, -ENFILE, -ENOMEM  no descriptor or memory available
 * Ownership: the object is freed with daemonkit_process_free().
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Follows: pidfd_open(2).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_open(pid_t pid, struct daemonkit_process **ret)
	DAEMONKIT_NONNULL((2)) DAEMONKIT_CHECK;

/**
 * daemonkit_process_free - free the object; the process is not signalled
 * @process: an object, or NULL
 *
 * Returns: NULL, so that one can write p = daemonkit_process_free(p).
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_process *
daemonkit_process_free(struct daemonkit_process *process);

/**
 * daemonkit_process_pid - the process id
 *
 * Returns: the pid that the object was opened with, or -EINVAL for NULL.
 * Thread safety: MT-safe; async-signal-safe unless it fails.  Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_process_pid(const struct daemonkit_process *process)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_process_fd - a descriptor for poll(2), epoll(7) and the like
 *
 * It becomes readable (POLLIN) when the process exits, whether or not its
 * parent has waited for it, and stays readable.
 *
 * Returns: the descriptor, or -ENOTSUP where the system has none.
 * Ownership: the object's; must not be closed or read; valid until
 * daemonkit_process_free().
 * Thread safety: MT-safe; async-signal-safe unless it fails.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_fd(const struct daemonkit_process *process)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_process_signal - send a signal to exactly this process
 * @signo: 1 to SIGRTMAX
 *
 * Returns: 0, or
 *   -EINVAL  no such signal
 *   -ESRCH   the process has ended (also when it is a zombie)
 *   -EPERM   the caller may not signal it
 * Thread safety: MT-safe on different objects.  Not async-signal-safe.
 * Follows: pidfd_send_signal(2).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_signal(struct daemonkit_process *process, int signo)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_status_handler - receives status texts
 * @text: the daemon's text from daemonkit_notify_status(), in a start or an
 *        upgrade, or from daemonkit_siginfo_status(), in a request; valid until
 *        the function returns
 * @data: as given with the handler
 *
 * The handler must neither free nor change the object that the calling function
 * uses: the context, the upgrade, or the process.
 */
typedef void daemonkit_status_handler(const char *text, void *data);

/**
 * daemonkit_process_request - send a signal, and wait for the reply
 * @signo: 1 to SIGRTMAX
 * @timeout: milliseconds, or DAEMONKIT_FOREVER
 * @status: called for each text of daemonkit_siginfo_status() as it arrives;
 *          NULL for none
 * @data: passed to @status
 *
 * A process that handles the signal with <daemonkit/signals.h> replies when its
 * handler has run.  Any other process gets the signal too, with the value 0 as
 * of sigqueue(3).  The reply is guaranteed to come from this process, and from
 * a run of its handler that began after this call.  A process replies only to
 * requests from its own user and from root.
 *
 * The kernel drops a signal while one of the same number is pending.  So this
 * waits until none is, for half of @timeout and at most ten seconds.
 *
 * A signal is not sent if /proc shows that the process ignores it, or would be
 * killed by it because it does not handle it.  Signals that serve to end a
 * process (SIGTERM, SIGINT, SIGQUIT, SIGABRT, SIGKILL) are always sent.
 *
 * Returns: 0, the process reports success; greater than 0, it reports a failure
 * with this errno, and daemonkit_error() is its own text; or, if there is no
 * reply,
 *   -EINVAL     no such signal, or NULL
 *   -ESRCH      the process has exited before; nothing was sent
 *   -EPERM      the caller may not signal it; nothing was sent
 *   -ENOTSUP    the process ignores the signal, or would be killed by it;
 *               nothing was sent
 *   -EAGAIN     too many real-time signals are queued; nothing was sent
 *   -ECHILD     the process has exited without a reply
 *   -ENOMSG     the signal was sent, but there was no reply: the process does
 *               not support requests, was busy all the time, or cannot connect
 *               to the caller (another network namespace)
 *   -ETIMEDOUT  the process has begun, but did not finish in time
 * Thread safety: MT-safe on different objects.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_request(struct daemonkit_process *process, int signo,
					    int timeout,
					    daemonkit_status_handler *status, void *data)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_process_alive - is it still running?
 *
 * A process that has exited but has not been waited for is not alive.
 *
 * Returns: 1 it runs, 0 it has exited, or -EINVAL for NULL.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_alive(const struct daemonkit_process *process)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_process_wait - wait until the process has exited
 * @timeout: milliseconds, 0 to check once, or DAEMONKIT_FOREVER
 *
 * The process need not be a child; a child is not reaped.  A signal handler
 * that runs meanwhile does not end the wait.  If the system has no pidfds, the
 * process is polled every 10 milliseconds.
 *
 * Returns: 0 it has exited, or -ETIMEDOUT it still runs, -EINVAL for NULL.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_wait(struct daemonkit_process *process, int timeout)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_process_stop - stop the process, if necessary by force
 * @grace: milliseconds to wait after SIGTERM, or DAEMONKIT_FOREVER
 * @force: milliseconds to wait after SIGKILL, which is sent after @grace, or
 *         DAEMONKIT_FOREVER; DAEMONKIT_NEVER: it is not sent
 *
 * Returns: the exact result:
 *   0           it was running and has now exited
 *   -ESRCH      it had exited before; nothing was sent
 *   -ETIMEDOUT  it still exists
 *   -EPERM      the caller may not signal it; it still exists
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_stop(struct daemonkit_process *process, int grace,
					 int force) DAEMONKIT_NONNULL((1));

DAEMONKIT_END

#endif /* DAEMONKIT_PROCESS_H */
