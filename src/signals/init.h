/* SPDX-License-Identifier: MIT */
/*
 * Process 1 of a container, where signals have the effect that they have
 * elsewhere: the kernel drops those with the default action there.
 */
#ifndef SIGNALS_INIT_H
#define SIGNALS_INIT_H

#include <signal.h>

/*
 * From now on signals that have the default action, and would end any other
 * process, end process 1 of a container too.  In other processes nothing is
 * done.
 */
void init_begin(void);

/* Undo that. */
void init_end(void);

/*
 * What the disposition has to be instead, where it is the default action that
 * is put back and the kernel would drop the signal.
 */
struct sigaction init_disposition(int number, const struct sigaction *wanted);

#endif /* SIGNALS_INIT_H */
