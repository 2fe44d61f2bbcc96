/* SPDX-License-Identifier: MIT */
/*
 * The context: the setters.
 * Thread-safe on different contexts.
 */
#include "context/context-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/decimal.h"
#include "base/fd.h"
#include "base/path.h"
#include "compat/limits.h"
#include "context/pid-file.h"
#include "process/account.h"
#include "start/marker.h"

/* Store an absolute copy of the path, or NULL: 0 or an error with its text. */
static int set_path(const char *what, const char *path, char **where)
{
	char *copy = NULL;
	int result = path == NULL ? 0 : path_absolute(what, path, &copy);

	if (result < 0)
		return result;
	free(*where);
	*where = copy;
	return 0;
}

int daemonkit_context_set_pid_file(struct daemonkit_context *context, const char *path, mode_t mode)
{
	DISABLE_CANCELLATION;
	int result;

	if (context == NULL)
		return error_null(__func__);
	result = path_check_mode("pid file", path, mode);
	if (mode == 0)
		mode = DAEMONKIT_FILE_MODE;
	if (result == 0 && context_is_daemon(context))
		return context_change_pid_file(context, path, mode);
	if (result == 0)
		result = set_path("pid file", path, &context->settings.pid_file);
	if (result == 0)
		context->settings.pid_mode = mode;
	return result;
}

int daemonkit_context_set_pid_file_optional(struct daemonkit_context *context, int on)
{
	if (context == NULL)
		return error_null(__func__);
	context->settings.pid_file_optional = on != 0;
	return 0;
}

static void set_log_target(struct settings *settings, enum settings_log log, char *file, int fd)
{
	free(settings->log_file);
	fd_close(settings->start.fds[START_FD_LOG]);
	settings->log = log;
	settings->log_file = file;
	settings->start.fds[START_FD_LOG] = fd;
}

int daemonkit_context_set_log_file(struct daemonkit_context *context, const char *path, mode_t mode)
{
	DISABLE_CANCELLATION;
	char *copy = NULL;
	int result;

	if (context == NULL)
		return error_null(__func__);
	result = path_check_mode("log file", path, mode);
	if (result == 0 && path != NULL)
		result = path_absolute("log file", path, &copy);
	if (result < 0)
		return result;
	set_log_target(&context->settings, copy != NULL ? SETTINGS_LOG_FILE : SETTINGS_LOG_NONE,
		       copy, -1);
	context->settings.log_mode = mode == 0 ? DAEMONKIT_FILE_MODE : mode;
	return 0;
}

int daemonkit_context_set_output_file(struct daemonkit_context *context, const char *path,
				      mode_t mode)
{
	DISABLE_CANCELLATION;
	int result;

	if (context == NULL)
		return error_null(__func__);
	result = path_check_mode("output file", path, mode);
	if (result == 0)
		result = set_path("output file", path, &context->settings.output_file);
	if (result == 0)
		context->settings.output_mode = mode == 0 ? DAEMONKIT_FILE_MODE : mode;
	return result;
}

int daemonkit_context_set_log_fd(struct daemonkit_context *context, int fd)
{
	DISABLE_CANCELLATION;
	int flags, copy;

	if (context == NULL)
		return error_null(__func__);
	/*
	 * The launcher's descriptor will be used; in a second copy that number may be
	 * another one, or none.
	 */
	if (marker_get() == MARKER_REBORN && !context_is_daemon(context))
		return 0;
	if (fd == -1) {
		set_log_target(&context->settings, SETTINGS_LOG_NONE, NULL, -1);
		return 0;
	}
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return error_set(-EBADF, "log descriptor %d: not open for writing", fd);
	copy = fd_duplicate(fd);
	if (copy < 0)
		return error_system(copy, "log descriptor %d", fd);
	set_log_target(&context->settings, SETTINGS_LOG_FD, NULL, copy);
	return 0;
}

int daemonkit_context_set_work_dir(struct daemonkit_context *context, const char *path)
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	return set_path("working directory", path, &context->settings.work_dir);
}

int daemonkit_context_set_chroot(struct daemonkit_context *context, const char *path)
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	if (path != NULL && path[0] != '/')
		return error_set(-EINVAL, "root directory \"%s\": the path is not absolute", path);
	return set_path("root directory", path, &context->settings.chroot);
}

int daemonkit_context_set_program(struct daemonkit_context *context, const char *path)
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	return set_path("program", path, &context->settings.start.program);
}

/* Copy a NULL-terminated array of strings into one allocation. */
static char **copy_vector(char *const strings[])
{
	size_t count = 0, size = 0;
	char **copy, *next;

	while (strings[count] != NULL)
		size += strlen(strings[count++]) + 1;
	copy = malloc((count + 1) * sizeof *copy + size);
	if (copy == NULL)
		return NULL;
	next = (char *)(copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		copy[i] = next;
		next = stpcpy(next, strings[i]) + 1;
	}
	copy[count] = NULL;
	return copy;
}

static int set_vector(const char *what, char *const strings[], char ***where)
{
	char **copy = NULL;

	if (strings != NULL) {
		copy = copy_vector(strings);
		if (copy == NULL)
			return error_system(-ENOMEM, "%s", what);
	}
	free(*where);
	*where = copy;
	return 0;
}

