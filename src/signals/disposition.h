/* SPDX-License-Identifier: MIT */
/* The dispositions of signals. */
#ifndef SIGNALS_DISPOSITION_H
#define SIGNALS_DISPOSITION_H

#include <signal.h>
#include <stdbool.h>

extern const struct sigaction disposition_default;

/* Is this the handler (SIG_DFL and SIG_IGN too)? */
bool disposition_has_handler(const struct sigaction *action, void (*handler)(int));

/* Change the disposition if its handler is that of "from".  Async-signal-safe. */
void disposition_replace(int number, const struct sigaction *from, const struct sigaction *to);

/*
 * For a handler that runs in a forked child, with all signals blocked: let the
 * signal have this effect when the handler returns.  Async-signal-safe.
 */
void disposition_apply(int number, const struct sigaction *action);

#endif /* SIGNALS_DISPOSITION_H */
