/* SPDX-License-Identifier: MIT */
/* Settings: what is accepted is packed into the same bytes again. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "context/settings.h"

static void forget(struct settings *settings)
{
	/* The numbers are arbitrary; they name no descriptors of this process. */
	start_disown(&settings->start);
	named_fds_forget(&settings->descriptors);
	settings_clear(settings);
}

int fuzz_settings(const uint8_t *bytes, size_t size)
{
	struct settings one, other;
	struct archive first = { 0 }, second = { 0 };
	int result;

	settings_init(&one);
	settings_init(&other);
	result = settings_get(&one, bytes, size);
	if (result < 0) {
		fuzz_must(result == -EBADMSG && one.pid_file == NULL &&
			  one.start.fds[START_FD_LOG] == -1);
		return 0;
	}
	fuzz_must(settings_put(&one, &first) == 0);
	fuzz_must(settings_get(&other, first.bytes, first.length) == 0);
	fuzz_must(settings_put(&other, &second) == 0);
	fuzz_must(first.length == second.length &&
		  memcmp(first.bytes, second.bytes, first.length) == 0);
	forget(&one);
	forget(&other);
	archive_free(&first);
	archive_free(&second);
	return 0;
}
