/* SPDX-License-Identifier: MIT */
/*
 * What the daemon prints on standard error until it is ready.
 *
 * The daemon must keep no descriptor of the launcher's caller, or a caller that waits for the
 * end of its pipe would wait for the daemon's end.  So the daemon writes to a socket, and
 * the launcher copies to its own standard error.
 * Thread-safe on different objects.
 */
#include "start/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "compat/message.h"
#include "compat/socket.h"

/* How many messages to copy before checking other events again. */
#define MESSAGES_AT_ONCE 64
/* How long a full pipe or terminal may delay one message, in milliseconds. */
#define WRITE_TIMEOUT 1000
/*
 * How long to wait, in milliseconds, for other threads of a ready daemon that are printing
 * just now; a program that it has executed may have its standard error for ever.
 */
#define END_TIMEOUT 1000
/* The limit if such a program prints without pause. */
#define END_ROUNDS 1024

int output_pair(int ends[2])
{
	int result = compat_message_pair(ends);

	return result < 0 ? result : fd_pair_above_standard(ends);
}

/* The length up to the end of the last line; the whole length if no line ends in it. */
static size_t lines_length(const char *text, size_t length)
{
	size_t end = length;

	while (end > 0 && text[end - 1] != '\n')
		end--;
	return end > 0 ? end : length;
}

/*
 * A descriptor that cannot be written to gets nothing more.  No line is divided without need,
 * because others write to the log too.
 */
static void copy_text(int *fd, const char *text, size_t length, deadline until, int other)
{
	deadline latest = deadline_after(WRITE_TIMEOUT);
	const int others[] = { other, -1 };

	while (*fd >= 0 && length > 0) {
		struct pollfd writable = { .fd = *fd, .events = POLLOUT };
		/* So much can be written without waiting. */
		size_t piece = length <= PIPE_BUF ? length : lines_length(text, PIPE_BUF);

		if (deadline_poll_unless(&writable, others, until < latest ? until : latest) <= 0 ||
		    (writable.revents & POLLOUT) == 0 || fd_write_silently(*fd, text, piece) < 0)
			*fd = -1;
		text += piece;
		length -= piece;
	}
}

static void remember_lines(struct output *output, const char *text, size_t length)
{
	for (; length > 0; text++, length--) {
		if (*text == '\n') {
			output->line[output->length] = '\0';
			if (output->length > 0)
				strcpy(output->last, output->line);
			output->length = 0;
		} else if (output->length < OUTPUT_LINE - 1) {
			output->line[output->length++] = *text;
		}
	}
	output->line[output->length] = '\0';
}

bool output_relay(struct output *output, deadline until, int other)
{
	int messages = 0;

	while (output->fd >= 0 && !output->ended && messages < MESSAGES_AT_ONCE) {
		/* It is unread until it has been copied: see compat_unread(). */
		ssize_t length = compat_recv(output->fd, output->buffer, sizeof output->buffer,
					     MSG_PEEK);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			break;
		if (compat_message_keeps_rest && length == (ssize_t)sizeof output->buffer)
			length = (ssize_t)lines_length(output->buffer, (size_t)length);
		output->ended = length == 0 && compat_has_ended(output->fd);
		remember_lines(output, output->buffer, (size_t)length);
		copy_text(&output->log, output->buffer, (size_t)length, until, other);
		copy_text(&output->error, output->buffer, (size_t)length, until, other);
		/* The rest of a packet is dropped, that of a stream is not. */
		compat_recv(output->fd, output->buffer, length > 0 ? (size_t)length : 1, 0);
		messages++;
	}
	return messages > 0 && !output->ended;
}

void output_finish(struct output *output, deadline until, int other)
{
	deadline latest = deadline_after(END_TIMEOUT);
	struct pollfd readable = { .fd = output->fd, .events = POLLIN };

	/* What has arrived is copied, however long that takes. */
	for (int round = 0; round < END_ROUNDS && output->fd >= 0 && !output->ended; round++)
		if (!output_relay(output, until, other) &&
		    (output->ended || deadline_poll(&readable, 1, latest) <= 0))
			break;
	output_end(output);
}

void output_end(struct output *output)
{
	if (output->fd >= 0)
		shutdown(output->fd, SHUT_RDWR);
	output->ended = true;
}

const char *output_last_line(const struct output *output)
{
	return output->length > 0 ? output->line : output->last;
}

void output_close(struct output *output)
{
	output->fd = fd_close(output->fd);
}
