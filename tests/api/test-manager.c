/* SPDX-License-Identifier: MIT */
/*
 * The messages to a service manager: exactly the protocol of systemd. libsystemd is the
 * reference: its messages must be the same.
 */
#include "harness/manager-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>

#ifdef HAVE_ORACLE
#include <systemd/sd-daemon.h>
#endif

/* ---- messages ---- */

static int send_ready(struct daemonkit_context *context)
{
	return daemonkit_notify_ready(context);
}

static int send_status(struct daemonkit_context *context)
{
	return daemonkit_notify_status(context, "%d of %s", 7, "nine");
}

static int send_failed(struct daemonkit_context *context)
{
	return daemonkit_notify_failed(context, -ENOENT, "no %s", "thing");
}

static int send_main_pid(struct daemonkit_context *context)
{
	return daemonkit_notify_main_pid(context, 4711);
}

static int send_short_extension(struct daemonkit_context *context)
{
	return daemonkit_notify_extend_timeout(context, 1);
}

static int send_long_extension(struct daemonkit_context *context)
{
	return daemonkit_notify_extend_timeout(context, INT_MAX);
}

static int send_remove_fd(struct daemonkit_context *context)
{
	return daemonkit_notify_remove_fd(context, "a name");
}

static int send_raw(struct daemonkit_context *context)
{
	return daemonkit_notify_send(context, "X_MINE=1\nX_OTHER=two words\n");
}

static const struct {
	int (*send)(struct daemonkit_context *context);
	const char *text;
} all_messages[] = {
	{ send_ready, "READY=1" },
	{ daemonkit_notify_stopping, "STOPPING=1" },
	{ daemonkit_notify_watchdog, "WATCHDOG=1" },
	{ daemonkit_notify_watchdog_trigger, "WATCHDOG=trigger" },
	{ send_status, "STATUS=7 of nine" },
	{ send_failed, "STATUS=no thing\nERRNO=2" },
	{ send_main_pid, "MAINPID=4711" },
	{ send_short_extension, "EXTEND_TIMEOUT_USEC=1000" },
	{ send_long_extension, "EXTEND_TIMEOUT_USEC=2147483647000" },
	{ send_remove_fd, "FDSTOREREMOVE=1\nFDNAME=a name" },
	{ send_raw, "X_MINE=1\nX_OTHER=two words\n" },
};
#define MESSAGES (sizeof all_messages / sizeof *all_messages)

