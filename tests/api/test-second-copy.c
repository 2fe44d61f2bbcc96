/* SPDX-License-Identifier: MIT */
/* The second copy begins as the launcher began: in its directory, with its standard input. */
#include "harness/probe.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READY "ready=60000 "

static const char *current_directory(void)
{
	char *path = harness_memory(PATH_MAX);

	ck_assert_ptr_nonnull(getcwd(path, PATH_MAX));
	return path;
}

/* ---- the working directory ---- */

START_TEST(second_copy_begins_in_the_directory_of_the_launcher)
{
	struct probe probe = probe_run("%s " READY "first:chdir=@/run second:began daemon:report "
				       "daemon:up daemon:wait launcher:where=@/launcher "
				       "launcher:began launcher:end",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("began"), current_directory());
	ck_assert_str_eq(probe_fact("cwd"), "/");
	probe_kill(&probe);
	/* The launcher itself stays where it is. */
	probe_read(harness_path("launcher"));
	ck_assert_str_eq(probe_fact("began"), harness_path("run"));
}
END_TEST

/* Make a directory and go there. */
static void enter(const char *name)
{
	ck_assert_int_eq(mkdir(harness_path("%s", name), 0755), 0);
	ck_assert_int_eq(chdir(harness_path("%s", name)), 0);
}

START_TEST(removed_directory_is_an_error)
{
	struct probe probe;

	enter("gone");
	probe = probe_run("%s pid=@/run/pid first:chdir=/ first:rmdir=@/gone", probe_ways[_i]);
	probe_check_failed(&probe, -ENOENT, "/gone, in which this program began");
	probe_check_nothing_left();
}
END_TEST

START_TEST(replaced_directory_is_an_error)
{
	struct probe probe;

	enter("other");
	probe = probe_run("%s first:chdir=/ first:rename=@/other,@/moved "
			  "first:rename=@/run,@/other",
			  probe_ways[_i]);
	probe_check_failed(&probe, -ESTALE, "/other, in which this program began");
}
END_TEST

/* It begins in a directory that has no name. */
START_TEST(launcher_may_stay_in_a_removed_directory)
{
	struct probe probe;

	enter("gone");
	probe = probe_run("%s first:rmdir=@/gone daemon:report daemon:wait", probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), "/");
	probe_kill(&probe);
}
END_TEST

/* As a user without access to it, in which root has executed the program. */
START_TEST(launcher_may_stay_in_a_private_directory)
{
	struct probe probe;

	harness_need_root();
	enter("private");
	ck_assert_int_eq(chmod(harness_path("private"), 0700), 0);
	ck_assert_int_eq(chmod(harness_directory(), 0777), 0);
	probe = probe_run("%s first:become=65534 daemon:report daemon:wait", probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), "/");
	probe_kill(&probe);
	/* But not in another one: a second copy could not go back. */
	if (_i >= PROBE_REBORN_WAYS)
		return;
	probe = probe_run("%s first:become=65534 first:chdir=/", probe_ways[_i]);
	probe_check_failed(&probe, -EACCES, "/private, in which this program began");
}
END_TEST

/* ---- standard input ---- */

/* Run the probe with this redirection, and shell commands before it. */
static struct probe run_with_input(const char *before, const char *redirection, const char *words)
{
	const char *path = harness_path("wrapper");
	char script[PATH_MAX + 256];

	snprintf(script, sizeof script, "#!/bin/sh\n%s\n%s exec '%s' \"$@\"\n", redirection, before,
		 harness_self);
	harness_write_file(path, script);
	ck_assert_int_eq(chmod(path, 0755), 0);
	return probe_run_program(path, words);
}

static const char *from_file(const char *text)
{
	char *redirection = harness_memory(PATH_MAX + 16);

	harness_write_file(harness_path("input"), text);
	snprintf(redirection, PATH_MAX + 16, "exec < '%s'", harness_path("input"));
	return redirection;
}

/* By stdio, to the end; by read(2). */
static const char *const readers[] = { "gets=3", "read=8" };

