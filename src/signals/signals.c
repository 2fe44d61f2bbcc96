/* SPDX-License-Identifier: MIT */
/*
 * Signals, handled one at a time in a thread of the program.
 * Different objects may be used by different threads; one object is used by one thread at
 * a time, while signals may be delivered to any thread.
 */
#include "signals/signals-internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#include <daemonkit/error.h>
#include <daemonkit/signals.h>

#include "base/cancel.h"
#include "base/error-internal.h"
#include "compat/children.h"
#include "ipc/channel.h"
#include "ipc/reply.h"
#include "signals/disposition.h"
#include "signals/handler.h"
#include "signals/queue.h"
#include "signals/reaper.h"

struct slot {
	daemonkit_signals_handler *handler; /* NULL: this object does not catch it */
	void *data;
	struct sigaction previous;
};

struct daemonkit_signals {
	struct signal_queue queue;
	struct slot slots[SIGNAL_NUMBERS];
	struct orphans orphans;
};

struct daemonkit_siginfo {
	struct signal_record record;
	struct reply *answer;
};

static int stop_serving(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return DAEMONKIT_SIGNALS_STOP;
}

/* The handler for SIGCHLD if only orphans are of interest. */
static int ignore_signal(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return 0;
}

/*
 * Excludes signals that cannot be caught, and those that report a fault of the program
 * itself, which cannot continue and handle the signal later.
 */
static bool is_valid_number(int number)
{
	static const int refused[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,
				       SIGFPE,  SIGILL,  SIGTRAP, SIGSYS };
	sigset_t set;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (number == refused[i])
			return false;
	}
	sigemptyset(&set);
	return number > 0 && number < SIGNAL_NUMBERS && sigaddset(&set, number) == 0;
}

static int refuse_child(void)
{
	return error_set(-ECHILD, "signals: the object belongs to the process that this one was "
				  "forked from; create a new one");
}

int daemonkit_signals_new(struct daemonkit_signals **ret)
{
	DISABLE_CANCELLATION;
	struct daemonkit_signals *signals;
	int result;

	if (ret == NULL)
		return error_null(__func__);
	signals = calloc(1, sizeof *signals);
	if (signals == NULL)
		return error_system(-ENOMEM, "signals");
	result = signal_queue_open(&signals->queue);
	if (result < 0) {
		free(signals);
		return error_system(result, "signals: open a queue");
	}
	handler_add_queue(&signals->queue);
	if (handler_claim_signal(&signals->queue, SIGTERM, &signals->slots[SIGTERM].previous) == 0)
		signals->slots[SIGTERM].handler = stop_serving;
	*ret = signals;
	return 0;
}

/* After this returns, no handler uses the queue. */
static void release_signals(struct daemonkit_signals *signals)
{
	for (int number = 1; number < SIGNAL_NUMBERS; number++) {
		if (signals->slots[number].handler != NULL)
			handler_release_signal(&signals->queue, number,
					       &signals->slots[number].previous);
	}
	for (int number = 1; number < SIGNAL_NUMBERS; number++)
		handler_wait_idle(number);
}

static void restore_dispositions(struct daemonkit_signals *signals)
{
	for (int number = 1; number < SIGNAL_NUMBERS; number++) {
		if (signals->slots[number].handler != NULL)
			handler_restore_in_child(number, &signals->slots[number].previous);
	}
}

struct daemonkit_signals *daemonkit_signals_free(struct daemonkit_signals *signals)
{
	DISABLE_CANCELLATION;
	KEEP_ERROR_TEXT;

	if (signals == NULL)
		return NULL;
	if (signal_queue_is_own(&signals->queue))
		release_signals(signals);
	else
		restore_dispositions(signals);
	handler_remove_queue(&signals->queue);
	signal_queue_close(&signals->queue);
	free(signals);
	return NULL;
}

static int claim_signal(struct daemonkit_signals *signals, int number)
{
	int result = handler_claim_signal(&signals->queue, number,
					  &signals->slots[number].previous);

	if (result == -EBUSY)
		return error_set(result, "signal %d: another signals object has it", number);
	if (result < 0)
		return error_set(result, "signal %d: it cannot be handled", number);
	return 0;
}

