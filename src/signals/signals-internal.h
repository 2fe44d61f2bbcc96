/* SPDX-License-Identifier: MIT */
/* Signals objects of the launcher in a forked daemon. */
#ifndef SIGNALS_SIGNALS_INTERNAL_H
#define SIGNALS_SIGNALS_INTERNAL_H

#include <stddef.h>
#include <sys/types.h>

/*
 * In the daemon of mode FORK, without other threads and with all signals
 * blocked: make the launcher's objects this process's own, empty, separate from
 * the launcher's, with the same descriptor numbers.  (Objects that the launcher
 * itself had inherited from its parent stay unusable.) Returns 0 or a negative
 * errno and sets the text.
 */
int signals_adopt_from(pid_t launcher);

/*
 * The descriptors of all objects of this process, or of the process that it was
 * just forked from.  Returns their number, even if it is larger than max.
 */
size_t signals_descriptors(int *fds, size_t max);

#endif /* SIGNALS_SIGNALS_INTERNAL_H */
