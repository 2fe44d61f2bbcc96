/* SPDX-License-Identifier: MIT */
/*
 * The parent of a daemon that is not its launcher's own child.
 *
 * The watcher runs in a fork of a program that may have threads: it makes
 * only async-signal-safe calls and never returns.
 * Thread-safe.
 */
#include "start/watcher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "compat/clone.h"
#include "compat/close-range.h"
#include "compat/pidfd.h"
#include "compat/socket.h"
#include "ipc/channel.h"
#include "signals/disposition.h"

/*
 * A report to the launcher.  The daemon itself sends the first one, so that the launcher
 * knows the pid before the daemon does anything, even if the watcher is killed.
 */
struct report {
	pid_t daemon; /* 0: the watcher could not create it */
	int value;    /* NOT_EXITED, the status of the daemon, or a negative errno */
};

#define NOT_EXITED (-1)

/* How long a watcher that is no longer needed may take to exit, in milliseconds. */
#define EXIT_TIMEOUT 1000

/* How often to retry after ENOMEM, and the delay in milliseconds. */
#define REPORT_TRIES 100
#define REPORT_PAUSE 10

static bool send_report(int fd, pid_t daemon, int value)
{
	struct report report = { .daemon = daemon, .value = value };
	struct iovec part = { .iov_base = &report, .iov_len = sizeof report };
	const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	for (int tries = 0; tries < REPORT_TRIES; tries++) {
		if (compat_sendmsg(fd, &message) >= 0)
			return true;
		if (errno == ENOMEM || errno == ENOBUFS || errno == EAGAIN)
			poll(NULL, 0, REPORT_PAUSE);
		else if (errno != EINTR)
			break;
	}
	return false;
}

static void ignore_signal(int signal)
{
	(void)signal; /* the signal only interrupts pselect(2) */
}

/* Has the daemon exited?  Does not reap it, so that its pid is not reused. */
static bool daemon_has_exited(pid_t daemon, int *status)
{
	pid_t found = compat_read_status(daemon, -1, status);

	return found > 0 || (found < 0 && errno == ECHILD);
}

static _Noreturn void watch(pid_t daemon, int fd)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	sigset_t all_but_child;
	fd_set launcher;
	bool reported = false;
	int status = -1;

	sigfillset(&all_but_child);
	sigdelset(&all_but_child, SIGCHLD);
	sigaction(SIGCHLD, &action, NULL);
	for (;;) {
		if (!reported && daemon_has_exited(daemon, &status)) {
			reported = true;
			if (!send_report(fd, daemon, status))
				break; /* the watcher's exit is enough of a report */
		}
		FD_ZERO(&launcher);
		FD_SET((unsigned)fd, &launcher);
		if (pselect(fd + 1, &launcher, NULL, NULL, NULL, &all_but_child) > 0)
			break; /* the launcher closed its end, or has exited */
	}
	waitpid(daemon, NULL, WNOHANG);
	_exit(0);
}

static _Noreturn void be_watcher(pid_t daemon, int fd)
{
	/*
	 * Keep none of the launcher's descriptors, above all not the launcher's own end:
	 * otherwise its exit would not be noticed.
	 */
	compat_close_range(0, (unsigned)fd - 1);
	compat_close_range((unsigned)fd + 1, COMPAT_FD_MAX);
	/* A low number, for pselect(2).  If that fails, the launcher notices the exit. */
	if (fd_replace(fd, STDIN_FILENO) < 0)
		_exit(0);
	fd_close(fd);
	watch(daemon, STDIN_FILENO);
}

static int first_child(int ends[2])
{
	struct sigaction before;
	pid_t daemon;

	setsid();
	/* If SIGCHLD is ignored, the system reaps children and their status is lost. */
	sigaction(SIGCHLD, &disposition_default, &before);
	daemon = fork();
	if (daemon == 0) {
		sigaction(SIGCHLD, &before, NULL);
		if (!send_report(ends[1], getpid(), NOT_EXITED))
			_exit(127);
		fd_close(ends[0]);
		fd_close(ends[1]);
		return 0;
	}
	if (daemon < 0) {
		send_report(ends[1], 0, -errno);
		_exit(0);
	}
	be_watcher(daemon, ends[1]);
}

/* The pid of the daemon, or a negative errno. */
static pid_t read_pid(int fd)
{
	struct report report;
	ssize_t count;

	do {
		count = recv(fd, &report, sizeof report, MSG_PEEK);
	} while (count < 0 && errno == EINTR);
	if (count != (ssize_t)sizeof report)
		return -ECHILD;
	if (report.daemon == 0)
		return report.value;
	/* A daemon that was killed before its report: the status remains to be read. */
	if (report.value == NOT_EXITED)
		fd_read(fd, &report, sizeof report);
	return report.daemon;
}

int watcher_fork(pid_t *daemon, pid_t *watcher, int *report)
{
	int ends[2], result = channel_pair(ends);
	pid_t child;

	if (result < 0)
		return result;
	child = fork();
	if (child == 0)
		return first_child(ends);
	if (child < 0)
		result = -errno;
	fd_close(ends[1]);
	if (result == 0)
		result = read_pid(ends[0]);
	if (result < 0) {
		if (child > 0)
			watcher_dismiss(child, ends[0]);
		else
			fd_close(ends[0]);
		return result;
	}
	*daemon = result;
	*watcher = child;
	*report = ends[0];
	return 1;
}

int watcher_read_status(int report)
{
	struct report status;
	ssize_t count;

	/*
	 * Leave the report in the queue, to be read again.  Do not wait: a stopped
	 * watcher sends none.
	 */
	do {
		count = compat_recv(report, &status, sizeof status, MSG_PEEK);
	} while (count < 0 && errno == EINTR);
	return count == (ssize_t)sizeof status ? status.value : NOT_EXITED;
}

void watcher_dismiss(pid_t watcher, int report)
{
	struct pollfd end = { .fd = compat_pidfd_open(watcher), .events = POLLIN };
	sigset_t all, before;

	/* A SIGCHLD handler of the program must not reap the watcher as an unknown child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* A forked child of the program may have a copy, so closing alone is not enough. */
	shutdown(report, SHUT_RDWR);
	fd_close(report);
	/* It may be stopped. */
	kill(watcher, SIGCONT);
	if (end.fd >= 0 && deadline_poll(&end, 1, deadline_after(EXIT_TIMEOUT)) == 0)
		kill(watcher, SIGKILL);
	fd_close(end.fd);
	while (waitpid(watcher, NULL, 0) < 0 && errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
