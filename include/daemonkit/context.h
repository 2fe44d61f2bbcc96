/* SPDX-License-Identifier: MIT */
/*
 * The context: the settings of a daemon, and starting it.
 *
 * A program creates a context, calls its setters, and then calls
 * daemonkit_context_reborn().  In the launcher, the process that the user
 * started, this returns the daemon's pid once the daemon is up, or an error;
 * in the daemon it returns 0.
 *
 * Setters copy their arguments and check them at once; on failure they change
 * nothing.  Settings of the launcher take precedence over those that the
 * second copy of the program sets itself.  A context may be used by one thread
 * at a time, different contexts by different threads.
 */
#ifndef DAEMONKIT_CONTEXT_H
#define DAEMONKIT_CONTEXT_H

#include <stddef.h>
#include <sys/types.h>

#include <daemonkit/macros.h>
#include <daemonkit/process.h>

DAEMONKIT_BEGIN

struct daemonkit_context;

/**
 * FOREGROUND if this process itself is supervised already, else REBORN; or FORK
 * for a program to which REBORN is denied.
 */
#define DAEMONKIT_MODE_AUTO 0
/**
 * The program is executed a second time, and that process is the daemon.  It
 * begins as the launcher began: in the same working directory; a file that is
 * its standard input is read from the same position.  Input from a pipe or
 * socket cannot be read twice: a program that has read some with stdio, and
 * passes nothing to the second copy (descriptors, a payload, other arguments or
 * environment), is refused.  Not for a program with more privileges than its caller (set-user-ID, set-group-ID,
 * file capabilities), which cannot distinguish its launcher from other processes
 * of its caller.
 */
#define DAEMONKIT_MODE_REBORN 1
/**
 * The classic double fork: the daemon keeps the launcher's memory.  What stdio
 * streams have in their buffers is written before.  All descriptors are closed
 * except the kept ones, and those of this context and of signals objects (for
 * the others see daemonkit_context_keep_all_fds()).  So free processes, pid files and other contexts before
 * daemonkit_context_reborn(), and do not use or free them in the daemon, where
 * their descriptor numbers may have been reused.  The same holds for a stdio
 * stream that is not kept; the library's own descriptors, however, are above
 * all numbers that were open.  The C library's descriptors are closed: the next
 * syslog(3) connects again, but openlog(3) must be called again to set its name
 * and options.
 */
#define DAEMONKIT_MODE_FORK 2
/** This process itself becomes the daemon. */
#define DAEMONKIT_MODE_FOREGROUND 3
/** FOREGROUND if this process itself is supervised already, else FORK. */
#define DAEMONKIT_MODE_AUTO_FORK 4

