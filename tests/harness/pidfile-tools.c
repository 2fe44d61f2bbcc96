/* SPDX-License-Identifier: MIT */
/* Functions for the tests of pid files. */
#include "harness/pidfile-tools.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "harness/harness.h"

static void filter(struct sock_fprog *program)
{
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) != 0)
		harness_skip("no seccomp filters here");
}

/* Make open(2) with this flag fail. */
static void forbid_flag(unsigned flag, unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	filter(&program);
}

void forbid_nameless(void)
{
	forbid_flag(O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP);
}

void forbid_new(int error)
{
	forbid_flag(O_EXCL, (unsigned)error);
}

void forbid_links(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_linkat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	filter(&program);
}

void take_way(int way)
{
	if (way == NAMED)
		forbid_nameless();
	if (way == LINKLESS)
		forbid_links();
}

bool is_nameless(int way)
{
	int fd = -1;

	if (way != NAMELESS)
		return false;
#ifdef COMPAT_LINUX
	fd = open(harness_directory(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#endif
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct keeper keeper_start(const char *path, mode_t mode, void (*then)(const char *path))
{
	struct keeper keeper;
	int control[2], answer[2];

	ck_assert_int_eq(pipe2(control, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(answer, O_CLOEXEC), 0);
	keeper.pid = fork();
	if (keeper.pid == 0) {
		struct daemonkit_pidfile *pidfile = NULL;
		int result = daemonkit_pidfile_create(path, mode, &pidfile);
		char byte;

		if (result == 0 && then)
			then(path);
		if (write(answer[1], &result, sizeof result) < 0 || read(control[0], &byte, 1) < 0)
			_exit(1);
		daemonkit_pidfile_close(pidfile);
		_exit(0);
	}
	ck_assert_int_eq(read(answer[0], &keeper.result, sizeof keeper.result),
			 sizeof keeper.result);
	keeper.control = control[1];
	close(control[0]);
	close(answer[0]);
	close(answer[1]);
	return keeper;
}

static void reap(struct keeper *keeper)
{
	int status;

	ck_assert(harness_wait_child(keeper->pid, &status, HARNESS_SOON));
	close(keeper->control);
}

void keeper_end(struct keeper *keeper)
{
	ck_assert_int_eq(write(keeper->control, "", 1), 1);
	reap(keeper);
}

void keeper_kill(struct keeper *keeper)
{
	kill(keeper->pid, SIGKILL);
	reap(keeper);
}

int in_child(int (*run)(void *data), void *data)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(run(data));
	ck_assert(harness_wait_child(pid, &status, 2 * HARNESS_SOON));
	return status >> 8 | (status & 0xff);
}

void kill_orphan(void)
{
	char path[64];
	int status;
	pid_t pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	pid = atoi(harness_read_file(path));
	ck_assert_int_gt(pid, 1);
	kill(pid, SIGKILL);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
}

bool become_nobody(void)
{
	return setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

void check_names(const char *path, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof text, "%d\n", (int)pid);
	ck_assert_str_eq(harness_read_file(path), text);
}

struct daemonkit_pidfile *create(const char *path, mode_t mode)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int result = daemonkit_pidfile_create(path, mode, &pidfile);
	pid_t named = 0;

	ck_assert_msg(result == 0, "%d: %s", result, daemonkit_error());
	ck_assert_ptr_nonnull(pidfile);
	ck_assert_int_eq(daemonkit_pidfile_read(pidfile, &named), 0);
	ck_assert_int_eq(named, getpid());
	return pidfile;
}

pid_t named_by_error(void)
{
	const char *text = strstr(daemonkit_error(), "held by process ");

	return text ? atoi(text + strlen("held by process ")) : 0;
}

size_t count_entries(const char *directory)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	size_t count = 0;

	ck_assert_ptr_nonnull(list);
	/* FUSE renames a file that is removed while open to such a name until it is closed. */
	while ((entry = readdir(list)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			 strncmp(entry->d_name, ".fuse_hidden", 12) != 0;
	closedir(list);
	return count;
}

const char *open_path(const char *name)
{
	ck_assert_int_eq(chmod(harness_directory(), 0755), 0);
	return harness_path("%s", name);
}
