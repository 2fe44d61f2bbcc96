/* SPDX-License-Identifier: MIT */
/*
 * A reference to another process that is safe against reuse of its pid.
 * Thread-safe on different objects.
 */
#include <daemonkit/process.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/pidfd.h"
#include "compat/siginfo.h"
#include "process/process-internal.h"

/* Polling interval if there is no descriptor to wait on, in milliseconds. */
#define POLL_INTERVAL 10

struct daemonkit_process {
	pid_t pid;
	int fd;         /* the pidfd, or -1 where the system has none */
	uint64_t start; /* without a pidfd: distinguishes it from a later process */
};

int process_open(struct daemonkit_process **ret, pid_t pid)
{
	struct daemonkit_process *process;
	struct compat_process st = { .start = 0 };
	int fd = compat_pidfd_open(pid);

	if (fd == -ENOSYS) {
		int result = compat_process_stat(pid, &st);

		if (result < 0)
			return result;
		fd = -1;
	} else if (fd < 0) {
		return fd;
	}
	process = malloc(sizeof *process);
	if (!process) {
		fd_close(fd);
		return -ENOMEM;
	}
	*process = (struct daemonkit_process){ .pid = pid, .fd = fd, .start = st.start };
	*ret = process;
	return 0;
}

int process_duplicate(struct daemonkit_process **ret, const struct daemonkit_process *process)
{
	struct daemonkit_process *copy = malloc(sizeof *copy);

	if (!copy)
		return -ENOMEM;
	*copy = *process;
	if (copy->fd >= 0)
		copy->fd = fd_duplicate(copy->fd);
	if (process->fd >= 0 && copy->fd < 0) {
		int result = copy->fd;

		free(copy);
		return result;
	}
	*ret = copy;
	return 0;
}

int daemonkit_process_open(pid_t pid, struct daemonkit_process **ret)
{
	DISABLE_CANCELLATION;
	int result;

	if (!ret)
		return error_null(__func__);
	if (pid <= 0)
		return error_set(-EINVAL, "process %ld: not the id of one process", (long)pid);
	result = process_open(ret, pid);
	return result < 0 ? error_system(result, "process %ld", (long)pid) : 0;
}

struct daemonkit_process *daemonkit_process_free(struct daemonkit_process *process)
{
	DISABLE_CANCELLATION;
	KEEP_ERROR_TEXT;

	if (process)
		fd_close(process->fd);
	free(process);
	return NULL;
}

pid_t daemonkit_process_pid(const struct daemonkit_process *process)
{
	return process ? process->pid : error_null(__func__);
}

int daemonkit_process_fd(const struct daemonkit_process *process)
{
	if (!process)
		return error_null(__func__);
	if (process->fd < 0)
		return error_set(-ENOTSUP, "process %ld: this system has no process descriptors",
				 (long)process->pid);
	return process->fd;
}

/* Is it still running?  Sets no text. */
static int is_process_alive(const struct daemonkit_process *process)
{
	struct pollfd ended = { .fd = process->fd, .events = POLLIN };
	struct compat_process now;

	if (process->fd >= 0)
		return deadline_poll(&ended, 1, deadline_after(0)) == 0;
	return compat_process_stat(process->pid, &now) == 0 && !now.ended &&
	       now.start == process->start;
}

int daemonkit_process_alive(const struct daemonkit_process *process)
{
	DISABLE_CANCELLATION;

	return process ? is_process_alive(process) : error_null(__func__);
}

/* Send the signal, with this information or NULL; 0 or a negative errno without a text. */
static int send_signal(const struct daemonkit_process *process, int signal, const siginfo_t *info)
{
	/* A zombie accepts the signal without an error. */
	if (!is_process_alive(process))
		return -ESRCH;
	if (process->fd >= 0) {
		int result = compat_pidfd_signal(process->fd, signal, info);

		if (result != -ENOSYS)
			return result;
	}
	if (info)
		return compat_queue(process->pid, info);
	return kill(process->pid, signal) < 0 ? -errno : 0;
}

int process_queue(const struct daemonkit_process *process, int signal, uint32_t cookie)
{
	siginfo_t info;

	if (cookie == 0)
		return send_signal(process, signal, NULL);
	compat_signal_with_cookie(&info, signal, cookie);
	return send_signal(process, signal, &info);
}

/*
 * The default action is to ignore it or to stop the process; or the signal serves to end
 * a process.
 */
