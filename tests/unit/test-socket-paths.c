/* SPDX-License-Identifier: MIT */
/* The list of sockets to remove: which files are removed, and how it is passed on. */
#include "harness/harness.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "base/archive.h"
#include "context/socket-paths.h"

/* Create a socket in the working directory, as paths of sockets are short. */
static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

static bool exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

static void enter_directory(void)
{
	ck_assert_int_eq(chdir(harness_directory()), 0);
	ck_assert_int_eq(mkdir("directory", 0700), 0);
}

START_TEST(other_files_are_not_removed)
{
	struct socket_paths paths = { .count = 0 };

	enter_directory();
	make_socket("one");
	make_socket("two");
	ck_assert_int_eq(socket_paths_add(&paths, "one"), 0);
	ck_assert_int_eq(socket_paths_add(&paths, "two"), 0);
	/* Another file of the same number, on another device; and another file. */
	paths.list[0].device++;
	paths.list[1].inode++;
	ck_assert_int_eq(socket_paths_remove(&paths, NULL), 0);
	ck_assert_uint_eq(paths.count, 0);
	ck_assert(exists("one") && exists("two"));
	socket_paths_clear(&paths);
}
END_TEST

/* A component of the path is a file now: the socket is gone. */
START_TEST(replaced_directory_is_no_error)
{
	struct socket_paths paths = { .count = 0 };

	enter_directory();
	make_socket("directory/one");
	ck_assert_int_eq(socket_paths_add(&paths, "directory/one"), 0);
	ck_assert_int_eq(rename("directory", "away"), 0);
	harness_write_file("directory", "");
	ck_assert_int_eq(socket_paths_remove(&paths, NULL), 0);
	ck_assert_uint_eq(paths.count, 0);
	ck_assert(exists("away/one"));
	socket_paths_clear(&paths);
}
END_TEST

/* The first error is reported, and the entries stay for another attempt. */
START_TEST(entries_that_fail_are_kept)
{
	struct socket_paths paths = { .count = 0 };
	char text[2 * NAME_MAX];

	enter_directory();
	make_socket("one");
	make_socket("two");
	make_socket("three");
	ck_assert_int_eq(socket_paths_add(&paths, "one"), 0);
	ck_assert_int_eq(socket_paths_add(&paths, "two"), 0);
	ck_assert_int_eq(socket_paths_add(&paths, "three"), 0);
	/* Names that are too long cannot be opened. */
	for (size_t i = 0; i < 3; i += 2) {
		memset(text, i == 0 ? 'a' : 'b', sizeof text - 1);
		text[sizeof text - 1] = '\0';
		free(paths.list[i].path);
		paths.list[i].path = strdup(text);
	}
	ck_assert_int_eq(socket_paths_remove(&paths, NULL), -ENAMETOOLONG);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "socket aaa"));
	ck_assert_uint_eq(paths.count, 2);
	ck_assert_int_eq(paths.list[0].path[0], 'a');
	ck_assert_int_eq(paths.list[1].path[0], 'b');
	ck_assert(!exists("two"));
	ck_assert(exists("one") && exists("three"));
	socket_paths_clear(&paths);
}
END_TEST

/* Write a list with this path, and read it: the error. */
static int pass_on(char *path)
{
	struct socket_path entry = { .path = path, .device = 7, .inode = 8 };
	struct socket_paths written = { .list = &entry, .count = 1 }, read = { .count = 0 };
	struct archive output = { .reading = false };
	struct archive input = { .reading = true };

	socket_paths_archive(&written, &output);
	ck_assert_int_eq(output.error, 0);
	input.next = output.bytes;
	input.left = output.length;
	socket_paths_archive(&read, &input);
	ck_assert_uint_eq(read.count, input.error == 0);
	if (read.count > 0) {
		ck_assert_str_eq(read.list[0].path, path);
		ck_assert(read.list[0].device == 7 && read.list[0].inode == 8);
	}
	socket_paths_clear(&read);
	archive_free(&output);
	return input.error;
}

START_TEST(only_absolute_paths_are_passed_on)
{
	char absolute[] = "/x", relative[] = "x", empty[] = "";

	ck_assert_int_eq(pass_on(absolute), 0);
	ck_assert_int_eq(pass_on(relative), -EBADMSG);
	ck_assert_int_eq(pass_on(empty), -EBADMSG);
	ck_assert_int_eq(pass_on(NULL), -EBADMSG);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("socket-paths");
	TCase *paths = harness_case(suite, "paths");

	tcase_add_test(paths, other_files_are_not_removed);
	tcase_add_test(paths, replaced_directory_is_no_error);
	tcase_add_test(paths, entries_that_fail_are_kept);
	tcase_add_test(paths, only_absolute_paths_are_passed_on);
	return harness_main(argc, argv, suite, NULL);
}
