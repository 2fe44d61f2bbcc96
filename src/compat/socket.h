/* SPDX-License-Identifier: MIT */
/* What the kernel says about the other end of a local socket. */
#ifndef COMPAT_SOCKET_H
#define COMPAT_SOCKET_H

#include <sys/types.h>
#include <sys/uio.h>

struct compat_peer {
	pid_t pid; /* 0: not known, or not visible in this pid namespace */
	uid_t uid;
	gid_t gid;
};

/*
 * Who made the other end: of a socket that accept(2) returned, the process that
 * connected, as it was then; of one that is connected, the process that called
 * listen(2), which may have passed the socket on to anybody since.
 */
int compat_peer(int socket, struct compat_peer *peer);

/* A pidfd of that process, or a negative errno: -ESRCH when it has ended. */
int compat_peer_pidfd(int socket);

/*
 * sendmsg(2) with this process's credentials (effective user and group), which the
 * kernel verifies.  Where it cannot, the message goes without.
 */
ssize_t compat_send(int socket, struct iovec *parts, int count, int flags);

/*
 * recvmsg(2) of one message, and who sent it.  The process in *sender is 0 for a
 * message without verified credentials.  Where the system has no credentials of
 * messages, *sender is the process that made the other end, and process 1 where
 * its pid is unknown.
 */
ssize_t compat_receive(int socket, struct iovec *parts, int count, int flags,
		       struct compat_peer *sender);

#endif /* COMPAT_SOCKET_H */
