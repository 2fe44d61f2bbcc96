/* SPDX-License-Identifier: MIT */
/* The system's error texts. */
#ifndef BASE_STRERROR_H
#define BASE_STRERROR_H

#include <stddef.h>

/* The system's text for a positive errno; thread-safe, always terminated. */
void strerror_copy(int error, char *buffer, size_t size);

#endif /* BASE_STRERROR_H */
