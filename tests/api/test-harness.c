/* SPDX-License-Identifier: MIT */
/* Tests of the harness: it must detect the faults in a second run of this program. */
#include "harness/harness.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The faulty tests, run when $HARNESS_BAD is set. */

START_TEST(leaves_a_detached_process)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (fork() == 0)
			pause();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(leaves_a_descriptor)
{
	ck_assert_int_ge(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
}
END_TEST

START_TEST(closes_a_descriptor)
{
	close(0);
}
END_TEST

START_TEST(leaves_a_zombie)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	ck_assert(harness_wait_exit(pid, HARNESS_SOON));
}
END_TEST

/* Create a process that waits, in the namespace if one is given, and report its pid. */
static void leave_another(int namespace, int report)
{
	pid_t pid;

	if (namespace < 0 || setns(namespace, CLONE_NEWPID) < 0)
		unshare(CLONE_NEWPID); /* if the user is permitted to */
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	if (write(report, &pid, sizeof pid) != sizeof pid)
		_exit(1);
}

/* Process 1 of the namespace ends when its child has been reaped, which nothing does. */
START_TEST(leaves_a_namespace)
{
	int report[2], namespace;
	char path[64];
	pid_t first, other, pid;

	ck_assert_int_eq(pipe2(report, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		leave_another(-1, report[1]);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(read(report[0], &first, sizeof first), sizeof first);
	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)first);
	namespace = open(path, O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (pid == 0) {
		leave_another(namespace, report[1]);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(report[0], &other, sizeof other), sizeof other);
	close(namespace);
	close(report[0]);
	close(report[1]);
}
END_TEST

START_TEST(never_ends)
{
	harness_allow(50);
	pause();
}
END_TEST

START_TEST(is_killed)
{
	raise(SIGKILL);
}
END_TEST

START_TEST(fails_an_assertion)
{
	ck_assert_int_eq(1, 2);
}
END_TEST

START_TEST(is_skipped)
{
	harness_skip("no %s here", "such thing");
}
END_TEST

/* Report the pid of the process that it leaves behind, and wait. */
START_TEST(is_interrupted)
{
	pid_t pid = fork();
	char text[16];

	if (pid == 0) {
		setsid();
		for (;;)
			pause();
	}
	harness_write_file(harness_path("file"), "");
	snprintf(text, sizeof text, "%d\n", (int)pid);
	harness_write_file(getenv("HARNESS_STRAY"), text);
	pause();
}
END_TEST

#define ANOTHER 65534

/* Run when $HARNESS_PLACE is set. */
START_TEST(another_user_executes_program)
{
	const char *const programs[] = { harness_self, harness_path("copy") };

	/* A set-user-ID program. */
	ck_assert(harness_copy_program(harness_self, programs[1]));
	ck_assert_int_eq(chmod(programs[1], 04755), 0);
	for (size_t i = 0; i < 2; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			if (setresgid(ANOTHER, ANOTHER, ANOTHER) == 0 &&
			    setresuid(ANOTHER, ANOTHER, ANOTHER) == 0)
				execl(programs[i], programs[i], "--helper", "root", NULL);
			_exit(126);
		}
		ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), (int)i);
	}
}
END_TEST

static void add_bad_tests(Suite *suite)
{
	TCase *bad = harness_case(suite, "bad");

	if (getenv("HARNESS_STRAY")) {
		tcase_add_test(bad, is_interrupted);
		return;
	}
	tcase_add_test(bad, leaves_a_detached_process);
	tcase_add_test(bad, leaves_a_descriptor);
	tcase_add_test(bad, closes_a_descriptor);
	tcase_add_test(bad, leaves_a_zombie);
	tcase_add_test(bad, leaves_a_namespace);
	tcase_add_test(bad, never_ends);
	tcase_add_test(bad, is_killed);
	tcase_add_test(bad, fails_an_assertion);
	tcase_add_test(bad, is_skipped);
}

static struct harness_result bad_run(void)
{
	const char *const argv[] = { harness_self, NULL };
	struct harness_result result;

	unsetenv("CK_RUN_CASE");
	setenv("HARNESS_BAD", "1", 1);
	setenv("TMPDIR", harness_directory(), 1);
	result = harness_run(argv);
	ck_assert(WIFEXITED(result.status));
	ck_assert_int_eq(WEXITSTATUS(result.status), EXIT_FAILURE);
	ck_assert_ptr_nonnull(strstr(result.output, "1..9\n"));
	return result;
}

