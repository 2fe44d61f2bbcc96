/* SPDX-License-Identifier: MIT */
/*
 * The dispositions of signals.
 * Dispositions belong to the process: a change is not atomic with the check before it.
 */
#include "signals/disposition.h"

#include <errno.h>
#include <unistd.h>

const struct sigaction disposition_default = { .sa_handler = SIG_DFL };

bool disposition_has_handler(const struct sigaction *action, void (*handler)(int))
{
	return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == handler;
}

static bool has_same_handler(const struct sigaction *one, const struct sigaction *other)
{
	if ((other->sa_flags & SA_SIGINFO) == 0)
		return disposition_has_handler(one, other->sa_handler);
	return (one->sa_flags & SA_SIGINFO) != 0 && one->sa_sigaction == other->sa_sigaction;
}

void disposition_replace(int number, const struct sigaction *from, const struct sigaction *to)
{
	struct sigaction current;

	if (sigaction(number, NULL, &current) == 0 && has_same_handler(&current, from))
		sigaction(number, to, NULL);
}

void disposition_apply(int number, const struct sigaction *action)
{
	int saved = errno;

	sigaction(number, action, NULL);
	/*
	 * The signal is blocked now and is delivered when the handler returns.  raise(3)
	 * might send it to the thread that called vfork(2), whose id is in the shared
	 * memory.
	 */
	kill(getpid(), number);
	errno = saved;
}
