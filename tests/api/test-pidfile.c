/* SPDX-License-Identifier: MIT */
/* Pid files: acquired, refused, written and removed. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>

#include "harness/pidfile-tools.h"

#define GUARD_BYTE 0x40000000

/* Check that the call fails with this error and a text, and does not change the result. */
static void refused(const char *path, mode_t mode, int error)
{
	struct daemonkit_pidfile *untouched = (void *)&error, *pidfile = untouched;
	int result = daemonkit_pidfile_create(path, mode, &pidfile);

	ck_assert_msg(result == error, "%d, expected %d: %s", result, error, daemonkit_error());
	ck_assert_ptr_eq(pidfile, untouched);
	if (path && *path && strlen(path) < 256)
		ck_assert_ptr_nonnull(strstr(daemonkit_error(), path));
}

START_TEST(arguments_are_checked)
{
	struct daemonkit_pidfile *pidfile = NULL;
	const char *path = harness_path("x.pid");
	pid_t pid;

	refused(NULL, 0, -EINVAL);
	refused("", 0, -EINVAL);
	refused(path, 01000, -EINVAL);
	refused(path, 010644, -EINVAL);
	HARNESS_REFUSES_NULL(daemonkit_pidfile_create(path, 0, NULL));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_open(path, 0, NULL));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_open(NULL, 0, &pidfile));
	ck_assert_int_eq(daemonkit_pidfile_open("", 0, &pidfile), -EINVAL);
	ck_assert_int_eq(daemonkit_pidfile_open(path, 02000, &pidfile), -EINVAL);
	HARNESS_REFUSES_NULL(daemonkit_pidfile_take_fd(0, path, NULL));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_lock(NULL));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_unlock(NULL));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_write(NULL));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_read(NULL, &pid));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_remove(NULL));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_fd(NULL));
	ck_assert_ptr_null(daemonkit_pidfile_close(NULL));
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(the_mode_is_exact)
{
	static const mode_t modes[] = { 0600, 0640, 0644, 0666, 0777, 0400 };
	static const mode_t umasks[] = { 0, 077, 022, 0777 };
	const char *path = harness_path("x.pid");

	for (size_t u = 0; u < 4; u++)
		for (size_t m = 0; m < 6; m++) {
			struct daemonkit_pidfile *pidfile = NULL;
			struct stat facts;

			umask(umasks[u]);
			ck_assert_int_eq(daemonkit_pidfile_create(path, modes[m], &pidfile), 0);
			ck_assert_int_eq(stat(path, &facts), 0);
			ck_assert_uint_eq(facts.st_mode, S_IFREG | modes[m]);
			ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
			daemonkit_pidfile_close(pidfile);
			ck_assert_int_eq(daemonkit_pidfile_open(path, modes[m], &pidfile), 0);
			ck_assert_int_eq(stat(path, &facts), 0);
			ck_assert_uint_eq(facts.st_mode, S_IFREG | modes[m]);
			daemonkit_pidfile_close(pidfile);
			unlink(path);
			ck_assert_uint_eq(umask(0), umasks[u]);
		}
}
END_TEST

START_TEST(the_default_mode)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = create(path, 0);
	struct stat facts;

	ck_assert_int_eq(stat(path, &facts), 0);
	ck_assert_uint_eq(facts.st_mode, S_IFREG | 0640);
	ck_assert_int_gt(daemonkit_pidfile_fd(pidfile), 2);
	ck_assert_int_eq(fcntl(daemonkit_pidfile_fd(pidfile), F_GETFD), FD_CLOEXEC);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

/* The loser does not delete the file of the holder, as that of go-daemon does. */
START_TEST(a_second_start_is_refused)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper = keeper_start(path, 0, NULL);
	struct stat before, after;

	ck_assert_int_eq(keeper.result, 0);
	ck_assert_int_eq(stat(path, &before), 0);
	for (int i = 0; i < 3; i++) {
		refused(path, 0, -EALREADY);
		ck_assert_int_eq(named_by_error(), keeper.pid);
		check_names(path, keeper.pid);
	}
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	keeper_end(&keeper);
	daemonkit_pidfile_close(create(path, 0));
}
END_TEST

