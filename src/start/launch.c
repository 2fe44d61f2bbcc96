/* SPDX-License-Identifier: MIT */
/*
 * The processes of a start.
 *
 * If the system supports compat_spawn(), it creates the second copy: its cost depends
 * neither on the launcher's memory nor on its descriptors, and the daemon is the
 * launcher's own child.  fork(2) with a watcher is used on other systems, for a
 * daemon that keeps the launcher's memory, and for one that must become another process's
 * child before the launcher exits.
 *
 * Code in the child before execve(2) makes only async-signal-safe calls, and writes only
 * to its own struct child and the mark.
 * Thread-safe.
 */
#include "start/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "base/secret.h"
#include "compat/capability.h"
#include "compat/clone.h"
#include "compat/close-range.h"
#include "compat/pidfd.h"
#include "compat/siginfo.h"
#include "ipc/channel.h"
#include "signals/disposition.h"
#include "start/forked.h"
#include "start/interrupt.h"
#include "start/marker.h"
#include "start/watcher.h"

/* How long to wait for the exit of a daemon that was killed, or cannot be killed. */
#define KILL_TIMEOUT 5000

/* The child's input, and its report of a failure. */
struct child {
	const struct launch_plan *plan;
	const struct channel_address *address;
	const struct compat_spawned *spawned;
	const char *step; /* that failed */
	int error;
	int channel; /* a negative errno if there is no channel */
};

/* Every program that we execute has descriptors 0 to 2 open. */
static int open_standard_fds(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fd_set_cloexec(fd, false) < 0 && open("/dev/null", O_RDWR) != fd)
			return -errno;
	return 0;
}

/* Close the descriptors between the kept ones, from 3 on. */
static int close_other_fds(const int *keep, size_t count)
{
	unsigned first = STDERR_FILENO + 1;

	for (size_t i = 0; i < count; i++) {
		int result = 0;

		if ((unsigned)keep[i] > first)
			result = compat_close_range(first, (unsigned)keep[i] - 1);
		if (result < 0)
			return result;
		first = (unsigned)keep[i] + 1;
	}
	return compat_close_range(first, COMPAT_FD_MAX);
}

