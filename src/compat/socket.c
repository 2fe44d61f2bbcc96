/* SPDX-License-Identifier: MIT */
/*
 * Sockets that are not inherited, calls that do not wait, and the creator of the other end.
 * Thread-safe.
 */
#include "compat/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "compat/pidfd.h"

#ifdef HAVE_SOCK_CLOEXEC
int compat_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int compat_socket_pair(int type, int ends[2])
{
	return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0 ? -errno : 0;
}
#else
/* A program that another thread executes just now may inherit the sockets. */
int compat_socket(int family, int type)
{
	int fd = socket(family, type, 0);

	if (fd < 0)
		return -errno;
	fd_set_cloexec(fd, true);
	return fd;
}

int compat_socket_pair(int type, int ends[2])
{
	if (socketpair(AF_UNIX, type, 0, ends) < 0)
		return -errno;
	fd_set_cloexec(ends[0], true);
	fd_set_cloexec(ends[1], true);
	return 0;
}
#endif

#ifdef HAVE_MSG_DONTWAIT
ssize_t compat_sendmsg(int socket, const struct msghdr *message)
{
	return sendmsg(socket, message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t compat_recvmsg(int socket, struct msghdr *message, int flags)
{
	return recvmsg(socket, message, flags | MSG_DONTWAIT);
}
#else
/* Others that share the socket do not wait either, for this moment. */
ssize_t compat_sendmsg(int socket, const struct msghdr *message)
{
	int flags = fcntl(socket, F_GETFL), saved;
	struct fd_no_sigpipe guard;
	ssize_t sent;

	if (flags < 0)
		return -1;
	fd_block_sigpipe(&guard);
	fcntl(socket, F_SETFL, flags | O_NONBLOCK);
	sent = sendmsg(socket, message, 0);
	saved = errno;
	fcntl(socket, F_SETFL, flags);
	fd_unblock_sigpipe(&guard, sent < 0 && saved == EPIPE);
	errno = saved;
	return sent;
}

/* Nobody else reads from the socket. */
ssize_t compat_recvmsg(int socket, struct msghdr *message, int flags)
{
	struct pollfd readable = { .fd = socket, .events = POLLIN };
	int ready = poll(&readable, 1, 0);

	if (ready == 0)
		errno = EAGAIN;
	return ready <= 0 ? -1 : recvmsg(socket, message, flags);
}
#endif

ssize_t compat_recv(int socket, void *bytes, size_t size, int flags)
{
	struct iovec part = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	return compat_recvmsg(socket, &message, flags);
}

#ifdef COMPAT_LINUX
#include <linux/sockios.h>
#include <sys/ioctl.h>

/* Since Linux 6.5; some architectures have different numbers. */
#if !defined(SO_PEERPIDFD) && SO_PASSCRED == 16
#define SO_PEERPIDFD 77
#endif

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

bool compat_has_ended(int socket)
{
	struct pollfd end = { .fd = socket };
	int count;

	/* First the end: afterwards nothing more can arrive. */
	if (poll(&end, 1, 0) <= 0)
		return false;
	return ioctl(socket, FIONREAD, &count) < 0 || count == 0;
}
#else
#include <sys/stat.h>

int compat_peer(int socket, struct compat_peer *peer)
{
	struct stat status;

	/* The socket pair's creator owns the other end. */
	if (fstat(socket, &status) < 0)
		return -errno;
	peer->pid = 0;
	peer->uid = status.st_uid;
	peer->gid = status.st_gid;
	return 0;
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

bool compat_has_ended(int socket)
{
	(void)socket;
	return true; /* a stream has no empty packets */
}
#endif
