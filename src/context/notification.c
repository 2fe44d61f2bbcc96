/* SPDX-License-Identifier: MIT */
/*
 * The public functions by which the daemon notifies launcher, manager and supervisor.
 * Thread-safe on different contexts.
 */
#include <daemonkit/notify.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/fd.h"
#include "context/context-internal.h"
#include "ipc/channel.h"
#include "start/marker.h"

static int check_daemon(const struct daemonkit_context *context, const char *function)
{
	if (context == NULL)
		return error_null(function);
	if (!context_is_daemon(context))
		return error_set(-EPERM, "%s: this process is not the daemon", function);
	return 0;
}

int daemonkit_notify_ready(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0)
		result = notify_ready(&context->notify);
	return result;
}

int daemonkit_notify_reloading(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0)
		result = notify_reloading(&context->notify);
	return result;
}

/* Send constant assignments. */
static int send_to_manager(struct daemonkit_context *context, const char *function,
			   const char *assignments)
{
	int result = check_daemon(context, function);

	if (result == 0 && assignments == NULL)
		result = error_null(function);
	if (result == 0)
		result = manager_send(&context->notify.manager, assignments, NULL, 0);
	return result;
}

int daemonkit_notify_stopping(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;

	return send_to_manager(context, __func__, "STOPPING=1");
}

int daemonkit_notify_watchdog(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;

	return send_to_manager(context, __func__, "WATCHDOG=1");
}

int daemonkit_notify_watchdog_trigger(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;

	return send_to_manager(context, __func__, "WATCHDOG=trigger");
}

int daemonkit_notify_send(struct daemonkit_context *context, const char *assignments)
{
	DISABLE_CANCELLATION;

	return send_to_manager(context, __func__, assignments);
}

int daemonkit_notify_watchdog_interval(struct daemonkit_context *context, int *interval)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0 && interval == NULL)
		result = error_null(__func__);
	if (result == 0)
		result = notify_watchdog_interval(&context->notify, interval);
	return result;
}

int daemonkit_notify_main_pid(struct daemonkit_context *context, pid_t pid)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0 && pid <= 0)
		result = error_set(-EINVAL, "%s: pid %ld", __func__, (long)pid);
	if (result == 0)
		result = notify_main_pid(&context->notify, pid);
	return result;
}

int daemonkit_notify_barrier(struct daemonkit_context *context, int timeout)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0)
		result = manager_barrier(&context->notify.manager, timeout);
	return result;
}

int daemonkit_notify_store_fd(struct daemonkit_context *context, const char *name, int fd,
			      unsigned flags)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0 && name == NULL)
		result = error_null(__func__);
	if (result == 0 && (flags & ~DAEMONKIT_NOTIFY_UNPOLLED) != 0)
		result = error_set(-EINVAL, "%s: unknown flags %#x", __func__, flags);
	if (result == 0 && fcntl(fd, F_GETFD) < 0)
		result = error_system(-EBADF, "%s: descriptor %d", __func__, fd);
	if (result == 0)
		result = notify_store(&context->notify, name, fd,
				      (flags & DAEMONKIT_NOTIFY_UNPOLLED) == 0);
	return result;
}

int daemonkit_notify_remove_fd(struct daemonkit_context *context, const char *name)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0 && name == NULL)
		result = error_null(__func__);
	if (result == 0)
		result = notify_forget(&context->notify, name);
	return result;
}

int daemonkit_notify_set_fd(struct daemonkit_context *context, int fd)
{
	DISABLE_CANCELLATION;
	int result = 0;

	if (context == NULL)
		return error_null(__func__);
	if (context_is_daemon(context))
		result = error_set(-EPERM, "%s: the daemon is there already", __func__);
	/*
	 * The launcher's descriptor will be used; in a second copy that number may be
	 * another one, or none.
	 */
	else if (marker_get() == MARKER_REBORN)
		return 0;
	else if (fd != -1 && (fd <= STDERR_FILENO || fcntl(fd, F_GETFD) < 0))
		result = error_set(-EBADF, "notification descriptor %d: not open, or below 3", fd);
	if (result == 0 && fd != context->settings.ready_fd) {
		if (fd >= 0)
			fd_set_cloexec(fd, true);
		fd_close(context->settings.ready_fd);
		context->settings.ready_fd = fd;
	}
	return result;
}

int daemonkit_notify_failed(struct daemonkit_context *context, int error, const char *format, ...)
{
	DISABLE_CANCELLATION;
	char text[CHANNEL_TEXT_MAX + 2];
	int result = check_daemon(context, __func__);
	va_list arguments;

	if (result == 0 && (error == 0 || error == INT_MIN || format == NULL))
		result = error_set(-EINVAL, "%s: an errno and a text are needed", __func__);
	if (result == 0) {
		va_start(arguments, format);
		channel_format(text, format, arguments);
		va_end(arguments);
		result = notify_failed(&context->notify, error < 0 ? error : -error, text);
	}
	return result;
}

int daemonkit_notify_status(struct daemonkit_context *context, const char *format, ...)
{
	DISABLE_CANCELLATION;
	char text[CHANNEL_TEXT_MAX + 2];
	int result = check_daemon(context, __func__);
	va_list arguments;

	if (result == 0 && format == NULL)
		result = error_null(__func__);
	if (result == 0) {
		va_start(arguments, format);
		channel_format(text, format, arguments);
		va_end(arguments);
		result = notify_status(&context->notify, text);
	}
	return result;
}

int daemonkit_notify_extend_timeout(struct daemonkit_context *context, int milliseconds)
{
	DISABLE_CANCELLATION;
	int result = check_daemon(context, __func__);

	if (result == 0 && milliseconds <= 0)
		result = error_set(-EINVAL, "%s: %d milliseconds", __func__, milliseconds);
	if (result == 0)
		result = notify_extend(&context->notify, milliseconds);
	return result;
}
