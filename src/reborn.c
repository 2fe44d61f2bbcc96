/* SPDX-License-Identifier: MIT */
/*
 * How the daemon comes to be: the way that is chosen, and the launcher's side.
 * Thread-safe on different contexts.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "become.h"
#include "compat-program.h"
#include "context.h"
#include "interrupt.h"
#include "launch.h"
#include "number.h"
#include "origin.h"
#include "pidfile.h"
#include "program.h"
#include "signals.h"

/* Does a service manager wait for news of this very process? */
static bool is_managed(void)
{
	const char *address = getenv("NOTIFY_SOCKET"), *pid = getenv("SYSTEMD_EXEC_PID");
	char own[NUMBER_MAX];

	if (address == NULL || address[0] == '\0')
		return false;
	number_format(own, (uint64_t)getpid());
	return pid == NULL || strcmp(pid, own) == 0;
}

static bool is_supervised(const struct settings *settings)
{
	return getpid() == 1 || is_managed() || settings->ready_fd >= 0;
}

/* What a start needs in the launcher, all made before anything is started. */
struct start {
	struct launch_plan plan;
	char path[PATH_MAX];
	char mark[ORIGIN_MARK_SIZE];
	char name[16];
	char **own_arguments;
	char **environment;
	int *keep;
	struct pack settings;
};

static void free_start(struct start *start)
{
	free(start->own_arguments);
	free(start->environment);
	free(start->keep);
	pack_free(&start->settings);
}

static int plan_environment(struct start *start, char *const *environment)
{
	static const char name[] = ORIGIN_MARK_NAME "=";
	size_t count = 0, used = 0;

	while (environment != NULL && environment[count] != NULL)
		count++;
	start->environment = calloc(count + 2, sizeof *start->environment);
	if (start->environment == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environment[i], name, sizeof name - 1) != 0)
			start->environment[used++] = environment[i];
	start->environment[used] = start->mark;
	return 0;
}

/* The descriptors that the caller wants kept, and those that the library needs. */
static int plan_keep(struct start *start, const struct settings *settings, bool fork)
{
	size_t count = settings->keep_count, own = fork ? signals_descriptors(NULL, 0) : 0;
	struct settings all;

	settings_init(&all);
	start->keep = calloc(own + 1, sizeof *start->keep);
	if (start->keep == NULL)
		return -ENOMEM;
	if (fork)
		signals_descriptors(start->keep, own);
	for (size_t i = 0; i < count; i++)
		if (settings_keep(&all, settings->keep[i]) < 0)
			goto fail;
	for (size_t i = 0; i < own; i++)
		if (settings_keep(&all, start->keep[i]) < 0)
			goto fail;
	if (settings->log_fd >= 0 && settings_keep(&all, settings->log_fd) < 0)
		goto fail;
	if (settings->ready_fd >= 0 && settings_keep(&all, settings->ready_fd) < 0)
		goto fail;
	for (size_t i = 0; i < settings->descriptors.count; i++)
		if (settings_keep(&all, settings->descriptors.list[i].fd) < 0)
			goto fail;
	free(start->keep);
	start->keep = all.keep;
	start->plan.keep = all.keep;
	start->plan.keep_count = all.keep_count;
	return 0;
fail:
	settings_clear(&all);
	return -ENOMEM;
}

static int plan_second_copy(struct start *start, struct daemonkit_context *context)
{
	int result = compat_executable(start->path, sizeof start->path);

	if (result < 0)
		return error_system(result, "cannot tell which file this program is");
	if (context->arguments == NULL) {
		result = program_arguments(&start->own_arguments);
		if (result < 0)
			return error_system(result, "cannot tell this program's arguments "
						    "(say them with daemonkit_context_set_args)");
	}
	/* Executed by way of a link, it would be called after the link. */
	compat_get_name(start->name);
	context->settings.name = start->name;
	result = settings_pack(&context->settings, &start->settings);
	context->settings.name = NULL;
	if (result == 0)
		result = plan_environment(start, context->environment != NULL ?
							 context->environment : environ);
	if (result < 0)
		return error_system(result, "cannot start %s", start->path);
	start->plan.path = start->path;
	start->plan.arguments = context->arguments != NULL ? context->arguments
							   : start->own_arguments;
	start->plan.environment = start->environment;
	start->plan.mark = start->mark;
	return 0;
}

