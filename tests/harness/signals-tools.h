/* SPDX-License-Identifier: MIT */
/* Functions for the tests of signals. */
#ifndef SIGNALS_TOOLS_H
#define SIGNALS_TOOLS_H

#include "harness/harness.h"

#include <daemonkit/signals.h>

struct daemonkit_signals *new_object(void);
void handle(struct daemonkit_signals *signals, int number, daemonkit_signals_handler *handler,
	    void *data);
bool is_readable(const struct daemonkit_signals *signals);

/*
 * Send a signal with a value; retries while the queue is full, and kills a process whose signal
 * cannot be sent.
 */
void queue_one(pid_t pid, int number, int value);

#endif /* SIGNALS_TOOLS_H */
