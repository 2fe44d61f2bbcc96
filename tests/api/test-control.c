/* SPDX-License-Identifier: MIT */
/* The command line interface: each command in each state, on a terminal and in a pipe. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/control.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>
#include <daemonkit/signals.h>
#include <daemonkit/upgrade.h>

#define OTHER_USER 65534

/* The program */

struct program {
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	struct daemonkit_control *control;
	const char *style;
};

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	const struct program *program = data;

	if (strcmp(program->style, "bad-reload") == 0)
		daemonkit_siginfo_reply(info, -EPERM, "line %d: no\x1b[2J", 7);
	else if (strcmp(program->style, "verbose") == 0)
		daemonkit_siginfo_reply(info, 0, "12 hosts");
	else if (strcmp(program->style, "die-reloading") == 0)
		raise(SIGKILL);
	else if (strcmp(program->style, "hang-reloading") == 0)
		pause();
	return 0;
}

static int on_term(struct daemonkit_siginfo *info, void *data)
{
	const struct program *program = data;
	struct daemonkit_upgrade *upgrade = NULL;

	(void)info;
	/* In these styles the daemon starts a successor when it is told to exit. */
	if (((strcmp(program->style, "replaced") == 0 && getenv("PROG_REPLACED") == NULL &&
	      setenv("PROG_REPLACED", "", 1) == 0) ||
	     strcmp(program->style, "endless") == 0) &&
	    daemonkit_upgrade_start(program->context, NULL, 60000, &upgrade) == 0) {
		(void)!daemonkit_upgrade_wait(upgrade, -1);
		daemonkit_upgrade_free(upgrade);
	}
	return strcmp(program->style, "stubborn") != 0 && strcmp(program->style, "immortal") != 0;
}

static void show(const char *text, void *data)
{
	const struct program *program = data;

	printf("%s<%s>\n", program->style, text);
}

/* Does the style ask for this? */
static bool is(const struct program *program, const char *style)
{
	return strcmp(program->style, style) == 0;
}

/* Where the program was started. */
static char directory[PATH_MAX];

/* Start a daemon that is independent of this one, as another user of the pid file. */
static int start_another(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(directory) == 0)
			execl(harness_self, harness_self, "--helper", "prog", "ok", "start", NULL);
		_exit(127);
	}
	return pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
}

static int serve(struct program *program)
{
	int result = 0;

	if (is(program, "not-configured")) {
		daemonkit_notify_failed(program->context, -EBADMSG, "line 3: nonsense");
		return 6;
	}
	if (is(program, "own-code") || is(program, "crash") || is(program, "high-code"))
		return is(program, "crash") ? 9 : is(program, "high-code") ? 200 : 150;
	if (is(program, "not-permitted")) {
		daemonkit_notify_failed(program->context, EACCES, "port 80");
		return 1;
	}
	if (is(program, "verbose") || is(program, "own-handler")) {
		daemonkit_notify_status(program->context, "first\x1b[2J\nstep");
		daemonkit_notify_status(program->context, "second step: 0123456789012345678901234"
							  "5678901234567890123456789");
	}
	if (is(program, "ignoring"))
		signal(SIGHUP, SIG_IGN);
	daemonkit_notify_ready(program->context);
	if (is(program, "status-of-itself")) {
		int code = 99;

		result = daemonkit_control_run(program->control, "status", 0, &code);
		printf("status: %d, %d\n", result, code);
		fflush(stdout);
	}
	if (is(program, "no-pid-file")) {
		puts("serving");
		fflush(stdout);
	}
	result = daemonkit_signals_serve(program->signals);
	if (is(program, "linking") && (chdir(directory) < 0 || rename("prog.pid", "away") < 0 ||
				       symlink("away", "prog.pid") < 0))
		return 1;
	daemonkit_context_release(program->context);
	if (is(program, "followed"))
		return start_another();
	return result < 0;
}

static int prepare(struct program *program)
{
	if (getcwd(directory, sizeof directory) == NULL ||
	    daemonkit_signals_new(&program->signals) < 0 ||
	    (!is(program, "blocking") && !is(program, "ignoring") &&
	     daemonkit_signals_set_handler(program->signals, SIGHUP, on_reload, program) < 0) ||
	    daemonkit_signals_set_handler(program->signals, SIGTERM, on_term, program) < 0 ||
	    daemonkit_context_new(&program->context) < 0 ||
	    daemonkit_context_set_ready_timeout(program->context, 60000) < 0 ||
	    daemonkit_control_new(program->context, &program->control) < 0 ||
	    daemonkit_control_set_name(program->control, "prog") < 0 ||
	    daemonkit_control_set_stop_timeout(program->control,
					       is(program, "stubborn") || is(program, "immortal")
						       ? 100
					       : is(program, "patient") ? DAEMONKIT_FOREVER
					       : is(program, "endless") ? harness_scaled(1000)
									: HARNESS_SOON,
					       is(program, "immortal")  ? DAEMONKIT_NEVER
					       : is(program, "endless") ? 0
									: HARNESS_SOON) < 0)
		return -1;
	if (is(program, "no-reload") && daemonkit_control_set_reload(program->control, 0, 0) < 0)
		return -1;
	if (is(program, "only-sent") &&
	    daemonkit_control_set_reload(program->control, SIGHUP, 0) < 0)
		return -1;
	if (is(program, "hang-reloading") &&
	    daemonkit_control_set_reload(program->control, SIGHUP, harness_scaled(3000)) < 0)
		return -1;
	if (is(program, "own-handler") &&
	    daemonkit_context_set_status_handler(program->context, show, program) < 0)
		return -1;
	if (is(program, "status-of-itself") &&
	    daemonkit_context_set_log_file(program->context, "log", 0644) < 0)
		return -1;
	if (is(program, "fork") &&
	    daemonkit_context_set_mode(program->context, DAEMONKIT_MODE_FORK) < 0)
		return -1;
	return is(program, "no-pid-file")
		       ? 0
		       : daemonkit_context_set_pid_file(program->context, "prog.pid", 0644);
}

