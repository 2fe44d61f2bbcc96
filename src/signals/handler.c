/* SPDX-License-Identifier: MIT */
/*
 * The process-wide part of signals: a table maps each signal to a queue, and a single
 * handler adds signals to the queues.
 *
 * Everything here belongs to the process "home"; a forked child is recognized by its pid.
 * In a child the handler applies the signal's default action, and the first function
 * called there initializes everything anew.
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
#include "signals/init.h"

/* The pid of the process; negative while one of its threads initializes everything anew. */
static _Atomic pid_t home;

static _Atomic(struct signal_queue *) queues[SIGNAL_NUMBERS];
static atomic_uint running[SIGNAL_NUMBERS];

/* All queues of the process, and the list's lock. */
static struct signal_queue *all_queues;
static atomic_bool queues_locked;

/* In a forked child, where no object handles the signal. */
static void apply_default_effect(int number)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };

	sigaction(number, &standard, NULL);
	/*
	 * The signal is blocked now and is delivered when the handler returns.  raise(3)
	 * might send it to the thread that called vfork(2), whose id is in the shared
	 * memory.
	 */
	kill(getpid(), number);
}

static void put_record(struct signal_queue *queue, int number, const siginfo_t *info)
{
	struct signal_record record = { .number = number, .uid = SIGNAL_NOBODY };

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
 * It checks the home first: a child of vfork(2) shares the memory, and could be killed
 * before it decrements the counter.
 */
static void receive_signal(int number, siginfo_t *info, void *context)
{
	DISABLE_CANCELLATION;
	int saved = errno;
	struct signal_queue *queue;

	(void)context;
	if (getpid() != atomic_load(&home)) {
		apply_default_effect(number);
		errno = saved;
		return;
	}
	atomic_fetch_add(&running[number], 1);
	queue = atomic_load(&queues[number]);
	if (queue != NULL)
		put_record(queue, number, info);
	atomic_fetch_sub(&running[number], 1);
	errno = saved;
}

static bool is_own_action(const struct sigaction *action)
{
	return (action->sa_flags & SA_SIGINFO) != 0 && action->sa_sigaction == receive_signal;
}

/* Change the disposition only if it is (still) our handler. */
static void replace_own_action(int number, const struct sigaction *action)
{
	struct sigaction current;

	if (sigaction(number, NULL, &current) == 0 && is_own_action(&current))
		sigaction(number, action, NULL);
}

/* In a child: reset counters and locks of threads that do not exist there. */
static void forget_parent(void)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };

	for (int number = 1; number < SIGNAL_NUMBERS; number++) {
		if (atomic_load(&queues[number]) != NULL)
			replace_own_action(number, &standard);
		atomic_store(&queues[number], NULL);
		atomic_store(&running[number], 0);
	}
	all_queues = NULL;
	atomic_store(&queues_locked, false);
}

/*
 * In a child the first call initializes everything anew; from then on it belongs to this
 * process.
 */
static void adopt_process(void)
{
	pid_t self = getpid();
	pid_t old = atomic_load(&home);

	for (unsigned round = 0; old != self; round++) {
		if (old == -self) {
			deadline_pause(round);
			old = atomic_load(&home);
		} else if (atomic_compare_exchange_strong(&home, &old, -self)) {
			forget_parent();
			atomic_store(&home, self);
			old = self;
		}
	}
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
	adopt_process();
	lock_queues();
	queue->next = all_queues;
	all_queues = queue;
	unlock_queues();
}

void handler_remove_queue(struct signal_queue *queue)
{
	adopt_process();
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
	struct sigaction action = { .sa_sigaction = receive_signal,
				    .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK };
	struct signal_queue *none = NULL;

	if (number < 1 || number >= SIGNAL_NUMBERS)
		return -EINVAL;
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

		replace_own_action(number, &action);
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
	struct sigaction current;

	adopt_process();
	if (atomic_load(&queues[number]) == NULL && sigaction(number, NULL, &current) == 0 &&
	    (current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == SIG_DFL)
		sigaction(number, previous, NULL);
}

int handler_rehome(pid_t launcher)
{
	if (atomic_load(&home) != launcher)
		return 0;
	for (struct signal_queue *queue = all_queues; queue != NULL; queue = queue->next) {
		int result = signal_queue_renew(queue);

		if (result < 0)
			return result;
	}
	atomic_store(&home, getpid());
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
