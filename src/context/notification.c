/* SPDX-License-Identifier: MIT */
/*
 * The public functions by which the daemon notifies launcher, manager and supervisor.
 * Thread-safe, except daemonkit_notify_take_fd(): on different contexts.
 */
#include <daemonkit/notify.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "base/cancel.h"
#include "base/fd.h"
#include "context/context-internal.h"
#include "context/streams.h"
#include "context/takeover.h"
#include "ipc/channel.h"
#include "start/marker.h"

/*
 * Excludes other threads while descriptors are closed.  Only the daemon locks it: in a
 * forked child it may be locked forever, by a thread that the child does not have.
 */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

/* The context that NULL stands for, and the process in which it is the daemon's. */
static struct daemonkit_context *process_context;
static _Atomic pid_t process;

void notification_begin(struct daemonkit_context *context)
{
	pid_t self = getpid();

	/* A copy of the parent's: no thread of this process has locked it yet. */
	if (atomic_load(&process) != self) {
		pthread_rwlock_init(&lock, NULL);
		process_context = NULL;
		atomic_store(&process, self);
	}
	pthread_rwlock_wrlock(&lock);
	if (process_context == NULL)
		process_context = context;
	pthread_rwlock_unlock(&lock);
}

void notification_end(struct daemonkit_context *context, bool forget)
{
	bool locked = context_is_daemon(context) && pthread_rwlock_wrlock(&lock) == 0;

	notify_close(&context->notify);
	if (locked)
		streams_end_early();
	if (forget && process_context == context)
		process_context = NULL;
	if (locked)
		pthread_rwlock_unlock(&lock);
	if (forget)
		context->daemon = 0;
}

bool notification_is_awaited(const struct daemonkit_context *context)
{
	bool locked = context_is_daemon(context) && pthread_rwlock_rdlock(&lock) == 0;
	bool awaited = context->notify.channel >= 0;

	if (locked)
		pthread_rwlock_unlock(&lock);
	return awaited;
}

/* How a notification uses the context. */
enum access {
	SHARED,    /* together with other threads */
	EXCLUSIVE, /* it may close descriptors */
};

/* Find the daemon's context, and lock it: 0 or an error with its text. */
static int lock_context(struct daemonkit_context **context, enum access access,
			const char *function)
{
	int result;

	if (*context != NULL ? !context_is_daemon(*context) : atomic_load(&process) != getpid())
		return error_set(-EPERM, "%s: this process is not the daemon", function);
	result = access == SHARED ? pthread_rwlock_rdlock(&lock) : pthread_rwlock_wrlock(&lock);
	if (result != 0)
		return error_system(-result, "%s: its lock", function);
	if (*context == NULL)
		*context = process_context;
	if (*context != NULL)
		return 0;
	pthread_rwlock_unlock(&lock);
	return error_set(-EPERM, "%s: this process is not the daemon", function);
}

static int unlock_context(int result)
{
	pthread_rwlock_unlock(&lock);
	return result;
}

int notification_fail_start(struct daemonkit_context *context, int result)
{
	KEEP_ERROR_TEXT;

	if (context->notify.channel >= 0)
		streams_discard();
	notify_failed(&context->notify, result, daemonkit_error());
	return result;
}

int notification_send_up(struct daemonkit_context *context)
{
	struct notify *notify = &context->notify;
	bool last = context->settings.start.timeout == 0, printed = false;
	int result;

	if (notify->channel < 0)
		return 0;
	if (last)
		printed = streams_end_early();
	result = notify_send_launcher(notify, CHANNEL_UP, 0, "", DEADLINE_NEVER);
	return last ? takeover_finish_start(context, result, printed) : result;
}

int notification_send_confined(struct daemonkit_context *context, int result)
{
	int locked = lock_context(&context, EXCLUSIVE, "daemonkit_context_confine");

	if (locked < 0)
		return locked;
	if (result < 0)
		return unlock_context(notification_fail_start(context, result));
	context->must_confine = false;
	return unlock_context(notification_send_up(context));
}

/* A path that the message would truncate is refused. */
int notification_send_pid_file(struct daemonkit_context *context, const char *path)
{
	int result = lock_context(&context, SHARED, "daemonkit_context_set_pid_file");

	if (result < 0)
		return result;
	if (context->notify.channel >= 0 && strlen(path) > CHANNEL_TEXT_MAX)
		result = error_system(-ENAMETOOLONG, "pid file %.256s...", path);
	else if (context->notify.channel >= 0)
		result = notify_send_launcher(&context->notify, CHANNEL_PID_FILE, 0, path,
					      DEADLINE_NEVER);
	return unlock_context(result);
}

static int send_ready(struct daemonkit_context *context)
{
	struct notify *notify = &context->notify;
	bool printed;
	int result, also;

	if (context->must_confine)
		return notification_fail_start(
			context, error_set(-EPERM, "ready, but daemonkit_context_confine() has "
						   "not been called, or has failed"));
	printed = streams_end_early();
	if (notify->channel >= 0) {
		result = notify_send_launcher(notify, CHANNEL_READY, 0, "", DEADLINE_NEVER);
		result = takeover_finish_start(context, result, printed);
	} else {
		result = manager_send(&notify->manager, "READY=1", NULL, 0);
	}
	also = notify_supervisor(notify);
	return result < 0 ? result : also;
}

int daemonkit_notify_ready(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	int result = lock_context(&context, EXCLUSIVE, __func__);

	return result < 0 ? result : unlock_context(send_ready(context));
}

