/* SPDX-License-Identifier: MIT */
/*
 * Signals, handled one at a time in the caller's own thread.
 *
 * Handlers run inside daemonkit_signals_serve() or
 * daemonkit_signals_dispatch(), never in signal context: they may allocate
 * memory, lock and block.  Signals that arrive meanwhile are queued in a pipe,
 * with value, order and sender: 32768 signals if the system permits a pipe of
 * 1 MiB, which is the default.  Beyond that one signal is kept per number, as
 * the kernel does with standard signals: it is never lost and follows those in
 * the pipe, but only once, and without value and sender.
 *
 * Set the handlers before daemonkit_context_reborn(): then no signal is lost
 * that is sent to the daemon after its pid file has appeared.
 *
 * Up to that limit real-time signals keep their value and order.  (The kernel
 * delivers signals to any thread that does not block them.  A program with
 * threads that needs the order of real-time signals blocks them before it
 * starts any thread, and calls daemonkit_signals_serve(), which unblocks them
 * while it waits.)
 *
 * The signal mask of the program is not changed, and handlers end at exec:
 * programs started by the process have default dispositions and the mask that
 * the program itself set.  In a child made by fork(2) a signal that has a
 * handler here has its default action again, and the parent does not receive
 * it; the child creates an object of its own if it needs handlers.
 *
 * A signal belongs to one object of the process at a time.  An object is
 * used by one thread at a time; signals may reach any thread.
 */
#ifndef DAEMONKIT_SIGNALS_H
#define DAEMONKIT_SIGNALS_H

#include <sys/types.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_signals;
struct daemonkit_siginfo;

/** Returned by a handler to end daemonkit_signals_serve() with success. */
#define DAEMONKIT_SIGNALS_STOP 1

/**
 * daemonkit_signals_handler - a handler
 * @info: what arrived; valid until the handler returns
 * @data: as given to daemonkit_signals_set_handler()
 *
 * Returns: 0 to go on; DAEMONKIT_SIGNALS_STOP to end the loop with success; a
 * negative errno to end it with that error.  The handler may set and remove
 * handlers, but must not free the object.
 */
typedef int daemonkit_signals_handler(struct daemonkit_siginfo *info, void *data);

/**
 * daemonkit_signals_new - create an object; SIGTERM stops by default
 * @ret: where it is stored; unchanged on failure
 *
 * SIGTERM gets a handler that returns DAEMONKIT_SIGNALS_STOP, unless another object
 * of the process has it already; set another one to replace it.
 *
 * Returns: 0, or -ENOMEM, -EMFILE, -ENFILE.
 * Ownership: freed with daemonkit_signals_free().
 * Thread safety: MT-safe.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_new(struct daemonkit_signals **ret)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_signals_free - free it and restore the previous dispositions
 * @signals: an object, or NULL
 *
 * Signals that arrived and were not dispatched are dropped.
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_signals *
daemonkit_signals_free(struct daemonkit_signals *signals);

/**
 * daemonkit_signals_set_handler - set the handler of a signal
 * @signo: a signal number
 * @handler: the handler, or NULL to restore the signal's previous
 *           disposition
 * @data: passed to the handler
 *
 * Returns: 0, or
 *   -EINVAL  no such signal, or one that cannot be handled in this way
 *            (SIGKILL, SIGSTOP, and those that report a fault of the program
 *            itself: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS)
 *   -EBUSY   another object of the process has this signal
 *   -ECHILD  called in a child of the process that made the object
 * Thread safety: MT-safe on different objects.  Follows: sigaction(2).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_set_handler(struct daemonkit_signals *signals,
						int signo,
						daemonkit_signals_handler *handler,
						void *data)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_child_filter - is this child the program's own?
 * @child: a child that has exited
 * @data: as given to daemonkit_signals_reap_orphans()
 *
 * Returns: other than 0 if the program waits for this child itself; 0 if the
 * library has to reap it.
 */
typedef int daemonkit_child_filter(pid_t child, void *data);

