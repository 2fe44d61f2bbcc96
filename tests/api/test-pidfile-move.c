/* SPDX-License-Identifier: MIT */
/* The pid file of a running daemon: moved to another path, acquired, and released. */
#include "harness/probe-running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

#include "harness/pidfile-tools.h"

static struct daemonkit_context *context;

static void be_daemon(const char *path)
{
	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
	ck_assert_msg(daemonkit_context_reborn(context) == 0, "%s", daemonkit_error());
}

static char *path_of(const char *name)
{
	const char *path = harness_path("%s", name);

	return strcpy(harness_memory(strlen(path) + 1), path);
}

/* In a child: the result of a start at this path, which must name the holder. */
static int start_in_child(void *path)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int result = daemonkit_pidfile_create(path, 0, &pidfile);

	if (result == -EALREADY)
		return named_by_error() == getppid() ? EALREADY : 1;
	if (result == 0)
		result = daemonkit_pidfile_remove(pidfile);
	daemonkit_pidfile_close(pidfile);
	return -result;
}

static int find_in_child(void *path)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_holder(path, &process);

	if (result == 0 && daemonkit_process_pid(process) != getppid())
		result = -EPERM;
	daemonkit_process_free(process);
	return -result;
}

static int read_in_child(void *path)
{
	pid_t pid = 0;

	return daemonkit_pidfile_read_path(path, &pid) == 0 && pid == getppid() ? 0 : 1;
}

/* Only in children: closing the file would release the POSIX lock. */
static void check_held(char *path)
{
	ck_assert_int_eq(in_child(start_in_child, path), EALREADY);
	ck_assert_int_eq(in_child(find_in_child, path), 0);
	ck_assert_int_eq(in_child(read_in_child, path), 0);
}

static void check_free(char *path)
{
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(in_child(start_in_child, path), 0);
}

static void check_own_search(pid_t expected)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_context_search(context, &process);

	ck_assert_int_eq(result < 0 ? result : daemonkit_process_pid(process), expected);
	daemonkit_process_free(process);
}

static mode_t mode_of(const char *path)
{
	struct stat facts;

	ck_assert_int_eq(stat(path, &facts), 0);
	return facts.st_mode & 07777;
}

static ino_t inode_of(const char *path)
{
	struct stat facts;

	ck_assert_int_eq(lstat(path, &facts), 0);
	return facts.st_ino;
}

static void release(void)
{
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	context = daemonkit_context_free(context);
}

/* ---- success ---- */

START_TEST(pid_file_moves)
{
	char *old = path_of("old.pid"), *new = path_of("new.pid");

	take_way(_i);
	be_daemon(old);
	check_held(old);
	ck_assert_msg(daemonkit_context_set_pid_file(context, new, 0604) == 0, "%s",
		      daemonkit_error());
	check_free(old);
	check_held(new);
	ck_assert_uint_eq(mode_of(new), 0604);
	check_own_search(getpid());
	/* And back; 0 is the default mode. */
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, old, 0), 0);
	check_free(new);
	check_held(old);
	ck_assert_uint_eq(mode_of(old), DAEMONKIT_FILE_MODE);
	ck_assert_str_eq(daemonkit_error(), "");
	ck_assert_uint_eq(count_entries(harness_directory()), 1);
	release();
	ck_assert_uint_eq(count_entries(harness_directory()), 0);
}
END_TEST

START_TEST(stale_file_at_the_new_path_is_replaced)
{
	static const char *const texts[] = { "2147483646\n", "", "1\n" };
	char *new = path_of("new.pid");

	harness_write_file(new, texts[_i]);
	be_daemon(harness_path("old.pid"));
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, new, 0), 0);
	check_held(new);
	ck_assert_uint_eq(count_entries(harness_directory()), 1);
	release();
}
END_TEST

START_TEST(relative_path_begins_in_the_working_directory)
{
	char *new = path_of("new.pid");

	ck_assert_int_eq(chdir(harness_directory()), 0);
	be_daemon("old.pid");
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, "new.pid", 0), 0);
	ck_assert_int_eq(chdir("/"), 0);
	check_held(new);
	release();
	ck_assert_uint_eq(count_entries(harness_directory()), 0);
}
END_TEST

