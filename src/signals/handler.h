/* SPDX-License-Identifier: MIT */
/* The process-wide part of signals: which signal goes into which queue. */
#ifndef SIGNALS_HANDLER_H
#define SIGNALS_HANDLER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "signals/queue.h"

/* The queue may catch signals from now on / has given back all of its own. */
void catcher_join(struct signal_queue *queue);
void catcher_leave(struct signal_queue *queue);

/* Is it this process's queue, and not one of the process that it was forked from? */
bool catcher_owns(const struct signal_queue *queue);

/*
 * Let a signal go into the queue: 0, -EINVAL (cannot be caught) or -EBUSY
 * (another queue has it).  The disposition until now is left in previous.
 */
int catcher_claim(struct signal_queue *queue, int number, struct sigaction *previous);

/* Give it back, with that disposition, unless the program has set another. */
void catcher_release(struct signal_queue *queue, int number, const struct sigaction *previous);

/* After release: wait until no handler uses the queue for this signal. */
void catcher_await(int number);

/*
 * In a child of fork(2): put back dispositions that the child has no use for.
 * Until then its signals have their default effect, one by one.
 */
void catcher_restore_in_child(int number, const struct sigaction *previous);

/* See signals_rehome() and signals_descriptors() in signals/signals-internal.h. */
int catcher_rehome(pid_t launcher);
size_t catcher_descriptors(int *fds, size_t max);

#endif /* SIGNALS_HANDLER_H */
