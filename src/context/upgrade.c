/* SPDX-License-Identifier: MIT */
/*
 * Upgrade in place: the running daemon is the launcher of its successor.
 *
 * Until the successor is ready, nothing changes in this process.  Then, in this order:
 * this daemon gives up most of its lock on the pid file; the successor takes the lock and
 * writes its pid to the file; the manager is notified of the new main process; the
 * successor is told to continue, and replies that it is the daemon.  Finally this process
 * leaves the file.  If the successor fails before that reply (under a manager: before the
 * manager is notified), this process takes back the pid file.  If it ends after that reply,
 * the daemon has ended: this process has nothing to take back.
 * Thread-safe on different contexts.
 */
#include <daemonkit/upgrade.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "base/cancel.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "base/path.h"
#include "compat/epoll.h"
#include "compat/executable.h"
#include "context/context-internal.h"
#include "context/launch-plan.h"
#include "ipc/channel.h"
#include "pidfile/pidfile-internal.h"
#include "start/await.h"
#include "start/marker.h"

/* Timeout for steps of the successor that should take no time, in milliseconds. */
#define HAND_OVER_TIME 5000

/* Descriptors in the set: the channel, the one for the exit, the successor's standard error. */
#define SOURCES 3

struct daemonkit_upgrade {
	struct daemonkit_context *context;
	pid_t owner; /* the daemon: a forked child has only a copy */
	struct plan plan;
	struct launch launch;
	struct await_options options;
	struct await await;
	struct compat_pollset set;
	short events[SOURCES]; /* those in the set */
	bool handed_over;      /* the pid file */
	bool answered;
	pid_t answer;
	char error[ERROR_TEXT_MAX]; /* the text of a negative answer */
};

/* The program that an upgrade without a path executes, or NULL. */
static const char *successor_program(const struct daemonkit_context *context)
{
	const char *program = context->settings.start.program;

	return program != NULL ? program : compat_executed_name();
}

static int check_upgrade(const struct daemonkit_context *context, const char *path)
{
	bool awaited = notification_is_awaited(context);
	int result;

	/* A process that failed to replace its predecessor is not the daemon either. */
	if (!context_is_daemon(context) || context->succeeded ||
	    (context->must_take_over && !awaited))
		return error_set(-EPERM, "upgrade: this process is not the daemon");
	if (context->upgrade != NULL)
		return error_set(-EINPROGRESS, "upgrade: another one is in progress");
	if (awaited || context->must_confine)
		return error_set(-EINPROGRESS, "upgrade: this daemon is not ready yet");
	if (!marker_allows_copy())
		return error_set(-EPERM, "upgrade: a program with more privileges than its caller "
					 "(set-user-ID, set-group-ID, file capabilities) cannot "
					 "trust its launcher: restart the daemon");
	if (getpid() == 1 || (context->supervised && context->notify.manager.address == NULL))
		return error_set(-ENOTSUP, "upgrade: the supervisor of this process would take "
					   "its exit for the daemon's: restart the daemon");
	if (context->pidfile != NULL && (result = pidfile_can_hand_over(context->pidfile)) < 0)
		return result;
	if (path == NULL && successor_program(context) == NULL)
		return error_set(-ENOENT,
				 "upgrade: cannot determine the file of this program: pass "
				 "the path, or set it with daemonkit_context_set_program");
	return 0;
}

/* The successor's settings: this daemon's, and a start of its own. */
static struct settings successor_settings(struct daemonkit_upgrade *upgrade, int timeout)
{
	struct daemonkit_context *context = upgrade->context;
	const struct notify *notify = &context->notify;
	struct settings settings = context->settings;
	struct start start = {
		.timeout = timeout,
		.program = upgrade->plan.path,
		.successor = true,
	};

	start_disown(&start);
	if (context->pidfile != NULL)
		start.fds[START_FD_PID_FILE] = context->pidfile->fd;
	if (notify->manager.address != NULL) {
		start.managed = notify->watched > 0 ? notify->watched : getpid();
		start.manager = notify->manager.address;
		start.fds[START_FD_MANAGER] = notify->manager.fd;
	}
	settings.start = start;
	return settings;
}

