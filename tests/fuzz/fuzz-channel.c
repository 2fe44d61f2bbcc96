/* SPDX-License-Identifier: MIT */
/*
 * Messages of the channel: each begins with a byte that gives its length in units of 16 bytes.
 * They are received by the code of the launcher and by that of the second copy.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "compat/message.h"
#include "ipc/channel.h"

static size_t send_all(int fd, const uint8_t *bytes, size_t size)
{
	size_t sent = 0;

	while (size > 0 && sent < 8) { /* as many as fit into the socket */
		size_t length = (size_t)bytes[0] * 16 + 1;
		size_t begun = 0;
		struct iovec part;

		bytes++;
		size--;
		length = length < size ? length : size;
		part = (struct iovec){ .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
		if (compat_message_send(fd, &part, 1, &begun, NULL) == 0)
			sent += length > 0; /* an empty message looks like the end of file */
		if (length == 0)
			break;
		bytes += length;
		size -= length;
	}
	return sent;
}

static void receive_messages(int fd, size_t sent)
{
	struct channel_message message;
	int result = 1;

	for (size_t i = 0; i < sent; i++) {
		memset(&message, 0xa5, sizeof message);
		message.progress = (struct compat_progress){ 0 };
		result = channel_receive(fd, &message);
		fuzz_must(result == 1 || result == -EBADMSG || result == 0);
		if (result == 1)
			fuzz_must(memchr(message.text, '\0', sizeof message.text) != NULL);
	}
}

static void receive_settings(int fd)
{
	struct archive settings = { .error = 0 };
	struct compat_passed passed = { .count = 0 };
	int result = channel_receive_settings(fd, &settings, &passed);

	fuzz_must(result == 0 || result == -ECANCELED);
	archive_free(&settings);
}

int fuzz_channel(const uint8_t *bytes, size_t size)
{
	for (int i = 0; i < 2; i++) {
		int ends[2];
		size_t sent;

		fuzz_must(channel_pair(ends) == 0);
		sent = send_all(ends[0], bytes, size);
		fd_close(ends[0]);
		if (i == 0)
			receive_messages(ends[1], sent);
		else
			receive_settings(ends[1]);
		fd_close(ends[1]);
	}
	return 0;
}