/* prog STYLE COMMAND [json|other-user|flags] */
static int prog_main(int argc, char *argv[])
{
	struct program program = { .style = argc > 1 ? argv[1] : "" };
	const char *extra = argc > 3 ? argv[3] : "";
	unsigned flags = strcmp(extra, "json") == 0    ? DAEMONKIT_CONTROL_JSON
			 : strcmp(extra, "flags") == 0 ? 0x80U
						       : 0;
	int code = 99, result = argc > 2 ? prepare(&program) : -1;

	if (strcmp(extra, "other-user") == 0 && (setgid(OTHER_USER) < 0 || setuid(OTHER_USER) < 0))
		return 98;
	if (result == 0)
		result = daemonkit_control_run(program.control, argv[2], flags, &code);
	if (result < 0) {
		printf("result %d, %d: %s\n", result, code, daemonkit_error());
		code = 97;
	}
	if (result == 0)
		code = code == 99 ? serve(&program) : 96;
	daemonkit_control_free(program.control);
	daemonkit_signals_free(program.signals);
	daemonkit_context_free(program.context);
	return code;
}

/* Its users */

static struct harness_result run_with(const char *style, const char *command, const char *extra,
				      int exit_code)
{
	struct harness_result result;

	ck_assert_int_eq(chdir(harness_directory()), 0);
	result = harness_run_helper("prog", style, command, extra, NULL);
	ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) == exit_code,
		      "%s %s: status %#x, output \"%s\", error \"%s\"", style, command,
		      (unsigned)result.status, result.output, result.error);
	ck_assert_msg(!result.streams_held, "%s %s: a process keeps the streams open", style,
		      command);
	return result;
}

static struct harness_result run(const char *style, const char *command, int exit_code)
{
	return run_with(style, command, "", exit_code);
}

static pid_t daemon_pid(void)
{
	return (pid_t)atoi(harness_read_file(harness_path("prog.pid")));
}

static const char *line(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
static const char *line(const char *format, ...)
{
	char *text = harness_memory(1024);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, 1024, format, arguments);
	va_end(arguments);
	return text;
}

/* With POSIX only, an exited process that the test has not reaped yet cannot be recognized. */
static void adopt(void)
{
	harness_adopt_orphans();
}

static pid_t begin(const char *style)
{
	adopt();
	run(style, "start", 0);
	return daemon_pid();
}

static void reap(pid_t pid)
{
	int status;

	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
}

static void finish(pid_t pid)
{
	run("ok", "stop", 0);
	reap(pid);
	ck_assert_int_lt(access(harness_path("prog.pid"), F_OK), 0);
}

/* Both streams, and the exit code */
static void check_streams(struct harness_result result, const char *output, const char *error)
{
	ck_assert_str_eq(result.output, output);
	ck_assert_str_eq(result.error, error);
}

START_TEST(commands_without_running_daemon)
{
	check_streams(run("ok", "status", 3), "prog: not running\n", "");
	check_streams(run("ok", "stop", 0), "prog: not running\n", "");
	check_streams(run("ok", "try-restart", 0), "prog: not running\n", "");
	check_streams(run("ok", "reload", 7), "", "prog: not reloaded: not running\n");
	check_streams(run("ok", "force-reload", 7), "", "prog: not reloaded: not running\n");
	check_streams(run("no-reload", "force-reload", 0), "prog: not running\n", "");
	ck_assert_int_lt(access(harness_path("prog.pid"), F_OK), 0);
}
END_TEST

START_TEST(commands_with_running_daemon)
{
	struct harness_result result;
	pid_t pid, next;

	adopt();
	result = run("ok", "start", 0);
	pid = daemon_pid();
	check_streams(result, line("prog: started, process %d\n", (int)pid), "");
	check_streams(run("ok", "start", 0), line("prog: running already, process %d\n", (int)pid),
		      "");
	result = run("ok", "status", 0);
	ck_assert_ptr_eq(strstr(result.output, line("prog: running, process %d", (int)pid)),
			 result.output);
	check_streams(run("ok", "reload", 0), "prog: reloaded\n", "");
	check_streams(run("ok", "force-reload", 0), "prog: reloaded\n", "");
	ck_assert_int_eq(daemon_pid(), pid);
	for (int i = 0; i < 4; i++) {
		result = run("ok", i % 2 == 0 ? "restart" : "try-restart", 0);
		next = daemon_pid();
		check_streams(result, line("prog: stopped\nprog: started, process %d\n", (int)next),
			      "");
		ck_assert_int_ne(next, pid);
		reap(pid);
		pid = next;
	}
	check_streams(run("ok", "stop", 0), "prog: stopped\n", "");
	reap(pid);
	run("ok", "status", 3);
}
END_TEST

/* It has become the daemon, where commands do not start another. */
START_TEST(daemon_can_run_commands)
{
	const char *log = harness_path("log");
	pid_t pid = begin("status-of-itself");

	ck_assert(harness_wait_text(log, "status: ", HARNESS_SOON));
	ck_assert_ptr_nonnull(
		strstr(harness_read_file(log), line("prog: running, process %d", (int)pid)));
	ck_assert_ptr_nonnull(strstr(harness_read_file(log), "status: 1, 0\n"));
	finish(pid);
}
END_TEST

