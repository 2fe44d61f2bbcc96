/* SPDX-License-Identifier: MIT */
/* Parsers of data from other processes, called with arbitrary bytes. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Each returns 0, or aborts when a check fails. */
int fuzz_channel(const uint8_t *bytes, size_t size);
int fuzz_marker(const uint8_t *bytes, size_t size);
int fuzz_pid(const uint8_t *bytes, size_t size);
int fuzz_settings(const uint8_t *bytes, size_t size);

static inline void fuzz_must(int holds)
{
	if (!holds)
		abort();
}

#endif /* FUZZ_H */