static int plan(struct start *start, struct daemonkit_context *context, int mode)
{
	int result = plan_keep(start, &context->settings, mode == DAEMONKIT_MODE_FORK);

	if (result < 0)
		return error_system(result, "cannot start the daemon");
	return mode == DAEMONKIT_MODE_FORK ? 0 : plan_second_copy(start, context);
}

/* Start the daemon and wait for it: its pid, 0 in a forked daemon, or an error. */
static pid_t start_and_wait(struct daemonkit_context *context, const struct start *start,
			    int interrupt)
{
	struct await await = {
		.path = start->path,
		.settings = start->settings.bytes,
		.settings_length = start->settings.length,
		.timeout = context->settings.ready_timeout,
		.manager = context->settings.managed != 0 ? &context->notify.manager : NULL,
		.interrupt = interrupt,
		.status = context->status,
		.data = context->status_data,
	};
	struct launch launch;
	struct launch_forked forked;
	pid_t launcher = getpid(), daemon;
	int result = launch_start(&launch, &start->plan, &forked);

	if (result < 0)
		return context_result(context, result);
	if (result == 0)
		return become_forked(context, &forked, launcher);
	daemon = launch.daemon;
	result = await_daemon(&await, &launch, &context->exit_status);
	if (result == 0)
		return daemon;
	context_result(context, result);
	if (context->settings.pid_file != NULL)
		pidfile_bury(context->settings.pid_file, daemon);
	return context_again(context, result);
}

/* A number that is free again would be taken by something of the library's own. */
static int check_kept(const struct settings *settings)
{
	for (size_t i = 0; i < settings->keep_count; i++)
		if (fcntl(settings->keep[i], F_GETFD) < 0)
			return error_system(-errno, "descriptor %d, to be kept", settings->keep[i]);
	return 0;
}

static pid_t launch(struct daemonkit_context *context, int mode)
{
	struct start start = { .path = "" };
	pid_t result, launcher = getpid();
	int interrupt;

	if (mode == DAEMONKIT_MODE_FORK && compat_thread_count() > 1)
		return error_set(-EBUSY, "mode fork: other threads run, and would be missing "
					 "in the daemon");
	if (mode == DAEMONKIT_MODE_REBORN && !origin_can_be_trusted())
		return error_set(-EPERM, "mode reborn: a program with file capabilities cannot "
					 "trust its launcher: use another mode");
	context->exit_status = -1;
	result = check_kept(&context->settings);
	if (result < 0)
		return result;
	context->settings.managed = is_managed() ? launcher : 0;
	start.plan.orphan = context->settings.managed != 0;
	result = 0;
	if (context->settings.managed != 0)
		result = manager_open(&context->notify.manager);
	if (result == 0)
		result = plan(&start, context, mode);
	if (result < 0)
		goto out;
	interrupt = interrupt_begin();
	if (interrupt < 0) {
		result = error_system(interrupt, "cannot watch for signals");
		goto out;
	}
	result = start_and_wait(context, &start, interrupt);
	/* A forked daemon comes here too; the wait is not its own. */
	if (getpid() == launcher)
		interrupt_end();
out:
	free_start(&start);
	return result;
}

/* In the way that fits this process. */
static pid_t start(struct daemonkit_context *context)
{
	int mode = context->mode, result;

	if (origin_get() == ORIGIN_REFUSED)
		return error_set(-EPERM, "started as a second copy, but not by a launcher of the "
					 "same user");
	if (origin_get() == ORIGIN_REBORN)
		return become_second_copy(context);
	result = context_adopt_descriptors(context);
	if (result < 0)
		return result;
	if (mode == DAEMONKIT_MODE_AUTO)
		mode = is_supervised(&context->settings) ? DAEMONKIT_MODE_FOREGROUND
							 : DAEMONKIT_MODE_REBORN;
	return mode == DAEMONKIT_MODE_FOREGROUND ? become_foreground(context)
						 : launch(context, mode);
}

pid_t daemonkit_context_reborn(struct daemonkit_context *context)
{
	pid_t result;

	if (context == NULL)
		return error_null(__func__);
	if (context_is_daemon(context))
		return context_result(context, error_set(-EALREADY,
							 "this process is the daemon already"));
	result = context_result(context, start(context));
	/* Whoever is not the daemon has no more use for it, failed or not. */
	if (result != 0)
		settings_wipe_payload(&context->settings);
	return result;
}
