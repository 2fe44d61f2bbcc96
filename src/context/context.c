/* SPDX-License-Identifier: MIT */
/*
 * The context: creating and freeing it, and the running daemon's operations on it.
 * Thread-safe on different contexts.
 */
#include "context/context-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/process.h>

#include "base/cancel.h"
#include "context/confine.h"
#include "context/streams.h"
#include "pidfile/pidfile-internal.h"
#include "start/marker.h"

bool context_is_daemon(const struct daemonkit_context *context)
{
	return context->daemon != 0 && context->daemon == getpid();
}

int daemonkit_context_new(struct daemonkit_context **ret)
{
	DISABLE_CANCELLATION;
	struct daemonkit_context *context;

	if (ret == NULL)
		return error_null(__func__);
	context = calloc(1, sizeof *context);
	if (context == NULL)
		return error_system(-ENOMEM, "context");
	settings_init(&context->settings);
	notify_init(&context->notify);
	context->mode = DAEMONKIT_MODE_AUTO;
	context->exit_status = -1;
	*ret = context;
	return 0;
}

struct daemonkit_context *daemonkit_context_free(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	KEEP_ERROR_TEXT;

	if (context == NULL)
		return NULL;
	notification_end(context, true);
	daemonkit_pidfile_close(context->pidfile);
	daemonkit_process_free(context->predecessor);
	settings_clear(&context->settings);
	free(context->arguments);
	free(context->environment);
	free(context);
	return NULL;
}

int daemonkit_was_reborn(void)
{
	return marker_get() == MARKER_REBORN;
}

int daemonkit_context_search(struct daemonkit_context *context, struct daemonkit_process **process)
{
	DISABLE_CANCELLATION;

	if (context == NULL || process == NULL)
		return error_null(__func__);
	if (context->settings.pid_file == NULL)
		return error_set(-EINVAL, "search: no pid file is set");
	/* After chroot(2) the daemon itself may not be able to see its pid file. */
	if (context_is_daemon(context) && context->pidfile != NULL &&
	    pidfile_is_held(context->pidfile))
		return daemonkit_process_open(getpid(), process);
	return daemonkit_pidfile_holder(context->settings.pid_file, process);
}

int daemonkit_context_confine(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	int result;

	if (context == NULL)
		return error_null(__func__);
	if (!context_is_daemon(context))
		return error_set(-EPERM, "%s: this process is not the daemon", __func__);
	if (!context->must_confine)
		return 0;
	result = notification_send_confined(
		context, confine_daemon(&context->settings, context->supervised));
	if (result < 0) {
		KEEP_ERROR_TEXT;

		daemonkit_context_release(context);
	}
	return result;
}

int daemonkit_context_release(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	int result, removed;

	if (context == NULL)
		return error_null(__func__);
	/* The service continues in another process, or is still that of the predecessor. */
	if (!context_is_daemon(context) || context->succeeded || context->must_take_over)
		return 0;
	/* While this daemon holds the pid file, no other has new sockets at these paths. */
	result = socket_paths_remove(&context->settings.sockets, context->settings.chroot);
	if (context->pidfile == NULL || !pidfile_is_held(context->pidfile))
		return result;
	removed = daemonkit_pidfile_remove(context->pidfile);
	context->pidfile = daemonkit_pidfile_close(context->pidfile);
	return removed < 0 ? removed : result;
}

int daemonkit_context_reopen_log(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	if (!context_is_daemon(context))
		return error_set(-EPERM, "reopen log: this process is not the daemon");
	/* The launcher copies to the file that is open now. */
	streams_end_early();
	return streams_reopen(&context->settings);
}

int daemonkit_context_exit_status(const struct daemonkit_context *context)
{
	return context == NULL ? -1 : context->exit_status;
}

int daemonkit_context_exit_code(const struct daemonkit_context *context)
{
	int status = daemonkit_context_exit_status(context);

	if (context != NULL && context->started)
		return EXIT_SUCCESS;
	if (status != -1 && WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status)
									     : EXIT_FAILURE;
}
