/* SPDX-License-Identifier: MIT */
/* Pid files locked, written and removed step by step, with and without privileges. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

#include "harness/pidfile-tools.h"

static struct daemonkit_pidfile *open_it(const char *path)
{
	struct daemonkit_pidfile *pidfile = NULL;

	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), 0);
	return pidfile;
}

START_TEST(file_is_opened_locked_written_and_removed)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = open_it(path);
	struct keeper keeper;
	pid_t pid = -7;

	ck_assert_int_eq(daemonkit_pidfile_read(pidfile, &pid), -ENODATA);
	ck_assert_int_eq(pid, -7);
	HARNESS_REFUSES_NULL(daemonkit_pidfile_read(pidfile, NULL));
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), -EPERM);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), -EPERM);
	ck_assert_int_eq(daemonkit_pidfile_unlock(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), 0);
	/* Locked means held, written or not. */
	keeper = keeper_start(path, 0, NULL);
	ck_assert_int_eq(keeper.result, -EALREADY);
	keeper_end(&keeper);
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_read(pidfile, &pid), 0);
	ck_assert_int_eq(pid, getpid());
	ck_assert_int_eq(daemonkit_pidfile_unlock(pidfile), 0);
	keeper = keeper_start(path, 0, NULL);
	ck_assert_int_eq(keeper.result, 0);
	/* It was replaced: the path names another file. */
	keeper_end(&keeper);
	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), -ESTALE);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), -EPERM);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

START_TEST(lock_is_refused_while_another_holds_it)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper = keeper_start(path, 0, NULL);
	struct daemonkit_pidfile *pidfile = open_it(path);

	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), -EALREADY);
	ck_assert_int_eq(named_by_error(), keeper.pid);
	keeper_kill(&keeper);
	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

START_TEST(write_leaves_nothing_of_a_longer_text)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile;

	harness_write_file(path, "2147483647\n");
	pidfile = open_it(path);
	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
	check_names(path, getpid());
	harness_write_file(path, "something else\n");
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), -EEXIST);
	ck_assert_str_eq(harness_read_file(path), "something else\n");
	daemonkit_pidfile_close(pidfile);
}
END_TEST

START_TEST(invalid_contents_are_errors)
{
	static const char *const texts[] = { "0", "-1\n", "x", "99999999999\n", "1 2", "\n" };
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = open_it(path);
	pid_t pid = -7;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		harness_write_file(path, texts[i]);
		ck_assert_int_eq(daemonkit_pidfile_read(pidfile, &pid), -EBADMSG);
		ck_assert_int_eq(pid, -7);
	}
	harness_write_file(path, "4242");
	ck_assert_int_eq(daemonkit_pidfile_read(pidfile, &pid), 0);
	ck_assert_int_eq(pid, 4242);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

