/* SPDX-License-Identifier: MIT */
/* The process-wide part of signals: which queue receives which signal. */
#ifndef SIGNALS_HANDLER_H
#define SIGNALS_HANDLER_H

#include <signal.h>
#include <stddef.h>

#include "signals/queue.h"

/* Add the queue to the list before it claims signals; remove it after it has released them. */
void handler_add_queue(struct signal_queue *queue);
void handler_remove_queue(struct signal_queue *queue);

/*
 * Deliver a signal, whose number exists, to the queue: 0, -EINVAL (cannot be
 * caught) or -EBUSY (another queue has it).  Stores the current disposition in
 * previous.
 */
int handler_claim_signal(struct signal_queue *queue, int number, struct sigaction *previous);

/* Stop that, and restore this disposition unless the program has set another. */
void handler_release_signal(struct signal_queue *queue, int number,
			    const struct sigaction *previous);

/* After the release: wait until no handler uses the queue for this signal. */
void handler_wait_idle(int number);

/*
 * In a child of fork(2): restore dispositions that the child does not need.
 * Until then its signals have their default action, one by one.
 */
void handler_restore_in_child(int number, const struct sigaction *previous);

/* See signals_adopt_from() and signals_descriptors() in signals/signals-internal.h. */
int handler_adopt_from(pid_t launcher);
size_t handler_descriptors(int *fds, size_t max);

#endif /* SIGNALS_HANDLER_H */