START_TEST(same_path_sets_only_the_mode)
{
	char *path = path_of("x.pid");
	ino_t inode;

	be_daemon(path);
	inode = inode_of(path);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0604), 0);
	ck_assert_uint_eq(mode_of(path), 0604);
	ck_assert_int_eq(symlink(".", harness_path("link")), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, harness_path("link/x.pid"), 0), 0);
	ck_assert_uint_eq(mode_of(path), DAEMONKIT_FILE_MODE);
	ck_assert_uint_eq(inode_of(path), inode);
	check_held(path);
	/* It has the other name now. */
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, harness_path("y.pid"), 0), 0);
	check_free(path);
	release();
}
END_TEST

START_TEST(removed_file_is_created_again)
{
	char *path = path_of("x.pid"), *other = path_of("y.pid");

	be_daemon(path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
	check_held(path);
	/* Renamed by another process: the file is left behind, but names no process. */
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
	check_held(path);
	ck_assert_str_eq(harness_read_file(other), "");
	release();
}
END_TEST

START_TEST(null_releases_and_a_path_acquires)
{
	char *path = path_of("x.pid");
	struct daemonkit_process *process = NULL;

	be_daemon(NULL);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, NULL, 0), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
		check_held(path);
		check_own_search(getpid());
		ck_assert_int_eq(daemonkit_context_set_pid_file(context, NULL, 0), 0);
		check_free(path);
		ck_assert_int_eq(daemonkit_context_search(context, &process), -EINVAL);
	}
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	check_free(path);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
	check_held(path);
	release();
}
END_TEST

START_TEST(child_moves_nothing)
{
	char *path = path_of("x.pid");
	pid_t child;
	int status;

	be_daemon(path);
	child = fork();
	if (child == 0)
		_exit(daemonkit_context_set_pid_file(context, harness_path("y.pid"), 0) == 0 ? 0
											     : 1);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	check_held(path);
	ck_assert_uint_eq(count_entries(harness_directory()), 1);
	release();
}
END_TEST

/* ---- failures, after which nothing is changed ---- */

static void check_refused(const char *path, int error, const char *text)
{
	char *old = path_of("run/old.pid");
	ino_t inode = inode_of(old);

	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0604), error);
	ck_assert_msg(strstr(daemonkit_error(), text) != NULL, "%s", daemonkit_error());
	ck_assert_uint_eq(inode_of(old), inode);
	ck_assert_uint_eq(mode_of(old), DAEMONKIT_FILE_MODE);
	check_held(old);
	check_own_search(getpid());
}

START_TEST(new_path_is_refused)
{
	char *path = path_of("x");
	struct keeper keeper;

	ck_assert_int_eq(mkdir(harness_path("run"), 0755), 0);
	be_daemon(harness_path("run/old.pid"));
	harness_write_file(path, "somebody's work\n");
	check_refused(path, -EEXIST, "not a pid file");
	ck_assert_str_eq(harness_read_file(path), "somebody's work\n");
	harness_write_file(path, "1\n");
	ck_assert_int_eq(link(path, harness_path("y")), 0);
	check_refused(path, -EEXIST, "hard links");
	ck_assert_str_eq(harness_read_file(path), "1\n");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("y", path), 0);
	check_refused(path, -ELOOP, "symbolic link");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_str_eq(harness_read_file(harness_path("y")), "1\n");
	ck_assert_int_eq(symlink("run/old.pid", path), 0);
	check_refused(path, -ELOOP, "symbolic link");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	check_refused(path, -EEXIST, "not a regular file");
	ck_assert_int_eq(rmdir(path), 0);
	check_refused(harness_path("missing/x"), -ENOENT, "missing/x");
	check_refused("", -EINVAL, "empty");
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 01000), -EINVAL);
	keeper = keeper_start(path, 0, NULL);
	check_refused(path, -EALREADY, "held by process");
	ck_assert_int_eq(named_by_error(), keeper.pid);
	check_names(path, keeper.pid);
	keeper_end(&keeper);
	ck_assert_int_eq(daemonkit_context_set_pid_file(context, path, 0), 0);
	check_held(path);
	release();
}
END_TEST

