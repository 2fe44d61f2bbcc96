/* SPDX-License-Identifier: MIT */
/*
 * The launcher's wait for the daemon.
 *
 * It waits for three things at once: messages on the channel, the daemon's exit, which
 * the kernel reports immediately, and signals to the launcher.  End-of-file never counts
 * as success.
 * Thread-safe on different starts.
 */
#include "start/await.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <daemonkit/error.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "ipc/channel.h"
#include "manager/notify-internal.h"
#include "start/output.h"

/* How long a daemon that has reported a failure may take to exit, in milliseconds. */
#define EXIT_GRACE 5000
/* How long a daemon that has closed its channel may take to exit. */
#define CLOSE_GRACE 1000
/* How long to retry sending GO to the daemon if its channel is full. */
#define GO_TIMEOUT 5000
/* How many messages to read before checking other events again. */
#define MESSAGE_BATCH 64
/* How many batches to read after the daemon's exit: more than any queue holds. */
#define LAST_BATCHES 64

/* How often to read the rest of what the daemon has printed. */
#define RELAY_ROUNDS 64

/* Copy what the daemon has printed so far. */
static bool relay(const struct await *wait)
{
	return wait->options->output != NULL &&
	       output_relay(wait->options->output, wait->until, wait->options->interrupt);
}

/* The number is limited, because a child of the daemon may print without pause. */
static void relay_all(const struct await *wait)
{
	for (int round = 0; round < RELAY_ROUNDS && relay(wait); round++)
		;
}

static enum await_verdict handle_message(struct await *wait)
{
	const struct channel_message *message = &wait->message;
	const struct await_options *options = wait->options;
	const int others[] = { options->interrupt, launch_exit_fd(wait->launch) };
	deadline longer;

	switch (message->type) {
	case CHANNEL_STATUS:
		if (options->status != NULL)
			options->status(message->text, options->data);
		/*
		 * Status texts are worthless later: do not wait for a manager that reads
		 * nothing.
		 */
		if (options->manager != NULL)
			notify_relay_status(options->manager, message->text, 0);
		return AWAIT_NONE;
	case CHANNEL_EXTEND:
		longer = deadline_after(message->number);
		if (message->number > 0 && longer > wait->until)
			wait->until = longer;
		if (message->number > 0 && options->manager != NULL)
			notify_relay_extend(options->manager, message->number, wait->until, others);
		return AWAIT_NONE;
	case CHANNEL_PID_FILE:
		if (options->pid_file != NULL)
			options->pid_file(message->text, options->owner);
		return AWAIT_NONE;
	case CHANNEL_UP:
		return options->timeout == 0 ? AWAIT_UP : AWAIT_NONE;
	case CHANNEL_READY:
		return AWAIT_UP;
	case CHANNEL_FAILED:
		wait->error = message->number < 0 ? message->number : -ECHILD;
		error_set(wait->error, "%s", message->text);
		return AWAIT_FAILED;
	case CHANNEL_NOT_STARTED:
		wait->error = message->number < 0 ? message->number : -ECHILD;
		wait->error = error_system(wait->error, "cannot start %s: %s", options->path,
					   message->text);
		return AWAIT_FAILED;
	default:
		return AWAIT_NONE;
	}
}

/*
 * Read the daemon's messages so far.  The number is limited, because a daemon that sends without
 * pause would prevent checks of the deadline and of signals.
 */
static enum await_verdict receive_messages(struct await *wait)
{
	if (wait->launch->channel < 0)
		return AWAIT_CLOSED;
	for (int count = 0; count < MESSAGE_BATCH; count++) {
		int result = channel_receive(wait->launch->channel, &wait->message);
		enum await_verdict verdict;

		if (result == -EAGAIN)
			return AWAIT_NONE;
		/* An invalid message does not come from this library. */
		if (result == 0 || result == -EBADMSG)
			return AWAIT_CLOSED;
		if (result < 0) {
			wait->error = result;
			return AWAIT_BROKEN;
		}
		verdict = handle_message(wait);
		if (verdict != AWAIT_NONE)
			return verdict;
	}
	return AWAIT_MORE;
}