START_TEST(restart_starts_stopped_daemon)
{
	struct harness_result result;

	adopt();
	result = run("ok", "restart", 0);
	check_streams(result,
		      line("prog: not running\nprog: started, process %d\n", (int)daemon_pid()),
		      "");
	finish(daemon_pid());
}
END_TEST

START_TEST(commands_after_daemon_was_killed)
{
	pid_t pid = begin("ok");

	kill(pid, SIGKILL);
	reap(pid);
	check_streams(
		run("ok", "status", 1),
		line("prog: not running, but its pid file %s exists\n", harness_path("prog.pid")),
		"");
	run("ok", "reload", 7);
	run("ok", "try-restart", 0);
	run("ok", "status", 1);
	check_streams(run("ok", "stop", 0), "prog: not running\n", "");
	ck_assert_int_lt(access(harness_path("prog.pid"), F_OK), 0);
	run("ok", "status", 3);
	/* As after a power loss. */
	harness_write_file(harness_path("prog.pid"), " \r\n");
	run("ok", "status", 1);
	run("ok", "stop", 0);
	run("ok", "status", 3);
	run("ok", "start", 0);
	finish(daemon_pid());
}
END_TEST

/* The file and its directory belong to another user: it can only be read. */
START_TEST(unremovable_stale_file_is_reported)
{
	const char *path = harness_path("prog.pid");

	harness_need_root();
	harness_write_file(path, "4194303\n");
	check_streams(
		run_with("ok", "stop", "other-user", 4), "",
		line("prog: not running, but: pid file %s: open for writing: owned by user 0, "
		     "mode 0644 (run as that user or root): Permission denied\n",
		     path));
	ck_assert_str_eq(harness_read_file(path), "4194303\n");
	/* A writable file is emptied, as by a daemon that may not remove it. */
	ck_assert_int_eq(chown(path, OTHER_USER, OTHER_USER), 0);
	run_with("ok", "stop", "other-user", 0);
	ck_assert_str_eq(harness_read_file(path), "");
	run("ok", "status", 3);
}
END_TEST

/* A file of the host that is mounted into a container cannot be unlinked there. */
START_TEST(stale_file_that_is_mount_point_is_emptied)
{
	const char *path = harness_path("prog.pid"), *source = harness_path("host.pid");
	pid_t pid;

	harness_need_root();
	harness_write_file(source, "");
	harness_write_file(path, "");
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(source, path, "none", MS_BIND, NULL) != 0)
		harness_skip("needs its own mounts");
	pid = begin("ok");
	kill(pid, SIGKILL);
	reap(pid);
	ck_assert_int_eq(atoi(harness_read_file(source)), pid);
	run("ok", "status", 1);
	check_streams(run("ok", "stop", 0), "prog: not running\n", "");
	ck_assert_str_eq(harness_read_file(source), "");
	run("ok", "status", 3);
	run("ok", "stop", 0);
	/* A daemon empties it when it exits, too. */
	pid = begin("ok");
	run("ok", "status", 0);
	run("ok", "stop", 0);
	reap(pid);
	ck_assert_str_eq(harness_read_file(source), "");
	run("ok", "status", 3);
}
END_TEST

/* It is not a successor: it has a pid file of its own. */
START_TEST(stop_leaves_daemon_of_another_start)
{
	pid_t pid = begin("followed"), other;

	run("ok", "stop", 0);
	reap(pid);
	other = daemon_pid();
	ck_assert_int_ne(other, pid);
	run("ok", "status", 0);
	finish(other);
}
END_TEST

START_TEST(wrong_pid_files_kill_no_process)
{
	static const char *const texts[] = {
		"0\n", "-1\n", "1\n", "garbage", "99999999999999999999\n", NULL
	};
	const char *text = texts[_i] != NULL ? texts[_i] : line("%d\n", (int)getpid());

	harness_write_file(harness_path("prog.pid"), text);
	run("ok", "status", 1);
	run("ok", "reload", 7);
	run("ok", "try-restart", 0);
	ck_assert_str_eq(harness_read_file(harness_path("prog.pid")), text);
	/*
	 * Only a foreign file stays: a start would replace the others, and a stop removes them.
	 */
	run("ok", "stop", 0);
	if (strcmp(text, "garbage") != 0)
		ck_assert_int_lt(access(harness_path("prog.pid"), F_OK), 0);
	else
		ck_assert_str_eq(harness_read_file(harness_path("prog.pid")), text);
}
END_TEST

/* A successful command whose output goes to a full disk, or to a closed stream. */
START_TEST(failed_output_is_an_error)
{
	static const struct {
		const char *command, *extra;
		int exit_code;
	} runs[] = {
		{ "start", "", 1 },  { "status", "", 4 },      { "status", "json", 4 },
		{ "reload", "", 1 }, { "try-restart", "", 1 }, { "stop", "", 1 },
		{ "stop", "", 1 },   { "status", "json", 4 },
	};
	const char *full = _i == 0 ? "/dev/full" : NULL;

	adopt();
	ck_assert_int_eq(chdir(harness_directory()), 0);
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
		struct harness_result result;
		const char *const argv[] = {
			"sh",
			"-c",
			full != NULL ? "exec \"$0\" --helper prog ok $1 $2 >/dev/full"
				     : "exec \"$0\" --helper prog ok $1 $2 >&-",
			harness_self,
			runs[i].command,
			runs[i].extra,
			NULL
		};

		result = harness_run(argv);
		ck_assert_msg(WIFEXITED(result.status) &&
				      WEXITSTATUS(result.status) == runs[i].exit_code,
			      "%s: status %#x, error \"%s\"", runs[i].command,
			      (unsigned)result.status, result.error);
		ck_assert_str_eq(result.error, line("prog: output: %s\n",
						    strerror(full != NULL ? ENOSPC : EBADF)));
	}
	ck_assert_int_lt(access(harness_path("prog.pid"), F_OK), 0);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}
