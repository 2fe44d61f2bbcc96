/* SPDX-License-Identifier: MIT */
/*
 * What signal handlers leave for one thread to take.
 *
 * Handlers append records to an anonymous file: one write(2) with O_APPEND is
 * atomic, keeps the order and needs neither memory nor a lock of this process.
 * There are two files.  To take, one is sealed: handlers append to the other
 * from then on, and once those that were still writing have ended, the sealed
 * file is read to its end and emptied.  So the files stay as small as what is
 * waiting.
 *
 * signal_queue_append() is async-signal-safe and may run in many threads; the
 * rest is for one thread at a time.
 */
#include "signals/queue.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "compat/anonymous-file.h"

/* No record lies across two pages: the system writes each in one go. */
_Static_assert(4096 % sizeof(struct signal_record) == 0, "records must fill a page evenly");

static void reset(struct signal_queue *queue)
{
	atomic_store(&queue->active, 0);
	for (int i = 0; i < 2; i++) {
		atomic_store(&queue->writers[i], 0);
		atomic_store(&queue->full[i], false);
	}
	for (int number = 0; number < SIGNAL_NUMBERS; number++)
		atomic_store(&queue->missed[number], false);
	queue->reading = 0;
	queue->sealed = false;
	queue->again = false;
	queue->offset = 0;
	atomic_store(&queue->owner, getpid());
}

int signal_queue_open(struct signal_queue *queue)
{
	int result;

	queue->next = NULL;
	queue->files[0] = queue->files[1] = -1;
	queue->wake[0] = queue->wake[1] = -1;
	for (int i = 0; i < 2; i++) {
		result = compat_anonymous_file();
		if (result < 0)
			goto out;
		queue->files[i] = result;
	}
	result = fd_pipe(queue->wake, true);
	if (result < 0)
		goto out;
	reset(queue);
out:
	if (result < 0)
		signal_queue_close(queue);
	return result;
}

void signal_queue_close(struct signal_queue *queue)
{
	for (int i = 0; i < 2; i++) {
		queue->files[i] = fd_close(queue->files[i]);
		queue->wake[i] = fd_close(queue->wake[i]);
	}
}

void signal_queue_descriptors(const struct signal_queue *queue, int *fds)
{
	for (int i = 0; i < 2; i++) {
		fds[i] = queue->files[i];
		fds[2 + i] = queue->wake[i];
	}
}

int signal_queue_renew(struct signal_queue *queue)
{
	struct signal_queue fresh;
	int from[SIGNAL_QUEUE_DESCRIPTORS];
	int to[SIGNAL_QUEUE_DESCRIPTORS];
	int result = signal_queue_open(&fresh);

	if (result < 0)
		return result;
	signal_queue_descriptors(&fresh, from);
	signal_queue_descriptors(queue, to);
	for (int i = 0; i < SIGNAL_QUEUE_DESCRIPTORS; i++) {
		result = fd_replace(from[i], to[i]);
		if (result == 0)
			result = fd_set_cloexec(to[i], true);
		if (result < 0)
			goto out;
	}
	reset(queue);
out:
	signal_queue_close(&fresh);
	return result;
}

/* A full pipe is as good as one byte more: it is readable. */
static void wake(struct signal_queue *queue)
{
	ssize_t count = write(queue->wake[1], "", 1);

	(void)count;
}

/*
 * Beyond RLIMIT_FSIZE write(2) sends SIGXFSZ, which would end a program whose
 * only fault is that it received a signal.  It is blocked in the handler.
 */
static void swallow_file_size_signal(void)
{
	struct timespec now = {0, 0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGXFSZ);
	sigtimedwait(&set, NULL, &now);
}

static bool store(int fd, const struct signal_record *record)
{
	ssize_t count = write(fd, record, sizeof *record);

	if (count < 0 && errno == EFBIG)
		swallow_file_size_signal();
	return count == (ssize_t)sizeof *record;
}

/*
 * The file to append to, held.  The order matters, here and in seal(): a
 * handler counts itself and then looks which file is active; the taker makes
 * the other one active and then looks at the count.  All of it is sequentially
 * consistent, so at least one sees what the other did: either the handler
 * notices that the file was sealed and tries again, or the taker waits for it.
 */
static unsigned hold_active(struct signal_queue *queue)
{
	for (;;) {
		unsigned file = atomic_load(&queue->active);

		atomic_fetch_add(&queue->writers[file], 1);
		if (atomic_load(&queue->active) == file)
			return file;
		atomic_fetch_sub(&queue->writers[file], 1);
	}
}

void signal_queue_append(struct signal_queue *queue, const struct signal_record *record)
{
	unsigned file = hold_active(queue);

	/*
	 * With no room for the record (file size limit, no memory) the signal is
	 * still not lost, only its sender and value are, as with signals that
	 * are pending twice.  Half a record may be in the file: it is closed to
	 * others until it is empty again.
	 */
	if (atomic_load(&queue->full[file]) || !store(queue->files[file], record)) {
		atomic_store(&queue->full[file], true);
		atomic_store(&queue->missed[record->number], true);
	}
	atomic_fetch_sub(&queue->writers[file], 1);
	wake(queue);
}

static void seal(struct signal_queue *queue)
{
	atomic_store(&queue->active, 1 - queue->reading);
	for (unsigned round = 0; atomic_load(&queue->writers[queue->reading]) > 0; round++)
		deadline_pause(round);
	queue->sealed = true;
}

void signal_queue_begin(struct signal_queue *queue)
{
	char bytes[512];

	/* Before sealing: a record that comes later has a byte that stays. */
	while (fd_read(queue->wake[0], bytes, sizeof bytes) == (ssize_t)sizeof bytes)
		;
	queue->again = queue->sealed;
	if (!queue->sealed)
		seal(queue);
}

/* The sealed file has been read: empty it and turn to the other one. */
static int turn(struct signal_queue *queue)
{
	if (ftruncate(queue->files[queue->reading], 0) < 0)
		return -errno;
	atomic_store(&queue->full[queue->reading], false);
	queue->reading = 1 - queue->reading;
	queue->offset = 0;
	queue->sealed = false;
	return 0;
}

static bool take_missed(struct signal_queue *queue, struct signal_record *record)
{
	for (int number = 1; number < SIGNAL_NUMBERS; number++) {
		if (atomic_load(&queue->missed[number]) &&
		    atomic_exchange(&queue->missed[number], false)) {
			*record = (struct signal_record){.number = number, .uid = SIGNAL_NOBODY};
			return true;
		}
	}
	return false;
}

int signal_queue_take(struct signal_queue *queue, struct signal_record *record)
{
	while (queue->sealed) {
		ssize_t count = fd_read_at(queue->files[queue->reading], record, sizeof *record,
					   queue->offset);

		if (count < 0)
			return (int)count;
		if (count == (ssize_t)sizeof *record) {
			queue->offset += count;
			return 1;
		}
		count = turn(queue);
		if (count < 0)
			return (int)count;
		if (queue->again)
			seal(queue);
		queue->again = false;
	}
	return take_missed(queue, record) ? 1 : 0;
}

static bool waiting(const struct signal_queue *queue)
{
	struct stat status;

	for (unsigned i = 0; i < 2; i++) {
		off_t taken = i == queue->reading ? queue->offset : 0;

		if (fstat(queue->files[i], &status) == 0 && status.st_size > taken)
			return true;
	}
	for (int number = 1; number < SIGNAL_NUMBERS; number++) {
		if (atomic_load(&queue->missed[number]))
			return true;
	}
	return false;
}

void signal_queue_leave(struct signal_queue *queue)
{
	if (waiting(queue))
		wake(queue);
}
