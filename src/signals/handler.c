/* SPDX-License-Identifier: MIT */
/*
 * The process-wide part of signals: a table maps each signal to a queue, and a single
 * handler adds signals to the queues.
 *
 * In a forked child the handler applies the signal's default action, and the first
 * function called there initializes everything again.
 *
 * Thread-safe; a queue is used by one thread at a time.  The handler never blocks: it
 * takes no lock, and the other functions wait for it.
 */
#include "signals/handler.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "compat/siginfo.h"
#include "signals/disposition.h"
#include "signals/fork-guard.h"
#include "signals/init.h"

/* The process that everything here belongs to. */
static fork_guard guard;

static _Atomic(struct signal_queue *) queues[SIGNAL_NUMBERS];
static atomic_uint running[SIGNAL_NUMBERS];

/* All queues of the process, and the list's lock. */
static struct signal_queue *all_queues;
static atomic_bool queues_locked;

static void put_record(struct signal_queue *queue, int number, const siginfo_t *info)
{
	struct signal_record record = { .number = number, .uid = SIGNAL_NO_SENDER };

	if (compat_signal_has_value(info))
		record.value = info->si_value.sival_int;
	record.cookie = compat_signal_get_cookie(info);
	if (compat_signal_has_sender(info) && info->si_pid != 0) {
		record.pid = info->si_pid;
		record.uid = info->si_uid;
	}
	signal_queue_put(queue, &record);
}

/*
 * The handler.  It increments its counter before it looks up the queue; a thread that
 * removes a queue clears the table entry before it checks the counter (see
 * handler_wait_idle()).  All of these operations are sequentially consistent: either the
 * handler finds no queue, or the removing thread sees the counter and waits.
 *
 * It checks the guard first: a child of vfork(2) shares the memory, and could be killed
 * before it decrements the counter.
 */
static void receive_signal(int number, siginfo_t *info, void *context)
{
	DISABLE_CANCELLATION;
	int saved = errno;
	struct signal_queue *queue;

	(void)context;
	if (!fork_guard_is_owner(&guard)) {
		disposition_apply(number, &disposition_default);
		return;
	}
	atomic_fetch_add(&running[number], 1);
	queue = atomic_load(&queues[number]);
	if (queue != NULL)
		put_record(queue, number, info);
	atomic_fetch_sub(&running[number], 1);
	errno = saved;
}

static const struct sigaction own_action = { .sa_sigaction = receive_signal,
					     .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };

/* In a child: reset counters and locks of threads that do not exist there. */
static void forget_parent(void)
{
	for (int number = 1; number < SIGNAL_NUMBERS; number++) {
		if (atomic_load(&queues[number]) != NULL)
			disposition_replace(number, &own_action, &disposition_default);
		atomic_store(&queues[number], NULL);
		atomic_store(&running[number], 0);
	}
	all_queues = NULL;
	atomic_store(&queues_locked, false);
}

static void lock_queues(void)
{
	for (unsigned round = 0; atomic_exchange(&queues_locked, true); round++)
		deadline_pause(round);
}

static void unlock_queues(void)
{
	atomic_store(&queues_locked, false);
}

void handler_add_queue(struct signal_queue *queue)
{
	fork_guard_adopt(&guard, forget_parent);
	lock_queues();
	queue->next = all_queues;
	all_queues = queue;
	unlock_queues();
}

void handler_remove_queue(struct signal_queue *queue)
{
	fork_guard_adopt(&guard, forget_parent);
	lock_queues();
	for (struct signal_queue **link = &all_queues; *link != NULL; link = &(*link)->next) {
		if (*link == queue) {
			*link = queue->next;
			break;
		}
	}
	unlock_queues();
}

int handler_claim_signal(struct signal_queue *queue, int number, struct sigaction *previous)
{
	struct sigaction action = own_action;
	struct signal_queue *none = NULL;

	if (!atomic_compare_exchange_strong(&queues[number], &none, queue))
		return -EBUSY;
	sigfillset(&action.sa_mask);
	if (sigaction(number, &action, previous) < 0) {
		int error = -errno;

		atomic_store(&queues[number], NULL);
		return error;
	}
	return 0;
}

void handler_release_signal(struct signal_queue *queue, int number,
			    const struct sigaction *previous)
{
	/*
	 * This order matters: once the table entry is cleared, another queue may claim
	 * the signal.
	 */
	if (atomic_load(&queues[number]) == queue) {
		const struct sigaction action = init_disposition(number, previous);

		disposition_replace(number, &own_action, &action);
		atomic_store(&queues[number], NULL);
	}
}

void handler_wait_idle(int number)
{
	for (unsigned round = 0; atomic_load(&running[number]) > 0; round++)
		deadline_pause(round);
}

void handler_restore_in_child(int number, const struct sigaction *previous)
{
	fork_guard_adopt(&guard, forget_parent);
	if (atomic_load(&queues[number]) == NULL)
		disposition_replace(number, &disposition_default, previous);
}

int handler_adopt_from(pid_t launcher)
{
	if (atomic_load(&guard) != launcher)
		return 0;
	for (struct signal_queue *queue = all_queues; queue != NULL; queue = queue->next) {
		int result = signal_queue_renew(queue);

		if (result < 0)
			return result;
	}
	atomic_store(&guard, getpid());
	return 0;
}

size_t handler_descriptors(int *fds, size_t max)
{
	size_t count = 0;
	int fds_of_one[SIGNAL_QUEUE_DESCRIPTORS];

	lock_queues();
	for (struct signal_queue *queue = all_queues; queue != NULL; queue = queue->next) {
		signal_queue_descriptors(queue, fds_of_one);
		for (size_t i = 0; i < SIGNAL_QUEUE_DESCRIPTORS; i++, count++) {
			if (count < max)
				fds[count] = fds_of_one[i];
		}
	}
	unlock_queues();
	return count;
}
