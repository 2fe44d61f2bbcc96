/* SPDX-License-Identifier: MIT */
/*
 * The messages between launcher and daemon, over a local socket: a message arrives whole or
 * not at all, and a process that exits closes its end.
 * Thread-safe on different channels.
 */
#include "ipc/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "compat/abstract.h"
#include "compat/message.h"
#include "compat/random.h"
#include "compat/socket.h"
#include "compat/user.h"

/* The size of a piece of the settings: well below the smallest socket buffer. */
#define PIECE 16384
/* How long to wait for the rest of a message that was sent in part, in milliseconds. */
#define REST_TIMEOUT 1000

void channel_format(char text[static CHANNEL_TEXT_MAX + 2], const char *format, va_list arguments)
{
	int length = vsnprintf(text, CHANNEL_TEXT_MAX + 2, format, arguments);
	size_t end = CHANNEL_TEXT_MAX;

	if (length < 0)
		text[0] = '\0';
	if (length <= CHANNEL_TEXT_MAX)
		return;
	/* Go back to the beginning of the first character that does not fit. */
	while (end > CHANNEL_TEXT_MAX - 4 && ((unsigned char)text[end] & 0xC0) == 0x80)
		end--;
	text[end] = '\0';
}

int channel_pair(int ends[2])
{
	int result = compat_message_pair(ends);

	return result < 0 ? result : fd_pair_above_standard(ends);
}

static int open_socket(void)
{
	int fd = compat_abstract_socket(true, true);

	return fd < 0 ? fd : fd_above_standard(fd);
}

int channel_listen(struct channel_address *address)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof name.sun_family;
	int fd = compat_random(address->secret, sizeof address->secret);

	if (fd == 0)
		fd = open_socket();
	if (fd < 0)
		return fd;
	/* An empty name: the kernel chooses a free one that is not in any directory. */
	if (bind(fd, (const struct sockaddr *)&name, length) < 0)
		goto fail;
	length = sizeof address->bytes;
	if (getsockname(fd, (struct sockaddr *)(void *)address->bytes, &length) < 0)
		goto fail;
	if (listen(fd, SOMAXCONN) < 0)
		goto fail;
	address->length = length;
	return fd;
fail:
	length = (socklen_t)errno;
	fd_close(fd);
	return -(int)length;
}

int channel_connect(const struct channel_address *address)
{
	struct iovec secret = { .iov_base = (void *)(uintptr_t)address->secret,
				.iov_len = sizeof address->secret };
	const struct msghdr message = { .msg_iov = &secret, .msg_iovlen = 1 };
	/* Non-blocking: other users may have filled the queue. */
	int fd = compat_abstract_socket(false, true);
	int error;

	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)(const void *)address->bytes,
		    (socklen_t)address->length) == 0 &&
	    compat_sendmsg(fd, &message) >= 0) {
		error = fd_set_nonblocking(fd, false);
		if (error == 0)
			return fd;
	} else {
		error = -errno;
	}
	fd_close(fd);
	return error;
}

/* The maximum number of connections in a queue. */
#define QUEUE_MAX (SOMAXCONN + 1)

int channel_accept_from(int listener, pid_t caller)
{
	struct compat_peer peer;

	/*
	 * Drain the queue at once: other users may refill it as fast as single
	 * connections are accepted.
	 */
	for (int i = 0; i < QUEUE_MAX; i++) {
		int fd = compat_abstract_accept(listener);

		if (fd < 0)
			return fd;
		if (compat_peer(fd, &peer) == 0 && peer.pid == caller)
			return fd_above_standard(fd);
		fd_close(fd);
	}
	return -EAGAIN;
}

static bool presents_secret(int fd, const struct channel_address *address)
{
	unsigned char secret[CHANNEL_SECRET_SIZE];
	ssize_t count = compat_recv(fd, secret, sizeof secret, MSG_TRUNC);

	return count == (ssize_t)sizeof secret &&
	       memcmp(secret, address->secret, sizeof secret) == 0;
}

/*
 * The pid of the peer proves nothing: pids are reused, and a connection from before the
 * child was created may come from another process with the same pid.
 */
int channel_accept(int listener, const struct channel_address *address)
{
	/* The queue cannot have held more connections than this when the child connected. */
	for (int i = 0; i < QUEUE_MAX; i++) {
		int fd = compat_abstract_accept(listener);

		if (fd < 0)
			return fd;
		if (presents_secret(fd, address))
			return fd_above_standard(fd);
		fd_close(fd);
	}
	return -EAGAIN;
}

