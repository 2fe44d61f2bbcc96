/* SPDX-License-Identifier: MIT */
/* Leaving a text with an error: the one way in which the library fails. */
#ifndef BASE_ERROR_INTERNAL_H
#define BASE_ERROR_INTERNAL_H

#include <stddef.h>

/* The longest text, the final NUL included; longer ones are cut. */
#define ERROR_TEXT_MAX 1024

/* Leave a text for the calling thread; returns error, a negative errno. */
int error_set(int error, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/*
 * The same, with ": " and the system's text for the error behind it.  -EALREADY
 * means in this library that another instance holds the pid file: one that the
 * system returns becomes -EIO.
 */
int error_system(int error, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/*
 * To the end of the block, this thread's text stays as it is: what fails while something is
 * cleaned up after an error does not hide the error.
 */
#define KEEP_ERROR_TEXT \
	__attribute__((__cleanup__(error_let_go), __unused__)) const int error_kept = error_keep()

int error_keep(void);
void error_let_go(const int *kept);

/* How many texts this thread has left until now. */
unsigned error_count(void);

/* -EINVAL for an argument that must not be NULL. */
int error_null(const char *function);

#endif /* BASE_ERROR_INTERNAL_H */