/**
 * daemonkit_signals_reap_orphans - reap orphans adopted by this process
 * @is_own: called for each child that has exited, in the thread that calls
 *          this or dispatches; NULL: the program has no children of its own
 * @data: passed to @is_own
 *
 * Process 1 of a container, and a child subreaper (PR_SET_CHILD_SUBREAPER),
 * become the parent of every descendant whose parent exits, and have to reap
 * it.  The system does not distinguish such an orphan from a child of the
 * program itself: @is_own does.  Exited orphans are reaped now, and later in
 * daemonkit_signals_dispatch() and daemonkit_signals_serve() after SIGCHLD,
 * once the program's own handler of SIGCHLD, if any, has run.  A child for
 * which @is_own returns nonzero is not reaped, and is checked again in the next
 * dispatch.  Call this again to set another filter, or to check now.
 *
 * In every other process this does nothing and succeeds.
 *
 * On Linux the main thread adopts orphans.  If called there, children created
 * by other threads are never touched.  (When such a thread exits, its children
 * become the main thread's.)  Other threads search the main thread's children
 * and need /proc for that.  The program must record a child before @is_own is
 * called for it: if one thread calls fork(2) and another dispatches, a lock
 * must cover both fork(2) and the record.  The pid of a process started by
 * popen(3) is unknown to the program: in the thread that dispatches call
 * pclose(3) before the next dispatch, or call popen(3) in another thread that
 * exists until pclose(3).
 *
 * From now on the object catches SIGCHLD.  If SIGCHLD is ignored, or has
 * SA_NOCLDWAIT, the system itself reaps every child, and continues to do so.
 *
 * Returns: 0, or
 *   -EINVAL  @signals is NULL
 *   -EBUSY   SIGCHLD has a handler that would be lost: another object's, or
 *            one that the program has set without
 *            daemonkit_signals_set_handler()
 *   -ECHILD  called in a child of the process that made the object
 * Thread safety: one thread at a time for an object.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_reap_orphans(struct daemonkit_signals *signals,
						 daemonkit_child_filter *is_own,
						 void *data)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_signals_serve - wait for signals and run their handlers
 *
 * Returns: 0 when a handler returned DAEMONKIT_SIGNALS_STOP; the negative number
 * that a handler returned; or
 *   -ECHILD  called in a child of the process that made the object
 *   -EBADF   the program has closed a descriptor of the object
 * Thread safety: one thread at a time for an object.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_serve(struct daemonkit_signals *signals)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_signals_fd - a descriptor for another event loop
 *
 * It is readable (POLLIN) while a signal waits for
 * daemonkit_signals_dispatch(): it is the read end of the signals' pipe.
 *
 * Returns: the descriptor, or -EINVAL for NULL.  Ownership: the object's;
 * must not be read or closed; valid until daemonkit_signals_free().
 * Thread safety: MT-safe, async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_fd(const struct daemonkit_signals *signals)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_signals_dispatch - run the handlers of signals that have arrived
 *
 * Never waits.  Signals that arrive meanwhile, and all later ones if a handler
 * stops, remain for the next call; the descriptor is readable then.
 *
 * Returns: 0 when all handlers returned 0; DAEMONKIT_SIGNALS_STOP or a negative
 * number as soon as a handler returned it; or
 *   -ECHILD  called in a child of the process that made the object
 *   -EBADF   the program has closed a descriptor of the object
 * Thread safety: one thread at a time for an object.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_dispatch(struct daemonkit_signals *signals)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_siginfo_number - which signal
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_siginfo_number(const struct daemonkit_siginfo *info)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_siginfo_pid - who sent it
 *
 * Returns: the sender's pid; 0 if the kernel sent it (a terminal, a timer), the
 * sender is outside of the pid namespace, or only the number was kept because
 * the pipe was full.  For SIGCHLD the child.
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_siginfo_pid(const struct daemonkit_siginfo *info)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_siginfo_uid - the real user id of the sender
 *
 * For kill(2) the kernel sets it; a process that may signal this one can claim
 * any user id by rt_sigqueueinfo(2).
 *
 * Returns: the user id; (uid_t)-1, which no user has, if
 * daemonkit_siginfo_pid() is 0, and for NULL.
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API uid_t daemonkit_siginfo_uid(const struct daemonkit_siginfo *info)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_siginfo_value - the integer passed with sigqueue(3)
 *
 * Returns: the value; 0 if the signal was not sent by sigqueue(3) or a
 * timer or message queue with a value.
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_siginfo_value(const struct daemonkit_siginfo *info)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_siginfo_reply - reply to a request
 * @error: 0 for success; or an errno, negative or positive, for failure
 * @format: a text in UTF-8, as printf(3); at most 4000 bytes of it are sent,
 *          truncated between characters.  With an error it is the reason,
 *          otherwise one more status text.
 *
 * The reply to a signal sent with daemonkit_process_request() is the return
 * value of its handler: 0 and DAEMONKIT_SIGNALS_STOP mean success, a negative errno
 * means failure, with the text of the library's last failed call during the
 * handler.  If a handler fails but the daemon should continue as before, the
 * handler reports the failure with this function and returns 0.  Its return
 * value is then not sent.
 *
 * If no reply was requested, this succeeds and sends nothing.
 *
 * Returns: 0, or
 *   -EINVAL    @format is NULL
 *   -EPERM     a reply was sent already
 *   -ECHILD    called in a child that the handler forked
 *   -ECANCELED the requester has exited, or does not read
 * Thread safety: in the handler's thread only, until it returns.  Not
 * async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_siginfo_reply(struct daemonkit_siginfo *info, int error,
					 const char *format, ...)
	DAEMONKIT_NONNULL((1, 3)) DAEMONKIT_PRINTF(3, 4);

/**
 * daemonkit_siginfo_status - send a status text to the requester
 * @format: one line of text in UTF-8, as printf(3); at most 4000 bytes of it
 *          are sent, truncated between characters
 *
 * If no reply was requested, this succeeds and sends nothing.
 *
 * Returns: 0, -EINVAL (@format is NULL), -EPERM (a reply was sent
 * already), -EAGAIN (too many texts are still unread; dropped), -ECHILD,
 * -ECANCELED.
 * Thread safety: as daemonkit_siginfo_reply().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_siginfo_status(struct daemonkit_siginfo *info,
					  const char *format, ...)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_PRINTF(2, 3);

DAEMONKIT_END

#endif /* DAEMONKIT_SIGNALS_H */
