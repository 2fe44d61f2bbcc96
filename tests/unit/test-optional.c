/* SPDX-License-Identifier: MIT */
/*
 * The calls beyond POSIX that configure checks: the replacements do the same, which the builds
 * with and without the calls show.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat/close-range.h"
#include "compat/pipe.h"
#include "compat/privileged.h"
#include "compat/self.h"
#include "compat/siginfo.h"
#include "compat/socket.h"

#define NOBODY 65534

static void check_not_inherited(int fd, bool nonblocking)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, nonblocking);
}

START_TEST(descriptors_are_not_inherited)
{
	int ends[2], fd;

	for (int nonblocking = 0; nonblocking < 2; nonblocking++) {
		ck_assert_int_eq(compat_pipe(ends, nonblocking != 0), 0);
		for (int i = 0; i < 2; i++) {
			check_not_inherited(ends[i], nonblocking != 0);
			close(ends[i]);
		}
	}
	ck_assert_int_eq(compat_socket_pair(SOCK_STREAM, ends), 0);
	for (int i = 0; i < 2; i++) {
		check_not_inherited(ends[i], false);
		close(ends[i]);
	}
	fd = compat_socket(AF_UNIX, SOCK_DGRAM);
	check_not_inherited(fd, false);
	close(fd);
	ck_assert_int_eq(compat_socket(AF_UNIX, 12345), -EINVAL);
}
END_TEST

/* On a socket that blocks, and stays so. */
START_TEST(messages_are_exchanged_without_waiting)
{
	struct iovec part = { .iov_base = (char[]){ "x" }, .iov_len = 1 };
	const struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	sigset_t pending;
	char byte = 0;
	int ends[2];

	ck_assert_int_eq(compat_socket_pair(SOCK_STREAM, ends), 0);
	ck_assert_int_eq(compat_recv(ends[0], &byte, 1, 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
	while (compat_sendmsg(ends[1], &message) == 1)
		;
	ck_assert_int_eq(errno, EAGAIN);
	check_not_inherited(ends[0], false);
	check_not_inherited(ends[1], false);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(compat_recv(ends[0], &byte, 1, i == 0 ? MSG_PEEK : 0), 1);
		ck_assert_int_eq(byte, 'x');
	}
	close(ends[0]);
	/* SIGPIPE would end the test. */
	ck_assert_int_eq(compat_sendmsg(ends[1], &message), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
	close(ends[1]);
	ck_assert_int_eq(compat_sendmsg(-1, &message), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(fill_of_a_pipe)
{
	size_t fill;
	int ends[2];

	ck_assert_int_eq(compat_pipe(ends, true), 0);
	fill = compat_pipe_fill(ends[0]);
	ck_assert(fill == 0 || (fill == 65536 && !harness_has_linux_api()));
	ck_assert_int_eq(write(ends[1], "abc", 3), 3);
	fill = compat_pipe_fill(ends[0]);
	ck_assert(fill == 3 || (fill == 65536 && !harness_has_linux_api()));
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(descriptors_are_closed_without_limit)
{
	int status, end;
	pid_t child = fork();

	if (child == 0) {
		end = fcntl(STDIN_FILENO, F_DUPFD, 700);
		compat_close_range(10, COMPAT_FD_MAX);
		_exit(end >= 0 && fcntl(end, F_GETFD) < 0 && fcntl(STDIN_FILENO, F_GETFD) >= 0 ? 0
											       : 1);
	}
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}
END_TEST

static int compare(const void *one, const void *other)
{
	const gid_t *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/* Of all users, as the C library lists them. */
START_TEST(groups_of_a_user)
{
	struct passwd *user;

	setpwent();
	while ((user = getpwent()) != NULL) {
		gid_t expected[100], found[100], one;
		int want = 100, have = 1;

		ck_assert_int_ge(getgrouplist(user->pw_name, user->pw_gid, expected, &want), 1);
		/* Too little space: the size is the one that is needed, or the same. */
		if (compat_list_groups(user->pw_name, user->pw_gid, &one, &have) < 0)
			ck_assert(have == want || have == 1);
		have = 100;
		ck_assert_int_eq(compat_list_groups(user->pw_name, user->pw_gid, found, &have), 0);
		ck_assert_int_eq(have, want);
		qsort(expected, (size_t)want, sizeof *expected, compare);
		qsort(found, (size_t)have, sizeof *found, compare);
		ck_assert_mem_eq(found, expected, (size_t)want * sizeof *found);
	}
	endpwent();
}
END_TEST

/* Each id changes, the saved ones too: a child exits with the number of the first failure. */
static int change_ids(void)
{
	uid_t real, effective, saved;
	gid_t real_group, effective_group, saved_group;

	if (!compat_has_ids(0, 0) || compat_has_ids(NOBODY, NOBODY))
		return 1;
	if (compat_set_group(NOBODY) != 0 || compat_has_ids(0, 0) || compat_set_user(NOBODY) != 0)
		return 2;
	if (!compat_has_ids(NOBODY, NOBODY) || compat_has_ids(NOBODY, 0))
		return 3;
	if (getresuid(&real, &effective, &saved) != 0 || real != NOBODY || effective != NOBODY ||
	    saved != NOBODY)
		return 4;
	if (getresgid(&real_group, &effective_group, &saved_group) != 0 || real_group != NOBODY ||
	    effective_group != NOBODY || saved_group != NOBODY)
		return 5;
	if (compat_set_user(0) != -EPERM || compat_set_group(0) != -EPERM)
		return 6;
	return 0;
}

START_TEST(all_ids_change)
{
	int status;
	pid_t child;

	harness_need_root();
	child = fork();
	if (child == 0)
		_exit(change_ids());
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(privileged_calls_work_or_are_refused)
{
	int expected = harness_has_call("setgroups") ? 0 : -ENOTSUP, status;
	const gid_t groups[] = { 4, 5 };
	gid_t now[2];
	pid_t child;

	harness_need_root();
	child = fork();
	if (child == 0)
		_exit(compat_set_groups(2, groups) != expected                   ? 1
		      : expected == 0 && (getgroups(2, now) != 2 || now[1] != 5) ? 2
										 : 0);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	expected = harness_has_call("chroot") ? 0 : -ENOTSUP;
	child = fork();
	if (child == 0)
		_exit(compat_chroot(harness_directory()) != expected      ? 1
		      : expected == 0 && access("/etc/passwd", F_OK) == 0 ? 2
									  : 0);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(numbers_and_environment)
{
	ck_assert_int_eq(compat_signal_last(), SIGRTMAX);
	ck_assert_ptr_eq(compat_environment(), environ);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("optional");
	TCase *calls = harness_case(suite, "calls");

	tcase_add_test(calls, descriptors_are_not_inherited);
	tcase_add_test(calls, messages_are_exchanged_without_waiting);
	tcase_add_test(calls, fill_of_a_pipe);
	tcase_add_test(calls, descriptors_are_closed_without_limit);
	tcase_add_test(calls, groups_of_a_user);
	tcase_add_test(calls, all_ids_change);
	tcase_add_test(calls, privileged_calls_work_or_are_refused);
	tcase_add_test(calls, numbers_and_environment);
	return harness_main(argc, argv, suite, NULL);
}
