/* SPDX-License-Identifier: MIT */
/* Signals that end a wait: SIGHUP, SIGINT, SIGQUIT and SIGTERM. */
#ifndef START_INTERRUPT_H
#define START_INTERRUPT_H

/*
 * From now on these signals, unless they are ignored, have no effect except to
 * make the descriptor readable.  Returns the descriptor, which all waits of the
 * process share and which must not be read or closed, or a negative errno.
 */
int interrupt_begin(void);

/*
 * End that.  After the last wait, a signal that arrived has its original
 * effect.  Returns the signal that arrived, or 0.
 */
int interrupt_end(void);

/*
 * In a child that was forked from a waiting process, with all signals blocked:
 * the wait is the parent's.  Async-signal-safe.
 */
void interrupt_forget(void);

#endif /* START_INTERRUPT_H */
