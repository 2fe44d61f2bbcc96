/* SPDX-License-Identifier: MIT */
/*
 * The daemon's part of a start.
 * Not thread-safe: it changes the whole process.
 */
#include "context/daemonize.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "base/fd.h"
#include "compat/self.h"
#include "compat/siginfo.h"
#include "context/confine.h"
#include "context/streams.h"
#include "context/takeover.h"
#include "ipc/channel.h"
#include "pidfile/pidfile-internal.h"
#include "signals/init.h"
#include "signals/signals-internal.h"
#include "start/marker.h"

static int undo_set_up(struct daemonkit_context *context, struct streams *streams, int result)
{
	KEEP_ERROR_TEXT;

	streams_close(streams);
	if (context->pidfile != NULL)
		daemonkit_pidfile_remove(context->pidfile);
	context->pidfile = daemonkit_pidfile_close(context->pidfile);
	return result;
}

/* Report the missing pid file to the launcher or the manager, without waiting for them. */
static void report_no_pid_file(struct daemonkit_context *context)
{
	struct notify *notify = &context->notify;
	char text[ERROR_TEXT_MAX + 32];

	snprintf(text, sizeof text, "%s; starting without it", daemonkit_error());
	if (notify->channel >= 0)
		notify_status(notify, text);
	else
		notify_relay_status(&notify->manager, text, 0);
	/* In the foreground there is no launcher. */
	if (notify->channel < 0 && context->status != NULL)
		context->status(text, context->status_data);
}

/* Another instance that holds the file is an error in any case. */
static int acquire_pid_file(struct daemonkit_context *context)
{
	const struct settings *settings = &context->settings;
	char before[ERROR_TEXT_MAX];
	int result;

	snprintf(before, sizeof before, "%s", daemonkit_error());
	result = pidfile_create(settings->pid_file, settings->pid_mode, &context->pidfile);
	if (result == 0)
		pidfile_expect_root(context->pidfile, settings->chroot);
	if (result == 0 || result == -EALREADY || !settings->pid_file_optional)
		return result;
	report_no_pid_file(context);
	/* A start that succeeds leaves the text unchanged. */
	error_set(0, "%s", before);
	return 0;
}

/* Make this process the daemon; the order of the steps matters. */
static int set_up_daemon(struct daemonkit_context *context, bool foreground)
{
	const struct settings *settings = &context->settings;
	struct streams streams;
	int result = streams_open(settings, foreground, &streams);

	if (result == 0 && settings->pid_file != NULL)
		result = acquire_pid_file(context);
	if (result == 0 && settings->has_umask)
		umask(settings->umask);
	if (result == 0 && !settings->confine_later)
		result = confine_daemon(settings, foreground);
	if (result == 0)
		result = streams_set(foreground, &streams);
	if (result < 0)
		return undo_set_up(context, &streams, result);
	context->must_confine = settings->confine_later;
	settings_close(&context->settings, START_FD_LOG);
	settings_close(&context->settings, START_FD_OUTPUT);
	/* Files that are not in use must not be reopened. */
	if (streams.journal)
		settings_forget_log(&context->settings);
	return 0;
}

/* Determine which processes wait for the daemon, and connect while that is still possible. */
static int prepare_notify(struct daemonkit_context *context, bool foreground)
{
	struct settings *settings = &context->settings;
	struct notify *notify = &context->notify;
	int result = 0;

	notify->relayed = settings->start.managed != 0;
	notify->watched = settings->start.managed;
	/* A descriptor already there was kept after a failed attempt. */
	if (settings->start.fds[START_FD_READY] >= 0) {
		fd_close(notify->ready_fd);
		notify->ready_fd = settings->start.fds[START_FD_READY];
		settings->start.fds[START_FD_READY] = -1;
	}
	if (foreground || settings->start.managed != 0)
		result = manager_open(&notify->manager);
	if (result == 0 && (settings->chroot != NULL || settings->has_credential))
		manager_connect(&notify->manager);
	return result;
}

/* This process is the daemon now; report it to the launcher, if there is one. */
static int announce_daemon(struct daemonkit_context *context)
{
	int result = 0;

	context->daemon = getpid();
	if (!context->must_confine)
		result = notification_send_up(context);
	if (result < 0) {
		KEEP_ERROR_TEXT;

		daemonkit_context_release(context);
		notify_close(&context->notify);
		context->daemon = 0;
		return result;
	}
	/* Other threads may use the channel only when this one no longer does. */
	notification_begin(context);
	return 0;
}

