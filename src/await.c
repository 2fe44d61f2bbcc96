/* SPDX-License-Identifier: MIT */
/*
 * The launcher's wait for the daemon.
 *
 * Three things are looked at together: the channel, on which the daemon
 * speaks; its end, which the kernel tells at once; and signals to the
 * launcher.  End-of-file is never taken for success.
 * Thread-safe on different starts.
 */
#include "await.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "channel.h"
#include "error.h"
#include "notify.h"

/* How long a daemon that said it failed may take to exit, in milliseconds. */
#define EXIT_GRACE 5000
/* How long one that closed its channel may take: it is about to exit. */
#define CLOSE_GRACE 1000
/* How many messages are heard before other things are looked at again. */
#define HEARD_AT_ONCE 64

enum verdict { NONE, UP, FAILED, CLOSED, BROKEN };

static enum verdict hear(struct waiting *wait, const struct channel_message *message)
{
	const struct await *await = wait->await;
	deadline longer;

	switch (message->type) {
	case CHANNEL_STATUS:
		if (await->status != NULL)
			await->status(message->text, await->data);
		if (await->manager != NULL)
			notify_manager_status(await->manager, message->text, 0);
		return NONE;
	case CHANNEL_EXTEND:
		longer = deadline_after(message->number);
		if (message->number > 0 && longer > wait->until)
			wait->until = longer;
		if (message->number > 0 && await->manager != NULL)
			notify_manager_extend(await->manager, message->number);
		return NONE;
	case CHANNEL_UP:
		return await->timeout == 0 ? UP : NONE;
	case CHANNEL_READY:
		return UP;
	case CHANNEL_FAILED:
		wait->error = message->number < 0 ? message->number : -ECHILD;
		error_set(wait->error, "%s", message->text);
		return FAILED;
	case CHANNEL_NOT_STARTED:
		wait->error = message->number < 0 ? message->number : -ECHILD;
		error_system(wait->error, "cannot start %s: %s", await->path, message->text);
		return FAILED;
	default:
		return NONE;
	}
}

/*
 * What the daemon has said so far: all of it, if it has ended.  One that never
 * falls silent would keep the time and signals from being looked at.
 */
static enum verdict listen_to(struct waiting *wait, bool ended)
{
	struct channel_message message;

	if (wait->launch->channel < 0)
		return CLOSED;
	for (int heard = 0; ended || heard < HEARD_AT_ONCE; heard++) {
		int result = channel_receive(wait->launch->channel, &message);
		enum verdict verdict;

		if (result == -EAGAIN)
			return NONE;
		/* What is no message does not come from a daemon of ours. */
		if (result == 0 || result == -EBADMSG)
			return CLOSED;
		if (result < 0) {
			wait->error = result;
			return BROKEN;
		}
		verdict = hear(wait, &message);
		if (verdict != NONE)
			return verdict;
	}
	return NONE;
}

/* 0 or a negative errno. */
static int send_settings(struct waiting *wait)
{
	const struct await *await = wait->await;
	ssize_t sent = channel_send_settings(wait->launch->channel, await->settings + wait->sent,
					     await->settings_length - wait->sent);

	/* The daemon is gone, and that will be noticed as such. */
	if (sent == -ECANCELED)
		sent = (ssize_t)(await->settings_length - wait->sent);
	if (sent < 0)
		return (int)sent;
	wait->sent += (size_t)sent;
	return 0;
}

static int describe_end(int status, const char *when)
{
	if (status == -1)
		return error_set(-ECHILD, "the daemon ended %s", when);
	if (WIFSIGNALED(status))
		return error_set(-ECHILD, "the daemon was killed by signal %d (%s) %s",
				 WTERMSIG(status), strsignal(WTERMSIG(status)), when);
	return error_set(-ECHILD, "the daemon exited with status %d %s", WEXITSTATUS(status),
			 when);
}

static int end_unsaid(struct waiting *wait, int *status)
{
	const char *when = wait->up                  ? "as soon as it was up"
			   : wait->await->timeout == 0 ? "before it was set up"
						       : "before it was ready";
	struct pollfd end = { .fd = wait->launch->end, .events = POLLIN };
	bool alive = deadline_poll(&end, 1, deadline_after(CLOSE_GRACE)) == 0;

	*status = launch_finish(wait->launch, 0);
	if (alive)
		return error_set(-ECHILD, "the daemon closed its channel %s, and was killed",
				 when);
	return describe_end(*status, when);
}

