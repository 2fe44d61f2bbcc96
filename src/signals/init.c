/* SPDX-License-Identifier: MIT */
/*
 * For process 1 of a container: let signals have the same effect as in other processes.
 * Not thread-safe except init_disposition(): dispositions belong to the process.
 */
#include "signals/init.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "compat/pid-namespace.h"
#include "compat/siginfo.h"
#include "signals/disposition.h"

static atomic_bool begun;

/*
 * Excludes signals that are ignored or stop a process by default, those reserved by the
 * system, and those that report a fault: these end process 1 too.
 */
static bool is_fatal_by_default(int number)
{
	static const int others[] = { SIGCHLD, SIGCONT, SIGURG,  SIGWINCH, SIGSTOP,
				      SIGTSTP, SIGTTIN, SIGTTOU, SIGKILL,  SIGSEGV,
				      SIGBUS,  SIGFPE,  SIGILL,  SIGTRAP,  SIGSYS };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (number == others[i])
			return false;
	}
	return true;
}

/*
 * The handler.  A forked child inherits it; it is not process 1, so the default action
 * works there.
 */
static void exit_by_signal(int number)
{
	if (getpid() == 1)
		_exit(128 + number);
	disposition_apply(number, &disposition_default);
}

static struct sigaction exit_action(void)
{
	struct sigaction action = { .sa_handler = exit_by_signal,
				    .sa_flags = SA_RESTART | SA_ONSTACK };

	sigfillset(&action.sa_mask);
	return action;
}

/* Replace one disposition by the other everywhere, except for signals of the C library. */
static void replace_fatal(const struct sigaction *from, const struct sigaction *to)
{
	int last = compat_signal_last();

	for (int number = 1; number <= last; number++)
		if (is_fatal_by_default(number))
			disposition_replace(number, from, to);
}

void init_begin(void)
{
	const struct sigaction action = exit_action();

	if (!compat_first_of_container())
		return;
	atomic_store(&begun, true);
	replace_fatal(&disposition_default, &action);
}

void init_end(void)
{
	const struct sigaction action = exit_action();

	if (atomic_exchange(&begun, false))
		replace_fatal(&action, &disposition_default);
}

struct sigaction init_disposition(int number, const struct sigaction *wanted)
{
	if (atomic_load(&begun) && getpid() == 1 && is_fatal_by_default(number) &&
	    disposition_has_handler(wanted, SIG_DFL))
		return exit_action();
	return *wanted;
}