static bool is_locked(const char *path, int command, off_t start, off_t length)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = start, .l_len = length };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, command, &lock), 0);
	close(fd);
	return lock.l_type != F_UNLCK;
}

static int has_posix_lock(void *path)
{
	return is_locked(path, F_GETLK, 0, GUARD_BYTE) ? 0 : 1;
}

START_TEST(process_cannot_acquire_file_twice)
{
	char *path = strdup(harness_path("x.pid"));
	struct daemonkit_pidfile *pidfile = create(path, 0), *second = NULL;
	struct keeper keeper;

	refused(path, 0, -EALREADY);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "held by this process"));
	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &second), 0);
	ck_assert_int_eq(daemonkit_pidfile_lock(second), -EALREADY);
	ck_assert_int_eq(daemonkit_pidfile_write(second), -EPERM);
	ck_assert_int_eq(daemonkit_pidfile_remove(second), -EPERM);
	daemonkit_pidfile_close(second);
	/* None of this has released a lock. */
	ck_assert_int_eq(in_child(has_posix_lock, path), 0);
	keeper = keeper_start(path, 0, NULL);
	ck_assert_int_eq(keeper.result, -EALREADY);
	keeper_end(&keeper);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	daemonkit_pidfile_close(pidfile);
	free(path);
}
END_TEST

START_TEST(start_after_kill_succeeds)
{
	const char *path = harness_path("x.pid");

	for (int i = 0; i < 20; i++) {
		struct keeper keeper = keeper_start(path, 0, NULL);

		ck_assert_int_eq(keeper.result, 0);
		keeper_kill(&keeper);
		daemonkit_pidfile_close(create(path, 0));
	}
	ck_assert_uint_eq(count_entries(harness_directory()), 1);
}
END_TEST

static void leave_a_worker(const char *path)
{
	(void)path;
	if (fork() == 0)
		for (;;)
			pause();
}

START_TEST(child_of_dead_holder_is_not_holder)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper;

	harness_adopt_orphans();
	keeper = keeper_start(path, 0, leave_a_worker);
	refused(path, 0, -EALREADY);
	ck_assert_int_eq(named_by_error(), keeper.pid);
	keeper_kill(&keeper);
	/* The worker has the descriptor now, and so the guard. */
	ck_assert_uint_eq(harness_count_children(getpid()), 1);
	daemonkit_pidfile_close(create(path, 0));
	kill_orphan();
}
END_TEST

static void open_and_close(const char *path)
{
	close(open(path, O_RDONLY | O_CLOEXEC));
}

/* A POSIX lock is released when any descriptor of the file is closed. */
START_TEST(reading_own_file_keeps_lock)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper;

	harness_need_ofd_locks();
	keeper = keeper_start(path, 0, open_and_close);
	ck_assert_int_eq(keeper.result, 0);
	for (int i = 0; i < 3; i++) {
		refused(path, 0, -EALREADY);
		ck_assert_int_eq(named_by_error(), keeper.pid);
	}
	check_names(path, keeper.pid);
	keeper_kill(&keeper);
	daemonkit_pidfile_close(create(path, 0));
}
END_TEST

static void run_sleep(const char *path)
{
	int ready[2];
	char byte;

	(void)path;
	/* The end that is closed by execve(2) tells that the program runs. */
	if (pipe2(ready, O_CLOEXEC) != 0)
		_exit(1);
	if (fork() == 0) {
		execlp("sleep", "sleep", "1000", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);
}

/* Fault 3 of go-daemon: a program that the daemon executed kept the lock. */
START_TEST(executed_programs_inherit_no_lock)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper;

	harness_need_ofd_locks();
	harness_adopt_orphans();
	keeper = keeper_start(path, 0, run_sleep);
	ck_assert(is_locked(path, F_OFD_GETLK, GUARD_BYTE, 1));
	ck_assert(is_locked(path, F_GETLK, 0, 0));
	keeper_kill(&keeper);
	ck_assert_uint_eq(harness_count_children(getpid()), 1);
	ck_assert(!is_locked(path, F_OFD_GETLK, GUARD_BYTE, 1));
	ck_assert(!is_locked(path, F_GETLK, 0, 0));
	kill_orphan();
}
END_TEST