END_TEST

START_TEST(status_of_unreadable_pid_file_is_unknown)
{
	struct harness_result result;

	ck_assert_int_eq(symlink("elsewhere", harness_path("prog.pid")), 0);
	result = run("ok", "status", 4);
	ck_assert_str_eq(result.output, "");
	ck_assert_ptr_nonnull(
		strstr(result.error, "prog: cannot determine whether it runs: pid file "));
	ck_assert_ptr_nonnull(strstr(run("ok", "stop", 1).error, "prog.pid"));
	run("ok", "reload", 1);
	run("ok", "try-restart", 1);
	run("ok", "restart", 1);
	ck_assert_ptr_nonnull(strstr(run("ok", "start", 1).error, "prog: not started: pid file "));
}
END_TEST

/* Opening a FIFO would wake up a process that waits at its other end. */
START_TEST(special_files_are_not_opened)
{
	static const char *const commands[] = { "status", "stop", "restart", "reload", "start" };
	const char *path = harness_path("prog.pid");
	char event[4096];
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	if (watch < 0 || inotify_add_watch(watch, path, IN_OPEN) < 0)
		harness_skip("no inotify here: %s", strerror(errno));
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		run("ok", commands[i], strcmp(commands[i], "status") == 0 ? 4 : 1);
		ck_assert_msg(read(watch, event, sizeof event) < 0, "%s opens it", commands[i]);
	}
	close(watch);
}
END_TEST

START_TEST(unknown_commands_print_nothing)
{
	check_streams(run("ok", "explode", 97),
		      line("result %d, 99: explode: not a command (" DAEMONKIT_CONTROL_COMMANDS
			   ")\n",
			   -ENOENT),
		      "");
	run("ok", "", 97);
	run("ok", "START", 97);
	ck_assert_ptr_nonnull(strstr(run_with("ok", "status", "flags", 97).output, "flags 0x80"));
	ck_assert_ptr_nonnull(strstr(run("no-pid-file", "stop", 97).output, "no pid file is set"));
	ck_assert_ptr_nonnull(
		strstr(run("no-pid-file", "status", 97).output, "no pid file is set"));
}
END_TEST

/* Starts that fail */

START_TEST(failed_starts_report_reason)
{
	static const struct {
		const char *style;
		int exit_code;
		const char *error;
	} starts[] = {
		{ "not-configured", 6, "prog: not started: line 3: nonsense (exit status 6)\n" },
		{ "own-code", 150,
		  "prog: not started: the daemon exited with status 150 before it was ready\n" },
		{ "crash", 1,
		  "prog: not started: the daemon exited with status 9 before it was ready\n" },
		{ "not-permitted", 4, "prog: not started: port 80\n" },
		{ "high-code", 1,
		  "prog: not started: the daemon exited with status 200 before it was ready\n" },
	};
	const char *command = _i % 2 == 0 ? "start" : "restart";
	struct harness_result result;

	adopt();
	result = run(starts[_i / 2].style, command, starts[_i / 2].exit_code);
	check_streams(result, _i % 2 == 0 ? "" : "prog: not running\n", starts[_i / 2].error);
	run("ok", "status", 3);
	ck_assert_uint_eq(harness_count_children(getpid()), 0);
}
END_TEST

START_TEST(one_of_concurrent_starts_wins)
{
	enum { STARTS = 6 };
	struct harness_program starts[STARTS];
	int started = 0;
	char pid[32];

	adopt();
	ck_assert_int_eq(chdir(harness_directory()), 0);
	for (int i = 0; i < STARTS; i++)
		starts[i] = harness_spawn_helper("prog", "ok", "start", NULL);
	for (int i = 0; i < STARTS; i++) {
		const char *text = harness_line(&starts[i]);

		snprintf(pid, sizeof pid, "process %d", (int)daemon_pid());
		ck_assert_ptr_nonnull(strstr(text, pid));
		started += strstr(text, "started") != NULL;
		ck_assert_int_eq(harness_end(&starts[i]), 0);
	}
	ck_assert_int_eq(started, 1);
	finish(daemon_pid());
}
END_TEST

/* Reloads and stops */

START_TEST(reload_reports_result)
{
	static const struct {
		const char *style;
		int exit_code;
		const char *output;
		const char *error;
	} reloads[] = {
		{ "bad-reload", 1, "", "prog: not reloaded: line 7: no?[2J\n" },
		{ "verbose", 0, "prog: 12 hosts\nprog: reloaded\n", "" },
		{ "no-reload", 3, "", "prog: it cannot reload\n" },
		{ "only-sent", 0, "prog: reload signal sent\n", "" },
	};
	pid_t pid;

	pid = begin(reloads[_i].style);
	check_streams(run(reloads[_i].style, "reload", reloads[_i].exit_code), reloads[_i].output,
		      reloads[_i].error);
	ck_assert_int_eq(daemon_pid(), pid);
	finish(pid);
}
END_TEST