START_TEST(each_message_arrives)
{
	struct daemonkit_context *context;
	struct receiver receiver;

	receiver_open(&receiver, (enum receiver_kind)_i);
	context = foreground_daemon();
	for (size_t i = 0; i < MESSAGES; i++) {
		CHECK_RESULT(context, all_messages[i].send(context), 0);
		receiver_expect(&receiver, all_messages[i].text, getpid());
		receiver_expect_nothing(&receiver);
	}
	daemonkit_context_free(context);
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

#ifdef HAVE_ORACLE
static void expect_same(const struct message *one, const struct message *other)
{
	ck_assert_uint_eq(one->length, other->length);
	ck_assert_mem_eq(one->text, other->text, one->length);
	ck_assert_int_eq(one->pid, other->pid);
	ck_assert_uint_eq(one->uid, other->uid);
	ck_assert_uint_eq(one->fd_count, other->fd_count);
}
#endif

START_TEST(each_message_equals_that_of_libsystemd)
{
#ifdef HAVE_ORACLE
	struct daemonkit_context *context;
	struct receiver receiver;

	receiver_open(&receiver, (enum receiver_kind)_i);
	context = foreground_daemon();
	for (size_t i = 0; i < MESSAGES; i++) {
		struct message ours, theirs;

		CHECK_RESULT(context, all_messages[i].send(context), 0);
		ours = receiver_read(&receiver);
		ck_assert_int_eq(sd_notify(0, all_messages[i].text), 1);
		theirs = receiver_read(&receiver);
		expect_same(&ours, &theirs);
	}
	daemonkit_context_free(context);
	receiver_close(&receiver);
#else
	harness_skip("no headers of libsystemd");
#endif
}
END_TEST

static uint64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

START_TEST(reloading_sends_monotonic_time)
{
	struct daemonkit_context *context;
	struct message message;
	struct receiver receiver;
	uint64_t before, after, sent;
	int used = 0;

	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	before = monotonic();
	CHECK_RESULT(context, daemonkit_notify_reloading(context), 0);
	after = monotonic();
	message = receiver_read(&receiver);
	ck_assert_int_eq(
		sscanf(message.text, "RELOADING=1\nMONOTONIC_USEC=%" SCNu64 "%n", &sent, &used), 1);
	ck_assert_uint_eq(message.length, (size_t)used);
	ck_assert(before <= sent && sent <= after);
#ifdef HAVE_ORACLE
	{
		struct message theirs;

		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, sent);
		theirs = receiver_read(&receiver);
		expect_same(&message, &theirs);
	}
#endif
	/* Then end of file. */
	CHECK_RESULT(context, daemonkit_notify_ready(context), 0);
	receiver_expect(&receiver, "READY=1", getpid());
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

START_TEST(status_is_one_line)
{
	struct daemonkit_context *context;
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	CHECK_RESULT(context, daemonkit_notify_status(context, "%s", "a\nMAINPID=1\r\nb\n"), 0);
	receiver_expect(&receiver, "STATUS=a MAINPID=1  b ", getpid());
	CHECK_RESULT(context, daemonkit_notify_failed(context, -EIO, "%s", "c\nREADY=1"), 0);
	receiver_expect(&receiver, "STATUS=c READY=1\nERRNO=5", getpid());
	CHECK_RESULT(context, daemonkit_notify_status(context, "%s", ""), 0);
	receiver_expect(&receiver, "STATUS=", getpid());
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/*
 * A character of 1 to 4 bytes, and the length of the text before it that makes it end at, or
 * pass, byte 4000.
 */
static const struct {
	const char *character;
	size_t before, kept;
} cuts[] = {
	{ "x", 4000, 4000 },          { "x", 3999, 4000 },          { "\u00e9", 3998, 4000 },
	{ "\u00e9", 3999, 3999 },     { "\u20ac", 3997, 4000 },     { "\u20ac", 3998, 3998 },
	{ "\u20ac", 3999, 3999 },     { "\U0001f600", 3997, 3997 }, { "\U0001f600", 3999, 3999 },
	{ "\U0001f600", 3996, 4000 },
};

START_TEST(long_texts_are_truncated_between_characters)
{
	struct daemonkit_context *context;
	char text[8000] = "";
	struct message message;
	struct receiver receiver;

	memset(text, 'a', cuts[_i].before);
	strcat(text, cuts[_i].character);
	strcat(text, "and much more");
	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	CHECK_RESULT(context, daemonkit_notify_status(context, "%s", text), 0);
	message = receiver_read(&receiver);
	ck_assert_uint_eq(message.length, strlen("STATUS=") + cuts[_i].kept);
	ck_assert_mem_eq(message.text + strlen("STATUS="), text, cuts[_i].kept);
	/* With the longest number it still fits into the 4096 bytes that systemd reads. */
	CHECK_RESULT(context, daemonkit_notify_failed(context, INT_MIN + 1, "%s", text), 0);
	message = receiver_read(&receiver);
	ck_assert_uint_le(message.length, 4096);
	ck_assert_ptr_nonnull(strstr(message.text, "\nERRNO=2147483647"));
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/* ---- the watchdog ---- */

enum { OWN = -1, OTHER = -2, UNSET = -3, PLUS = -4 };

static const struct {
	const char *usec;
	int pid; /* one of the above */
	const char *pid_text;
	int result, interval;
	bool oracle_errs; /* an error in libsystemd; here it means "no watchdog" */
} watchdogs[] = {
	{ "30000000", UNSET, NULL, 1, 30000, false },
	{ "30000000", OWN, NULL, 1, 30000, false },
	{ "30000000", OTHER, NULL, 0, 0, false },
	{ NULL, OWN, NULL, 0, 0, false },
	{ "1500", UNSET, NULL, 1, 1, false },
	{ "1", UNSET, NULL, 1, 1, false },
	{ "999", OWN, NULL, 1, 1, false },
	{ "18446744073709551614", UNSET, NULL, 1, INT_MAX, false },
	{ "2147483647000", UNSET, NULL, 1, INT_MAX, false },
	{ "2147483646999", UNSET, NULL, 1, INT_MAX - 1, false },
	{ "+1500", UNSET, NULL, 1, 1, false },
	{ " \t\n\r1500", UNSET, NULL, 1, 1, false },
	{ "0x7530", UNSET, NULL, 1, 30, false },
	{ "0b11111010000", UNSET, NULL, 1, 2, false },
	{ "0o3720", UNSET, NULL, 1, 2, false },
	{ "03720", UNSET, NULL, 1, 2, false },
	{ "30000000", PLUS, NULL, 1, 30000, false },
	{ "1500 ", UNSET, NULL, 0, 0, true },
	{ "-0", UNSET, NULL, 0, 0, true },
	{ "0x", UNSET, NULL, 0, 0, true },
	{ "18446744073709551615", UNSET, NULL, 0, 0, true },
	{ "18446744073709551616", UNSET, NULL, 0, 0, true },
	{ "0", UNSET, NULL, 0, 0, true },
	{ "", UNSET, NULL, 0, 0, true },
	{ "-1", UNSET, NULL, 0, 0, true },
	{ "30s", UNSET, NULL, 0, 0, true },
	{ "30000000", 0, "", 0, 0, true },
	{ "30000000", 0, "0", 0, 0, true },
	{ "30000000", 0, "-1", 0, 0, true },
	{ "30000000", 0, "me", 0, 0, true },
	{ "30000000", 0, "99999999999999999999", 0, 0, true },
};

START_TEST(watchdog_interval)
{
	struct daemonkit_context *context = foreground_daemon();
	char pid[16];
	int interval = -7;

	if (watchdogs[_i].usec != NULL)
		setenv("WATCHDOG_USEC", watchdogs[_i].usec, 1);
	snprintf(pid, sizeof pid, watchdogs[_i].pid == PLUS ? " +%d" : "%d",
		 (int)(watchdogs[_i].pid == OTHER ? getppid() : getpid()));
	if (watchdogs[_i].pid != UNSET)
		setenv("WATCHDOG_PID",
		       watchdogs[_i].pid_text != NULL ? watchdogs[_i].pid_text : pid, 1);
	CHECK_RESULT(context, daemonkit_notify_watchdog_interval(context, &interval),
		     watchdogs[_i].result);
	ck_assert_int_eq(interval, watchdogs[_i].result == 1 ? watchdogs[_i].interval : -7);
#ifdef HAVE_ORACLE
	{
		uint64_t theirs = 0;
		int result = sd_watchdog_enabled(0, &theirs);

		if (watchdogs[_i].oracle_errs)
			ck_assert_int_lt(result, 0);
		else
			ck_assert_int_eq(result, watchdogs[_i].result);
		if (result == 1 && theirs >= 1000 && theirs / 1000 < INT_MAX)
			ck_assert_uint_eq(theirs / 1000, (uint64_t)interval);
	}
#endif
	daemonkit_context_free(context);
}
END_TEST

/* ---- descriptors ---- */

static void expect_stored(const struct receiver *receiver, const char *text, int fd)
{
	struct message message = receiver_read(receiver);
	struct stat ours, theirs;

	ck_assert_str_eq(message.text, text);
	ck_assert_uint_eq(message.fd_count, 1);
	ck_assert_int_eq(fstat(fd, &ours), 0);
	ck_assert_int_eq(fstat(message.fds[0], &theirs), 0);
	ck_assert(ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino);
	message_close(&message);
}

START_TEST(descriptors_are_stored)
{
	struct daemonkit_context *context;
	struct receiver receiver;
	int fd;

	receiver_open(&receiver, (enum receiver_kind)_i);
	context = foreground_daemon();
	fd = open(harness_path("kept"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "kept", fd, 0), 0);
	expect_stored(&receiver, "FDSTORE=1\nFDNAME=kept", fd);
	CHECK_RESULT(context,
		     daemonkit_notify_store_fd(context, "two words", fd, DAEMONKIT_NOTIFY_UNPOLLED),
		     0);
	expect_stored(&receiver, "FDSTORE=1\nFDNAME=two words\nFDPOLL=0", fd);
	/* The caller still owns it. */
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
#ifdef HAVE_ORACLE
	sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=kept", &fd, 1);
	expect_stored(&receiver, "FDSTORE=1\nFDNAME=kept", fd);
#endif
	close(fd);
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

START_TEST(bad_names_are_not_stored)
{
	struct daemonkit_context *context;
	char name[300] = "";
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "", 0, 0), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "a:b", 0, 0), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "a\nREADY=1", 0, 0), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "a\x7f", 0, 0), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "a", 0, 2), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "a", 999, 0), -EBADF);
	CHECK_RESULT(context, daemonkit_notify_store_fd(context, "a", -1, 0), -EBADF);
	CHECK_RESULT(context, daemonkit_notify_remove_fd(context, "a:b"), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_remove_fd(context, ""), -EINVAL);
	memset(name, 'n', 256);
	CHECK_RESULT(context, daemonkit_notify_remove_fd(context, name), -EINVAL);
	receiver_expect_nothing(&receiver);
	name[255] = '\0';
	CHECK_RESULT(context, daemonkit_notify_remove_fd(context, name), 0);
	ck_assert_uint_eq(receiver_read(&receiver).length,
			  strlen("FDSTOREREMOVE=1\nFDNAME=") + 255);
	CHECK_RESULT(context, daemonkit_notify_main_pid(context, 0), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_main_pid(context, -1), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_extend_timeout(context, 0), -EINVAL);
	CHECK_RESULT(context, daemonkit_notify_failed(context, 0, "no"), -EINVAL);
	receiver_expect_nothing(&receiver);
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/* ---- the barrier ---- */

