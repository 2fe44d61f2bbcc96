/* SPDX-License-Identifier: MIT */
/*
 * For process 1 of a container: let signals have the same effect as in other
 * processes.  The kernel drops signals with the default action there.
 */
#ifndef SIGNALS_INIT_H
#define SIGNALS_INIT_H

#include <signal.h>

/*
 * From now on, signals that have the default action and would end any other
 * process also end process 1 of a container.  Does nothing in other processes.
 */
void init_begin(void);

/* Undo that. */
void init_end(void);

/*
 * The disposition to use instead, if the default action is to be restored and
 * the kernel would drop the signal.
 */
struct sigaction init_disposition(int number, const struct sigaction *wanted);

#endif /* SIGNALS_INIT_H */
