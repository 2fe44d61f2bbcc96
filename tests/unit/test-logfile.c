/* SPDX-License-Identifier: MIT */
/* Open the log file where another user may have created a link. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "context/logfile.h"

#define OTHER_USER 1234

/* In a second buffer, because a call has two paths. */
static const char *path_of(const char *name)
{
	static char paths[4][PATH_MAX];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], PATH_MAX, "%s", harness_path("%s", name));
	return paths[next];
}

static void link_to(const char *name, const char *target)
{
	ck_assert_int_eq(symlink(target, path_of(name)), 0);
}

static void give_to_other_user(const char *name)
{
	ck_assert_int_eq(lchown(path_of(name), OTHER_USER, OTHER_USER), 0);
}

/* Check that the text arrives in this file. */
static void check_opens(const char *name, const char *file)
{
	int fd = logfile_open("log file", path_of(name), 0600);

	ck_assert_msg(fd >= 3, "%d %s", fd, daemonkit_error());
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
			 O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "line\n", 5), 5);
	close(fd);
	ck_assert_str_eq(harness_read_file(path_of(file)), "line\n");
	ck_assert_int_eq(unlink(path_of(file)), 0);
}

static void check_refused(const char *name, int error, const char *text)
{
	ck_assert_int_eq(logfile_open("log file", path_of(name), 0600), error);
	ck_assert_msg(strstr(daemonkit_error(), text) != NULL, "%s", daemonkit_error());
	ck_assert_msg(strncmp(daemonkit_error(), "log file /", 10) == 0, "%s", daemonkit_error());
}

START_TEST(own_links_are_followed)
{
	check_opens("log", "log");
	link_to("relative", "log");
	check_opens("relative", "log");
	link_to("absolute", path_of("log"));
	check_opens("absolute", "log");
	link_to("twice", "relative");
	check_opens("twice", "log");
	ck_assert_int_eq(mkdir(path_of("directory"), 0700), 0);
	link_to("directory/up", "../log");
	check_opens("directory/up", "log");
	/* A link to a directory does not change the meaning of the names in it. */
	link_to("elsewhere", "directory");
	check_opens("elsewhere/up", "log");
	harness_write_file(path_of("log"), "");
	check_opens("twice", "log");
}
END_TEST

/* Also a dangling link: opening it would create a file. */
START_TEST(links_of_other_users_are_not_followed)
{
	char text[64];

	harness_need_root();
	snprintf(text, sizeof text, "is a symbolic link of user %d", OTHER_USER);
	link_to("planted", "victim");
	give_to_other_user("planted");
	check_refused("planted", -ELOOP, text);
	ck_assert_int_eq(access(path_of("victim"), F_OK), -1);
	harness_write_file(path_of("victim"), "precious");
	check_refused("planted", -ELOOP, text);
	ck_assert_str_eq(harness_read_file(path_of("victim")), "precious");
	/* The target of our own link. */
	link_to("ours", "planted");
	check_refused("ours", -ELOOP, "planted is a symbolic link");
	/* Its owner may follow it, and so may root. */
	ck_assert_int_eq(chmod(harness_directory(), 0777), 0);
	ck_assert_int_eq(chown(path_of("victim"), OTHER_USER, OTHER_USER), 0);
	ck_assert_int_eq(setresuid(OTHER_USER, OTHER_USER, 0), 0);
	harness_write_file(path_of("victim"), "");
	check_opens("planted", "victim");
	ck_assert_int_eq(setresuid(0, 0, 0), 0);
	link_to("roots", "log");
	ck_assert_int_eq(setresuid(OTHER_USER, OTHER_USER, 0), 0);
	check_opens("roots", "log");
	ck_assert_int_eq(setresuid(0, 0, 0), 0);
}
END_TEST