/* A signal without a handler would kill the daemon. */
START_TEST(daemon_without_handler_gets_no_reload_signal)
{
	const char *style = _i % 2 == 0 ? "blocking" : "ignoring", *reason;
	struct harness_result result;
	pid_t pid, next;

	harness_need_kernel("the signals that a process handles");
	pid = begin(style);
	reason = _i % 2 == 0
			 ? line("process %d: it does not handle signal 1 (%s), which would end it: "
				"nothing was sent",
				(int)pid, strsignal(SIGHUP))
			 : line("process %d: it ignores signal 1 (%s): nothing was sent", (int)pid,
				strsignal(SIGHUP));
	result = run(_i < 2 ? "ok" : "only-sent", "reload", 3);
	check_streams(result, "", line("prog: not reloaded: %s\n", reason));
	run(style, "status", 0);
	ck_assert_int_eq(daemon_pid(), pid);
	result = run(style, "force-reload", 0);
	next = daemon_pid();
	check_streams(result, line("prog: stopped\nprog: started, process %d\n", (int)next), "");
	reap(pid);
	finish(next);
}
END_TEST

START_TEST(reload_without_reply_fails)
{
	struct harness_result result;
	pid_t pid;

	pid = begin("hang-reloading");
	result = run("hang-reloading", "reload", 1);
	ck_assert_ptr_nonnull(strstr(result.error, "prog: not reloaded: process "));
	ck_assert_ptr_nonnull(strstr(result.error, "in time"));
	kill(pid, SIGKILL);
	reap(pid);
	pid = begin("die-reloading");
	result = run("die-reloading", "reload", 1);
	ck_assert_ptr_nonnull(strstr(result.error, "exited without a reply"));
	reap(pid);
}
END_TEST

START_TEST(force_reload_restarts_daemon_without_reload)
{
	pid_t pid = begin("no-reload");

	run("no-reload", "force-reload", 0);
	reap(pid);
	ck_assert_int_ne(daemon_pid(), pid);
	finish(daemon_pid());
}
END_TEST

START_TEST(stop_without_timeout_waits)
{
	pid_t pid = begin("patient");

	check_streams(run("patient", "stop", 0), "prog: stopped\n", "");
	reap(pid);
	run("patient", "status", 3);
}
END_TEST

START_TEST(stop_kills_daemon_after_timeout)
{
	pid_t pid = begin("stubborn");

	check_streams(run("stubborn", "stop", 0), "prog: killed: it did not exit in time\n", "");
	reap(pid);
	/* Its pid file, which it could not remove, was removed. */
	run("stubborn", "status", 3);
}
END_TEST

START_TEST(stop_also_stops_successor)
{
	pid_t pid = begin("replaced"), ended;

	check_streams(run("replaced", "stop", 0), "prog: stopped\n", "");
	reap(pid);
	/* Reap the other one, which has the same parent, or whose watcher has reaped it. */
	ended = waitpid(-1, NULL, WNOHANG);
	ck_assert(ended > 0 || (ended < 0 && errno == ECHILD));
	run("replaced", "status", 3);
}
END_TEST

/* Nor is there a successor behind a link that somebody has put in place of the file. */
START_TEST(stop_does_not_follow_link_to_pid_file)
{
	pid_t pid = begin("linking");

	check_streams(run("linking", "stop", 0), "prog: stopped\n", "");
	reap(pid);
}
END_TEST

static bool is_childless(void *data)
{
	(void)data;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return harness_count_children(getpid()) == 0;
}

/* A daemon that replaces itself each time does not prolong the stop for ever. */
START_TEST(stop_fails_if_successors_never_end)
{
	int64_t begun;

	/* There is no successor without a pid file that can be handed over. */
	harness_need_ofd_locks();
	begin("endless");
	begun = harness_now();
	check_streams(run("endless", "stop", 1), "",
		      "prog: not stopped: it starts one successor after another\n");
	ck_assert_int_lt(harness_now() - begun, harness_scaled(HARNESS_SOON));
	kill(daemon_pid(), SIGKILL);
	ck_assert(harness_wait_until(is_childless, NULL, HARNESS_SOON));
}
END_TEST

