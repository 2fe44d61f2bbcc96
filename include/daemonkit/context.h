/* SPDX-License-Identifier: MIT */
/*
 * What a daemon is to be, and how it comes to be: the context.
 *
 * A program makes a context, says in it what it wants, and calls
 * daemonkit_context_reborn().  In the launcher, the process that the user
 * started, it returns the daemon's pid once the daemon is up, or what went
 * wrong; in the daemon it returns 0.
 *
 * Setters copy what they are given and check it at once; on failure they
 * change nothing.  What the launcher has set wins over what the second copy
 * of the program sets for itself.  A context may be used by one thread at a
 * time, different contexts by different threads.
 */
#ifndef DAEMONKIT_CONTEXT_H
#define DAEMONKIT_CONTEXT_H

#include <stddef.h>
#include <sys/types.h>

#include <daemonkit/macros.h>
#include <daemonkit/process.h>

DAEMONKIT_BEGIN

struct daemonkit_context;

/** FOREGROUND where this very process is supervised already, else REBORN. */
#define DAEMONKIT_MODE_AUTO 0
/**
 * A second copy of the program, executed anew, is the daemon.  Not for a program
 * with more privileges than its caller (set-user-ID, set-group-ID, file
 * capabilities), which cannot know its launcher from other processes of its caller.
 */
#define DAEMONKIT_MODE_REBORN 1
/**
 * The classic double fork: the daemon keeps the launcher's memory.  Its
 * descriptors are closed but for the kept ones, those of this context and of
 * signals objects: processes, pid files and other contexts are freed before
 * daemonkit_context_reborn(), and not used or freed in the daemon, where
 * their numbers may be somebody else's.  So may the number of a stdio stream
 * that is not kept, but never the library's own, which are above all numbers
 * that were open.  The C library's descriptors are closed: the next syslog(3)
 * connects anew, but the name and the options of openlog(3) are to be set again.
 */
#define DAEMONKIT_MODE_FORK 2
/** This very process is the daemon. */
#define DAEMONKIT_MODE_FOREGROUND 3

