/* SPDX-License-Identifier: MIT */
/*
 * Containers for tests.
 * Not thread-safe.
 */
#include "harness/container-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define IMPOSSIBLE 77
#define MAX_ARGUMENTS 32

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return written;
}

/* Only root can create the other namespaces: become root in a user namespace. */
static bool become_root(void)
{
	char users[64], groups[64];

	snprintf(users, sizeof users, "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof groups, "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER) == 0 && write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", users) && write_file("/proc/self/gid_map", groups);
}

static bool leave_namespaces(void)
{
	return (geteuid() == 0 || become_root()) && unshare(CLONE_NEWPID | CLONE_NEWNS) == 0 &&
	       mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == 0;
}

static bool mount_proc(void)
{
	return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

/*
 * Exit as the child did, and do nothing else: this process is outside the container, and a leak
 * check would see processes of others in its /proc.
 */
static void __attribute__((__noreturn__)) end_like(pid_t child)
{
	const struct rlimit none = { 0, 0 };
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			_exit(126);
	if (!WIFSIGNALED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	_exit(126);
}

/* argv[1...]: the helper and its arguments */
static void run_helper(char *argv[])
{
	char *arguments[MAX_ARGUMENTS + 3] = { argv[0], (char[]){ "--helper" } };

	for (size_t i = 0; i < MAX_ARGUMENTS && argv[1 + i] != NULL; i++)
		arguments[2 + i] = argv[1 + i];
	execv(harness_self, arguments);
	_exit(127);
}

/* Process 1 starts when its pid has been written to the other end of the pipe. */
static void be_first(int gate, char *argv[])
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(gate, &byte, 1) != 1 || !mount_proc())
		_exit(IMPOSSIBLE);
	close(gate);
	run_helper(argv);
}

int container_main(int argc, char *argv[])
{
	int gate[2];
	pid_t child;

	(void)argc;
	if (!leave_namespaces() || pipe2(gate, O_CLOEXEC) < 0)
		_exit(IMPOSSIBLE);
	child = fork();
	if (child == 0)
		be_first(gate[0], argv);
	dprintf(STDOUT_FILENO, "%d\n", (int)child);
	if (write(gate[1], "", 1) != 1)
		_exit(126);
	/* Only process 1 reads from the input, and ends when it is closed. */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	end_like(child);
}

static bool enter_namespaces(const char *pid)
{
	static const char *const names[] = { "user", "pid", "mnt" };
	int fds[3];

	for (size_t i = 0; i < 3; i++) {
		char path[64];

		snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, names[i]);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
	/* Root created no user namespace, and cannot enter its own again. */
	return (geteuid() == 0 || setns(fds[0], CLONE_NEWUSER) == 0) &&
	       setns(fds[1], CLONE_NEWPID) == 0 && setns(fds[2], CLONE_NEWNS) == 0;
}

/* argv[1]: process 1; argv[2...]: the helper and its arguments */
int container_enter(int argc, char *argv[])
{
	pid_t child;

	(void)argc;
	if (!enter_namespaces(argv[1]))
		_exit(IMPOSSIBLE);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_helper(argv + 1);
	}
	end_like(child);
}

bool container_is_possible(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		if (!leave_namespaces())
			_exit(IMPOSSIBLE);
		child = fork();
		if (child == 0)
			_exit(mount_proc() ? 0 : IMPOSSIBLE);
		end_like(child);
	}
	waitpid(child, &status, 0);
	if (status == 0)
		return true;
	fprintf(stderr, "# no containers (pid namespaces) here: skipping their tests\n");
	return false;
}

static size_t collect(const char *argv[static MAX_ARGUMENTS], size_t count, va_list rest)
{
	while (count < MAX_ARGUMENTS - 1 && (argv[count] = va_arg(rest, const char *)) != NULL)
		count++;
	argv[count] = NULL;
	return count;
}

struct container container_start(const char *helper, ...)
{
	const char *argv[MAX_ARGUMENTS] = { harness_self, "--helper", "container", helper };
	struct container container;
	va_list rest;

	va_start(rest, helper);
	collect(argv, 4, rest);
	va_end(rest);
	container.program = harness_spawn(argv);
	container.first = (pid_t)atoi(harness_line(&container.program));
	return container;
}

int container_end(struct container *container)
{
	return harness_end(&container->program);
}

int container_kill(struct container *container)
{
	kill(container->first, SIGKILL);
	return container_end(container);
}

int container_run(const struct container *container, const char *helper, ...)
{
	char first[16];
	const char *argv[MAX_ARGUMENTS] = { harness_self, "--helper", "enter", first, helper };
	struct harness_result result;
	va_list rest;

	harness_need_kernel("setns(2), which fails with threads, including those of an emulator");
	snprintf(first, sizeof first, "%d", (int)container->first);
	va_start(rest, helper);
	collect(argv, 5, rest);
	va_end(rest);
	result = harness_run(argv);
	if (result.error[0] != '\0')
		fprintf(stderr, "%s", result.error);
	return result.status;
}