/* Call it in a child, which exits with 0 if the result was as expected. */
static pid_t start_barrier(int timeout, int expected, bool oracle)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct daemonkit_context *context = foreground_daemon();
		int result = -1;

		if (!oracle)
			result = daemonkit_notify_barrier(context, timeout);
#ifdef HAVE_ORACLE
		else
			result = sd_notify_barrier(0, (uint64_t)timeout * 1000);
		result = oracle && result == 1 ? 0 : result;
#endif
		if (!oracle && result < 0 &&
		    strstr(daemonkit_error(), getenv("NOTIFY_SOCKET")) == NULL)
			result = -1;
		daemonkit_context_free(context);
		_exit(result != expected);
	}
	return pid;
}

/* _i: call libsystemd? */
START_TEST(barrier_waits_for_the_reader)
{
	struct message message;
	struct receiver receiver;
	int status;
	pid_t pid;

#ifndef HAVE_ORACLE
	if (_i == 1)
		harness_skip("no headers of libsystemd");
#endif
	receiver_open(&receiver, RECEIVER_PATH);
	pid = start_barrier(2 * HARNESS_SOON, 0, _i == 1);
	message = receiver_read(&receiver);
	ck_assert_str_eq(message.text, "BARRIER=1");
	ck_assert_uint_eq(message.fd_count, 1);
	/* Read, but not closed yet. */
	ck_assert(!harness_wait_exit(pid, 100));
	message_close(&message);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	receiver_close(&receiver);
}
END_TEST