static int end_failed(struct waiting *wait, int *status)
{
	*status = launch_finish(wait->launch, deadline_after(EXIT_GRACE));
	return wait->error;
}

static int end_late(struct waiting *wait, int *status)
{
	*status = launch_finish(wait->launch, 0);
	return error_set(-ETIMEDOUT, "the daemon was not ready in time and was killed");
}

static int end_interrupted(struct waiting *wait, int *status)
{
	*status = launch_finish(wait->launch, 0);
	return error_set(-EINTR, "a signal interrupted the start; the daemon was killed");
}

static int end_broken(struct waiting *wait, int error, int *status)
{
	*status = launch_finish(wait->launch, 0);
	return error_system(error, "waiting for the daemon");
}

static int end_refused(struct waiting *wait, int error, int *status)
{
	wait->error = error;
	*status = launch_finish(wait->launch, 0);
	return error;
}

/*
 * The manager hears of the daemon before the daemon may speak to it.  systemd
 * looks at once whether the daemon is its own child, and if not, will stop it
 * with SIGKILL right after SIGTERM: the daemon is left to it first.  A manager
 * that cannot be reached does not make the daemon any less up.
 */
static int hand_over(struct waiting *wait)
{
	const struct await *await = wait->await;

	if (await->hand_over != NULL)
		return await->hand_over(wait->launch, await->owner);
	if (await->manager == NULL)
		return 0;
	launch_orphan(wait->launch);
	notify_hand_over(await->manager, wait->launch->daemon, await->timeout != 0, DEADLINE_NEVER);
	channel_send(wait->launch->channel, CHANNEL_GO, 0, "", DEADLINE_NEVER);
	return 0;
}

bool await_is_sending(const struct waiting *waiting)
{
	return waiting->sent < waiting->await->settings_length;
}

/* All that has come, in this order: what a dead daemon has said is all there to be heard. */
static int conclude(struct waiting *wait, int *status)
{
	bool ended = launch_ended(wait->launch);
	enum verdict verdict = listen_to(wait, ended);
	int result;

	if (verdict == UP && !ended) {
		result = hand_over(wait);
		if (result < 0)
			return end_refused(wait, result, status);
		launch_release(wait->launch);
		return 0;
	}
	/* It was up, and is dead already: its last words count. */
	if (verdict == UP) {
		wait->up = true;
		verdict = listen_to(wait, true);
	}
	if (verdict == FAILED)
		return end_failed(wait, status);
	if (verdict == BROKEN)
		return end_broken(wait, wait->error, status);
	if (verdict == CLOSED || ended)
		return end_unsaid(wait, status);
	return AWAIT_AGAIN;
}

int await_step(struct waiting *wait, deadline until, int *status)
{
	bool unsent = await_is_sending(wait);
	struct pollfd fds[] = {
		{ .fd = wait->launch->channel, .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) },
		{ .fd = wait->launch->end, .events = POLLIN },
		{ .fd = wait->await->interrupt, .events = POLLIN },
	};
	int ready = deadline_poll(fds, 3, until < wait->until ? until : wait->until);
	int result = 0;

	if (ready < 0)
		return end_broken(wait, ready, status);
	if (ready == 0)
		return deadline_now() < wait->until ? AWAIT_AGAIN : end_late(wait, status);
	if (fds[2].revents != 0)
		return end_interrupted(wait, status);
	if ((fds[0].revents & POLLOUT) != 0 && unsent)
		result = send_settings(wait);
	if (result < 0)
		return end_broken(wait, result, status);
	result = conclude(wait, status);
	/* Whatever it had to say: that it is up, or has failed, was not among it. */
	if (result == AWAIT_AGAIN && deadline_now() >= wait->until)
		return end_late(wait, status);
	return result;
}

void await_begin(struct waiting *waiting, const struct await *await, struct launch *launch)
{
	*waiting = (struct waiting){ .await = await, .launch = launch };
	waiting->until = await->timeout == 0 ? DEADLINE_NEVER : deadline_after(await->timeout);
}

int await_daemon(const struct await *await, struct launch *launch, int *exit_status)
{
	struct waiting waiting;
	int result;

	await_begin(&waiting, await, launch);
	do {
		result = await_step(&waiting, DEADLINE_NEVER, exit_status);
	} while (result == AWAIT_AGAIN);
	return result;
}
