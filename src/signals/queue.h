/* SPDX-License-Identifier: MIT */
/* The queue between signal handlers and the thread that dispatches: a pipe of records. */
#ifndef SIGNALS_QUEUE_H
#define SIGNALS_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One more than the highest signal number of any system. */
#define SIGNAL_NUMBERS 129

/* No user, and so not root, who is 0. */
#define SIGNAL_NOBODY ((uid_t)-1)

/* One signal that arrived; the size divides every page's. */
struct signal_record {
	int number; /* 0: none; the record only makes the pipe readable */
	int value;
	pid_t pid;       /* 0: it is not known who sent it */
	uid_t uid;       /* SIGNAL_NOBODY then */
	uint32_t cookie; /* of a request, or 0 */
	uint32_t unused[3];
};

#define SIGNAL_QUEUE_DESCRIPTORS 2

/* How many records are read at a time. */
#define SIGNAL_QUEUE_BATCH 128

struct signal_queue {
	struct signal_queue *next; /* in the process's list, see signals/handler.c */
	_Atomic pid_t owner;       /* the process that may read from it */
	int ends[2];               /* of the pipe: neither end blocks */

	/* Shared with the handlers: signals that arrived while the pipe was full. */
	atomic_bool overflow; /* there may be one */
	atomic_bool overflowed[SIGNAL_NUMBERS];

	/* The reader's own. */
	struct signal_record batch[SIGNAL_QUEUE_BATCH]; /* was read from the pipe */
	size_t taken, count;                            /* of that */
	size_t waiting; /* bytes in the pipe that belong to this pass */
	int number;     /* from here on overflowed signals are looked for; 0: not yet */
	bool woken;     /* a record of the reader's own is in the pipe */
};

/* Make an empty queue of this process: 0 or a negative errno. */
int signal_queue_open(struct signal_queue *queue);

/* Close it; no handler may use it any more. */
void signal_queue_close(struct signal_queue *queue);

/* Does it belong to this process, and not to one that it was forked from? */
bool signal_queue_is_own(const struct signal_queue *queue);

/*
 * In a forked process without other threads, its signals blocked: make the
 * queue its own, empty, apart from the parent's, and with the same descriptor
 * numbers.  Returns 0 or a negative errno.
 */
int signal_queue_renew(struct signal_queue *queue);

/* The descriptors, SIGNAL_QUEUE_DESCRIPTORS of them. */
void signal_queue_descriptors(const struct signal_queue *queue, int *fds);

/* Add a record: for handlers, any number of them at once.  Async-signal-safe. */
void signal_queue_put(struct signal_queue *queue, const struct signal_record *record);

/*
 * Begin to take what has arrived until now: 0 or a negative errno.  Then take
 * it one by one: 1, 0 at the end, or a negative errno.  Who stops before the
 * end calls signal_queue_leave(), so that the descriptor stays readable.
 */
int signal_queue_begin(struct signal_queue *queue);
int signal_queue_take(struct signal_queue *queue, struct signal_record *record);
void signal_queue_leave(struct signal_queue *queue);

#endif /* SIGNALS_QUEUE_H */