START_TEST(barrier_has_a_timeout)
{
	int64_t before = harness_now();
	struct message message;
	struct receiver receiver;
	int status;
	pid_t pid;

#ifndef HAVE_ORACLE
	if (_i == 1)
		harness_skip("no headers of libsystemd");
#endif
	receiver_open(&receiver, RECEIVER_PATH);
	pid = start_barrier(150, -ETIMEDOUT, _i == 1);
	message = receiver_read(&receiver);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	ck_assert_int_ge(harness_now() - before, 150);
	message_close(&message);
	receiver_close(&receiver);
}
END_TEST

START_TEST(messages_wait_for_buffer_space)
{
	struct receiver receiver;
	int status, count;
	pid_t pid;

	receiver_open(&receiver, RECEIVER_PATH);
	count = receiver_fill(&receiver);
	pid = fork();
	if (pid == 0) {
		struct daemonkit_context *context = foreground_daemon();
		int result = daemonkit_notify_ready(context);

		daemonkit_context_free(context);
		_exit(result != 0);
	}
	ck_assert(!harness_wait_exit(pid, 100));
	receiver_drain(&receiver, count);
	receiver_expect(&receiver, "READY=1", pid);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	receiver_close(&receiver);
}
END_TEST

#ifndef WITH_LIBSYSTEMD
/* libsystemd itself would wait for ever. */
START_TEST(barrier_times_out_when_buffer_is_full)
{
	struct receiver receiver;
	int status;
	pid_t pid;

	receiver_open(&receiver, RECEIVER_PATH);
	receiver_fill(&receiver);
	pid = start_barrier(50, -ETIMEDOUT, false);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	receiver_close(&receiver);
}
END_TEST
#endif

/* ---- without a manager ---- */

/* Send every message; returns 0, or the number of the first with an unexpected result. */
static int send_all(struct daemonkit_context *context, int expected)
{
	int step = 1, fd = STDERR_FILENO;

	for (size_t i = 0; i < MESSAGES; i++, step++)
		if (all_messages[i].send(context) != expected)
			return step;
	if (daemonkit_notify_reloading(context) != expected)
		return step;
	if (daemonkit_notify_store_fd(context, "a", fd, 0) != expected)
		return step + 1;
	return daemonkit_notify_barrier(context, 1000) != expected ? step + 2 : 0;
}

/* Kill the process if it sends anything or creates a socket. */
static void forbid_sending(void)
{
	static const unsigned calls[] = {
		SYS_sendmsg,    SYS_sendto, SYS_sendmmsg, SYS_connect, SYS_socket,
#ifdef SYS_socketcall
		SYS_socketcall, /* all of them in one call, on some machines */
#endif
	};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog filter = { .len = sizeof code / sizeof *code, .filter = code };

		ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	}
}

