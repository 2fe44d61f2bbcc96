/* SPDX-License-Identifier: MIT */
/* Functions for the tests of examples. Not thread-safe. */
#include "harness/example-tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *example(const char *name)
{
	const char *builddir = getenv("builddir");
	char *path = harness_memory(4096);

	ck_assert_int_eq(chdir(harness_directory()), 0);
	if (builddir == NULL)
		harness_skip("builddir is not set: run it by make check");
	snprintf(path, 4096, "%s/doc/examples/%s", builddir, name);
	if (access(path, X_OK) < 0)
		harness_skip("%s is not built", path);
	return path;
}

struct harness_result run(const char *const argv[], int exit_code)
{
	struct harness_result result = harness_run(argv);

	ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) == exit_code,
		      "%s: status %#x, output \"%s\", error \"%s\"", argv[0],
		      (unsigned)result.status, result.output, result.error);
	/* valgrind itself keeps standard error open. */
	ck_assert(harness_is_under_valgrind() || !result.streams_held);
	return result;
}

void check_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in \"%s\"", part, text);
}

bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

pid_t pid_in(const char *path)
{
	ck_assert(harness_wait_file(path, HARNESS_SOON));
	return (pid_t)atoi(harness_read_file(path));
}

void check_end(pid_t pid, int exit_code)
{
	int status;

	ck_assert_int_gt(pid, 1);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), exit_code);
}