static bool is_sending_settings(const struct await *wait)
{
	return wait->sent.bytes < wait->options->settings_length;
}

static void close_daemon_output(struct await *wait)
{
	int *output = wait->options->daemon_output;

	if (output != NULL && !is_sending_settings(wait))
		*output = fd_close(*output);
}

/* Send as much as possible: 0 or a negative errno. */
static int send_settings(struct await *wait)
{
	const struct await_options *options = wait->options;
	int result = channel_send_settings(wait->launch->channel, options->settings,
					   options->settings_length, options->passed, &wait->sent);

	/* The daemon has closed its end, which will be detected elsewhere. */
	if (result == -ECANCELED)
		wait->sent.bytes = options->settings_length;
	close_daemon_output(wait);
	return result == -ECANCELED ? 0 : result;
}

/* The last line that the daemon printed says more than its status. */
static int describe_exit(const struct await *wait, int status, const char *when)
{
	const struct output *output = wait->options->output;
	const char *line = output != NULL ? output_last_line(output) : "";
	const char *colon = line[0] != '\0' ? ": " : "";

	if (status == -1)
		return error_set(-ECHILD, "the daemon ended %s%s%s", when, colon, line);
	if (WIFSIGNALED(status))
		return error_set(-ECHILD, "the daemon was killed by signal %d (%s) %s%s%s",
				 /* NOLINTNEXTLINE(concurrency-mt-unsafe): per thread in glibc. */
				 WTERMSIG(status), strsignal(WTERMSIG(status)), when, colon, line);
	return error_set(-ECHILD, "the daemon exited with status %d %s%s%s", WEXITSTATUS(status),
			 when, colon, line);
}

static const char *kill_outcome(const struct await *wait)
{
	if (wait->launch->kill_failed)
		return "could not be killed";
	return wait->launch->denied ? "ended by itself" : "was killed";
}