/* Make this process the daemon, and report the result to the launcher. */
static int become_daemon(struct daemonkit_context *context, bool foreground)
{
	int result = prepare_notify(context, foreground);

	if (result == 0)
		result = set_up_daemon(context, foreground);
	return result < 0 ? notification_fail_start(context, result) : announce_daemon(context);
}

/* Descriptors inherited on purpose must not be inherited by other programs. */
static int seal_descriptors(const struct settings *settings)
{
	const struct start *start = &settings->start;
	int result = 0;

	for (size_t i = 0; i < start->keep_count && result == 0; i++)
		result = fd_set_cloexec(start->keep[i], true);
	for (size_t i = 0; i < settings->descriptors.count && result == 0; i++)
		result = fd_set_cloexec(settings->descriptors.list[i].fd, true);
	for (size_t i = 0; i < START_FD_COUNT && result == 0; i++)
		if (start->fds[i] >= 0)
			result = fd_set_cloexec(start->fds[i], true);
	return result < 0 ? error_system(result, "an inherited descriptor") : 0;
}

int become_refused(void)
{
	return error_set(-EPERM, "started as a second copy, but not by a launcher of the same "
				 "user, group and privileges");
}

/* Replace the settings computed in this process by the launcher's. */
static int receive_settings(struct daemonkit_context *context)
{
	struct archive settings = { .error = 0 };
	struct compat_passed passed = { .count = 0 };
	int result = channel_receive_settings(context->notify.channel, &settings, &passed);

	if (result == 0)
		result = settings_get(&context->settings, settings.bytes, settings.length);
	archive_free(&settings);
	if (result == 0)
		result = settings_take_passed(&context->settings, &passed);
	compat_passed_close(&passed);
	if (result == -ECANCELED)
		return error_set(result,
				 "the launcher has exited: no process waits for this start");
	if (result == -EPERM) {
		/* The peer gets no answer. */
		notify_close_channel(&context->notify);
		return become_refused();
	}
	if (result < 0)
		return error_system(result, "the settings from the launcher");
	return seal_descriptors(&context->settings);
}

static int become_successor(struct daemonkit_context *context)
{
	int result = takeover_prepare(context);

	return result < 0 ? notification_fail_start(context, result) : announce_daemon(context);
}

int become_second_copy(struct daemonkit_context *context)
{
	int channel = marker_take_channel(), result;

	if (channel < 0)
		return error_set(-EPERM, "this process is the daemon already");
	context->notify.channel = fd_above_standard(channel);
	if (context->notify.channel < 0)
		return error_system(context->notify.channel, "channel to the launcher");
	result = receive_settings(context);
	if (result < 0)
		return notification_fail_start(context, result);
	if (context->settings.start.name != NULL)
		compat_set_name(context->settings.start.name);
	return context->settings.start.successor ? become_successor(context)
						 : become_daemon(context, false);
}

/*
 * Unblock signals that were blocked when the program was started, not those that the
 * program has blocked itself.
 */
static void clean_signal_mask(sigset_t *mask)
{
	const sigset_t *inherited = marker_mask();
	int last = compat_signal_last();

	for (int signal = 1; signal <= last; signal++)
		if (sigismember(inherited, signal) == 1)
			sigdelset(mask, signal);
}

int become_forked(struct daemonkit_context *context, const struct launch_forked *forked,
		  pid_t launcher)
{
	sigset_t mask = forked->mask;
	int result = signals_adopt_from(launcher);

	clean_signal_mask(&mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	context->notify.channel = fd_above_standard(forked->channel);
	if (context->notify.channel < 0)
		return error_system(context->notify.channel, "channel to the launcher");
	if (result == 0 && forked->error == -EMFILE)
		result = error_set(-EMFILE,
				   "mode fork: the highest number that RLIMIT_NOFILE allows "
				   "is open, and none is left for the daemon: raise the "
				   "limit, or close descriptors");
	else if (result == 0 && forked->error < 0)
		result = error_system(forked->error, "closing descriptors");
	if (result == 0)
		result = seal_descriptors(&context->settings);
	if (result == 0 && named_fds_inherit(launcher) < 0)
		result = error_system(-ENOMEM, "LISTEN_PID");
	if (result < 0)
		return notification_fail_start(context, result);
	return become_daemon(context, false);
}

int become_foreground(struct daemonkit_context *context)
{
	sigset_t mask;
	int result;

	/* Before pending signals are unblocked. */
	init_begin();
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	clean_signal_mask(&mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	result = become_daemon(context, true);
	context->supervised = result == 0;
	if (result < 0)
		init_end();
	return result;
}
