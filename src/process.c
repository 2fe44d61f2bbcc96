/* SPDX-License-Identifier: MIT */
/*
 * One other process, held so that it cannot be mistaken for another.
 * Thread-safe on different objects.
 */
#include <daemonkit/process.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "compat-process.h"
#include "deadline.h"
#include "error.h"
#include "fd.h"

/* How often a process is looked at where there is nothing to wait on. */
#define LOOK_INTERVAL 10

struct daemonkit_process {
	pid_t pid;
	int fd;         /* the pidfd, or -1 where the system has none */
	uint64_t start; /* then this tells it from a successor */
};

int daemonkit_process_open(struct daemonkit_process **ret, pid_t pid)
{
	struct daemonkit_process *process;
	struct compat_process facts = { .start = 0 };
	int fd;

	if (!ret)
		return error_null(__func__);
	if (pid <= 0)
		return error_set(-EINVAL, "process %ld: not the id of one process", (long)pid);
	fd = compat_pidfd_open(pid);
	if (fd == -ENOSYS) {
		fd = compat_process_look(pid, &facts);
		if (fd == 0)
			fd = -1;
		else
			return error_system(fd, "process %ld", (long)pid);
	} else if (fd < 0) {
		return error_system(fd, "process %ld", (long)pid);
	}
	process = malloc(sizeof *process);
	if (!process) {
		fd_close(fd);
		return error_system(-ENOMEM, "process %ld", (long)pid);
	}
	*process = (struct daemonkit_process){ .pid = pid, .fd = fd, .start = facts.start };
	*ret = process;
	return 0;
}

struct daemonkit_process *daemonkit_process_free(struct daemonkit_process *process)
{
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

/* Is it still running?  Never leaves a text. */
static int alive(const struct daemonkit_process *process)
{
	struct pollfd ended = { .fd = process->fd, .events = POLLIN };
	struct compat_process now;

	if (process->fd >= 0)
		return deadline_poll(&ended, 1, deadline_after(0)) == 0;
	return compat_process_look(process->pid, &now) == 0 && !now.ended &&
	       now.start == process->start;
}

int daemonkit_process_alive(const struct daemonkit_process *process)
{
	return process ? alive(process) : error_null(__func__);
}

int daemonkit_process_signal(struct daemonkit_process *process, int signal)
{
	int result = 0;

	if (!process)
		return error_null(__func__);
	if (signal < 1 || signal > SIGRTMAX)
		return error_set(-EINVAL, "signal %d: there is no such signal", signal);
	/* A zombie would take the signal and say nothing. */
	if (!alive(process))
		result = -ESRCH;
	else if (process->fd >= 0)
		result = compat_pidfd_signal(process->fd, signal);
	else if (kill(process->pid, signal) < 0)
		result = -errno;
	if (result < 0)
		return error_system(result, "process %ld: signal %d", (long)process->pid, signal);
	return 0;
}

/* 1 when it has ended, 0 when the time is over. */
static int wait_until(const struct daemonkit_process *process, deadline until)
{
	struct pollfd ended = { .fd = process->fd, .events = POLLIN };

	if (process->fd >= 0)
		return deadline_poll(&ended, 1, until);
	while (alive(process)) {
		deadline next = deadline_after(LOOK_INTERVAL);

		if (deadline_now() >= until)
			return 0;
		deadline_poll(NULL, 0, next < until ? next : until);
	}
	return 1;
}

int daemonkit_process_wait(struct daemonkit_process *process, int timeout)
{
	int result;

	if (!process)
		return error_null(__func__);
	result = wait_until(process, deadline_after(timeout));
	if (result < 0)
		return error_system(result, "process %ld: wait", (long)process->pid);
	if (result == 0)
		return error_set(-ETIMEDOUT, "process %ld: still running after %d ms",
				 (long)process->pid, timeout);
	return 0;
}

int daemonkit_process_stop(struct daemonkit_process *process, int grace, int kill)
{
	int result;

	if (!process)
		return error_null(__func__);
	result = daemonkit_process_signal(process, SIGTERM);
	if (result < 0)
		return result;
	result = daemonkit_process_wait(process, grace);
	if (result != -ETIMEDOUT || kill == 0)
		return result;
	result = daemonkit_process_signal(process, SIGKILL);
	if (result == -ESRCH) /* it ended just now, by itself */
		return 0;
	if (result < 0)
		return result;
	return daemonkit_process_wait(process, kill);
}