int daemonkit_notify_reloading(struct daemonkit_context *context)
{
	DISABLE_CANCELLATION;
	int result = lock_context(&context, SHARED, __func__);

	return result < 0 ? result : unlock_context(notify_reloading(&context->notify));
}

/* Send assignments unchanged. */
static int send_to_manager(struct daemonkit_context *context, const char *function,
			   const char *assignments)
{
	int result = lock_context(&context, SHARED, function);

	if (result < 0)
		return result;
	return unlock_context(manager_send(&context->notify.manager, assignments, NULL, 0));
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

	if (assignments == NULL)
		return error_null(__func__);
	return send_to_manager(context, __func__, assignments);
}

int daemonkit_notify_watchdog_interval(struct daemonkit_context *context, int *interval)
{
	DISABLE_CANCELLATION;
	int result;

	if (interval == NULL)
		return error_null(__func__);
	result = lock_context(&context, SHARED, __func__);
	if (result < 0)
		return result;
	return unlock_context(notify_watchdog_interval(&context->notify, interval));
}

int daemonkit_notify_main_pid(struct daemonkit_context *context, pid_t pid)
{
	DISABLE_CANCELLATION;
	int result;

	if (pid <= 0)
		return error_set(-EINVAL, "%s: pid %ld", __func__, (long)pid);
	result = lock_context(&context, SHARED, __func__);
	return result < 0 ? result : unlock_context(notify_main_pid(&context->notify, pid));
}

int daemonkit_notify_barrier(struct daemonkit_context *context, int timeout)
{
	DISABLE_CANCELLATION;
	int result = lock_context(&context, SHARED, __func__);

	if (result < 0)
		return result;
	return unlock_context(manager_barrier(&context->notify.manager, timeout));
}

int daemonkit_notify_store_fd(struct daemonkit_context *context, const char *name, int fd,
			      unsigned flags)
{
	DISABLE_CANCELLATION;
	bool polled = (flags & DAEMONKIT_NOTIFY_UNPOLLED) == 0;
	int result;

	if (name == NULL)
		return error_null(__func__);
	if ((flags & ~DAEMONKIT_NOTIFY_UNPOLLED) != 0)
		return error_set(-EINVAL, "%s: unknown flags %#x", __func__, flags);
	if (fcntl(fd, F_GETFD) < 0)
		return error_system(-EBADF, "%s: descriptor %d", __func__, fd);
	result = lock_context(&context, SHARED, __func__);
	if (result < 0)
		return result;
	return unlock_context(notify_store(&context->notify, name, fd, polled));
}

int daemonkit_notify_remove_fd(struct daemonkit_context *context, const char *name)
{
	DISABLE_CANCELLATION;
	int result;

	if (name == NULL)
		return error_null(__func__);
	result = lock_context(&context, SHARED, __func__);
	return result < 0 ? result : unlock_context(notify_forget(&context->notify, name));
}

int daemonkit_notify_failed(struct daemonkit_context *context, int error, const char *format, ...)
{
	DISABLE_CANCELLATION;
	char text[CHANNEL_TEXT_MAX + 2];
	va_list arguments;
	int result;

	if (error == 0 || error == INT_MIN || format == NULL)
		return error_set(-EINVAL, "%s: an errno and a text are needed", __func__);
	va_start(arguments, format);
	channel_format(text, format, arguments);
	va_end(arguments);
	result = lock_context(&context, EXCLUSIVE, __func__);
	if (result < 0)
		return result;
	return unlock_context(notify_failed(&context->notify, error < 0 ? error : -error, text));
}

int daemonkit_notify_status(struct daemonkit_context *context, const char *format, ...)
{
	DISABLE_CANCELLATION;
	char text[CHANNEL_TEXT_MAX + 2];
	va_list arguments;
	int result;

	if (format == NULL)
		return error_null(__func__);
	va_start(arguments, format);
	channel_format(text, format, arguments);
	va_end(arguments);
	result = lock_context(&context, SHARED, __func__);
	return result < 0 ? result : unlock_context(notify_status(&context->notify, text));
}

int daemonkit_notify_extend_timeout(struct daemonkit_context *context, int milliseconds)
{
	DISABLE_CANCELLATION;
	int result;

	if (milliseconds <= 0)
		return error_set(-EINVAL, "%s: %d milliseconds", __func__, milliseconds);
	result = lock_context(&context, SHARED, __func__);
	return result < 0 ? result : unlock_context(notify_extend(&context->notify, milliseconds));
}

int daemonkit_notify_take_fd(struct daemonkit_context *context, int fd)
{
	DISABLE_CANCELLATION;

	if (context == NULL)
		return error_null(__func__);
	if (context_is_daemon(context))
		return error_set(-EPERM, "%s: this process is the daemon already", __func__);
	/*
	 * The launcher's descriptor will be used; in a second copy that number may be
	 * another one, or none.
	 */
	if (marker_get() == MARKER_REBORN)
		return 0;
	if (fd != -1 && (fd <= STDERR_FILENO || fcntl(fd, F_GETFD) < 0))
		return error_set(-EBADF, "notification descriptor %d: not open, or below 3", fd);
	if (fd != context->settings.start.fds[START_FD_READY]) {
		if (fd >= 0)
			fd_set_cloexec(fd, true);
		fd_close(context->settings.start.fds[START_FD_READY]);
		context->settings.start.fds[START_FD_READY] = fd;
	}
	return 0;
}
