/* SPDX-License-Identifier: MIT */
/* The standard output and error of a daemon, and the reopening of its log. */
#include "harness/manager-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>

/*
 * A daemon in the foreground, as a child of the test: it may lose its streams, root directory
 * and privileges.
 */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(complaints, "# line %d: %s; error \"%s\"\n", __LINE__, #condition, \
				daemonkit_error());                                                \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static struct daemonkit_context *daemon_context;
static int complaints;

static void in_child(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		complaints = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
		if (daemonkit_context_new(&daemon_context) < 0 ||
		    daemonkit_context_set_mode(daemon_context, DAEMONKIT_MODE_FOREGROUND) < 0)
			_exit(2);
		body();
		daemonkit_context_free(daemon_context);
		_exit(0);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_msg(status == 0, "the checks in the daemon failed: status %#x", (unsigned)status);
}

static const char *log_path(void)
{
	return harness_path("logs/log");
}

static void begin_log(void)
{
	mkdir(harness_path("logs"), 0755);
	MUST(daemonkit_context_set_log_file(daemon_context, log_path(), 0) == 0);
	MUST(daemonkit_context_reborn(daemon_context) == 0);
}

/* Print to both streams. */
static void print(const char *text)
{
	MUST(write(STDOUT_FILENO, text, strlen(text)) == (ssize_t)strlen(text));
	MUST(write(STDERR_FILENO, text, strlen(text)) == (ssize_t)strlen(text));
}

static bool has(const char *path, const char *text)
{
	return access(path, F_OK) == 0 && strcmp(harness_read_file(path), text) == 0;
}

static void fails(int error, const char *text)
{
	int64_t before = harness_now();
	int result = daemonkit_context_reopen_log(daemon_context);

	MUST(result == error);
	MUST(strstr(daemonkit_error(), text) != NULL);
	MUST(strstr(daemonkit_error(), strerror(-error)) != NULL);
	MUST(harness_now() - before < harness_scaled(HARNESS_SOON));
}

/* ---- rotation ---- */

static void after_rename(void)
{
	begin_log();
	print("1\n");
	MUST(rename(log_path(), harness_path("logs/old")) == 0);
	print("2\n");
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("3\n");
	MUST(has(harness_path("logs/old"), "1\n1\n2\n2\n"));
	MUST(has(log_path(), "3\n3\n"));
	/* Nothing was renamed: nothing changes. */
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("4\n");
	MUST(has(log_path(), "3\n3\n4\n4\n"));
}

