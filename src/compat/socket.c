/* SPDX-License-Identifier: MIT */
/*
 * The other end of a local socket: its creator, and the sender of each message.
 * Thread-safe; compat_receive() on different sockets.
 */
#include "compat/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat/pidfd.h"

#ifdef COMPAT_LINUX
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

/* Since Linux 6.5; some architectures have different numbers. */
#if !defined(SO_PEERPIDFD) && SO_PASSCRED == 16
#define SO_PEERPIDFD 77
#endif

union credentials {
	char bytes[CMSG_SPACE(sizeof(struct ucred))];
	struct cmsghdr aligned;
};

int compat_peer(int socket, struct compat_peer *peer)
{
	struct ucred credentials;
	socklen_t length = sizeof credentials;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return -errno;
	peer->pid = credentials.pid;
	peer->uid = credentials.uid;
	peer->gid = credentials.gid;
	return 0;
}

int compat_peer_pidfd(int socket)
{
	struct compat_peer peer = { .pid = 0 };
	int result;
#ifdef SO_PEERPIDFD
	int fd;
	socklen_t length = sizeof fd;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &length) == 0)
		return fd;
	/* EINVAL and ENODATA: the process has been reaped. */
	if (errno == ESRCH || errno == EINVAL || errno == ENODATA)
		return -ESRCH;
#endif
	/* An earlier kernel: use the pid. */
	result = compat_peer(socket, &peer);
	if (result < 0)
		return result;
	return peer.pid > 0 ? compat_pidfd_open(peer.pid) : -ENOTSUP;
}

int compat_unread(int socket)
{
	int count;

	return ioctl(socket, SIOCOUTQ, &count) == 0 ? count : -1;
}

int compat_has_ended(int socket)
{
	struct pollfd end = { .fd = socket };
	int count;

	/* First the end: afterwards nothing more can arrive. */
	if (poll(&end, 1, 0) < 0)
		return -1;
	if ((end.revents & POLLHUP) == 0)
		return 0;
	return ioctl(socket, FIONREAD, &count) == 0 ? count == 0 : -1;
}

ssize_t compat_send(int socket, struct iovec *parts, int count, int flags)
{
	struct ucred own = { .pid = getpid(), .uid = geteuid(), .gid = getegid() };
	union credentials space = { .bytes = { 0 } };
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = (__typeof__(((struct msghdr *)0)->msg_iovlen))count,
		.msg_control = space.bytes,
		.msg_controllen = sizeof space.bytes,
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	ssize_t sent;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_CREDENTIALS;
	header->cmsg_len = CMSG_LEN(sizeof own);
	memcpy(CMSG_DATA(header), &own, sizeof own);
	sent = sendmsg(socket, &message, flags);
	/* The user has no id in this user namespace. */
	if (sent < 0 && (errno == EPERM || errno == EINVAL)) {
		message.msg_control = NULL;
		message.msg_controllen = 0;
		sent = sendmsg(socket, &message, flags);
	}
	return sent;
}

static void set_credentials(int socket, int on)
{
	setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

ssize_t compat_receive(int socket, struct iovec *parts, int count, int flags,
		       struct compat_peer *sender)
{
	union credentials space;
	struct msghdr message = {
		.msg_iov = parts,
		.msg_iovlen = (__typeof__(((struct msghdr *)0)->msg_iovlen))count,
		.msg_control = space.bytes,
		.msg_controllen = sizeof space.bytes,
	};
	struct cmsghdr *header;
	struct ucred credentials;
	ssize_t length;

	*sender = (struct compat_peer){ .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	/*
	 * Not earlier: a socket with this option is bound to an address when it sends,
	 * which may fail.
	 */
	set_credentials(socket, 1);
	length = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
	set_credentials(socket, 0);
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
#include <sys/stat.h>

int compat_peer(int socket, struct compat_peer *peer)
{
#ifdef HAVE_GETPEEREID
	peer->pid = 0;
	return getpeereid(socket, &peer->uid, &peer->gid) < 0 ? -errno : 0;
#else
	struct stat status;

	/* The socket pair's creator owns the other end. */
	if (fstat(socket, &status) < 0)
		return -errno;
	peer->pid = 0;
	peer->uid = status.st_uid;
	peer->gid = status.st_gid;
	return 0;
#endif
}

int compat_peer_pidfd(int socket)
{
	(void)socket;
	return -ENOTSUP;
}

int compat_unread(int socket)
{
	(void)socket;
	return -1;
}

int compat_has_ended(int socket)
{
	(void)socket;
	return -1;
}

ssize_t compat_send(int socket, struct iovec *parts, int count, int flags)
{
	struct msghdr message = { .msg_iov = parts };

	message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
	return sendmsg(socket, &message, flags);
}

ssize_t compat_receive(int socket, struct iovec *parts, int count, int flags,
		       struct compat_peer *sender)
{
	struct msghdr message = { .msg_iov = parts };
	ssize_t length;
	int saved;

	message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
	length = recvmsg(socket, &message, flags);
	saved = errno;

	*sender = (struct compat_peer){ .pid = 0, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	if (length >= 0 && compat_peer(socket, sender) == 0)
		sender->pid = 1;
	errno = saved;
	return length;
}
#endif