/* Another process must not decide how long a stop waits to open the stale file. */
START_TEST(lease_on_stale_file_is_reported)
{
	int fd;

	harness_write_file(harness_path("prog.pid"), "2147483646\n");
	fd = open(harness_path("prog.pid"), O_RDONLY | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		harness_skip("no leases here: %s", strerror(errno));
	check_streams(
		run("ok", "stop", 1), "",
		line("prog: not running, but: pid file %s: another process has a lease on it, "
		     "which keeps others from opening it: end that process\n",
		     harness_path("prog.pid")));
	close(fd);
	check_streams(run("ok", "stop", 0), "prog: not running\n", "");
}
END_TEST

START_TEST(restart_after_failed_stop_starts_nothing)
{
	pid_t pid = begin("immortal");
	const char *error = line("prog: not stopped: process %d: it is still running\n", (int)pid);

	check_streams(run("immortal", "stop", 1), "", error);
	check_streams(run("immortal", "restart", 1), "", error);
	check_streams(run("immortal", "try-restart", 1), "", error);
	ck_assert_int_eq(daemon_pid(), pid);
	kill(pid, SIGKILL);
	reap(pid);
}
END_TEST

START_TEST(commands_of_other_users_are_refused)
{
	static const char *const commands[] = { "stop", "restart", "try-restart", "reload" };
	pid_t pid;

	harness_need_root();
	ck_assert_int_eq(chmod(harness_directory(), 0755), 0);
	run_with("ok", "start", "other-user", 4);
	pid = begin("ok");
	run_with("ok", "status", "other-user", 0);
	run_with("ok", "start", "other-user", 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_ne(run_with("ok", commands[i], "other-user", 4).error, "");
	ck_assert_int_eq(chmod(harness_path("prog.pid"), 0600), 0);
	run_with("ok", "status", "other-user", 4);
	run_with("ok", "stop", "other-user", 4);
	ck_assert_int_eq(daemon_pid(), pid);
	finish(pid);
}
END_TEST

/* Other modes */

static bool is_there(void *data)
{
	(void)data;
	return access(harness_path("prog.pid"), F_OK) == 0;
}

START_TEST(run_stays_in_foreground)
{
	struct harness_program daemon;
	struct harness_result result;

	ck_assert_int_eq(chdir(harness_directory()), 0);
	daemon = harness_spawn_helper("prog", "ok", "run", NULL);
	ck_assert(harness_wait_until(is_there, NULL, HARNESS_SOON));
	ck_assert_int_eq(daemon_pid(), daemon.pid);
	result = run("ok", "run", 1);
	ck_assert_str_eq(result.output, "");
	ck_assert_ptr_nonnull(strstr(result.error, line("held by process %d", (int)daemon.pid)));
	run("ok", "status", 0);
	run("ok", "stop", 0);
	ck_assert_int_eq(harness_end(&daemon), 0);
}
END_TEST

START_TEST(a_forked_daemon_prints_nothing)
{
	struct harness_result result;

	adopt();
	result = run("fork", "start", 0);
	check_streams(result, line("prog: started, process %d\n", (int)daemon_pid()), "");
	finish(daemon_pid());
}
END_TEST

START_TEST(no_pid_file_is_needed_to_run)
{
	struct harness_program daemon;

	daemon = harness_spawn_helper("prog", "no-pid-file", "run", NULL);
	ck_assert_str_eq(harness_line(&daemon), "serving");
	kill(daemon.pid, SIGTERM);
	ck_assert_int_eq(harness_end(&daemon), 0);
}
END_TEST

/* Status texts */

START_TEST(status_texts_are_lines_in_pipe)
{
	struct harness_result result;

	adopt();
	result = run("verbose", "start", 0);
	check_streams(result,
		      line("prog: first?[2J step\n"
			   "prog: second step: 01234567890123456789012345678901234567890123456789\n"
			   "prog: started, process %d\n",
			   (int)daemon_pid()),
		      "");
	finish(daemon_pid());
}
END_TEST

START_TEST(programs_status_handler_is_kept)
{
	struct harness_result result;

	adopt();
	result = run("own-handler", "start", 0);
	ck_assert_ptr_nonnull(
		strstr(result.output, "own-handler<first\x1b[2J step>\nown-handler<second"));
	ck_assert_ptr_null(strstr(result.output, "prog: second"));
	finish(daemon_pid());
}
END_TEST

/* Everything that appears on a terminal with this many columns. */
static const char *run_on_terminal(unsigned short columns, const char *kind, const char *style,
				   const char *command)
{
	const struct winsize size = { .ws_row = 24, .ws_col = columns };
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status;
	char *text = harness_memory(8192);
	size_t length = 0;
	ssize_t count;
	pid_t child;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
	ck_assert_int_eq(chdir(harness_directory()), 0);
	child = fork();
	if (child == 0) {
		int slave = open(ptsname(master), O_RDWR | O_NOCTTY);

		dup2(slave, 1);
		setenv("TERM", kind, 1);
		execl(harness_self, harness_self, "--helper", "prog", style, command, NULL);
		_exit(127);
	}
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	/* The other side is closed: all output is available. */
	while (length < 8191 && (count = read(master, text + length, 8191 - length)) > 0)
		length += (size_t)count;
	close(master);
	return text;
}

START_TEST(status_texts_are_replaced_on_terminal)
{
	const char *text;

	adopt();
	text = run_on_terminal(40, "xterm", "verbose", "start");
	ck_assert_str_eq(text, line("\r\033[Kprog: starting"
				    "\r\033[Kprog: starting: first?[2J step"
				    "\r\033[Kprog: starting: second step: 0123456789"
				    "\r\033[Kprog: started, process %d\r\n",
				    (int)daemon_pid()));
	text = run_on_terminal(0, "xterm", "verbose", "reload");
	ck_assert_str_eq(text, "\r\033[Kprog: reloading\r\033[Kprog: reloading: 12 hosts"
			       "\r\033[Kprog: reloaded\r\n");
	finish(daemon_pid());
}
END_TEST

START_TEST(dumb_terminals_get_plain_lines)
{
	const char *text;

	adopt();
	text = run_on_terminal(40, _i == 0 ? "dumb" : "", "verbose", "start");
	ck_assert_ptr_eq(strstr(text, "prog: first?[2J step\r\nprog: second step: 0123"), text);
	ck_assert_ptr_null(strstr(text, "\033"));
	finish(daemon_pid());
}
END_TEST

/* JSON */

/* The values of the keys in order, as parsed by python. */
static const char *parse(const char *json)
{
	static const char program[] =
		"import json, sys; d = json.loads(sys.argv[1]); "
		"print([d[k] for k in ('name', 'running', 'pid', 'pid_file')],"
		"type(d['uptime']).__name__, type(d['error']).__name__,len(d))";
	struct harness_result result = harness_run(
		(const char *const[]){ "python3", "-c", program, json, NULL });

	ck_assert_msg(result.status == 0, "%s: %s", json, result.error);
	return result.output;
}

START_TEST(json_has_same_contents_as_text)
{
	const char *path = harness_path("prog.pid");
	struct harness_result result = run_with("ok", "status", "json", 3);
	pid_t pid;

	ck_assert_str_eq(parse(result.output),
			 line("['prog', False, None, '%s'] NoneType NoneType 6\n", path));
	pid = begin("ok");
	result = run_with("ok", "status", "json", 0);
	ck_assert_str_eq(parse(result.output),
			 line("['prog', True, %d, '%s'] int NoneType 6\n", (int)pid, path));
	kill(pid, SIGKILL);
	reap(pid);
	result = run_with("ok", "status", "json", 1);
	ck_assert_str_eq(parse(result.output),
			 line("['prog', False, None, '%s'] NoneType NoneType 6\n", path));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("elsewhere", path), 0);
	result = run_with("ok", "status", "json", 4);
	ck_assert_str_eq(parse(result.output),
			 line("['prog', None, None, '%s'] NoneType str 6\n", path));
	check_streams(result, result.output, "");
}
END_TEST

/* strange NAME: its status as JSON */
static int strange_main(int argc, char *argv[])
{
	struct daemonkit_context *context;
	struct daemonkit_control *control;
	int code, result;

	if (argc < 2 || daemonkit_context_new(&context) < 0 ||
	    daemonkit_context_set_pid_file(context, "/nonexistent/x", 0) < 0 ||
	    daemonkit_control_new(context, &control) < 0 ||
	    daemonkit_control_set_name(control, argv[1]) < 0)
		return 2;
	result = daemonkit_control_run(control, "status", DAEMONKIT_CONTROL_JSON, &code);
	daemonkit_control_free(control);
	daemonkit_context_free(context);
	return result != 1;
}

/* unnamed: its status as JSON, with the name that the library finds */
static int unnamed_main(int argc, char *argv[])
{
	struct daemonkit_context *context;
	struct daemonkit_control *control;
	int code, result;

	(void)argc, (void)argv;
	if (daemonkit_context_new(&context) < 0 ||
	    daemonkit_context_set_pid_file(context, "/nonexistent/x", 0) < 0 ||
	    daemonkit_control_new(context, &control) < 0)
		return 2;
	result = daemonkit_control_run(control, "status", DAEMONKIT_CONTROL_JSON, &code);
	daemonkit_control_free(control);
	daemonkit_context_free(context);
	return result != 1;
}

/* The name is that in the first argument or, if this has none, that of the process. */
START_TEST(name_is_that_of_the_program)
{
	static const char program[] =
		"import os, sys; os.execv(sys.argv[1], [sys.argv[2], '--helper', 'unnamed'])";
	const char *slash = strrchr(harness_self, '/');
	char process[16];
	const char *const names[][2] = { { "one", "one" },
					 { "/x/two", "two" },
					 { "/x/", process } };

	snprintf(process, sizeof process, "%s", slash != NULL ? slash + 1 : harness_self);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct harness_result result = harness_run((const char *const[]){
			"python3", "-c", program, harness_self, names[i][0], NULL });
		char expected[64];

		snprintf(expected, sizeof expected, "{\"name\": \"%s\",", names[i][1]);
		ck_assert_msg(strncmp(result.output, expected, strlen(expected)) == 0, "%s",
			      result.output);
	}
}
END_TEST