/* A pid file from a descriptor. */
START_TEST(pid_file_from_descriptor)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;
	int ends[2], fd;

	ck_assert_int_eq(daemonkit_pidfile_take_fd(-1, path, &pidfile), -EBADF);
	ck_assert_int_eq(daemonkit_pidfile_take_fd(1000, path, &pidfile), -EBADF);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(daemonkit_pidfile_take_fd(ends[0], path, &pidfile), -EINVAL);
	close(ends[0]);
	close(ends[1]);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(daemonkit_pidfile_take_fd(fd, path, &pidfile), -EINVAL);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
	close(fd);
	fd = open(path, O_RDWR | O_APPEND);
	ck_assert_int_eq(daemonkit_pidfile_take_fd(fd, "", &pidfile), -EINVAL);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
	ck_assert_int_eq(daemonkit_pidfile_take_fd(fd, path, &pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_fd(pidfile), fd);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
	check_names(path, getpid());
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	daemonkit_pidfile_close(pidfile);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
	/* Without a path it can only be emptied. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(daemonkit_pidfile_take_fd(fd, NULL, &pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_lock(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
	check_names(path, getpid());
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	ck_assert_str_eq(harness_read_file(path), "");
	daemonkit_pidfile_close(pidfile);
}
END_TEST

/* Fault 12 of go-daemon: a removal must not remove the file of a successor. */
START_TEST(a_successors_file_is_not_removed)
{
	const char *path = harness_path("x.pid"), *moved = harness_path("moved");
	struct daemonkit_pidfile *pidfile = create(path, 0);
	struct keeper keeper;

	unlink(path);
	keeper = keeper_start(path, 0, NULL);
	ck_assert_int_eq(keeper.result, 0);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	check_names(path, keeper.pid);
	daemonkit_pidfile_close(pidfile);
	keeper_kill(&keeper);

	pidfile = create(path, 0);
	ck_assert_int_eq(rename(path, moved), 0);
	keeper = keeper_start(path, 0, NULL);
	ck_assert_int_eq(keeper.result, 0);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	check_names(path, keeper.pid);
	ck_assert_str_eq(harness_read_file(moved), "");
	daemonkit_pidfile_close(pidfile);
	keeper_kill(&keeper);
}
END_TEST

START_TEST(second_removal_succeeds)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = create(path, 0);

	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

static int remove_as_nobody(void *data)
{
	struct daemonkit_pidfile *pidfile = NULL;
	struct daemonkit_process *process = NULL;
	const char *path = data;

	return daemonkit_pidfile_create(path, 0644, &pidfile) != 0  ? 1
	       : !become_nobody()                                   ? 2
	       : daemonkit_pidfile_remove(pidfile) != 0             ? 3
	       : *harness_read_file(path) != '\0'                   ? 4
	       : daemonkit_pidfile_close(pidfile) != NULL           ? 5
	       : daemonkit_pidfile_holder(path, &process) != -ESRCH ? 6
								    : 0;
}

START_TEST(file_is_emptied_without_permission_to_remove)
{
	char *path = strdup(open_path("x.pid"));

	harness_need_root();
	ck_assert_int_eq(in_child(remove_as_nobody, path), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_str_eq(harness_read_file(path), "");
	/* The empty file does not prevent a later start. */
	daemonkit_pidfile_close(create(path, 0));
	free(path);
}
END_TEST

static int die_after_emptying(void *data)
{
	struct daemonkit_pidfile *pidfile = NULL;

	if (daemonkit_pidfile_create(data, 0644, &pidfile) != 0 || !become_nobody())
		return 1;
	if (fork() == 0)
		for (;;)
			pause();
	if (daemonkit_pidfile_remove(pidfile) != 0)
		return 2;
	raise(SIGKILL);
	return 3;
}

/* An empty file contains no pid of a process whose descriptors could be checked. */
START_TEST(child_does_not_hold_emptied_file)
{
	char *path = strdup(open_path("x.pid"));

	harness_need_root();
	harness_adopt_orphans();
	ck_assert_int_eq(in_child(die_after_emptying, path), SIGKILL);
	ck_assert_str_eq(harness_read_file(path), "");
	daemonkit_pidfile_close(create(path, 0));
	kill_orphan();
	free(path);
}
END_TEST

struct jail {
	const char *path, *root;
};

static int remove_in_jail(void *data)
{
	const struct jail *jail = data;
	struct daemonkit_pidfile *pidfile = NULL;

	return daemonkit_pidfile_create(jail->path, 0, &pidfile) != 0 ? 1
	       : chroot(jail->root) != 0 || chdir("/") != 0           ? 2
	       : daemonkit_pidfile_remove(pidfile) != 0               ? 3
	       : daemonkit_pidfile_close(pidfile) != NULL             ? 4
								      : 0;
}

/* Fault 9 of go-daemon; and a file of the same name inside the root directory stays. */
START_TEST(file_outside_root_directory_is_emptied)
{
	char *path = strdup(harness_path("x.pid")), *root = strdup(harness_path("jail"));
	char *inside = malloc(strlen(root) + strlen(path) + 1), *slash;
	struct jail jail = { path, root };

	harness_need_root();
	ck_assert_int_eq(mkdir(root, 0755), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(in_child(remove_in_jail, &jail), 0);
		ck_assert_str_eq(harness_read_file(path), "");
		strcpy(stpcpy(inside, root), path);
		for (slash = inside + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
			*slash = '\0';
			mkdir(inside, 0755);
			*slash = '/';
		}
		if (i == 1)
			ck_assert_str_eq(harness_read_file(inside), "1\n");
		harness_write_file(inside, "1\n");
	}
	free(inside);
	free(root);
	free(path);
}
END_TEST

static int create_as_nobody(void *data)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int result;

	if (!become_nobody())
		return 1;
	result = daemonkit_pidfile_create(data, 0644, &pidfile);
	if (result < 0)
		return -result;
	daemonkit_pidfile_close(pidfile);
	return 0;
}

static int open_replaced_file(void *path)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int64_t begun = harness_now();

	forbid_new(EEXIST);
	if (daemonkit_pidfile_open(path, 0, &pidfile) != -ESTALE || pidfile)
		return 1;
	return strstr(daemonkit_error(), "keeps replacing") && harness_now() - begun >= 200 ? 0 : 2;
}

