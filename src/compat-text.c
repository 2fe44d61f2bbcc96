/* SPDX-License-Identifier: MIT */
/*
 * The two incompatible signatures of strerror_r(3).
 * Thread-safe.
 */
#include "compat-text.h"

#include <stdio.h>
#include <string.h>

void compat_strerror(int error, char *buffer, size_t size)
{
#ifdef STRERROR_R_CHAR_P
	char scratch[128];

	snprintf(buffer, size, "%s", strerror_r(error, scratch, sizeof scratch));
#else
	if (strerror_r(error, buffer, size) != 0)
		snprintf(buffer, size, "error %d", error);
#endif
}