START_TEST(second_object_of_this_process_is_respected)
{
	char *path = path_of("y.pid");
	struct daemonkit_pidfile *other;

	ck_assert_int_eq(mkdir(harness_path("run"), 0755), 0);
	be_daemon(harness_path("run/old.pid"));
	other = create(path, 0);
	check_refused(path, -EALREADY, "held by this process");
	check_held(path);
	daemonkit_pidfile_close(other);
	release();
}
END_TEST

/* The numbers of the children's checks. */
#define EXPECT(number, condition)      \
	do {                           \
		if (!(condition))      \
			return number; \
	} while (0)

static int begin_in_child(const char *path, const char *root, bool nobody)
{
	EXPECT(100, daemonkit_context_new(&context) == 0);
	EXPECT(101, daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND) == 0);
	EXPECT(102, daemonkit_context_set_pid_file(context, path, 0644) == 0);
	EXPECT(103, daemonkit_context_set_chroot(context, root) == 0);
	if (nobody)
		EXPECT(104,
		       daemonkit_context_set_credential(context, NOBODY, NOBODY, NULL, 0) == 0);
	EXPECT(105, daemonkit_context_reborn(context) == 0);
	return 0;
}

static bool refuses(const char *path, int error, const char *text)
{
	return daemonkit_context_set_pid_file(context, path, 0644) == error &&
	       strstr(daemonkit_error(), text) != NULL;
}

static bool found(const char *path)
{
	char copy[64];

	snprintf(copy, sizeof copy, "%s", path);
	return in_child(find_in_child, copy) == 0;
}

/* The old directory belongs to root, and one of the new ones to this user. */
static int move_as_nobody(void *directory)
{
	struct daemonkit_process *process = NULL;
	char path[4096];
	int result;

	snprintf(path, sizeof path, "%s/root/x.pid", (char *)directory);
	result = begin_in_child(path, NULL, true);
	if (result != 0)
		return result;
	snprintf(path, sizeof path, "%s/root/y.pid", (char *)directory);
	EXPECT(1, refuses(path, -EACCES, "/root/y.pid: create: Permission denied"));
	snprintf(path, sizeof path, "%s/own/x.pid", (char *)directory);
	EXPECT(2, refuses(path, -EACCES, "/root/x.pid: remove: Permission denied"));
	EXPECT(3, access(path, F_OK) < 0 && errno == ENOENT);
	snprintf(path, sizeof path, "%s/root/x.pid", (char *)directory);
	EXPECT(4, in_child(read_in_child, path) == 0);
	EXPECT(5, in_child(find_in_child, path) == 0);
	/* Released, it is emptied; then the new directory can be used. */
	EXPECT(6, daemonkit_context_set_pid_file(context, NULL, 0) == 0);
	snprintf(path, sizeof path, "%s/own/x.pid", (char *)directory);
	EXPECT(7, daemonkit_context_set_pid_file(context, path, 0644) == 0);
	snprintf(path, sizeof path, "%s/own/y.pid", (char *)directory);
	EXPECT(8, daemonkit_context_set_pid_file(context, path, 0644) == 0);
	EXPECT(9, in_child(find_in_child, path) == 0);
	EXPECT(10, daemonkit_context_search(context, &process) == 0);
	daemonkit_process_free(process);
	EXPECT(11, daemonkit_context_release(context) == 0);
	return 0;
}

START_TEST(user_has_changed)
{
	char *directory = strdup(harness_directory());

	harness_need_root();
	harness_need_call("chroot");
	harness_need_call("setgroups");
	open_path("");
	ck_assert_int_eq(mkdir(harness_path("root"), 0755), 0);
	ck_assert_int_eq(mkdir(harness_path("own"), 0755), 0);
	ck_assert_int_eq(chown(harness_path("own"), NOBODY, NOBODY), 0);
	ck_assert_int_eq(in_child(move_as_nobody, directory), 0);
	ck_assert_uint_eq(count_entries(harness_path("own")), 0);
	ck_assert_str_eq(harness_read_file(harness_path("root/x.pid")), "");
	free(directory);
}
END_TEST

