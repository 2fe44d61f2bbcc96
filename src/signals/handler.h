/* SPDX-License-Identifier: MIT */
/* The process-wide part of signals: which signal goes into which queue. */
#ifndef SIGNALS_HANDLER_H
#define SIGNALS_HANDLER_H

#include <signal.h>
#include <stddef.h>

#include "signals/queue.h"

/* List the queue, before it claims signals; remove it, after it has released them all. */
void handler_add_queue(struct signal_queue *queue);
void handler_remove_queue(struct signal_queue *queue);

/*
 * Let a signal go into the queue: 0, -EINVAL (cannot be caught) or -EBUSY
 * (another queue has it).  The disposition until now is left in previous.
 */
int handler_claim_signal(struct signal_queue *queue, int number, struct sigaction *previous);

/* Give it back, with that disposition, unless the program has set another. */
void handler_release_signal(struct signal_queue *queue, int number,
			    const struct sigaction *previous);

/* After release: wait until no handler uses the queue for this signal. */
void handler_wait_idle(int number);

/*
 * In a child of fork(2): put back dispositions that the child has no use for.
 * Until then its signals have their default effect, one by one.
 */
void handler_restore_in_child(int number, const struct sigaction *previous);

/* See signals_rehome() and signals_descriptors() in signals/signals-internal.h. */
int handler_rehome(pid_t launcher);
size_t handler_descriptors(int *fds, size_t max);

#endif /* SIGNALS_HANDLER_H */
