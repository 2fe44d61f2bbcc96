/* SPDX-License-Identifier: MIT */
/*
 * Record which basic blocks of the library a test executes, in a file that all processes of
 * the test share: for objects compiled with gcc -fsanitize-coverage=trace-pc.
 * Async-signal-safe; what a killed process executed is recorded as well.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void coverage_begin(void);
void __sanitizer_cov_trace_pc(void);

/* Linked first: the code of the library follows. */
void coverage_begin(void)
{
}

static unsigned char *blocks;

__attribute__((constructor(101))) static void map_blocks(void)
{
	int fd = open(COVERAGE_FILE, O_RDWR | O_CLOEXEC);
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, COVERAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		blocks = map;
}

void __sanitizer_cov_trace_pc(void)
{
	uintptr_t offset = (uintptr_t)__builtin_return_address(0) - (uintptr_t)coverage_begin;

	if (blocks && offset < COVERAGE_SIZE)
		blocks[offset] = 1;
}
