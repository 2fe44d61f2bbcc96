/* SPDX-License-Identifier: MIT */
/*
 * Process 1 of a container, where signals have the effect that they have
 * elsewhere.
 * Not thread-safe but first_disposition(): dispositions belong to the process.
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
static bool ends_by_default(int number)
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
static void finish(int number)
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

static bool is(const struct sigaction *action, void (*handler)(int))
{
	return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == handler;
}

static struct sigaction finishing(void)
{
	struct sigaction action = { .sa_handler = finish, .sa_flags = SA_RESTART | SA_ONSTACK };

	sigfillset(&action.sa_mask);
	return action;
}

/* Where it is the one, make it the other; not the C library's own signals. */
static void exchange(void (*from)(int), const struct sigaction *to)
{
	struct sigaction current;

	for (int number = 1; number < NSIG; number++) {
		if (ends_by_default(number) && sigaction(number, NULL, &current) == 0 &&
		    is(&current, from))
			sigaction(number, to, NULL);
	}
}

void first_begin(void)
{
	struct sigaction action = finishing();

	if (!compat_first_of_container())
		return;
	atomic_store(&begun, true);
	exchange(SIG_DFL, &action);
}

void first_end(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };

	if (!atomic_exchange(&begun, false))
		return;
	exchange(finish, &standard);
}

struct sigaction first_disposition(int number, const struct sigaction *wanted)
{
	if (atomic_load(&begun) && getpid() == 1 && ends_by_default(number) &&
	    is(wanted, SIG_DFL))
		return finishing();
	return *wanted;
}
