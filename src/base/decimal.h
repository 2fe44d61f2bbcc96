/* SPDX-License-Identifier: MIT */
/* Decimal numbers in files, without locale and async-signal-safe, and numbers in variables. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Enough space for any 64-bit number and the final NUL. */
#define DECIMAL_MAX 21

/* Write the number and a NUL; returns the length without the NUL. */
size_t decimal_format(char text[static DECIMAL_MAX], uint64_t number);

/*
 * Parse text that contains digits only.  Returns 0, or -EINVAL (empty, other
 * characters, more than limit).
 */
int decimal_parse(const char *text, size_t length, uint64_t limit, uint64_t *number);

/*
 * Parse a number in an environment variable of the service manager, as
 * libsystemd does: white space, a sign, and a prefix 0x, 0b, 0o or 0 (octal).
 * Returns 0 or -EINVAL.  Not async-signal-safe.
 */
int decimal_parse_variable(const char *text, uint64_t limit, uint64_t *number);

/*
 * Parse the pid in a pid file: digits, not 0, and at most one newline after
 * them.  Returns 0, -ENODATA (no text at all) or -EBADMSG.
 */
int decimal_parse_pid(const char *text, size_t length, pid_t *pid);

#endif /* BASE_DECIMAL_H */
