/* SPDX-License-Identifier: MIT */
/*
 * The queue between signal handlers and the thread that dispatches.
 *
 * The queue is a pipe of records.  A write of this size is atomic (PIPE_BUF), preserves
 * the order, and needs neither memory nor a lock of this process; the pipe is readable
 * while it is not empty.  When it is full, a flag for each signal records its arrival.
 *
 * signal_queue_put() is async-signal-safe and may run in many threads; all other
 * functions are for one thread at a time.
 */
#include "signals/queue.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "compat/pipe.h"

/* The default of fs.pipe-max-size, the limit for unprivileged users. */
#define PIPE_SIZE ((size_t)1 << 20)

_Static_assert(4096 % sizeof(struct signal_record) == 0, "records must fill a page evenly");

static void reset_queue(struct signal_queue *queue)
{
	atomic_store(&queue->overflow, false);
	for (int number = 0; number < SIGNAL_NUMBERS; number++)
		atomic_store(&queue->overflowed[number], false);
	queue->taken = queue->count = 0;
	queue->waiting = 0;
	queue->number = 0;
	queue->woken = false;
	atomic_store(&queue->owner, getpid());
}

int signal_queue_open(struct signal_queue *queue)
{
	int result = compat_pipe(queue->ends, true);

	queue->next = NULL;
	if (result < 0)
		return result;
	compat_pipe_enlarge(queue->ends[1], PIPE_SIZE);
	reset_queue(queue);
	return 0;
}

void signal_queue_close(struct signal_queue *queue)
{
	for (int i = 0; i < 2; i++)
		queue->ends[i] = fd_close(queue->ends[i]);
}

bool signal_queue_is_own(const struct signal_queue *queue)
{
	return fork_guard_is_owner(&queue->owner);
}

void signal_queue_descriptors(const struct signal_queue *queue, int *fds)
{
	for (int i = 0; i < 2; i++)
		fds[i] = queue->ends[i];
}

int signal_queue_renew(struct signal_queue *queue)
{
	struct signal_queue fresh;
	int result = signal_queue_open(&fresh);

	if (result < 0)
		return result;
	for (int i = 0; i < 2; i++) {
		result = fd_replace(fresh.ends[i], queue->ends[i]);
		if (result == 0)
			result = fd_set_cloexec(queue->ends[i], true);
		if (result < 0)
			goto out;
	}
	reset_queue(queue);
out:
	signal_queue_close(&fresh);
	return result;
}

static bool write_record(struct signal_queue *queue, const struct signal_record *record)
{
	return write(queue->ends[1], record, sizeof *record) == (ssize_t)sizeof *record;
}

/* A full pipe serves as well as another record: it is readable. */
static bool wake_reader(struct signal_queue *queue)
{
	static const struct signal_record none;

	return write_record(queue, &none);
}

/*
 * The order matters.  The reader may empty the pipe just after it was full.  It checks
 * the flags after reading, and the record that wakes it is written after the flag is set.
 * Either this record is in the pipe, or the pipe is full again: in both cases the pipe is
 * readable, and the reader then finds the flag.
 */
void signal_queue_put(struct signal_queue *queue, const struct signal_record *record)
{
	if (write_record(queue, record))
		return;
	atomic_store(&queue->overflowed[record->number], true);
	atomic_store(&queue->overflow, true);
	wake_reader(queue);
}

static int read_batch(struct signal_queue *queue, size_t size)
{
	ssize_t length = fd_read(queue->ends[0], queue->batch, size);

	if (length == -EAGAIN)
		length = 0;
	if (length < 0)
		return (int)length;
	queue->taken = 0;
	queue->count = (size_t)length / sizeof *queue->batch;
	return 0;
}

/* The next record of the batch, or NULL. */
static const struct signal_record *next_record(struct signal_queue *queue)
{
	while (queue->taken < queue->count) {
		const struct signal_record *record = &queue->batch[queue->taken];

		if (record->number != 0)
			return record;
		queue->taken++;
		queue->woken = false;
	}
	return NULL;
}

int signal_queue_begin(struct signal_queue *queue)
{
	bool all = false;

	if (!signal_queue_is_own(queue))
		return -ECHILD;
	queue->number = 0;
	if (next_record(queue) == NULL) {
		int result = read_batch(queue, sizeof queue->batch);

		if (result < 0)
			return result;
		all = queue->count < SIGNAL_QUEUE_BATCH;
	}
	/* Signals that arrive from now on are for the next pass, so that this one ends. */
	queue->waiting = all ? 0 : compat_pipe_fill(queue->ends[0]);
	return 0;
}

/* Find the next overflowed signal, from queue->number on. */
static bool find_overflowed(struct signal_queue *queue)
{
	while (queue->number < SIGNAL_NUMBERS && !atomic_load(&queue->overflowed[queue->number]))
		queue->number++;
	return queue->number < SIGNAL_NUMBERS;
}

/* Take each signal at most once per pass. */
static bool take_overflowed(struct signal_queue *queue, struct signal_record *record)
{
	if (queue->number == 0)
		queue->number = atomic_load(&queue->overflow) &&
						atomic_exchange(&queue->overflow, false)
					? 1
					: SIGNAL_NUMBERS;
	if (!find_overflowed(queue))
		return false;
	*record = (struct signal_record){ .number = queue->number, .uid = SIGNAL_NO_SENDER };
	atomic_store(&queue->overflowed[queue->number], false);
	queue->number++;
	return true;
}

int signal_queue_take(struct signal_queue *queue, struct signal_record *record)
{
	const struct signal_record *next;

	while ((next = next_record(queue)) == NULL && queue->waiting > 0) {
		size_t size = sizeof queue->batch;
		int result;

		if (size > queue->waiting)
			size = queue->waiting;
		queue->waiting -= size;
		/* A child forked by the program's handler must not take signals of its parent. */
		if (!signal_queue_is_own(queue))
			return -ECHILD;
		result = read_batch(queue, size);
		if (result < 0)
			return result;
		if (queue->count == 0)
			queue->waiting = 0;
	}
	if (next == NULL)
		return take_overflowed(queue, record) ? 1 : 0;
	*record = *next;
	queue->taken++;
	return 1;
}

void signal_queue_leave(struct signal_queue *queue)
{
	if (queue->number > 0 && find_overflowed(queue))
		atomic_store(&queue->overflow, true);
	if (next_record(queue) == NULL && !queue->woken && !atomic_load(&queue->overflow))
		return;
	if (!signal_queue_is_own(queue))
		return;
	/* Otherwise the wake-up record alone would keep the pipe readable. */
	if (next_record(queue) == NULL && queue->woken)
		read_batch(queue, sizeof queue->batch);
	if ((next_record(queue) != NULL || atomic_load(&queue->overflow)) && !queue->woken)
		queue->woken = wake_reader(queue);
}
