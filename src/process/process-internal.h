/* SPDX-License-Identifier: MIT */
/* Inside the library: more about processes. */
#ifndef PROCESS_PROCESS_INTERNAL_H
#define PROCESS_PROCESS_INTERNAL_H

#include <stdint.h>
#include <sys/types.h>

struct daemonkit_process;

/* daemonkit_process_open() without a text. */
int process_open(struct daemonkit_process **ret, pid_t pid);

/*
 * Send a signal with this cookie (compat/siginfo.h), or plainly for 0: 0 or a
 * negative errno without a text.
 */
int process_queue(const struct daemonkit_process *process, int signal, uint32_t cookie);

/*
 * Before a command, or a request, that is not meant to end the process: would the
 * signal end it, or be ignored?  0, also where that cannot be seen; or -ENOTSUP with
 * its text.  The signals that are there to end a process may.
 */
int process_check_effect(const struct daemonkit_process *process, int signal);

/* How long it has run: seconds, or -ENOTSUP. */
int64_t process_age(const struct daemonkit_process *process);

#endif /* PROCESS_PROCESS_INTERNAL_H */
