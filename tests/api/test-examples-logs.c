/* SPDX-License-Identifier: MIT */
/* The examples about logs, run as users do. */
#include "harness/example-tools.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_command(const char *path, const char *word, int exit_code)
{
	run((const char *const[]){ path, "-s", word, NULL }, exit_code);
}

/* ---- pipe ---- */

/* The launcher prints everything that the daemon has printed, in order. Returns the rest. */
static const char *check_steps(const char *output, int steps)
{
	for (int step = 1; step <= steps; step++) {
		char line[64];
		size_t length = (size_t)sprintf(line, "step %d of %d\n", step, steps);

		ck_assert_msg(strncmp(output, line, length) == 0, "expected %s, got %.40s", line,
			      output);
		output += length;
	}
	return output;
}

static const char *const steps[] = { "3", "0", "100000" };

START_TEST(launcher_prints_what_the_daemon_prints)
{
	const char *path = example("pipe");
	struct harness_result result;
	char last[64];
	pid_t pid;

	harness_adopt_orphans();
	/* Also far more than the capacity of a pipe. */
	result = run((const char *const[]){ path, "-n", steps[_i], NULL }, 0);
	ck_assert_str_eq(result.error, "");
	pid = pid_in("pipe.pid");
	snprintf(last, sizeof last, "ready\npipe: started, process %d\n", (int)pid);
	ck_assert_str_eq(check_steps(result.output, atoi(steps[_i])), last);
	run_command(path, "stop", 0);
	check_end(pid, 0);
	ck_assert(!exists("pipe.pid"));
	run_command(path, "stop", 7);
}
END_TEST

START_TEST(launcher_prints_until_the_daemon_dies)
{
	const char *path = example("pipe");
	const char *const argv[] = { path, "-n", "1000000000", NULL };
	struct harness_program program;
	char bytes[65536];
	int status;

	program = harness_spawn(argv);
	ck_assert_str_eq(harness_line(&program), "step 1 of 1000000000");
	ck_assert_int_eq(kill(pid_in("pipe.pid"), SIGKILL), 0);
	while (read(program.output, bytes, sizeof bytes) > 0)
		;
	status = harness_end(&program);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
}
END_TEST

START_TEST(second_pipe_is_refused)
{
	const char *path = example("pipe");
	const char *const argv[] = { path, NULL };
	struct harness_result result;
	pid_t pid;

	harness_adopt_orphans();
	run(argv, 0);
	pid = pid_in("pipe.pid");
	result = run(argv, 1);
	ck_assert_str_eq(result.output, "");
	ck_assert_msg(strstr(result.error, "pipe.pid") != NULL, "%s", result.error);
	run_command(path, "stop", 0);
	check_end(pid, 0);
	ck_assert(!exists("pipe.pid"));
	run_command(path, "halt", 2);
}
END_TEST

/* ---- log-rotation ---- */

static const char *old_log(int age)
{
	return age == 0 ? harness_path("log-rotation.log")
			: harness_path("log-rotation.log.%d", age);
}

/* Check the lines of a log, which follow line "last" unless that is 0; returns the last one. */
static long check_lines(const char *path, long last, bool is_end)
{
	const char *at = harness_read_file(path);

	while (strncmp(at, "line ", 5) == 0) {
		char *end;
		long line = strtol(at + 5, &end, 10);

		ck_assert_msg(*end == '\n', "torn in %s: %.40s", path, at);
		ck_assert_msg(last == 0 || line == last + 1, "line %ld follows %ld in %s", line,
			      last, path);
		last = line;
		at = end + 1;
	}
	ck_assert_str_eq(at, is_end ? "stopped\n" : "");
	return last;
}

static long check_logs(int oldest)
{
	long last = oldest < 4 ? check_lines(old_log(oldest), 0, oldest == 0) : 0;

	if (oldest < 4)
		ck_assert_int_eq(strncmp(harness_read_file(old_log(oldest)), "line 1\n", 7), 0);
	else
		last = check_lines(old_log(oldest), 0, false);
	while (oldest-- > 0)
		last = check_lines(old_log(oldest), last, oldest == 0);
	return last;
}

