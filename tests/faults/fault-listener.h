/* SPDX-License-Identifier: MIT */
/*
 * A process whose system calls another one answers, with a seccomp filter. Unlike ptrace(2), this
 * does not affect signals, waits and parents of the process.
 */
#ifndef FAULT_LISTENER_H
#define FAULT_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

/* Called once, before the first child is created; false if it fails. */
bool fault_listener_begin(void);

/* Before each fork(2) of a child that calls fault_listener_install(). */
void fault_listener_reset(void);

/* In the child: every system call waits for an answer from now on. */
void fault_listener_install(void);

/* In the parent: the descriptor of the listener, or -1. */
int fault_listener_get(pid_t child);

#endif /* FAULT_LISTENER_H */