/**
 * daemonkit_context_new - make a context with the defaults
 * @ret: where it is stored; left alone on failure
 *
 * Defaults: no pid file, no log (/dev/null), working directory "/", umask
 * and user as they are, the program's own arguments and environment, mode
 * DAEMONKIT_MODE_AUTO, readiness not awaited.
 *
 * Returns: 0 or -ENOMEM.
 * Ownership: freed with daemonkit_context_free().
 * Thread safety: MT-safe.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_new(struct daemonkit_context **ret)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_free - free it
 * @context: an object, or NULL
 *
 * A pid file that is held is unlocked but not removed: a daemon that ends
 * calls daemonkit_context_release() first.
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_context *
daemonkit_context_free(struct daemonkit_context *context);

/**
 * daemonkit_context_set_pid_file - hold a pid file while the daemon lives
 * @path: relative to the working directory of now; NULL for none
 * @mode: its permission bits whatever the umask; 0 for DAEMONKIT_FILE_MODE
 *
 * The daemon takes it, still with the launcher's privileges and before
 * chroot(2), by daemonkit_pidfile_create().  See <daemonkit/pidfile.h>.
 *
 * Returns: 0, -EINVAL (empty path, bits outside 0777), -ENAMETOOLONG,
 * -ENOMEM, or the error of getcwd(3).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_pid_file(struct daemonkit_context *context,
						 const char *path, mode_t mode)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_log_file - where standard output and error go
 * @path: opened for appending, created if need be; relative to the working
 *        directory of now; "/dev/stdout" or "/dev/stderr", or a symbolic link
 *        to one, keep that stream of the launcher for both; NULL for none
 *        (/dev/null)
 * @mode: permission bits of a new file, less the launcher's umask; 0 for
 *        DAEMONKIT_FILE_MODE
 *
 * The daemon opens it with the launcher's privileges, before chroot(2).  Where
 * the path leads to a symbolic link, that has to be root's or the caller's (of
 * the effective user), or the start fails with -ELOOP: who may write to the
 * directory must not choose another file.
 * Replaces a descriptor set by daemonkit_context_set_log_fd().
 *
 * Returns: as daemonkit_context_set_pid_file().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_log_file(struct daemonkit_context *context,
						 const char *path, mode_t mode)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_log_fd - standard output and error to a descriptor
 * @fd: open for writing: a pipe, a socket, a file.  It is duplicated and
 *      stays the caller's.  -1 for none.
 *
 * Replaces a file set by daemonkit_context_set_log_file().  A second copy need
 * not have the descriptor: before daemonkit_context_reborn() it does nothing
 * there, as what the launcher has set wins.
 *
 * Returns: 0, -EBADF (not open, or not for writing), -EMFILE.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_log_fd(struct daemonkit_context *context, int fd)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_work_dir - the daemon's working directory
 * @path: absolute; under daemonkit_context_set_chroot() it is inside the new
 *        root.  NULL for "/".
 *
 * Returns: 0, -EINVAL (not absolute), -ENAMETOOLONG, -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_work_dir(struct daemonkit_context *context,
						 const char *path)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_chroot - the daemon's root directory
 * @path: absolute; NULL for none.  Needs CAP_SYS_CHROOT.
 *
 * A descriptor of a directory would lead out of the new root: the start is
 * refused when the daemon has one open.
 *
 * Returns: as daemonkit_context_set_work_dir().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_chroot(struct daemonkit_context *context,
					       const char *path)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_program - the name of the program's file
 * @path: relative to the working directory of now; NULL for the file that this
 *        process was executed from
 *
 * A second copy (mode REBORN) is executed from there, and so is the new daemon
 * of daemonkit_upgrade_start() without a path.  It is needed only where the
 * system does not tell the file: without /proc.  Unless it is set, an upgrade
 * uses the path by which the program was executed, with its symbolic links.
 *
 * Returns: as daemonkit_context_set_pid_file().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_program(struct daemonkit_context *context,
						const char *path)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_args - the arguments of the second copy
 * @argv: NULL-terminated, argv[0] included; NULL for the program's own
 *
 * Used in mode REBORN only.
 *
 * Returns: 0, -EINVAL (no argv[0]), -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_args(struct daemonkit_context *context,
					     char *const argv[])
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_env - the environment of the second copy
 * @envp: NULL-terminated "NAME=value" strings; NULL for the program's own
 *
 * Used in mode REBORN only.  Variables that this library needs for itself
 * are added, and are gone again before the second copy's main() runs.  A
 * service manager that started the launcher is not reached by a daemon whose
 * environment has no NOTIFY_SOCKET.
 *
 * Returns: 0, -EINVAL (a string without '='), -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_env(struct daemonkit_context *context,
					    char *const envp[])
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_credential - the user and groups of the daemon
 * @groups: the supplementary groups; may be NULL when @count is 0
 * @count: their number; 0 leaves none
 *
 * The daemon gives up its privileges after everything that needs them, in
 * the order groups, gid, uid, and then proves that it cannot regain them and
 * has no capability left, but for daemonkit_context_keep_capability().  A
 * process that is this user already needs no privilege, and loses the
 * capabilities that its supervisor gave it just the same.
 *
 * Returns: 0, -EINVAL (an id of (uid_t)-1 or (gid_t)-1, too many groups),
 * -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_credential(struct daemonkit_context *context,
						   uid_t uid, gid_t gid,
						   const gid_t *groups, size_t count)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_user - the same by name
 * @user: a name in the user database, or else a number; or NULL to stay who
 *        one is; "USER:GROUP" is both
 * @group: a name in the group database, or else a number; or NULL for the
 *         group in @user, or the user's own
 *
 * The supplementary groups are those that the databases give the user, as
 * initgroups(3) would.  The databases are read now.  A number need not be in
 * them, as in a container; a user that is not needs a group.
 *
 * Returns: 0, -EINVAL (@group without @user or twice, an empty part), -ENOENT
 * (no such user or group, or a number without a group that is in no
 * database), -ENOMEM, or the error of getpwnam_r(3) or getgrnam_r(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_user(struct daemonkit_context *context,
					     const char *user, const char *group)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_keep_groups - leave the supplementary groups alone
 * @on: not 0: the daemon has those of the launcher, whatever
 *      daemonkit_context_set_credential() or daemonkit_context_set_user() say
 *
 * For one who may not change them: a user with other groups than the database
 * has, or root of a user namespace where setgroups(2) is denied.  A daemon that
 * was root keeps the groups of root.
 *
 * Returns: 0 or -EINVAL (NULL).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_keep_groups(struct daemonkit_context *context, int on)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_umask - the daemon's file mode creation mask
 * @mask: bits of 0777; 0 can be set.  Unless set, it is inherited.
 *
 * Returns: 0 or -EINVAL.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_umask(struct daemonkit_context *context,
					      mode_t mask)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_mode - how the daemon comes to be
 * @mode: one of DAEMONKIT_MODE_AUTO, _REBORN, _FORK, _FOREGROUND
 *
 * AUTO is FOREGROUND for pid 1; where NOTIFY_SOCKET is set and
 * SYSTEMD_EXEC_PID is unset or this process's own pid; and where a
 * notification descriptor was set (daemonkit_notify_set_fd()); else REBORN.
 *
 * Returns: 0 or -EINVAL.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_mode(struct daemonkit_context *context, int mode)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_ready_timeout - wait until the daemon says "ready"
 * @timeout: milliseconds from daemonkit_context_reborn() to
 *           daemonkit_notify_ready(); DAEMONKIT_FOREVER; or
 *           DAEMONKIT_UNTIL_SET_UP, the default: the start succeeds as soon as
 *           the daemon is set up
 *
 * A daemon that is too slow is killed, unless it asked for more time with
 * daemonkit_notify_extend_timeout().
 *
 * Returns: 0 or -EINVAL (NULL; or a timeout of 0: no start is so quick).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_ready_timeout(struct daemonkit_context *context,
						      int timeout)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_keep_fd - let the daemon inherit a descriptor
 * @fd: 3 or higher and open; it has the same number in the daemon, and is
 *      close-on-exec there.  May be called for several descriptors.
 *
 * Used in modes REBORN and FORK; every descriptor that is not kept is closed
 * in the daemon.  FOREGROUND closes none.
 *
 * Returns: 0, -EBADF (not open), -EINVAL (below 3), -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_keep_fd(struct daemonkit_context *context, int fd)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_status_handler - hear the daemon's status texts
 * @handler: called in the launcher, inside daemonkit_context_reborn(), for
 *           each text as it comes; NULL for none
 *
 * Returns: 0 or -EINVAL (NULL context).  Since: 1.0
 */
