/* SPDX-License-Identifier: MIT */
/* What a siginfo_t really carries: the codes differ between systems. */
#ifndef COMPAT_SIGNAL_H
#define COMPAT_SIGNAL_H

#include <signal.h>
#include <stdbool.h>

/* Are si_pid and si_uid a process's: the sender, or for SIGCHLD the child? */
bool compat_signal_has_sender(const siginfo_t *info);

/* Did somebody give a value along with the signal? */
bool compat_signal_has_value(const siginfo_t *info);

#endif /* COMPAT_SIGNAL_H */