START_TEST(file_is_read_again)
{
	char words[512];
	struct probe probe;

	snprintf(words, sizeof words,
		 "mode=reborn " READY "%s daemon:report daemon:up launcher:where=@/launcher "
		 "launcher:gets=1 launcher:end",
		 readers[_i]);
	/* Nothing is left for the launcher after either. */
	probe = run_with_input("", from_file("port 1\n\n"), words);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("read"), "port 1");
	ck_assert(harness_wait_exit(probe.result, HARNESS_SOON));
	probe_read(harness_path("launcher"));
	ck_assert_str_eq(probe_fact("read"), "nothing");
}
END_TEST

/* A shell has read the first line, and the launcher has more to read than the second copy. */
START_TEST(file_is_read_from_where_the_launcher_began)
{
	struct probe probe = run_with_input(
		"read line;", from_file("one\ntwo\nthree\nfour\n"),
		"mode=reborn " READY
		"first:where=@/launcher first:read=4 first:read=6 second:read=4 "
		"daemon:report daemon:up launcher:gets=1 launcher:end");

	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("read"), "two");
	ck_assert(harness_wait_exit(probe.result, HARNESS_SOON));
	ck_assert_ptr_nonnull(strstr(harness_read_file(harness_path("launcher")), "read four"));
}
END_TEST

/* Another file is its standard input by now. */
START_TEST(replaced_input_is_left_alone)
{
	struct probe probe;

	harness_write_file(harness_path("other"), "five\nsix\n");
	probe = run_with_input("", from_file("one\ntwo\n"),
			       "mode=reborn " READY
			       "first:input-from=@/other first:where=@/launcher "
			       "first:read=5 second:read=4 daemon:report daemon:up");
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("read"), "six");
	ck_assert(harness_wait_exit(probe.result, HARNESS_SOON));
}
END_TEST

#define FROM_PIPE "printf 'port 2\\nport 3\\n' |"

START_TEST(pipe_that_was_read_is_an_error)
{
	struct probe probe = run_with_input(FROM_PIPE, "",
					    _i == 0 ? "mode=reborn pid=@/run/pid first:gets=1"
						    : "mode=reborn pid=@/run/pid first:gets=9");

	probe_check_failed(&probe, -ESPIPE, "daemonkit_context_set_payload");
	probe_check_nothing_left();
}
END_TEST

START_TEST(pipe_may_be_read_if_that_does_no_harm)
{
	static const char *const words[] = {
		"mode=reborn " READY "first:gets=9 first:open=30 pass=x:30 daemon:report daemon:up",
		"mode=reborn " READY "second:gets=1 daemon:report daemon:up",
		"mode=fork " READY "first:gets=9 daemon:report daemon:up",
		"mode=foreground first:gets=9 daemon:report daemon:up",
	};
	struct probe probe = run_with_input(FROM_PIPE, "", words[_i]);

	if (_i == 3)
		ck_assert_int_eq(probe.end, 0);
	else
		probe_check_up(&probe);
	if (_i > 0)
		ck_assert_str_eq(probe_fact("read"), "port 2");
	if (_i < 3)
		ck_assert(harness_wait_exit(probe.result, HARNESS_SOON));
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("second copy");
	TCase *directory = harness_case(suite, "directory");
	TCase *input = harness_case(suite, "input");

	tcase_add_loop_test(directory, second_copy_begins_in_the_directory_of_the_launcher, 0,
			    PROBE_REBORN_WAYS);
	tcase_add_loop_test(directory, removed_directory_is_an_error, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(directory, replaced_directory_is_an_error, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(directory, launcher_may_stay_in_a_removed_directory, 0, PROBE_WAYS);
	tcase_add_loop_test(directory, launcher_may_stay_in_a_private_directory, 0, PROBE_WAYS);
	tcase_add_loop_test(input, file_is_read_again, 0, 2);
	tcase_add_test(input, file_is_read_from_where_the_launcher_began);
	tcase_add_test(input, replaced_input_is_left_alone);
	tcase_add_loop_test(input, pipe_that_was_read_is_an_error, 0, 2);
	tcase_add_loop_test(input, pipe_may_be_read_if_that_does_no_harm, 0, 4);
	return harness_main(argc, argv, suite, probe_helpers);
}