/**
 * daemonkit_context_new - create a context with the defaults
 * @ret: where it is stored; unchanged on failure
 *
 * Defaults: no pid file, no log (/dev/null), working directory "/", umask
 * and user unchanged, the program's own arguments and environment, mode
 * DAEMONKIT_MODE_AUTO, no waiting for readiness.
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
 * A pid file that is held is unlocked but not removed: a daemon calls
 * daemonkit_context_release() first when it exits.
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_context *
daemonkit_context_free(struct daemonkit_context *context);

/**
 * daemonkit_context_set_pid_file - hold a pid file while the daemon runs
 * @path: relative to the current working directory; NULL for none
 * @mode: its permission bits, regardless of the umask; 0 for
 *        DAEMONKIT_FILE_MODE
 *
 * The daemon acquires it by daemonkit_pidfile_create(), with the launcher's
 * privileges and before chroot(2).  See <daemonkit/pidfile.h>.
 *
 * In the daemon, after daemonkit_context_reborn() has returned 0, this moves the
 * pid file to @path, with the daemon's privileges and inside its root directory;
 * acquires one if the daemon has none; or releases it (NULL).  The file at the
 * new path is acquired as at a start, and then the old one is removed: the
 * daemon holds one of them at any moment, and if it is killed, the next start
 * succeeds at either path.  A file that is at @path already only gets @mode.  On
 * failure the daemon still has its old file.
 *
 * Returns: 0, -EINVAL (empty path, bits outside 0777), -ENAMETOOLONG,
 * -ENOMEM, or the error of getcwd(3); and in the daemon
 *   -EALREADY    another process, or another object of this one, holds @path
 *   -EINPROGRESS an upgrade is in progress, or this is a successor that has not
 *                taken over yet
 *   -EPERM       a successor has replaced this daemon
 *   -EXDEV       the old file is outside the root directory that the daemon has
 *                entered, so that it cannot be removed; NULL releases and
 *                empties it
 *   -EACCES, -EPERM, -EBUSY, -EROFS  the old file cannot be removed
 *   -ECANCELED   the launcher, which waited, has exited
 *   and the other errors of daemonkit_pidfile_create() and, for NULL,
 *   daemonkit_pidfile_remove()
 * Thread safety: MT-safe on different contexts.  Not async-signal-safe.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_pid_file(struct daemonkit_context *context,
						 const char *path, mode_t mode)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_pid_file_optional - start without it if need be
 * @on: not 0: a pid file that cannot be created or locked does not prevent the
 *      start
 *
 * The reason is a status text of the start: "pid file /run/x.pid: Permission
 * denied; starting without it".  The launcher's status handler
 * (daemonkit_context_set_status_handler()) receives it, in mode FOREGROUND from
 * this process itself, and the service manager does too.  A daemon without a pid file cannot be found, and does
 * not exclude a second one; nor has its successor (<daemonkit/upgrade.h>) a pid
 * file.  A file that another instance holds is an error (-EALREADY) as before.
 *
 * Returns: 0 or -EINVAL (NULL).
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_pid_file_optional(struct daemonkit_context *context,
							  int on)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_log_file - where standard output and error go
 * @path: opened for appending, created if necessary; relative to the current
 *        working directory; "/dev/stdout" or "/dev/stderr", or a symbolic link
 *        to one, keeps that stream of the launcher for both, for as long as the
 *        daemon runs; NULL for none (/dev/null)
 * @mode: permission bits of a new file, less the launcher's umask; 0 for
 *        DAEMONKIT_FILE_MODE
 *
 * It is opened with the launcher's privileges, before chroot(2).  If the
 * path leads to a symbolic link, the link must belong to root or to the
 * effective user, or the start fails with -ELOOP: other users with write access
 * to the directory must not be able to redirect the log to another file.  In a
 * user namespace, or without /proc, a link of user 65534 is refused too: that
 * number may stand for all users without an id.
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
 * not have the descriptor: before daemonkit_context_reborn() this does nothing
 * there, because the launcher's setting takes precedence.
 *
 * Returns: 0, -EBADF (not open, or not for writing), -EMFILE.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_log_fd(struct daemonkit_context *context, int fd)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_output_file - standard output to a file of its own
 * @path: as for daemonkit_context_set_log_file(), which then concerns standard
 *        error only; NULL, the default: both go to the log
 * @mode: likewise
 *
 * Opened and reopened like the log file.
 *
 * Returns: as daemonkit_context_set_pid_file().  Since: 1.0
 */