static int use_in_child(void *pidfile)
{
	pid_t pid;

	return daemonkit_pidfile_write(pidfile) != -EPERM                       ? 1
	       : daemonkit_pidfile_remove(pidfile) != -EPERM                    ? 2
	       : daemonkit_pidfile_lock(pidfile) != -EALREADY                   ? 3
	       : daemonkit_pidfile_unlock(pidfile) != 0                         ? 4
	       : daemonkit_pidfile_read(pidfile, &pid) != 0 || pid != getppid() ? 5
	       : daemonkit_pidfile_close(pidfile) != NULL                       ? 6
										: 0;
}

static int start_in_child(void *inherited)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;

	daemonkit_pidfile_close(inherited);
	return daemonkit_pidfile_create(path, 0, &pidfile) == -EALREADY &&
			       named_by_error() == getppid()
		       ? 0
		       : 1;
}

START_TEST(children_neither_inherit_nor_release_lock)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile;

	harness_need_ofd_locks();
	pidfile = create(path, 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(in_child(use_in_child, pidfile), 0);
		ck_assert_int_eq(in_child(start_in_child, pidfile), 0);
		/* This releases the POSIX lock. */
		check_names(path, getpid());
	}
	ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

/* The contents of stale files, and of foreign ones. */
static const struct {
	const char *text;
	int result;
} contents[] = {
	{ "", 0 },
	{ "1\n", 0 },
	{ "1", 0 },
	{ "2147483647\n", 0 },
	{ "0\n", 0 },
	{ "-1\n", 0 },
	{ "+1\n", 0 },
	{ " 1\n", 0 },
	{ "1 \n", 0 },
	{ "1\n\n", 0 },
	{ "1\r\n", 0 },
	{ "1\n2\n", 0 },
	{ "\n", 0 },
	{ "0x10\n", -EEXIST },
	{ "2147483648\n", 0 },
	{ "99999999999999999999999999999999999\n", 0 },
	{ "1x\n", -EEXIST },
	{ "1.5\n", -EEXIST },
	{ "1\n#\n", -EEXIST },
	{ "root:x:0:0:root:/root:/bin/bash\n", -EEXIST },
	{ "\001\002\377\n", -EEXIST },
};

START_TEST(only_pid_files_are_replaced)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;
	int fd;

	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
		harness_write_file(path, contents[i].text);
		if (contents[i].result == 0) {
			ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), 0);
			daemonkit_pidfile_close(pidfile);
			ck_assert_str_eq(harness_read_file(path), contents[i].text);
			daemonkit_pidfile_close(create(path, 0));
		} else {
			refused(path, 0, contents[i].result);
			ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), -EEXIST);
			ck_assert_str_eq(harness_read_file(path), contents[i].text);
		}
		unlink(path);
	}
	/* The end of the file matters, too; a file of a gigabyte is not read completely. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(pwrite(fd, "1\n", 2, 0), 2);
	ck_assert_int_eq(pwrite(fd, "x", 1, 4095), 1);
	refused(path, 0, -EEXIST);
	ck_assert_int_eq(ftruncate(fd, 0x40000001), 0);
	refused(path, 0, -EEXIST);
	/* After a power loss: the right length, and only NULs. */
	for (off_t size = 1; size <= 4096; size *= 8) {
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(ftruncate(fd, size), 0);
		daemonkit_pidfile_close(create(path, 0));
		ck_assert_int_eq(atoi(harness_read_file(path)), getpid());
		close(fd);
		fd = open(path, O_RDWR | O_CLOEXEC);
		ck_assert_int_ge(fd, 0);
	}
	close(fd);
}
END_TEST

