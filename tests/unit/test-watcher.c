/* SPDX-License-Identifier: MIT */
/* The watcher of a daemon, when one of the processes is killed or cannot send. */
#include "harness/harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "start/watcher.h"

/* What happens to a process that sends a report. */
enum { NORMAL, WATCHER_IS_KILLED, DAEMON_IS_KILLED, DAEMON_CANNOT_SEND, NO_DAEMON };

static int behaviour;
static pid_t launcher;

/* Replaces the function of the C library. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	int sender = getppid() == launcher ? WATCHER_IS_KILLED : DAEMON_IS_KILLED;

	if (behaviour == sender)
		raise(SIGKILL);
	if (behaviour == DAEMON_CANNOT_SEND && sender == DAEMON_IS_KILLED) {
		errno = EIO;
		return -1;
	}
	return sendto(fd, message->msg_iov->iov_base, message->msg_iov->iov_len, flags, NULL, 0);
}

/* So does this: no second process. */
pid_t fork(void)
{
	pid_t (*real)(void);

	if (behaviour == NO_DAEMON && getpid() != launcher) {
		errno = EAGAIN;
		return -1;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "fork");
	return real();
}

struct started {
	pid_t daemon, watcher;
	int report;
};

/* Start a daemon that runs until it is killed. */
static struct started start(int which)
{
	struct started started = { 0 };
	sigset_t all, before;
	int result;

	launcher = getpid();
	behaviour = which;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	result = watcher_fork(&started.daemon, &started.watcher, &started.report);
	if (result == 0)
		for (;;)
			pause();
	sigprocmask(SIG_SETMASK, &before, NULL);
	ck_assert_int_eq(result, 1);
	ck_assert_int_gt(started.daemon, 0);
	return started;
}

static int status_of(const struct started *started)
{
	ck_assert(harness_wait_readable(started->report, HARNESS_SOON));
	return watcher_read_status(started->report);
}

static void finish(const struct started *started)
{
	watcher_dismiss(started->watcher, started->report);
	ck_assert(harness_wait_exit(started->daemon, HARNESS_SOON));
}

START_TEST(status_of_killed_daemon_is_reported)
{
	struct started started = start(NORMAL);

	ck_assert_int_eq(kill(started.daemon, SIGTERM), 0);
	ck_assert_int_eq(kill(started.daemon, SIGKILL), 0);
	ck_assert_int_eq(status_of(&started), SIGKILL);
	finish(&started);
}
END_TEST

/* The launcher knows the pid from the daemon, and can kill it. */
START_TEST(watcher_is_killed_when_it_reports)
{
	struct started started = start(WATCHER_IS_KILLED);

	ck_assert_int_eq(kill(started.daemon, SIGKILL), 0);
	ck_assert_int_eq(status_of(&started), -1);
	finish(&started);
}
END_TEST

START_TEST(daemon_is_killed_before_its_report)
{
	struct started started = start(DAEMON_IS_KILLED);

	ck_assert_int_eq(status_of(&started), SIGKILL);
	finish(&started);
}
END_TEST

/* It exits, because the launcher could not kill it. */
START_TEST(daemon_cannot_report)
{
	struct started started = start(DAEMON_CANNOT_SEND);
	int status = status_of(&started);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 127);
	finish(&started);
}
END_TEST

/* The error of the watcher is that of the launcher, and the watcher has ended. */
START_TEST(watcher_cannot_fork)
{
	struct started started = { 0 };

	launcher = getpid();
	behaviour = NO_DAEMON;
	ck_assert_int_eq(watcher_fork(&started.daemon, &started.watcher, &started.report), -EAGAIN);
	ck_assert_int_eq(started.daemon, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("watcher");
	TCase *reports = harness_case(suite, "reports");

	tcase_add_test(reports, status_of_killed_daemon_is_reported);
	tcase_add_test(reports, watcher_is_killed_when_it_reports);
	tcase_add_test(reports, daemon_is_killed_before_its_report);
	tcase_add_test(reports, daemon_cannot_report);
	tcase_add_test(reports, watcher_cannot_fork);
	return harness_main(argc, argv, suite, NULL);
}
