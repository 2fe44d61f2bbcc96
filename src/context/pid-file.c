/* SPDX-License-Identifier: MIT */
/*
 * The pid file of a running daemon: moving, acquiring and releasing it.
 * Thread-safe on different contexts.
 */
#include "context/pid-file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <daemonkit/error.h>

#include "base/path.h"
#include "pidfile/pidfile-internal.h"

/* The two paths of the new file. */
struct paths {
	char *here;    /* in the root directory of this process */
	char *outside; /* in that of the launcher */
	char *copy;    /* of the latter */
};

static void free_paths(struct paths *paths)
{
	free(paths->here);
	free(paths->outside);
	free(paths->copy);
}

/* The root directory, if this process has entered it, or NULL. */
static const char *entered_root(const struct daemonkit_context *context)
{
	return context->must_confine ? NULL : context->settings.chroot;
}

/* All memory is allocated here, so that no failure is possible once the file has moved. */
static int make_paths(const struct daemonkit_context *context, const char *path,
		      struct paths *paths)
{
	const char *root = entered_root(context);
	size_t length = root == NULL ? 0 : strlen(root);
	int result = path_absolute("pid file", path, &paths->here);

	if (result < 0)
		return result;
	while (length > 0 && root[length - 1] == '/')
		length--;
	paths->outside = malloc(length + strlen(paths->here) + 1);
	if (paths->outside != NULL) {
		if (length > 0)
			memcpy(paths->outside, root, length);
		strcpy(paths->outside + length, paths->here);
		paths->copy = strdup(paths->outside);
	}
	if (paths->outside == NULL || paths->copy == NULL)
		return error_system(-ENOMEM, "pid file %s", path);
	return 0;
}

/* The successor of a daemon that has moved it already does so again. */
static bool will_have_it(const struct daemonkit_context *context, const char *path, mode_t mode)
{
	return context->must_take_over && context->pidfile != NULL &&
	       strcmp(context->pidfile->path, path) == 0 && context->settings.pid_mode == mode;
}

/* While two processes have the file, neither moves it. */
static int check_state(const struct daemonkit_context *context)
{
	if (context->succeeded)
		return error_set(-EPERM, "pid file: a successor has replaced this daemon");
	if (context->must_take_over)
		return error_set(-EINPROGRESS, "pid file: this daemon has not replaced its "
					       "predecessor yet");
	if (context->upgrade != NULL)
		return error_set(-EINPROGRESS, "pid file: an upgrade is in progress");
	return 0;
}

static int move_or_acquire(struct daemonkit_context *context, const char *path, mode_t mode)
{
	const char *root = entered_root(context);
	int result = context->pidfile != NULL ? pidfile_move(&context->pidfile, path, mode)
					      : pidfile_create(path, mode, &context->pidfile);

	if (result < 0 && root != NULL)
		error_set(result, "%s (the root directory is %s)", daemonkit_error(), root);
	return result;
}

static int change_file(struct daemonkit_context *context, struct paths *paths, mode_t mode)
{
	struct settings *settings = &context->settings;
	int result;

	if (will_have_it(context, paths->outside, mode))
		return 0;
	result = check_state(context);
	/* First, so that the launcher removes the file whenever this process is killed. */
	if (result == 0)
		result = notification_send_pid_file(context, paths->outside);
	if (result == 0)
		result = move_or_acquire(context, paths->here, mode);
	if (result < 0)
		return result;
	free(context->pidfile->path);
	context->pidfile->path = paths->outside;
	pidfile_expect_root(context->pidfile, settings->chroot);
	free(settings->pid_file);
	settings->pid_file = paths->copy;
	settings->pid_mode = mode;
	paths->outside = NULL;
	paths->copy = NULL;
	return 0;
}

static int release_file(struct daemonkit_context *context)
{
	int result = check_state(context);

	if (result == 0 && context->pidfile != NULL)
		result = daemonkit_pidfile_remove(context->pidfile);
	if (result < 0)
		return result;
	context->pidfile = daemonkit_pidfile_close(context->pidfile);
	free(context->settings.pid_file);
	context->settings.pid_file = NULL;
	return 0;
}

int context_change_pid_file(struct daemonkit_context *context, const char *path, mode_t mode)
{
	struct paths paths = { .here = NULL };
	int result;

	if (path == NULL)
		return release_file(context);
	result = make_paths(context, path, &paths);
	if (result == 0)
		result = change_file(context, &paths, mode);
	free_paths(&paths);
	return result;
}
