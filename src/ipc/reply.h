/* SPDX-License-Identifier: MIT */
/* Replying to a request that came with a signal. */
#ifndef IPC_REPLY_H
#define IPC_REPLY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The name at which the requester listens, together with its cookie. */
#define REPLY_ADDRESS "request"

struct reply {
	int line; /* connection to the requester, or -1 */
	bool given;
	pid_t owner; /* a forked child must not reply */
};

/* Connect to the requester with this cookie, unless it is 0; cannot fail. */
void reply_begin(struct reply *answer, pid_t owner, uint32_t cookie, int signal);

/* Each 0 or a negative errno with its text. */
int reply_status(struct reply *answer, const char *text);
int reply_send(struct reply *answer, int error, const char *text);

/* Send this reply unless one was sent already, and close the connection. */
void reply_end(struct reply *answer, int error, const char *text);

#endif /* IPC_REPLY_H */
