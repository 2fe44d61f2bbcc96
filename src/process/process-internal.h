/* SPDX-License-Identifier: MIT */
/* Internals of process objects. */
#ifndef PROCESS_PROCESS_INTERNAL_H
#define PROCESS_PROCESS_INTERNAL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

struct daemonkit_process;

/* daemonkit_process_open() without a text. */
int process_open(struct daemonkit_process **ret, pid_t pid);

/* A second object for the same process: 0 or a negative errno without a text. */
int process_duplicate(struct daemonkit_process **ret, const struct daemonkit_process *process);

/*
 * Send a signal with this cookie (compat/siginfo.h), or without one if it is 0:
 * 0 or a negative errno without a text.
 */
int process_queue(const struct daemonkit_process *process, int signal, uint32_t cookie);

/*
 * Check a signal before sending it for a command or a request: would it kill
 * the process, or be ignored?  0, also if unknown; or -ENOTSUP with its text.
 * Signals that serve to end a process are always permitted.
 */
int process_check_effect(const struct daemonkit_process *process, int signal);

/* Is this the number of a signal?  0, or -EINVAL with its text. */
int process_check_signal(int signal);

/* 0 if it has exited, -ETIMEDOUT at the deadline; no text. */
int process_wait_until(const struct daemonkit_process *process, deadline until);

/*
 * daemonkit_process_stop(): 0 if the process has exited, 1 if it had to be killed, or an
 * error with its text.  The function is called before the process is killed, unless NULL.
 */
int process_stop(struct daemonkit_process *process, int grace, int force,
		 void (*before_kill)(void *data), void *data);

/* The running time: seconds, or -ENOTSUP. */
int64_t process_age(const struct daemonkit_process *process);

#endif /* PROCESS_PROCESS_INTERNAL_H */