static void reset_signals(void)
{
	int last = compat_signal_last();
	sigset_t none;

	for (int signal = 1; signal <= last; signal++)
		sigaction(signal, &disposition_default, NULL);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static int enter_directory(struct child *child)
{
	child->step = "fchdir";
	if (child->plan->directory >= 0 && fchdir(child->plan->directory) < 0)
		child->error = -errno;
	return child->error;
}

/* Execute the program, with its descriptors in place and its channel open. */
static void execute_program(struct child *child, int channel)
{
	const struct launch_plan *plan = child->plan;

	for (size_t i = 0; i < plan->keep_count; i++)
		fd_set_cloexec(plan->keep[i], false);
	child->step = "capabilities";
	child->error = compat_capabilities_pass(plan->capabilities);
	if (child->error < 0)
		return;
	marker_write(plan->mark, channel, getpid());
	reset_signals();
	execve(plan->path, plan->arguments, plan->environment);
	child->error = -errno;
	child->step = "execve";
}

/* The child of compat_spawn(): it shares this process's memory and descriptors. */
static int run_second_copy(void *data)
{
	struct child *child = data;
	const struct launch_plan *plan = child->plan;
	unsigned last = STDERR_FILENO;

	if (plan->keep_count > 0)
		last = (unsigned)plan->keep[plan->keep_count - 1];
	if (enter_directory(child) < 0)
		return 127;
	child->step = "close_range";
	child->error = compat_unshare_table(last);
	/* If the launcher lacks a standard stream, the pidfd may have that number; close it. */
	if (child->error == 0 && child->spawned->pidfd <= STDERR_FILENO)
		fd_close(child->spawned->pidfd);
	if (child->error == 0)
		child->error = close_other_fds(plan->keep, plan->keep_count);
	if (child->error < 0)
		return 127;
	child->step = "/dev/null";
	child->error = open_standard_fds();
	if (child->error < 0)
		return 127;
	child->channel = channel_connect(child->address);
	if (child->channel >= 0)
		execute_program(child, child->channel);
	child->error = child->channel < 0 ? child->channel : child->error;
	return 127;
}

/* Move it to the numbers that the library uses, if the limit permits. */
static int move_fd(int fd)
{
	int moved = fd_duplicate(fd);

	if (moved < 0)
		return fd;
	fd_close(fd);
	return moved;
}

/*
 * The fast method.  Returns -ENOTSUP, without any traces, if it is not possible: in a
 * sandbox, or if other users flood the address.
 */
static int spawn_second_copy(struct launch *launch, const struct launch_plan *plan)
{
	struct channel_address address;
	struct compat_spawned spawned;
	struct child child = { .plan = plan, .address = &address, .spawned = &spawned };
	int result, listener;

	if (!compat_can_spawn() || !compat_can_unshare_table())
		return -ENOTSUP;
	listener = channel_listen(&address);
	if (listener < 0)
		return -ENOTSUP;
	result = compat_spawn(run_second_copy, &child, plan->sibling, &spawned);
	/* Resource errors would affect fork(2) too; fall back only if the call is forbidden. */
	if (result == -EPERM || result == -EINVAL || result == -ENOSYS)
		result = -ENOTSUP;
	else if (result < 0)
		result = error_system(result, "cannot start %s: clone", plan->path);
	if (result < 0)
		goto out;
	*launch = (struct launch){
		.daemon = spawned.pid, .pidfd = move_fd(spawned.pidfd), .channel = -1, .report = -1
	};
	if (child.error < 0) {
		launch_discard(launch, DEADLINE_NEVER);
		result = child.channel < 0 ? -ENOTSUP
					   : error_system(child.error, "cannot start %s: %s",
							  plan->path, child.step);
		goto out;
	}
	result = channel_accept(listener, &address);
	if (result < 0 && result != -EAGAIN) {
		launch_discard(launch, 0);
		result = error_system(result, "cannot start %s: channel", plan->path);
		goto out;
	}
	/* No channel: the child was killed before it had one; its exit will be noticed. */
	launch->channel = result < 0 ? -1 : result;
	result = 1;
out:
	secret_wipe(address.secret, sizeof address.secret);
	fd_close(listener);
	return result;
}

/* The kept descriptors and one more, in ascending order; freed by the caller. */
static int *keep_fd_too(const struct launch_plan *plan, int fd)
{
	int *all = malloc((plan->keep_count + 1) * sizeof *all);
	size_t at = 0;

	if (all == NULL)
		return NULL;
	while (at < plan->keep_count && plan->keep[at] < fd) {
		all[at] = plan->keep[at];
		at++;
	}
	all[at] = fd;
	for (; at < plan->keep_count; at++)
		all[at + 1] = plan->keep[at];
	return all;
}

/* In the forked daemon: keep only the listed descriptors, and no handlers of a wait. */
static int enter_forked_daemon(const struct launch_plan *plan, const int *keep, int channel,
			       int launcher_end)
{
	struct child child = { .plan = plan };

	interrupt_forget();
	/* The launcher's ends would hide the launcher's exit. */
	fd_close(launcher_end);
	fd_close(plan->output);
	if (plan->path == NULL && plan->keep_all)
		return 0;
	if (plan->path == NULL) {
		int result = forked_descriptors();

		return result < 0 ? result : close_other_fds(keep, plan->keep_count + 1);
	}
	if (enter_directory(&child) == 0) {
		child.step = "closing descriptors";
		child.error = close_other_fds(keep, plan->keep_count + 1);
	}
	if (child.error == 0)
		child.error = open_standard_fds();
	if (child.error == 0)
		child.error = fd_set_cloexec(channel, false);
	if (child.error == 0)
		execute_program(&child, channel);
	/* Memory is not shared: send the error to the launcher. */
	channel_send(channel, CHANNEL_NOT_STARTED, child.error, child.step, DEADLINE_NEVER);
	_exit(127);
}

/*
 * If the report of the daemon could not be read, the daemon exits when it cannot send.
 * Without a daemon the other end is closed already.
 */
static void await_unknown_daemon(int channel)
{
	struct pollfd end = { .fd = channel };

	shutdown(channel, SHUT_RD);
	deadline_poll(&end, 1, deadline_after(KILL_TIMEOUT));
}

/* The method that works on every system. */
static int fork_twice(struct launch *launch, const struct launch_plan *plan,
		      struct launch_forked *forked)
{
	int ends[2], *keep = NULL, result = channel_pair(ends);
	sigset_t all;

	if (result < 0)
		return error_system(result, "cannot create a channel to the daemon");
	keep = keep_fd_too(plan, ends[1]);
	if (keep == NULL) {
		result = error_system(-ENOMEM, "cannot start the daemon");
		goto out;
	}
	*launch = (struct launch){ .channel = -1, .pidfd = -1 };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &forked->mask);
	result = watcher_fork(&launch->daemon, &launch->watcher, &launch->report);
	if (result == 0) {
		forked->error = enter_forked_daemon(plan, keep, ends[1], ends[0]);
		forked->channel = ends[1];
		free(keep);
		return 0;
	}
	pthread_sigmask(SIG_SETMASK, &forked->mask, NULL);
	if (result < 0) {
		ends[1] = fd_close(ends[1]);
		await_unknown_daemon(ends[0]);
		result = error_system(result, "cannot start the daemon: fork");
		goto out;
	}
	/* While the watcher exists, the pid is the daemon's. */
	launch->pidfd = compat_pidfd_open(launch->daemon);
	launch->channel = ends[0];
	ends[0] = -1;
out:
	free(keep);
	fd_close(ends[0]);
	fd_close(ends[1]);
	return result;
}