DAEMONKIT_API int
daemonkit_context_set_status_handler(struct daemonkit_context *context,
				     daemonkit_status_handler *handler, void *data)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_was_reborn - is this process a second copy?
 *
 * Programs started by the daemon are not, even if built on this library.
 *
 * Returns: 1 in a second copy (mode REBORN), from before main() on; else 0.
 * Thread safety: MT-safe, async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_was_reborn(void) DAEMONKIT_CHECK;

/**
 * daemonkit_context_reborn - become a daemon
 *
 * In the launcher (modes REBORN and FORK) it returns when the daemon is up:
 * set up, or, with a ready timeout, ready.  The daemon is the launcher's
 * child in mode REBORN where the system allows it: a launcher that lives on
 * may wait for it.  Where a service manager started the launcher, the daemon
 * is the manager's child instead.  On failure no process and no pid file is
 * left behind.
 *
 * A daemon that has become up (or ready, when that is awaited) and then exits
 * with status 0 has started, however early it ends: its pid is returned, and
 * a launcher whose child it was can still wait for it.  When it exits with
 * another status or by a signal before this function returns, that may still
 * be reported as -ECHILD.
 *
 * While it waits, SIGHUP, SIGINT, SIGQUIT and SIGTERM, unless they are
 * ignored, end the start: the daemon is killed and reaped, the signal then
 * takes the effect it would have had, and if the launcher survives that,
 * -EINTR is returned; also when the daemon has failed, and has not ended yet.
 *
 * A service manager that does not read its socket does not hold the launcher
 * longer than until the ready timeout; the start has succeeded then.
 *
 * A launcher that may not kill its daemon (without CAP_KILL, when the daemon
 * is another user's already) closes the connection.  It waits at most five
 * seconds for the end of a daemon, killed or not, and says in the text of the
 * error that the daemon ended by itself, or that it could not be killed.
 *
 * In the daemon it returns 0: detached from the terminal and no session
 * leader (FOREGROUND keeps the session of its supervisor), standard
 * descriptors set, no other descriptor but the kept ones, the pid file in
 * place, root and working directory changed, privileges dropped.  When one
 * of these fails, the daemon gets the error too and is to exit; the
 * launcher, too, gets the error and its text, and waits for the exit.  The
 * standard streams of such a second copy lead nowhere, so that an error which
 * both print is seen once.
 *
 * For process 1 the kernel drops every signal that has the default action.  As
 * process 1 of a container, in mode FOREGROUND, each of them that would end
 * another process, and is not one of a fault, gets a handler that ends this
 * one with the exit status 128 + signal; in forked children it has the default
 * effect.  daemonkit_signals_set_handler() puts it back where it would put
 * back the default action.  After an error all of that is undone.
 *
 * Returns: greater than 0 in the launcher: the daemon's pid; 0 in the
 * daemon; or
 *   -EALREADY    another instance holds the pid file; the text names it.  It
 *                means nothing else, unless the daemon itself gave it to
 *                daemonkit_notify_failed()
 *   -ENOLCK      the pid file cannot be locked, though no instance is known to
 *                hold it; the text says why
 *   -ECHILD      the daemon died or left without a word; see
 *                daemonkit_context_exit_status()
 *   -ETIMEDOUT   the daemon was not ready in time and was killed
 *   -EINTR       a signal ended the start
 *   -ECANCELED   in the daemon: the launcher is gone
 *   -EPERM       this process is the daemon already, or a second copy whose
 *                start failed; no privilege for the user, groups or root that
 *                were asked for, or privileges could be regained; a directory is open
 *                while the root is to change; a program with more privileges
 *                than its caller in mode REBORN; or the process was started
 *                as a second copy, but not by a launcher of the same user,
 *                group and privileges
 *   -EBUSY       mode FORK while other threads run; or mode FOREGROUND with
 *                other threads that would keep privileges
 *   -EEXIST, -ELOOP  the pid file's path leads to something else: as
 *                daemonkit_pidfile_create(), with its other errors
 *   -ENOTSUP     a setting of <daemonkit/privileges.h> that this system does
 *                not have
 *   any error that the daemon gave to daemonkit_notify_failed(), and the
 *   errors of the system calls for each step; the text names the step
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Follows: daemon(7).  Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_context_reborn(struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_daemonize - become a daemon, in one call
 * @pid_file: as daemonkit_context_set_pid_file(); NULL for none
 * @log_file: as daemonkit_context_set_log_file(); NULL for none
 * @timeout: as daemonkit_context_set_ready_timeout()
 * @ret: where the daemon's context is stored; in the launcher, and on failure,
 *       left alone
 *
 * For a program that needs no more than this: it makes a context with these
 * settings and calls daemonkit_context_reborn(), whose contract holds.  What
 * the daemon does with a context, it does with this one.
 *
 * Returns: greater than 0 in the launcher, the daemon's pid; 0 in the daemon;
 * or the errors of the functions above.
 * Thread safety: MT-safe.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_daemonize(const char *pid_file, const char *log_file, int timeout,
					struct daemonkit_context **ret)
	DAEMONKIT_NONNULL((4)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_search - find the running daemon
 * @process: where it is stored, to be freed with daemonkit_process_free();
 *           left alone on failure
 *
 * Returns: 0; -ESRCH (none runs); -EINVAL (no pid file set); and the errors
 * of daemonkit_pidfile_holder().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_search(struct daemonkit_context *context,
					   struct daemonkit_process **process)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_release - the daemon ends: remove and close its pid file
 *
 * Where it cannot be removed any more it is emptied.  Does nothing in the
 * launcher, in children of the daemon, or a second time.
 *
 * Returns: 0, or the errors of daemonkit_pidfile_remove().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_release(struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_context_reopen_log - open the log file again, after rotation
 *
 * The new file takes the place of descriptors 1 and 2 at once; when it
 * cannot be opened the old one stays.  After chroot(2) the path is looked up
 * inside the new root.  No line is lost or torn, also while other threads
 * write; children of the daemon go on writing to the file that they have.
 *
 * The file is opened as at the start, with the privileges that the daemon has
 * now: what a symbolic link names is created, and one of another user than root
 * and its own is refused (-ELOOP); a new file's mode is less the daemon's umask.  A FIFO that
 * nobody reads is an error (-ENXIO) and is not waited for, a directory too
 * (-EISDIR).  In the foreground with the journal as standard error the log
 * file is not in use, and nothing is reopened.
 *
 * Returns: 0 (also when there is no log file to reopen); -EPERM in a process
 * that is not the daemon; or the error of open(2), and the text names the
 * file.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_reopen_log(struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_context_exit_status - how the daemon ended in a failed start
 *
 * Returns: a status as of waitpid(2), for WIFEXITED() and its like; or -1
 * when no daemon ended, or something else in the launcher took the status.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_exit_status(const struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1));

DAEMONKIT_END

#endif /* DAEMONKIT_CONTEXT_H */
