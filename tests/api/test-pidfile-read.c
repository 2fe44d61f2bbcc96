/* SPDX-License-Identifier: MIT */
/* The pid in a pid file that is read by its path, and the path of an object. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>

#include "harness/pidfile-tools.h"

/* The pid, or a negative errno after which *pid is unchanged. */
static pid_t read_path(const char *path)
{
	pid_t pid = -7;
	int result = daemonkit_pidfile_read_path(path, &pid);

	if (result < 0)
		ck_assert_int_eq(pid, -7);
	else
		ck_assert_int_eq(result, 0);
	return result < 0 ? result : pid;
}

START_TEST(arguments_are_checked)
{
	char name[300];

	ck_assert_int_eq(read_path(NULL), -EINVAL);
	HARNESS_REFUSES_NULL(daemonkit_pidfile_read_path("x", NULL));
	ck_assert_int_eq(read_path(""), -EINVAL);
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ck_assert_int_eq(read_path(name), -ENAMETOOLONG);
}
END_TEST

START_TEST(held_and_stale_files_are_read)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper = keeper_start(path, 0, NULL);

	ck_assert_int_eq(read_path(path), keeper.pid);
	keeper_kill(&keeper);
	ck_assert_int_eq(read_path(path), keeper.pid);
	/* A relative path starts at the working directory. */
	ck_assert_int_eq(chdir(harness_directory()), 0);
	ck_assert_int_eq(read_path("x.pid"), keeper.pid);
}
END_TEST

START_TEST(invalid_texts_are_refused)
{
	static const char *const texts[] = { "0", "-1\n", "x", "99999999999\n", "1 2", "\n" };
	const char *path = harness_path("x.pid");

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		harness_write_file(path, texts[i]);
		ck_assert_int_eq(read_path(path), -EBADMSG);
	}
	harness_write_file(path, "");
	ck_assert_int_eq(read_path(path), -ENODATA);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), path));
	harness_write_file(path, "4242");
	ck_assert_int_eq(read_path(path), 4242);
}
END_TEST

START_TEST(only_a_regular_file_is_opened)
{
	const char *file = harness_path("file"), *link = harness_path("link");
	const char *fifo = harness_path("fifo");

	ck_assert_int_eq(read_path(file), -ENOENT);
	ck_assert_int_eq(read_path(harness_path("nowhere/x.pid")), -ENOENT);
	harness_write_file(file, "1\n");
	ck_assert_int_eq(read_path(harness_path("file/x.pid")), -ENOTDIR);
	ck_assert_int_eq(symlink(file, link), 0);
	ck_assert_int_eq(read_path(link), -ELOOP);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(read_path(fifo), -EEXIST);
	ck_assert_int_eq(read_path(harness_directory()), -EEXIST);
	ck_assert_int_eq(read_path("/dev/zero"), -EEXIST);
}
END_TEST

static int read_as_nobody(void *path)
{
	pid_t pid = 0;
	int result;

	if (!become_nobody())
		return 1;
	result = daemonkit_pidfile_read_path(path, &pid);
	if (result < 0)
		return -result;
	return pid == 4242 ? 0 : 2;
}

START_TEST(read_permission_is_enough)
{
	char *path = strdup(open_path("x.pid"));

	harness_need_root();
	harness_write_file(path, "4242\n");
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(in_child(read_as_nobody, path), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(in_child(read_as_nobody, path), EACCES);
	free(path);
}
END_TEST

/* The owner of the POSIX lock; the status is that of a child. */
static int names_parent(void *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK &&
			       lock.l_pid == getppid()
		       ? 0
		       : 1;
}

START_TEST(holder_that_reads_its_file_keeps_the_lock)
{
	char *path = strdup(harness_path("x.pid"));
	struct daemonkit_pidfile *pidfile = create(path, 0);

	ck_assert_int_eq(read_path(path), getpid());
	ck_assert_int_eq(in_child(names_parent, path), 0);
	daemonkit_pidfile_close(pidfile);
	free(path);
}
END_TEST

static void keep_replacing(const char *path, const char *other)
{
	for (unsigned i = 0;; i++) {
		int fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0 || write(fd, i % 2 ? "4242\n" : "17\n", i % 2 ? 5 : 3) < 0 ||
		    rename(other, path) < 0)
			_exit(1);
		close(fd);
	}
}

/* The file is replaced between stat(2) and open(2). */
START_TEST(replaced_file_is_opened_again)
{
	const char *path = harness_path("x.pid"), *other = harness_path("y.pid");
	int status;
	pid_t child;

	harness_write_file(path, "17\n");
	child = fork();
	if (child == 0)
		keep_replacing(path, other);
	for (int i = 0; i < 3000; i++) {
		pid_t pid = read_path(path);

		ck_assert_msg(pid == 17 || pid == 4242, "%d: %s", pid, daemonkit_error());
	}
	kill(child, SIGKILL);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, SIGKILL);
}
END_TEST

START_TEST(object_has_its_absolute_path)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;
	int fd;

	ck_assert_ptr_null(daemonkit_pidfile_path(NULL));
	ck_assert_int_eq(chdir(harness_directory()), 0);
	pidfile = create("x.pid", 0);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_str_eq(daemonkit_pidfile_path(pidfile), path);
	daemonkit_pidfile_close(pidfile);
	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), 0);
	ck_assert_str_eq(daemonkit_pidfile_path(pidfile), path);
	daemonkit_pidfile_close(pidfile);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(daemonkit_pidfile_take_fd(fd, NULL, &pidfile), 0);
	ck_assert_ptr_null(daemonkit_pidfile_path(pidfile));
	daemonkit_pidfile_close(pidfile);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("pidfile-read");
	TCase *reading = harness_case(suite, "reading");

	tcase_add_test(reading, arguments_are_checked);
	tcase_add_test(reading, held_and_stale_files_are_read);
	tcase_add_test(reading, invalid_texts_are_refused);
	tcase_add_test(reading, only_a_regular_file_is_opened);
	tcase_add_test(reading, read_permission_is_enough);
	tcase_add_test(reading, holder_that_reads_its_file_keeps_the_lock);
	tcase_add_test(reading, replaced_file_is_opened_again);
	tcase_add_test(reading, object_has_its_absolute_path);
	return harness_main(argc, argv, suite, NULL);
}
