/* SPDX-License-Identifier: MIT */
/* Bytes that nobody can predict. */
#ifndef COMPAT_RANDOM_H
#define COMPAT_RANDOM_H

#include <stddef.h>

/*
 * Fill with at most 256 bytes.  Does not wait for the system to have gathered
 * enough of them just after it has booted: 0 or a negative errno.
 */
int compat_random(void *bytes, size_t size);

#endif /* COMPAT_RANDOM_H */
