/* SPDX-License-Identifier: MIT */
/* A daemon that has dropped its privileges, and names files of others to its launcher. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>

#include "context/context-internal.h"
#include "compat/message.h"
#include "ipc/channel.h"

/* Files that are not pid files of this daemon, although it names them. */
static const char *const victims[] = { "other-text", "other-pid", "locked", "linked-twice",
				       "directory",  "fifo",      "link" };

static void name_to_launcher(const struct daemonkit_context *context, const char *path)
{
	if (channel_send(context->notify.channel, CHANNEL_PID_FILE, 0, path, DEADLINE_NEVER) < 0)
		_exit(3);
}

static void write_pid(const char *name, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof text, "%ld\n", (long)pid);
	harness_write_file(harness_path("%s", name), text);
}

/* A process that holds the lock of this file, until the test ends. */
static pid_t spawn_holder(const char *path)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int ready[2];
	char byte;
	pid_t holder;

	harness_write_file(path, "0\n");
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	holder = fork();
	if (holder == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fcntl(fd, F_SETLK, &whole) == 0)
			(void)!write(ready[1], "", 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return holder;
}

/* In the daemon: make the files, name them, and fail. */
static _Noreturn void be_hostile(const struct daemonkit_context *context)
{
	write_pid("own", getpid());
	write_pid("other-pid", getppid());
	write_pid("linked-twice", getpid());
	write_pid("behind-link", getpid());
	write_pid("locked", getpid());
	harness_write_file(harness_path("other-text"), "important\n");
	if (link(harness_path("linked-twice"), harness_path("second-name")) < 0 ||
	    symlink("behind-link", harness_path("link")) < 0 ||
	    mkdir(harness_path("directory"), 0700) < 0 || mkfifo(harness_path("fifo"), 0600) < 0)
		_exit(6);
	for (size_t i = 0; i < sizeof victims / sizeof *victims; i++)
		name_to_launcher(context, harness_path("%s", victims[i]));
	name_to_launcher(context, harness_path("own"));
	_exit(1);
}

/* In the daemon: more names than the launcher remembers, for ever. */
static _Noreturn void be_endless(const struct daemonkit_context *context)
{
	char path[3000];

	memset(path, '/', sizeof path);
	path[sizeof path - 1] = '\0';
	for (;;)
		name_to_launcher(context, path);
}

/* The last message of a daemon that has sent strange ones, and the text of the error. */
static const struct {
	enum channel_type type;
	int32_t number;
	const char *text;
} ends[] = {
	{ CHANNEL_FAILED, EACCES, "no reason" },
	{ CHANNEL_NOT_STARTED, EACCES, "no reason" },
	{ CHANNEL_FAILED, INT32_MAX, "no reason" },
	{ 0, 0, "closed its channel" },
};

static size_t end_index;

/* In the daemon: messages that it should not send to a launcher, or with a strange number. */
static _Noreturn void be_strange(const struct daemonkit_context *context)
{
	static const struct {
		enum channel_type type;
		int32_t number;
	} messages[] = {
		{ CHANNEL_STATUS, 7 },     { CHANNEL_EXTEND, 0 }, { CHANNEL_EXTEND, INT32_MIN },
		{ CHANNEL_EXTEND, 1 },     { CHANNEL_TAKEN, 0 },  { CHANNEL_GO, 0 },
		{ CHANNEL_SUCCEEDED, -1 }, { CHANNEL_UP, 0 },     { 'z', 0 },
	};
	struct iovec strange = { .iov_base = (char[]){ "x" }, .iov_len = 1 };
	int channel = context->notify.channel;
	size_t sent = 0;

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		channel_send(channel, messages[i].type, messages[i].number, "text", DEADLINE_NEVER);
	if (ends[end_index].type != 0)
		channel_send(channel, ends[end_index].type, ends[end_index].number, "no reason",
			     DEADLINE_NEVER);
	else
		compat_message_send(channel, &strange, 1, &sent, NULL);
	for (;;)
		pause();
}

static int start(void (*daemon)(const struct daemonkit_context *context), int timeout)
{
	struct daemonkit_context *context = NULL;
	int result;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FORK), 0);
	ck_assert_int_eq(daemonkit_context_set_ready_timeout(context, timeout), 0);
	result = daemonkit_context_reborn(context);
	if (result == 0)
		daemon(context);
	daemonkit_context_free(context);
	return result;
}

START_TEST(only_own_pid_files_are_removed)
{
	pid_t holder = spawn_holder(harness_path("locked"));
	struct stat st;

	ck_assert_int_eq(start(be_hostile, 60000), -ECHILD);
	ck_assert_int_lt(lstat(harness_path("own"), &st), 0);
	for (size_t i = 0; i < sizeof victims / sizeof *victims; i++)
		ck_assert_msg(lstat(harness_path("%s", victims[i]), &st) == 0, "%s", victims[i]);
	ck_assert_int_eq(lstat(harness_path("behind-link"), &st), 0);
	ck_assert_str_eq(harness_read_file(harness_path("other-text")), "important\n");
	ck_assert_int_gt((int)st.st_size, 0);
	kill(holder, SIGKILL);
	ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
}
END_TEST

START_TEST(endless_names_end_at_the_deadline)
{
	int64_t begin = harness_now();

	ck_assert_int_eq(start(be_endless, 300), -ETIMEDOUT);
	ck_assert_int_lt(harness_now() - begin, harness_scaled(HARNESS_SOON) + 300);
}
END_TEST

START_TEST(strange_messages_end_the_start)
{
	end_index = (size_t)_i;
	ck_assert_int_eq(start(be_strange, 60000), -ECHILD);
	ck_assert_msg(strstr(daemonkit_error(), ends[_i].text) != NULL, "%s", daemonkit_error());
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("hostile-daemon");
	TCase *names = harness_case(suite, "names");
	TCase *messages = harness_case(suite, "messages");

	tcase_add_test(names, only_own_pid_files_are_removed);
	tcase_add_test(names, endless_names_end_at_the_deadline);
	tcase_add_loop_test(messages, strange_messages_end_the_start, 0,
			    sizeof ends / sizeof *ends);
	return harness_main(argc, argv, suite, NULL);
}