static int explain_exit(const struct await *wait, int status)
{
	const char *when = wait->up                      ? "as soon as it was up"
			   : wait->options->timeout == 0 ? "before it was set up"
							 : "before it was ready";

	/* A daemon that was exiting already when SIGKILL arrived has a status of its own. */
	if (wait->launch->killed && status != -1 &&
	    !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		return describe_exit(wait, status, when);
	if (wait->launch->killed)
		return error_set(-ECHILD, "the daemon closed its channel %s, and %s", when,
				 kill_outcome(wait));
	if (wait->launch->kill_failed)
		return error_set(-ECHILD, "the daemon's watcher was killed %s, and the daemon %s",
				 when, kill_outcome(wait));
	return describe_exit(wait, status, when);
}

static int explain_failure(const struct await *wait)
{
	if (wait->launch->kill_failed)
		return error_set(wait->error, "%s; the daemon %s", wait->text, kill_outcome(wait));
	return error_set(wait->error, "%s", wait->text);
}

static int explain_interrupt(const struct await *wait)
{
	if (wait->verdict == AWAIT_FAILED)
		return error_set(-EINTR,
				 "a signal interrupted the start, which had failed: %s; the "
				 "daemon %s",
				 wait->text, kill_outcome(wait));
	return error_set(-EINTR, "a signal interrupted the start; the daemon %s",
			 kill_outcome(wait));
}

/* Of a daemon that was killed: its other messages no longer matter. */
static void receive_pid_files(struct await *wait)
{
	for (int count = 0; count < LAST_BATCHES * MESSAGE_BATCH; count++) {
		if (wait->launch->channel < 0 ||
		    channel_receive(wait->launch->channel, &wait->message) <= 0)
			break;
		if (wait->message.type == CHANNEL_PID_FILE)
			handle_message(wait);
	}
}

/* The result, once the daemon has exited. */
static int await_exit(struct await *wait, deadline until, int *status)
{
	if (!launch_await_exit(wait->launch, until))
		return AWAIT_AGAIN;
	receive_pid_files(wait);
	*status = launch_collect(wait->launch);
	switch (wait->cause) {
	case AWAIT_LATE:
		return error_set(-ETIMEDOUT, "the daemon was not ready in time and %s",
				 kill_outcome(wait));
	case AWAIT_INTERRUPTED:
		return explain_interrupt(wait);
	case AWAIT_ERROR:
		return error_system(wait->error, "waiting for the daemon");
	default:
		return wait->verdict == AWAIT_FAILED ? explain_failure(wait)
						     : explain_exit(wait, *status);
	}
}

/* Abort the start for this reason: kill the daemon; from now on only wait for its exit. */
static int abort_start(struct await *wait, enum await_cause cause, int *status)
{
	wait->cause = cause;
	relay_all(wait);
	/* A daemon that cannot be killed must not wait for this process to read more. */
	if (wait->options->output != NULL)
		output_end(wait->options->output);
	if (!launch_has_exited(wait->launch))
		launch_kill(wait->launch);
	return await_exit(wait, 0, status);
}

/* The start has failed: give the daemon some time to exit by itself, within its timeout. */
static int begin_grace_period(struct await *wait, enum await_verdict verdict, int grace)
{
	deadline until = deadline_after(grace);

	wait->verdict = verdict;
	/* Save the daemon's error text: the caller may set other texts before the exit. */
	if (verdict == AWAIT_FAILED)
		snprintf(wait->text, sizeof wait->text, "%s", daemonkit_error());
	if (until < wait->until)
		wait->until = until;
	return AWAIT_AGAIN;
}

/*
 * Notify the manager of the daemon before the daemon may contact it.  systemd checks at
 * once whether the daemon is its own child; if not, it later sends SIGKILL right after
 * SIGTERM.  So the daemon is orphaned first.  A manager that is unreachable, or reads
 * nothing until the deadline, does not make the start fail.  Returns 0 or -EINTR: a
 * signal arrived, or the daemon has exited.
 */
static int hand_to_manager(struct await *wait)
{
	const struct await_options *options = wait->options;
	struct launch *launch = wait->launch;
	/*
	 * If the daemon has exited with status 0, its pid may be reused as soon as it is
	 * orphaned.
	 */
	pid_t daemon = launch_status(launch) == 0 ? 0 : launch->daemon;
	int others[] = { options->interrupt, -1 }, result;

	launch_orphan(launch);
	others[1] = daemon > 0 ? launch->pidfd : -1;
	result = notify_hand_over(options->manager, daemon, options->timeout != 0, wait->until,
				  others);
	if (result == -EINTR)
		return result;
	channel_send(launch->channel, CHANNEL_GO, 0, "", deadline_after(GO_TIMEOUT));
	return 0;
}

deadline await_deadline(const struct await *wait)
{
	return wait->cause != AWAIT_NO_CAUSE ? wait->launch->until : wait->until;
}

short await_events(const struct await *wait)
{
	if (wait->cause != AWAIT_NO_CAUSE || wait->verdict != AWAIT_NONE)
		return 0;
	return (short)(POLLIN | (is_sending_settings(wait) ? POLLOUT : 0));
}

short await_output_events(const struct await *wait)
{
	const struct output *output = wait->options->output;

	return output != NULL && !output->ended ? POLLIN : 0;
}

short await_exit_events(const struct await *wait)
{
	const struct launch *launch = wait->launch;

	return launch->reaping && launch->watcher == 0 ? POLLHUP : POLLIN;
}

/*
 * The daemon was up, and has exited before this process read that: the start counts as
 * successful, as for a daemon that exits right after the start, unless it failed.  The
 * status is unknown if other code in this process has reaped the daemon, or the watcher
 * was killed.
 * In an upgrade the successor has not taken over yet: this process remains the daemon.
 */
static bool may_have_exited(const struct await *wait)
{
	int status = launch_status(wait->launch);

	if (wait->options->hand_over != NULL)
		return false;
	return status == -1 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int finish_start(struct await *wait, int *status)
{
	const struct await_options *options = wait->options;
	int result;

	if (options->output != NULL)
		output_finish(options->output, wait->until, options->interrupt);
	if (options->hand_over != NULL) {
		result = options->hand_over(wait->launch, options->owner);
		if (result < 0) {
			/* Immediately: the place belongs to this process again. */
			*status = launch_discard(wait->launch, 0);
			return result;
		}
	} else if (options->manager != NULL && hand_to_manager(wait) < 0) {
		if (!launch_has_exited(wait->launch))
			return abort_start(wait, AWAIT_INTERRUPTED, status);
		if (!may_have_exited(wait))
			return abort_start(wait, AWAIT_REPORTED, status);
	}
	launch_release(wait->launch);
	return 0;
}

/*
 * Process all messages.  Check for the exit first: all messages of a daemon that has
 * exited are in the channel then.
 */
static int conclude_wait(struct await *wait, int *status)
{
	bool exited = launch_has_exited(wait->launch);
	enum await_verdict verdict = receive_messages(wait);

	wait->up = verdict == AWAIT_UP;
	if (wait->up && (!exited || may_have_exited(wait)))
		return finish_start(wait, status);
	if (verdict == AWAIT_BROKEN)
		return abort_start(wait, AWAIT_ERROR, status);
	if (verdict == AWAIT_FAILED)
		return begin_grace_period(wait, AWAIT_FAILED, EXIT_GRACE);
	/* The daemon's own messages are in the queue; a child of it may add others for ever. */
	if (verdict == AWAIT_MORE && (!exited || ++wait->last_batches < LAST_BATCHES))
		return AWAIT_AGAIN;
	if (verdict == AWAIT_CLOSED || exited)
		return begin_grace_period(wait, AWAIT_CLOSED, CLOSE_GRACE);
	return AWAIT_AGAIN;
}

/* NOLINTNEXTLINE(misc-no-recursion): it calls itself once, after a failure. */
int await_step(struct await *wait, deadline until, int *status)
{
	bool failed = wait->verdict != AWAIT_NONE;
	struct pollfd fds[] = {
		{ .fd = failed ? -1 : wait->launch->channel, .events = await_events(wait) },
		{ .fd = launch_exit_fd(wait->launch), .events = POLLIN },
		{ .fd = wait->options->interrupt, .events = POLLIN },
		{ .fd = await_output_events(wait) != 0 ? wait->options->output->fd : -1,
		  .events = POLLIN },
	};
	int ready, result = 0;

	if (wait->cause != AWAIT_NO_CAUSE)
		return await_exit(wait, until, status);
	ready = deadline_poll(fds, 4, until < wait->until ? until : wait->until);
	if (ready > 0 && fds[3].revents != 0) {
		relay(wait);
		ready--;
	}
	if (ready == 0 && deadline_now() < wait->until)
		return AWAIT_AGAIN;
	if (failed)
		return abort_start(
			wait, ready > 0 && fds[1].revents == 0 ? AWAIT_INTERRUPTED : AWAIT_REPORTED,
			status);
	if (ready == 0)
		return abort_start(wait, AWAIT_LATE, status);
	if (ready > 0 && fds[2].revents != 0)
		return abort_start(wait, AWAIT_INTERRUPTED, status);
	if (ready > 0 && (fds[0].revents & POLLOUT) != 0 && is_sending_settings(wait))
		result = send_settings(wait);
	if (ready < 0 || result < 0) {
		wait->error = ready < 0 ? ready : result;
		return abort_start(wait, AWAIT_ERROR, status);
	}
	result = conclude_wait(wait, status);
	if (result != AWAIT_AGAIN || wait->cause != AWAIT_NO_CAUSE)
		return result;
	/* It has failed, and may have exited already. */
	if (wait->verdict != AWAIT_NONE)
		return await_step(wait, 0, status);
	return deadline_now() < wait->until ? AWAIT_AGAIN : abort_start(wait, AWAIT_LATE, status);
}

void await_begin(struct await *wait, const struct await_options *options, struct launch *launch)
{
	*wait = (struct await){ .options = options, .launch = launch };
	wait->until = options->timeout == 0 ? DEADLINE_NEVER : deadline_after(options->timeout);
	close_daemon_output(wait);
}
