/* SPDX-License-Identifier: MIT */
/*
 * Messages over a local socket.
 * Thread-safe on different sockets.
 */
#include "compat/message.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#define MESSAGE_SOCKET SOCK_SEQPACKET
#else
#define MESSAGE_SOCKET SOCK_STREAM
#endif

int compat_message_pair(int ends[2])
{
	return compat_socket_pair(MESSAGE_SOCKET, ends);
}

bool compat_message_is_socket(int fd)
{
	int type;
	socklen_t length = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == MESSAGE_SOCKET;
}

static struct msghdr message_of(struct iovec *parts, int count)
{
	struct msghdr message = { .msg_iov = parts };

	/* Systems differ in its type. */
	message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
	return message;
}

#ifdef COMPAT_LINUX

union credentials {
	char bytes[CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr aligned;
};

int compat_message_send(int fd, struct iovec *parts, int count, size_t *sent)
{
	struct ucred own = { .pid = getpid(), .uid = geteuid(), .gid = getegid() };
	union credentials space = { .bytes = { 0 } };
	struct msghdr message = message_of(parts, count);
	struct cmsghdr *header;
	ssize_t length;

	(void)sent; /* all or nothing */
	message.msg_control = space.bytes;
	message.msg_controllen = sizeof space.bytes;
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_CREDENTIALS;
	header->cmsg_len = CMSG_LEN(sizeof own);
	memcpy(CMSG_DATA(header), &own, sizeof own);
	length = compat_sendmsg(fd, &message);
	/* The user has no id in this user namespace. */
	if (length < 0 && (errno == EPERM || errno == EINVAL)) {
		message.msg_control = NULL;
		message.msg_controllen = 0;
		length = compat_sendmsg(fd, &message);
	}
	return length < 0 ? -1 : 0;
}

static void set_credentials(int socket, int on)
{
	setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

ssize_t compat_message_receive(int fd, struct iovec *parts, int count, bool wait,
			       struct compat_progress *progress, struct compat_peer *sender)
{
	union credentials space;
	struct msghdr message = message_of(parts, count);
	int flags = wait ? 0 : MSG_DONTWAIT;
	struct cmsghdr *header;
	struct ucred credentials;
	ssize_t length;

	(void)progress; /* all or nothing */
	if (sender == NULL)
		return recvmsg(fd, &message, flags);
	message.msg_control = space.bytes;
	message.msg_controllen = sizeof space.bytes;
	*sender = (struct compat_peer){ .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	/*
	 * Not earlier: a socket with this option is bound to an address when it sends,
	 * which may fail.
	 */
	set_credentials(fd, 1);
	length = recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
	set_credentials(fd, 0);
	if (length < 0)
		return length;
	header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_CREDENTIALS &&
	    header->cmsg_len == CMSG_LEN(sizeof credentials)) {
		memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
		*sender = (struct compat_peer){ credentials.pid, credentials.uid, credentials.gid };
	}
	return length;
}

#else

/* A frame: the length of the message, in the byte order of the machine, and the message. */
struct frame {
	uint32_t length;
	struct iovec parts[1 + COMPAT_MESSAGE_PARTS];
};

static size_t total_length(const struct iovec *parts, int count)
{
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += parts[i].iov_len;
	return length;
}

static void make_frame(struct frame *frame, const struct iovec *parts, int count)
{
	frame->length = (uint32_t)total_length(parts, count);
	frame->parts[0] = (struct iovec){ &frame->length, sizeof frame->length };
	for (int i = 0; i < count; i++)
		frame->parts[1 + i] = parts[i];
}

/* Advance by this many bytes: they are done. */
static void skip_bytes(struct iovec *parts, int count, size_t bytes)
{
	for (int i = 0; i < count; i++) {
		size_t step = bytes < parts[i].iov_len ? bytes : parts[i].iov_len;

		parts[i].iov_base = (char *)parts[i].iov_base + step;
		parts[i].iov_len -= step;
		bytes -= step;
	}
}

int compat_message_send(int fd, struct iovec *parts, int count, size_t *sent)
{
	struct frame frame;
	struct msghdr message = message_of(frame.parts, count + 1);

	make_frame(&frame, parts, count);
	skip_bytes(frame.parts, count + 1, *sent);
	while (total_length(frame.parts, count + 1) > 0) {
		ssize_t length = compat_sendmsg(fd, &message);

		if (length < 0)
			return -1;
		skip_bytes(frame.parts, count + 1, (size_t)length);
		*sent += (size_t)length;
	}
	return 0;
}

/* Read one time: up to all of the parts. */
static ssize_t read_parts(int fd, struct iovec *parts, int count, bool wait)
{
	struct msghdr message = message_of(parts, count);

	return wait ? recvmsg(fd, &message, 0) : compat_recvmsg(fd, &message, 0);
}

/* Shorten the parts to the length of the message: false if that is longer. */
static bool fit_parts(struct frame *frame, int count)
{
	size_t rest = frame->length;

	for (int i = 1; i <= count; i++) {
		if (rest < frame->parts[i].iov_len)
			frame->parts[i].iov_len = rest;
		rest -= frame->parts[i].iov_len;
	}
	return rest == 0;
}

/* Receive the rest of the message: its length, 0 for the end of the stream, -1 with errno. */
static ssize_t receive_rest(int fd, struct iovec *parts, int count, bool wait,
			    struct compat_progress *progress)
{
	for (;;) {
		/* The length first: nothing of the next message is read. */
		bool in_header = progress->done < sizeof progress->length;
		struct frame rest;
		ssize_t length;

		make_frame(&rest, parts, count);
		rest.length = progress->length;
		rest.parts[0].iov_base = &progress->length;
		if (!in_header && !fit_parts(&rest, count)) {
			errno = EBADMSG;
			return -1;
		}
		if (!in_header && progress->done == sizeof progress->length + progress->length)
			return (ssize_t)progress->length;
		skip_bytes(rest.parts, count + 1, progress->done);
		length = read_parts(fd, rest.parts, in_header ? 1 : count + 1, wait);
		if (length <= 0)
			return length;
		progress->done += (size_t)length;
	}
}

ssize_t compat_message_receive(int fd, struct iovec *parts, int count, bool wait,
			       struct compat_progress *progress, struct compat_peer *sender)
{
	ssize_t length = receive_rest(fd, parts, count, wait, progress);

	if (length >= 0)
		progress->done = 0;
	if (sender != NULL) {
		int saved = errno;

		*sender = (struct compat_peer){ .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
		if (length >= 0 && compat_peer(fd, sender) == 0)
			sender->pid = 1;
		errno = saved;
	}
	return length;
}

#endif