int launch_start(struct launch *launch, const struct launch_plan *plan,
		 struct launch_forked *forked)
{
	int result = plan->path == NULL || plan->orphan ? -ENOTSUP
							: spawn_second_copy(launch, plan);

	return result == -ENOTSUP ? fork_twice(launch, plan, forked) : result;
}

int launch_exit_fd(const struct launch *launch)
{
	return launch->watcher > 0 ? launch->report : launch->pidfd;
}

bool launch_has_exited(const struct launch *launch)
{
	struct pollfd end = { .fd = launch_exit_fd(launch), .events = POLLIN };

	return deadline_poll(&end, 1, 0) > 0;
}

int launch_status(const struct launch *launch)
{
	int status = -1;

	if (!launch_has_exited(launch))
		return -1;
	if (launch->watcher > 0)
		return watcher_read_status(launch->report);
	if (compat_read_status(launch->daemon, launch->pidfd, &status) < 0 &&
	    compat_pidfd_exit_status(launch->pidfd, &status) < 0)
		return -1;
	return status;
}

/*
 * The status of a process that another one reaps is known only after that.  How long to
 * wait for it, in milliseconds.
 */
#define REAP_TIMEOUT 1000

/* The daemon is a child, which a handler of the program may have reaped already, or a sibling. */
static int reap_daemon(pid_t pid, int pidfd)
{
	int status;

	while (compat_reap(pid, pidfd, &status) < 0)
		if (errno != EINTR)
			return compat_pidfd_exit_status(pidfd, &status) == 0 ? status : -1;
	return status;
}

/*
 * 0 or a negative errno.  kill(2) is safe: a watcher keeps the pid from being reused; and
 * if a sandbox refuses the pidfd call, the process existed just before.
 */
static int kill_daemon(const struct launch *launch)
{
	int result = launch->pidfd < 0 ? -ENOSYS
				       : compat_pidfd_signal(launch->pidfd, SIGKILL, NULL);

	if (result < 0 && result != -ESRCH)
		result = kill(launch->daemon, SIGKILL) < 0 ? -errno : 0;
	return result;
}

/*
 * Without a pidfd, an open channel means that the daemon exists; its resources are
 * released only when it is reaped, a moment later.  A child of the daemon may have the
 * channel open too.
 */
static void finish_without_pidfd(const struct launch *launch, deadline until)
{
	struct pollfd channel = { .fd = launch->channel };

	if (deadline_poll(&channel, 1, 0) == 0) {
		kill(launch->daemon, SIGKILL);
		deadline_poll(&channel, 1, until);
	}
	until = deadline_after(REAP_TIMEOUT);
	while (kill(launch->daemon, 0) == 0 && deadline_now() < until)
		deadline_poll(NULL, 0, deadline_after(1));
}

void launch_kill(struct launch *launch)
{
	if (launch->killed)
		return;
	launch->killed = true;
	launch->until = deadline_after(KILL_TIMEOUT);
	if (kill_daemon(launch) != -EPERM)
		return;
	/* Closing the channel tells the daemon that the launcher no longer waits. */
	launch->denied = true;
	launch->channel = fd_close(launch->channel);
}

static deadline earlier_of(deadline one, deadline other)
{
	return one < other ? one : other;
}