/* The links in /proc lead to objects without a name. */
START_TEST(links_to_descriptors_are_followed)
{
	char path[64], line[8] = "";
	int pipes[2], fd;

	ck_assert_int_eq(pipe(pipes), 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", pipes[1]);
	fd = logfile_open("log file", path, 0600);
	ck_assert_msg(fd >= 3, "%d %s", fd, daemonkit_error());
	ck_assert_int_eq(write(fd, "line\n", 5), 5);
	ck_assert_int_eq(read(pipes[0], line, sizeof line), 5);
	ck_assert_str_eq(line, "line\n");
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

/* Sockets cannot be opened by name, and the flags of a stream belong to the launcher. */
START_TEST(links_to_streams_duplicate_the_stream)
{
	static const char *const targets[] = { "/dev/stdout",      "/dev/fd/1",   "/proc/self/fd/1",
					       "/dev/../dev/fd/1", "/dev/stderr", "/dev/fd/2" };
	char line[8] = "";
	int ends[2], saved[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends),
			 0);
	for (int i = 0; i < 2; i++)
		saved[i] = fcntl(1 + i, F_DUPFD_CLOEXEC, 3);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		int stream = strstr(targets[i], "err") || strchr(targets[i], '2') ? 2 : 1, fd,
		    flags;

		/* Other spellings are recognized only by the links in /proc. */
		if (strstr(targets[i], "..") && !harness_has_linux_api())
			continue;
		link_to("log", targets[i]);
		fflush(NULL);
		dup2(ends[1], stream);
		fd = logfile_open("log file", path_of("log"), 0600);
		flags = fcntl(ends[1], F_GETFL);
		dup2(saved[stream - 1], stream);
		ck_assert_msg(fd >= 3, "%s: %d %s", targets[i], fd, daemonkit_error());
		ck_assert_int_eq(flags & O_NONBLOCK, O_NONBLOCK);
		ck_assert_int_eq(write(fd, "line\n", 5), 5);
		ck_assert_int_eq(read(ends[0], line, sizeof line), 5);
		close(fd);
		unlink(path_of("log"));
	}
	for (int i = 0; i < 2; i++) {
		close(saved[i]);
		close(ends[i]);
	}
}
END_TEST

START_TEST(relative_paths_are_followed)
{
	int fd;

	ck_assert_int_eq(chdir(harness_directory()), 0);
	link_to("link", "file");
	fd = logfile_open("log file", "link", 0600);
	ck_assert_int_ge(fd, 3);
	ck_assert_int_eq(write(fd, "line\n", 5), 5);
	close(fd);
	ck_assert_str_eq(harness_read_file("file"), "line\n");
}
END_TEST

START_TEST(bad_paths_are_errors)
{
	static char longest[2 * PATH_MAX];
	char name[300];

	link_to("round", "about");
	link_to("about", "round");
	check_refused("round", -ELOOP, strerror(ELOOP));
	check_refused("round/log", -ELOOP, strerror(ELOOP));
	check_refused("missing/log", -ENOENT, strerror(ENOENT));
	link_to("dangling", "missing/log");
	check_refused("dangling", -ENOENT, strerror(ENOENT));
	check_refused(".", -EISDIR, strerror(EISDIR));
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	check_refused(name, -ENAMETOOLONG, strerror(ENAMETOOLONG));
	longest[0] = '/';
	memset(longest + 1, 'x', sizeof longest - 2);
	ck_assert_int_eq(logfile_open("log file", longest, 0600), -ENAMETOOLONG);
	/* Both together are too long. */
	longest[0] = '.';
	for (size_t i = 1; i < PATH_MAX - 2; i++)
		longest[i] = '/';
	longest[PATH_MAX - 2] = 'y';
	longest[PATH_MAX - 1] = '\0';
	link_to("long", longest);
	check_refused("long", -ENAMETOOLONG, strerror(ENAMETOOLONG));
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("logfile");
	TCase *links = harness_case(suite, "links");

	tcase_add_test(links, own_links_are_followed);
	tcase_add_test(links, links_of_other_users_are_not_followed);
	if (harness_has_linux_api())
		tcase_add_test(links, links_to_descriptors_are_followed);
	tcase_add_test(links, links_to_streams_duplicate_the_stream);
	tcase_add_test(links, relative_paths_are_followed);
	tcase_add_test(links, bad_paths_are_errors);
	return harness_main(argc, argv, suite, NULL);
}
