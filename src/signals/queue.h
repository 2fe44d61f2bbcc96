/* SPDX-License-Identifier: MIT */
/* The queue between signal handlers and the thread that dispatches: a pipe of records. */
#ifndef SIGNALS_QUEUE_H
#define SIGNALS_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "signals/fork-guard.h"

/* The highest signal number of any system, plus one. */
#define SIGNAL_NUMBERS 129

/* Not a valid user id; 0 would mean root. */
#define SIGNAL_NO_SENDER ((uid_t)-1)

/* A signal that arrived.  The size must divide the page size. */
struct signal_record {
	int number; /* 0: no signal; the record only makes the pipe readable */
	int value;
	pid_t pid;       /* 0: the sender is unknown */
	uid_t uid;       /* SIGNAL_NO_SENDER then */
	uint32_t cookie; /* of a request, or 0 */
	uint32_t unused[3];
};

#define SIGNAL_QUEUE_DESCRIPTORS 2

/* How many records are read at once. */
#define SIGNAL_QUEUE_BATCH 128

struct signal_queue {
	struct signal_queue *next; /* in the process's list, see signals/handler.c */
	fork_guard owner;          /* the process that may read from it */
	int ends[2];               /* of the pipe: both are non-blocking */

	/* Shared with the handlers: signals that arrived while the pipe was full. */
	atomic_bool overflow; /* some signal may have arrived */
	atomic_bool overflowed[SIGNAL_NUMBERS];

	/* Used by the reader only. */
	struct signal_record batch[SIGNAL_QUEUE_BATCH]; /* records read from the pipe */
	size_t taken, count;                            /* records of the batch */
	size_t waiting; /* bytes in the pipe that belong to this pass */
	int number;     /* next overflowed signal to look for; 0: not started */
	bool woken;     /* the reader's own record is in the pipe */
};

/* Create an empty queue of this process: 0 or a negative errno. */
int signal_queue_open(struct signal_queue *queue);

/* Close it; handlers must not use it any longer. */
void signal_queue_close(struct signal_queue *queue);

/* Does it belong to this process, rather than to its parent? */
bool signal_queue_is_own(const struct signal_queue *queue);

/*
 * In a forked process without other threads and with its signals blocked: make
 * the queue its own, empty, separate from the parent's, with the same
 * descriptor numbers.  Returns 0 or a negative errno.
 */
int signal_queue_renew(struct signal_queue *queue);

/* The descriptors, SIGNAL_QUEUE_DESCRIPTORS of them. */
void signal_queue_descriptors(const struct signal_queue *queue, int *fds);

/* Add a record: for handlers, any number of them at once.  Async-signal-safe. */
void signal_queue_put(struct signal_queue *queue, const struct signal_record *record);

/*
 * Begin to take the signals that have arrived so far: 0 or a negative errno.
 * Then take them one by one: 1, 0 at the end, or a negative errno.  A caller
 * that stops early calls signal_queue_leave(), so that the descriptor stays
 * readable.
 */
int signal_queue_begin(struct signal_queue *queue);
int signal_queue_take(struct signal_queue *queue, struct signal_record *record);
void signal_queue_leave(struct signal_queue *queue);

#endif /* SIGNALS_QUEUE_H */
