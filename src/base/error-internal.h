/* SPDX-License-Identifier: MIT */
/* Setting an error's text: the only way in which the library reports a failure. */
#ifndef BASE_ERROR_INTERNAL_H
#define BASE_ERROR_INTERNAL_H

#include <errno.h>
#include <stddef.h>

/* The longest text, the final NUL included; longer texts are truncated. */
#define ERROR_TEXT_MAX 1024

/* Set the calling thread's text; returns error, a negative errno. */
int error_set(int error, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/*
 * Like error_set(), with ": " and the system's text for the error appended.  In
 * this library -EALREADY means that another instance holds the pid file: if the
 * system returns it, it becomes -EIO.
 */
int error_system(int error, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/*
 * What they return is never a success, even if a system function fails without
 * setting errno: then it is -EIO.  Here, where the compiler and the analysers of
 * every caller see it.
 */
#define error_set(error, ...) error_negative(error_set(error, __VA_ARGS__))
#define error_system(error, ...) error_negative(error_system(error, __VA_ARGS__))

static inline int error_negative(int error)
{
	return error < 0 ? error : -EIO;
}

/*
 * Preserve this thread's text until the end of the block: a failed cleanup must
 * not hide the original error.
 */
#define KEEP_ERROR_TEXT \
	__attribute__((__cleanup__(error_let_go), __unused__)) const int error_kept = error_keep()

int error_keep(void);
void error_let_go(const int *kept);

/* The number of texts that this thread has set so far. */
unsigned error_count(void);

/* -EINVAL for an argument that must not be NULL. */
int error_null(const char *function);

#endif /* BASE_ERROR_INTERNAL_H */
