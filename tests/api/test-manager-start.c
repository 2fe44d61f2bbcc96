/* SPDX-License-Identifier: MIT */
/*
 * Who says what to the service manager while a daemon starts: the launcher
 * that the manager knows, the daemon that it does not know yet, or nobody;
 * and the newline that s6 waits for.
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

static const char *const started[] = { "reborn", "fork" };
static const char *const modes[] = { "foreground", "reborn", "fork" };

#define CHECK_SAID(name, expected)                                                       \
	do {                                                                             \
		const char *text_;                                                       \
		long said_ = speaker_said(name, &text_);                                 \
		ck_assert_msg(said_ == (expected), "%s is %ld: %s", name, said_, text_); \
	} while (0)

static void expect_up(void)
{
	const char *text;

	ck_assert_msg(speaker_said("launcher", &text) > 0, "%s", text);
}

/* The next message, from a process that is neither the daemon nor any other than the first. */
static pid_t expect_from_launcher(const struct ear *ear, const char *text, pid_t launcher)
{
	struct heard heard = ear_hear(ear);

	ck_assert_str_eq(heard.text, text);
	ck_assert_int_ne(heard.pid, speaker_said("daemon", NULL));
	if (launcher != 0)
		ck_assert_int_eq(heard.pid, launcher);
	return heard.pid;
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
	struct ear ear;
	pid_t daemon;

	ear_open(&ear, (enum ear_kind)(_i / 2));
	speaker_run("mode=%s exec-pid=own -- status=works extend=2000 ready stopping",
		    started[_i % 2]);
	expect_up();
	speaker_end();
	daemon = (pid_t)speaker_said("daemon", NULL);
	ck_assert_int_eq(daemon, speaker_said("launcher", NULL));
	expect_from_launcher(&ear, main_pid(daemon, ""), 0);
	ear_expect(&ear, "STATUS=works", daemon);
	ear_expect(&ear, "EXTEND_TIMEOUT_USEC=2000000", daemon);
	ear_expect(&ear, "READY=1", daemon);
	ear_expect(&ear, "STOPPING=1", daemon);
	ear_expect_nothing(&ear);
	ear_close(&ear);
}
END_TEST

/* The launcher waits until the daemon is ready, and passes on what it says until then. */
START_TEST(launcher_relays_messages_until_ready)
{
	struct ear ear;
	pid_t daemon, launcher;

	ear_open(&ear, (enum ear_kind)(_i / 2));
	speaker_run("mode=%s exec-pid=own wait=60000 -- status=a\nREADY=1 extend=2000 extend=1 "
		    "ready status=b stopping",
		    started[_i % 2]);
	expect_up();
	speaker_end();
	CHECK_SAID("ready", 0);
	daemon = (pid_t)speaker_said("daemon", NULL);
	launcher = expect_from_launcher(&ear, "STATUS=a READY=1", 0);
	expect_from_launcher(&ear, "EXTEND_TIMEOUT_USEC=2000000", launcher);
	expect_from_launcher(&ear, "EXTEND_TIMEOUT_USEC=1000", launcher);
	expect_from_launcher(&ear, main_pid(daemon, "\nREADY=1"), launcher);
	ear_expect(&ear, "STATUS=b", daemon);
	ear_expect(&ear, "STOPPING=1", daemon);
	ear_expect_nothing(&ear);
	ear_close(&ear);
}
END_TEST

/* A daemon that fails is no main process of anything. */
START_TEST(manager_is_not_notified_of_failed_daemon)
{
	const char *text;
	struct ear ear;

	ear_open(&ear, EAR_PATH);
	speaker_run("mode=%s exec-pid=own wait=60000 -- failed=broken", started[_i]);
	ck_assert_int_eq(speaker_said("launcher", &text), -EPROTO);
	ck_assert_str_eq(text, "broken");
	speaker_end();
	ear_expect_nothing(&ear);
	ear_close(&ear);
}
END_TEST

START_TEST(foreground_reports_failure_to_manager)
{
	struct ear ear;

	ear_open(&ear, EAR_PATH);
	/* AUTO: the manager started this very process. */
	speaker_run("mode=auto exec-pid=own -- failed=broken");
	ear_expect(&ear, "STATUS=broken\nERRNO=71", (pid_t)speaker_said("daemon", NULL));
	speaker_end();
	/* What fails before the program has a say. */
	speaker_run("mode=auto exec-pid=own workdir=/nonexistent --");
	ck_assert_int_eq(speaker_said("launcher", NULL), -ENOENT);
	speaker_end();
	ear_expect(&ear,
		   "STATUS=working directory /nonexistent: No such file or directory\nERRNO=2", 0);
	ear_expect_nothing(&ear);
	ear_close(&ear);
}
END_TEST

