/* SPDX-License-Identifier: MIT */
/*
 * The messages to the service manager during a start: from the launcher, from the daemon, or
 * from neither; and the newline that s6 waits for.
 */
#include "harness/manager-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>

static const char *const started[] = { "reborn", "fork" };
static const char *const modes[] = { "foreground", "reborn", "fork" };

#define CHECK_SENDER(name, expected)                                                         \
	do {                                                                                 \
		const char *text_;                                                           \
		long result_ = sender_result(name, &text_);                                  \
		ck_assert_msg(result_ == (expected), "%s is %ld: %s", name, result_, text_); \
	} while (0)

static void expect_up(void)
{
	const char *text;

	ck_assert_msg(sender_result("launcher", &text) > 0, "%s", text);
}

/*
 * Check that the next message comes from a process that is neither the daemon nor another than
 * before.
 */
static pid_t expect_from_launcher(const struct receiver *receiver, const char *text, pid_t launcher)
{
	struct message message = receiver_read(receiver);

	ck_assert_str_eq(message.text, text);
	ck_assert_int_ne(message.pid, sender_result("daemon", NULL));
	if (launcher != 0)
		ck_assert_int_eq(message.pid, launcher);
	return message.pid;
}

static const char *main_pid(pid_t daemon, const char *rest)
{
	char *text = harness_memory(64);

	sprintf(text, "MAINPID=%d%s", (int)daemon, rest);
	return text;
}

