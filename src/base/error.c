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
static _Thread_local int keep_depth;

int error_keep(void)
{
	return keep_depth++;
}

void error_let_go(const int *kept)
{
	keep_depth = *kept;
}

/* An argument may be the previous text: format into another buffer first. */
__attribute__((__format__(__printf__, 2, 0))) static void set_text(int error, const char *format,
								   va_list arguments)
{
	char fresh[ERROR_TEXT_MAX], cause[128];
	int length;

	if (keep_depth > 0)
		return;
	length = vsnprintf(fresh, sizeof fresh, format, arguments);
	if (length < 0)
		fresh[0] = '\0';
	memcpy(text, fresh, sizeof text);
	count++;
	if (error == 0)
		return;
	strerror_copy(-error, cause, sizeof cause);
	length = (int)strlen(text);
	snprintf(text + length, sizeof text - (size_t)length, ": %s", cause);
}

int(error_set)(int error, const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	set_text(0, format, arguments);
	va_end(arguments);
	errno = saved;
	return error;
}

int(error_system)(int error, const char *format, ...)
{
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	set_text(error, format, arguments);
	va_end(arguments);
	errno = saved;
	/* Reserved for "another instance runs"; a system call never means that. */
	return error == -EALREADY ? -EIO : error;
}

int error_null(const char *function)
{
	return error_set(-EINVAL, "%s: a required argument is NULL", function);
}

unsigned error_count(void)
{
	return count;
}

const char *daemonkit_error(void)
{
	return text;
}
