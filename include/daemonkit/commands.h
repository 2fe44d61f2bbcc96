/* SPDX-License-Identifier: MIT */
/*
 * Command-line flags tied to signals: "prog -s stop" finds the daemon and
 * sends it the signal; in the daemon the same table sets the handlers.
 *
 * An object may be used by one thread at a time.
 */
#ifndef DAEMONKIT_COMMANDS_H
#define DAEMONKIT_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include <daemonkit/macros.h>
#include <daemonkit/signals.h>

DAEMONKIT_BEGIN

struct daemonkit_commands;
struct daemonkit_process;

/**
 * daemonkit_commands_new - make an empty table
 * @signals: where handlers are set; it must outlive the table.  NULL for a
 *           program that only sends.
 * @ret: where it is stored; unchanged on failure
 *
 * Returns: 0, or -ENOMEM.
 * Ownership: freed with daemonkit_commands_free().
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_commands_new(struct daemonkit_signals *signals,
					 struct daemonkit_commands **ret)
	DAEMONKIT_NONNULL((2)) DAEMONKIT_CHECK;

/**
 * daemonkit_commands_free - free the table; its handlers stay set
 * @commands: an object, or NULL
 *
 * Returns: NULL.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_commands *
daemonkit_commands_free(struct daemonkit_commands *commands);

/**
 * daemonkit_commands_add_bool - add a flag that is active when it is true
 * @flag: the flag's variable; it must outlive the table and is read when
 *        daemonkit_commands_active(), daemonkit_commands_active_signal() or
 *        daemonkit_commands_send() is called
 * @signo: the signal to send
 * @handler: if not NULL, set for @signo with
 *           daemonkit_signals_set_handler()
 * @data: passed to the handler
 *
 * Returns: 0, or
 *   -EINVAL  @flag is NULL, @signo is not a signal, or @handler is given to a
 *            table without signals
 *   -ENOMEM, and the errors of daemonkit_signals_set_handler(); the table is
 *   unchanged
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_commands_add_bool(struct daemonkit_commands *commands,
					      const bool *flag, int signo,
					      daemonkit_signals_handler *handler, void *data)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_commands_add_string - add a string that is active at one value
 * @variable: the variable; it must outlive the table; NULL or any other
 *            string is not active
 * @value: the value; copied
 *
 * The rest is as for daemonkit_commands_add_bool().
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_commands_add_string(struct daemonkit_commands *commands,
						const char *const *variable,
						const char *value, int signo,
						daemonkit_signals_handler *handler,
						void *data)
	DAEMONKIT_NONNULL((1, 2, 3)) DAEMONKIT_CHECK;

/**
 * daemonkit_commands_active - how many commands were given
 *
 * Returns: the number of active flags, or -EINVAL for NULL.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_commands_active(const struct daemonkit_commands *commands)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_commands_active_signal - the signal of a command that was given
 * @position: 0 for the first active flag, and so on, in the order in which the
 *            flags were added
 *
 * For a program that goes through the active flags, for example to wait for the
 * end of the daemon after SIGTERM, or to send the signals one by one with
 * daemonkit_process_request().
 *
 * Returns: the signal of this flag; or -ENOENT, fewer flags are active; or
 * -EINVAL for NULL.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int
daemonkit_commands_active_signal(const struct daemonkit_commands *commands, size_t position)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_commands_send - send the signals of all active flags
 * @process: the daemon, as daemonkit_context_search() found it
 *
 * The signals are sent in the order in which the flags were added, up to the
 * first failure.
 *
 * A signal is not sent if /proc shows that the daemon ignores it, or would be
 * killed by it because it does not handle it.  A daemon in sigwait(3), or one
 * that blocks the signal, counts as handling it.  Signals that serve to end a
 * process (SIGTERM, SIGINT, SIGQUIT, SIGABRT, SIGKILL) are always sent.
 *
 * Returns: the number of signals sent; -ENOTSUP the daemon does not handle the
 * signal; or the errors of daemonkit_process_signal().
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_commands_send(const struct daemonkit_commands *commands,
					  struct daemonkit_process *process)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_COMMANDS_H */
