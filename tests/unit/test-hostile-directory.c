/* SPDX-License-Identifier: MIT */
/*
 * Pid and log files of root in the directory of a user who exchanges links, hard links, FIFOs,
 * directories, sockets, locks and leases there, at every moment of every operation.
 */
#include "harness/upgrade-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/control.h>
#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>
#include <daemonkit/signals.h>

#include "harness/enemy-tools.h"
#include "harness/pidfile-tools.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PID_FILE harness_path("open/x.pid")
#define OTHER_PID_FILE harness_path("open/y.pid")
#define LOG_FILE harness_path("open/x.log")

/* What the headers document for these situations. */
static const int start_errors[] = { -EALREADY, -ENOLCK, -ESTALE, -ELOOP, -EEXIST, -EIO };
static const int search_errors[] = { -ESRCH, -EBADMSG, -ELOOP, -EEXIST, -ENOLCK };
static const int read_errors[] = { -ENODATA, -EBADMSG, -ENOENT, -ELOOP, -EEXIST, -ENOLCK, -ESTALE };
static const int log_errors[] = { -ELOOP, -EISDIR, -ENXIO, -EAGAIN, -EACCES };
/* With the reason why a daemon does not become the successor, or does not start. */
static const int upgrade_errors[] = { -EALREADY, -ENOLCK, -ESTALE, -ELOOP, -EEXIST, -EIO };

#define CHECK(what, result, errors) enemy_check_call(what, result, errors, COUNT(errors))

static int accept_reload(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return 0;
}

/* A process of root that serves, or exits at once if it cannot acquire the file. */
static pid_t start_daemon(const char *path)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct daemonkit_pidfile *pidfile = NULL;
		struct daemonkit_signals *signals = NULL;

		if (daemonkit_signals_new(&signals) < 0 ||
		    daemonkit_signals_set_handler(signals, SIGHUP, accept_reload, NULL) < 0 ||
		    daemonkit_pidfile_create(path, 0, &pidfile) < 0 ||
		    write(ready[1], "", 1) != 1 || daemonkit_signals_serve(signals) < 0)
			_exit(1);
		_exit(0);
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	return pid;
}

static void end_daemon(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert(harness_wait_child(pid, NULL, HARNESS_SOON));
}

START_TEST(start_and_removal)
{
	struct enemy enemy = enemy_start("x.pid", "y.pid", true);
	int acquired = 0;

	while (enemy_continues(&enemy) || acquired == 0) {
		struct daemonkit_pidfile *pidfile = NULL;
		int result;

		enemy_begin_call();
		result = daemonkit_pidfile_create(PID_FILE, 0, &pidfile);
		if (result == 0) {
			acquired++;
			ck_assert_msg(daemonkit_pidfile_write(pidfile) == 0, "%s",
				      daemonkit_error());
			ck_assert_msg(daemonkit_pidfile_remove(pidfile) == 0, "%s",
				      daemonkit_error());
		}
		pidfile = daemonkit_pidfile_close(pidfile);
		CHECK("start", result, start_errors);
	}
	enemy_end(&enemy);
}
END_TEST

START_TEST(search)
{
	struct enemy enemy = enemy_start("x.pid", "y.pid", true);
	pid_t daemon = start_daemon(PID_FILE);

	while (enemy_continues(&enemy)) {
		struct daemonkit_process *process = NULL;
		pid_t pid = 0;
		int result;

		enemy_begin_call();
		result = daemonkit_pidfile_holder(PID_FILE, &process);
		if (result == 0)
			ck_assert_int_ne(daemonkit_process_pid(process), enemy.victim);
		process = daemonkit_process_free(process);
		CHECK("search", result, search_errors);
		enemy_begin_call();
		result = daemonkit_pidfile_read_path(PID_FILE, &pid);
		CHECK("read", result, read_errors);
	}
	end_daemon(daemon);
	enemy_end(&enemy);
}
END_TEST

/* The output of this process goes to this file, or back to where it went. */
static void redirect(const char *path)
{
	static int saved[2] = { -1, -1 };

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		int *before = &saved[fd - STDOUT_FILENO];

		if (path != NULL && *before < 0)
			*before = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		if (path == NULL)
			dup2(*before, fd);
		if (path == NULL)
			close(*before);
	}
	if (path == NULL)
		return;
	close(STDOUT_FILENO);
	ck_assert_int_eq(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
	dup2(STDOUT_FILENO, STDERR_FILENO);
}

static int run_command(struct daemonkit_control *control, const char *command)
{
	const char *text;
	int code = 99;

	redirect(harness_path("output"));
	enemy_begin_call();
	ck_assert_int_eq(daemonkit_control_run(control, command, 0, &code), 1);
	enemy_check_call(command, 0, NULL, 0);
	text = harness_read_file(harness_path("output"));
	if (code == 1 || code == 4)
		ck_assert_msg(strstr(text, "/open/") || strstr(text, "process"), "%s: %d: %s",
			      command, code, text);
	return code;
}

