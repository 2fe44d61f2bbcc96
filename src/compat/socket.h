/* SPDX-License-Identifier: MIT */
/* What the kernel reports about the other end of a local socket. */
#ifndef COMPAT_SOCKET_H
#define COMPAT_SOCKET_H

#include <sys/types.h>
#include <sys/uio.h>

struct compat_peer {
	pid_t pid; /* 0: unknown, or not visible in this pid namespace */
	uid_t uid;
	gid_t gid;
};

/*
 * The creator of the other end.  For a socket from accept(2) this is the
 * process that connected, as it was then.  For a connected socket it is the
 * process that called listen(2), which may have passed the socket on to another
 * process since.
 */
int compat_peer(int socket, struct compat_peer *peer);

/* A pidfd of that process, or a negative errno: -ESRCH if it has exited. */
int compat_peer_pidfd(int socket);

/* How many bytes sent on this socket have not been received yet, or -1: unknown. */
int compat_unread(int socket);

/*
 * Is the other end of a socket of packets closed, and no byte left to receive?
 * recv(2) returns 0 then, but also for an empty packet.  Returns 1, 0, or -1:
 * unknown.
 */
int compat_has_ended(int socket);

/*
 * sendmsg(2) with this process's credentials (effective user and group), which
 * the kernel verifies.  If that fails, the message is sent without credentials.
 */
ssize_t compat_send(int socket, struct iovec *parts, int count, int flags);

/*
 * recvmsg(2) of one message, with its sender.  The process in *sender is 0 for
 * a message without verified credentials.  If the system does not support
 * credentials of messages, *sender is the process that created the other end,
 * with pid 1 if its pid is unknown.
 */
ssize_t compat_receive(int socket, struct iovec *parts, int count, int flags,
		       struct compat_peer *sender);

#endif /* COMPAT_SOCKET_H */
