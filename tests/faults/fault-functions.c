/* SPDX-License-Identifier: MIT */
/*
 * Fault injection for the system calls of single functions: in each operation every call of the
 * process fails once with each error that it can return; and a call that changes a property of
 * the process succeeds once without effect. The operation must end in time, with 0 or with a
 * negative errno and a text; no descriptor and no file may be left; and the same operation
 * without a fault must succeed afterwards.
 */
#include <daemonkit/error.h>

#include <dirent.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault-errors.h"
#include "faults/fault-listener.h"
#include "faults/fault.h"
#include "faults/operations.h"

#define PATIENCE 10000 /* longer than any run, in milliseconds */
#define CALLS 4096

/* The fault of a run, and what happened. */
struct fault {
	size_t call;  /* index, or CALLS for none */
	size_t error; /* index among the errors of the call; after the last one: no effect */
};

static struct {
	size_t calls;
	long numbers[CALLS];
	bool counting, struck, no_more_errors;
	long struck_call;
	int struck_error; /* or NO_EFFECT */
} run;

#define NO_EFFECT (-1)

static char directory[] = "/tmp/daemonkit-functions-XXXXXX";
static unsigned passed, failed;

/* ---- the process that makes the calls ---- */

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += dup2(fd, fd) == fd;
	return count;
}

static void execute(const struct operation *operation)
{
	int before, result, code = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (operation->prepare != NULL && operation->prepare() != 0)
		code = FAULT_USAGE;
	fault_listener_install();
	before = count_descriptors();
	if (code == 0) {
		fault_mark(FAULT_BEGIN);
		result = operation->run();
		fault_mark(FAULT_END);
		if (result != 0)
			code = result < 0 && daemonkit_error()[0] != '\0' ? FAULT_REPORTED
									  : FAULT_SILENT;
		if (count_descriptors() > before)
			code = FAULT_LEAK;
	}
	if (operation->clean != NULL)
		operation->clean();
	_exit(code);
}

/* ---- answers ---- */

/* Does the call change a property of the process? */
static bool can_lack_effect(const struct seccomp_data *call)
{
	switch (call->nr) {
	case SYS_prctl:
		return call->args[0] == PR_SET_NO_NEW_PRIVS || call->args[0] == PR_SET_SECUREBITS ||
		       call->args[0] == PR_CAPBSET_DROP;
	case SYS_prlimit64:
		return call->args[2] != 0;
	case SYS_capset:
	case SYS_sched_setscheduler:
	case SYS_setgroups:
	case SYS_setpriority:
	case SYS_setresgid:
	case SYS_setresuid:
		return true;
	default:
		return false;
	}
}

/* The error to answer with, NO_EFFECT, or 0. */
static int strike(const struct fault *fault, const struct seccomp_data *call)
{
	size_t index = run.calls++, count;
	const int *errors;

	if (index < CALLS)
		run.numbers[index] = call->nr;
	if (index != fault->call)
		return 0;
	errors = fault_errors(call->nr, call->args, &count);
	run.no_more_errors = fault->error + 1 >= count + can_lack_effect(call);
	if (fault->error >= count + can_lack_effect(call))
		return 0;
	run.struck = true;
	run.struck_call = call->nr;
	run.struck_error = fault->error < count ? errors[fault->error] : NO_EFFECT;
	return run.struck_error;
}

static void answer(int listener, pid_t child, const struct fault *fault)
{
	struct seccomp_notif notice = { .id = 0 };
	struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	int error = 0;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
		return; /* the process has exited meanwhile */
	response.id = notice.id;
	if (notice.data.nr == SYS_close && (int)notice.data.args[0] == FAULT_BEGIN)
		run.counting = true;
	else if (notice.data.nr == SYS_close && (int)notice.data.args[0] == FAULT_END)
		run.counting = false;
	else if (run.counting && (pid_t)notice.pid == child)
		error = strike(fault, &notice.data);
	if (error != 0) {
		response.flags = 0;
		response.error = error == NO_EFFECT ? 0 : -error;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Answer until the process exits: its status, or -1 after a timeout. */
static int watch(int listener, pid_t child, const struct fault *fault)
{
	struct pollfd fds[] = { { .fd = listener, .events = POLLIN },
				{ .fd = (int)syscall(SYS_pidfd_open, child, 0),
				  .events = POLLIN } };
	int status = -1;

	while (poll(fds, 2, PATIENCE) > 0 && fds[1].revents == 0)
		answer(listener, child, fault);
	if (fds[1].revents == 0)
		kill(child, SIGKILL);
	if (waitpid(child, &status, 0) != child || fds[1].revents == 0)
		status = -1;
	close(fds[1].fd);
	return status;
}

/* ---- one run ---- */

/* The name of a file that was left, or NULL; it is removed. */
static const char *left_behind(void)
{
	static char name[256];
	DIR *list = opendir(directory);
	const char *found = NULL;
	struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof name, "%s", entry->d_name);
		unlinkat(dirfd(list), entry->d_name, 0);
		found = name;
	}
	closedir(list);
	return found;
}

/* Run it once: NULL, or the problem. */
static const char *run_once(const struct operation *operation, const struct fault *fault)
{
	int listener, status, code;
	pid_t child;

	memset(&run, 0, sizeof run);
	fault_listener_reset();
	child = fork();
	if (child == 0)
		execute(operation);
	listener = fault_listener_get(child);
	status = listener < 0 ? -1 : watch(listener, child, fault);
	close(listener);
	if (listener < 0 || status == -1)
		return listener < 0 ? "no seccomp listener" : "it did not end";
	code = WIFEXITED(status) ? WEXITSTATUS(status) : FAULT_USAGE;
	if (!WIFEXITED(status))
		return "it crashed";
	if (code == FAULT_LEAK)
		return "a descriptor was left";
	if (code == FAULT_SILENT)
		return "an error without a text";
	if (code != 0 && !(code == FAULT_REPORTED && run.struck))
		return "it failed without a fault";
	return left_behind() != NULL ? "a file was left" : NULL;
}

static void check(const struct operation *operation, const struct fault *fault)
{
	const char *problem = run_once(operation, fault);

	if (problem != NULL)
		printf("# %s, call %zu (number %ld) %s: %s\n", operation->name, fault->call,
		       run.struck_call,
		       !run.struck                     ? "succeeds"
		       : run.struck_error == NO_EFFECT ? "has no effect"
						       : strerrorname_np(run.struck_error),
		       problem);
	if (run.struck || fault->call == CALLS)
		*(problem == NULL ? &passed : &failed) += 1;
}

static void enumerate(const struct operation *operation)
{
	static long numbers[CALLS];
	size_t calls, count;

	check(operation, &(struct fault){ CALLS, 0 });
	calls = run.calls < CALLS ? run.calls : CALLS;
	memcpy(numbers, run.numbers, sizeof numbers);
	for (size_t call = 0; call < calls; call++) {
		fault_errors(numbers[call], NULL, &count);
		for (size_t error = 0; error <= count; error++) {
			check(operation, &(struct fault){ call, error });
			if (run.no_more_errors)
				break;
		}
	}
	check(operation, &(struct fault){ CALLS, 0 });
	printf("# %s: %zu system calls\n", operation->name, calls);
	if (calls == 0)
		failed++;
}

int main(int argc, char *argv[])
{
	if (mkdtemp(directory) == NULL || !fault_listener_begin())
		return FAULT_USAGE;
	chmod(directory, 0755);
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	operations_use(directory);
	for (const struct operation *one = operations; one->name != NULL; one++)
		if (argc < 2 || strcmp(argv[1], one->name) == 0)
			enumerate(one);
	rmdir(directory);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