static int make_upgrade_plan(struct daemonkit_upgrade *upgrade, const char *path, int timeout,
			     int *output)
{
	struct daemonkit_context *context = upgrade->context;
	struct plan *plan = &upgrade->plan;
	struct settings settings;
	char *absolute = NULL;
	int result;

	if (path == NULL)
		path = successor_program(context);
	result = path_absolute("upgrade", path, &absolute);
	if (result < 0)
		return result;
	memcpy(plan->path, absolute, strlen(absolute) + 1);
	free(absolute);
	settings = successor_settings(upgrade, timeout);
	if (timeout != 0)
		result = plan_output(plan, &settings.start.fds[START_FD_OUTPUT]);
	*output = settings.start.fds[START_FD_OUTPUT];
	if (result == 0)
		result = plan_keep(plan, &settings, false);
	if (result == 0)
		result = plan_second_copy(plan, context, &settings);
	/*
	 * When this process exits, the successor becomes a child of this process's
	 * parent.  It is created as one, because a manager that reads the pid file checks
	 * that before.
	 */
	plan->launch.sibling = true;
	if (settings.privileges.has_capabilities)
		plan->launch.capabilities = settings.privileges.capabilities;
	return result;
}

/* Wait for this message from the successor: 0, or an error with its text. */
static int await_successor(struct launch *launch, enum channel_type type)
{
	deadline until = deadline_after(HAND_OVER_TIME);
	struct channel_message message = { .number = 0 };
	int result;

	do {
		/* A child of the successor may keep the channel open: wait for its exit too. */
		struct pollfd fds[] = {
			{ .fd = launch->channel, .events = POLLIN },
			{ .fd = launch_exit_fd(launch), .events = POLLIN },
		};

		message.type = 0;
		result = deadline_poll(fds, 2, until);
		if (result == 0)
			return error_set(-ETIMEDOUT, "the daemon did not take over in time and was "
						     "killed");
		if (result > 0)
			result = channel_receive(launch->channel, &message);
		if (result == -EAGAIN && fds[1].revents == 0)
			continue;
		if (result == 0 || result == -EBADMSG || result == -EAGAIN)
			return error_set(-ECHILD, "the daemon exited during the takeover");
		if (result < 0)
			return error_system(result, "message from the daemon");
		if (message.type == CHANNEL_FAILED)
			return error_set(message.number < 0 ? message.number : -ECHILD, "%s",
					 message.text);
	} while (message.type != type);
	/* After its last message it is the daemon, and may have been stopped by somebody. */
	if (type != CHANNEL_SUCCEEDED && launch_has_exited(launch))
		return error_set(-ECHILD, "the daemon exited during the takeover");
	return 0;
}

/* An unreachable manager does not make the upgrade fail. */
static void send_main_pid(struct notify *notify, struct launch *launch, bool ready)
{
	/* The manager checks at once whether the new main process is its own child. */
	if (launch->watcher > 0)
		launch_orphan(launch);
	/* READY=1 also ends a reload that the manager waits for. */
	if (notify_hand_over(&notify->manager, launch->daemon, ready,
			     deadline_after(HAND_OVER_TIME), NULL) < 0)
		return;
	/* This process may exit at once: make sure that the manager has read everything. */
	manager_barrier(&notify->manager, HAND_OVER_TIME);
}

static int hand_over(struct launch *launch, void *owner)
{
	struct daemonkit_upgrade *upgrade = owner;
	struct daemonkit_context *context = upgrade->context;
	bool managed = context->notify.manager.address != NULL;
	int result;

	if (context->pidfile != NULL) {
		upgrade->handed_over = true;
		result = pidfile_hand_over(context->pidfile);
		if (result < 0)
			return result;
	}
	result = channel_send(launch->channel, CHANNEL_TAKE, 0, "", deadline_after(HAND_OVER_TIME));
	if (result < 0)
		return error_set(-ECHILD, "the daemon exited as soon as it was ready");
	result = await_successor(launch, CHANNEL_TAKEN);
	if (result < 0)
		return result;
	/* From then on the manager notices the successor's exit and reacts to it. */
	if (managed)
		send_main_pid(&context->notify, launch, upgrade->options.timeout != 0);
	channel_send(launch->channel, CHANNEL_GO, 0, "", deadline_after(HAND_OVER_TIME));
	if (!managed)
		result = await_successor(launch, CHANNEL_SUCCEEDED);
	if (result == 0 && context->pidfile != NULL)
		pidfile_leave_to_successor(context->pidfile);
	return result;
}

