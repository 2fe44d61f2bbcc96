/* SPDX-License-Identifier: MIT */
/*
 * A fake service manager, and a program that sends notifications to it.
 * Not thread-safe.
 */
#include "harness/manager-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>

void receiver_open(struct receiver *receiver, enum receiver_kind kind)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof name;
	int on = 1;

	if (kind == RECEIVER_PATH) {
		snprintf(receiver->address, sizeof receiver->address, "%s/notify",
			 harness_directory());
		strcpy(name.sun_path, receiver->address);
	} else {
		/* Another test may have the same pid in another pid namespace. */
		snprintf(receiver->address, sizeof receiver->address, "@notify-%s",
			 strrchr(harness_directory(), '/') + 1);
		memcpy(name.sun_path + 1, receiver->address + 1, strlen(receiver->address + 1));
		length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     strlen(receiver->address));
	}
	receiver->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(receiver->fd, 0);
	ck_assert_msg(bind(receiver->fd, (const struct sockaddr *)&name, length) == 0,
		      "bind %s: %s", receiver->address, strerror(errno));
	ck_assert_int_eq(setsockopt(receiver->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
	setenv("NOTIFY_SOCKET", receiver->address, 1);
}

void receiver_close(struct receiver *receiver)
{
	close(receiver->fd);
	if (receiver->address[0] == '/')
		unlink(receiver->address);
	unsetenv("NOTIFY_SOCKET");
}

static void take_ancillary(struct message *received, struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		struct ucred sender;

		if (header->cmsg_type == SCM_RIGHTS) {
			received->fd_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			ck_assert_uint_le(received->fd_count, 4);
			memcpy(received->fds, CMSG_DATA(header), received->fd_count * sizeof(int));
		} else if (header->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&sender, CMSG_DATA(header), sizeof sender);
			received->pid = sender.pid;
			received->uid = sender.uid;
		}
	}
}

struct message receiver_read(const struct receiver *receiver)
{
	struct message received = { .length = 0 };
	struct iovec part = { .iov_base = received.text, .iov_len = sizeof received.text - 1 };
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control };
	ssize_t length;

	ck_assert_msg(harness_wait_readable(receiver->fd, HARNESS_SOON), "no message came");
	length = recvmsg(receiver->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	ck_assert_msg(length >= 0, "recvmsg: %s", strerror(errno));
	ck_assert_int_eq(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC), 0);
	received.length = (size_t)length;
	take_ancillary(&received, &message);
	return received;
}

void message_close(struct message *received)
{
	for (size_t i = 0; i < received->fd_count; i++)
		close(received->fds[i]);
	received->fd_count = 0;
}

void receiver_expect(const struct receiver *receiver, const char *text, pid_t pid)
{
	struct message received = receiver_read(receiver);

	ck_assert_str_eq(received.text, text);
	ck_assert_uint_eq(received.length, strlen(text));
	ck_assert_uint_eq(received.fd_count, 0);
	if (pid != 0)
		ck_assert_msg(received.pid == pid, "\"%s\" came from %d and not from %d", text,
			      (int)received.pid, (int)pid);
}

void receiver_expect_nothing(const struct receiver *receiver)
{
	char text[256] = "";
	ssize_t length = recv(receiver->fd, text, sizeof text - 1, MSG_DONTWAIT);

	ck_assert_msg(length < 0 && errno == EAGAIN, "there is a message: %s", text);
}

int receiver_fill(const struct receiver *receiver)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), count = 0;

	strcpy(name.sun_path, receiver->address);
	while (sendto(fd, "FULL=1", 6, 0, (const struct sockaddr *)&name, sizeof name) == 6)
		count++;
	ck_assert_int_eq(errno, EAGAIN);
	close(fd);
	return count;
}

void receiver_drain(const struct receiver *receiver, int count)
{
	while (count-- > 0)
		receiver_expect(receiver, "FULL=1", 0);
}

struct daemonkit_context *foreground_daemon(void)
{
	struct daemonkit_context *context = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND), 0);
	CHECK_RESULT(context, daemonkit_context_reborn(context), 0);
	return context;
}

/* ---- the sender ---- */

/*
 * Descriptors that the sender keeps: the file of results, and a pipe that ends when the test
 * allows it to exit.
 */
#define REPORT_FD 50
#define HOLD_FD 51

static int hold = -1;