static void check_noticed(const char *test, const char *message)
{
	struct harness_result result = bad_run();
	const char *line = strstr(result.output, test), *end;

	ck_assert_ptr_nonnull(line);
	end = strchr(line, '\n');
	ck_assert_ptr_nonnull(end);
	line = strstr(line, message);
	ck_assert_msg(line && line < end, "%s", result.output);
}

START_TEST(each_fault_is_detected)
{
	static const char *const faults[][2] = {
		{ ":leaves_a_detached_process: ", "left 1 running: " },
		{ ":leaves_a_descriptor: ", "left descriptor " },
		{ ":closes_a_descriptor: ", "closed descriptor 0 (/dev/null)" },
		{ ":leaves_a_zombie: ", "left child " },
		{ ":leaves_a_namespace: ", "left " },
		{ ":never_ends: ", "killed after the timeout" },
		{ ":is_killed: ", "(Killed)" },
		{ ":fails_an_assertion: ", "Assertion '1 == 2' failed" },
		{ ":is_skipped", " # SKIP no such thing here" },
	};

	check_noticed(faults[_i][0], faults[_i][1]);
}
END_TEST

static bool has_no_entry(const char *directory)
{
	const char *const argv[] = { "ls", "-A", directory, NULL };

	return strcmp(harness_run(argv).output, "") == 0;
}

START_TEST(bad_tests_leave_nothing)
{
	bad_run();
	ck_assert(has_no_entry(harness_directory()));
	ck_assert_uint_eq(harness_count_children(getpid()), 0);
}
END_TEST

static bool has_no_child(void *data)
{
	(void)data;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return harness_count_children(getpid()) == 0;
}

/* Only the owner can enter the directory. */
static const char *private_copy(void)
{
	const char *path = harness_path("private/program");

	ck_assert_int_eq(mkdir(harness_path("private"), 0700), 0);
	ck_assert(harness_copy_program(harness_self, path));
	return path;
}

/* Interrupted as by Ctrl-C on the terminal; killed; and with a copy of the program. */
START_TEST(an_interrupted_run_leaves_nothing)
{
	const char *stray = harness_path("stray"), *directory = harness_path("tmp");
	const char *path = harness_self;
	pid_t program, pid;

	ck_assert_int_eq(mkdir(directory, 0755), 0);
	harness_adopt_orphans();
	if (_i == 2) {
		harness_need_root();
		path = private_copy();
	}
	program = fork();
	if (program == 0) {
		setpgid(0, 0);
		setenv("HARNESS_BAD", "1", 1);
		setenv("HARNESS_STRAY", stray, 1);
		setenv("TMPDIR", directory, 1);
		unsetenv("CK_RUN_CASE");
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	ck_assert(harness_wait_text(stray, "\n", HARNESS_SOON));
	pid = (pid_t)atoi(harness_read_file(stray));
	ck_assert_int_gt(pid, 1);
	ck_assert(!has_no_entry(directory));
	ck_assert_int_eq(_i == 1 ? kill(program, SIGKILL) : kill(-program, SIGINT), 0);
	/* The program, and the supervisor of its test. */
	ck_assert(harness_wait_until(has_no_child, NULL, HARNESS_SOON));
	ck_assert(has_no_entry(directory));
	ck_assert_int_lt(kill(pid, 0), 0);
}
END_TEST

START_TEST(selecting_nothing_is_an_error)
{
	static const char *const variables[] = { "CK_RUN_CASE", "CK_RUN_SUITE" };
	const char *const argv[] = { harness_self, NULL };
	struct harness_result result;

	unsetenv("CK_RUN_CASE");
	setenv("HARNESS_BAD", "1", 1);
	setenv(variables[_i], "no such name", 1);
	result = harness_run(argv);
	ck_assert(WIFEXITED(result.status));
	ck_assert_int_eq(WEXITSTATUS(result.status), EXIT_FAILURE);
	ck_assert_str_eq(
		result.output,
		_i == 0 ? "Bail out! CK_RUN_CASE=no such name selects no test; the cases are: \"bad\"\n"
			: "Bail out! CK_RUN_SUITE=no such name selects no test; the cases are: \"bad\"\n");
}
END_TEST

static void check_place(const char *program, const char *directory)
{
	const char *const argv[] = { program, NULL };
	struct harness_result result;

	setenv("HARNESS_PLACE", "1", 1);
	setenv("TMPDIR", directory, 1);
	unsetenv("CK_RUN_CASE");
	result = harness_run(argv);
	ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) == EXIT_SUCCESS,
		      "%#x: %s", (unsigned)result.status, result.output);
	ck_assert_ptr_nonnull(strstr(result.output, "1..1\n"));
	ck_assert(has_no_entry(directory));
}