/* Only a regular file with a single link is changed, opened or waited for. */
START_TEST(other_kinds_of_files_are_refused)
{
	const char *path = harness_path("x.pid"), *victim = harness_path("victim");
	struct daemonkit_pidfile *pidfile = NULL;
	struct stat before, after;

	harness_write_file(victim, "123\n");
	ck_assert_int_eq(chmod(victim, 0604), 0);
	ck_assert_int_eq(stat(victim, &before), 0);
	ck_assert_int_eq(symlink(victim, path), 0);
	refused(path, 0, -ELOOP);
	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), -ELOOP);
	unlink(path);
	ck_assert_int_eq(symlink("dangling", path), 0);
	refused(path, 0, -ELOOP);
	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), -ELOOP);
	ck_assert_int_ne(access(harness_path("dangling"), F_OK), 0);
	unlink(path);
	ck_assert_int_eq(link(victim, path), 0);
	refused(path, 0, -EEXIST);
	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), -EEXIST);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0666), 0);
	refused(path, 0, -EEXIST);
	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), -EEXIST);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	refused(path, 0, -EEXIST);
	refused(harness_path("x.pid/"), 0, -EEXIST);
	refused(harness_path("x.pid/."), 0, -EEXIST);
	refused("/", 0, -EEXIST);
	rmdir(path);
	refused("/dev/null", 0, -EEXIST);
	ck_assert_int_eq(daemonkit_pidfile_open("/dev/null", 0, &pidfile), -EEXIST);
	ck_assert_str_eq(harness_read_file(victim), "123\n");
	ck_assert_int_eq(stat(victim, &after), 0);
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_uint_eq(after.st_ino, before.st_ino);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}
END_TEST