/* The successor has exited: take back what was handed over. */
static int take_back(struct daemonkit_upgrade *upgrade, int result)
{
	char *cause = upgrade->error;

	snprintf(cause, sizeof upgrade->error, "%s", daemonkit_error());
	if (upgrade->handed_over && pidfile_reacquire(upgrade->context->pidfile) < 0)
		error_set(result, "upgrade: %s; and then: %s", cause, daemonkit_error());
	else
		error_set(result, "upgrade: %s", cause);
	snprintf(cause, sizeof upgrade->error, "%s", daemonkit_error());
	return result;
}

/* From here on nothing belongs to this process. */
static void release_place(struct daemonkit_context *context)
{
	context->succeeded = true;
	context->pidfile = daemonkit_pidfile_close(context->pidfile);
	notification_end(context, false);
}

static pid_t finish_upgrade(struct daemonkit_upgrade *upgrade, int result)
{
	struct daemonkit_context *context = upgrade->context;

	upgrade->answered = true;
	context->upgrade = NULL;
	/* The object may exist as long as this process: wipe private data now. */
	archive_free(&upgrade->plan.settings);
	/* Make the set readable: there is an answer. */
	if (upgrade->set.fd >= 0)
		compat_pollset_time(&upgrade->set, 0);
	if (result == 0)
		release_place(context);
	upgrade->answer = result == 0 ? upgrade->launch.daemon : take_back(upgrade, result);
	return upgrade->answer;
}

/* What to wait for now. */
static void find_sources(const struct daemonkit_upgrade *upgrade, struct pollfd sources[SOURCES])
{
	const struct await *await = &upgrade->await;
	const struct launch *launch = &upgrade->launch;

	sources[0] = (struct pollfd){ .fd = launch->channel, .events = await_events(await) };
	sources[1] = (struct pollfd){ .fd = launch_exit_fd(launch),
				      .events = await_exit_events(await) };
	sources[2] = (struct pollfd){ .fd = upgrade->plan.output.fd,
				      .events = await_output_events(await) };
}

/* Update the events and the deadline of the set: 0 or a negative errno. */
static int adjust_set(struct daemonkit_upgrade *upgrade)
{
	struct pollfd sources[SOURCES];
	int result = 0;

	if (upgrade->set.fd < 0)
		return 0;
	find_sources(upgrade, sources);
	for (size_t i = 0; i < SOURCES && result == 0; i++) {
		if (sources[i].fd >= 0 && sources[i].events != upgrade->events[i])
			result = compat_pollset_change(&upgrade->set, sources[i].fd,
						       sources[i].events);
		upgrade->events[i] = sources[i].events;
	}
	return result < 0 ? result
			  : compat_pollset_time(&upgrade->set, await_deadline(&upgrade->await));
}

static int open_set(struct daemonkit_upgrade *upgrade)
{
	struct pollfd sources[SOURCES];
	int result = compat_pollset_open(&upgrade->set);

	if (result == -ENOTSUP)
		return 0;
	find_sources(upgrade, sources);
	for (size_t i = 0; i < SOURCES && result == 0; i++) {
		if (sources[i].fd >= 0)
			result = compat_pollset_add(&upgrade->set, sources[i].fd,
						    sources[i].events);
		upgrade->events[i] = sources[i].events;
	}
	return result < 0 ? result : adjust_set(upgrade);
}