START_TEST(program_in_private_directory_is_copied)
{
	const char *directory = harness_path("tmp");

	harness_need_root();
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	check_place(private_copy(), directory);
}
END_TEST

START_TEST(noexec_directory_is_not_used)
{
	static const unsigned long flags[] = { MS_NOEXEC, MS_NOSUID };
	const char *directory = harness_path("tmp");

	harness_need_root();
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", directory, "tmpfs", flags[_i], NULL) < 0)
		harness_skip("needs a mount");
	check_place(harness_self, directory);
	ck_assert_int_eq(umount(directory), 0);
}
END_TEST

/* Tools */

static int echo_main(int argc, char *argv[])
{
	char text[64];
	ssize_t count = read(0, text, sizeof text);

	(void)argc;
	if (count > 0 && write(1, text, (size_t)count) != count)
		return 1;
	if (write(2, argv[1], strlen(argv[1])) < 0)
		return 1;
	return atoi(argv[2]);
}

/* Exit code 1 for root, 0 for other users. */
static int root_main(int argc, char *argv[])
{
	(void)argc, (void)argv;
	return geteuid() == 0;
}

START_TEST(a_helper_is_run)
{
	struct harness_result result = harness_run_helper("echo", "a word", "7", NULL);

	ck_assert(WIFEXITED(result.status));
	ck_assert_int_eq(WEXITSTATUS(result.status), 7);
	ck_assert_str_eq(result.output, "");
	ck_assert_str_eq(result.error, "a word");
	ck_assert(!result.streams_held);
}
END_TEST

START_TEST(helper_reads_input)
{
	struct harness_program program = harness_spawn_helper("echo", "", "0", NULL);

	ck_assert_int_eq(write(program.input, "text\n", 5), 5);
	ck_assert_str_eq(harness_line(&program), "text");
	ck_assert_int_eq(harness_end(&program), 0);
}
END_TEST

START_TEST(stream_held_by_another_process_is_detected)
{
	const char *const argv[] = { "sh", "-c", "echo out; sleep 60 2>/dev/null & echo $!", NULL };
	struct harness_result result = harness_run(argv);
	pid_t pid;

	ck_assert(result.streams_held);
	ck_assert_int_eq(strncmp(result.output, "out\n", 4), 0);
	pid = (pid_t)atoi(result.output + 4);
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert(harness_wait_exit(pid, HARNESS_SOON));
}
END_TEST

START_TEST(waits_end_at_the_deadline)
{
	const char *path = harness_path("%s", "file");
	int64_t begin = harness_now();
	int ends[2];

	ck_assert(!harness_wait_file(path, 20));
	ck_assert(!harness_wait_text(path, "x", 20));
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert(!harness_wait_readable(ends[0], 20));
	ck_assert(!harness_wait_exit(getpid(), 20));
	ck_assert_int_ge(harness_now() - begin, 80);
	harness_write_file(path, "text");
	ck_assert(harness_wait_file(path, 0));
	ck_assert(harness_wait_text(path, "x", 0));
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert(harness_wait_readable(ends[0], 0));
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static void add_good_tests(Suite *suite)
{
	TCase *notices = harness_case(suite, "notices");
	TCase *places = harness_case(suite, "places");
	TCase *tools = harness_case(suite, "tools");

	tcase_add_loop_test(notices, each_fault_is_detected, 0, 9);
	tcase_add_test(notices, bad_tests_leave_nothing);
	tcase_add_loop_test(notices, an_interrupted_run_leaves_nothing, 0, 3);
	tcase_add_loop_test(notices, selecting_nothing_is_an_error, 0, 2);
	tcase_add_test(places, program_in_private_directory_is_copied);
	tcase_add_loop_test(places, noexec_directory_is_not_used, 0, 2);
	tcase_add_test(tools, a_helper_is_run);
	tcase_add_test(tools, helper_reads_input);
	tcase_add_test(tools, stream_held_by_another_process_is_detected);
	tcase_add_test(tools, waits_end_at_the_deadline);
}

int main(int argc, char *argv[])
{
	static const struct harness_helper helpers[] = {
		{ "echo", echo_main },
		{ "root", root_main },
		{ NULL, NULL },
	};
	Suite *suite = suite_create("harness");

	if (getenv("HARNESS_PLACE"))
		tcase_add_test(harness_case(suite, "place"), another_user_executes_program);
	else if (getenv("HARNESS_BAD"))
		add_bad_tests(suite);
	else
		add_good_tests(suite);
	return harness_main(argc, argv, suite, helpers);
}