/*
 * Has the killed daemon exited?  It may be blocked in the kernel without limit, for example by
 * a file system that does not respond.  Returns true at the deadline too.
 */
static bool await_killed(struct launch *launch, deadline until)
{
	/* Also wait on the pidfd: a stopped watcher reports nothing. */
	struct pollfd ends[] = {
		{ .fd = launch->report, .events = POLLIN },
		{ .fd = launch->pidfd, .events = POLLIN },
	};

	if (deadline_poll(ends, 2, earlier_of(until, launch->until)) > 0)
		return true;
	launch->kill_failed = deadline_now() >= launch->until;
	return launch->kill_failed;
}

/* Is the status available, or known to be unavailable? */
static bool status_is_known(const struct launch *launch)
{
	int status;

	if (launch->watcher > 0)
		return launch_has_exited(launch);
	return compat_read_status(launch->daemon, launch->pidfd, &status) > 0 ||
	       compat_pidfd_exit_status(launch->pidfd, &status) != -EAGAIN;
}

bool launch_await_exit(struct launch *launch, deadline until)
{
	/*
	 * When another process reaps the daemon, poll(2) reports POLLHUP on its pidfd,
	 * whatever the events are.
	 */
	struct pollfd report = { .fd = launch_exit_fd(launch),
				 .events = launch->watcher > 0 ? POLLIN : 0 };

	if (report.fd < 0)
		return true;
	if (!launch->reaping && !launch_has_exited(launch) && !await_killed(launch, until))
		return false;
	if (launch->kill_failed || status_is_known(launch))
		return true;
	if (!launch->reaping)
		launch->until = deadline_after(REAP_TIMEOUT);
	launch->reaping = true;
	return deadline_poll(&report, 1, earlier_of(until, launch->until)) > 0 ||
	       deadline_now() >= launch->until;
}

/*
 * Reap the daemon, which has exited unless its watcher was killed or dismissed: its parent
 * may be this process.  Returns its status, or -1.
 */
static int finish_daemon(struct launch *launch)
{
	struct pollfd end = { .fd = launch->pidfd, .events = POLLIN };

	if (launch->pidfd < 0) {
		finish_without_pidfd(launch, deadline_after(KILL_TIMEOUT));
		return -1;
	}
	if (deadline_poll(&end, 1, 0) == 0) {
		kill_daemon(launch);
		launch->kill_failed = deadline_poll(&end, 1, deadline_after(KILL_TIMEOUT)) == 0;
	}
	return launch->kill_failed ? -1 : reap_daemon(launch->daemon, launch->pidfd);
}

/* The watcher was killed, or is stopped. */
static void finish_without_report(struct launch *launch)
{
	int status;

	finish_daemon(launch);
	/*
	 * A watcher that is being killed closes its report before the daemon becomes a child
	 * of the process that adopts orphans, which may be this one.
	 */
	launch_orphan(launch);
	if (!launch->kill_failed && launch->pidfd >= 0)
		compat_reap(launch->daemon, launch->pidfd, &status);
}

int launch_collect(struct launch *launch)
{
	int status = -1;

	if (!launch->kill_failed && launch->watcher == 0) {
		status = finish_daemon(launch);
	} else if (!launch->kill_failed) {
		status = watcher_read_status(launch->report);
		/* Without a report: a status would be the effect of killing the daemon here. */
		if (status == -1)
			finish_without_report(launch);
	}
	launch_release(launch);
	return status;
}

int launch_discard(struct launch *launch, deadline until)
{
	struct pollfd end = { .fd = launch_exit_fd(launch), .events = POLLIN };

	if (end.fd >= 0 && deadline_poll(&end, 1, until) <= 0) {
		launch_kill(launch);
		await_killed(launch, DEADLINE_NEVER);
	}
	return launch_collect(launch);
}

void launch_orphan(struct launch *launch)
{
	if (launch->watcher > 0)
		watcher_dismiss(launch->watcher, launch->report);
	launch->watcher = 0;
	launch->report = -1;
}

void launch_release(struct launch *launch)
{
	launch_orphan(launch);
	fd_close(launch->pidfd);
	fd_close(launch->channel);
}

void launch_forget(struct launch *launch)
{
	fd_close(launch->report);
	fd_close(launch->pidfd);
	fd_close(launch->channel);
}
