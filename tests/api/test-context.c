/* SPDX-License-Identifier: MIT */
/* The context as an object: setters, errors, texts, ownership; and the choice of the mode. */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>
#include <daemonkit/process.h>

static struct daemonkit_context *context;

static void make(void)
{
	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_ptr_nonnull(context);
}

static void drop(void)
{
	context = daemonkit_context_free(context);
	ck_assert_ptr_null(context);
}

/* Check that the call failed with this error and a text that contains this one. */
#define CHECK_REFUSED(call, error, text)                                                     \
	do {                                                                                 \
		ck_assert_int_eq(call, error);                                               \
		ck_assert_msg(strstr(daemonkit_error(), text), "\"%s\"", daemonkit_error()); \
	} while (0)

START_TEST(new_context_has_no_error)
{
	make();
	ck_assert_str_eq(daemonkit_error(), "");
	ck_assert_int_eq(daemonkit_context_exit_status(context), -1);
	ck_assert_int_eq(daemonkit_context_exit_code(context), 1);
	ck_assert_int_eq(daemonkit_was_reborn(), 0);
	drop();
	ck_assert_ptr_null(daemonkit_context_free(NULL));
}
END_TEST

START_TEST(null_arguments_are_errors)
{
	struct daemonkit_process *process = NULL;
	gid_t *none = NULL;

	HARNESS_REFUSES_NULL(daemonkit_context_new(NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_set_pid_file(NULL, "x", 0));
	HARNESS_REFUSES_NULL(daemonkit_context_set_pid_file_optional(NULL, 1));
	HARNESS_REFUSES_NULL(daemonkit_context_set_log_file(NULL, "x", 0));
	HARNESS_REFUSES_NULL(daemonkit_context_set_log_fd(NULL, 1));
	HARNESS_REFUSES_NULL(daemonkit_context_set_output_file(NULL, "x", 0));
	HARNESS_REFUSES_NULL(daemonkit_context_set_work_dir(NULL, "/"));
	HARNESS_REFUSES_NULL(daemonkit_context_set_chroot(NULL, "/"));
	HARNESS_REFUSES_NULL(daemonkit_context_set_args(NULL, NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_set_env(NULL, NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_set_credential(NULL, 0, 0, NULL, 0));
	HARNESS_REFUSES_NULL(daemonkit_context_set_user(NULL, "root", NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_keep_groups(NULL, 1));
	HARNESS_REFUSES_NULL(daemonkit_context_set_program(NULL, "/x"));
	HARNESS_REFUSES_NULL(daemonkit_context_set_umask(NULL, 0));
	HARNESS_REFUSES_NULL(daemonkit_context_set_mode(NULL, 0));
	HARNESS_REFUSES_NULL(daemonkit_context_set_ready_timeout(NULL, 0));
	HARNESS_REFUSES_NULL(daemonkit_context_keep_fd(NULL, 3));
	HARNESS_REFUSES_NULL(daemonkit_context_keep_all_fds(NULL, 1));
	HARNESS_REFUSES_NULL(daemonkit_context_confine_later(NULL, 1));
	HARNESS_REFUSES_NULL(daemonkit_context_confine(NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_set_status_handler(NULL, NULL, NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_reborn(NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_search(NULL, &process));
	HARNESS_REFUSES_NULL(daemonkit_context_release(NULL));
	HARNESS_REFUSES_NULL(daemonkit_context_reopen_log(NULL));
	ck_assert_int_eq(daemonkit_context_exit_status(NULL), -1);
	ck_assert_int_eq(daemonkit_context_exit_code(NULL), 1);
	make();
	HARNESS_REFUSES_NULL(daemonkit_context_search(context, NULL));
	ck_assert_int_eq(daemonkit_context_set_credential(context, 0, 0, none, 1), -EINVAL);
	drop();
}
END_TEST

/* The context owns the descriptor: it closes the one before, but not the same one. */
START_TEST(notification_descriptor_is_replaced)
{
	int one, other;

	make();
	one = open("/dev/null", O_WRONLY);
	other = open("/dev/null", O_WRONLY);
	ck_assert_int_eq(daemonkit_notify_take_fd(context, one), 0);
	ck_assert_int_eq(fcntl(one, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(daemonkit_notify_take_fd(context, one), 0);
	ck_assert_int_eq(fcntl(one, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(daemonkit_notify_take_fd(context, 1000), -EBADF);
	ck_assert_int_eq(daemonkit_notify_take_fd(context, STDERR_FILENO), -EBADF);
	ck_assert_int_eq(daemonkit_notify_take_fd(context, other), 0);
	ck_assert_int_lt(fcntl(one, F_GETFD), 0);
	ck_assert_int_eq(daemonkit_notify_take_fd(context, -1), 0);
	ck_assert_int_lt(fcntl(other, F_GETFD), 0);
	drop();
}
END_TEST

/* paths and modes */
START_TEST(paths_are_checked)
{
	char long_path[PATH_MAX + 10];

	memset(long_path, 'x', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	make();
	CHECK_REFUSED(daemonkit_context_set_pid_file(context, "", 0), -EINVAL, "pid file");
	CHECK_REFUSED(daemonkit_context_set_pid_file(context, "x", 01000), -EINVAL, "1000");
	CHECK_REFUSED(daemonkit_context_set_pid_file(context, long_path, 0), -ENAMETOOLONG,
		      "pid file xxx");
	CHECK_REFUSED(daemonkit_context_set_log_file(context, "", 0), -EINVAL, "log file");
	CHECK_REFUSED(daemonkit_context_set_log_file(context, "x", 04644), -EINVAL, "4644");
	CHECK_REFUSED(daemonkit_context_set_log_file(context, long_path, 0), -ENAMETOOLONG,
		      "log file xxx");
	CHECK_REFUSED(daemonkit_context_set_output_file(context, "", 0), -EINVAL, "output file");
	CHECK_REFUSED(daemonkit_context_set_output_file(context, "x", 01000), -EINVAL, "1000");
	CHECK_REFUSED(daemonkit_context_set_work_dir(context, ""), -EINVAL, "working directory");
	CHECK_REFUSED(daemonkit_context_set_chroot(context, "jail"), -EINVAL, "\"jail\"");
	long_path[0] = '/';
	CHECK_REFUSED(daemonkit_context_set_work_dir(context, long_path), -ENAMETOOLONG, "/xxx");
	CHECK_REFUSED(daemonkit_context_set_chroot(context, long_path), -ENAMETOOLONG, "/xxx");
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, "x", 0777), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, NULL, 0), 0);
	ck_assert_int_eq(daemonkit_context_set_log_file(context, "x", 0600), 0);
	ck_assert_int_eq(daemonkit_context_set_log_file(context, NULL, 0), 0);
	ck_assert_int_eq(daemonkit_context_set_work_dir(context, "/tmp"), 0);
	ck_assert_int_eq(daemonkit_context_set_work_dir(context, "./"), 0);
	ck_assert_int_eq(daemonkit_context_set_work_dir(context, NULL), 0);
	ck_assert_int_eq(daemonkit_context_set_chroot(context, "/tmp"), 0);
	ck_assert_int_eq(daemonkit_context_set_chroot(context, NULL), 0);
	drop();
}
END_TEST

START_TEST(relative_path_without_a_working_directory)
{
	pid_t pid;
	int status;

	make();
	ck_assert_int_eq(mkdir(harness_path("gone"), 0755), 0);
	/* In a child: the test needs its own working directory. */
	pid = fork();
	if (pid == 0) {
		if (chdir(harness_path("gone")) != 0 || rmdir(harness_path("gone")) != 0)
			_exit(1);
		if (daemonkit_context_set_pid_file(context, "pid", 0) != -ENOENT)
			_exit(2);
		_exit(strstr(daemonkit_error(), "pid file pid") ? 0 : 3);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	drop();
}
END_TEST

/* A refused value changes nothing: the earlier valid value remains. */
START_TEST(refused_values_change_nothing)
{
	struct daemonkit_process *process = (void *)&context;

	make();
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, harness_path("pid"), 0), 0);
	CHECK_REFUSED(daemonkit_context_set_pid_file(context, "", 0), -EINVAL, "");
	CHECK_REFUSED(daemonkit_context_set_pid_file(context, "other", 010000), -EINVAL, "");
	CHECK_REFUSED(daemonkit_context_search(context, &process), -ESRCH, harness_path("pid"));
	ck_assert_ptr_eq(process, (void *)&context);
	drop();
}
END_TEST

/* go-daemon: SetLogFile(fd) */
START_TEST(log_descriptors_are_checked)
{
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct rlimit before, none;
	size_t fds;

	make();
	fds = harness_count_fds();
	CHECK_REFUSED(daemonkit_context_set_log_fd(context, 999), -EBADF, "descriptor 999");
	CHECK_REFUSED(daemonkit_context_set_log_fd(context, -2), -EBADF, "descriptor -2");
	CHECK_REFUSED(daemonkit_context_set_log_fd(context, input), -EBADF, "not open for writing");
	ck_assert_int_eq(daemonkit_context_set_log_fd(context, output), 0);
	ck_assert_int_eq(daemonkit_context_set_log_fd(context, output), 0);
	ck_assert_uint_eq(harness_count_fds(), fds + 1);
	ck_assert_int_eq(daemonkit_context_set_log_fd(context, -1), 0);
	ck_assert_uint_eq(harness_count_fds(), fds);
	ck_assert_int_eq(daemonkit_context_set_log_fd(context, output), 0);
	ck_assert_int_eq(daemonkit_context_set_log_file(context, "x", 0), 0);
	ck_assert_uint_eq(harness_count_fds(), fds);
	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = (rlim_t)dup(output);
	close((int)none.rlim_cur);
	setrlimit(RLIMIT_NOFILE, &none);
	CHECK_REFUSED(daemonkit_context_set_log_fd(context, 1), -EMFILE, strerror(EMFILE));
	/* No descriptor number is left. */
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	CHECK_REFUSED(daemonkit_context_set_log_fd(context, 1), -EMFILE, strerror(EMFILE));
	CHECK_REFUSED(daemonkit_context_pass_fd(context, "it", 1), -EMFILE, strerror(EMFILE));
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_int_eq(daemonkit_context_set_log_fd(context, output), 0);
	drop();
	/* The caller still owns it. */
	ck_assert_int_eq(close(input), 0);
	ck_assert_int_eq(close(output), 0);
}
END_TEST

/* go-daemon: Env, Args */
START_TEST(strings_are_checked)
{
	char word[] = "word", variable[] = "NAME=value", empty[] = "=";
	char *nothing[] = { NULL }, *arguments[] = { word, NULL };
	char *bad[] = { variable, word, NULL }, *good[] = { variable, empty, NULL };

	make();
	CHECK_REFUSED(daemonkit_context_set_args(context, nothing), -EINVAL, "argv[0]");
	CHECK_REFUSED(daemonkit_context_set_env(context, bad), -EINVAL, "\"word\"");
	ck_assert_int_eq(daemonkit_context_set_args(context, arguments), 0);
	ck_assert_int_eq(daemonkit_context_set_args(context, NULL), 0);
	ck_assert_int_eq(daemonkit_context_set_env(context, good), 0);
	ck_assert_int_eq(daemonkit_context_set_env(context, nothing), 0);
	ck_assert_int_eq(daemonkit_context_set_env(context, NULL), 0);
	drop();
}
END_TEST

/* go-daemon: Credential */
START_TEST(users_are_checked)
{
	/* The limit of the kernel, which may differ from that of the C library. */
	const size_t most = harness_has_linux_api() ? 65536 : (size_t)sysconf(_SC_NGROUPS_MAX);
	gid_t *groups = harness_memory((most + 1) * sizeof *groups);

	make();
	CHECK_REFUSED(daemonkit_context_set_credential(context, (uid_t)-1, 0, NULL, 0), -EINVAL,
		      "credential");
	CHECK_REFUSED(daemonkit_context_set_credential(context, 0, (gid_t)-1, NULL, 0), -EINVAL,
		      "credential");
	CHECK_REFUSED(daemonkit_context_set_credential(context, 0, 0, groups, most + 1), -EINVAL,
		      "credential");
	ck_assert_int_eq(daemonkit_context_set_credential(context, 1, 1, groups, most), 0);
	CHECK_REFUSED(daemonkit_context_set_user(context, "no such user", NULL), -ENOENT,
		      "no such user");
	CHECK_REFUSED(daemonkit_context_set_user(context, "root", "no such group"), -ENOENT,
		      "group no such group");
	ck_assert_int_eq(daemonkit_context_set_user(context, NULL, "root"), 0);
	CHECK_REFUSED(daemonkit_context_set_user(context, "3456789", NULL), -ENOENT,
		      "3456789:GROUP");
	CHECK_REFUSED(daemonkit_context_set_user(context, "4294967295", "0"), -ENOENT,
		      "no such user");
	CHECK_REFUSED(daemonkit_context_set_user(context, "0", "4294967295"), -ENOENT,
		      "no such group");
	CHECK_REFUSED(daemonkit_context_set_user(context, "root:", NULL), -EINVAL, "USER:GROUP");
	CHECK_REFUSED(daemonkit_context_set_user(context, ":root", NULL), -EINVAL, "USER:GROUP");
	CHECK_REFUSED(daemonkit_context_set_user(context, "root:root", "root"), -EINVAL,
		      "USER:GROUP");
	ck_assert_int_eq(daemonkit_context_set_user(context, "3456789", "1"), 0);
	ck_assert_int_eq(daemonkit_context_set_user(context, "3456789:3456790", NULL), 0);
	ck_assert_int_eq(daemonkit_context_set_user(context, "root:root", NULL), 0);
	ck_assert_int_eq(daemonkit_context_set_user(context, "root", "root"), 0);
	ck_assert_int_eq(daemonkit_context_set_user(context, "root", NULL), 0);
	ck_assert_int_eq(daemonkit_context_set_user(context, NULL, NULL), 0);
	drop();
}
END_TEST

/* go-daemon: Umask */
START_TEST(numbers_are_checked)
{
	make();
	CHECK_REFUSED(daemonkit_context_set_umask(context, 01000), -EINVAL, "umask");
	CHECK_REFUSED(daemonkit_context_set_umask(context, (mode_t)-1), -EINVAL, "umask");
	ck_assert_int_eq(daemonkit_context_set_umask(context, 0), 0);
	ck_assert_int_eq(daemonkit_context_set_umask(context, 0777), 0);
	CHECK_REFUSED(daemonkit_context_set_mode(context, -1), -EINVAL, "mode -1");
	CHECK_REFUSED(daemonkit_context_set_mode(context, 5), -EINVAL, "mode 5");
	CHECK_REFUSED(daemonkit_context_keep_fd(context, 2), -EINVAL, "descriptor 2");
	CHECK_REFUSED(daemonkit_context_keep_fd(context, -1), -EINVAL, "descriptor -1");
	CHECK_REFUSED(daemonkit_context_keep_fd(context, 900), -EBADF, "descriptor 900");
	CHECK_REFUSED(daemonkit_context_set_ready_timeout(context, 0), -EINVAL,
		      "DAEMONKIT_UNTIL_SET_UP");
	CHECK_REFUSED(daemonkit_context_set_ready_timeout(context, DAEMONKIT_NEVER), -EINVAL,
		      "DAEMONKIT_NEVER");
	ck_assert_int_eq(daemonkit_context_set_ready_timeout(context, DAEMONKIT_UNTIL_SET_UP), 0);
	ck_assert_int_eq(daemonkit_context_set_ready_timeout(context, DAEMONKIT_FOREVER), 0);
	ck_assert_int_eq(daemonkit_context_set_ready_timeout(context, INT_MIN), 0);
	ck_assert_int_eq(daemonkit_context_set_ready_timeout(context, INT_MAX), 0);
	drop();
}
END_TEST

/* Search, release and notify in a process that is not a daemon */
START_TEST(functions_of_daemon_fail_in_other_processes)
{
	struct daemonkit_process *process = (void *)&context;

	make();
	CHECK_REFUSED(daemonkit_context_search(context, &process), -EINVAL, "no pid file");
	ck_assert_ptr_eq(process, (void *)&context);
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	CHECK_REFUSED(daemonkit_context_reopen_log(context), -EPERM, "not the daemon");
	CHECK_REFUSED(daemonkit_notify_ready(context), -EPERM, "not the daemon");
	CHECK_REFUSED(daemonkit_notify_failed(context, -1, "x"), -EPERM, "not the daemon");
	CHECK_REFUSED(daemonkit_notify_status(context, "x"), -EPERM, "not the daemon");
	CHECK_REFUSED(daemonkit_notify_extend_timeout(context, 1), -EPERM, "not the daemon");
	drop();
}
END_TEST

/* ---- the four modes ---- */

/* Did the launcher itself become the daemon? */
static bool was_foreground(const struct harness_result *result)
{
	bool foreground;

	/* A launcher prints its result; it may have exited by then. */
	foreground = strstr(result->output, "result ") == NULL;
	ck_assert_msg(result->status == 0 || !foreground, "%#x: %s", (unsigned)result->status,
		      result->error);
	ck_assert_int_eq(probe_number("reborn"), !foreground);
	if (!foreground)
		ck_assert(harness_wait_exit((pid_t)probe_number("pid"), HARNESS_SOON));
	unlink(harness_path("report"));
	return foreground;
}

/* Run the probe in a shell with these assignments before the command. */
static bool is_foreground(const char *assignments, const char *mode)
{
	char script[1024];
	const char *argv[] = {
		"sh", "-c", script, harness_self, harness_path("report"), mode, NULL
	};
	struct harness_result result;

	snprintf(script, sizeof script, "%s exec \"$0\" --helper probe $1 $2 daemon:report",
		 assignments);
	result = harness_run(argv);
	return was_foreground(&result);
}

START_TEST(mode_auto_without_supervisor_is_no_foreground)
{
	ck_assert(!is_foreground("", "mode=auto"));
	ck_assert(!is_foreground("SYSTEMD_EXEC_PID=$$", "mode=auto"));
	ck_assert(!is_foreground("NOTIFY_SOCKET=", "mode=auto"));
	ck_assert(is_foreground("", "mode=foreground"));
	ck_assert(!is_foreground("", "mode=reborn"));
}
END_TEST

START_TEST(mode_auto_under_a_service_manager)
{
	static const char *const pids[] = { "", "SYSTEMD_EXEC_PID=$$", "SYSTEMD_EXEC_PID=1" };

	/* Nobody listens at this address; the messages are for another program. */
	for (size_t i = 0; i < 3; i++) {
		char assignments[512];

		snprintf(assignments, sizeof assignments, "NOTIFY_SOCKET=%s %s",
			 harness_path("socket"), pids[i]);
		ck_assert_int_eq(is_foreground(assignments, "mode=auto"), i < 2);
	}
}
END_TEST

/* The launcher forks the daemon, which is no second copy. */
START_TEST(mode_auto_fork_forks)
{
	struct probe probe = probe_run("mode=auto-fork daemon:report daemon:wait");

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("reborn"), 0);
	probe_kill(&probe);
	unlink(harness_path("report"));
	/* No socket has this address. */
	ck_assert(is_foreground("NOTIFY_SOCKET=/nobody", "mode=auto-fork"));
}
END_TEST

START_TEST(mode_auto_as_pid_1)
{
	pid_t pid;
	int status;

	harness_need_root();
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID) != 0)
			_exit(77);
		pid = fork();
		if (pid == 0) {
			execl(harness_self, harness_self, "--helper", "probe",
			      harness_path("report"), "mode=auto", "daemon:report", NULL);
			_exit(127);
		}
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	if (WEXITSTATUS(status) == 77)
		harness_skip("no pid namespaces here");
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(probe_number("pid"), 1);
	ck_assert_int_eq(probe_number("reborn"), 0);
}
END_TEST

START_TEST(mode_foreground_does_not_fork)
{
	struct harness_program program = probe_spawn(
		"mode=foreground pid=@/run/pid log=@/log umask=0 workdir=@/run open=3 keep=3 "
		"daemon:print=x daemon:report daemon:up daemon:again daemon:release daemon:input");
	int status;

	ck_assert_int_eq(probe_number("pid"), program.pid);
	ck_assert_int_eq(probe_number("sid"), getsid(0));
	ck_assert_int_eq(probe_number("reborn"), 0);
	ck_assert_str_eq(probe_fact("umask"), "0000");
	ck_assert_str_eq(probe_fact("cwd"), harness_path("run"));
	ck_assert_str_eq(harness_read_file(harness_path("log")), "x");
	/* It keeps its descriptors; its input comes from the supervisor. */
	ck_assert(probe_has_fact("fd3"));
	ck_assert_ptr_nonnull(strstr(probe_fact("fd0"), "pipe:"));
	ck_assert(harness_wait_text(harness_path("report"), "released 0", HARNESS_SOON));
	ck_assert_ptr_nonnull(strstr(harness_read_file(harness_path("report")), "notified 0"));
	ck_assert_int_eq(probe_number("again"), -EPERM);
	ck_assert_int_eq(probe_number("exit-code"), 0);
	probe_check_nothing_left();
	status = harness_end(&program);
	ck_assert_int_eq(status, 0);
}
END_TEST

static const char *foreground_directory(const char *words)
{
	struct probe probe;
	const char *directory;

	probe = probe_run("mode=foreground first:chdir=@/run %s daemon:report", words);
	ck_assert_int_eq(probe.end, 0);
	directory = probe_fact("cwd");
	unlink(harness_path("report"));
	return directory;
}

START_TEST(foreground_daemon_stays_in_its_directory)
{
	ck_assert_str_eq(foreground_directory("umask=022"), harness_path("run"));
	ck_assert_str_eq(foreground_directory("workdir=/"), "/");
	if (geteuid() == 0 && harness_has_call("chroot"))
		ck_assert_str_eq(foreground_directory("chroot=/"), "/");
}
END_TEST

START_TEST(mode_foreground_that_fails)
{
	struct probe probe = probe_run("mode=foreground pid=@/run/pid workdir=@/missing");

	probe_check_failed(&probe, -ENOENT, "working directory");
	ck_assert_int_eq(probe.status, -1);
	ck_assert_int_eq(WEXITSTATUS(probe.end), 1);
	probe_check_nothing_left();
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("context");
	TCase *object = harness_case(suite, "object");
	TCase *mode = harness_case(suite, "mode");

	tcase_add_test(object, new_context_has_no_error);
	tcase_add_test(object, null_arguments_are_errors);
	tcase_add_test(object, notification_descriptor_is_replaced);
	tcase_add_test(object, paths_are_checked);
	tcase_add_test(object, relative_path_without_a_working_directory);
	tcase_add_test(object, refused_values_change_nothing);
	tcase_add_test(object, log_descriptors_are_checked);
	tcase_add_test(object, strings_are_checked);
	tcase_add_test(object, users_are_checked);
	tcase_add_test(object, numbers_are_checked);
	tcase_add_test(object, functions_of_daemon_fail_in_other_processes);
	tcase_add_test(mode, mode_auto_without_supervisor_is_no_foreground);
	tcase_add_test(mode, mode_auto_fork_forks);
	tcase_add_test(mode, foreground_daemon_stays_in_its_directory);
	tcase_add_test(mode, mode_auto_under_a_service_manager);
	tcase_add_test(mode, mode_auto_as_pid_1);
	tcase_add_test(mode, mode_foreground_does_not_fork);
	tcase_add_test(mode, mode_foreground_that_fails);
	return harness_main(argc, argv, suite, probe_helpers);
}
