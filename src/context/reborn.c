/* SPDX-License-Identifier: MIT */
/*
 * Choosing how to become a daemon, and the launcher's part.
 * Thread-safe on different contexts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/decimal.h"
#include "base/fd.h"
#include "compat/self.h"
#include "context/context-internal.h"
#include "context/daemonize.h"
#include "context/launch-plan.h"
#include "context/logfile.h"
#include "pidfile/pidfile-internal.h"
#include "start/await.h"
#include "start/initial.h"
#include "start/interrupt.h"
#include "start/launch.h"
#include "start/marker.h"

/* Does a service manager wait for notifications of this process itself? */
static bool is_managed(void)
{
	const char *address = getenv("NOTIFY_SOCKET"), *pid = getenv("SYSTEMD_EXEC_PID");
	char own[DECIMAL_MAX];

	if (address == NULL || address[0] == '\0')
		return false;
	decimal_format(own, (uint64_t)getpid());
	return pid == NULL || strcmp(pid, own) == 0;
}

static bool is_supervised(const struct settings *settings)
{
	return getpid() == 1 || is_managed() || settings->start.fds[START_FD_READY] >= 0;
}

static int find_mode(const struct daemonkit_context *context)
{
	if (context->mode != DAEMONKIT_MODE_AUTO && context->mode != DAEMONKIT_MODE_AUTO_FORK)
		return context->mode;
	if (is_supervised(&context->settings))
		return DAEMONKIT_MODE_FOREGROUND;
	/* A program with more privileges than its caller is never a second copy. */
	return context->mode == DAEMONKIT_MODE_AUTO && marker_allows_copy() ? DAEMONKIT_MODE_REBORN
									    : DAEMONKIT_MODE_FORK;
}

/* The pid files that the daemon has had besides that of the settings: paths, each with a NUL. */
struct pid_files {
	char *paths;
	size_t length;
};

/* A daemon has a few; more would only use the launcher's memory. */
#define PID_FILES_MAX 65536

/* Best effort: without memory a stale file may remain, which the next start replaces. */
static void add_pid_file(const char *path, void *data)
{
	struct pid_files *files = data;
	size_t length = strlen(path) + 1;
	char *larger;

	if (files->length + length > PID_FILES_MAX)
		return;
	larger = realloc(files->paths, files->length + length);

	if (larger == NULL)
		return;
	memcpy(larger + files->length, path, length);
	files->paths = larger;
	files->length += length;
}

/* The daemon has failed: leave no pid file behind. */
static void remove_pid_files(const struct settings *settings, const struct pid_files *files,
			     pid_t daemon)
{
	KEEP_ERROR_TEXT;

	if (settings->pid_file != NULL)
		pidfile_remove_stale(settings->pid_file, daemon);
	for (size_t at = 0; at < files->length; at += strlen(files->paths + at) + 1)
		pidfile_remove_stale(files->paths + at, daemon);
}

/* Start the daemon and wait for it: its pid, 0 in a forked daemon, or an error. */
static pid_t start_and_await(struct daemonkit_context *context, struct plan *plan,
			     struct await *await, int interrupt)
{
	struct pid_files files = { .paths = NULL };
	struct await_options options = {
		.path = plan->path,
		.settings = plan->settings.bytes,
		.settings_length = plan->settings.length,
		.passed = &plan->passed,
		.daemon_output = &context->settings.start.fds[START_FD_OUTPUT],
		.timeout = context->settings.start.timeout,
		.manager = context->settings.start.managed != 0 ? &context->notify.manager : NULL,
		.interrupt = interrupt,
		.output = &plan->output,
		.status = context->status,
		.data = context->status_data,
		.pid_file = add_pid_file,
		.owner = &files,
	};
	struct launch launch;
	struct launch_forked forked;
	pid_t launcher = getpid(), daemon;
	int result = launch_start(&launch, &plan->launch, &forked);

	if (result < 0)
		return result;
	if (result == 0)
		return become_forked(context, &forked, launcher);
	daemon = launch.daemon;
	await_begin(await, &options, &launch);
	do {
		result = await_step(await, DEADLINE_NEVER, &context->exit_status);
	} while (result == AWAIT_AGAIN);
	if (result < 0)
		remove_pid_files(&context->settings, &files, daemon);
	free(files.paths);
	return result == 0 ? daemon : result;
}

/* Reject descriptors closed since: the library itself might reuse their numbers. */
static int check_kept_fds(const struct start *start)
{
	for (size_t i = 0; i < start->keep_count; i++)
		if (fcntl(start->keep[i], F_GETFD) < 0)
			return error_system(-errno, "descriptor %d, to be kept", start->keep[i]);
	return 0;
}

/* Does the second copy get more than this program was started with? */
static bool passes_anything(const struct daemonkit_context *context)
{
	const struct settings *settings = &context->settings;

	return context->arguments != NULL || context->environment != NULL ||
	       settings->payload_length > 0 || settings->descriptors.count > 0 ||
	       settings->start.keep_count > 0;
}

/* Is it one of this process's own output streams? */
static bool is_own_stream(int fd)
{
	struct stat log, stream;

	if (fd < 0 || fstat(fd, &log) < 0)
		return false;
	for (int own = STDOUT_FILENO; own <= STDERR_FILENO; own++)
		if (fstat(own, &stream) == 0 && fd_same_file(&log, &stream))
			return true;
	return false;
}

/*
 * Open what the daemon's output leads to; the launcher needs the log too, for a copy of what
 * the daemon prints before it is ready.
 */
