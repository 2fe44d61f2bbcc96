/* SPDX-License-Identifier: MIT */
/* Unpredictable bytes. */
#ifndef COMPAT_RANDOM_H
#define COMPAT_RANDOM_H

#include <stddef.h>

/*
 * Fill the buffer with at most 256 random bytes.  Does not wait for the entropy
 * pool to be initialized after boot: 0 or a negative errno.
 */
int compat_random(void *bytes, size_t size);

#endif /* COMPAT_RANDOM_H */
