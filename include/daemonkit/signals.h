/* SPDX-License-Identifier: MIT */
/*
 * Signals, handled one at a time in the caller's own thread.
 *
 * Handlers run inside daemonkit_signals_serve() or
 * daemonkit_signals_dispatch(), never in signal context: they may allocate,
 * lock and take their time.  What arrives meanwhile is kept in a pipe, with
 * value, order and sender: 32768 signals where the system allows a pipe of
 * 1 MiB, as it does by default.  Beyond that a signal is kept for each number,
 * as the kernel keeps standard signals: it is never lost and comes after what
 * is in the pipe, but once, and without value and sender.
 *
 * Set the handlers before daemonkit_context_reborn(): then no signal that
 * reaches the daemon after its pid file has appeared is lost.
 *
 * Real-time signals keep their value and their order, up to there.  (The kernel gives a
 * process with several threads its signals through any thread that does not
 * block them; a program with threads that needs the order of real-time
 * signals blocks them in every thread, before it starts any, and calls
 * daemonkit_signals_serve(), which lets them in while it waits.)
 *
 * The signal mask of the program is not changed, and handlers end at exec:
 * programs that the process starts find default dispositions and the mask
 * that the program itself set.  In a child made by fork(2) a signal that has
 * a handler here has its default effect again, and the parent never sees it;
 * the child makes an object of its own if it wants handlers.
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
struct daemonkit_signal;

/** What a handler returns to end daemonkit_signals_serve() with success. */
#define DAEMONKIT_STOP 1

/**
 * daemonkit_signal_handler - a handler
 * @signal: what arrived; valid until the handler returns
 * @data: as given to daemonkit_signals_set_handler()
 *
 * Returns: 0 to go on; DAEMONKIT_STOP to end the loop with success; a
 * negative errno to end it with that error.  The handler may set and remove
 * handlers, but must not free the object.
 */
typedef int daemonkit_signal_handler(struct daemonkit_signal *signal, void *data);

/**
 * daemonkit_signals_new - make an object; SIGTERM stops by default
 * @ret: where it is stored; left alone on failure
 *
 * SIGTERM gets a handler that returns DAEMONKIT_STOP, unless another object
 * of the process has it already; set another one to replace it.
 *
 * Returns: 0, or -ENOMEM, -EMFILE, -ENFILE.
 * Ownership: freed with daemonkit_signals_free().
 * Thread safety: MT-safe.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_new(struct daemonkit_signals **ret)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_signals_free - restore the dispositions that were there before
 * @signals: an object, or NULL
 *
 * Signals that arrived and were not dispatched are dropped.
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_signals *
daemonkit_signals_free(struct daemonkit_signals *signals);

/**
 * daemonkit_signals_set_handler - say what happens on a signal
 * @signo: a signal number
 * @handler: the handler, or NULL to give the signal back the disposition it
 *           had before
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
						daemonkit_signal_handler *handler,
						void *data)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_child_filter - is this child the program's own?
 * @child: a child that has ended
 * @data: as given to daemonkit_signals_reap_orphans()
 *
 * Returns: other than 0 if the program waits for this child itself; 0 if it
 * is to be cleared away.
 */
typedef int daemonkit_child_filter(pid_t child, void *data);