static int send_all_without_sockets(void)
{
	int status = -1;
	pid_t pid;

	harness_need_filters();
	pid = fork();
	if (pid == 0) {
		struct daemonkit_context *context = foreground_daemon();
		int step;

		forbid_sending();
		step = send_all(context, 0);
		daemonkit_context_free(context);
		_exit(step);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	return status;
}

START_TEST(without_a_manager_nothing_is_sent)
{
	struct receiver receiver;
	int status;

	ck_assert_int_eq(send_all_without_sockets(), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	ck_assert_int_eq(send_all_without_sockets(), 0);
	/* With a manager, the check detects it. */
	receiver_open(&receiver, RECEIVER_PATH);
	status = send_all_without_sockets();
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	receiver_close(&receiver);
}
END_TEST

START_TEST(null_arguments_are_refused)
{
	struct daemonkit_context *context = foreground_daemon(), *none = NULL;
	/* Without the attributes, with which the compiler would refuse this. */
	int (*status)(struct daemonkit_context *, const char *, ...) = daemonkit_notify_status;
	int (*failed)(struct daemonkit_context *, int, const char *, ...) =
		daemonkit_notify_failed;

	HARNESS_REFUSES_NULL(daemonkit_notify_send(context, NULL));
	HARNESS_REFUSES_NULL(daemonkit_notify_watchdog_interval(context, NULL));
	HARNESS_REFUSES_NULL(daemonkit_notify_store_fd(context, NULL, 0, 0));
	HARNESS_REFUSES_NULL(daemonkit_notify_remove_fd(context, NULL));
	ck_assert_int_eq(status(context, NULL), -EINVAL);
	HARNESS_REFUSES_NULL(daemonkit_notify_take_fd(none, 3));
	ck_assert_int_eq(failed(context, -EIO, NULL), -EINVAL);
	ck_assert_int_eq(daemonkit_notify_take_fd(context, 3), -EPERM);
	/* A text that vsnprintf(3) cannot format is sent as an empty one. */
	ck_assert_int_eq(daemonkit_notify_status(context, "%lc", (wint_t)0xd800), 0);
	daemonkit_context_free(context);
}
END_TEST

START_TEST(only_daemon_sends_messages)
{
	struct daemonkit_context *context = NULL;
	int interval, status;
	struct receiver receiver;
	pid_t pid;

	receiver_open(&receiver, RECEIVER_PATH);
	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(send_all(context, -EPERM), 0);
	CHECK_RESULT(context, daemonkit_notify_watchdog_interval(context, &interval), -EPERM);
	daemonkit_context_free(context);
	context = foreground_daemon();
	pid = fork();
	if (pid == 0)
		_exit(send_all(context, -EPERM));
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	receiver_expect_nothing(&receiver);
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("manager");
	TCase *messages = harness_case(suite, "messages"),
	      *watchdog = harness_case(suite, "watchdog");
	TCase *descriptors = harness_case(suite, "descriptors");
	TCase *barrier = harness_case(suite, "barrier"),
	      *no_manager = harness_case(suite, "no-manager");

	tcase_add_loop_test(messages, each_message_arrives, 0, RECEIVER_KINDS);
	tcase_add_loop_test(messages, each_message_equals_that_of_libsystemd, 0, RECEIVER_KINDS);
	tcase_add_test(messages, reloading_sends_monotonic_time);
	tcase_add_test(messages, status_is_one_line);
	tcase_add_loop_test(messages, long_texts_are_truncated_between_characters, 0,
			    sizeof cuts / sizeof *cuts);
	tcase_add_test(messages, messages_wait_for_buffer_space);
	tcase_add_loop_test(watchdog, watchdog_interval, 0, sizeof watchdogs / sizeof *watchdogs);
	tcase_add_loop_test(descriptors, descriptors_are_stored, 0, RECEIVER_KINDS);
	tcase_add_test(descriptors, bad_names_are_not_stored);
	tcase_add_loop_test(barrier, barrier_waits_for_the_reader, 0, 2);
	tcase_add_loop_test(barrier, barrier_has_a_timeout, 0, 2);
#ifndef WITH_LIBSYSTEMD
	tcase_add_test(barrier, barrier_times_out_when_buffer_is_full);
#endif
	tcase_add_test(no_manager, without_a_manager_nothing_is_sent);
	tcase_add_test(no_manager, null_arguments_are_refused);
	tcase_add_test(no_manager, only_daemon_sends_messages);
	return harness_main(argc, argv, suite, NULL);
}
