/* SPDX-License-Identifier: MIT */
/* Search the memory of a process for bytes. */
#include "harness/probe-running.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t probe_count_in(const char *bytes, size_t length, const char *what, size_t size)
{
	size_t count = 0;
	const char *next = bytes;

	while ((next = memmem(next, length - (size_t)(next - bytes), what, size)) != NULL) {
		count++;
		next += size;
	}
	return count;
}

/* Count in a range of memory, as far as it can be read. */
static size_t count_range(int memory, unsigned long begin, unsigned long end, const char *what,
			  size_t size)
{
	size_t length = end - begin, used = 0;
	char *bytes = malloc(length);

	ck_assert_ptr_nonnull(bytes);
	while (used < length) {
		ssize_t count = pread(memory, bytes + used, length - used, (off_t)(begin + used));

		if (count <= 0)
			break;
		used += (size_t)count;
	}
	length = probe_count_in(bytes, used, what, size);
	free(bytes);
	return length;
}

size_t probe_count_in_memory(pid_t pid, const char *what, size_t size)
{
	char path[64], line[512];
	unsigned long begin, end;
	char read_bit;
	size_t count = 0;
	FILE *maps;
	int memory;

	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (memory < 0 || maps == NULL)
		ck_abort_msg("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %c", &begin, &end, &read_bit) == 3 && read_bit == 'r' &&
		    strstr(line, "[v") == NULL)
			count += count_range(memory, begin, end, what, size);
	fclose(maps);
	close(memory);
	return count;
}