START_TEST(rotates_by_itself)
{
	const char *path = example("log-rotation");
	struct stat status;
	pid_t pid;

	harness_adopt_orphans();
	run((const char *const[]){ path, "-m", "2000", "-i", "1", NULL }, 0);
	pid = pid_in("log-rotation.pid");
	ck_assert(harness_wait_file(old_log(4), 3 * HARNESS_SOON));
	run_command(path, "stop", 0);
	check_end(pid, 0);
	ck_assert(!exists("log-rotation.pid"));
	ck_assert_int_gt(check_logs(4), 4 * (2000 / 12));
	for (int age = 1; age <= 4; age++) {
		ck_assert_int_eq(stat(old_log(age), &status), 0);
		ck_assert(status.st_size >= 2000 && status.st_size < 2020);
	}
	ck_assert_int_lt(access(old_log(5), F_OK), 0);
	run_command(path, "stop", 7);
}
END_TEST

START_TEST(rotates_on_command)
{
	const char *path = example("log-rotation");
	pid_t pid;

	harness_adopt_orphans();
	run((const char *const[]){ path, "-i", "1", NULL }, 0);
	pid = pid_in("log-rotation.pid");
	for (int age = 1; age <= 3; age++) {
		ck_assert(harness_wait_text(old_log(0), "\n", HARNESS_SOON));
		run_command(path, "rotate", 0);
		ck_assert(harness_wait_file(old_log(age), HARNESS_SOON));
		ck_assert(harness_wait_file(old_log(0), HARNESS_SOON));
	}
	run_command(path, "turn", 2);
	run_command(path, "stop", 0);
	check_end(pid, 0);
	ck_assert(!exists("log-rotation.pid"));
	check_logs(3);
}
END_TEST

/* As the comment in the example recommends. */
START_TEST(logrotate_rotates)
{
	const char *path = example("log-rotation");
	const char *const rotate[] = { "logrotate",          "-f", "-s", harness_path("state"),
				       harness_path("conf"), NULL };
	char text[8192];
	pid_t pid;

	snprintf(text, sizeof text, "%s:/usr/sbin:/sbin", getenv("PATH"));
	setenv("PATH", text, 1);
	if (system("logrotate --version >/dev/null 2>&1") != 0)
		harness_skip("logrotate is not installed");
	snprintf(text, sizeof text,
		 "%s {\n\tweekly\n\trotate 4\n\tmissingok\n\tdelaycompress\n\tnocreate\n"
		 "\tpostrotate\n\t\t'%s' -p '%s' -s reopen || test $? = 7\n\tendscript\n}\n",
		 old_log(0), path, harness_path("log-rotation.pid"));
	harness_write_file(harness_path("conf"), text);
	ck_assert_int_eq(chmod(harness_path("conf"), 0644), 0);
	harness_adopt_orphans();
	/* So slowly that it does not rotate by itself meanwhile. */
	run((const char *const[]){ path, "-i", "1", NULL }, 0);
	pid = pid_in("log-rotation.pid");
	for (int age = 1; age <= 3; age++) {
		run(rotate, 0);
		ck_assert(harness_wait_file(old_log(age), HARNESS_SOON));
		ck_assert(harness_wait_text(old_log(0), "\n", HARNESS_SOON));
	}
	run_command(path, "stop", 0);
	check_end(pid, 0);
	ck_assert(!exists("log-rotation.pid"));
	check_logs(3);
	/* Without a daemon, and without its log. */
	for (int age = 0; age < 2; age++) {
		run(rotate, 0);
		ck_assert(!exists(old_log(0)));
	}
}
END_TEST

START_TEST(invalid_numbers_are_refused)
{
	static const char *const words[] = { "-m0", "-m1x", "-m", "-i-1", "-i1x" };
	const char *const argv[] = { example("log-rotation"), words[_i], NULL };

	check_has(run(argv, 2).error, "usage: ");
	ck_assert(!exists("log-rotation.pid"));
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("examples-logs");
	TCase *pipes = harness_case(suite, "pipe"), *rotation = harness_case(suite, "log-rotation");

	tcase_add_loop_test(pipes, launcher_prints_what_the_daemon_prints, 0, 3);
	tcase_add_test(pipes, launcher_prints_until_the_daemon_dies);
	tcase_add_test(pipes, second_pipe_is_refused);
	tcase_add_test(rotation, rotates_by_itself);
	tcase_add_test(rotation, rotates_on_command);
	tcase_add_test(rotation, logrotate_rotates);
	tcase_add_loop_test(rotation, invalid_numbers_are_refused, 0, 5);
	return harness_main(argc, argv, suite, NULL);
}
