/* SPDX-License-Identifier: MIT */
/* What a forked daemon does with the signals objects of the launcher. */
#ifndef SIGNALS_SIGNALS_INTERNAL_H
#define SIGNALS_SIGNALS_INTERNAL_H

#include <stddef.h>
#include <sys/types.h>

/*
 * In the daemon of mode FORK, without other threads and with all signals
 * blocked: the launcher's objects become this process's own, empty, apart from
 * the launcher's, with the same descriptor numbers.  (Objects that the launcher
 * itself only had from its parent stay nobody's.)  Returns 0 or a negative
 * errno and leaves its text.
 */
int signals_rehome(pid_t launcher);

/*
 * The descriptors of all objects of this process, or of the process that it
 * was just forked from: their number, however many max allows to store.
 */
size_t signals_descriptors(int *fds, size_t max);

#endif /* SIGNALS_SIGNALS_INTERNAL_H */
