/* SPDX-License-Identifier: MIT */
/* What a siginfo_t really carries: the codes differ between systems. */
#ifndef COMPAT_SIGINFO_H
#define COMPAT_SIGINFO_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Are si_pid and si_uid a process's: the sender, or for SIGCHLD the child? */
bool compat_signal_has_sender(const siginfo_t *info);

/* Did somebody give a value along with the signal? */
bool compat_signal_has_value(const siginfo_t *info);

/*
 * A number beside the integer that a signal's value is for the program, and
 * that is 0 then.  Not every number will do; this makes one of any number,
 * never 0.
 */
uint32_t compat_signal_cookie(uint32_t any);

/* What is to be sent, by sender. */
void compat_signal_with_cookie(siginfo_t *info, int signal, uint32_t cookie);

/* The cookie that came with a signal, or 0. */
uint32_t compat_signal_get_cookie(const siginfo_t *info);

#endif /* COMPAT_SIGINFO_H */
