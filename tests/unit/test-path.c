/* SPDX-License-Identifier: MIT */
/* Paths: absolute, and inside a root directory. */
#include "harness/harness.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "base/path.h"

START_TEST(path_inside_root)
{
	static const struct {
		const char *root, *path, *inside;
	} cases[] = {
		{ NULL, "/x", NULL },         { "/", "/x", NULL },
		{ "/srv", "/srv/x", "/x" },   { "/srv/", "/srv/x", "/x" },
		{ "/srv//", "/srv/x", "/x" }, { "/srv", "/srv", NULL },
		{ "/srv", "/srvx/y", NULL },  { "/srv", "/var/x", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *inside = path_inside(cases[i].root, cases[i].path);

		if (cases[i].inside == NULL)
			ck_assert_ptr_null(inside);
		else
			ck_assert_str_eq(inside, cases[i].inside);
	}
}
END_TEST

START_TEST(paths_become_absolute)
{
	char directory[PATH_MAX], expected[PATH_MAX + 4], absolute[PATH_MAX];
	char *copy = NULL, long_path[PATH_MAX + 1];

	ck_assert_int_eq(chdir(harness_directory()), 0);
	ck_assert_ptr_nonnull(getcwd(directory, sizeof directory));
	snprintf(expected, sizeof expected, "%s/x", directory);
	ck_assert_int_eq(path_absolute("file", "x", &copy), 0);
	ck_assert_str_eq(copy, expected);
	free(copy);
	ck_assert_int_eq(path_absolute("file", "/x", &copy), 0);
	ck_assert_str_eq(copy, "/x");
	free(copy);
	ck_assert_int_eq(path_absolute("file", "", &copy), -EINVAL);
	memset(long_path, 'x', sizeof long_path);
	long_path[PATH_MAX] = '\0';
	ck_assert_int_eq(path_resolve(long_path, absolute), -ENAMETOOLONG);
	/* One byte less fits only if it is absolute. */
	long_path[PATH_MAX - 1] = '\0';
	ck_assert_int_eq(path_resolve(long_path, absolute), -ENAMETOOLONG);
	long_path[0] = '/';
	ck_assert_int_eq(path_resolve(long_path, absolute), 0);
	/* The working directory has been removed. */
	ck_assert_int_eq(rmdir(harness_directory()), 0);
	ck_assert_int_eq(path_absolute("file", "x", &copy), -ENOENT);
	ck_assert_int_eq(path_check_mode("file", "x", 0777), 0);
	ck_assert_int_eq(path_check_mode("file", "x", 01000), -EINVAL);
	ck_assert_int_eq(path_check_mode("umask", NULL, 01000), -EINVAL);
	ck_assert_str_eq(daemonkit_error(), "umask: mode 1000 has bits outside 0777");
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("path");
	TCase *paths = harness_case(suite, "paths");

	tcase_add_test(paths, path_inside_root);
	tcase_add_test(paths, paths_become_absolute);
	return harness_main(argc, argv, suite, NULL);
}
