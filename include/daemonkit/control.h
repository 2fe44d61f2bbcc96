/* SPDX-License-Identifier: MIT */
/*
 * A ready-made command line: start, stop, restart, try-restart, reload,
 * force-reload, status and run.
 *
 * A program creates its context, passes the command word from its command
 * line, and continues only if it is the daemon:
 *
 *	result = daemonkit_control_run(control, word, 0, &exit_code);
 *	if (result < 0)
 *		usage();
 *	if (result > 0)
 *		return exit_code;
 *	... this is the daemon: serve ...
 *
 * The program parses its own options.  Exit codes are those of LSB init
 * scripts, so that such a script needs only one line.
 *
 * This is the only module that prints: results to standard output and errors
 * to standard error, through stdio and flushed; each line begins with the
 * program's name.  In the daemon it prints nothing.  On a terminal the status
 * texts of a start, a stop or a reload replace each other on one line, which is
 * cleared at the end; elsewhere each has its own line.  Control characters in
 * texts are shown as "?".
 *
 * An object is used by one thread at a time.
 */
#ifndef DAEMONKIT_CONTROL_H
#define DAEMONKIT_CONTROL_H

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_context;
struct daemonkit_control;

/** The commands, for a program's usage text. */
#define DAEMONKIT_CONTROL_COMMANDS \
	"start|stop|restart|try-restart|reload|force-reload|status|run"

/** "status" prints one JSON object instead of a text. */
#define DAEMONKIT_CONTROL_JSON 1U

/**
 * daemonkit_control_new - commands for the daemon of a context
 * @context: it must outlive the object; its pid file is how the daemon is
 *           found
 * @ret: where the object is stored; unchanged on failure
 *
 * Defaults: the name of the process; stop waits 30 seconds, and 5 more after
 * SIGKILL; reload sends SIGHUP and waits 30 seconds for the reply.
 *
 * Returns: 0, -EINVAL (NULL), -ENOMEM.
 * Ownership: freed with daemonkit_control_free().
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_control_new(struct daemonkit_context *context,
					struct daemonkit_control **ret)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_control_free - free it; the context stays
 * @control: an object, or NULL
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_control *
daemonkit_control_free(struct daemonkit_control *control);

/**
 * daemonkit_control_set_name - the name at the beginning of each line
 * @name: copied; not empty
 *
 * Returns: 0, -EINVAL, -ENOMEM.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_control_set_name(struct daemonkit_control *control,
					     const char *name)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_control_set_stop_timeout - how long a stop may take
 * @grace: milliseconds after SIGTERM, or DAEMONKIT_FOREVER
 * @force: milliseconds after SIGKILL, or DAEMONKIT_FOREVER; or
 *         DAEMONKIT_NEVER: SIGKILL is not sent
 *
 * Each is for one process: a daemon that starts one successor after another
 * while it is stopped makes the stop fail after twice the sum.
 *
 * Returns: 0 or -EINVAL (NULL).
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_control_set_stop_timeout(struct daemonkit_control *control,
						     int grace, int force)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_control_set_reload - how the daemon reloads
 * @signo: the signal; 0 if it cannot reload: "reload" is then not implemented
 *          (exit code 3), and "force-reload" restarts
 * @timeout: milliseconds to wait for the reply, as
 *           daemonkit_process_request(), or DAEMONKIT_FOREVER; 0 sends the
 *           signal and does not wait
 *
 * Returns: 0 or -EINVAL (NULL, or no such signal).
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_control_set_reload(struct daemonkit_control *control, int signo,
					       int timeout)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_control_run - execute a command
 * @command: the word: one of DAEMONKIT_CONTROL_COMMANDS
 * @flags: 0 or DAEMONKIT_CONTROL_JSON
 * @exit_code: where the program's exit code is stored when 1 is returned;
 *             otherwise unchanged
 *
 *   start         start the daemon; success if one runs already
 *   stop          SIGTERM, and SIGKILL if necessary; success if none runs, and
 *                 a stale pid file is removed; a successor that has just taken
 *                 over in an upgrade is stopped too
 *   restart       stop and start
 *   try-restart   like restart, but only if the daemon runs
 *   reload        send the reload signal, and wait for the daemon's reply; it
 *                 is not sent to a daemon that does not handle it (exit code 3)
 *   force-reload  reload, or restart if the daemon cannot reload
 *   status        report whether it runs
 *   run           become the daemon in this process (mode FOREGROUND)
 *
 * The start is daemonkit_context_reborn(), with the mode and the ready
 * timeout of the context.  The second copy of the program calls this with the
 * same command and becomes the daemon, whichever command it is; a call once it
 * is the daemon executes the command as in any other process.  The context's
 * status handler, if it has one, gets the status texts of a start; otherwise
 * they are printed.
 *
 * Exit codes: 0 success; 1 failure; 2 the daemon was given wrong arguments;
 * 3 not implemented; 4 insufficient privilege; 7 reload: it does not run.
 * If a start fails and the daemon exits with 2 to 6 or 150 to 199, that is
 * the exit code.  For status: 0 it runs; 1 it is dead, but its pid file
 * exists; 3 it does not run; 4 unknown.  If output fails, the exit code is 1
 * instead of 0, and 4 for status.
 *
 * Returns: 0 in the daemon, as daemonkit_context_reborn(): continue and serve;
 * 1 done: exit with *exit_code; or, without printing anything,
 *   -ENOENT  @command is not a command
 *   -EINVAL  NULL, unknown flags, or the context has no pid file (which only
 *            start and run can do without)
 * Thread safety: MT-safe on different objects.  Not async-signal-safe.
 * Follows: LSB, "Init Script Actions".  Since: 1.0
 */
DAEMONKIT_API int daemonkit_control_run(struct daemonkit_control *control,
					const char *command, unsigned flags, int *exit_code)
	DAEMONKIT_NONNULL((1, 2, 4)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_CONTROL_H */
