/* SPDX-License-Identifier: MIT */
/*
 * The messages between launcher and daemon, over a local socket that keeps
 * their bounds: a message arrives whole or not at all, and the end of a
 * process is the end of its channel.
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
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/secret.h"
#include "compat/pidfd.h"
#include "compat/self.h"

/* A piece of the settings: well below the smallest socket buffer. */
#define PIECE 16384

int channel_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	return fd_pair_above_standard(ends);
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd_above_standard(fd);
}

int channel_listen(struct channel_address *address)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof name.sun_family;
	int fd = open_socket();

	if (fd < 0)
		return fd;
	/* A name of no length: the kernel chooses a free one outside of any directory. */
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
	/* Without waiting: strangers may have filled the queue. */
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)(const void *)address->bytes,
		    (socklen_t)address->length) == 0) {
		error = fd_set_nonblocking(fd, false);
		if (error == 0)
			return fd;
	} else {
		error = -errno;
	}
	fd_close(fd);
	return error;
}

int channel_take_call(int listener, pid_t caller)
{
	struct compat_peer peer;
	int fd;

	do {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return -errno;
	if (compat_peer(fd, &peer) == 0 && peer.pid == caller)
		return fd_above_standard(fd);
	fd_close(fd);
	return -EACCES;
}

int channel_accept(int listener, pid_t child)
{
	int fd;

	do {
		fd = channel_take_call(listener, child);
	} while (fd == -EACCES);
	return fd;
}

/* An abstract address: it needs no directory, and nobody's permission. */
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

int channel_call(const char *what, uint32_t number, deadline until)
{
	struct sockaddr_un name;
	socklen_t length = name_number(&name, what, number);
	int fd = open_socket();
	int error;

	if (fd < 0)
		return fd;
	/* Strangers may have filled the queue: there is nothing to wait on. */
	for (unsigned round = 0; connect(fd, (const struct sockaddr *)&name, length) < 0; round++) {
		error = -errno;
		if ((error != -EAGAIN && error != -EINTR) || deadline_now() >= until)
			goto fail;
		deadline_pause(round);
	}
	return fd;
fail:
	fd_close(fd);
	return error;
}

/* One message: 0, -EAGAIN, -ECANCELED. */
static int send_now(int fd, const void *bytes, size_t length)
{
	while (send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
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

int channel_send(int fd, enum channel_type type, int32_t number, const char *text,
		 deadline until)
{
	char bytes[1 + sizeof number + CHANNEL_TEXT_MAX];
	size_t length = strnlen(text, CHANNEL_TEXT_MAX);

	bytes[0] = (char)type;
	memcpy(bytes + 1, &number, sizeof number);
	memcpy(bytes + 1 + sizeof number, text, length);
	for (;;) {
		struct pollfd room = { .fd = fd, .events = POLLOUT };
		int result = send_now(fd, bytes, 1 + sizeof number + length);

		if (result != -EAGAIN)
			return result;
		result = deadline_poll(&room, 1, until);
		if (result <= 0)
			return result < 0 ? result : -EAGAIN;
	}
}

ssize_t channel_send_settings(int fd, const unsigned char *bytes, size_t length)
{
	char piece[1 + PIECE];
	size_t sent = 0;

	while (sent < length) {
		size_t count = length - sent < PIECE ? length - sent : PIECE;
		int result;

		piece[0] = sent + count == length ? CHANNEL_SETTINGS_END : CHANNEL_SETTINGS;
		secret_copy(piece + 1, bytes + sent, count);
		result = send_now(fd, piece, 1 + count);
		secret_wipe(piece, sizeof piece);
		if (result == -EAGAIN)
			break;
		if (result < 0)
			return result;
		sent += count;
	}
	return (ssize_t)sent;
}

static ssize_t receive(int fd, void *bytes, size_t size, int flags)
{
	bool reset = false;

	for (;;) {
		ssize_t count = recv(fd, bytes, size, flags);

		if (count >= 0)
			return count;
		if (errno == ECONNRESET) {
			/*
			 * Closed before it had read all.  That is said first, and
			 * once: what it sent before may still be here.
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
	char bytes[1 + sizeof message->number + CHANNEL_TEXT_MAX];
	ssize_t count = receive(fd, bytes, sizeof bytes, MSG_DONTWAIT);
	size_t length;

	if (count <= 0)
		return (int)count;
	if ((size_t)count < 1 + sizeof message->number)
		return -EBADMSG;
	length = (size_t)count - 1 - sizeof message->number;
	message->type = (enum channel_type)(unsigned char)bytes[0];
	memcpy(&message->number, bytes + 1, sizeof message->number);
	memcpy(message->text, bytes + 1 + sizeof message->number, length);
	message->text[length] = '\0';
	return 1;
}

int channel_receive_settings(int fd, struct pack *settings)
{
	unsigned char piece[1 + PIECE];

	do {
		ssize_t count = receive(fd, piece, sizeof piece, 0);

		if (count <= 0)
			return count < 0 ? (int)count : -ECANCELED;
		pack_bytes(settings, piece + 1, (size_t)count - 1);
		/* There may be a secret in it. */
		secret_wipe(piece + 1, (size_t)count - 1);
	} while (piece[0] != CHANNEL_SETTINGS_END);
	return settings->error;
}

/* Until there is a word, or the process at the other end is gone and has left none. */
static int await_word(int fd)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	struct compat_peer peer;
	int result;

	if (compat_peer(fd, &peer) == 0 && peer.pid > 0)
		fds[1].fd = compat_pidfd_open(peer.pid);
	result = deadline_poll(fds, 2, fds[1].fd == -ESRCH ? 0 : DEADLINE_NEVER);
	fd_close(fds[1].fd);
	if (result >= 0 && fds[0].revents == 0)
		result = deadline_poll(fds, 1, 0) == 0 ? -ECANCELED : 0;
	return result < 0 ? result : 0;
}

int channel_receive_word(int fd, enum channel_type type)
{
	int result = await_word(fd);
	ssize_t count;
	char byte;

	if (result < 0)
		return result;
	count = receive(fd, &byte, sizeof byte, 0);
	if (count <= 0)
		return count < 0 ? (int)count : -ECANCELED;
	return byte == (char)type ? 0 : -EBADMSG;
}
