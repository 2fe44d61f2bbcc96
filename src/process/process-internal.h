/* SPDX-License-Identifier: MIT */
/* Inside the library: processes without error texts. */
#ifndef PROCESS_PROCESS_INTERNAL_H
#define PROCESS_PROCESS_INTERNAL_H

#include <stdint.h>
#include <sys/types.h>

struct daemonkit_process;

/* daemonkit_process_open() for callers to whom a failure is an answer. */
int process_open(struct daemonkit_process **ret, pid_t pid);

/*
 * Send a signal with this ticket (compat/siginfo.h), or plainly for 0: 0 or a
 * negative errno.
 */
int process_queue(const struct daemonkit_process *process, int signal, uint32_t ticket);

/* How long it has run: seconds, or -ENOTSUP. */
int64_t process_age(const struct daemonkit_process *process);

#endif /* PROCESS_PROCESS_INTERNAL_H */
