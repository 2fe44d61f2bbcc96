/* SPDX-License-Identifier: MIT */
/* Helper functions for descriptors. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "compat/pipe.h"

START_TEST(closing_keeps_errno)
{
	errno = ENOTTY;
	ck_assert_int_eq(fd_close(-1), -1);
	ck_assert_int_eq(fd_close(1000), -1);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(opened_with_close_on_exec)
{
	int fd = fd_open(harness_path("x"), O_RDWR | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fd_set_cloexec(fd, false), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
	ck_assert_int_eq(fd_set_cloexec(fd, true), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd_close(fd);
	ck_assert_int_eq(fd_open(harness_path("none"), O_RDONLY, 0), -ENOENT);
	ck_assert_int_eq(fd_set_cloexec(1000, true), -EBADF);
	ck_assert_int_eq(fd_set_nonblocking(1000, true), -EBADF);
}
END_TEST

START_TEST(reading_and_writing)
{
	const char *path = harness_path("x");
	int fd = fd_open(path, O_RDWR | O_CREAT, 0600);
	char text[8] = "";

	ck_assert_int_eq(fd_write_all(fd, "hello", 5), 0);
	ck_assert_int_eq(fd_read(fd, text, sizeof text), 0);
	ck_assert_int_eq(fd_read_at(fd, text, sizeof text, 1), 4);
	ck_assert_str_eq(text, "ello");
	fd_close(fd);
	ck_assert_str_eq(harness_read_file(path), "hello");
	ck_assert_int_eq(fd_write_all(1000, "x", 1), -EBADF);
	ck_assert_int_eq(fd_read(1000, text, 1), -EBADF);
	ck_assert_int_eq(fd_read_at(1000, text, 1, 0), -EBADF);
}
END_TEST

START_TEST(small_file_is_read_as_string)
{
	int directory = open(harness_path("."), O_RDONLY | O_DIRECTORY);
	char text[6];

	harness_write_file(harness_path("x"), "hello, world");
	ck_assert_int_eq(fd_read_file(directory, "x", text, sizeof text), 5);
	ck_assert_str_eq(text, "hello");
	harness_write_file(harness_path("x"), "");
	ck_assert_int_eq(fd_read_file(AT_FDCWD, harness_path("x"), text, sizeof text), 0);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(fd_read_file(directory, "none", text, sizeof text), -ENOENT);
	ck_assert_int_eq(fd_read_file(directory, ".", text, sizeof text), -EISDIR);
	close(directory);
}
END_TEST

/* More than the capacity of a pipe. */
START_TEST(write_is_complete)
{
	static char block[1 << 20];
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(compat_pipe(ends, false), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(fd_write_all(ends[1], block, sizeof block) == 0 ? 0 : 1);
	}
	close(ends[1]);
	for (size_t all = 0, count = 1; count > 0; all += count) {
		char part[1000];
		ssize_t got = fd_read(ends[0], part, sizeof part);

		ck_assert_int_ge(got, 0);
		count = (size_t)got;
		if (count == 0)
			ck_assert_uint_eq(all, sizeof block);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	close(ends[0]);
}
END_TEST

/* A SIGPIPE of the program, which is pending already, is kept; one of the write is not. */
START_TEST(silent_write_keeps_pending_signal)
{
	const struct timespec none = { 0, 0 };
	sigset_t broken, pending;
	int ends[2];

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	ck_assert_int_eq(compat_pipe(ends, false), 0);
	fd_close(ends[0]);
	ck_assert_int_eq(fd_write_silently(ends[1], "x", 1), -EPIPE);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &broken, NULL), 0);
	raise(SIGPIPE);
	ck_assert_int_eq(fd_write_silently(ends[1], "x", 1), -EPIPE);
	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 1);
	ck_assert_int_eq(sigtimedwait(&broken, NULL, &none), SIGPIPE);
	/* Nothing is pending if the signal is ignored. */
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(fd_write_silently(ends[1], "x", 1), -EPIPE);
	fd_close(ends[1]);
}
END_TEST

/* In a child, to protect the standard streams of the test. */
START_TEST(descriptors_are_moved_above_standard_streams)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int ends[2], fd;

		close(0);
		close(1);
		close(2);
		if (compat_pipe(ends, true) != 0 || ends[0] < 3 || ends[1] < 3 ||
		    fcntl(ends[0], F_GETFD) != FD_CLOEXEC ||
		    fcntl(ends[1], F_GETFD) != FD_CLOEXEC ||
		    !(fcntl(ends[1], F_GETFL) & O_NONBLOCK))
			_exit(1);
		fd = fd_above_standard(open("/dev/null", O_RDWR));
		if (fd < 3 || fcntl(fd, F_GETFD) != FD_CLOEXEC || fd_above_standard(fd) != fd)
			_exit(2);
		if (fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0 || fcntl(2, F_GETFD) >= 0)
			_exit(3);
		if (fd_replace(fd, 1) != 0 || fcntl(1, F_GETFD) != 0 ||
		    fd_replace(1000, 1) != -EBADF)
			_exit(4);
		_exit(0);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(same_file_is_recognized)
{
	const char *one = harness_path("one"), *other = harness_path("other");
	struct stat a, b, c;

	harness_write_file(one, "");
	harness_write_file(other, "");
	ck_assert_int_eq(link(one, harness_path("again")), 0);
	ck_assert_int_eq(stat(one, &a), 0);
	ck_assert_int_eq(stat(other, &b), 0);
	ck_assert_int_eq(stat(harness_path("again"), &c), 0);
	ck_assert(fd_same_file(&a, &c));
	ck_assert(!fd_same_file(&a, &b));
	b = a;
	b.st_dev++;
	ck_assert(!fd_same_file(&a, &b));
}
END_TEST

/*
 * Descriptors of the library get numbers above those that the program may remember, if the
 * limit permits.
 */
START_TEST(own_descriptors_are_moved_above_a_number)
{
	struct rlimit limit;
	int fd = fd_open("/dev/null", O_RDONLY, 0), copy;

	ck_assert_int_eq(dup2(fd, 100), 100);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 101;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(fd_own_above(100), -EMFILE);
	limit.rlim_cur = 200;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(fd_own_above(100), 0);
	copy = fd_duplicate(fd);
	ck_assert_int_gt(copy, 100);
	fd_close(copy);
	fd = fd_above_standard(fd);
	ck_assert_int_gt(fd, 100);
	ck_assert_int_eq(fd_above_standard(fd), fd);
	limit.rlim_cur = 50;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	copy = fd_duplicate(fd);
	/* valgrind enforces the limit itself: it returns EMFILE, the kernel EINVAL. */
	ck_assert(harness_is_under_valgrind() ? copy == -EMFILE
					      : copy > STDERR_FILENO && copy < 50);
	fd_close(copy);
	fd_close(fd);
	fd_close(100);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("fd");
	TCase *descriptors = harness_case(suite, "descriptors");

	tcase_add_test(descriptors, closing_keeps_errno);
	tcase_add_test(descriptors, own_descriptors_are_moved_above_a_number);
	tcase_add_test(descriptors, opened_with_close_on_exec);
	tcase_add_test(descriptors, reading_and_writing);
	tcase_add_test(descriptors, small_file_is_read_as_string);
	tcase_add_test(descriptors, write_is_complete);
	tcase_add_test(descriptors, silent_write_keeps_pending_signal);
	tcase_add_test(descriptors, descriptors_are_moved_above_standard_streams);
	tcase_add_test(descriptors, same_file_is_recognized);
	return harness_main(argc, argv, suite, NULL);
}