/* Does the system reap exited children by itself? */
static bool leaves_no_zombies(const struct sigaction *action)
{
	return (action->sa_flags & SA_NOCLDWAIT) != 0 || disposition_has_handler(action, SIG_IGN);
}

/* Must the signal be caught for orphans, even without a handler of the program? */
static bool is_needed_for_orphans(const struct daemonkit_signals *signals, int number)
{
	return number == SIGCHLD && signals->orphans.on &&
	       !leaves_no_zombies(&signals->slots[number].previous);
}

int daemonkit_signals_set_handler(struct daemonkit_signals *signals, int number,
				  daemonkit_signals_handler *handler, void *data)
{
	DISABLE_CANCELLATION;
	struct slot *slot;

	if (signals == NULL)
		return error_null(__func__);
	if (!signal_queue_is_own(&signals->queue))
		return refuse_child();
	if (!is_valid_number(number))
		return error_set(-EINVAL, "signal %d: it cannot be handled", number);
	slot = &signals->slots[number];
	if (handler == NULL) {
		if (slot->handler != NULL && is_needed_for_orphans(signals, number))
			handler = ignore_signal;
		else if (slot->handler != NULL)
			handler_release_signal(&signals->queue, number, &slot->previous);
	} else if (slot->handler == NULL) {
		int result = claim_signal(signals, number);

		if (result < 0)
			return result;
	}
	slot->handler = handler;
	slot->data = data;
	return 0;
}

static int claim_sigchld(struct daemonkit_signals *signals)
{
	struct slot *slot = &signals->slots[SIGCHLD];
	struct sigaction current;
	int result;

	if (slot->handler != NULL)
		return 0;
	if (sigaction(SIGCHLD, NULL, &current) < 0)
		return error_system(-errno, "signal %d", SIGCHLD);
	if (leaves_no_zombies(&current))
		return 0;
	if (!disposition_has_handler(&current, SIG_DFL))
		return error_set(-EBUSY, "signal %d: it has another handler, which would be lost",
				 SIGCHLD);
	result = claim_signal(signals, SIGCHLD);
	if (result == 0)
		slot->handler = ignore_signal;
	return result;
}

int daemonkit_signals_reap_orphans(struct daemonkit_signals *signals,
				   daemonkit_child_filter *is_own, void *data)
{
	DISABLE_CANCELLATION;
	int result;

	if (signals == NULL)
		return error_null(__func__);
	if (!signal_queue_is_own(&signals->queue))
		return refuse_child();
	if (!compat_children_adopts())
		return 0;
	result = claim_sigchld(signals);
	if (result < 0)
		return result;
	signals->orphans =
		(struct orphans){ .on = true, .due = true, .is_own = is_own, .data = data };
	orphans_clear(&signals->orphans);
	return 0;
}

int daemonkit_signals_fd(const struct daemonkit_signals *signals)
{
	if (signals == NULL)
		return error_null(__func__);
	return signals->queue.ends[0];
}

/* Run the handler, and send the reply if one was requested. */
static int run_handler(const struct signal_record *record, const struct slot *slot, pid_t owner)
{
	struct reply answer;
	struct daemonkit_siginfo info = { .record = *record, .answer = &answer };
	unsigned texts;
	int result;

	reply_begin(&answer, owner, record->cookie, record->number);
	texts = error_count();
	result = slot->handler(&info, slot->data);
	if (result < 0 && error_count() == texts)
		error_system(result, "signal %d: its handler", record->number);
	reply_end(&answer, result < 0 ? result : 0, daemonkit_error());
	if (result < 0)
		error_system(result, "signal %d: its handler", record->number);
	return result;
}

static int handle_record(struct daemonkit_signals *signals, const struct signal_record *record)
{
	/* A copy, because the handler may replace it. */
	const struct slot slot = signals->slots[record->number];

	if (record->number == SIGCHLD)
		signals->orphans.due = true;
	/* The handler may have been removed since the signal arrived. */
	if (slot.handler == NULL)
		return 0;
	return run_handler(record, &slot, atomic_load(&signals->queue.owner));
}

