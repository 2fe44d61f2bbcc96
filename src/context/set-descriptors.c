/* SPDX-License-Identifier: MIT */
/*
 * The context: named descriptors and the payload, from the launcher and from managers, and
 * the sockets that are removed at the end.
 * Thread-safe on different contexts.
 */
#include <daemonkit/descriptors.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/secret.h"
#include "context/context-internal.h"
#include "manager/named-fds.h"
#include "start/marker.h"

int context_adopt_descriptors(struct daemonkit_context *context)
{
	int result = 0;

	if (!context->adopted)
		result = named_fds_from_manager(&context->settings.descriptors);
	if (result == 0)
		context->adopted = true;
	return result;
}

int daemonkit_context_pass_fd(struct daemonkit_context *context, const char *name, int fd)
{
	DISABLE_CANCELLATION;
	int copy, result;

	if (context == NULL || name == NULL)
		return error_null(__func__);
	result = named_fds_check_name(name);
	/* A second copy need not have the descriptor: the launcher's will be used. */
	if (result == 0 && marker_get() == MARKER_REBORN && !context_is_daemon(context))
		return 0;
	if (result == 0)
		result = context_adopt_descriptors(context);
	if (result < 0)
		return result;
	copy = fd_duplicate(fd);
	if (copy < 0)
		return error_system(copy, "descriptor %s (%d)", name, fd);
	result = named_fds_add(&context->settings.descriptors, name, copy);
	if (result < 0) {
		fd_close(copy);
		return error_system(result, "descriptor %s", name);
	}
	return 0;
}

/* May this process register a socket, and will the registration reach the last daemon? */
static int check_registration(const struct daemonkit_context *context)
{
	if ((context->daemon != 0 && !context_is_daemon(context)) || context->succeeded)
		return error_set(-EPERM, "socket: this process is not the daemon");
	if (context->upgrade != NULL)
		return error_set(-EINPROGRESS,
				 "socket: an upgrade is in progress: do this before it, or "
				 "in the new daemon");
	return 0;
}

int daemonkit_context_remove_socket(struct daemonkit_context *context, const char *path)
{
	DISABLE_CANCELLATION;
	char *absolute = NULL;
	int result;

	if (context == NULL || path == NULL)
		return error_null(__func__);
	result = check_registration(context);
	if (result == 0)
		result = path_absolute("socket", path, &absolute);
	if (result < 0)
		return result;
	/* A second copy gets the launcher's list. */
	if (marker_get() != MARKER_REBORN || context_is_daemon(context))
		result = socket_paths_add(&context->settings.sockets, absolute);
	free(absolute);
	return result;
}

int daemonkit_context_find_fd(struct daemonkit_context *context, const char *name, size_t index,
			      int kind)
{
	DISABLE_CANCELLATION;
	const char *title = name != NULL ? name : "(any)";
	int fd, result;

	if (context == NULL)
		return error_null(__func__);
	if (kind < DAEMONKIT_FD_ANY || kind > DAEMONKIT_FD_QUEUE)
		return error_set(-EINVAL, "descriptor %s: kind %d: no such kind", title, kind);
	result = context_adopt_descriptors(context);
	if (result < 0)
		return result;
	fd = named_fds_find(&context->settings.descriptors, name, index);
	if (fd < 0)
		return error_set(-ENOENT, "descriptor %s: not found (position %zu)", title, index);
	result = named_fds_check_kind(title, fd, kind);
	return result < 0 ? result : fd;
}

const char *daemonkit_context_fd_name(struct daemonkit_context *context, size_t position)
{
	DISABLE_CANCELLATION;
	const char *name;

	if (context == NULL) {
		error_null(__func__);
		return NULL;
	}
	if (context_adopt_descriptors(context) < 0)
		return NULL;
	name = named_fds_name(&context->settings.descriptors, position);
	if (name == NULL)
		error_set(-ENOENT, "descriptor: not found (position %zu)", position);
	return name;
}

int daemonkit_context_detach_fd(struct daemonkit_context *context, const char *name, size_t index,
				int kind)
{
	DISABLE_CANCELLATION;
	int fd;

	if (context == NULL)
		return error_null(__func__);
	fd = daemonkit_context_find_fd(context, name, index, kind);
	if (fd >= 0)
		named_fds_detach(&context->settings.descriptors, fd);
	return fd;
}

int daemonkit_context_set_payload(struct daemonkit_context *context, const void *bytes,
				  size_t length)
{
	DISABLE_CANCELLATION;
	unsigned char *copy = NULL;

	if (context == NULL || (bytes == NULL && length > 0))
		return error_null(__func__);
	if (length > DAEMONKIT_PAYLOAD_MAX)
		return error_set(-EINVAL, "payload: %zu bytes are more than %d", length,
				 DAEMONKIT_PAYLOAD_MAX);
	if (length > 0) {
		copy = malloc(length);
		if (copy == NULL)
			return error_system(-ENOMEM, "payload");
		secret_copy(copy, bytes, length);
	}
	settings_wipe_payload(&context->settings);
	context->settings.payload = copy;
	context->settings.payload_length = length;
	return 0;
}

int daemonkit_context_take_payload(struct daemonkit_context *context, void *buffer, size_t size)
{
	DISABLE_CANCELLATION;
	const struct settings *settings;
	size_t length;

	if (context == NULL || buffer == NULL)
		return error_null(__func__);
	if (!context_is_daemon(context))
		return error_set(-EPERM, "payload: this process is not the daemon");
	settings = &context->settings;
	length = settings->payload_length;
	if (length > size)
		return error_set(-ENOBUFS, "payload: %zu bytes do not fit into %zu", length, size);
	if (length > 0)
		secret_copy(buffer, settings->payload, length);
	settings_wipe_payload(&context->settings);
	return (int)length;
}
