/* SPDX-License-Identifier: MIT */
/*
 * The notification protocol of systemd without libsystemd: one datagram of assignments to
 * the socket named by NOTIFY_SOCKET.
 * Thread-safe on different objects.
 */
#include "manager/manager.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/message.h"
#include "compat/pipe.h"
#include "compat/socket.h"
#include "manager/notify-address.h"

/* The maximum number of descriptors per message (SCM_MAX_FD of the kernel). */
#define FDS_MAX 253

void manager_connect(struct manager *manager)
{
	int fd;

	/* A vsock address needs no path, so it works in any root; one connection per message. */
	if (manager->address == NULL || manager->fd >= 0 ||
	    !manager_address_is_local(manager->address))
		return;
	fd = manager_address_connect(manager->address);
	if (fd >= 0)
		manager->fd = fd;
}

/* Send a message, if necessary in parts (a stream), waiting until the deadline for space. */
static int transmit_message(int fd, struct msghdr *message, deadline until, const int *others)
{
	for (;;) {
		struct pollfd writable = { .fd = fd, .events = POLLOUT };
		ssize_t sent = compat_sendmsg(fd, message);
		int result;

		if (sent >= 0 && (size_t)sent == message->msg_iov->iov_len)
			return 0;
		if (sent >= 0) {
			message->msg_iov->iov_base = (char *)message->msg_iov->iov_base + sent;
			message->msg_iov->iov_len -= (size_t)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		result = deadline_poll_unless(&writable, others, until);
		if (result <= 0)
			return result < 0 ? result : -ETIMEDOUT;
	}
}

static int send_message(int fd, const char *text, const int *fds, size_t count, deadline until,
			const int *others)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec part = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count > 0) {
		memset(&control, 0, sizeof control);
		message.msg_control = control.bytes;
		message.msg_controllen = (socklen_t)CMSG_SPACE(count * sizeof *fds);
		compat_put_descriptors(&control.align, fds, count);
	}
	return transmit_message(fd, &message, until, others);
}

static int send_to(struct manager *manager, const char *assignments, const int *fds, size_t count,
		   deadline until, const int *others)
{
	int fd, result;

	if (manager->address == NULL)
		return 0;
	if (count > FDS_MAX)
		return error_set(-E2BIG, "NOTIFY_SOCKET: %zu descriptors in one message", count);
	if (count > 0 && !manager_address_is_local(manager->address))
		return error_system(-EOPNOTSUPP, "NOTIFY_SOCKET %s: sending a descriptor",
				    manager->address);
	fd = manager->fd >= 0 ? manager->fd : manager_address_connect(manager->address);
	result = fd < 0 ? fd : send_message(fd, assignments, fds, count, until, others);
	if (fd != manager->fd)
		fd_close(fd);
	return result < 0 ? error_system(result, "NOTIFY_SOCKET %s", manager->address) : 0;
}

int manager_send(struct manager *manager, const char *assignments, const int *fds, size_t count)
{
	return send_to(manager, assignments, fds, count, DEADLINE_NEVER, NULL);
}

int manager_send_until(struct manager *manager, const char *assignments, deadline until,
		       const int *others)
{
	return send_to(manager, assignments, NULL, 0, until, others);
}

int manager_barrier(struct manager *manager, int timeout)
{
	struct pollfd closed = { .fd = -1 };
	deadline until = deadline_after(timeout);
	int ends[2], result;

	if (manager->address == NULL)
		return 0;
	result = compat_pipe(ends, false);
	if (result < 0)
		return error_system(result, "barrier");
	/* The manager closes its copy of the pipe after it has read all previous messages. */
	result = send_to(manager, "BARRIER=1", &ends[1], 1, until, NULL);
	fd_close(ends[1]);
	closed.fd = ends[0];
	if (result == 0) {
		result = deadline_poll(&closed, 1, until);
		if (result == 0)
			result = -ETIMEDOUT;
		else if (result < 0)
			error_system(result, "barrier");
		else
			result = 0;
	}
	fd_close(ends[0]);
	if (result == -ETIMEDOUT)
		error_set(result, "NOTIFY_SOCKET %s: the manager has not read all in time",
			  manager->address);
	return result;
}