/* Somebody else's manager: that of a shell in which the launcher was called, say. */
START_TEST(manager_of_another_process_is_not_notified)
{
	struct ear ear;

	ear_open(&ear, EAR_PATH);
	speaker_run("mode=%s exec-pid=other wait=%d watchdog-pid=own -- status=a extend=1 ready "
		    "status=b stopping watchdog store=a barrier=1000",
		    started[_i % 2], _i < 2 ? 0 : 60000);
	expect_up();
	speaker_end();
	CHECK_SAID("ready", 0);
	CHECK_SAID("barrier", 0);
	ear_expect_nothing(&ear);
	ear_close(&ear);
}
END_TEST

START_TEST(mode_auto_checks_pid_of_manager)
{
	struct ear ear;
	pid_t daemon;

	ear_open(&ear, EAR_PATH);
	/* Without SYSTEMD_EXEC_PID, by an older systemd, and with it. */
	for (int i = 0; i < 2; i++) {
		speaker_run("mode=auto%s -- ready", i == 0 ? "" : " exec-pid=own");
		daemon = (pid_t)speaker_said("daemon", NULL);
		ear_expect(&ear, "READY=1", daemon);
		speaker_end();
	}
	speaker_run("mode=auto exec-pid=other -- ready");
	expect_up();
	speaker_end();
	ear_expect_nothing(&ear);
	ear_close(&ear);
	/* An empty address is none. */
	setenv("NOTIFY_SOCKET", "", 1);
	speaker_run("mode=auto -- ready");
	expect_up();
	speaker_end();
}
END_TEST

START_TEST(missing_manager_does_not_fail_start)
{
	struct ear ear;

	ear_open(&ear, EAR_PATH);
	close(ear.fd);
	speaker_run("mode=%s exec-pid=own wait=%d -- status=a ready stopping", started[_i % 2],
		    _i < 2 ? 0 : 60000);
	expect_up();
	speaker_end();
	CHECK_SAID("stopping", -ECONNREFUSED);
}
END_TEST

/* The manager gave its interval to the launcher, the daemon has to keep to it. */
START_TEST(watchdog_interval_is_passed_to_daemon)
{
	struct ear ear;
	pid_t daemon;

	ear_open(&ear, EAR_PATH);
	setenv("WATCHDOG_USEC", "5000000", 1);
	speaker_run("mode=%s exec-pid=own watchdog-pid=own -- interval watchdog", modes[_i]);
	speaker_end();
	CHECK_SAID("interval", 5000);
	daemon = (pid_t)speaker_said("daemon", NULL);
	if (_i > 0)
		expect_from_launcher(&ear, main_pid(daemon, ""), 0);
	ear_expect(&ear, "WATCHDOG=1", daemon);
	speaker_run("mode=%s exec-pid=own watchdog-pid=other -- interval", modes[_i]);
	speaker_end();
	CHECK_SAID("interval", 0);
	ear_close(&ear);
}
END_TEST

START_TEST(manager_is_reached_from_a_jail)
{
	enum ear_kind kind = (enum ear_kind)(_i / 3);
	struct ear ear;
	pid_t daemon;

	harness_need_root();
#ifdef WITH_LIBSYSTEMD
	/* libsystemd looks the path up anew for each message, in the jail. */
	kind = EAR_ABSTRACT;
#endif
	ear_open(&ear, kind);
	mkdir(harness_path("jail"), 0755);
	speaker_run("mode=%s exec-pid=own chroot=%s uid=65534 -- ready status=a", modes[_i % 3],
		    harness_path("jail"));
	speaker_end();
	CHECK_SAID("ready", 0);
	daemon = (pid_t)speaker_said("daemon", NULL);
	if (_i % 3 > 0)
		expect_from_launcher(&ear, main_pid(daemon, ""), 0);
	for (int i = 0; i < 2; i++) {
		struct heard heard = ear_hear(&ear);

		ck_assert_str_eq(heard.text, i == 0 ? "READY=1" : "STATUS=a");
		ck_assert_int_eq(heard.pid, daemon);
		ck_assert_uint_eq(heard.uid, 65534);
	}
	ear_expect_nothing(&ear);
	ear_close(&ear);
}
END_TEST

/* A socket that only root may write to: it was opened in time. */
START_TEST(manager_is_reached_without_privileges)
{
	struct ear ear;

	harness_need_root();
	ear_open(&ear, EAR_PATH);
	ck_assert_int_eq(chmod(ear.address, 0600), 0);
	speaker_run("mode=%s exec-pid=own uid=65534 -- ready", modes[_i]);
	speaker_end();
#ifdef WITH_LIBSYSTEMD
	CHECK_SAID("ready", -EACCES);
#else
	CHECK_SAID("ready", 0);
	if (_i > 0)
		expect_from_launcher(&ear, main_pid((pid_t)speaker_said("daemon", NULL), ""), 0);
	ear_expect(&ear, "READY=1", (pid_t)speaker_said("daemon", NULL));
#endif
	ear_close(&ear);
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

/* One newline, and nobody has the other end any more. */
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
	/* The second copy of the program says nothing of it: the launcher has. */
	"mode=reborn first-fd",
};
#define S6_WAYS 7

