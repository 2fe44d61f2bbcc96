/* SPDX-License-Identifier: MIT */
/*
 * Requests: sending a signal that asks for a reply.
 *
 * The requester listens at an address that contains a number, and sends the number with
 * the signal.  The kernel reports the pid of a process that connects, and the pidfd
 * proves that this pid still belongs to the process that was asked.
 * Thread-safe on different processes.
 */
#include <daemonkit/process.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/pidfd.h"
#include "compat/random.h"
#include "compat/siginfo.h"
#include "ipc/channel.h"
#include "ipc/reply.h"
#include "process/process-internal.h"

/* How many random numbers are tried; another process cannot have predicted them. */
#define TRIES 10
/*
 * How long to wait for other requests, in milliseconds, but never longer than half of the
 * time that is left: the rest is for this request.
 */
#define LOCK_TIMEOUT 10000
/* How long a process that has closed the connection may take to exit. */
#define CLOSE_TIMEOUT 1000
/* Polling interval if there is no descriptor to wait on. */
#define POLL_INTERVAL 10

struct request {
	struct daemonkit_process *process;
	int signal;
	deadline until;
	void (*status)(const char *text, void *data);
	void *data;
	int listener;
	int line;          /* connection to the process, -1 until it has connected */
	bool acknowledged; /* the process has confirmed the signal number */
	int answer;
};

/* Create the listener and its cookie. */
static int open_listener(uint32_t *cookie)
{
	uint32_t number;
	int fd = -EADDRINUSE;

	for (int i = 0; i < TRIES && fd == -EADDRINUSE; i++) {
		int result = compat_random(&number, sizeof number);

		if (result < 0)
			return result;
		*cookie = compat_signal_cookie(number);
		fd = channel_listen_as(REPLY_ADDRESS, *cookie);
	}
	return fd;
}

/* No step takes longer than this, or than the request. */
static deadline limit(const struct request *request, int milliseconds)
{
	deadline until = deadline_after(milliseconds);

	return until < request->until ? until : request->until;
}

static deadline lock_limit(const struct request *request)
{
	deadline now = deadline_now(), until = limit(request, 2 * LOCK_TIMEOUT);

	return until > now ? now + (until - now) / 2 : now;
}

/* Wait until the process has received the signals of this number, or has ended. */
static void await_delivery(const struct request *request, deadline until)
{
	pid_t pid = daemonkit_process_pid(request->process);

	for (unsigned round = 0; compat_process_pending(pid, request->signal) == 1; round++) {
		if (deadline_now() >= until || daemonkit_process_alive(request->process) != 1)
			return;
		deadline_pause(round);
	}
}

/*
 * Send the signal: 0 or a negative errno.  While a signal is pending, the kernel drops
 * further ones of the same number, with their cookies.  So requesters wait until none is
 * pending, and use a lock, or two of them could see that at the same time.  Without such a
 * lock, one of two simultaneous requests may get no reply; nothing worse happens.
 */
static int send_request(const struct request *request, uint32_t cookie)
{
	deadline until = lock_limit(request);
	int lock = compat_process_lock(daemonkit_process_pid(request->process), until);
	int result;

	await_delivery(request, until);
	result = process_queue(request->process, request->signal, cookie);
	fd_close(lock);
	return result;
}

static void accept_reply(struct request *request)
{
	int line = channel_accept_from(request->listener, daemonkit_process_pid(request->process));

	/* The process is alive now, so the pid was its own when it connected. */
	if (line >= 0 && daemonkit_process_alive(request->process) != 1)
		line = fd_close(line);
	if (line < 0)
		return;
	request->line = line;
	/* Name the signal: the cookie may have come with another one. */
	channel_send(line, CHANNEL_GO, request->signal, "", 0);
}

/* 1: more messages follow; 0: that was the reply; -ECANCELED: an invalid message. */
static int take_message(struct request *request, const struct channel_message *message)
{
	if (!request->acknowledged) {
		if (message->type != CHANNEL_ACKNOWLEDGED)
			return -ECANCELED;
		/*
		 * Accept one connection only: a later one would belong to another run of
		 * the handler.
		 */
		request->acknowledged = true;
		request->listener = fd_close(request->listener);
		return 1;
	}
	switch (message->type) {
	case CHANNEL_STATUS:
		if (request->status != NULL)
			request->status(message->text, request->data);
		return 1;
	case CHANNEL_READY:
		request->answer = 0;
		return 0;
	case CHANNEL_FAILED:
		request->answer = message->number < 0 && message->number > INT32_MIN
					  ? message->number
					  : -EIO;
		error_set(request->answer, "%s", message->text);
		return 0;
	default:
		return -ECANCELED;
	}
}

