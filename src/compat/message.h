/* SPDX-License-Identifier: MIT */
/*
 * Messages over a local socket: sequenced packets, or frames in a stream where the system has
 * no sequenced packets for local sockets.  A process that exits closes its end.
 */
#ifndef COMPAT_MESSAGE_H
#define COMPAT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "compat/socket.h"

/* Does a socket keep the part of a message that was not received? */
extern const bool compat_message_keeps_rest;

/* The maximum number of parts of a message. */
#define COMPAT_MESSAGE_PARTS 3

/* Create both ends, close-on-exec: 0 or a negative errno. */
int compat_message_pair(int ends[2]);

/* Is the descriptor a socket of this kind? */
bool compat_message_is_socket(int fd);

/* Descriptors that a message carries. */
#define COMPAT_PASSED_MAX 2

struct compat_passed {
	int fds[COMPAT_PASSED_MAX];
	int count;
};

/* Write the descriptors as control data of a message: CMSG_SPACE() of their size. */
void compat_put_descriptors(struct cmsghdr *header, const int *fds, size_t count);

/* Close all of them. */
void compat_passed_close(struct compat_passed *passed);

/*
 * Send a message without waiting and without SIGPIPE, with this process's credentials
 * (effective user and group) where the kernel verifies them; if that fails, without.  The
 * descriptors may be NULL; the receiver gets duplicates.
 * *sent is 0 at first.  Returns 0, or -1 with errno; if *sent is greater than 0 then, a part
 * of the message has been sent, and a later call with the same message must complete it.
 */
int compat_message_send(int fd, struct iovec *parts, int count, size_t *sent,
			const struct compat_passed *passed);

/* A message that has arrived in part; all 0 at first. */
struct compat_progress {
	size_t done;
	uint32_t length; /* of the message, once that has arrived */
};

/*
 * Receive a message, as recvmsg(2): its length; 0 if the other end is closed; -1 with errno.
 * What does not fit into the parts is lost, or the message is an error (EBADMSG).  After
 * EAGAIN and EINTR call again with the same parts and *progress.
 *
 * The sender may be NULL.  The process in *sender is 0 for a message without verified
 * credentials.  If the system does not support credentials of messages, *sender is the
 * process that created the other end, with pid 1 if its pid is unknown.
 *
 * Descriptors that the message carries are added to *passed, close-on-exec; those for which it
 * has no place, or all if it is NULL, are closed.  If it is not NULL, the sender is not either.
 */
ssize_t compat_message_receive(int fd, struct iovec *parts, int count, bool wait,
			       struct compat_progress *progress, struct compat_peer *sender,
			       struct compat_passed *passed);

#endif /* COMPAT_MESSAGE_H */
