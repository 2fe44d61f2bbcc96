/* SPDX-License-Identifier: MIT */
/* Local sockets whose paths are removed when the daemon ends. */
#include "harness/probe-running.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>

/* The daemon has removed what it removes, when the report is complete. */
#define END " daemon:release daemon:report daemon:wait"

static bool exists(const char *name)
{
	struct stat st;

	return lstat(harness_path("%s", name), &st) == 0;
}

static void listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_lt(snprintf(address.sun_path, sizeof address.sun_path, "%s", path),
			 (int)sizeof address.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

START_TEST(arguments_are_checked)
{
	struct daemonkit_context *context = NULL;
	char name[PATH_MAX];

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	HARNESS_REFUSES_NULL(daemonkit_context_remove_socket(NULL, "x"));
	HARNESS_REFUSES_NULL(daemonkit_context_remove_socket(context, NULL));
	ck_assert_int_eq(daemonkit_context_remove_socket(context, ""), -EINVAL);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ck_assert_int_eq(daemonkit_context_remove_socket(context, name), -ENAMETOOLONG);
	ck_assert_int_eq(daemonkit_context_remove_socket(context, harness_path("x")), -ENOENT);
	harness_write_file(harness_path("file"), "");
	ck_assert_int_eq(daemonkit_context_remove_socket(context, harness_path("file")), -ENOTSOCK);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "not a socket"));
	ck_assert_int_eq(daemonkit_context_remove_socket(context, harness_path("file/x")),
			 -ENOTDIR);
	ck_assert_int_eq(symlink("file", harness_path("link")), 0);
	ck_assert_int_eq(daemonkit_context_remove_socket(context, harness_path("link")), -ENOTSOCK);
	daemonkit_context_free(context);
}
END_TEST

/* Without a pid file too; the launcher's release leaves them. */
START_TEST(sockets_of_launcher_are_removed)
{
	struct running running = running_start(
		_i, "first:listen=40:@/one first:listen=41:@/two first:listen=42:@/other "
		    "first:remove-socket=@/one first:remove-socket=@/two first:release "
		    "daemon:touch=@/up daemon:await=@/go" END);

	ck_assert(harness_wait_file(harness_path("up"), HARNESS_SOON));
	ck_assert(exists("one") && exists("two"));
	harness_write_file(harness_path("go"), "");
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert(!exists("one") && !exists("two"));
	ck_assert(exists("other"));
	running_kill(&running);
}
END_TEST

START_TEST(socket_of_daemon_is_removed)
{
	struct running running = running_start(_i, "pid=@/run/pid daemon:listen=40:@/socket "
						   "daemon:remove-socket=@/socket "
						   "daemon:remove-socket=@/socket" END);

	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert(!exists("socket"));
	probe_check_nothing_left();
	running_kill(&running);
}
END_TEST

/* The second copy runs the same code, and does not have the socket yet. */
START_TEST(second_copy_need_not_have_the_socket)
{
	struct running running = running_start(_i,
					       "first:listen=40:@/socket remove-socket=@/socket "
					       "second:tried-socket=@/nothing" END);

	ck_assert_int_eq(probe_number("tried-socket"), 0);
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert(!exists("socket"));
	running_kill(&running);
}
END_TEST

/* The file at the path is another one, or none. */
START_TEST(only_the_same_socket_is_removed)
{
	struct running running = running_start(
		_i, "daemon:listen=40:@/a daemon:remove-socket=@/a daemon:listen=41:@/b "
		    "daemon:remove-socket=@/b daemon:listen=42:@/c daemon:remove-socket=@/c "
		    "daemon:touch=@/up daemon:await=@/go" END);

	ck_assert(harness_wait_file(harness_path("up"), HARNESS_SOON));
	/* Another socket, another type, and nothing. */
	ck_assert_int_eq(rename(harness_path("b"), harness_path("a")), 0);
	ck_assert_int_eq(unlink(harness_path("c")), 0);
	harness_write_file(harness_path("b"), "");
	harness_write_file(harness_path("go"), "");
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert(exists("a") && exists("b"));
	running_kill(&running);
}
END_TEST

