/* SPDX-License-Identifier: MIT */
/* The entry point of libFuzzer, built once for each target: -DFUZZ_TARGET=fuzz_pid and so on. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	return FUZZ_TARGET(bytes, size);
}