START_TEST(json_is_escaped)
{
	static const char program[] =
		"import json, sys; print(ascii(json.loads(sys.argv[1])['name']))";
	static const char *const names[][2] = {
		{ "a\"b\\c/d", "'a\"b\\\\c/d'" },
		{ "a\nb\tc\x01\x7f", "'a\\nb\\tc\\x01\\x7f'" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "'\\xe4\\u20ac\\U0001f600'" },
		/*
		 * Invalid UTF-8: a lone byte, truncated, overlong, a surrogate, beyond the last
		 * character.
		 */
		{ "\xff"
		  "a\xc3",
		  "'\\ufffda\\ufffd'" },
		{ "\xc0\xaf", "'\\ufffd\\ufffd'" },
		{ "\xed\xa0\x80", "'\\ufffd\\ufffd\\ufffd'" },
		{ "\xf4\x90\x80\x80", "'\\ufffd\\ufffd\\ufffd\\ufffd'" },
		{ "\xe0\x9f\xbf", "'\\ufffd\\ufffd\\ufffd'" },
		{ "\xf0\x8f\xbf\xbf", "'\\ufffd\\ufffd\\ufffd\\ufffd'" },
		/* The valid neighbours of these. */
		{ "\xe0\xa0\x80\xed\x9f\xbf", "'\\u0800\\ud7ff'" },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "'\\U00010000\\U0010ffff'" },
	};
	struct harness_result result = harness_run_helper("strange", names[_i][0], NULL);

	ck_assert_int_eq(result.status, 0);
	result = harness_run(
		(const char *const[]){ "python3", "-c", program, result.output, NULL });
	ck_assert_msg(result.status == 0, "%s", result.error);
	ck_assert_str_eq(result.output, line("%s\n", names[_i][1]));
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_control *control = NULL;
	int code = 0;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	HARNESS_REFUSES_NULL(daemonkit_control_new(NULL, &control));
	ck_assert_int_eq(daemonkit_control_new(context, &control), 0);
	ck_assert_int_eq(daemonkit_control_set_name(control, ""), -EINVAL);
	HARNESS_REFUSES_NULL(daemonkit_control_new(context, NULL));
	HARNESS_REFUSES_NULL(daemonkit_control_set_name(NULL, "name"));
	HARNESS_REFUSES_NULL(daemonkit_control_set_name(control, NULL));
	HARNESS_REFUSES_NULL(daemonkit_control_run(NULL, "status", 0, &code));
	HARNESS_REFUSES_NULL(daemonkit_control_run(control, NULL, 0, &code));
	HARNESS_REFUSES_NULL(daemonkit_control_run(control, "status", 0, NULL));
	HARNESS_REFUSES_NULL(daemonkit_control_set_stop_timeout(NULL, 1, 1));
	HARNESS_REFUSES_NULL(daemonkit_control_set_reload(NULL, SIGHUP, 1));
	ck_assert_int_eq(daemonkit_control_set_reload(control, -1, 0), -EINVAL);
	ck_assert_int_eq(daemonkit_control_set_reload(control, SIGRTMAX + 1, 0), -EINVAL);
	ck_assert_int_eq(daemonkit_control_set_reload(control, SIGRTMAX, -1), 0);
	ck_assert_ptr_null(daemonkit_control_free(control));
	ck_assert_ptr_null(daemonkit_control_free(NULL));
	daemonkit_context_free(context);
}
END_TEST