/*
 * Receive all messages so far; as take_message(), and -ECANCELED if it has closed the
 * connection.
 */
static int receive_replies(struct request *request)
{
	struct channel_message message = { .number = 0 };
	int result;

	do {
		result = channel_receive(request->line, &message);
		if (result == -EAGAIN)
			return 1;
		result = result <= 0 ? -ECANCELED : take_message(request, &message);
	} while (result > 0 && deadline_now() < request->until);
	return result;
}

static int explain_no_reply(const struct request *request, bool ended, int result)
{
	long pid = (long)daemonkit_process_pid(request->process);

	if (ended)
		return error_set(-ECHILD, "process %ld: it exited without a reply to signal %d",
				 pid, request->signal);
	if (result == -ECANCELED)
		return error_set(
			-ENOMSG,
			"process %ld: signal %d was sent, but the process closed the connection",
			pid, request->signal);
	if (request->acknowledged)
		return error_set(-ETIMEDOUT, "process %ld: signal %d: it did not finish in time",
				 pid, request->signal);
	return error_set(-ENOMSG, "process %ld: signal %d was sent, but there was no reply", pid,
			 request->signal);
}

/* Check everything once: 1 to continue, otherwise the result. */
static int step_request(struct request *request)
{
	int end = daemonkit_process_fd(request->process);
	deadline next = end >= 0 ? request->until : deadline_after(POLL_INTERVAL);
	struct pollfd fds[] = {
		{ .fd = request->line >= 0 ? request->line : request->listener, .events = POLLIN },
		{ .fd = end, .events = POLLIN },
	};
	int result = deadline_poll(fds, 2, next < request->until ? next : request->until);
	bool ended, late = deadline_now() >= request->until;

	if (result < 0)
		return error_system(result, "request: wait");
	/*
	 * Check for the exit first: all messages of a process that has exited are in the
	 * queue then.
	 */
	ended = daemonkit_process_alive(request->process) != 1;
	if (request->line < 0)
		accept_reply(request);
	result = request->line < 0 ? 1 : receive_replies(request);
	if (result < 0 && !request->acknowledged) {
		/* The connection was about something else. */
		request->line = fd_close(request->line);
		result = 1;
	}
	/* An exiting process closes the connection just before its exit is visible. */
	if (result < 0)
		ended = process_wait_until(request->process, limit(request, CLOSE_TIMEOUT)) == 0;
	if (result == 0 || (result > 0 && !ended && !late))
		return result;
	return explain_no_reply(request, ended, result);
}

static int request_until(struct request *request)
{
	long pid = (long)daemonkit_process_pid(request->process);
	uint32_t cookie = 0;
	int result;

	request->listener = open_listener(&cookie);
	result = send_request(request, request->listener < 0 ? 0 : cookie);
	if (result < 0)
		return error_system(result, "process %ld: signal %d", pid, request->signal);
	if (request->listener < 0)
		return error_system(
			-ENOMSG,
			"process %ld: signal %d was sent, but this system does not support replies",
			pid, request->signal);
	do {
		result = step_request(request);
	} while (result > 0);
	return result;
}

int daemonkit_process_request(struct daemonkit_process *process, int signal, int timeout,
			      daemonkit_status_handler *status, void *data)
{
	DISABLE_CANCELLATION;
	struct request request = {
		.process = process,
		.signal = signal,
		.until = deadline_after(timeout),
		.status = status,
		.data = data,
		.listener = -1,
		.line = -1,
	};
	int result;

	if (process == NULL)
		return error_null(__func__);
	result = process_check_signal(signal);
	if (result == 0)
		result = process_check_effect(process, signal);
	if (result == 0)
		result = request_until(&request);
	fd_close(request.line);
	fd_close(request.listener);
	return result == 0 ? -request.answer : result;
}