/* A socket that the daemon has bound anew at the path. */
START_TEST(socket_can_be_replaced)
{
	struct running running = running_start(
		_i, "first:listen=40:@/socket first:remove-socket=@/socket daemon:unlink=@/socket "
		    "daemon:listen=41:@/socket daemon:remove-socket=@/socket" END);

	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert(!exists("socket"));
	running_kill(&running);
}
END_TEST

/* Inside by the launcher's path and by its own; outside it cannot be reached. */
START_TEST(sockets_inside_root_directory_are_removed)
{
	struct running running;

	running_for_everybody();
	harness_need_call("chroot");
	ck_assert_int_eq(mkdir(harness_path("jail"), 0777), 0);
	ck_assert_int_eq(chmod(harness_path("jail"), 0777), 0);
	running = running_start(
		_i, "chroot=@/jail user=nobody first:listen=40:@/jail/in first:listen=41:@/out "
		    "first:remove-socket=@/jail/in first:remove-socket=@/out "
		    "daemon:where=/report daemon:listen=42:/own daemon:remove-socket=/own" END);
	probe_read(harness_path("jail/report"));
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert(!exists("jail/own"));
	ck_assert(!exists("jail/in"));
	ck_assert(exists("out"));
	running_kill(&running);
}
END_TEST

/* The daemon reports that it cannot remove it; the pid file is removed nevertheless. */
START_TEST(failed_removal_is_an_error)
{
	struct running running;

	running_for_everybody();
	harness_need_call("setgroups");
	ck_assert_int_eq(mkdir(harness_path("closed"), 0755), 0);
	running = running_start(_i, "pid=@/run/pid user=nobody first:listen=40:@/closed/socket "
				    "first:listen=41:@/socket first:remove-socket=@/closed/socket "
				    "first:remove-socket=@/socket" END);
	ck_assert_int_eq(probe_number("released"), -EACCES);
	ck_assert(exists("closed/socket"));
	ck_assert(!exists("socket"));
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")), "");
	running_kill(&running);
}
END_TEST

/* The caller may try again. */
START_TEST(socket_stays_when_start_fails)
{
	struct probe probe = probe_run("%s first:listen=40:@/socket first:remove-socket=@/socket "
				       "workdir=@/nowhere",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ENOENT, "nowhere");
	ck_assert(exists("socket"));
}
END_TEST

/* A child of the daemon neither removes nor registers. */
static int run_in_child(struct daemonkit_context *context, const char *path)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(daemonkit_context_remove_socket(context, path) == -EPERM &&
				      daemonkit_context_release(context) == 0
			      ? 0
			      : 1);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	return status;
}

START_TEST(child_of_daemon_removes_nothing)
{
	struct daemonkit_context *context = NULL;
	const char *path = harness_path("socket");

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND), 0);
	ck_assert_int_eq(daemonkit_context_reborn(context), 0);
	listen_at(path);
	ck_assert_int_eq(daemonkit_context_remove_socket(context, path), 0);
	ck_assert_int_eq(run_in_child(context, path), 0);
	ck_assert(exists("socket"));
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	ck_assert(!exists("socket"));
	/* Only once. */
	listen_at(path);
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	ck_assert(exists("socket"));
	daemonkit_context_free(context);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("remove-socket");
	TCase *api = harness_case(suite, "interface"), *end = harness_case(suite, "end");
	const struct harness_helper helpers[] = { probe_helpers[0], { NULL, NULL } };

	tcase_add_test(api, arguments_are_checked);
	tcase_add_test(api, child_of_daemon_removes_nothing);
	tcase_add_loop_test(end, sockets_of_launcher_are_removed, 0, RUNNING_WAYS);
	tcase_add_loop_test(end, socket_of_daemon_is_removed, 0, RUNNING_WAYS);
	tcase_add_loop_test(end, second_copy_need_not_have_the_socket, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(end, only_the_same_socket_is_removed, 0, RUNNING_WAYS);
	tcase_add_loop_test(end, socket_can_be_replaced, 0, RUNNING_WAYS);
	tcase_add_loop_test(end, sockets_inside_root_directory_are_removed, 0, RUNNING_WAYS);
	tcase_add_loop_test(end, failed_removal_is_an_error, 0, RUNNING_WAYS);
	tcase_add_loop_test(end, socket_stays_when_start_fails, 0, PROBE_WAYS);
	return harness_main(argc, argv, suite, helpers);
}
