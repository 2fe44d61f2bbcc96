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

#include "base/fd.h"

#ifdef COMPAT_LINUX
#define MESSAGE_SOCKET SOCK_SEQPACKET
const bool compat_message_keeps_rest = false;
#else
#define MESSAGE_SOCKET SOCK_STREAM
const bool compat_message_keeps_rest = true;
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

void compat_passed_close(struct compat_passed *passed)
{
	while (passed->count > 0)
		fd_close(passed->fds[--passed->count]);
}

void compat_put_descriptors(struct cmsghdr *header, const int *fds, size_t count)
{
	size_t size = count * sizeof *fds;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	/* Systems differ in its type. */
	header->cmsg_len = (__typeof__(header->cmsg_len))CMSG_LEN(size);
	memcpy(CMSG_DATA(header), fds, size);
}

static void take_descriptors(const struct cmsghdr *header, struct compat_passed *passed)
{
	size_t size = header->cmsg_len - CMSG_LEN(0);

	for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + at, sizeof fd);
		if (passed->count < COMPAT_PASSED_MAX)
			passed->fds[passed->count++] = fd;
		else
			fd_close(fd);
	}
}

#ifdef COMPAT_LINUX

union control {
	char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(COMPAT_PASSED_MAX * sizeof(int))];
	struct cmsghdr aligned;
};

/* All control data: the credentials, and the descriptors. */
static void put_control(struct msghdr *message, union control *space, bool credentials,
			const struct compat_passed *passed)
{
	struct ucred own = { .pid = getpid(), .uid = geteuid(), .gid = getegid() };
	size_t used = credentials ? CMSG_SPACE(sizeof own) : 0;
	struct cmsghdr *header = &space->aligned;

	memset(space, 0, sizeof *space);
	if (credentials) {
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_CREDENTIALS;
		header->cmsg_len = CMSG_LEN(sizeof own);
		memcpy(CMSG_DATA(header), &own, sizeof own);
	}
	if (passed != NULL && passed->count > 0) {
		compat_put_descriptors((struct cmsghdr *)(void *)(space->bytes + used), passed->fds,
				       (size_t)passed->count);
		used += CMSG_SPACE((size_t)passed->count * sizeof *passed->fds);
	}
	message->msg_control = used > 0 ? space->bytes : NULL;
	message->msg_controllen = (__typeof__(message->msg_controllen))used;
}

int compat_message_send(int fd, struct iovec *parts, int count, size_t *sent,
			const struct compat_passed *passed)
{
	struct msghdr message = message_of(parts, count);
	union control space;
	ssize_t length;

	(void)sent; /* all or nothing */
	put_control(&message, &space, true, passed);
	length = compat_sendmsg(fd, &message);
	/* The user has no id in this user namespace. */
	if (length < 0 && (errno == EPERM || errno == EINVAL)) {
		put_control(&message, &space, false, passed);
		length = compat_sendmsg(fd, &message);
	}
	return length < 0 ? -1 : 0;
}

static void set_credentials(int socket, int on)
{
	setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

static void take_credentials(const struct cmsghdr *header, struct compat_peer *sender)
{
	struct ucred credentials;

	memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
	*sender = (struct compat_peer){ credentials.pid, credentials.uid, credentials.gid };
}

/* The macro of musl converts the sign. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static struct cmsghdr *next_header(struct msghdr *message, struct cmsghdr *header)
{
	return CMSG_NXTHDR(message, header);
}
#pragma GCC diagnostic pop

ssize_t compat_message_receive(int fd, struct iovec *parts, int count, bool wait,
			       struct compat_progress *progress, struct compat_peer *sender,
			       struct compat_passed *passed)
{
	union control space;
	struct msghdr message = message_of(parts, count);
	struct compat_passed none = { .count = COMPAT_PASSED_MAX };
	int flags = wait ? 0 : MSG_DONTWAIT;
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
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
	     header = next_header(&message, header)) {
		if (header->cmsg_type == SCM_CREDENTIALS)
			take_credentials(header, sender);
		else if (header->cmsg_type == SCM_RIGHTS)
			take_descriptors(header, passed != NULL ? passed : &none);
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

union control {
	char bytes[CMSG_SPACE(COMPAT_PASSED_MAX * sizeof(int))];
	struct cmsghdr aligned;
};

int compat_message_send(int fd, struct iovec *parts, int count, size_t *sent,
			const struct compat_passed *passed)
{
	struct frame frame;
	struct msghdr message = message_of(frame.parts, count + 1);
	union control space = { .bytes = { 0 } };

	/* With the first byte. */
	if (passed != NULL && passed->count > 0 && *sent == 0) {
		compat_put_descriptors(&space.aligned, passed->fds, (size_t)passed->count);
		message.msg_control = space.bytes;
		message.msg_controllen = (__typeof__(message.msg_controllen))CMSG_SPACE(
			(size_t)passed->count * sizeof *passed->fds);
	}
	make_frame(&frame, parts, count);
	skip_bytes(frame.parts, count + 1, *sent);
	while (total_length(frame.parts, count + 1) > 0) {
		ssize_t length = compat_sendmsg(fd, &message);

		if (length < 0)
			return -1;
		message.msg_control = NULL;
		message.msg_controllen = 0;
		skip_bytes(frame.parts, count + 1, (size_t)length);
		*sent += (size_t)length;
	}
	return 0;
}

/* Read one time: up to all of the parts. */
static ssize_t read_parts(int fd, struct iovec *parts, int count, bool wait,
			  struct compat_passed *passed)
{
	struct msghdr message = message_of(parts, count);
	struct cmsghdr *header;
	union control space;
	ssize_t length;

	if (passed != NULL) {
		message.msg_control = space.bytes;
		message.msg_controllen = sizeof space.bytes;
	}
	length = wait ? recvmsg(fd, &message, 0) : compat_recvmsg(fd, &message, 0);
	header = length > 0 && passed != NULL ? CMSG_FIRSTHDR(&message) : NULL;
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		take_descriptors(header, passed);
	for (int i = 0; passed != NULL && i < passed->count; i++)
		fd_set_cloexec(passed->fds[i], true);
	return length;
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
			    struct compat_progress *progress, struct compat_passed *passed)
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
		length = read_parts(fd, rest.parts, in_header ? 1 : count + 1, wait, passed);
		if (length <= 0)
			return length;
		progress->done += (size_t)length;
	}
}

ssize_t compat_message_receive(int fd, struct iovec *parts, int count, bool wait,
			       struct compat_progress *progress, struct compat_peer *sender,
			       struct compat_passed *passed)
{
	ssize_t length = receive_rest(fd, parts, count, wait, progress, passed);

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
