/* SPDX-License-Identifier: MIT */
/* The marker in the environment: what the parser accepts is written the same way again. */
#include "fuzz.h"

#include <string.h>

/* The parser is static. */
#include "../../src/start/marker.c"

int fuzz_marker(const uint8_t *bytes, size_t size)
{
	char text[256], again[MARKER_SIZE];
	int channel = -1, other_channel = -1;
	pid_t pid = -1, other_pid = -1;

	if (size >= sizeof text)
		return 0;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (!parse_mark(text, &channel, &pid))
		return 0;
	fuzz_must(channel >= 0 && pid > 0);
	marker_write(again, channel, pid);
	fuzz_must(strlen(again) < sizeof again);
	fuzz_must(parse_mark(strchr(again, '=') + 1, &other_channel, &other_pid));
	fuzz_must(channel == other_channel && pid == other_pid);
	return 0;
}