static int handle_records(struct daemonkit_signals *signals)
{
	struct signal_record record;
	int result;

	while ((result = signal_queue_take(&signals->queue, &record)) > 0) {
		result = handle_record(signals, &record);
		if (result != 0) {
			signal_queue_leave(&signals->queue);
			return result;
		}
	}
	if (result == -ECHILD)
		return refuse_child();
	return result < 0 ? error_system(result, "signals: read the queue") : 0;
}

int daemonkit_signals_dispatch(struct daemonkit_signals *signals)
{
	DISABLE_CANCELLATION;
	int result;

	if (signals == NULL)
		return error_null(__func__);
	result = signal_queue_begin(&signals->queue);
	if (result == -ECHILD)
		return refuse_child();
	if (result < 0)
		return error_system(result, "signals: read the queue");
	result = handle_records(signals);
	/* After the handlers: a program that waits for its children there has reaped them. */
	orphans_clear(&signals->orphans);
	return result;
}

/* Wait with the caller's signal mask, minus the signals that have handlers. */
static int wait_for_signal(struct daemonkit_signals *signals)
{
	struct pollfd wake = { .fd = signals->queue.ends[0], .events = POLLIN };
	bool blocked = false;
	sigset_t before, mask;
	int ready;

	pthread_sigmask(SIG_BLOCK, NULL, &before);
	mask = before;
	for (int number = 1; number < SIGNAL_NUMBERS; number++) {
		if (signals->slots[number].handler != NULL && sigismember(&mask, number) == 1) {
			sigdelset(&mask, number);
			blocked = true;
		}
	}
	/* A signal that arrives before poll(2) is in the queue, which is readable then. */
	if (blocked)
		pthread_sigmask(SIG_SETMASK, &mask, NULL);
	ready = poll(&wake, 1, -1) < 0 ? -errno : 1;
	if (blocked)
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ready < 0 && ready != -EINTR && ready != -EAGAIN)
		return error_system(ready, "signals: wait");
	if (ready > 0 && (wake.revents & POLLIN) == 0)
		return error_set(-EBADF, "signals: the program has closed descriptor %d", wake.fd);
	return 0;
}

int daemonkit_signals_serve(struct daemonkit_signals *signals)
{
	DISABLE_CANCELLATION;
	int result;

	if (signals == NULL)
		return error_null(__func__);
	do {
		result = daemonkit_signals_dispatch(signals);
		if (result == 0)
			result = wait_for_signal(signals);
	} while (result == 0);
	return result > 0 ? 0 : result;
}

int daemonkit_siginfo_number(const struct daemonkit_siginfo *info)
{
	return info == NULL ? error_null(__func__) : info->record.number;
}

pid_t daemonkit_siginfo_pid(const struct daemonkit_siginfo *info)
{
	return info == NULL ? error_null(__func__) : info->record.pid;
}

uid_t daemonkit_siginfo_uid(const struct daemonkit_siginfo *info)
{
	return info == NULL ? SIGNAL_NO_SENDER : info->record.uid;
}

int daemonkit_siginfo_value(const struct daemonkit_siginfo *info)
{
	return info == NULL ? 0 : info->record.value;
}

int daemonkit_siginfo_reply(struct daemonkit_siginfo *info, int error, const char *format, ...)
{
	DISABLE_CANCELLATION;
	char text[CHANNEL_TEXT_MAX + 2];
	va_list arguments;

	if (info == NULL || format == NULL)
		return error_null(__func__);
	va_start(arguments, format);
	channel_format(text, format, arguments);
	va_end(arguments);
	return reply_send(info->answer, error > 0 ? -error : error, text);
}

int daemonkit_siginfo_status(struct daemonkit_siginfo *info, const char *format, ...)
{
	DISABLE_CANCELLATION;
	char text[CHANNEL_TEXT_MAX + 2];
	va_list arguments;

	if (info == NULL || format == NULL)
		return error_null(__func__);
	va_start(arguments, format);
	channel_format(text, format, arguments);
	va_end(arguments);
	return reply_status(info->answer, text);
}

int signals_adopt_from(pid_t launcher)
{
	int result = handler_adopt_from(launcher);

	return result < 0 ? error_system(result, "signals: adopt the queues after fork") : 0;
}

size_t signals_descriptors(int *fds, size_t max)
{
	return handler_descriptors(fds, max);
}
