/* SPDX-License-Identifier: MIT */
/* The answer to a request that came with a signal: the side of who is asked. */
#ifndef IPC_REPLY_H
#define IPC_REPLY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The name under which whoever asks listens, beside its cookie. */
#define REPLY_ADDRESS "request"

struct reply {
	int line; /* to whoever asked, or -1 */
	bool given;
	pid_t owner; /* a child that is forked meanwhile has nothing to say */
};

/* Call whoever asked with this cookie, if it is not 0; nothing in it can fail. */
void reply_begin(struct reply *answer, pid_t owner, uint32_t cookie, int signal);

/* Each 0 or a negative errno with its text. */
int reply_status(struct reply *answer, const char *text);
int reply_send(struct reply *answer, int error, const char *text);

/* Give this one unless there was one, and hang up. */
void reply_end(struct reply *answer, int error, const char *text);

#endif /* IPC_REPLY_H */
