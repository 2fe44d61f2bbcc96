/* SPDX-License-Identifier: MIT */
/*
 * What the daemon says to whoever waits: the public functions.
 * Thread-safe on different contexts.
 */
#include <daemonkit/notify.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "channel.h"
#include "context.h"

static int check(const struct daemonkit_context *context, const char *function)
{
	if (context == NULL)
		return error_null(function);
	if (!context_is_daemon(context))
		return error_set(-EPERM, "%s: this process is not the daemon", function);
	return 0;
}

int daemonkit_notify_ready(struct daemonkit_context *context)
{
	int result = check(context, __func__);

	if (result == 0)
		result = notify_ready(&context->notify);
	return context == NULL ? result : context_result(context, result);
}

int daemonkit_notify_failed(struct daemonkit_context *context, int error, const char *format,
			    ...)
{
	char text[CHANNEL_TEXT_MAX + 1];
	int result = check(context, __func__);
	va_list arguments;

	if (result == 0 && (error >= 0 || format == NULL))
		result = error_set(-EINVAL, "%s: a negative errno and a text are needed", __func__);
	if (result == 0) {
		va_start(arguments, format);
		vsnprintf(text, sizeof text, format, arguments);
		va_end(arguments);
		result = notify_failed(&context->notify, error, text);
	}
	return context == NULL ? result : context_result(context, result);
}

int daemonkit_notify_status(struct daemonkit_context *context, const char *format, ...)
{
	char text[CHANNEL_TEXT_MAX + 1];
	int result = check(context, __func__);
	va_list arguments;

	if (result == 0 && format == NULL)
		result = error_null(__func__);
	if (result == 0) {
		va_start(arguments, format);
		vsnprintf(text, sizeof text, format, arguments);
		va_end(arguments);
		result = notify_status(&context->notify, text);
	}
	return context == NULL ? result : context_result(context, result);
}

int daemonkit_notify_extend_timeout(struct daemonkit_context *context, int milliseconds)
{
	int result = check(context, __func__);

	if (result == 0 && milliseconds <= 0)
		result = error_set(-EINVAL, "%s: %d milliseconds", __func__, milliseconds);
	if (result == 0)
		result = notify_extend(&context->notify, milliseconds);
	return context == NULL ? result : context_result(context, result);
}