/* The launcher waits until the daemon is set up. */
START_TEST(manager_is_notified_before_launcher_returns)
{
	struct receiver receiver;
	pid_t daemon;

	receiver_open(&receiver, (enum receiver_kind)(_i / 2));
	sender_run("mode=%s exec-pid=own -- status=works extend=2000 ready stopping",
		   started[_i % 2]);
	expect_up();
	sender_end();
	daemon = (pid_t)sender_result("daemon", NULL);
	ck_assert_int_eq(daemon, sender_result("launcher", NULL));
	expect_from_launcher(&receiver, main_pid(daemon, ""), 0);
	receiver_expect(&receiver, "STATUS=works", daemon);
	receiver_expect(&receiver, "EXTEND_TIMEOUT_USEC=2000000", daemon);
	receiver_expect(&receiver, "READY=1", daemon);
	receiver_expect(&receiver, "STOPPING=1", daemon);
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

/* The launcher waits until the daemon is ready, and relays its messages until then. */
START_TEST(launcher_relays_messages_until_ready)
{
	struct receiver receiver;
	pid_t daemon, launcher;

	receiver_open(&receiver, (enum receiver_kind)(_i / 2));
	sender_run("mode=%s exec-pid=own wait=60000 -- status=a\nREADY=1 extend=2000 extend=1 "
		   "ready status=b stopping",
		   started[_i % 2]);
	expect_up();
	sender_end();
	CHECK_SENDER("ready", 0);
	daemon = (pid_t)sender_result("daemon", NULL);
	launcher = expect_from_launcher(&receiver, "STATUS=a READY=1", 0);
	expect_from_launcher(&receiver, "EXTEND_TIMEOUT_USEC=2000000", launcher);
	expect_from_launcher(&receiver, "EXTEND_TIMEOUT_USEC=1000", launcher);
	expect_from_launcher(&receiver, main_pid(daemon, "\nREADY=1"), launcher);
	receiver_expect(&receiver, "STATUS=b", daemon);
	receiver_expect(&receiver, "STOPPING=1", daemon);
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

/* A failed daemon is never the main process. */
START_TEST(manager_is_not_notified_of_failed_daemon)
{
	const char *text;
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	sender_run("mode=%s exec-pid=own wait=60000 -- failed=broken", started[_i]);
	ck_assert_int_eq(sender_result("launcher", &text), -EPROTO);
	ck_assert_str_eq(text, "broken");
	sender_end();
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

START_TEST(foreground_reports_failure_to_manager)
{
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	/* AUTO: the manager started this very process. */
	sender_run("mode=auto exec-pid=own -- failed=broken");
	receiver_expect(&receiver, "STATUS=broken\nERRNO=71", (pid_t)sender_result("daemon", NULL));
	sender_end();
	/* A failure before the program can notify. */
	sender_run("mode=auto exec-pid=own workdir=/nonexistent --");
	ck_assert_int_eq(sender_result("launcher", NULL), -ENOENT);
	sender_end();
	receiver_expect(&receiver,
			"STATUS=working directory /nonexistent: No such file or directory\nERRNO=2",
			0);
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

/* The manager of another process, for example of the shell that ran the launcher. */
START_TEST(manager_of_another_process_is_not_notified)
{
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	sender_run("mode=%s exec-pid=other wait=%d watchdog-pid=own -- status=a extend=1 ready "
		   "status=b stopping watchdog store=a barrier=1000",
		   started[_i % 2], _i < 2 ? 0 : 60000);
	expect_up();
	sender_end();
	CHECK_SENDER("ready", 0);
	CHECK_SENDER("barrier", 0);
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

START_TEST(mode_auto_checks_pid_of_manager)
{
	struct receiver receiver;
	pid_t daemon;

	receiver_open(&receiver, RECEIVER_PATH);
	/* Without SYSTEMD_EXEC_PID, as in older versions of systemd, and with it. */
	for (int i = 0; i < 2; i++) {
		sender_run("mode=auto%s -- ready", i == 0 ? "" : " exec-pid=own");
		daemon = (pid_t)sender_result("daemon", NULL);
		receiver_expect(&receiver, "READY=1", daemon);
		sender_end();
	}
	sender_run("mode=auto exec-pid=other -- ready");
	expect_up();
	sender_end();
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
	/* An empty address means no manager. */
	setenv("NOTIFY_SOCKET", "", 1);
	sender_run("mode=auto -- ready");
	expect_up();
	sender_end();
}
END_TEST

START_TEST(missing_manager_does_not_fail_start)
{
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	close(receiver.fd);
	sender_run("mode=%s exec-pid=own wait=%d -- status=a ready stopping", started[_i % 2],
		   _i < 2 ? 0 : 60000);
	expect_up();
	sender_end();
	CHECK_SENDER("stopping", -ECONNREFUSED);
}
END_TEST

/* The manager gave the interval to the launcher; it applies to the daemon. */
START_TEST(watchdog_interval_is_passed_to_daemon)
{
	struct receiver receiver;
	pid_t daemon;

	receiver_open(&receiver, RECEIVER_PATH);
	setenv("WATCHDOG_USEC", "5000000", 1);
	sender_run("mode=%s exec-pid=own watchdog-pid=own -- interval watchdog", modes[_i]);
	sender_end();
	CHECK_SENDER("interval", 5000);
	daemon = (pid_t)sender_result("daemon", NULL);
	if (_i > 0)
		expect_from_launcher(&receiver, main_pid(daemon, ""), 0);
	receiver_expect(&receiver, "WATCHDOG=1", daemon);
	sender_run("mode=%s exec-pid=own watchdog-pid=other -- interval", modes[_i]);
	sender_end();
	CHECK_SENDER("interval", 0);
	receiver_close(&receiver);
}
END_TEST

START_TEST(manager_is_reached_from_chroot)
{
	enum receiver_kind kind = (enum receiver_kind)(_i / 3);
	struct receiver receiver;
	pid_t daemon;

	harness_need_root();
	harness_need_call("chroot");
#ifdef WITH_LIBSYSTEMD
	/* libsystemd resolves the path for each message, in the new root directory. */
	kind = RECEIVER_ABSTRACT;
#endif
	receiver_open(&receiver, kind);
	mkdir(harness_path("jail"), 0755);
	sender_run("mode=%s exec-pid=own chroot=%s uid=65534 -- ready status=a", modes[_i % 3],
		   harness_path("jail"));
	sender_end();
	CHECK_SENDER("ready", 0);
	daemon = (pid_t)sender_result("daemon", NULL);
	if (_i % 3 > 0)
		expect_from_launcher(&receiver, main_pid(daemon, ""), 0);
	for (int i = 0; i < 2; i++) {
		struct message message = receiver_read(&receiver);

		ck_assert_str_eq(message.text, i == 0 ? "READY=1" : "STATUS=a");
		ck_assert_int_eq(message.pid, daemon);
		ck_assert_uint_eq(message.uid, 65534);
	}
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

/* Does not wait for a manager that reads nothing. */
START_TEST(foreground_reports_missing_pid_file_to_manager)
{
	struct daemonkit_context *context;
	struct receiver receiver;
	char path[256], status[512];
	int filled = 0;

	snprintf(path, sizeof path, "%s", harness_path("missing/pid"));
	snprintf(status, sizeof status,
		 "STATUS=pid file %s: open its directory: No such file or directory; starting "
		 "without it",
		 path);
	receiver_open(&receiver, RECEIVER_PATH);
	if (_i == 1)
		filled = receiver_fill(&receiver);
	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file_optional(context, 1), 0);
	CHECK_RESULT(context, daemonkit_context_reborn(context), 0);
	ck_assert_str_eq(daemonkit_error(), "");
	if (_i == 1)
		receiver_drain(&receiver, filled);
	else
		receiver_expect(&receiver, status, getpid());
	receiver_expect_nothing(&receiver);
	CHECK_RESULT(context, daemonkit_notify_ready(context), 0);
	receiver_expect(&receiver, "READY=1", getpid());
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/* Only root can write to the socket, which was connected before the change of user. */
START_TEST(manager_is_reached_without_privileges)
{
	struct receiver receiver;

	harness_need_root();
	harness_need_call("setgroups");
	receiver_open(&receiver, RECEIVER_PATH);
	ck_assert_int_eq(chmod(receiver.address, 0600), 0);
	sender_run("mode=%s exec-pid=own uid=65534 -- ready", modes[_i]);
	sender_end();
#ifdef WITH_LIBSYSTEMD
	CHECK_SENDER("ready", -EACCES);
#else
	CHECK_SENDER("ready", 0);
	if (_i > 0)
		expect_from_launcher(&receiver, main_pid((pid_t)sender_result("daemon", NULL), ""),
				     0);
	receiver_expect(&receiver, "READY=1", (pid_t)sender_result("daemon", NULL));
#endif
	receiver_close(&receiver);
}
END_TEST

/* ---- s6 ---- */

#define S6_FD 60

static void open_pipe(int ends[2])
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(ends[1], S6_FD), S6_FD);
	close(ends[1]);
}

/* One newline, and then end of file. */
static void expect_newline(int fd)
{
	char bytes[16];

	ck_assert_int_eq(read(fd, bytes, sizeof bytes), 1);
	ck_assert_int_eq(bytes[0], '\n');
	ck_assert_int_eq(read(fd, bytes, sizeof bytes), 0);
}

static const char *const s6_ways[] = {
	"mode=auto fd",
	"mode=foreground fd",
	"mode=reborn fd",
	"mode=fork fd",
	"mode=reborn wait=60000 fd",
	"mode=fork wait=60000 fd",
	/* Only the launcher calls the setter, not the second copy. */
	"mode=reborn first-fd",
};
#define S6_WAYS 7

START_TEST(readiness_writes_newline_to_descriptor)
{
	int ends[2];

	open_pipe(ends);
	sender_run("%s=%d -- inherits=%d ready is-open=%d ready", s6_ways[_i], S6_FD, S6_FD, S6_FD);
	close(S6_FD);
	CHECK_SENDER("inherits", 0);
	CHECK_SENDER("ready", 0);
	CHECK_SENDER("is-open", 0);
	/* A descriptor for readiness implies a supervisor of this very process. */
	if (_i < 2)
		ck_assert_ptr_null(strstr(harness_read_file(harness_path("results")), "launcher"));
	/* The daemon runs, unless it is this very process, and has closed the descriptor. */
	ck_assert(harness_wait_readable(ends[0], HARNESS_SOON));
	expect_newline(ends[0]);
	sender_end();
	close(ends[0]);
}
END_TEST

START_TEST(failure_writes_no_newline_to_descriptor)
{
	char byte;
	int ends[2];

	open_pipe(ends);
	sender_run("%s=%d -- failed=broken", s6_ways[_i], S6_FD);
	close(S6_FD);
	sender_end();
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}
END_TEST

START_TEST(closed_notification_pipe_raises_no_signal)
{
	int ends[2];

	open_pipe(ends);
	close(ends[0]);
	sender_run("%s=%d -- ready status=alive", s6_ways[_i], S6_FD);
	close(S6_FD);
	CHECK_SENDER("ready", -EPIPE);
	sender_end();
}
END_TEST

START_TEST(ready_notifies_all_receivers)
{
	int ends[2];
	struct receiver receiver;
	pid_t daemon;

	receiver_open(&receiver, RECEIVER_ABSTRACT);
	open_pipe(ends);
	sender_run("mode=%s fd=%d exec-pid=own wait=60000 -- ready", modes[_i], S6_FD);
	close(S6_FD);
	sender_end();
	daemon = (pid_t)sender_result("daemon", NULL);
	if (_i == 0) {
		receiver_expect(&receiver, "READY=1", daemon);
	} else {
		expect_up();
		expect_from_launcher(&receiver, main_pid(daemon, "\nREADY=1"), 0);
	}
	receiver_expect_nothing(&receiver);
	expect_newline(ends[0]);
	close(ends[0]);
	receiver_close(&receiver);
}
END_TEST

START_TEST(bad_notification_descriptors_are_refused)
{
	sender_run("mode=foreground fd=%d --", S6_FD);
	CHECK_SENDER("setter", -EBADF);
	sender_end();
	sender_run("mode=foreground fd=2 --");
	CHECK_SENDER("setter", -EBADF);
	sender_end();
}
END_TEST

static const struct harness_helper helpers[] = { SENDER_HELPERS, { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("manager-start");
	TCase *launcher = harness_case(suite, "launcher"), *jail = harness_case(suite, "chroot");
	TCase *s6 = harness_case(suite, "s6");

	tcase_add_loop_test(launcher, manager_is_notified_before_launcher_returns, 0,
			    2 * RECEIVER_KINDS);
	tcase_add_loop_test(launcher, launcher_relays_messages_until_ready, 0, 2 * RECEIVER_KINDS);
	tcase_add_loop_test(launcher, manager_is_not_notified_of_failed_daemon, 0, 2);
	tcase_add_test(launcher, foreground_reports_failure_to_manager);
	tcase_add_loop_test(launcher, foreground_reports_missing_pid_file_to_manager, 0, 2);
	tcase_add_loop_test(launcher, manager_of_another_process_is_not_notified, 0, 4);
	tcase_add_test(launcher, mode_auto_checks_pid_of_manager);
	tcase_add_loop_test(launcher, missing_manager_does_not_fail_start, 0, 4);
	tcase_add_loop_test(launcher, watchdog_interval_is_passed_to_daemon, 0, 3);
	tcase_add_loop_test(jail, manager_is_reached_from_chroot, 0, 3 * RECEIVER_KINDS);
	tcase_add_loop_test(jail, manager_is_reached_without_privileges, 0, 3);
	tcase_add_loop_test(s6, readiness_writes_newline_to_descriptor, 0, S6_WAYS);
	tcase_add_loop_test(s6, failure_writes_no_newline_to_descriptor, 0, S6_WAYS);
	tcase_add_loop_test(s6, closed_notification_pipe_raises_no_signal, 0, S6_WAYS);
	tcase_add_loop_test(s6, ready_notifies_all_receivers, 0, 3);
	tcase_add_test(s6, bad_notification_descriptors_are_refused);
	return harness_main(argc, argv, suite, helpers);
}
