/* SPDX-License-Identifier: MIT */
/*
 * Upgrade in place: the running daemon executes its new program, which takes
 * its place without a moment in which nobody serves.
 *
 * The new daemon is a second copy as in mode REBORN: it runs through the same
 * code, daemonkit_context_reborn() returns 0 there, and it calls
 * daemonkit_notify_ready() when it can serve.  It finds, by name, all
 * descriptors that this one has by name (<daemonkit/descriptors.h>), and the
 * payload that this one sets before, and no other descriptors, whatever was kept
 * by number at the start; it has the same standard streams, root and
 * working directory, umask, user, groups, kept capabilities, limits and
 * priorities, in the same session.  It is told so, and applies nothing of this
 * anew: what its own setters say of these is not heard.
 *
 * While it starts, this daemon goes on serving.  When it is ready, it gets the
 * pid file, which is never without a holder meanwhile, and the service manager
 * is told that it is the main process, and ready, which ends a reload that this
 * one has announced.  This daemon then takes nothing new,
 * finishes what it has begun, and exits; daemonkit_context_release() and the
 * notify functions do nothing in it any more.  When the new one fails, by
 * itself or for want of time, it is gone, and this one is the daemon as before.
 *
 *	if (daemonkit_upgrade_start(context, NULL, 10000, &upgrade) < 0)
 *		... it did not even start ...
 *	... poll daemonkit_upgrade_fd(upgrade) beside all else; when readable: ...
 *	result = daemonkit_upgrade_wait(upgrade, 0);
 *	if (result > 0)
 *		... the new daemon serves: finish and exit ...
 *	if (result < 0)
 *		... daemonkit_error() tells why: go on ...
 *
 * An object, and its context, are used by one thread at a time.
 */
#ifndef DAEMONKIT_UPGRADE_H
#define DAEMONKIT_UPGRADE_H

#include <sys/types.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_context;
struct daemonkit_upgrade;

/**
 * daemonkit_upgrade_start - execute the new program
 * @context: of this daemon, which has said that it is ready if it was to; it
 *           must outlive the object
 * @path: the program, and the next upgrade's too; NULL for the file that now
 *        has the name by which this daemon was executed (symbolic links in that
 *        name are followed anew), or that daemonkit_context_set_program() said
 * @timeout: milliseconds until the new daemon is ready; DAEMONKIT_FOREVER; or
 *           DAEMONKIT_UNTIL_SET_UP: until it is set up
 * @ret: where the object is stored; left alone on failure
 *
 * Its arguments and environment are those of this process, or what
 * daemonkit_context_set_args() and daemonkit_context_set_env() said in it.
 * The status handler of the context hears its status texts.  The new process
 * is not this one's child but its sibling, so that its parent is from the
 * beginning the one that it will have: a service manager, or process 1.
 *
 * Returns: 0, or
 *   -EINVAL    NULL
 *   -EPERM     this process is not the daemon (any more); or a program with
 *              more privileges than its caller (set-user-ID, set-group-ID,
 *              file capabilities), which cannot trust its launcher
 *   -EINPROGRESS  an upgrade is under way, or this daemon has not said yet
 *              that it is ready
 *   -ENOENT    it is not known which file this program is: give the path, or
 *              say it with daemonkit_context_set_program()
 *   -ENOTSUP   the daemon is process 1, or in mode FOREGROUND without a service
 *              manager that could be told: whoever supervises this process
 *              would take its end for the daemon's; or there is a pid file,
 *              and the system has no lock that two processes can share
 *   -ENOLCK    another process has the lock on the pid file that would be handed
 *              over, as a child of a daemon before this one
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
 * daemonkit_upgrade_wait - see to the upgrade
 * @timeout: milliseconds to wait for an answer; 0 does what there is to do and
 *           does not wait; or DAEMONKIT_FOREVER
 *
 * The handing over itself takes milliseconds, whatever @timeout is; where the new
 * daemon or the manager does not answer it is given up, or done without, after
 * some seconds.  A new daemon that says that it has failed has five seconds to
 * exit by itself, and is killed then: the answer is there when it is gone, and its
 * parent has reaped it, or a second later if that has not.
 *
 * Returns: the pid of the new daemon, which has taken this one's place; 0:
 * there is no answer yet; or, and this process goes on as the daemon,
 *   -ECHILD     the new one died or left without a word
 *   -ETIMEDOUT  the new one was not ready in time and was killed
 *   -EPERM      this is a child of the daemon, made by fork(2)
 *   any error that the new one gave to daemonkit_notify_failed(), or that
 *   daemonkit_context_reborn() returned there; the text is its own
 * Once there is an answer it stays, with its text.  How the new one ended, if this process
 * could see it, is daemonkit_context_exit_status().
 * Thread safety: MT-safe on different objects.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_upgrade_wait(struct daemonkit_upgrade *upgrade, int timeout)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_upgrade_free - free it; without an answer yet, call it off
 * @upgrade: an object, or NULL
 *
 * A new daemon that is not ready yet is killed.  In a child made by fork(2) it
 * is not: a child that goes on without executing a program frees its copy, or
 * the new daemon learns late, and without pidfds not at all, that the old one died.
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_upgrade *
daemonkit_upgrade_free(struct daemonkit_upgrade *upgrade);

DAEMONKIT_END

#endif /* DAEMONKIT_UPGRADE_H */
