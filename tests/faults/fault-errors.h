/* SPDX-License-Identifier: MIT */
/* Which errors a system call can give. */
#ifndef FAULT_ERRORS_H
#define FAULT_ERRORS_H

#include <linux/types.h>
#include <stddef.h>

/*
 * The errors worth injecting into a call; *count is 0 for one that cannot
 * fail, or whose failure cannot be played (close(2) closes all the same).
 * Without arguments, the most that there can be.
 */
const int *fault_errors(long number, const __u64 *arguments, size_t *count);

#endif /* FAULT_ERRORS_H */