static const struct harness_helper helpers[] = {
	{ "prog", prog_main },
	{ "strange", strange_main },
	{ "unnamed", unnamed_main },
	{ NULL, NULL },
};

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("control");
	TCase *states = harness_case(suite, "states");
	TCase *starts = harness_case(suite, "starts");
	TCase *reloads = harness_case(suite, "reloads");
	TCase *texts = harness_case(suite, "texts");

	tcase_add_test(states, commands_without_running_daemon);
	if (harness_has_linux_api())
		tcase_add_test(states, commands_with_running_daemon);
	if (harness_has_linux_api())
		tcase_add_test(states, daemon_can_run_commands);
	if (harness_has_linux_api())
		tcase_add_test(states, restart_starts_stopped_daemon);
	if (harness_has_linux_api())
		tcase_add_test(states, commands_after_daemon_was_killed);
	tcase_add_test(states, unremovable_stale_file_is_reported);
	if (harness_has_linux_api())
		tcase_add_test(states, stale_file_that_is_mount_point_is_emptied);
	if (harness_has_linux_api())
		tcase_add_loop_test(states, failed_output_is_an_error, 0, 2);
	/* Without pidfds a zombie is still running. */
	if (harness_has_linux_api())
		tcase_add_test(states, stop_leaves_daemon_of_another_start);
	if (harness_has_linux_api())
		tcase_add_test(states, stop_does_not_follow_link_to_pid_file);
	tcase_add_loop_test(states, wrong_pid_files_kill_no_process, 0, 6);
	tcase_add_test(states, status_of_unreadable_pid_file_is_unknown);
	tcase_add_test(states, special_files_are_not_opened);
	tcase_add_test(states, unknown_commands_print_nothing);
	tcase_add_test(states, wrong_arguments_are_refused);
	if (harness_has_linux_api())
		tcase_add_test(states, commands_of_other_users_are_refused);
	if (harness_has_linux_api())
		tcase_add_loop_test(starts, failed_starts_report_reason, 0, 10);
	if (harness_has_linux_api())
		tcase_add_test(starts, one_of_concurrent_starts_wins);
	if (harness_has_linux_api())
		tcase_add_test(starts, run_stays_in_foreground);
	if (harness_has_linux_api())
		tcase_add_test(starts, a_forked_daemon_prints_nothing);
	tcase_add_test(starts, no_pid_file_is_needed_to_run);
	if (harness_has_linux_api())
		tcase_add_loop_test(reloads, reload_reports_result, 0, 4);
	if (harness_has_linux_api())
		tcase_add_loop_test(reloads, daemon_without_handler_gets_no_reload_signal, 0, 4);
	if (harness_has_linux_api())
		tcase_add_test(reloads, reload_without_reply_fails);
	if (harness_has_linux_api())
		tcase_add_test(reloads, force_reload_restarts_daemon_without_reload);
	if (harness_has_linux_api())
		tcase_add_test(reloads, stop_without_timeout_waits);
	if (harness_has_linux_api())
		tcase_add_test(reloads, stop_kills_daemon_after_timeout);
	if (harness_has_linux_api())
		tcase_add_test(reloads, stop_also_stops_successor);
	if (harness_has_linux_api())
		tcase_add_test(reloads, stop_fails_if_successors_never_end);
	if (harness_has_linux_api())
		tcase_add_test(reloads, lease_on_stale_file_is_reported);
	if (harness_has_linux_api())
		tcase_add_test(reloads, restart_after_failed_stop_starts_nothing);
	if (harness_has_linux_api())
		tcase_add_test(texts, status_texts_are_lines_in_pipe);
	if (harness_has_linux_api())
		tcase_add_test(texts, programs_status_handler_is_kept);
	if (harness_has_linux_api())
		tcase_add_test(texts, status_texts_are_replaced_on_terminal);
	if (harness_has_linux_api())
		tcase_add_loop_test(texts, dumb_terminals_get_plain_lines, 0, 2);
	if (harness_has_linux_api())
		tcase_add_test(texts, json_has_same_contents_as_text);
	if (harness_has_linux_api())
		tcase_add_test(texts, name_is_that_of_the_program);
	tcase_add_loop_test(texts, json_is_escaped, 0, 11);
	return harness_main(argc, argv, suite, helpers);
}
