/* SPDX-License-Identifier: MIT */
/* The errors that a system call can return. */
#ifndef FAULT_ERRORS_H
#define FAULT_ERRORS_H

#include <linux/types.h>
#include <stddef.h>

/*
 * The errors to inject into a call; *count is 0 for one that cannot fail, or whose failure
 * cannot be simulated (close(2) closes even when it fails). Without arguments, the maximum.
 */
const int *fault_errors(long number, const __u64 *arguments, size_t *count);

#endif /* FAULT_ERRORS_H */
