/* SPDX-License-Identifier: MIT */
/*
 * What the C library's stream has read of standard input.
 * Thread-safe if no other thread reads the stream.
 */
#include "compat/stdin.h"

#include <stdio.h>

#ifdef __GLIBC__
/* The limits of the buffer, which are part of the C library's ABI. */
static bool has_buffered(void)
{
	return stdin->_IO_read_end != stdin->_IO_read_base;
}
#else
static bool has_buffered(void)
{
	return false;
}
#endif

bool compat_stdin_was_read(void)
{
	return has_buffered() || feof(stdin) != 0;
}