/* The old file is outside the new root directory. */
static int move_out_of_reach(void *directory)
{
	char path[4096], jail[2048];
	int result;

	snprintf(path, sizeof path, "%s/x.pid", (char *)directory);
	snprintf(jail, sizeof jail, "%s/jail", (char *)directory);
	result = begin_in_child(path, jail, false);
	if (result != 0)
		return result;
	EXPECT(1, refuses("/run/x.pid", -EXDEV, "outside the root directory"));
	EXPECT(2, strstr(daemonkit_error(), "/x.pid: it cannot be removed") != NULL);
	EXPECT(3, access("/run/x.pid", F_OK) < 0);
	/* Without a file, which is emptied, it can have one inside. */
	EXPECT(4, daemonkit_context_set_pid_file(context, NULL, 0) == 0);
	EXPECT(5, daemonkit_context_set_pid_file(context, "/run/x.pid", 0644) == 0);
	EXPECT(6, found("/run/x.pid"));
	EXPECT(7, daemonkit_context_set_pid_file(context, "/run/y.pid", 0644) == 0);
	EXPECT(8, access("/run/x.pid", F_OK) < 0);
	EXPECT(9, found("/run/y.pid"));
	EXPECT(10, refuses("/missing/x.pid", -ENOENT, "/missing/x.pid: open its directory"));
	snprintf(path, sizeof path, "(the root directory is %s)", jail);
	EXPECT(11, strstr(daemonkit_error(), path) != NULL);
	EXPECT(12, daemonkit_context_release(context) == 0);
	return 0;
}

/* The old file is inside, where its path is another one. */
static int move_in_jail(void *directory)
{
	char path[4096], jail[2048];
	int result;

	snprintf(path, sizeof path, "%s/jail/run/x.pid", (char *)directory);
	snprintf(jail, sizeof jail, "%s/jail/", (char *)directory);
	result = begin_in_child(path, jail, true);
	if (result != 0)
		return result;
	EXPECT(1, daemonkit_context_set_pid_file(context, "/run/y.pid", 0644) == 0);
	EXPECT(2, access("/run/x.pid", F_OK) < 0);
	EXPECT(3, found("/run/y.pid"));
	EXPECT(4, daemonkit_context_set_pid_file(context, "/run/z.pid", 0644) == 0);
	EXPECT(5, access("/run/y.pid", F_OK) < 0);
	EXPECT(6, found("/run/z.pid"));
	EXPECT(7, daemonkit_context_release(context) == 0);
	return 0;
}

/* The old file is inside, in a directory of root. */
static int move_in_jail_as_nobody(void *directory)
{
	char path[4096], jail[2048];
	int result;

	snprintf(path, sizeof path, "%s/jail/x.pid", (char *)directory);
	snprintf(jail, sizeof jail, "%s/jail", (char *)directory);
	result = begin_in_child(path, jail, true);
	if (result != 0)
		return result;
	EXPECT(1, refuses("/run/x.pid", -EACCES, "/jail/x.pid: remove: Permission denied"));
	EXPECT(2, access("/run/x.pid", F_OK) < 0);
	EXPECT(3, found("/x.pid"));
	return 0;
}

START_TEST(root_directory_has_changed)
{
	static int (*const moves[])(void *directory) = { move_out_of_reach, move_in_jail,
							 move_in_jail_as_nobody };
	char *directory = strdup(harness_directory());

	harness_need_root();
	harness_need_call("chroot");
	open_path("");
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	ck_assert_int_eq(mkdir(harness_path("jail/run"), 0777), 0);
	ck_assert_int_eq(chmod(harness_path("jail/run"), 0777), 0);
	ck_assert_int_eq(in_child(moves[_i], directory), 0);
	ck_assert_uint_eq(count_entries(harness_path("jail/run")), 0);
	free(directory);
}
END_TEST

