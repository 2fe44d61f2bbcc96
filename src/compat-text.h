/* SPDX-License-Identifier: MIT */
/* The texts of the system's errors. */
#ifndef COMPAT_TEXT_H
#define COMPAT_TEXT_H

#include <stddef.h>

/* The system's text for a positive errno; thread-safe, always terminated. */
void compat_strerror(int error, char *buffer, size_t size);

#endif /* COMPAT_TEXT_H */