/* Codes other than those of failure and "does not run". */
static const struct {
	const char *command;
	int codes;
} commands[] = { { "stop", 1 << 0 | 1 << 1 },
		 { "reload", 1 << 0 | 1 << 1 | 1 << 3 | 1 << 7 },
		 { "status", 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 } };

START_TEST(command)
{
	struct enemy enemy = enemy_start("x.pid", "y.pid", true);
	struct daemonkit_context *context = NULL;
	struct daemonkit_control *control = NULL;
	pid_t daemon = start_daemon(PID_FILE);

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, PID_FILE, 0), 0);
	ck_assert_int_eq(daemonkit_control_new(context, &control), 0);
	ck_assert_int_eq(daemonkit_control_set_stop_timeout(control, 500, 500), 0);
	ck_assert_int_eq(daemonkit_control_set_reload(control, SIGHUP, 500), 0);
	while (enemy_continues(&enemy)) {
		int code = run_command(control, commands[_i].command);

		ck_assert_msg(commands[_i].codes >> code & 1, "%s: %d", commands[_i].command, code);
		if (waitpid(daemon, NULL, WNOHANG) == daemon)
			daemon = start_daemon(PID_FILE);
	}
	redirect(NULL);
	end_daemon(daemon);
	enemy_end(&enemy);
	daemonkit_control_free(control);
	daemonkit_context_free(context);
}
END_TEST

static struct daemonkit_context *be_daemon(const char *pid_file, const char *log_file)
{
	struct daemonkit_context *context = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, pid_file, 0), 0);
	ck_assert_int_eq(daemonkit_context_set_log_file(context, log_file, 0), 0);
	ck_assert_msg(daemonkit_context_reborn(context) == 0, "%s", daemonkit_error());
	return context;
}

START_TEST(move)
{
	struct enemy enemy;
	struct daemonkit_context *context;
	int moved = 0;

	enemy_prepare();
	context = be_daemon(harness_path("run.pid"), NULL);
	enemy = enemy_start("x.pid", "y.pid", true);
	while (enemy_continues(&enemy) || moved == 0) {
		int result;

		enemy_begin_call();
		result = daemonkit_context_set_pid_file(
			context, moved % 2 == 0 ? PID_FILE : OTHER_PID_FILE, 0);
		moved += result == 0;
		CHECK("move", result, start_errors);
	}
	enemy_end(&enemy);
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	daemonkit_context_free(context);
}
END_TEST

