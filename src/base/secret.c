/* SPDX-License-Identifier: MIT */
/*
 * Bytes of which no copy may be left behind.
 *
 * memcpy(3) leaves what it copied last in registers, hundreds of bytes of it,
 * and whoever saves the registers next, a signal or the dynamic linker, leaves
 * them on the stack.  So each byte goes by itself; the compiler must not think
 * of something better.
 * Thread-safe and async-signal-safe.
 */
#include "base/secret.h"

void secret_copy(void *to, const void *from, size_t length)
{
	volatile unsigned char *next = to;
	const volatile unsigned char *source = from;

	for (size_t i = 0; i < length; i++)
		next[i] = source[i];
}

void secret_wipe(void *bytes, size_t length)
{
	volatile unsigned char *next = bytes;

	for (size_t i = 0; i < length; i++)
		next[i] = 0;
}