DAEMONKIT_API int
daemonkit_context_set_output_file(struct daemonkit_context *context, const char *path,
				  mode_t mode) DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_work_dir - the daemon's working directory
 * @path: relative to the current working directory, so "." is that directory;
 *        with daemonkit_context_set_chroot() an absolute path inside the new
 *        root.  NULL, the default, stands for "/"; in mode FOREGROUND without
 *        another root it stands for the directory in which the supervisor
 *        started this process.
 *
 * Returns: 0, -EINVAL (empty path), -ENAMETOOLONG, -ENOMEM, or the error of
 * getcwd(3).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_work_dir(struct daemonkit_context *context,
						 const char *path)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_chroot - the daemon's root directory
 * @path: absolute; NULL for none.  Needs CAP_SYS_CHROOT.
 *
 * An open directory would be a way out of the new root: the start fails if the
 * daemon has a descriptor of one.
 *
 * Returns: 0, -EINVAL (not absolute), -ENAMETOOLONG, -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_chroot(struct daemonkit_context *context,
					       const char *path)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_program - the path of the program's file
 * @path: relative to the current working directory; NULL for the file that
 *        this process was executed from
 *
 * A second copy (mode REBORN) is executed from there, and so is the new daemon
 * of daemonkit_upgrade_start() without a path.  It is needed only on systems
 * that do not provide the path, that is, without /proc.  If it is not set, an
 * upgrade uses the path by which the program was executed, and follows its
 * symbolic links again.
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
 * Used in mode REBORN only.  The library adds variables of its own, and removes
 * them before the second copy's main() runs.  Without NOTIFY_SOCKET in its
 * environment the daemon cannot reach a service manager that started the
 * launcher.
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
 * the order groups, gid, uid.  It then proves that it cannot regain them and
 * has no capability left except those of daemonkit_context_keep_capability().
 * A process that is this user already needs no privilege; it too loses the
 * capabilities that its supervisor gave it.
 *
 * Returns: 0, -EINVAL (an id of (uid_t)-1 or (gid_t)-1, too many groups),
 * -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_credential(struct daemonkit_context *context,
						   uid_t uid, gid_t gid,
						   const gid_t *groups, size_t count)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_user - the user and groups of the daemon, by name
 * @user: a name in the user database, otherwise a number; "USER:GROUP" names
 *        both; NULL for the effective user of this process
 * @group: a name in the group database, otherwise a number; or NULL for the
 *         group in @user, or the user's primary group; if both are NULL,
 *         nothing is changed
 *
 * The supplementary groups are those of the user in the databases, as with
 * initgroups(3).  The databases are read now.  A number need not be in them,
 * for example in a container; a user that is not needs a group.
 *
 * Returns: 0, -EINVAL (@group twice, an empty part), -ENOENT
 * (no such user or group, or a number without a group that is in no
 * database), -ENOMEM, or the error of getpwnam_r(3) or getgrnam_r(3).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_user(struct daemonkit_context *context,
					     const char *user, const char *group)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_keep_groups - keep the supplementary groups unchanged
 * @on: not 0: the daemon keeps those of the launcher, regardless of
 *      daemonkit_context_set_credential() and daemonkit_context_set_user()
 *
 * For a caller that may not change them: a user whose groups differ from the
 * database, or root of a user namespace where setgroups(2) is denied.  A daemon
 * that was root keeps the groups of root.
 *
 * Returns: 0 or -EINVAL (NULL).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_keep_groups(struct daemonkit_context *context, int on)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_confine_later - let the program confine the daemon itself
 * @on: not 0: daemonkit_context_reborn() returns in the daemon before it changes
 *      root and working directory, user and groups, and what
 *      <daemonkit/privileges.h> sets; daemonkit_context_confine() does that
 *
 * For a program that first does something that needs its privileges, with the
 * pid file held already: it binds a port below 1024, or opens a device.  Until
 * it has called daemonkit_context_confine() the daemon is not set up: the
 * launcher waits, and daemonkit_notify_ready() fails.
 *
 * Returns: 0 or -EINVAL (NULL).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_confine_later(struct daemonkit_context *context, int on)
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
 * daemonkit_context_set_mode - how the daemon is started
 * @mode: one of DAEMONKIT_MODE_AUTO, _REBORN, _FORK, _FOREGROUND, _AUTO_FORK
 *
 * AUTO and AUTO_FORK are FOREGROUND for pid 1; if NOTIFY_SOCKET is set and
 * SYSTEMD_EXEC_PID is unset or this process's own pid; and if a notification
 * descriptor was set (daemonkit_notify_take_fd()).  Otherwise AUTO is REBORN,
 * or FORK for a program with more privileges than its caller, and AUTO_FORK is
 * FORK.
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
 * Returns: 0 or -EINVAL (NULL; a timeout of 0, which no start can meet; or
 * DAEMONKIT_NEVER).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_ready_timeout(struct daemonkit_context *context,
						      int timeout)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_keep_fd - let the daemon inherit a descriptor
 * @fd: 3 or higher and open; it has the same number in the daemon, and is
 *      close-on-exec there.  Call this once for each descriptor.
 *
 * Used in modes REBORN and FORK, in which all other descriptors are closed in
 * the daemon.  Mode FOREGROUND closes none.
 *
 * Returns: 0, -EBADF (not open), -EINVAL (below 3), -ENOMEM.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_keep_fd(struct daemonkit_context *context, int fd)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_keep_all_fds - let the daemon keep every descriptor
 * @on: not 0: mode FORK closes none, and they keep their close-on-exec flags, as
 *      with daemon(3); only the standard streams are replaced
 *
 * For a program whose libraries have opened descriptors that it does not know.
 * Objects of this library that the launcher has created may then be used, and
 * must be freed, in the daemon too.  In mode FORK only: a second copy has
 * none of the memory that refers to these descriptors.
 *
 * Returns: 0 or -EINVAL (NULL).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_keep_all_fds(struct daemonkit_context *context, int on)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_status_handler - receive the daemon's status texts
 * @handler: called in the launcher, inside daemonkit_context_reborn(), for
 *           each text as it arrives, and in mode FOREGROUND for a text of the
 *           library about the start; NULL for none
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
 * In the launcher (modes REBORN and FORK) this returns when the daemon is up:
 * set up or, with a ready timeout, ready.  In mode REBORN the daemon is the
 * launcher's child if the system permits it, and a launcher that continues to
 * run can wait for it.  If a service manager started the launcher, the daemon
 * is the manager's child instead.  After a failure no process and no pid file
 * is left behind.
 *
 * A daemon that has come up (or become ready, with a ready timeout) and then
 * exits with status 0 counts as started, even if it exits at once: its pid is
 * returned, and a launcher whose child it was can still wait for it.  If it
 * exits with another status or by a signal before this function returns, that
 * may still be reported as -ECHILD.
 *
 * During the wait SIGHUP, SIGINT, SIGQUIT and SIGTERM, unless they are ignored,
 * abort the start: the daemon is killed and reaped, and then the signal has its
 * original effect.  If the launcher survives that, -EINTR is returned.  The
 * same applies when the daemon has failed but has not exited yet.
 *
 * A service manager that does not read its socket delays the launcher at most
 * until the ready timeout; the start still succeeds.
 *
 * A launcher that may not kill its daemon (without CAP_KILL, if the daemon has
 * changed to another user already) closes the connection.  It waits at most
 * five seconds for the daemon's exit, killed or not; the error's text says that
 * the daemon ended by itself, or that it could not be killed.
 *
 * In the daemon this returns 0: the daemon is detached from the terminal and is
 * not a session leader (FOREGROUND keeps its supervisor's session), the
 * standard descriptors are set, no others are open except the kept ones, the
 * pid file exists, root and working directory are changed, and privileges are
 * dropped.  If one of these steps fails, both the daemon and the launcher get
 * the error and its text; the daemon must exit, and the launcher waits for
 * that.  The standard streams of such a second copy are discarded, so that an
 * error printed by both appears once.
 *
 * From then until the daemon is ready (without a ready timeout: until
 * daemonkit_context_confine(), if that was announced), what it prints on
 * standard error goes to the log and, copied by the launcher, to the launcher's
 * standard error too.  If it exits without a report, the last line of that is
 * part of the error's text.  For this its standard error is a socket, and each
 * write(2) a message of at most 64 KiB; then it is the log, or /dev/null, and no
 * descriptor of the launcher is kept.  A forked child prints to the log only; a
 * program that the daemon executes without fork(2) before it is ready gets an
 * error, but no SIGPIPE, when it prints later.  A
 * socket cannot be opened as /dev/stderr.  A launcher whose standard error cannot be written
 * to for a second prints no more of it.
 *
 * For process 1 the kernel drops every signal that has the default action.  As
 * process 1 of a container, in mode FOREGROUND, each of these signals gets a
 * handler if it would end another process and does not report a fault; the
 * handler exits with status 128 + signal.  In forked children these signals
 * have the default action.  daemonkit_signals_set_handler() restores this
 * handler in place of the default action.  After an error all of that is
 * undone.
 *
 * Returns: greater than 0 in the launcher: the daemon's pid; 0 in the
 * daemon; or
 *   -EALREADY    another instance holds the pid file; the text names it.  It
 *                has no other meaning, unless the daemon itself passed it to
 *                daemonkit_notify_failed()
 *   -ENOLCK      the pid file cannot be locked, though no instance is known to
 *                hold it; the text says why
 *   -ECHILD      the daemon was killed or exited without a report; see
 *                daemonkit_context_exit_status()
 *   -ETIMEDOUT   the daemon was not ready in time and was killed
 *   -EINTR       a signal ended the start
 *   -ECANCELED   in the daemon: the launcher has exited
 *   -EPERM       this process is the daemon already, or a second copy whose
 *                start failed; no privilege for the user, groups or root that
 *                were requested, or privileges could be regained; a
 *                directory is open although the root is to change; a program
 *                with more privileges than its caller in mode REBORN; or the
 *                process was started as a second copy, but not by a launcher
 *                with the same user, group and privileges
 *   -EBUSY       mode FORK while other threads run; or mode FOREGROUND with
 *                other threads that would keep privileges
 *   -EEXIST, -ELOOP  the pid file's path is not a pid file: as
 *                daemonkit_pidfile_create(), with its other errors
 *   -ENOTSUP     a setting of <daemonkit/privileges.h> that this system does
 *                not support
 *   -ESPIPE      mode REBORN: the program has read its standard input from a pipe
 *                or socket, from which the second copy cannot read it again
 *   -ESTALE      mode REBORN: the working directory in which the program began
 *                is not found under its name any more; also errors of open(2)
 *   any error that the daemon passed to daemonkit_notify_failed(), and the
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
 * @ret: where the daemon's context is stored; unchanged in the launcher and on
 *       failure
 *
 * For programs that need no other settings: creates a context with these and
 * calls daemonkit_context_reborn(), whose contract holds.  The daemon uses the
 * context like any other.
 *
 * Returns: greater than 0 in the launcher, the daemon's pid; 0 in the daemon;
 * or the errors of the functions above.
 * Thread safety: MT-safe.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API pid_t daemonkit_daemonize(const char *pid_file, const char *log_file, int timeout,
					struct daemonkit_context **ret)
	DAEMONKIT_NONNULL((4)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_confine - change root and user now
 *
 * Called in the daemon, once, if daemonkit_context_confine_later() was set.
 * Applies what daemonkit_context_reborn() would have applied, in the same order
 * and with the same checks.  After an error the launcher, if it waits, has the
 * error and its text, and the pid file is removed; some of the changes may have
 * been made, and the daemon must exit.  A daemon that does not exit cannot
 * report that it is ready.
 *
 * Returns: 0, also if nothing remains to be done: it was called before, was not
 * requested, or this is a successor (<daemonkit/upgrade.h>); or
 *   -EPERM      this process is not the daemon; no privilege for the user,
 *               groups or root that were requested, or privileges could be
 *               regained; or a directory is open although the root is to change
 *   -EBUSY      other threads run, and would keep privileges
 *   -ENOTSUP    a setting of <daemonkit/privileges.h> that this system does
 *               not support
 *   -ECANCELED  the launcher has exited
 *   and the errors of the system calls for each step; the text names the step
 * Thread safety: MT-safe on different contexts, but it changes the whole
 * process.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_confine(struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_search - find the running daemon
 * @process: where it is stored, to be freed with daemonkit_process_free();
 *           unchanged on failure
 *
 * Returns: 0; -ESRCH (none runs); -EINVAL (no pid file set); and the errors
 * of daemonkit_pidfile_holder().  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_search(struct daemonkit_context *context,
					   struct daemonkit_process **process)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_release - remove and close the pid file, before the exit
 *
 * If the file can no longer be removed, it is emptied.  Before it, the sockets of
 * daemonkit_context_remove_socket() are removed.  Does nothing in the launcher,
 * in children of the daemon, in a daemon that a successor has replaced, or a
 * second time.
 *
 * Returns: 0, or the errors of daemonkit_pidfile_remove() or of removing a socket
 * (unlink(2)); everything else has been removed.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_release(struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_context_reopen_log - open the log file again, after rotation
 *
 * The new file replaces descriptors 1 and 2 atomically; if it cannot be opened,
 * the old one stays.  After chroot(2) the path is looked up inside the new
 * root.  No line is lost or torn, even while other threads write; children of
 * the daemon continue to write to the old file.
 *
 * The file is opened as at the start, but with the daemon's current privileges:
 * the target of a symbolic link is created, but a link that belongs neither to
 * root nor to the daemon's user is refused (-ELOOP); a new file's mode is less
 * the daemon's umask.  A FIFO without a reader is an error (-ENXIO) and is not
 * waited for; a directory is an error too (-EISDIR).  In the foreground with
 * the journal as standard error the log file is not in use, and nothing is
 * reopened.  Before the daemon is ready this ends the copies for the launcher.
 *
 * Returns: 0 (also when there is no log file to reopen); -EPERM in a process
 * that is not the daemon; or the error of open(2), and the text names the
 * file.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_reopen_log(struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_context_exit_status - the daemon's status after a failed start
 *
 * Returns: a status as of waitpid(2), for WIFEXITED() and the like; or -1
 * if no daemon has exited, or other code in the launcher has reaped it.
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_exit_status(const struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_context_exit_code - the exit code for the launcher
 *
 * For "return daemonkit_context_exit_code(context);" after
 * daemonkit_context_reborn().  It describes that call only, not an upgrade.
 *
 * Returns: 0 after a start that succeeded; otherwise the daemon's own exit code
 * if it has exited with one other than 0; 128 + the signal if a signal killed
 * it (SIGKILL also from the launcher, for a daemon that was not ready in time);
 * or 1, also before any start and for NULL.
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_exit_code(const struct daemonkit_context *context)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_CONTEXT_H */