/* An abstract address: it needs neither a directory nor permissions. */
static socklen_t name_number(struct sockaddr_un *name, const char *what, uint32_t number)
{
	int length;

	memset(name, 0, sizeof *name);
	name->sun_family = AF_UNIX;
	length = snprintf(name->sun_path + 1, sizeof name->sun_path - 1, "daemonkit/%s/%08x", what,
			  number);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

int channel_listen_as(const char *what, uint32_t number)
{
	struct sockaddr_un name;
	socklen_t length = name_number(&name, what, number);
	int fd = open_socket();
	int error;

	if (fd < 0)
		return fd;
	if (bind(fd, (const struct sockaddr *)&name, length) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	error = -errno;
	fd_close(fd);
	return error;
}

int channel_connect_to(const char *what, uint32_t number, deadline until)
{
	struct sockaddr_un name;
	socklen_t length = name_number(&name, what, number);
	int fd = compat_abstract_socket(true, false);
	int error;

	fd = fd < 0 ? fd : fd_above_standard(fd);
	if (fd < 0)
		return fd;
	/* Other users may have filled the queue: blocking connect(2) calls are served in turn. */
	do {
		deadline rest = until - deadline_now();
		struct timeval limit = { .tv_sec = rest / 1000000, .tv_usec = rest % 1000000 };

		if (rest <= 0)
			limit = (struct timeval){ .tv_usec = 1 };
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
		if (connect(fd, (const struct sockaddr *)&name, length) == 0)
			return fd;
		error = -errno;
	} while ((error == -EAGAIN || error == -EINTR) && deadline_now() < until);
	fd_close(fd);
	return error;
}

/* Send one message, or the rest of it: 0, -EAGAIN, -ECANCELED. */
static int send_message(int fd, struct iovec *parts, int count, size_t *sent,
			const struct compat_passed *passed)
{
	while (compat_message_send(fd, parts, count, sent, passed) < 0) {
		switch (errno) {
		case EINTR:
			continue;
		case EAGAIN:
		case ENOBUFS:
			return -EAGAIN;
		case EPIPE:
		case ECONNRESET:
		case ENOTCONN:
			return -ECANCELED;
		default:
			return -errno;
		}
	}
	return 0;
}

static deadline later_of(deadline one, deadline other)
{
	return one > other ? one : other;
}

int channel_send(int fd, enum channel_type type, int32_t number, const char *text, deadline until)
{
	char kind = (char)type;
	size_t sent = 0;
	struct iovec parts[] = {
		{ .iov_base = &kind, .iov_len = sizeof kind },
		{ .iov_base = &number, .iov_len = sizeof number },
		{ .iov_base = (void *)(uintptr_t)text, .iov_len = strnlen(text, CHANNEL_TEXT_MAX) },
	};

	for (;;) {
		struct pollfd writable = { .fd = fd, .events = POLLOUT };
		bool begun = sent > 0;
		int result = send_message(fd, parts, 3, &sent, NULL);

		if (result != -EAGAIN)
			return result;
		if (!begun && sent > 0)
			until = later_of(until, deadline_after(REST_TIMEOUT));
		result = deadline_poll(&writable, 1, until);
		if (result < 0 || (result == 0 && sent == 0))
			return result < 0 ? result : -EAGAIN;
		if (result == 0) {
			/* What follows a part of a message could not be read. */
			shutdown(fd, SHUT_RDWR);
			return -ECANCELED;
		}
	}
}

int channel_send_settings(int fd, const unsigned char *bytes, size_t length,
			  const struct compat_passed *passed, struct channel_sent *sent)
{
	/* The settings may contain a secret: make no copy. */
	while (sent->bytes < length) {
		bool last = length - sent->bytes <= PIECE;
		size_t count = last ? length - sent->bytes : PIECE;
		char kind = last ? CHANNEL_SETTINGS_END : CHANNEL_SETTINGS;
		struct iovec parts[] = {
			{ .iov_base = &kind, .iov_len = sizeof kind },
			{ .iov_base = (void *)(uintptr_t)(bytes + sent->bytes), .iov_len = count },
		};
		int result = send_message(fd, parts, 2, &sent->piece,
					  sent->bytes == 0 ? passed : NULL);

		if (result == -EAGAIN)
			break;
		if (result < 0)
			return result;
		sent->bytes += count;
		sent->piece = 0;
	}
	return 0;
}

static ssize_t receive_message(int fd, struct iovec *parts, int count, bool wait,
			       struct compat_progress *progress, struct compat_peer *sender,
			       struct compat_passed *passed)
{
	bool reset = false;

	for (;;) {
		ssize_t length = compat_message_receive(fd, parts, count, wait, progress, sender,
							passed);

		if (length >= 0)
			return length;
		if (errno == ECONNRESET) {
			/*
			 * The peer closed its end before it had read everything.  The
			 * kernel reports that first, and only once: messages sent before
			 * may still be in the queue.
			 */
			if (reset)
				return 0;
			reset = true;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

int channel_receive(int fd, struct channel_message *message)
{
	return channel_receive_from(fd, message, NULL);
}

int channel_receive_from(int fd, struct channel_message *message, struct compat_peer *sender)
{
	struct iovec parts[] = {
		{ .iov_base = &message->kind, .iov_len = sizeof message->kind },
		{ .iov_base = &message->number, .iov_len = sizeof message->number },
		{ .iov_base = message->text, .iov_len = CHANNEL_TEXT_MAX },
	};
	ssize_t count = receive_message(fd, parts, 3, false, &message->progress, sender, NULL);

	if (count <= 0)
		return (int)count;
	if ((size_t)count < sizeof message->kind + sizeof message->number)
		return -EBADMSG;
	message->type = (enum channel_type)message->kind;
	message->text[(size_t)count - sizeof message->kind - sizeof message->number] = '\0';
	return 1;
}

/*
 * The creator of the other end proves nothing: it may have passed the socket on to
 * another process since.
 */
static bool is_from_own_user(const struct compat_peer *sender)
{
	return sender->pid > 0 &&
	       compat_is_own_process_and_group(sender->pid, sender->uid, sender->gid);
}

static int receive_pieces(int fd, struct archive *settings, struct compat_passed *passed)
{
	struct compat_progress progress = { 0 };
	struct compat_peer sender;
	char kind;

	do {
		struct iovec parts[] = {
			{ .iov_base = &kind, .iov_len = sizeof kind },
			{ .iov_base = archive_reserve(settings, PIECE), .iov_len = PIECE },
		};
		ssize_t count;

		if (settings->error < 0)
			return settings->error;
		count = receive_message(fd, parts, 2, true, &progress, &sender, passed);
		if (count <= 0)
			return count < 0 ? (int)count : -ECANCELED;
		if (!is_from_own_user(&sender))
			return -EPERM;
		settings->length += (size_t)count - 1;
	} while (kind != CHANNEL_SETTINGS_END);
	return 0;
}

int channel_receive_settings(int fd, struct archive *settings, struct compat_passed *passed)
{
	int result = receive_pieces(fd, settings, passed);

	if (result < 0)
		compat_passed_close(passed);
	return result;
}

bool channel_has_peer(int fd)
{
	/* POLLHUP and POLLERR need not be requested. */
	struct pollfd fds[] = { { .fd = fd, .events = 0 }, { .fd = -1, .events = POLLIN } };
	int peer = compat_peer_pidfd(fd), result;

	fds[1].fd = peer;
	result = deadline_poll(fds, 2, 0);
	fd_close(peer);
	return result == 0 && peer != -ESRCH;
}

/* Wait until there is a message, or the peer has exited and left none. */
static int await_message(int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	int result;

	fds[1].fd = compat_peer_pidfd(fd);
	result = deadline_poll(fds, 2, fds[1].fd == -ESRCH ? 0 : DEADLINE_NEVER);
	fd_close(fds[1].fd);
	if (result >= 0 && fds[0].revents == 0)
		result = deadline_poll(fds, 1, 0) == 0 ? -ECANCELED : 0;
	return result < 0 ? result : 0;
}

void channel_await_end(int fd, deadline until)
{
	struct pollfd end = { .fd = fd };

	deadline_poll(&end, 1, until);
}

int channel_receive_word(int fd, enum channel_type type)
{
	struct compat_progress progress = { 0 };
	char byte;
	int32_t number;
	struct iovec parts[] = {
		{ .iov_base = &byte, .iov_len = sizeof byte },
		{ .iov_base = &number, .iov_len = sizeof number },
	};
	int result = await_message(fd);
	ssize_t count;

	if (result < 0)
		return result;
	count = receive_message(fd, parts, 2, true, &progress, NULL, NULL);
	if (count <= 0)
		return count < 0 ? (int)count : -ECANCELED;
	return byte == (char)type ? 0 : -EBADMSG;
}
