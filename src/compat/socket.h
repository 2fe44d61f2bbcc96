/* SPDX-License-Identifier: MIT */
/*
 * Sockets that are not inherited, calls that do not wait, and what the kernel reports about
 * the other end of a local socket.
 */
#ifndef COMPAT_SOCKET_H
#define COMPAT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* socket(2) and socketpair(2), close-on-exec: a descriptor or 0; or a negative errno. */
int compat_socket(int family, int type);
int compat_socket_pair(int type, int ends[2]);

/* sendmsg(2) without waiting and without SIGPIPE; recvmsg(2) and recv(2) without waiting. */
ssize_t compat_sendmsg(int socket, const struct msghdr *message);
ssize_t compat_recvmsg(int socket, struct msghdr *message, int flags);
ssize_t compat_recv(int socket, void *bytes, size_t size, int flags);

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
 * Is the other end closed, and no byte left to receive, after recv(2) has returned 0?  It
 * does so for an empty packet too.
 */
bool compat_has_ended(int socket);

#endif /* COMPAT_SOCKET_H */