int daemonkit_context_set_args(struct daemonkit_context *context, char *const argv[])
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	if (argv != NULL && argv[0] == NULL)
		return error_set(-EINVAL, "arguments: argv[0] is missing");
	return set_vector("arguments", argv, &context->arguments);
}

int daemonkit_context_set_env(struct daemonkit_context *context, char *const envp[])
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	for (size_t i = 0; envp != NULL && envp[i] != NULL; i++)
		if (strchr(envp[i], '=') == NULL)
			return error_set(-EINVAL, "environment: \"%s\" has no '='", envp[i]);
	return set_vector("environment", envp, &context->environment);
}

static void set_credential(struct settings *settings, const struct credential *credential)
{
	bool keep_groups = settings->credential.keep_groups;

	free(settings->credential.groups);
	settings->has_credential = true;
	settings->credential = *credential;
	settings->credential.keep_groups = keep_groups;
}

int daemonkit_context_set_credential(struct daemonkit_context *context, uid_t uid, gid_t gid,
				     const gid_t *groups, size_t count)
{
	struct credential credential = { .uid = uid, .gid = gid, .group_count = count };

	if (context == NULL || (groups == NULL && count > 0))
		return error_null(__func__);
	if (uid == (uid_t)-1 || gid == (gid_t)-1 || count > compat_groups_max())
		return error_set(-EINVAL, "credential: no such ids");
	if (count > 0) {
		credential.groups = malloc(count * sizeof *groups);
		if (credential.groups == NULL)
			return error_system(-ENOMEM, "credential");
		memcpy(credential.groups, groups, count * sizeof *groups);
	}
	set_credential(&context->settings, &credential);
	return 0;
}

int daemonkit_context_set_user(struct daemonkit_context *context, const char *user,
			       const char *group)
{
	DISABLE_CANCELLATION;
	struct credential credential = { .groups = NULL };
	char own[DECIMAL_MAX];
	int result;

	if (context == NULL)
		return error_null(__func__);
	if (user == NULL && group == NULL) {
		set_credential(&context->settings, &credential);
		context->settings.has_credential = false;
		return 0;
	}
	decimal_format(own, (uint64_t)geteuid());
	result = account_look_up(user != NULL ? user : own, group, &credential);
	if (result < 0)
		return result;
	set_credential(&context->settings, &credential);
	return 0;
}

int daemonkit_context_keep_groups(struct daemonkit_context *context, int on)
{
	if (context == NULL)
		return error_null(__func__);
	context->settings.credential.keep_groups = on != 0;
	return 0;
}

int daemonkit_context_confine_later(struct daemonkit_context *context, int on)
{
	if (context == NULL)
		return error_null(__func__);
	context->settings.confine_later = on != 0;
	return 0;
}

int daemonkit_context_set_umask(struct daemonkit_context *context, mode_t mask)
{
	int result;

	if (context == NULL)
		return error_null(__func__);
	result = path_check_mode("umask", NULL, mask);
	if (result < 0)
		return result;
	context->settings.has_umask = true;
	context->settings.umask = mask;
	return 0;
}

int daemonkit_context_set_mode(struct daemonkit_context *context, int mode)
{
	if (context == NULL)
		return error_null(__func__);
	if (mode < DAEMONKIT_MODE_AUTO || mode > DAEMONKIT_MODE_AUTO_FORK)
		return error_set(-EINVAL, "mode %d: no such mode", mode);
	context->mode = mode;
	return 0;
}

int context_ready_timeout(const char *what, int timeout, int *ret)
{
	if (timeout == 0)
		return error_set(-EINVAL,
				 "%s: a timeout of 0 ms cannot be met "
				 "(DAEMONKIT_UNTIL_SET_UP, DAEMONKIT_FOREVER)",
				 what);
	if (timeout == DAEMONKIT_NEVER)
		return error_set(-EINVAL,
				 "%s: DAEMONKIT_NEVER is not a timeout "
				 "(DAEMONKIT_UNTIL_SET_UP, DAEMONKIT_FOREVER)",
				 what);
	*ret = timeout == DAEMONKIT_UNTIL_SET_UP ? 0 : timeout;
	return 0;
}

int daemonkit_context_set_ready_timeout(struct daemonkit_context *context, int timeout)
{
	if (context == NULL)
		return error_null(__func__);
	return context_ready_timeout("start", timeout, &context->settings.start.timeout);
}

int daemonkit_context_keep_all_fds(struct daemonkit_context *context, int on)
{
	if (context == NULL)
		return error_null(__func__);
	context->keep_all = on != 0;
	return 0;
}

int daemonkit_context_keep_fd(struct daemonkit_context *context, int fd)
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	if (fd <= STDERR_FILENO)
		return error_set(-EINVAL, "descriptor %d: only 3 and higher are kept", fd);
	if (fcntl(fd, F_GETFD) < 0)
		return error_system(-errno, "descriptor %d", fd);
	if (start_keep(&context->settings.start, fd) < 0)
		return error_system(-ENOMEM, "descriptor %d", fd);
	return 0;
}

int daemonkit_context_set_status_handler(struct daemonkit_context *context,
					 daemonkit_status_handler *handler, void *data)
{
	if (context == NULL)
		return error_null(__func__);
	context->status = handler;
	context->status_data = data;
	return 0;
}