/* ---- at any instruction ---- */

static void __attribute__((__noreturn__)) move_traced(const char *old, const char *new)
{
	int result;

	be_daemon(old);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	result = daemonkit_context_set_pid_file(context, new, 0);
	/* The tracer counts the stops up to here. */
	_exit(result == 0 ? 0 : 1);
}

/* Does this process hold this file, and does the file contain its pid? */
static bool holds(const char *path, pid_t pid)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_holder(path, &process);
	bool it_does = result == 0 && daemonkit_process_pid(process) == pid;

	daemonkit_process_free(process);
	return it_does;
}

/*
 * Stop the move at this many system calls, and check at each that it holds one of the files: the
 * stopped process, or 0 if it did not get so far.
 */
static pid_t stop_move(const char *old, const char *new, int stops)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		move_traced(old, new);
	for (int i = 0; i <= stops; i++) {
		ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
		if (WIFEXITED(status)) {
			ck_assert_int_eq(status, 0);
			return 0;
		}
		ck_assert_msg(holds(old, pid) || holds(new, pid), "neither at stop %d", i);
		if (i < stops && ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
			harness_skip("no ptrace here");
	}
	return pid;
}

/* Guarantee: the lock is held all the time, and after a kill a start at either path succeeds. */
START_TEST(move_is_killed_at_any_system_call)
{
	const char *old = path_of("old.pid"), *new = path_of("new.pid");
	int stops = 0, status;
	pid_t pid;

	harness_need_kernel("ptrace(2)");
	take_way(_i);
	do {
		pid = stop_move(old, new, ++stops);
		if (pid > 0) {
			kill(pid, SIGKILL);
			ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
		}
		for (int i = 0; i < 2; i++) {
			struct daemonkit_pidfile *pidfile = create(i == 0 ? old : new, 0);

			ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
			daemonkit_pidfile_close(pidfile);
		}
		ck_assert_uint_eq(count_entries(harness_directory()), 0);
	} while (pid > 0);
	ck_assert_int_gt(stops, 40);
}
END_TEST

/* The old file is then another process's, and the move succeeds. */
START_TEST(directory_replaces_old_file_at_any_system_call)
{
	const char *old = path_of("old.pid"), *new = path_of("new.pid"), *away = path_of("away");
	int stops = 0, status;
	pid_t pid;

	harness_need_kernel("ptrace(2)");
	while ((pid = stop_move(old, new, ++stops)) > 0) {
		bool replaced = rename(old, away) == 0;

		ck_assert_int_eq(replaced ? mkdir(old, 0700) : 0, 0);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
		ck_assert_msg(status == 0, "after %d: %#x", stops, (unsigned)status);
		if (replaced) {
			ck_assert_str_eq(harness_read_file(away), "");
			ck_assert_int_eq(rmdir(old), 0);
		}
		unlink(away);
		unlink(new);
	}
	ck_assert_int_gt(stops, 40);
}
END_TEST

/* ---- in all modes ---- */

START_TEST(daemon_of_any_mode_moves_its_file)
{
	struct running running = running_start(
		_i,
		"pid=@/run/pid pidmode=644 ready=60000 daemon:pid=@/run/new daemon:up "
		"daemon:search daemon:report daemon:await=@/go daemon:release daemon:touch=@/end "
		"daemon:wait");

	ck_assert_int_eq(probe_number("found"), running.daemon);
	ck_assert_int_eq(access(harness_path("run/pid"), F_OK), -1);
	ck_assert(holds(harness_path("run/new"), running.daemon));
	ck_assert_uint_eq(mode_of(harness_path("run/new")), 0644);
	harness_write_file(harness_path("go"), "");
	ck_assert(harness_wait_text(harness_path("end"), "\n", HARNESS_SOON));
	probe_check_nothing_left();
	running_kill(&running);
}
END_TEST