static int open_output(struct plan *plan, struct settings *settings)
{
	int *fds = settings->start.fds, result = 0;

	if (settings->log == SETTINGS_LOG_FILE) {
		result = logfile_open("log file", settings->log_file, settings->log_mode);
		if (result < 0)
			return result;
		fds[START_FD_LOG] = result;
	}
	/* Otherwise the program prints nothing between its set-up and the end of the start. */
	if (settings->start.timeout != 0 || settings->confine_later)
		result = plan_output(plan, &fds[START_FD_OUTPUT]);
	plan->output.log = fds[START_FD_LOG];
	/* The user sees it there. */
	if (is_own_stream(fds[START_FD_LOG]))
		plan->output.error = -1;
	return result < 0 ? result : 0;
}

static void close_output(struct settings *settings)
{
	if (settings->log == SETTINGS_LOG_FILE)
		settings_close(settings, START_FD_LOG);
	settings_close(settings, START_FD_OUTPUT);
}

static int make_start_plan(struct plan *plan, struct daemonkit_context *context, int mode)
{
	struct settings settings = context->settings;
	int result;

	if (mode != DAEMONKIT_MODE_FORK) {
		settings_pass(&settings, START_FD_LOG, &plan->passed);
		settings_pass(&settings, START_FD_OUTPUT, &plan->passed);
	}
	result = plan_keep(plan, &settings, mode == DAEMONKIT_MODE_FORK);
	if (result < 0 || mode == DAEMONKIT_MODE_FORK)
		return result;
	result = plan_program(plan, &settings.start);
	if (result < 0)
		return result;
	/* A process executed by way of a link would be named after the link. */
	compat_get_name(plan->name);
	settings.start.name = plan->name;
	result = plan_second_copy(plan, context, &settings);
	if (result == 0)
		result = initial_open_directory(&plan->launch.directory);
	if (result == 0)
		result = initial_rewind_input(passes_anything(context));
	return result;
}

static int check_launch(const struct daemonkit_context *context, int mode)
{
	if (mode == DAEMONKIT_MODE_FORK && compat_thread_count() > 1)
		return error_set(-EBUSY, "mode fork: other threads run, and would be missing "
					 "in the daemon");
	if (mode == DAEMONKIT_MODE_REBORN && !marker_allows_copy())
		return error_set(-EPERM, "mode reborn: a program with more privileges than its "
					 "caller (set-user-ID, set-group-ID, file capabilities) "
					 "cannot trust its launcher: use another mode");
	return check_kept_fds(&context->settings.start);
}

static pid_t launch_daemon(struct daemonkit_context *context, int mode)
{
	pid_t result, launcher = getpid();
	/* Too large for a thread's stack. */
	struct {
		struct plan plan;
		struct await await;
	} * memory;
	struct plan *plan;
	int interrupt;

	result = check_launch(context, mode);
	if (result < 0)
		return result;
	/* Otherwise both processes would write what the streams have in their buffers. */
	if (mode == DAEMONKIT_MODE_FORK)
		fflush(NULL);
	memory = malloc(sizeof *memory);
	if (memory == NULL)
		return error_system(-ENOMEM, "cannot start the daemon");
	plan = &memory->plan;
	plan_init(plan);
	plan->launch.orphan = is_managed();
	plan->launch.keep_all = context->keep_all;
	context->settings.start.managed = plan->launch.orphan ? launcher : 0;
	if (plan->launch.orphan)
		result = manager_open(&context->notify.manager);
	if (result == 0)
		result = open_output(plan, &context->settings);
	if (result == 0)
		result = make_start_plan(plan, context, mode);
	if (result < 0)
		goto out;
	interrupt = interrupt_begin();
	if (interrupt < 0) {
		result = error_system(interrupt, "cannot watch for signals");
		goto out;
	}
	result = start_and_await(context, plan, &memory->await, interrupt);
	/* A forked daemon gets here too, which has closed what was the launcher's. */
	if (getpid() == launcher)
		interrupt_end();
	else
		plan_disown(plan);
out:
	if (getpid() == launcher)
		close_output(&context->settings);
	initial_restore_input();
	plan_free(plan);
	free(memory);
	return result;
}

/* Start in the mode that suits this process. */
static pid_t start_daemon(struct daemonkit_context *context)
{
	int mode, result;

	if (marker_get() == MARKER_REFUSED)
		return become_refused();
	if (marker_get() == MARKER_REBORN)
		return become_second_copy(context);
	result = context_adopt_descriptors(context);
	if (result < 0)
		return result;
	mode = find_mode(context);
	return mode == DAEMONKIT_MODE_FOREGROUND ? become_foreground(context)
						 : launch_daemon(context, mode);
}

pid_t daemonkit_context_reborn(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	pid_t result;

	if (context == NULL)
		return error_null(__func__);
	/* Forget the status of an earlier daemon. */
	context->exit_status = -1;
	if (context_is_daemon(context))
		return error_set(-EPERM, "this process is the daemon already");
	result = start_daemon(context);
	context->started = result >= 0;
	/* Only the daemon still needs the payload. */
	if (result != 0)
		settings_wipe_payload(&context->settings);
	return result;
}

pid_t daemonkit_daemonize(const char *pid_file, const char *log_file, int timeout,
			  struct daemonkit_context **ret)
{
	DISABLE_CANCELLATION;
	struct daemonkit_context *context;
	pid_t result;

	if (ret == NULL)
		return error_null(__func__);
	result = daemonkit_context_new(&context);
	if (result < 0)
		return result;
	result = daemonkit_context_set_pid_file(context, pid_file, 0);
	if (result == 0)
		result = daemonkit_context_set_log_file(context, log_file, 0);
	if (result == 0)
		result = daemonkit_context_set_ready_timeout(context, timeout);
	if (result == 0)
		result = daemonkit_context_reborn(context);
	if (result == 0)
		*ret = context;
	else
		daemonkit_context_free(context);
	return result;
}
