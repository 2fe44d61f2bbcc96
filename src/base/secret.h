/* SPDX-License-Identifier: MIT */
/* Copying and wiping private bytes. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

/*
 * memcpy(3) byte by byte.  memcpy(3) itself leaves the last bytes in vector registers
 * (with AVX-512, whole 32-byte pieces), and the dynamic linker saves those on the stack
 * when it resolves the next function.
 */
static inline void secret_copy(void *to, const void *from, size_t length)
{
	volatile unsigned char *next = to;
	const volatile unsigned char *source = from;

	for (size_t i = 0; i < length; i++)
		next[i] = source[i];
}

/* memset(3) with 0, which the compiler would omit for memory that is not read again. */
static inline void secret_wipe(void *bytes, size_t length)
{
	volatile unsigned char *next = bytes;

	for (size_t i = 0; i < length; i++)
		next[i] = 0;
}

#endif /* BASE_SECRET_H */
