/* SPDX-License-Identifier: MIT */
/* What the tests of signals share. */
#ifndef SIGNALS_TOOLS_H
#define SIGNALS_TOOLS_H

#include "harness/harness.h"

#include <daemonkit/signals.h>

struct daemonkit_signals *new_object(void);
void handle(struct daemonkit_signals *signals, int number, daemonkit_signals_handler *handler,
	    void *data);
bool is_readable(const struct daemonkit_signals *signals);

/* Send a signal with a value, as soon as there is room; ends a process that cannot. */
void queue_one(pid_t pid, int number, int value);

#endif /* SIGNALS_TOOLS_H */
