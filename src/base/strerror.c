/* SPDX-License-Identifier: MIT */
/*
 * The two incompatible signatures of strerror_r(3).
 * Thread-safe.
 */
#include "base/strerror.h"

#include <stdio.h>
#include <string.h>

/* POSIX strerror_r() returns 0 or an error. */
static inline const char *posix_text(int result, const char *buffer)
{
	return result == 0 ? buffer : "unknown error";
}

/* GNU strerror_r() returns the text, in the buffer or elsewhere. */
static inline const char *gnu_text(const char *result, const char *buffer)
{
	(void)buffer;
	return result;
}

void strerror_copy(int error, char *buffer, size_t size)
{
	char text[128];

	snprintf(buffer, size, "%s",
		 _Generic(strerror_r(error, text, sizeof text), int: posix_text, char *: gnu_text)(
			 strerror_r(error, text, sizeof text), text));
}