static void check_start(const struct probe *probe, const int *errors, size_t count, int *up)
{
	enemy_begin_call();
	ck_assert_int_lt(probe->milliseconds, harness_scaled(HARNESS_SOON));
	if (probe->result > 0) {
		probe_kill(probe);
		(*up)++;
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (probe->result == errors[i] && strstr(probe->text, "/open/") != NULL)
			return;
	ck_abort_msg("%d: %s", (int)probe->result, probe->text);
}

START_TEST(whole_start)
{
	struct enemy enemy = enemy_start("x.pid", "x.log", false);
	int up = 0;

	while (enemy_continues(&enemy) || up == 0) {
		struct probe probe = probe_run(_i == 0 ? "pid=@/open/x.pid ready=60000 daemon:up"
							 " daemon:wait"
						       : "log=@/open/x.log ready=60000 daemon:up"
							 " daemon:wait");

		if (_i == 0)
			check_start(&probe, start_errors, COUNT(start_errors), &up);
		else
			check_start(&probe, log_errors, COUNT(log_errors), &up);
	}
	enemy_end(&enemy);
}
END_TEST

/* Does the successor take over?  Then the old one is ended. */
static bool upgrade(struct actor *old)
{
	struct actor new;
	const char *answer;
	int64_t begin = harness_now();
	bool documented = false;

	ck_assert_int_eq(actor_number(actor_call(old, "start=60000")), 0);
	actor_send(old, "wait=60000");
	new = actor_accept();
	actor_send(&new, "ready");
	answer = actor_receive(old);
	ck_assert_int_lt(harness_now() - begin, harness_scaled(HARNESS_SOON));
	if (actor_number(answer) == new.pid) {
		ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
		actor_end(old);
		*old = new;
		return true;
	}
	for (size_t i = 0; i < COUNT(upgrade_errors); i++)
		documented |= actor_number(answer) == upgrade_errors[i];
	ck_assert_msg(documented && strstr(answer, "/open/"), "%s", answer);
	actor_wait_exit(&new);
	return false;
}

START_TEST(upgrades)
{
	struct enemy enemy;
	struct actor daemon;
	int succeeded = 0;

	enemy_prepare();
	actors_open();
	daemon = actor_start(0, "pid=@/open/x.pid");
	enemy = enemy_start("x.pid", "y.pid", true);
	while (enemy_continues(&enemy) || succeeded == 0)
		succeeded += upgrade(&daemon);
	actor_end(&daemon);
	enemy_end(&enemy);
	actors_close();
}
END_TEST

START_TEST(reopening_of_log)
{
	struct enemy enemy;
	struct daemonkit_context *context;
	int reopened = 0;

	enemy_prepare();
	redirect(harness_path("output"));
	context = be_daemon(NULL, LOG_FILE);
	enemy = enemy_start("x.log", "y.log", false);
	while (enemy_continues(&enemy) || reopened == 0) {
		int result;

		enemy_begin_call();
		result = daemonkit_context_reopen_log(context);
		reopened += result == 0;
		CHECK("reopen", result, log_errors);
	}
	redirect(NULL);
	enemy_end(&enemy);
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	daemonkit_context_free(context);
}
END_TEST

/* What the owner of the directory puts in place of the log, and the result of reopening it. */
static const struct {
	const char *what;
	int result;
} planted[] = { { "link", -ELOOP },       { "dangling", -ELOOP }, { "fifo", -ENXIO },
		{ "directory", -EISDIR }, { "lease", -EAGAIN },   { "nothing", 0 } };

static int plant(void *data)
{
	const char *what = data;
	int fd;

	if (chdir(harness_path("open")) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0 ||
	    rename("x.log", "old.log") < 0)
		return 1;
	if (strcmp(what, "link") == 0)
		return symlink("../victim", "x.log");
	if (strcmp(what, "dangling") == 0)
		return symlink("nowhere", "x.log");
	if (strcmp(what, "fifo") == 0)
		return mkfifo("x.log", 0666);
	if (strcmp(what, "directory") == 0)
		return mkdir("x.log", 0777);
	if (strcmp(what, "nothing") == 0)
		return 0;
	/* The descriptor, and with it the lease, is that of the test. */
	fd = open("x.log", O_RDWR | O_CREAT | O_EXCL, 0644);
	return fd < 0 ? 1 : 0;
}

START_TEST(planted_file_is_not_opened_as_log)
{
	struct daemonkit_context *context;
	int lease = -1, result;
	int64_t begin;

	enemy_prepare();
	harness_write_file(harness_path("victim"), "contents");
	redirect(harness_path("output"));
	context = be_daemon(NULL, LOG_FILE);
	ck_assert_int_eq(in_child(plant, (void *)(uintptr_t)planted[_i].what), 0);
	if (planted[_i].result == -EAGAIN) {
		lease = open(LOG_FILE, O_RDWR | O_CLOEXEC);
		signal(SIGIO, SIG_IGN);
		if (fcntl(lease, F_SETLEASE, F_WRLCK) < 0)
			harness_skip("no leases here: %s", strerror(errno));
	}
	begin = harness_now();
	result = daemonkit_context_reopen_log(context);
	ck_assert_int_lt(harness_now() - begin, harness_scaled(HARNESS_SOON));
	ck_assert_msg(result == planted[_i].result, "%d: %s", result, daemonkit_error());
	ck_assert_int_eq(write(STDERR_FILENO, "line\n", 5), 5);
	redirect(NULL);
	if (lease >= 0)
		close(lease);
	/* The daemon continues to write to the old file, or to the new one. */
	ck_assert_str_eq(harness_read_file(result < 0 ? harness_path("open/old.log") : LOG_FILE),
			 "line\n");
	ck_assert_str_eq(harness_read_file(harness_path("victim")), "contents");
	ck_assert_int_ne(access(harness_path("open/nowhere"), F_OK), 0);
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	daemonkit_context_free(context);
}
END_TEST

static int probe_main(int argc, char *argv[])
{
	return probe_helpers[0].main(argc, argv);
}

static const struct harness_helper helpers[] = { UPGRADE_HELPERS,
						 { "probe", probe_main },
						 { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("hostile-directory");
	TCase *pid_file = harness_case(suite, "pid-file");
	TCase *log_file = harness_case(suite, "log-file");

	tcase_add_test(pid_file, start_and_removal);
	tcase_add_test(pid_file, search);
	tcase_add_loop_test(pid_file, command, 0, COUNT(commands));
	tcase_add_test(pid_file, move);
	tcase_add_test(pid_file, upgrades);
	tcase_add_loop_test(pid_file, whole_start, 0, 2);
	tcase_add_test(log_file, reopening_of_log);
	tcase_add_loop_test(log_file, planted_file_is_not_opened_as_log, 0, COUNT(planted));
	return harness_main(argc, argv, suite, helpers);
}