/* Another process keeps creating and removing the file: several attempts are made. */
START_TEST(changing_file_is_retried)
{
	char *path = strdup(harness_path("x.pid"));

	harness_need_filters();
	ck_assert_int_eq(in_child(open_replaced_file, path), 0);
	free(path);
}
END_TEST

static int create_nowhere(void *path)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int result;

	forbid_links();
	forbid_new(EACCES);
	result = daemonkit_pidfile_create(path, 0, &pidfile);
	/* A remaining stale file can be written. */
	if (result == 0 && access(path, F_OK) == 0) {
		daemonkit_pidfile_close(pidfile);
		return 0;
	}
	return result == -EACCES ? 0 : 1;
}

/* A new file whose link(2) fails: there is no file, and an error. */
START_TEST(failed_link_is_an_error)
{
	char *path = strdup(harness_path("x.pid"));

	harness_need_filters();
	ck_assert_int_eq(in_child(create_nowhere, path), 0);
	ck_assert_uint_eq(count_entries(harness_directory()), 0);
	harness_write_file(path, "2147483646\n");
	ck_assert_int_eq(in_child(create_nowhere, path), 0);
	ck_assert_uint_le(count_entries(harness_directory()), 1);
	free(path);
}
END_TEST

START_TEST(unwritable_directory_is_an_error)
{
	char *path = strdup(open_path("x.pid"));
	struct stat before, after;

	harness_need_root();
	ck_assert_int_eq(in_child(create_as_nobody, path), EACCES);
	harness_write_file(path, "2147483646\n");
	/* First not writable for the user; then that of another user; then its own. */
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(in_child(create_as_nobody, path), EACCES);
	ck_assert_int_eq(chown(path, 1, 1), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(in_child(create_as_nobody, path), EACCES);
	ck_assert_str_eq(harness_read_file(path), "2147483646\n");
	ck_assert_int_eq(chown(path, NOBODY, NOBODY), 0);
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_int_eq(in_child(create_as_nobody, path), 0);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_int_gt(after.st_size, 1);
	ck_assert_int_lt(after.st_size, 11);
	free(path);
}
END_TEST

/* Mount a small file system over the directory of the test; 77 if that fails. */
static int mount_small(const char *options)
{
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", harness_directory(), "tmpfs", 0, options) != 0)
		return 77;
	return 0;
}

/* First with no space left, then with no inode left; returns an exit code. */
static int create_when_full(void *way)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;
	char block[4096] = "";
	int fd, files = 0;

	if (mount_small("size=8k,nr_inodes=12") != 0)
		return 77;
	take_way(*(int *)way);
	fd = open(harness_path("filler"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof block) > 0)
		;
	if (daemonkit_pidfile_create(path, 0, &pidfile) != -ENOSPC)
		return 1;
	if (count_entries(harness_directory()) != 1 || pidfile)
		return 2;
	if (ftruncate(fd, 0) != 0)
		return 3;
	close(fd);
	while ((fd = open(harness_path("filler%d", files), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >=
	       0) {
		close(fd);
		files++;
	}
	if (files == 0 || daemonkit_pidfile_create(path, 0, &pidfile) != -ENOSPC)
		return 4;
	if (count_entries(harness_directory()) != (size_t)files + 1 || pidfile)
		return 5;
	/* A second name may need an inode. */
	unlink(harness_path("filler0"));
	unlink(harness_path("filler1"));
	return daemonkit_pidfile_create(path, 0, &pidfile) == 0 ? 0 : 6;
}

START_TEST(full_file_system_is_an_error)
{
	int result;

	harness_need_root();
	result = in_child(create_when_full, &_i);
	if (result == 77)
		harness_skip("no mount namespaces here");
	ck_assert_int_eq(result, 0);
}
END_TEST

static int create_when_read_only(void *unused)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;

	(void)unused;
	if (mount_small("size=64k") != 0)
		return 77;
	harness_write_file(harness_path("stale.pid"), "1\n");
	if (mount("none", harness_directory(), "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) != 0)
		return 77;
	return daemonkit_pidfile_create(path, 0, &pidfile) != -EROFS                        ? 1
	       : daemonkit_pidfile_open(path, 0, &pidfile) != -EROFS                        ? 2
	       : daemonkit_pidfile_create(harness_path("stale.pid"), 0, &pidfile) != -EROFS ? 3
											    : 0;
}

/* A file of the host that is mounted into a container can be neither replaced nor removed. */
static int create_on_mount_point(void *way)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;
	struct stat before, after;

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		return 77;
	harness_write_file(path, "2147483646\n");
	harness_write_file(harness_path("host.pid"), "2147483646\n");
	if (mount(harness_path("host.pid"), path, "none", MS_BIND, NULL) != 0)
		return 77;
	take_way(*(int *)way);
	for (int i = 0; i < 2; i++) {
		if (stat(path, &before) != 0 || daemonkit_pidfile_create(path, 0, &pidfile) != 0)
			return 1;
		if (stat(path, &after) != 0 || before.st_ino != after.st_ino ||
		    atoi(harness_read_file(harness_path("host.pid"))) != getpid())
			return 2;
		if (count_entries(harness_directory()) != 2)
			return 3;
		if (daemonkit_pidfile_remove(pidfile) != 0 || stat(path, &after) != 0 ||
		    after.st_size != 0)
			return 4;
		daemonkit_pidfile_close(pidfile);
	}
	return 0;
}

START_TEST(mount_point_is_emptied)
{
	int result;

	harness_need_root();
	result = in_child(create_on_mount_point, &_i);
	if (result == 77)
		harness_skip("no mount namespaces here");
	ck_assert_int_eq(result, 0);
}
END_TEST

START_TEST(read_only_file_system_is_an_error)
{
	int result;

	harness_need_root();
	result = in_child(create_when_read_only, NULL);
	if (result == 77)
		harness_skip("no mount namespaces here");
	ck_assert_int_eq(result, 0);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("pidfile-object");
	TCase *steps = harness_case(suite, "steps");
	TCase *limits = harness_case(suite, "limits");

	tcase_add_test(steps, file_is_opened_locked_written_and_removed);
	tcase_add_test(steps, lock_is_refused_while_another_holds_it);
	tcase_add_test(steps, write_leaves_nothing_of_a_longer_text);
	tcase_add_test(steps, invalid_contents_are_errors);
	tcase_add_test(steps, pid_file_from_descriptor);
	tcase_add_test(steps, a_successors_file_is_not_removed);
	tcase_add_test(steps, second_removal_succeeds);
	tcase_add_test(limits, file_is_emptied_without_permission_to_remove);
	tcase_add_test(limits, child_does_not_hold_emptied_file);
	tcase_add_test(limits, file_outside_root_directory_is_emptied);
	tcase_add_test(limits, unwritable_directory_is_an_error);
	tcase_add_test(limits, changing_file_is_retried);
	tcase_add_test(limits, failed_link_is_an_error);
	tcase_add_loop_test(limits, full_file_system_is_an_error, 0, WAYS);
	tcase_add_loop_test(limits, mount_point_is_emptied, 0, WAYS);
	tcase_add_test(limits, read_only_file_system_is_an_error);
	return harness_main(argc, argv, suite, NULL);
}
