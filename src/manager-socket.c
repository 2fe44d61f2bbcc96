/* SPDX-License-Identifier: MIT */
/*
 * The notification protocol of systemd, spoken by ourselves: one datagram of
 * assignments to the socket that NOTIFY_SOCKET names.
 * Thread-safe on different objects.
 */
#include "manager.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "compat-vsock.h"
#include "deadline.h"
#include "error.h"
#include "fd.h"
#include "number.h"

/* So many descriptors fit into one message (SCM_MAX_FD of the kernel). */
#define FDS_MAX 253

struct target {
	struct sockaddr_storage address;
	socklen_t length;
	int types[3]; /* kinds of sockets, in the order in which they are tried */
	int type_count;
};

static int parse_local(const char *text, struct target *target)
{
	struct sockaddr_un *local = (struct sockaddr_un *)(void *)&target->address;
	size_t length = strlen(text);

	if (length >= sizeof local->sun_path)
		return -ENAMETOOLONG;
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, text, length);
	target->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (text[0] == '@')
		local->sun_path[0] = '\0';
	else
		target->length++;
	target->types[0] = SOCK_DGRAM;
	target->type_count = 1;
	return 0;
}

/* "vsock:CID:PORT", or with the kind of socket said: "vsock-stream:CID:PORT". */
static int parse_vsock(const char *text, struct target *target)
{
	static const struct {
		const char *prefix;
		int types[3], count;
	} kinds[] = {
		{ "vsock:", { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM }, 3 },
		{ "vsock-stream:", { SOCK_STREAM }, 1 },
		{ "vsock-dgram:", { SOCK_DGRAM }, 1 },
		{ "vsock-seqpacket:", { SOCK_SEQPACKET }, 1 },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t length = strlen(kinds[i].prefix);
		const char *cid = text + length, *colon;
		uint64_t cid_number, port_number;

		if (strncmp(text, kinds[i].prefix, length) != 0)
			continue;
		colon = strchr(cid, ':');
		if (colon == NULL ||
		    number_parse(cid, (size_t)(colon - cid), UINT32_MAX, &cid_number) < 0 ||
		    number_parse(colon + 1, strlen(colon + 1), UINT32_MAX, &port_number) < 0)
			return -EINVAL;
		memcpy(target->types, kinds[i].types, sizeof target->types);
		target->type_count = kinds[i].count;
		return compat_vsock_address((uint32_t)cid_number, (uint32_t)port_number,
					    &target->address, &target->length);
	}
	return -EAFNOSUPPORT;
}

static int parse(const char *text, struct target *target)
{
	memset(target, 0, sizeof *target);
	if (text[0] == '/' || (text[0] == '@' && text[1] != '\0'))
		return parse_local(text, target);
	return parse_vsock(text, target);
}

/* A socket that leads to the manager: a descriptor or a negative errno. */
static int connect_to(const char *text)
{
	struct target target;
	int error = parse(text, &target);

	for (int i = 0; i < target.type_count && error != -ENOENT; i++) {
		int fd = socket(target.address.ss_family, target.types[i] | SOCK_CLOEXEC, 0);

		fd = fd < 0 ? -errno : fd_above_standard(fd);
		if (fd < 0) {
			error = fd;
			continue;
		}
		if (connect(fd, (const struct sockaddr *)&target.address, target.length) == 0)
			return fd;
		error = -errno;
		fd_close(fd);
	}
	return error;
}

int manager_connect(struct manager *manager)
{
	int fd;

	if (manager->address == NULL || manager->fd >= 0)
		return 0;
	fd = connect_to(manager->address);
	if (fd < 0)
		return error_system(fd, "NOTIFY_SOCKET %s", manager->address);
	manager->fd = fd;
	return 0;
}

static int send_message(int fd, const char *text, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec part = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count > 0) {
		struct cmsghdr *header = &control.align;

		memset(&control, 0, sizeof control);
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof *fds);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof *fds);
		memcpy(CMSG_DATA(header), fds, count * sizeof *fds);
	}
	while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int manager_send(struct manager *manager, const char *assignments, const int *fds,
		 size_t count)
{
	int fd, result;

	if (manager->address == NULL)
		return 0;
	if (count > FDS_MAX)
		return error_set(-E2BIG, "NOTIFY_SOCKET: %zu descriptors in one message", count);
	fd = manager->fd >= 0 ? manager->fd : connect_to(manager->address);
	result = fd < 0 ? fd : send_message(fd, assignments, fds, count);
	if (fd != manager->fd)
		fd_close(fd);
	return result < 0 ? error_system(result, "NOTIFY_SOCKET %s", manager->address) : 0;
}

int manager_barrier(struct manager *manager, int timeout)
{
	struct pollfd closed = { .fd = -1 };
	deadline until = deadline_after(timeout);
	int ends[2], result;

	if (manager->address == NULL)
		return 0;
	result = fd_pipe(ends, false);
	if (result < 0)
		return error_system(result, "barrier");
	/* The manager closes its copy of the pipe when it has come to it. */
	result = manager_send(manager, "BARRIER=1", &ends[1], 1);
	fd_close(ends[1]);
	closed.fd = ends[0];
	if (result == 0) {
		result = deadline_poll(&closed, 1, until);
		if (result == 0)
			result = error_set(-ETIMEDOUT, "the manager has not read all in time");
		else if (result < 0)
			error_system(result, "barrier");
		else
			result = 0;
	}
	fd_close(ends[0]);
	return result;
}