START_TEST(relative_and_long_paths)
{
	char name[NAME_MAX + 2], deep[PATH_MAX + 2];
	const char *directory = harness_directory();
	struct daemonkit_pidfile *pidfile;

	memset(name, 'n', sizeof name);
	name[NAME_MAX] = '\0';
	ck_assert_int_eq(chdir(directory), 0);
	pidfile = create(name, 0);
	/* A later change of the working directory does not matter. */
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
	daemonkit_pidfile_close(pidfile);
	ck_assert_uint_eq(count_entries(directory), 0);
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = '\0';
	refused(harness_path("%s", name), 0, -ENAMETOOLONG);
	memset(deep, '/', sizeof deep);
	deep[PATH_MAX] = 'x';
	deep[PATH_MAX + 1] = '\0';
	refused(deep, 0, -ENAMETOOLONG);
	refused(harness_path("none/x.pid"), 0, -ENOENT);
	harness_write_file(harness_path("file"), "");
	refused(harness_path("file/x.pid"), 0, -ENOTDIR);
	ck_assert_int_eq(mkdir(harness_path("gone"), 0700), 0);
	ck_assert_int_eq(chdir(harness_path("gone")), 0);
	ck_assert_int_eq(rmdir(harness_path("gone")), 0);
	refused("x.pid", 0, -ENOENT);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(names_of_maximum_length_work)
{
	char name[NAME_MAX + 1];

	forbid_nameless();
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	harness_write_file(harness_path("%s", name), "1\n");
	daemonkit_pidfile_close(create(harness_path("%s", name), 0));
	ck_assert_uint_eq(count_entries(harness_directory()), 1);
}
END_TEST

START_TEST(missing_descriptors_are_an_error)
{
	struct rlimit few = { .rlim_cur = 0 }, before;
	const char *path = harness_path("x.pid");

	getrlimit(RLIMIT_NOFILE, &before);
	few.rlim_max = before.rlim_max;
	setrlimit(RLIMIT_NOFILE, &few);
	refused(path, 0, -EMFILE);
	setrlimit(RLIMIT_NOFILE, &before);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

static int create_beyond_the_limit(void *data)
{
	const char *path = data;
	struct rlimit limit = { .rlim_cur = 1, .rlim_max = RLIM_INFINITY };
	struct daemonkit_pidfile *pidfile = NULL;
	int result;

	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 77;
	result = daemonkit_pidfile_create(path, 0, &pidfile);
	/* The limit must not affect files that a checker or profiler writes at exit. */
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 2;
	return result == -EFBIG && strstr(daemonkit_error(), path) && !pidfile ? 0 : 1;
}

/* A write would kill the process with SIGXFSZ. */
START_TEST(file_size_limit_is_an_error)
{
	char *path = strdup(harness_path("x.pid"));
	struct rlimit limit;
	int result;

	getrlimit(RLIMIT_FSIZE, &limit);
	if (limit.rlim_max != RLIM_INFINITY)
		harness_skip("a limit is already set");
	take_way(_i);
	result = in_child(create_beyond_the_limit, path);
	ck_assert_int_eq(result, 0);
	ck_assert_uint_eq(count_entries(harness_directory()), 0);
	harness_write_file(path, "2147483646\n");
	ck_assert_int_eq(in_child(create_beyond_the_limit, path), 0);
	/* If the new file needs the name at once, the stale one was removed before. */
	if (is_nameless(_i))
		ck_assert_str_eq(harness_read_file(path), "2147483646\n");
	unlink(path);
	ck_assert_uint_eq(count_entries(harness_directory()), 0);
	free(path);
}
END_TEST

START_TEST(standard_descriptors_are_not_used)
{
	const char *path = harness_path("x.pid");
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct daemonkit_pidfile *pidfile = NULL, *empty = NULL, *again = NULL;
		const char *other = harness_path("other.pid");

		close(0);
		close(1);
		close(2);
		_exit(daemonkit_pidfile_create(path, 0, &pidfile) != 0 ||
				      daemonkit_pidfile_open(other, 0, &empty) != 0 ||
				      daemonkit_pidfile_open(other, 0, &again) != 0
			      ? 1
		      : daemonkit_pidfile_fd(empty) < 3 || daemonkit_pidfile_fd(again) < 3 ||
				      daemonkit_pidfile_fd(pidfile) < 3
			      ? 2
		      : fcntl(0, F_GETFD) >= 0 || fcntl(1, F_GETFD) >= 0 || fcntl(2, F_GETFD) >= 0
			      ? 3
		      : daemonkit_pidfile_lock(pidfile) != 0 ? 4
							     : 0);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(lock_of_reader_is_reported)
{
	const char *path = harness_path("x.pid");
	struct flock lock = { .l_type = F_RDLCK };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct keeper keeper;

	ck_assert_int_eq(fcntl(fd, F_SETLK, &lock), 0);
	keeper = keeper_start(path, 0, NULL);
	/* A reader is no instance: a caller that takes -EALREADY for success would be wrong. */
	ck_assert_int_eq(keeper.result, -ENOLCK);
	keeper_end(&keeper);
	close(fd);
	daemonkit_pidfile_close(create(path, 0));
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("pidfile");
	TCase *create_case = harness_case(suite, "create");

	tcase_add_test(create_case, arguments_are_checked);
	tcase_add_test(create_case, the_mode_is_exact);
	tcase_add_test(create_case, the_default_mode);
	tcase_add_test(create_case, a_second_start_is_refused);
	tcase_add_test(create_case, process_cannot_acquire_file_twice);
	tcase_add_test(create_case, start_after_kill_succeeds);
	tcase_add_test(create_case, child_of_dead_holder_is_not_holder);
	if (harness_has_linux_api())
		tcase_add_test(create_case, reading_own_file_keeps_lock);
	if (harness_has_linux_api())
		tcase_add_test(create_case, executed_programs_inherit_no_lock);
	if (harness_has_linux_api())
		tcase_add_test(create_case, children_neither_inherit_nor_release_lock);
	tcase_add_test(create_case, only_pid_files_are_replaced);
	tcase_add_test(create_case, other_kinds_of_files_are_refused);
	tcase_add_test(create_case, relative_and_long_paths);
	tcase_add_test(create_case, names_of_maximum_length_work);
	tcase_add_test(create_case, missing_descriptors_are_an_error);
	tcase_add_loop_test(create_case, file_size_limit_is_an_error, 0, WAYS);
	tcase_add_test(create_case, standard_descriptors_are_not_used);
	tcase_add_test(create_case, lock_of_reader_is_reported);
	return harness_main(argc, argv, suite, NULL);
}