static int start_successor(struct daemonkit_upgrade *upgrade, const char *path, int timeout)
{
	struct daemonkit_context *context = upgrade->context;
	struct launch_forked unused;
	int output = -1, result = make_upgrade_plan(upgrade, path, timeout, &output);

	if (result == 0)
		result = launch_start(&upgrade->launch, &upgrade->plan.launch, &unused);
	fd_close(output);
	/* Private data is not kept, whether the start succeeds or not. */
	settings_wipe_payload(&context->settings);
	if (result < 0)
		return result;
	upgrade->options = (struct await_options){
		.path = upgrade->plan.path,
		.settings = upgrade->plan.settings.bytes,
		.settings_length = upgrade->plan.settings.length,
		.timeout = timeout,
		.interrupt = -1,
		.output = &upgrade->plan.output,
		.status = context->status,
		.data = context->status_data,
		.hand_over = hand_over,
		.owner = upgrade,
	};
	await_begin(&upgrade->await, &upgrade->options, &upgrade->launch);
	result = open_set(upgrade);
	if (result < 0) {
		launch_discard(&upgrade->launch, 0);
		return error_system(result, "upgrade: a descriptor to wait on");
	}
	context->exit_status = -1;
	context->upgrade = upgrade;
	return 0;
}

int daemonkit_upgrade_start(struct daemonkit_context *context, const char *path, int timeout,
			    struct daemonkit_upgrade **ret)
{
	DISABLE_CANCELLATION;
	struct daemonkit_upgrade *upgrade;
	int result;

	if (ret == NULL || context == NULL)
		return error_null(__func__);
	result = check_upgrade(context, path);
	if (result == 0)
		result = context_ready_timeout("upgrade", timeout, &timeout);
	if (result < 0)
		return result;
	upgrade = calloc(1, sizeof *upgrade);
	if (upgrade == NULL)
		return error_system(-ENOMEM, "upgrade");
	upgrade->context = context;
	upgrade->owner = getpid();
	plan_init(&upgrade->plan);
	upgrade->set = (struct compat_pollset){ .fd = -1, .timer = -1 };
	result = start_successor(upgrade, path, timeout);
	if (result < 0) {
		upgrade->answered = true;
		daemonkit_upgrade_free(upgrade);
		return result;
	}
	*ret = upgrade;
	return 0;
}

int daemonkit_upgrade_fd(const struct daemonkit_upgrade *upgrade)
{
	if (upgrade == NULL)
		return error_null(__func__);
	if (upgrade->set.fd < 0)
		return error_set(-ENOTSUP, "upgrade: this system has no descriptor to wait on");
	return upgrade->set.fd;
}

pid_t daemonkit_upgrade_wait(struct daemonkit_upgrade *upgrade, int timeout)
{
	DISABLE_CANCELLATION;
	deadline until = deadline_after(timeout);
	int result;

	if (upgrade == NULL)
		return error_null(__func__);
	if (upgrade->answered && upgrade->answer > 0)
		return upgrade->answer;
	if (upgrade->answered)
		return error_set(upgrade->answer, "%s", upgrade->error);
	if (upgrade->owner != getpid())
		return error_set(-EPERM, "upgrade: this process is not the daemon");
	do {
		result = await_step(&upgrade->await, until, &upgrade->context->exit_status);
		if (result != AWAIT_AGAIN)
			return finish_upgrade(upgrade, result);
		adjust_set(upgrade);
	} while (deadline_now() < until);
	return 0;
}

struct daemonkit_upgrade *daemonkit_upgrade_free(struct daemonkit_upgrade *upgrade)
{
	DISABLE_CANCELLATION;
	KEEP_ERROR_TEXT;

	if (upgrade == NULL)
		return NULL;
	if (!upgrade->answered && upgrade->owner == getpid()) {
		launch_discard(&upgrade->launch, 0);
		upgrade->context->upgrade = NULL;
	} else if (!upgrade->answered) {
		/*
		 * The child's copies of the descriptors would hide this daemon's exit
		 * from the successor.
		 */
		launch_forget(&upgrade->launch);
	}
	compat_pollset_close(&upgrade->set);
	plan_free(&upgrade->plan);
	free(upgrade);
	return NULL;
}
