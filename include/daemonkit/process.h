/* SPDX-License-Identifier: MIT */
/*
 * One other process, held so that it cannot be mistaken for another.
 *
 * On Linux (5.3 and later) the object holds a pidfd: a signal can then reach
 * only the very process that was opened, even if its pid is used again.
 * Elsewhere the process's start time is compared before every signal, which
 * leaves a window of a few microseconds.
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
 * daemonkit_process_open - hold the process that has this pid now
 * @pid: a process id, greater than 0; process groups are never meant
 * @ret: where the new object is stored; left alone on failure
 *
 * To hold a daemon, use daemonkit_context_search() or
 * daemonkit_pidfile_holder(): they prove that the pid is the daemon's.
 *
 * Returns: 0, or
 *   -EINVAL  @pid is 0 or negative
 *   -ESRCH   there is no such process
 *   -EMFILE, -ENFILE, -ENOMEM  no descriptor or memory left
 * Ownership: the object is freed with daemonkit_process_free().
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Follows: pidfd_open(2).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_open(pid_t pid, struct daemonkit_process **ret)
	DAEMONKIT_NONNULL((2)) DAEMONKIT_CHECK;

/**
 * daemonkit_process_free - let go of the process; it is not signalled
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
 * It becomes readable (POLLIN) when the process ends, whether or not its
 * parent has waited for it, and stays so.
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
 * daemonkit_status_handler - is told how something is getting on
 * @text: what the daemon said with daemonkit_notify_status(), in a start or an
 *        upgrade, or with daemonkit_signal_status(), in a request; valid until
 *        the function returns
 * @data: as given with the handler
 *
 * The handler must neither free nor change the object that is in use by the
 * function that called it: the context, the upgrade, or the process.
 */
typedef void daemonkit_status_handler(const char *text, void *data);

/**
 * daemonkit_process_request - send a signal, and wait for what comes of it
 * @signo: 1 to SIGRTMAX
 * @timeout: milliseconds, or DAEMONKIT_FOREVER
 * @status: called for each text of daemonkit_signal_status() as it comes;
 *          NULL for none
 * @data: passed to @status
 *
 * A process that handles the signal with <daemonkit/signals.h> answers when
 * its handler has run.  Any other process gets the signal all the same, with
 * the value 0 as of sigqueue(3).  The answer is that of this very process
 * and nobody else, and of a run of its handler that began after this call.
 * Only a process of the same user, or one that is asked by root, answers.
 *
 * A signal that the process ignores, or that would end it because it does not
 * handle it, is not sent, as far as /proc tells.  Signals that are there to end a
 * process (SIGTERM, SIGINT, SIGQUIT, SIGABRT, SIGKILL) are.
 *
 * Returns: 0, the process has done it; greater than 0, it has answered that it
 * failed, with this errno, and daemonkit_error() is its own text; or, where
 * there is no answer,
 *   -EINVAL     no such signal, or NULL
 *   -ESRCH      the process has ended before; nothing was sent
 *   -EPERM      the caller may not signal it; nothing was sent
 *   -ENOTSUP    the process ignores the signal, or would be ended by it;
 *               nothing was sent
 *   -EAGAIN     too many real-time signals are queued; nothing was sent
 *   -ECHILD     the process has ended without an answer
 *   -ENOMSG     the signal was sent, and nobody has answered: the process
 *               knows nothing of requests, was busy all the time, or does
 *               not see the caller (another network namespace)
 *   -ETIMEDOUT  the process has begun, and was not done in time
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
 * A process that has ended but has not been waited for is not alive.
 *
 * Returns: 1 it runs, 0 it has ended, or -EINVAL for NULL.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_alive(const struct daemonkit_process *process)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_process_wait - wait until the process has ended
 * @timeout: milliseconds, 0 to look once, or DAEMONKIT_FOREVER
 *
 * The process need not be a child; a child is not reaped.  A signal handler
 * that runs meanwhile does not end the wait.  Where the system has no pidfd
 * the process is looked at every 10 milliseconds.
 *
 * Returns: 0 it has ended, or -ETIMEDOUT it still runs, -EINVAL for NULL.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_wait(struct daemonkit_process *process, int timeout)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_process_stop - ask it to end, and see to it that it does
 * @grace: milliseconds to wait after SIGTERM, or DAEMONKIT_FOREVER
 * @force: when @grace is over, SIGKILL is sent, and so many milliseconds are
 *         waited, or DAEMONKIT_FOREVER; DAEMONKIT_NEVER: it is not sent
 *
 * Returns: what became of it, exactly:
 *   0           it was running and has now ended
 *   -ESRCH      it had ended before; nothing was sent
 *   -ETIMEDOUT  it is still there
 *   -EPERM      the caller may not signal it; it is still there
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_process_stop(struct daemonkit_process *process, int grace,
					 int force) DAEMONKIT_NONNULL((1));

DAEMONKIT_END

#endif /* DAEMONKIT_PROCESS_H */