static void after_removal(void)
{
	begin_log();
	print("1\n");
	MUST(unlink(log_path()) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("2\n");
	MUST(has(log_path(), "2\n2\n"));
}

/* The old log is kept and written, whatever is at the path. */
static void in_the_way(int (*put)(const char *path), int error)
{
	begin_log();
	MUST(rename(log_path(), harness_path("logs/old")) == 0);
	MUST(put(log_path()) == 0);
	fails(error, log_path());
	print("1\n");
	MUST(has(harness_path("logs/old"), "1\n1\n"));
	/* And when the path is free again. */
	MUST(remove(log_path()) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("2\n");
	MUST(has(log_path(), "2\n2\n"));
}

static int put_directory(const char *path)
{
	return mkdir(path, 0755);
}

static int put_fifo(const char *path)
{
	return mkfifo(path, 0666);
}

static int put_loop(const char *path)
{
	return symlink("log", path);
}

static int put_link_to_nowhere(const char *path)
{
	return symlink("missing/target", path);
}

static void directory_in_the_way(void)
{
	in_the_way(put_directory, -EISDIR);
}

static void unread_fifo_in_the_way(void)
{
	in_the_way(put_fifo, -ENXIO);
}

static void loop_in_the_way(void)
{
	in_the_way(put_loop, -ELOOP);
}

static void link_to_nowhere_in_the_way(void)
{
	in_the_way(put_link_to_nowhere, -ENOENT);
}

static void no_directory_any_more(void)
{
	begin_log();
	MUST(rename(harness_path("logs"), harness_path("moved")) == 0);
	fails(-ENOENT, log_path());
	print("1\n");
	MUST(has(harness_path("moved/log"), "1\n1\n"));
}

/* A FIFO with a reader can be the log; while it is full, writers block. */
static void read_fifo(void)
{
	char bytes[16] = "";
	int reader;

	begin_log();
	MUST(unlink(log_path()) == 0 && mkfifo(log_path(), 0666) == 0);
	reader = open(log_path(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	MUST((fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK) == 0);
	print("1\n");
	MUST(read(reader, bytes, sizeof bytes) == 4 && strcmp(bytes, "1\n1\n") == 0);
}

/* Like open(2): the target of a link is created if its directory exists. */
static void dangling_link(void)
{
	begin_log();
	MUST(unlink(log_path()) == 0 && symlink("target", log_path()) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("1\n");
	MUST(has(harness_path("logs/target"), "1\n1\n"));
}

static void nothing_to_reopen(void)
{
	struct stat before, after;

	MUST(daemonkit_context_reopen_log(daemon_context) == -EPERM);
	MUST(fstat(STDOUT_FILENO, &before) == 0);
	MUST(daemonkit_context_reborn(daemon_context) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	MUST(fstat(STDOUT_FILENO, &after) == 0 && before.st_ino == after.st_ino);
}

static void (*const rotations[])(void) = {
	after_rename,           after_removal,   directory_in_the_way,
	unread_fifo_in_the_way, loop_in_the_way, link_to_nowhere_in_the_way,
	no_directory_any_more,  read_fifo,       dangling_link,
	nothing_to_reopen,
};

START_TEST(log_is_reopened)
{
	in_child(rotations[_i]);
}
END_TEST

/* ---- root directories and users ---- */

static void inside_of_the_jail(void)
{
	mkdir(harness_path("logs"), 0755);
	/* A trailing slash is not part of a path inside. */
	MUST(daemonkit_context_set_chroot(daemon_context, harness_path("logs/")) == 0);
	begin_log();
	print("1\n");
	MUST(access("/log", F_OK) == 0);
	MUST(rename("/log", "/old") == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("2\n");
	MUST(has("/old", "1\n1\n") && has("/log", "2\n2\n"));
}

static void outside_of_the_jail(void)
{
	mkdir(harness_path("jail"), 0755);
	MUST(daemonkit_context_set_chroot(daemon_context, harness_path("jail")) == 0);
	begin_log();
	fails(-ENOENT, log_path());
	print("1\n");
}

/* A new log belongs to the user; the old one still belongs to root. */
static void in_a_directory_of_the_user(void)
{
	struct stat status;

	mkdir(harness_path("logs"), 0755);
	MUST(chown(harness_path("logs"), 65534, 65534) == 0);
	MUST(daemonkit_context_set_credential(daemon_context, 65534, 65534, NULL, 0) == 0);
	begin_log();
	print("1\n");
	MUST(rename(log_path(), harness_path("logs/old")) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("2\n");
	MUST(stat(log_path(), &status) == 0 && status.st_uid == 65534 && status.st_size == 4);
	MUST(stat(harness_path("logs/old"), &status) == 0 && status.st_uid == 0);
}

static void in_a_directory_of_root(void)
{
	MUST(daemonkit_context_set_credential(daemon_context, 65534, 65534, NULL, 0) == 0);
	begin_log();
	print("1\n");
	/* The existing log belongs to root, and so does the directory. */
	fails(-EACCES, log_path());
	print("2\n");
}

static void (*const confined[])(void) = {
	inside_of_the_jail,
	outside_of_the_jail,
	in_a_directory_of_the_user,
	in_a_directory_of_root,
};

START_TEST(log_is_reopened_after_loss_of_privileges)
{
	harness_need_root();
	harness_need_call("chroot");
	harness_need_call("setgroups");
	in_child(confined[_i]);
	if (confined[_i] == outside_of_the_jail)
		ck_assert_str_eq(harness_read_file(log_path()), "1\n1\n");
	if (confined[_i] == in_a_directory_of_root)
		ck_assert_str_eq(harness_read_file(log_path()), "1\n1\n2\n2\n");
}
END_TEST

/* ---- the journal ---- */

/* Set the variable in which systemd names the stream that it created. */
static void set_journal(int fd, unsigned long device_error, unsigned long inode_error)
{
	char stream[64];
	struct stat status;

	MUST(fstat(fd, &status) == 0);
	snprintf(stream, sizeof stream, "%lu:%lu", (unsigned long)status.st_dev + device_error,
		 (unsigned long)status.st_ino + inode_error);
	setenv("JOURNAL_STREAM", stream, 1);
}

static void open_stand_in(void)
{
	int fd = open(harness_path("journal"), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	MUST(dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
}

static void journal_is_kept(void)
{
	open_stand_in();
	set_journal(STDERR_FILENO, 0, 0);
	begin_log();
	print("1\n");
	/* Nor does rotation redirect the streams from it. */
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("2\n");
	MUST(has(harness_path("journal"), "1\n1\n2\n2\n"));
	MUST(access(log_path(), F_OK) < 0);
}

static void no_journal(void)
{
	begin_log();
	print("1\n");
	MUST(has(log_path(), "1\n1\n") && has(harness_path("journal"), ""));
	MUST(unlink(log_path()) == 0 && daemonkit_context_reopen_log(daemon_context) == 0);
	print("2\n");
	MUST(has(log_path(), "2\n2\n"));
}

static void another_stream(void)
{
	open_stand_in();
	set_journal(STDERR_FILENO, 1, 0);
	no_journal();
}

static void another_inode(void)
{
	open_stand_in();
	set_journal(STDERR_FILENO, 0, 1);
	no_journal();
}

static void garbage_for_a_stream(void)
{
	open_stand_in();
	setenv("JOURNAL_STREAM", "a stream", 1);
	no_journal();
}

/* The stream named by systemd was redirected afterwards. */
static void redirected_stream(void)
{
	int journal = open(harness_path("journal"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	set_journal(journal, 0, 0);
	close(journal);
	begin_log();
	print("1\n");
	MUST(has(log_path(), "1\n1\n"));
}

static void (*const journals[])(void) = {
	journal_is_kept, another_stream, another_inode, garbage_for_a_stream, redirected_stream,
};

START_TEST(streams_in_journal_are_kept)
{
	in_child(journals[_i]);
}
END_TEST

/* ---- properties of the streams ---- */

static void closed_streams(void)
{
	char byte;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	MUST(daemonkit_context_reborn(daemon_context) == 0);
	MUST(read(STDIN_FILENO, &byte, 1) == 0);
	print("nowhere\n");
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
}

static void closed_streams_and_a_log(void)
{
	char byte;

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	begin_log();
	MUST(read(STDIN_FILENO, &byte, 1) == 0);
	print("1\n");
	MUST(rename(log_path(), harness_path("logs/old")) == 0);
	/* Rotation after the program itself has closed them. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("2\n");
	MUST(has(harness_path("logs/old"), "1\n1\n") && has(log_path(), "2\n2\n"));
	MUST(fcntl(STDIN_FILENO, F_GETFD) < 0);
}

static void closed_stream_for_a_log(void)
{
	close(STDOUT_FILENO);
	MUST(daemonkit_context_set_log_file(daemon_context, "/dev/stdout", 0) == 0);
	MUST(daemonkit_context_reborn(daemon_context) == -EBADF);
	MUST(strstr(daemonkit_error(), "/dev/stdout") != NULL);
}

static void pipe_for_a_log(void)
{
	char bytes[16] = "";
	int ends[2];

	MUST(pipe2(ends, O_CLOEXEC) == 0);
	MUST(daemonkit_context_set_log_fd(daemon_context, ends[1]) == 0);
	close(ends[1]);
	MUST(daemonkit_context_reborn(daemon_context) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	print("1\n");
	MUST(read(ends[0], bytes, sizeof bytes) == 4 && strcmp(bytes, "1\n1\n") == 0);
	/* Only the streams keep it open. */
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	MUST(read(ends[0], bytes, sizeof bytes) == 0);
}

static void no_descriptor_for_a_log(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	MUST(daemonkit_context_set_log_fd(daemon_context, fd) == -EBADF);
	close(fd);
	MUST(daemonkit_context_set_log_fd(daemon_context, fd) == -EBADF);
	MUST(daemonkit_context_set_log_fd(daemon_context, -1) == 0);
}

/* Both streams are redirected to the one that is named. */
static void one_stream_for_both(const char *path, int named)
{
	struct stat status, both[2];

	open_stand_in();
	MUST(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), named) == named);
	MUST(fstat(named, &status) == 0);
	MUST(daemonkit_context_set_log_file(daemon_context, path, 0) == 0);
	MUST(daemonkit_context_reborn(daemon_context) == 0);
	MUST(fstat(STDOUT_FILENO, &both[0]) == 0 && fstat(STDERR_FILENO, &both[1]) == 0);
	MUST(both[0].st_ino == status.st_ino && both[1].st_ino == status.st_ino);
	MUST(both[0].st_rdev == status.st_rdev && both[1].st_rdev == status.st_rdev);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
}

static void standard_output(void)
{
	one_stream_for_both("/dev/stdout", STDOUT_FILENO);
}

static void standard_error(void)
{
	one_stream_for_both("/dev/stderr", STDERR_FILENO);
}

static void (*const streams[])(void) = {
	closed_streams,          closed_streams_and_a_log, closed_stream_for_a_log, pipe_for_a_log,
	no_descriptor_for_a_log, standard_output,          standard_error,
};

START_TEST(foreground)
{
	in_child(streams[_i]);
}
END_TEST

static const char *const started[] = { "reborn", "fork" };

START_TEST(background_writes_into_a_pipe)
{
	char bytes[16] = "";
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(ends[1], 60), 60);
	close(ends[1]);
	sender_run("mode=%s log-fd=60 -- print=1 print-error=2 is-open=60", started[_i]);
	close(60);
	ck_assert_int_eq(sender_result("is-open", NULL), 0);
	/* The second copy has no such descriptor, and needs none. */
	ck_assert_ptr_null(strstr(harness_read_file(harness_path("results")), "setter "));
	sender_end();
	ck_assert_int_eq(read(ends[0], bytes, sizeof bytes), 2);
	ck_assert_str_eq(bytes, "12");
	ck_assert_int_eq(read(ends[0], bytes, sizeof bytes), 0);
	close(ends[0]);
}
END_TEST

/* The stream of the launcher may be the journal: background modes use the log of the context. */
START_TEST(background_uses_log_of_context)
{
	sender_run("mode=%s journal log=%s -- print=1 print-error=2", started[_i],
		   harness_path("log"));
	sender_end();
	ck_assert_str_eq(harness_read_file(harness_path("log")), "12");
}
END_TEST

/* ---- modes ---- */

static const struct {
	mode_t mode, launcher_mask, daemon_mask, first, second;
} modes[] = {
	{ 0, 022, 022, 0640, 0640 },  { 0666, 022, 0, 0644, 0666 }, { 0666, 0, 077, 0666, 0600 },
	{ 0600, 022, 0, 0600, 0600 }, { 0, 077, 077, 0600, 0600 },  { 0644, 022, 022, 0644, 0644 },
};
static int mode_index;

static mode_t mode_of(const char *path)
{
	struct stat status;

	MUST(stat(path, &status) == 0);
	return status.st_mode & 07777;
}

static void modes_of_logs(void)
{
	mkdir(harness_path("logs"), 0755);
	umask(modes[mode_index].launcher_mask);
	MUST(daemonkit_context_set_log_file(daemon_context, log_path(), modes[mode_index].mode) ==
	     0);
	MUST(daemonkit_context_set_umask(daemon_context, modes[mode_index].daemon_mask) == 0);
	MUST(daemonkit_context_reborn(daemon_context) == 0);
	MUST(mode_of(log_path()) == modes[mode_index].first);
	/* The mode that the administrator has set is kept. */
	MUST(chmod(log_path(), 0604) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	MUST(mode_of(log_path()) == 0604);
	MUST(unlink(log_path()) == 0);
	MUST(daemonkit_context_reopen_log(daemon_context) == 0);
	MUST(mode_of(log_path()) == modes[mode_index].second);
}

START_TEST(modes_and_umask)
{
	mode_index = _i;
	in_child(modes_of_logs);
}
END_TEST

static const struct harness_helper helpers[] = { SENDER_HELPERS, { NULL, NULL } };

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("log");
	TCase *rotation = harness_case(suite, "rotation"), *stream = harness_case(suite, "streams");

	tcase_add_loop_test(rotation, log_is_reopened, 0, COUNT(rotations));
	tcase_add_loop_test(rotation, log_is_reopened_after_loss_of_privileges, 0, COUNT(confined));
	tcase_add_loop_test(rotation, modes_and_umask, 0, COUNT(modes));
	tcase_add_loop_test(stream, streams_in_journal_are_kept, 0, COUNT(journals));
	tcase_add_loop_test(stream, foreground, 0, COUNT(streams));
	tcase_add_loop_test(stream, background_writes_into_a_pipe, 0, COUNT(started));
	tcase_add_loop_test(stream, background_uses_log_of_context, 0, COUNT(started));
	return harness_main(argc, argv, suite, helpers);
}