/* It moves its file before it is ready, and does not remove it. */
START_TEST(launcher_removes_the_file_of_a_failed_daemon)
{
	static const char *const ends[] = {
		"daemon:raise=9",
		"daemon:exit=1",
		"daemon:failed=no",
		"daemon:wait",
	};
	struct probe probe;

	for (int i = 0; i < 4; i++) {
		probe = probe_run("%s pid=@/run/pid ready=%d daemon:pid=@/run/a daemon:pid=@/run/b "
				  "%s",
				  probe_ways[_i], i == 3 ? harness_scaled(500) : 60000, ends[i]);
		ck_assert_int_lt(probe.result, 0);
		probe_check_nothing_left();
	}
	/* Acquired, where there was none. */
	probe = probe_run("%s ready=60000 daemon:pid=@/run/a daemon:raise=9", probe_ways[_i]);
	probe_check_failed(&probe, -ECHILD, "signal 9");
	probe_check_nothing_left();
}
END_TEST

/* The launcher knows its path from outside the new root directory. */
START_TEST(launcher_removes_the_file_in_the_root_directory)
{
	struct probe probe;

	harness_need_root();
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	ck_assert_int_eq(mkdir(harness_path("jail/run"), 0755), 0);
	probe = probe_run("%s pid=@/jail/run/pid chroot=@/jail ready=60000 daemon:pid=/run/a "
			  "daemon:raise=9",
			  probe_ways[_i]);
	probe_check_failed(&probe, -ECHILD, "signal 9");
	ck_assert_uint_eq(count_entries(harness_path("jail/run")), 0);
}
END_TEST

/* It has not read the message about the file when a signal interrupts it. */
START_TEST(interrupted_launcher_removes_the_file)
{
	struct harness_program program = probe_spawn(
		"%s pid=@/run/pid ready=60000 daemon:touch=@/here daemon:await=@/stopped "
		"daemon:pid=@/run/a daemon:touch=@/moved daemon:wait",
		probe_ways[_i]);
	int status;

	ck_assert(harness_wait_text(harness_path("here"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(program.pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(program.pid, &status, WUNTRACED), program.pid);
	harness_write_file(harness_path("stopped"), "");
	ck_assert(harness_wait_text(harness_path("moved"), "\n", HARNESS_SOON));
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	ck_assert_int_eq(kill(program.pid, SIGCONT), 0);
	status = probe_end(&program);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	probe_check_nothing_left();
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("pidfile-move");
	TCase *moved = harness_case(suite, "moved");
	TCase *refused = harness_case(suite, "refused");
	TCase *killed = harness_case(suite, "killed");
	TCase *modes = harness_case(suite, "modes");

	tcase_add_loop_test(moved, pid_file_moves, 0, WAYS);
	tcase_add_loop_test(moved, stale_file_at_the_new_path_is_replaced, 0, 3);
	tcase_add_test(moved, relative_path_begins_in_the_working_directory);
	tcase_add_test(moved, same_path_sets_only_the_mode);
	tcase_add_test(moved, removed_file_is_created_again);
	tcase_add_test(moved, null_releases_and_a_path_acquires);
	tcase_add_test(moved, child_moves_nothing);
	tcase_add_test(refused, new_path_is_refused);
	tcase_add_test(refused, second_object_of_this_process_is_respected);
	tcase_add_test(refused, user_has_changed);
	tcase_add_loop_test(refused, root_directory_has_changed, 0, 3);
	tcase_add_loop_test(killed, move_is_killed_at_any_system_call, 0, WAYS);
	tcase_add_test(killed, directory_replaces_old_file_at_any_system_call);
	tcase_add_loop_test(modes, daemon_of_any_mode_moves_its_file, 0, RUNNING_WAYS);
	tcase_add_loop_test(modes, launcher_removes_the_file_of_a_failed_daemon, 0, PROBE_WAYS);
	tcase_add_loop_test(modes, launcher_removes_the_file_in_the_root_directory, 0, PROBE_WAYS);
	tcase_add_loop_test(modes, interrupted_launcher_removes_the_file, 0, PROBE_WAYS);
	return harness_main(argc, argv, suite, probe_helpers);
}
