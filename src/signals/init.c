/* SPDX-License-Identifier: MIT */
/*
 * Process 1 of a container, where signals have the effect that they have
 * elsewhere.
 * Not thread-safe but init_disposition(): dispositions belong to the process.
 */
#include "signals/init.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "compat/pid-namespace.h"

static atomic_bool begun;

/*
 * Those that the system ignores or stops a process with by default, those that
 * it keeps for itself, and those of a fault: they end process 1, too.
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
 * The handler.  A forked child has it as well, and is another process: the
 * default action works there.
 */
static void exit_by_signal(int number)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	int saved = errno;
	sigset_t set;

	if (getpid() == 1)
		_exit(128 + number);
	sigaction(number, &standard, NULL);
	kill(getpid(), number);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	errno = saved;
}

static bool has_handler(const struct sigaction *action, void (*handler)(int))
{
	return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == handler;
}

static struct sigaction exit_action(void)
{
	struct sigaction action = { .sa_handler = exit_by_signal,
				    .sa_flags = SA_RESTART | SA_ONSTACK };

	sigfillset(&action.sa_mask);
	return action;
}

/* Where it is the one, make it the other; not the C library's own signals. */
static void replace_handlers(void (*from)(int), const struct sigaction *to)
{
	struct sigaction current;

	for (int number = 1; number < NSIG; number++) {
		if (is_fatal_by_default(number) && sigaction(number, NULL, &current) == 0 &&
		    has_handler(&current, from))
			sigaction(number, to, NULL);
	}
}

void init_begin(void)
{
	struct sigaction action = exit_action();

	if (!compat_first_of_container())
		return;
	atomic_store(&begun, true);
	replace_handlers(SIG_DFL, &action);
}

void init_end(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };

	if (!atomic_exchange(&begun, false))
		return;
	replace_handlers(exit_by_signal, &standard);
}

struct sigaction init_disposition(int number, const struct sigaction *wanted)
{
	if (atomic_load(&begun) && getpid() == 1 && is_fatal_by_default(number) &&
	    has_handler(wanted, SIG_DFL))
		return exit_action();
	return *wanted;
}
