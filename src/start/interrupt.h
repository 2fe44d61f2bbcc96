/* SPDX-License-Identifier: MIT */
/* Signals that end a wait: SIGHUP, SIGINT, SIGQUIT and SIGTERM. */
#ifndef START_INTERRUPT_H
#define START_INTERRUPT_H

/*
 * From here on these signals, unless they are ignored, take no effect but
 * make the descriptor readable.  Returns the descriptor, which is shared by
 * all waits of the process and must not be read or closed, or a negative
 * errno.
 */
int interrupt_begin(void);

/*
 * The opposite; when no wait is left, a signal that came takes the effect
 * that it would have had.  Returns the signal that came, or 0.
 */
int interrupt_end(void);

/*
 * In a child that fork(2) made of a waiting process, while all signals are
 * blocked there: the wait is the parent's.  Async-signal-safe.
 */
void interrupt_forget(void);

#endif /* START_INTERRUPT_H */
