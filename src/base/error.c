/* SPDX-License-Identifier: MIT */
/*
 * The text of the calling thread's last error.
 * Thread-safe: each thread has a text of its own.
 */
#include "base/error-internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <daemonkit/error.h>

#include "base/strerror.h"

static _Thread_local char text[ERROR_TEXT_MAX];
static _Thread_local unsigned count;

/* A text may be made of the previous one: it is formatted aside first. */
__attribute__((__format__(__printf__, 1, 0)))
static size_t compose(const char *format, va_list arguments)
{
	char fresh[ERROR_TEXT_MAX];
	int length = vsnprintf(fresh, sizeof fresh, format, arguments);

	if (length < 0)
		fresh[0] = '\0';
	memcpy(text, fresh, sizeof text);
	count++;
	return strlen(text);
}

int error_set(int error, const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	compose(format, arguments);
	va_end(arguments);
	errno = saved;
	return error;
}

int error_system(int error, const char *format, ...)
{
	int saved = errno;
	va_list arguments;
	char cause[128];
	size_t length;

	va_start(arguments, format);
	length = compose(format, arguments);
	va_end(arguments);
	strerror_copy(-error, cause, sizeof cause);
	snprintf(text + length, sizeof text - length, ": %s", cause);
	errno = saved;
	/* Reserved for an instance that runs already: a system call never means that. */
	return error == -EALREADY ? -EIO : error;
}

int error_null(const char *function)
{
	return error_set(-EINVAL, "%s: an argument is NULL that must not be", function);
}

unsigned error_count(void)
{
	return count;
}

const char *daemonkit_error(void)
{
	return text;
}
