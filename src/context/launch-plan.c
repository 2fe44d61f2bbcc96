/* SPDX-License-Identifier: MIT */
/*
 * Preparing a start in the launcher: memory is allocated only before there is a child.
 * Thread-safe on different contexts.
 */
#include "context/launch-plan.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "compat/argv.h"
#include "compat/executable.h"
#include "compat/self.h"
#include "context/context-internal.h"
#include "signals/signals-internal.h"

void plan_init(struct plan *plan)
{
	/* All but the buffer, which is large. */
	memset(plan, 0, offsetof(struct plan, output) + offsetof(struct output, buffer));
	plan->launch.directory = -1;
	plan->launch.output = -1;
	plan->output.fd = -1;
	plan->output.error = STDERR_FILENO;
	plan->output.log = -1;
}

void plan_disown(struct plan *plan)
{
	plan->output.fd = -1;
}

void plan_free(struct plan *plan)
{
	fd_close(plan->launch.directory);
	output_close(&plan->output);
	free(plan->own_arguments);
	free(plan->environment);
	free(plan->keep);
	archive_free(&plan->settings);
}

static int plan_descriptors(struct start *all, const struct settings *settings)
{
	const struct start *start = &settings->start;
	int result = 0;

	for (size_t i = 0; i < start->keep_count && result == 0; i++)
		result = start_keep(all, start->keep[i]);
	for (size_t i = 0; i < START_FD_COUNT && result == 0; i++)
		if (start->fds[i] >= 0)
			result = start_keep(all, start->fds[i]);
	for (size_t i = 0; i < settings->descriptors.count && result == 0; i++)
		result = start_keep(all, settings->descriptors.list[i].fd);
	return result;
}

static int plan_signals(struct start *all)
{
	size_t count = signals_descriptors(NULL, 0);
	int *fds = calloc(count + 1, sizeof *fds), result = 0;

	if (fds == NULL)
		return -ENOMEM;
	signals_descriptors(fds, count);
	for (size_t i = 0; i < count && result == 0; i++)
		result = start_keep(all, fds[i]);
	free(fds);
	return result;
}

int plan_keep(struct plan *plan, const struct settings *settings, bool fork)
{
	struct start all = { .keep = NULL };
	int result = plan_descriptors(&all, settings);

	if (result == 0 && fork)
		result = plan_signals(&all);
	if (result < 0) {
		free(all.keep);
		return error_system(result, "cannot start the daemon");
	}
	plan->keep = all.keep;
	plan->launch.keep = all.keep;
	plan->launch.keep_count = all.keep_count;
	return 0;
}

int plan_program(struct plan *plan, struct start *start)
{
	int result;

	if (start->program != NULL) {
		memcpy(plan->path, start->program, strlen(start->program) + 1);
		return 0;
	}
	/*
	 * Execute exactly this file, even if its path leads to another by now; pass the
	 * path on too.
	 */
	result = compat_executable(plan->path, sizeof plan->path);
	if (result < 0)
		return error_system(result,
				    "cannot determine the file of this program (set it with "
				    "daemonkit_context_set_program)");
	start->program = compat_executed_name();
	return 0;
}

static int plan_environment(struct plan *plan, char *const *environment)
{
	static const char name[] = ORIGIN_MARK_NAME "=";
	size_t count = 0, used = 0;

	while (environment != NULL && environment[count] != NULL)
		count++;
	plan->environment = calloc(count + 2, sizeof *plan->environment);
	if (plan->environment == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (strncmp(environment[i], name, sizeof name - 1) != 0)
			plan->environment[used++] = environment[i];
	plan->environment[used] = plan->mark;
	return 0;
}

int plan_second_copy(struct plan *plan, const struct daemonkit_context *context,
		     const struct settings *settings)
{
	int result;

	if (context->arguments == NULL) {
		result = compat_argv_read(&plan->own_arguments);
		if (result < 0)
			return error_system(result,
					    "cannot determine the arguments of this program (set "
					    "them with daemonkit_context_set_args)");
	}
	result = settings_put(settings, &plan->settings);
	if (result == 0)
		result = plan_environment(plan, context->environment != NULL
							? context->environment
							: compat_environment());
	if (result < 0)
		return error_system(result, "cannot start %s", plan->path);
	plan->launch.path = plan->path;
	plan->launch.arguments = context->arguments != NULL ? context->arguments
							    : plan->own_arguments;
	plan->launch.environment = plan->environment;
	plan->launch.mark = plan->mark;
	return 0;
}

int plan_output(struct plan *plan, int *daemon_end)
{
	int ends[2], result = output_pair(ends);

	if (result < 0)
		return error_system(result, "the daemon's standard error");
	plan->output.fd = ends[0];
	plan->launch.output = ends[0];
	*daemon_end = ends[1];
	return 0;
}