static void report(const char *name, long result, const char *text)
{
	char line[8192];
	int length = snprintf(line, sizeof line, "%s %ld %s\n", name, result,
			      result < 0 ? text : "");

	(void)!write(REPORT_FD, line, (size_t)length);
}

/* Do programs that the daemon executes inherit this descriptor? The exit code is the answer. */
int holder_main(int argc, char *argv[])
{
	return argc > 1 && fcntl(atoi(argv[1]), F_GETFD) >= 0 ? 1 : 0;
}

static int is_inherited(const char *number)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execl(harness_self, harness_self, "--helper", "holder", number, NULL);
		_exit(2);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* Make the library take standard error for the journal. */
static void claim_journal(void)
{
	char stream[64];
	struct stat status;

	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof stream, "%lu:%lu", (unsigned long)status.st_dev,
		 (unsigned long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void set(struct daemonkit_context *context, const char *name, const char *value)
{
	static const char *const modes[] = { "auto", "reborn", "fork", "foreground" };
	int result = 0;
	char own[16];

	if (strcmp(name, "mode") == 0) {
		for (int i = 0; i < 4; i++)
			if (strcmp(value, modes[i]) == 0)
				result = daemonkit_context_set_mode(context, i);
	} else if (strcmp(name, "wait") == 0) {
		result = daemonkit_context_set_ready_timeout(
			context, atoi(value) == 0 ? DAEMONKIT_UNTIL_SET_UP : atoi(value));
	} else if (strcmp(name, "chroot") == 0) {
		result = daemonkit_context_set_chroot(context, value);
	} else if (strcmp(name, "uid") == 0) {
		result = daemonkit_context_set_credential(context, (uid_t)atoi(value),
							  (gid_t)atoi(value), NULL, 0);
	} else if (strcmp(name, "workdir") == 0) {
		result = daemonkit_context_set_work_dir(context, value);
	} else if (strcmp(name, "log") == 0) {
		result = daemonkit_context_set_log_file(context, value, 0);
	} else if (strcmp(name, "log-fd") == 0) {
		result = daemonkit_context_set_log_fd(context, atoi(value));
	} else if (strcmp(name, "journal") == 0) {
		claim_journal();
	} else if (strcmp(name, "fd") == 0) {
		result = daemonkit_notify_take_fd(context, atoi(value));
	} else if (strcmp(name, "first-fd") == 0) {
		if (!daemonkit_was_reborn())
			result = daemonkit_notify_take_fd(context, atoi(value));
	} else if (strcmp(name, "exec-pid") == 0) {
		snprintf(own, sizeof own, "%d", strcmp(value, "own") == 0 ? (int)getpid() : 1);
		if (!daemonkit_was_reborn())
			setenv("SYSTEMD_EXEC_PID", own, 1);
	} else if (strcmp(name, "watchdog-pid") == 0) {
		snprintf(own, sizeof own, "%d", strcmp(value, "own") == 0 ? (int)getpid() : 1);
		if (!daemonkit_was_reborn())
			setenv("WATCHDOG_PID", own, 1);
	} else {
		result = -1000;
	}
	if (result < 0)
		report("setter", result, daemonkit_error());
}

static int watchdog_interval(struct daemonkit_context *context)
{
	int interval = -1, result = daemonkit_notify_watchdog_interval(context, &interval);

	return result == 1 ? interval : result;
}

/* After a failure the daemon exits without waiting for the test. */
static bool has_failed;

static int failed(struct daemonkit_context *context, const char *value)
{
	has_failed = true;
	return daemonkit_notify_failed(context, -EPROTO, "%s", value);
}

static void act(struct daemonkit_context *context, const char *name, const char *value)
{
	int result = -1000;

	if (strcmp(name, "ready") == 0)
		result = daemonkit_notify_ready(context);
	else if (strcmp(name, "status") == 0)
		result = daemonkit_notify_status(context, "%s", value);
	else if (strcmp(name, "extend") == 0)
		result = daemonkit_notify_extend_timeout(context, atoi(value));
	else if (strcmp(name, "stopping") == 0)
		result = daemonkit_notify_stopping(context);
	else if (strcmp(name, "watchdog") == 0)
		result = daemonkit_notify_watchdog(context);
	else if (strcmp(name, "store") == 0)
		result = daemonkit_notify_store_fd(context, value, REPORT_FD, 0);
	else if (strcmp(name, "barrier") == 0)
		result = daemonkit_notify_barrier(context, atoi(value));
	else if (strcmp(name, "interval") == 0)
		result = watchdog_interval(context);
	else if (strcmp(name, "failed") == 0)
		result = failed(context, value);
	else if (strcmp(name, "inherits") == 0)
		result = is_inherited(value);
	else if (strcmp(name, "print") == 0)
		result = (int)write(STDOUT_FILENO, value, strlen(value));
	else if (strcmp(name, "print-error") == 0)
		result = (int)write(STDERR_FILENO, value, strlen(value));
	else if (strcmp(name, "is-open") == 0)
		result = fcntl(atoi(value), F_GETFD) >= 0;
	report(name, result, daemonkit_error());
}

/* The words up to "--" are settings, the others the actions of the daemon. */
static void each_word(struct daemonkit_context *context, int argc, char *argv[], bool settings)
{
	bool before = true;

	for (int i = 1; i < argc; i++) {
		const char *equals = strchrnul(argv[i], '=');
		const char *value = *equals == '=' ? equals + 1 : "";
		char name[32];

		snprintf(name, sizeof name, "%.*s", (int)(equals - argv[i]), argv[i]);
		if (strcmp(name, "--") == 0)
			before = false;
		else if (before && settings)
			set(context, name, value);
		else if (!before && !settings)
			act(context, name, value);
	}
}

int sender_main(int argc, char *argv[])
{
	struct daemonkit_context *context = NULL;
	pid_t result, caller = getpid();
	char byte;

	if (daemonkit_context_new(&context) < 0)
		return 99;
	if (!daemonkit_was_reborn() && (daemonkit_context_keep_fd(context, REPORT_FD) < 0 ||
					daemonkit_context_keep_fd(context, HOLD_FD) < 0))
		return 98;
	each_word(context, argc, argv, true);
	result = daemonkit_context_reborn(context);
	if (result == 0) {
		report("daemon", getpid(), "");
		each_word(context, argc, argv, false);
		report("end", 0, "");
		/* The test ends it after its checks. */
		if (!has_failed && (daemonkit_was_reborn() || getpid() != caller))
			(void)!read(HOLD_FD, &byte, 1);
	} else {
		report(daemonkit_was_reborn() ? "refused" : "launcher", result, daemonkit_error());
	}
	daemonkit_context_free(context);
	return result < 0;
}

struct harness_result sender_run(const char *format, ...)
{
	const char *argv[40] = { harness_self, "--helper", "sender" };
	size_t count = 3;
	char *words = harness_memory(4096), *rest = NULL;
	struct harness_result result;
	int fd, ends[2];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, 4096, format, arguments);
	va_end(arguments);
	for (char *word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		argv[count++] = word;
	fd = open(harness_path("results"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
		  0666);
	ck_assert_int_eq(dup2(fd, REPORT_FD), REPORT_FD);
	close(fd);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(ends[0], HOLD_FD), HOLD_FD);
	close(ends[0]);
	hold = ends[1];
	result = harness_run(argv);
	close(REPORT_FD);
	close(HOLD_FD);
	return result;
}

/* The rest of the first line that begins with the name. */
static const char *find_line(const char *name)
{
	const char *line = harness_read_file(harness_path("results"));
	size_t length = strlen(name);

	while (line != NULL && (strncmp(line, name, length) != 0 || line[length] != ' ')) {
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return line != NULL && strchr(line, '\n') != NULL ? line + length + 1 : NULL;
}

static bool is_reported(void *name)
{
	return find_line(name) != NULL;
}

long sender_result(const char *name, const char **text)
{
	char *copy = harness_memory(strlen(name) + 1), *end, *rest;
	long result;

	strcpy(copy, name);
	ck_assert_msg(harness_wait_until(is_reported, copy, HARNESS_SOON),
		      "no result of %s, only of: %s", name,
		      harness_read_file(harness_path("results")));
	result = strtol(find_line(name), &end, 10);
	rest = harness_memory(strlen(end) + 1);
	strcpy(rest, *end == ' ' ? end + 1 : end);
	rest[strcspn(rest, "\n")] = '\0';
	if (text != NULL)
		*text = rest;
	return result;
}

void sender_end(void)
{
	char launcher[] = "launcher";
	pid_t pid = -1;

	/* In foreground mode there is no launcher; after a failed start no process is left. */
	if (!is_reported(launcher) || sender_result(launcher, NULL) > 0) {
		sender_result("end", NULL);
		pid = (pid_t)sender_result("daemon", NULL);
	}
	close(hold);
	if (pid > 0)
		ck_assert(harness_wait_exit(pid, HARNESS_SOON));
}
