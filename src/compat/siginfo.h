/* SPDX-License-Identifier: MIT */
/* Signal numbers, and which members of a siginfo_t are valid: both differ between systems. */
#ifndef COMPAT_SIGINFO_H
#define COMPAT_SIGINFO_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* The highest signal number. */
int compat_signal_last(void);

/* Are si_pid and si_uid valid: those of the sender, or for SIGCHLD of the child? */
bool compat_signal_has_sender(const siginfo_t *info);

/* Did the sender pass a value with the signal? */
bool compat_signal_has_value(const siginfo_t *info);

/*
 * Make a cookie, never 0, from any number.  It accompanies the program's
 * integer in a signal's value, which is 0 then.  Not every number is a valid
 * cookie.
 */
uint32_t compat_signal_cookie(uint32_t any);

/* Fill in a signal with a cookie, from this process. */
void compat_signal_with_cookie(siginfo_t *info, int signal, uint32_t cookie);

/* The cookie passed with a signal, or 0. */
uint32_t compat_signal_get_cookie(const siginfo_t *info);

#endif /* COMPAT_SIGINFO_H */
