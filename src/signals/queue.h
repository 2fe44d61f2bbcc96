/* SPDX-License-Identifier: MIT */
/* What signal handlers leave for one thread to take: without limit and in order. */
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
	int number;
	int value;
	pid_t pid; /* 0: it is not known who sent it */
	uid_t uid; /* SIGNAL_NOBODY then */
	uint32_t ticket; /* of a request, or 0 */
	uint32_t unused[3];
};

#define SIGNAL_QUEUE_DESCRIPTORS 4

struct signal_queue {
	struct signal_queue *next; /* in the process's list, see signals/handler.c */
	_Atomic pid_t owner;       /* the process that may take from it */
	int files[2];              /* of records; handlers append to one of them */
	int wake[2];               /* a pipe, readable while there is something to take */

	/* Shared with the handlers. */
	atomic_uint active;                 /* to which file they append */
	atomic_uint writers[2];             /* how many are just doing it */
	atomic_bool full[2];                /* a file takes no more until it is emptied */
	atomic_bool missed[SIGNAL_NUMBERS]; /* arrived while the file was full */

	/* The taker's own. */
	unsigned reading; /* from which file it takes */
	bool sealed;      /* handlers do not append to that one any more */
	bool again;       /* after that one there is the other */
	off_t offset;     /* up to where it has taken */
};

/* Make an empty queue of this process: 0 or a negative errno. */
int signal_queue_open(struct signal_queue *queue);

/* Close it; no handler may use it any more. */
void signal_queue_close(struct signal_queue *queue);

/*
 * In a forked process without other threads, its signals blocked: make the
 * queue its own, empty, apart from the parent's, and with the same descriptor
 * numbers.  Returns 0 or a negative errno.
 */
int signal_queue_renew(struct signal_queue *queue);

/* The descriptors, SIGNAL_QUEUE_DESCRIPTORS of them. */
void signal_queue_descriptors(const struct signal_queue *queue, int *fds);

/* Add a record: for handlers, any number of them at once.  Async-signal-safe. */
void signal_queue_append(struct signal_queue *queue, const struct signal_record *record);

/*
 * Begin to take what has arrived until now, then take it one by one: 1, 0 at
 * the end, or a negative errno.  Who stops before the end calls
 * signal_queue_leave(), so that the descriptor stays readable.
 */
void signal_queue_begin(struct signal_queue *queue);
int signal_queue_take(struct signal_queue *queue, struct signal_record *record);
void signal_queue_leave(struct signal_queue *queue);

#endif /* SIGNALS_QUEUE_H */
