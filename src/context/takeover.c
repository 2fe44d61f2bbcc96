/* SPDX-License-Identifier: MIT */
/*
 * The successor's part of an upgrade.
 * Thread-safe on different contexts.
 */
#include "context/takeover.h"

#include <errno.h>
#include <stddef.h>

#include <daemonkit/error.h>
#include <daemonkit/process.h>
#include <daemonkit/upgrade.h>

#include "base/cancel.h"
#include "compat/socket.h"
#include "context/context-internal.h"
#include "context/streams.h"
#include "ipc/channel.h"
#include "pidfile/pidfile-internal.h"
#include "process/process-internal.h"

/* How long a launcher may take to copy what this process has printed, in milliseconds. */
#define COPY_TIMEOUT 1000

/*
 * The predecessor has created the other end of the channel.  If it is running after its
 * pid was opened, the pid was its own.  The object is kept also when it has exited: this
 * daemon remains a successor.
 */
static int open_predecessor(struct daemonkit_context *context)
{
	int channel = context->notify.channel;
	struct compat_peer peer;
	int result = compat_peer(channel, &peer);

	if (result < 0)
		return result;
	if (peer.pid <= 0)
		return -ENOTSUP;
	result = process_open(&context->predecessor, peer.pid);
	if (result < 0)
		return result;
	if (channel_has_peer(channel))
		return 0;
	context->predecessor = daemonkit_process_free(context->predecessor);
	return -ESRCH;
}

int daemonkit_context_predecessor(struct daemonkit_context *context, struct daemonkit_process **ret)
{
	DISABLE_CANCELLATION;
	int result;

	if (context == NULL || ret == NULL)
		return error_null(__func__);
	if (!context_is_daemon(context))
		return error_set(-EPERM, "predecessor: this process is not the daemon");
	if (!context->settings.start.successor)
		return error_set(-ENOENT, "predecessor: none, this daemon was not started by an "
					  "upgrade");
	result = context->predecessor_error;
	if (result == 0)
		result = process_duplicate(ret, context->predecessor);
	return result < 0 ? error_system(result, "predecessor") : 0;
}

int takeover_prepare(struct daemonkit_context *context)
{
	struct settings *settings = &context->settings;
	int result = 0;

	context->must_take_over = true;
	/* No reason to refuse the upgrade: only the program may need to know. */
	context->predecessor_error = open_predecessor(context);
	context->notify.watched = settings->start.managed;
	if (settings->start.fds[START_FD_PID_FILE] >= 0)
		result = pidfile_inherit(&context->pidfile, settings->pid_file,
					 settings->start.fds[START_FD_PID_FILE]);
	if (result == 0)
		settings->start.fds[START_FD_PID_FILE] = -1;
	if (result == 0 && settings->start.fds[START_FD_OUTPUT] >= 0)
		result = streams_begin_early(settings->start.fds[START_FD_OUTPUT]);
	settings_close(settings, START_FD_OUTPUT);
	if (context->pidfile != NULL)
		pidfile_expect_root(context->pidfile, settings->chroot);
	/* execve(2) has preserved them, as for any program that the predecessor executes. */
	if (result == 0)
		result = privileges_after_user(&settings->privileges);
	return result;
}

/* A process that has not taken over yet, or never will, must not contact the manager. */
static void adopt_manager(struct daemonkit_context *context)
{
	struct start *start = &context->settings.start;

	manager_adopt(&context->notify.manager, start->manager, start->fds[START_FD_MANAGER]);
	start->manager = NULL;
	start->fds[START_FD_MANAGER] = -1;
}

/* The predecessor gives up its place, and takes it back if this process fails. */
static int replace_predecessor(struct daemonkit_context *context)
{
	struct notify *notify = &context->notify;
	int result = notify_await_launcher(notify, CHANNEL_TAKE);

	if (result < 0)
		return result;
	result = context->pidfile != NULL ? pidfile_acquire(context->pidfile) : 0;
	if (result < 0) {
		channel_send(notify->channel, CHANNEL_FAILED, result, daemonkit_error(),
			     DEADLINE_NEVER);
		return result;
	}
	result = notify_send_launcher(notify, CHANNEL_TAKEN, 0, "", DEADLINE_NEVER);
	/* The predecessor is alive, has not received the reply, and will take its place back. */
	if (result < 0 && result != -ECANCELED) {
		if (context->pidfile != NULL)
			pidfile_leave_to_successor(context->pidfile);
		return result;
	}
	/* Whether the predecessor is alive or not, this process is the daemon now. */
	context->must_take_over = false;
	if (result == 0)
		channel_receive_word(notify->channel, CHANNEL_GO);
	adopt_manager(context);
	/* This comes last: the predecessor gives up its place when it reads this message. */
	channel_send(notify->channel, CHANNEL_SUCCEEDED, 0, "", DEADLINE_NEVER);
	return 0;
}

int takeover_finish_start(struct daemonkit_context *context, int result, bool printed)
{
	bool successor = context->must_take_over;

	if (result == 0)
		result = context->must_take_over ? replace_predecessor(context)
						 : notify_await_relay(&context->notify);
	/*
	 * The launcher closes the channel when it has copied everything: then the log is in
	 * order.  A predecessor has done so already.
	 */
	if (result == 0 && printed && !successor)
		channel_await_end(context->notify.channel, deadline_after(COPY_TIMEOUT));
	notify_close_channel(&context->notify);
	return result;
}
