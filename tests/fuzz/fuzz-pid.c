/* SPDX-License-Identifier: MIT */
/* The contents of a pid file: one pid, nothing, or something else. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/fd.h"
#include "pidfile/location.h"

/* The text of a pid, possibly with leading zeros. */
static void check_text(const uint8_t *bytes, size_t size, pid_t pid)
{
	char text[DECIMAL_MAX];
	size_t length = decimal_format(text, (uint64_t)pid);

	fuzz_must(pid > 0);
	size -= size > 0 && bytes[size - 1] == '\n';
	while (size > length && bytes[0] == '0') {
		bytes++;
		size--;
	}
	fuzz_must(size == length && memcmp(bytes, text, length) == 0);
}

int fuzz_pid(const uint8_t *bytes, size_t size)
{
	pid_t pid = -1, read = -1;
	int result = decimal_parse_pid((const char *)bytes, size, &pid), again;
	int fd = (int)memfd_create("fuzz-pid", MFD_CLOEXEC);

	fuzz_must(fd >= 0 && fd_write_all(fd, bytes, size) == 0);
	if (result == 0)
		check_text(bytes, size, pid);
	else
		fuzz_must(pid == -1 && result == (size == 0 ? -ENODATA : -EBADMSG));
	again = pidfile_text_read(fd, &read);
	/* A file longer than any number is invalid, even if it begins with a pid. */
	if (size > DECIMAL_MAX)
		fuzz_must(again == -EBADMSG && read == -1);
	else
		fuzz_must(again == result && read == pid);
	fd_close(fd);
	return 0;
}