static bool may_be_sent_unhandled(int signal)
{
	static const int signals[] = { SIGCHLD, SIGCONT, SIGURG,  SIGWINCH, SIGSTOP,
				       SIGTSTP, SIGTTIN, SIGTTOU, SIGTERM,  SIGINT,
				       SIGQUIT, SIGABRT, SIGKILL };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (signal == signals[i])
			return true;
	return false;
}

int process_check_effect(const struct daemonkit_process *process, int signal)
{
	int disposition;

	if (may_be_sent_unhandled(signal))
		return 0;
	disposition = compat_process_disposition(process->pid, signal);
	/* The information was about this process if it still runs. */
	if (!is_process_alive(process))
		return 0;
	if (disposition == COMPAT_DEFAULT)
		return error_set(-ENOTSUP,
				 "process %ld: it does not handle signal %d (%s), which "
				 "would end it: nothing was sent",
				 /* NOLINTNEXTLINE(concurrency-mt-unsafe): per thread in glibc. */
				 (long)process->pid, signal, strsignal(signal));
	if (disposition == COMPAT_IGNORED)
		return error_set(-ENOTSUP,
				 "process %ld: it ignores signal %d (%s): nothing was "
				 "sent",
				 /* NOLINTNEXTLINE(concurrency-mt-unsafe): per thread in glibc. */
				 (long)process->pid, signal, strsignal(signal));
	return 0;
}

int64_t process_age(const struct daemonkit_process *process)
{
	struct compat_process st;

	/* The information was about this process if it still runs. */
	if (compat_process_stat(process->pid, &st) < 0 || !is_process_alive(process))
		return -ENOTSUP;
	return compat_process_age(st.start);
}

int process_check_signal(int signal)
{
	if (signal < 1 || signal > compat_signal_last())
		return error_set(-EINVAL, "signal %d: no such signal", signal);
	return 0;
}

/* Set the text for the result of sending a signal. */
static int signal_result(const struct daemonkit_process *process, int signal, int result)
{
	return result < 0
		       ? error_system(result, "process %ld: signal %d", (long)process->pid, signal)
		       : 0;
}

int daemonkit_process_signal(struct daemonkit_process *process, int signal)
{
	DISABLE_CANCELLATION;
	int result;

	if (!process)
		return error_null(__func__);
	result = process_check_signal(signal);
	return result == 0 ? signal_result(process, signal, send_signal(process, signal, NULL))
			   : result;
}

int process_wait_until(const struct daemonkit_process *process, deadline until)
{
	struct pollfd ended = { .fd = process->fd, .events = POLLIN };

	if (process->fd >= 0) {
		int result = deadline_poll(&ended, 1, until);

		return result > 0 ? 0 : result < 0 ? result : -ETIMEDOUT;
	}
	while (is_process_alive(process)) {
		deadline next = deadline_after(POLL_INTERVAL);

		if (deadline_now() >= until)
			return -ETIMEDOUT;
		deadline_poll(NULL, 0, next < until ? next : until);
	}
	return 0;
}

/* Set the text for the result of a wait. */
static int wait_result(const struct daemonkit_process *process, int result)
{
	if (result == -ETIMEDOUT)
		return error_set(result, "process %ld: it is still running", (long)process->pid);
	return result < 0 ? error_system(result, "process %ld: wait", (long)process->pid) : 0;
}

int daemonkit_process_wait(struct daemonkit_process *process, int timeout)
{
	DISABLE_CANCELLATION;

	if (!process)
		return error_null(__func__);
	return wait_result(process, process_wait_until(process, deadline_after(timeout)));
}

int process_stop(struct daemonkit_process *process, int grace, int force,
		 void (*before_kill)(void *data), void *data)
{
	int result = signal_result(process, SIGTERM, send_signal(process, SIGTERM, NULL));

	if (result < 0)
		return result;
	result = process_wait_until(process, deadline_after(grace));
	if (result != -ETIMEDOUT || force == DAEMONKIT_NEVER)
		return wait_result(process, result);
	if (before_kill)
		before_kill(data);
	result = send_signal(process, SIGKILL, NULL);
	if (result == -ESRCH) /* it exited by itself just now */
		return 0;
	result = signal_result(process, SIGKILL, result);
	if (result == 0)
		result = wait_result(process, process_wait_until(process, deadline_after(force)));
	return result < 0 ? result : 1;
}

int daemonkit_process_stop(struct daemonkit_process *process, int grace, int force)
{
	DISABLE_CANCELLATION;
	int result;

	if (!process)
		return error_null(__func__);
	result = process_stop(process, grace, force, NULL, NULL);
	return result < 0 ? result : 0;
}