/**
 * daemonkit_signals_reap_orphans - clear away what others left behind
 * @is_own: asked about each child that has ended, in the thread that calls
 *          this or dispatches; NULL: the program has no children of its own
 * @data: passed to @is_own
 *
 * Process 1 of a container, and a child subreaper (PR_SET_CHILD_SUBREAPER),
 * become the parent of every process below them whose parent ends, and are to
 * wait for it.  The system does not tell such an orphan from a child of the
 * program's own: @is_own does.  Ended orphans are cleared away now, and from
 * then on in daemonkit_signals_dispatch() and daemonkit_signals_serve() after
 * SIGCHLD, when the program's own handler of SIGCHLD, if there is one, has
 * run.  A child for which @is_own says other than 0 is left as it is, and is
 * asked about again in the next dispatch.  Call it again to set another
 * filter, or to have it asked now.
 *
 * In every other process this does nothing and succeeds.
 *
 * In the main thread, which is where orphans come to on Linux, the children
 * that other threads have made are never touched.  (When such a thread ends its
 * children become the main thread's.)  Other threads look through the main
 * thread's children and need /proc for that.  The program must know a child
 * before it can be asked about it: with fork(2) and dispatch in different
 * threads, a lock is needed over both fork(2) and the note.  What popen(3) has
 * started has no pid that the program knows: in the thread that dispatches
 * it is closed before the next dispatch, or opened in another thread that
 * lives as long.
 *
 * SIGCHLD is caught by the object from now on.  Where it is ignored, or has
 * SA_NOCLDWAIT, the system itself clears away every child, and that stays so.
 *
 * Returns: 0, or
 *   -EINVAL  @signals is NULL
 *   -EBUSY   SIGCHLD has a handler that would be lost: another object's, or
 *            one of the program that daemonkit_signals_set_handler() does not
 *            know
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
 * Returns: 0 when a handler returned DAEMONKIT_STOP; the negative number
 * that a handler returned; or
 *   -ECHILD  called in a child of the process that made the object
 *   -EBADF   the program has closed a descriptor of the object
 * Thread safety: one thread at a time for an object.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_serve(struct daemonkit_signals *signals)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_signals_fd - a descriptor for somebody else's event loop
 *
 * It is readable (POLLIN) while a signal waits for
 * daemonkit_signals_dispatch(): the read end of the pipe that they are in.
 *
 * Returns: the descriptor, or -EINVAL for NULL.  Ownership: the object's;
 * must not be read or closed; valid until daemonkit_signals_free().
 * Thread safety: MT-safe, async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_fd(const struct daemonkit_signals *signals)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_signals_dispatch - run the handlers of what has arrived
 *
 * Never waits.  Signals that arrive meanwhile, and when a handler stops all
 * later ones, stay for the next call; the descriptor is readable then.
 *
 * Returns: 0 when all handlers returned 0; DAEMONKIT_STOP or a negative
 * number as soon as a handler returned it; or
 *   -ECHILD  called in a child of the process that made the object
 *   -EBADF   the program has closed a descriptor of the object
 * Thread safety: one thread at a time for an object.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signals_dispatch(struct daemonkit_signals *signals)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_signal_number - which signal
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signal_number(const struct daemonkit_signal *signal)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_signal_pid - who sent it
 *
 * Returns: the sender's pid; 0 when the kernel sent it (a terminal, a timer),
 * the sender is outside of the pid namespace, or there was no room to keep
 * more than the number.  For SIGCHLD the child.
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_signal_pid(const struct daemonkit_signal *signal)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_signal_uid - the real user id of the sender
 *
 * It is what the kernel says of kill(2); who calls rt_sigqueueinfo(2), and may
 * send this process a signal at all, can claim to be anybody.
 *
 * Returns: the user id; (uid_t)-1, which is nobody's, where
 * daemonkit_signal_pid() is 0, and for NULL.
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API uid_t daemonkit_signal_uid(const struct daemonkit_signal *signal)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_signal_value - the integer that came along with sigqueue(3)
 *
 * Returns: the value; 0 when the signal was not sent by sigqueue(3) or a
 * timer or message queue with a value.
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signal_value(const struct daemonkit_signal *signal)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_signal_reply - say what came of it, to whoever asked
 * @error: 0 it is done; or an errno, negative or positive: it failed
 * @format: a text, as printf(3); at most 4000 bytes of it are sent.  With an
 *          error it is the reason, else one more status text.
 *
 * A signal that was sent with daemonkit_process_request() is answered with
 * what its handler returns: 0 and DAEMONKIT_STOP stand for success, a
 * negative errno for failure, with the text that the library's last failed
 * call left during the handler.  A handler that fails and wants the daemon to
 * go on, with what it had before, says so here and returns 0.  What it
 * returns is then no answer any more.
 *
 * Where nobody asked it succeeds and sends nothing.
 *
 * Returns: 0, or
 *   -EINVAL    @format is NULL
 *   -EPERM     there was a reply already
 *   -ECHILD    called in a child that the handler forked
 *   -ECANCELED whoever asked is gone, or does not read
 * Thread safety: in the handler's thread only, until it returns.  Not
 * async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signal_reply(struct daemonkit_signal *signal, int error,
					 const char *format, ...)
	DAEMONKIT_NONNULL((1, 3)) DAEMONKIT_PRINTF(3, 4);

/**
 * daemonkit_signal_status - say how it is getting on, to whoever asked
 * @format: one line of text, as printf(3); at most 4000 bytes of it are sent
 *
 * Where nobody asked it succeeds and sends nothing.
 *
 * Returns: 0, -EINVAL (@format is NULL), -EPERM (there was a reply
 * already), -EAGAIN (too many texts are still unread; dropped), -ECHILD,
 * -ECANCELED.
 * Thread safety: as daemonkit_signal_reply().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_signal_status(struct daemonkit_signal *signal,
					  const char *format, ...)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_PRINTF(2, 3);

DAEMONKIT_END

#endif /* DAEMONKIT_SIGNALS_H */