START_TEST(readiness_writes_newline_to_descriptor)
{
	int ends[2];

	open_pipe(ends);
	speaker_run("%s=%d -- inherits=%d ready is-open=%d ready", s6_ways[_i], S6_FD, S6_FD,
		    S6_FD);
	close(S6_FD);
	CHECK_SAID("inherits", 0);
	CHECK_SAID("ready", 0);
	CHECK_SAID("is-open", 0);
	/* Whoever gives such a descriptor supervises this very process. */
	if (_i < 2)
		ck_assert_ptr_null(strstr(harness_read_file(harness_path("said")), "launcher"));
	/* The daemon lives, where it is not this very process, and has closed it. */
	ck_assert(harness_wait_readable(ends[0], HARNESS_SOON));
	expect_newline(ends[0]);
	speaker_end();
	close(ends[0]);
}
END_TEST

START_TEST(failure_writes_no_newline_to_descriptor)
{
	char byte;
	int ends[2];

	open_pipe(ends);
	speaker_run("%s=%d -- failed=broken", s6_ways[_i], S6_FD);
	close(S6_FD);
	speaker_end();
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}
END_TEST

START_TEST(closed_notification_pipe_raises_no_signal)
{
	int ends[2];

	open_pipe(ends);
	close(ends[0]);
	speaker_run("%s=%d -- ready status=alive", s6_ways[_i], S6_FD);
	close(S6_FD);
	CHECK_SAID("ready", -EPIPE);
	speaker_end();
}
END_TEST

START_TEST(ready_notifies_all_receivers)
{
	int ends[2];
	struct ear ear;
	pid_t daemon;

	ear_open(&ear, EAR_ABSTRACT);
	open_pipe(ends);
	speaker_run("mode=%s fd=%d exec-pid=own wait=60000 -- ready", modes[_i], S6_FD);
	close(S6_FD);
	speaker_end();
	daemon = (pid_t)speaker_said("daemon", NULL);
	if (_i == 0) {
		ear_expect(&ear, "READY=1", daemon);
	} else {
		expect_up();
		expect_from_launcher(&ear, main_pid(daemon, "\nREADY=1"), 0);
	}
	ear_expect_nothing(&ear);
	expect_newline(ends[0]);
	close(ends[0]);
	ear_close(&ear);
}
END_TEST

START_TEST(bad_notification_descriptors_are_refused)
{
	speaker_run("mode=foreground fd=%d --", S6_FD);
	CHECK_SAID("setter", -EBADF);
	speaker_end();
	speaker_run("mode=foreground fd=2 --");
	CHECK_SAID("setter", -EBADF);
	speaker_end();
}
END_TEST

static const struct harness_helper helpers[] = { SPEAKER_HELPERS, { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("manager-start");
	TCase *launcher = harness_case(suite, "launcher"), *jail = harness_case(suite, "jail");
	TCase *s6 = harness_case(suite, "s6");

	tcase_add_loop_test(launcher, manager_is_notified_before_launcher_returns, 0,
			    2 * EAR_KINDS);
	tcase_add_loop_test(launcher, launcher_relays_messages_until_ready, 0, 2 * EAR_KINDS);
	tcase_add_loop_test(launcher, manager_is_not_notified_of_failed_daemon, 0, 2);
	tcase_add_test(launcher, foreground_reports_failure_to_manager);
	tcase_add_loop_test(launcher, manager_of_another_process_is_not_notified, 0, 4);
	tcase_add_test(launcher, mode_auto_checks_pid_of_manager);
	tcase_add_loop_test(launcher, missing_manager_does_not_fail_start, 0, 4);
	tcase_add_loop_test(launcher, watchdog_interval_is_passed_to_daemon, 0, 3);
	tcase_add_loop_test(jail, manager_is_reached_from_a_jail, 0, 3 * EAR_KINDS);
	tcase_add_loop_test(jail, manager_is_reached_without_privileges, 0, 3);
	tcase_add_loop_test(s6, readiness_writes_newline_to_descriptor, 0, S6_WAYS);
	tcase_add_loop_test(s6, failure_writes_no_newline_to_descriptor, 0, S6_WAYS);
	tcase_add_loop_test(s6, closed_notification_pipe_raises_no_signal, 0, S6_WAYS);
	tcase_add_loop_test(s6, ready_notifies_all_receivers, 0, 3);
	tcase_add_test(s6, bad_notification_descriptors_are_refused);
	return harness_main(argc, argv, suite, helpers);
}
