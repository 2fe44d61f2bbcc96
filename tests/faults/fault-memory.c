/* SPDX-License-Identifier: MIT */
/*
 * Fault injection for allocations: in each scenario the first allocation fails, then the second
 * one, and so on, up to the last. Each run must end with a negative errno and a text, without
 * leaks of memory or descriptors, and without processes or files left; and the same scenario
 * without a fault must succeed afterwards.
 *
 * The allocator here replaces that of the C library in the whole program, including allocations
 * by the C library itself. It counts.
 */
#include <daemonkit/daemonkit.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"
#include "faults/operations.h"

/* ---- the allocator ---- */

struct block {
	size_t size;
	_Alignas(max_align_t) unsigned char bytes[];
};

static _Alignas(max_align_t) unsigned char memory[64 << 20];
static size_t memory_used;
static long blocks;             /* allocated and not yet freed */
static long until_failure = -1; /* number of allocations up to and including the failing one */
static long blocks_before;
static bool has_failed;

#define MOST 1000 /* maximum of a scenario */

void *malloc(size_t size)
{
	struct block *block = (struct block *)(void *)(memory + memory_used);
	size_t needed = sizeof *block + (size + 15) / 16 * 16;

	if ((until_failure > 0 && --until_failure == 0) ||
	    size > sizeof memory - memory_used - sizeof *block - 16) {
		has_failed = true;
		errno = ENOMEM;
		return NULL;
	}
	memory_used += needed;
	blocks++;
	block->size = size;
	memset(block->bytes, 0xa5, size);
	return block->bytes;
}

void free(void *bytes)
{
	if (bytes == NULL)
		return;
	blocks--;
	memset(bytes, 0x5a,
	       ((struct block *)(void *)((unsigned char *)bytes - offsetof(struct block, bytes)))
		       ->size);
}

void *calloc(size_t count, size_t size)
{
	void *bytes;

	if (size > 0 && count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	bytes = malloc(count * size);
	return bytes == NULL ? NULL : memset(bytes, 0, count * size);
}

void *realloc(void *old, size_t size)
{
	unsigned char *bytes = malloc(size);
	size_t before = old == NULL ? 0
				    : ((struct block *)(void *)((unsigned char *)old -
								offsetof(struct block, bytes)))
					      ->size;

	if (bytes != NULL && old != NULL) {
		memcpy(bytes, old, before < size ? before : size);
		free(old);
	}
	return bytes;
}

/* That of the C library calls its own realloc(3). */
void *reallocarray(void *old, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, count * size);
}

/* ---- scenarios: 0, or a negative errno whose text is in daemonkit_error() ---- */

static char directory[] = "/tmp/daemonkit-memory-XXXXXX";
static char path[128], log_path[128];
static char self[4096], scenario_name[64];
static char in_second_copy[32];

static int ignore(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	return 0;
}

static int set_all(struct daemonkit_context *context)
{
	char *arguments[] = { self, scenario_name, directory, in_second_copy, NULL };
	char *environment[] = { (char[]){ "A=1" }, (char[]){ "B=2" }, NULL };
	gid_t groups[] = { 0 };
	int result = daemonkit_context_set_pid_file(context, path, 0);

	if (result == 0)
		result = daemonkit_context_set_log_file(context, log_path, 0600);
	if (result == 0)
		result = daemonkit_context_set_work_dir(context, "/tmp");
	if (result == 0)
		result = daemonkit_context_set_chroot(context, "/");
	if (result == 0)
		result = daemonkit_context_set_chroot(context, NULL);
	if (result == 0)
		result = daemonkit_context_set_args(context, arguments);
	if (result == 0)
		result = daemonkit_context_set_env(context, environment);
	if (result == 0)
		result = daemonkit_context_set_user(context, "root", "root");
	if (result == 0)
		result = daemonkit_context_set_credential(context, getuid(), getgid(), groups,
							  geteuid() == 0 ? 1 : 0);
	if (result == 0 && geteuid() != 0)
		result = daemonkit_context_set_user(context, NULL, NULL);
	if (result == 0)
		result = daemonkit_context_set_umask(context, 027);
	if (result == 0)
		result = daemonkit_context_keep_fd(context, 3);
	if (result == 0)
		result = daemonkit_context_set_log_fd(context, STDOUT_FILENO);
	return result;
}

static void await_stop(void)
{
	sigset_t stop;
	int signal;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigwait(&stop, &signal);
}

/* The daemon: runs until it is told to exit. */
static int serve(struct daemonkit_context *context)
{
	await_stop();
	return daemonkit_context_release(context);
}

static long upgrade_fault = -1; /* until_failure, for the daemon in an upgrade */

/* When told to exit, start a successor; if that fails, remain the daemon. */
static int be_replaced(struct daemonkit_context *context)
{
	struct daemonkit_upgrade *upgrade = NULL;
	pid_t result;

	await_stop();
	until_failure = upgrade_fault;
	result = daemonkit_upgrade_start(context, NULL, DAEMONKIT_UNTIL_SET_UP, &upgrade);
	if (result == 0)
		result = daemonkit_upgrade_wait(upgrade, -1);
	daemonkit_upgrade_free(upgrade);
	until_failure = -1;
	if (result < 0 && daemonkit_error()[0] == '\0')
		return 1;
	if (result > 0)
		kill(result, SIGTERM);
	return daemonkit_context_release(context);
}

static bool copy_had_none; /* the second copy, or the daemon, did not reach its fault */

/* Did a daemon fail without a leak? */
static bool failed_well(const struct daemonkit_context *context)
{
	int status = context == NULL ? -1 : daemonkit_context_exit_status(context);

	return status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) <= FAULT_REPORTED;
}

/* Called by the launcher when the daemon is up: its exit code. */
static int end_daemon(pid_t daemon)
{
	int status = 0;

	kill(daemon, SIGTERM);
	if (waitpid(daemon, &status, 0) != daemon)
		return 0; /* in mode FORK: checked by await_daemons() */
	copy_had_none = WIFEXITED(status) && WEXITSTATUS(status) == FAULT_NONE;
	return status == 0 || copy_had_none ? 0 : -ECHILD;
}

/* The exit code of a daemon in mode FORK. */
static int code_of(int result)
{
	if (blocks != blocks_before)
		return FAULT_LEAK;
	if (result != 0)
		return result < 0 ? FAULT_REPORTED : FAULT_SILENT;
	return upgrade_fault > 0 && !has_failed ? FAULT_NONE : 0;
}

/* Start a daemon as a program of a user does; a launcher also waits for it to exit. */
static int start_in(int mode, int (*be_daemon)(struct daemonkit_context *context))
{
	struct daemonkit_context *context = NULL;
	int result = daemonkit_context_new(&context);
	pid_t before = getpid(), daemon = -1;
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	if (mode == DAEMONKIT_MODE_FOREGROUND)
		raise(SIGTERM);
	if (result == 0)
		result = set_all(context);
	if (result == 0)
		result = daemonkit_context_set_mode(context, mode);
	if (result == 0)
		result = daemon = daemonkit_context_reborn(context);
	if (result == 0)
		result = be_daemon(context);
	if (result < 0 && context != NULL && daemonkit_error()[0] == '\0')
		result = 1; /* an error without a text */
	if (result < 0 && !failed_well(context))
		result = 1;
	daemonkit_context_free(context);
	if (daemon > 0)
		result = end_daemon(daemon);
	if (getpid() != before) /* the daemon in mode FORK */
		_exit(code_of(result));
	return result;
}

static int reborn(void)
{
	return start_in(DAEMONKIT_MODE_REBORN, serve);
}

static int forked(void)
{
	return start_in(DAEMONKIT_MODE_FORK, serve);
}

static int foreground(void)
{
	return start_in(DAEMONKIT_MODE_FOREGROUND, serve);
}

/* Inject the fault into the running daemon, or into its successor. */
static int upgrade(void)
{
	int result;

	if (daemonkit_was_reborn())
		return start_in(DAEMONKIT_MODE_FORK, serve);
	upgrade_fault = until_failure;
	until_failure = -1;
	result = start_in(DAEMONKIT_MODE_FORK, be_replaced);
	has_failed = true; /* checked by await_daemons() */
	return result;
}

static int pidfile(void)
{
	struct daemonkit_pidfile *one = NULL;
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_create(path, 0, &one);

	if (result == 0)
		result = daemonkit_pidfile_holder(path, &process);
	daemonkit_process_free(process);
	if (one != NULL)
		daemonkit_pidfile_remove(one);
	daemonkit_pidfile_close(one);
	if (result < 0)
		return result;
	one = NULL;
	result = daemonkit_pidfile_open(path, 0, &one);
	if (result == 0)
		result = daemonkit_pidfile_lock(one);
	daemonkit_pidfile_close(one);
	unlink(path);
	return result;
}

static int signals_and_commands(void)
{
	struct daemonkit_signals *signals = NULL;
	struct daemonkit_commands *commands = NULL;
	const char *variable = "stop";
	bool flag = true;
	int result = daemonkit_signals_new(&signals);

	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGUSR1, ignore, NULL);
	if (result == 0)
		result = daemonkit_commands_new(signals, &commands);
	if (result == 0)
		result = daemonkit_commands_add_bool(commands, &flag, SIGUSR2, ignore, NULL);
	if (result == 0)
		result = daemonkit_commands_add_string(commands, &variable, "stop", SIGTERM, NULL,
						       NULL);
	if (result == 0 && daemonkit_commands_active(commands) != 2)
		result = 1;
	if (result == 0)
		result = daemonkit_signals_dispatch(signals);
	daemonkit_commands_free(commands);
	daemonkit_signals_free(signals);
	return result;
}

static int process(void)
{
	struct daemonkit_process *one = NULL;
	int result = daemonkit_process_open(getpid(), &one);

	daemonkit_process_free(one);
	return result;
}

static const struct scenario {
	const char *name;
	int (*run)(void);
	bool second_copy; /* also inject faults into the second copy */
	int (*prepare)(void);
	void (*clean)(void);
} scenarios[] = {
	{ "reborn", reborn, true, NULL, NULL },
	{ "fork", forked, false, NULL, NULL },
	{ "foreground", foreground, false, NULL, NULL },
	{ "upgrade", upgrade, true, NULL, NULL },
	{ "pidfile", pidfile, false, NULL, NULL },
	{ "signals", signals_and_commands, false, NULL, NULL },
	{ "process", process, false, NULL, NULL },
};

/* ---- one run ---- */

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 64; fd++)
		count += dup2(fd, fd) == fd;
	return count;
}

/*
 * The exit code that tells how the scenario ended when allocation number "fail" failed (0:
 * none).
 */
static int run_scenario(const struct scenario *scenario, long fail)
{
	struct daemonkit_context *context = NULL;
	int descriptors, result;
	bool lost_descriptors;

	/* The user database of the C library keeps memory from its first use on. */
	if (daemonkit_context_new(&context) < 0 ||
	    daemonkit_context_set_user(context, "root", "root") < 0)
		return FAULT_USAGE;
	daemonkit_context_free(context);
	if (scenario->prepare != NULL && scenario->prepare() != 0)
		return FAULT_USAGE;
	descriptors = count_descriptors();
	blocks_before = blocks;
	has_failed = false;
	until_failure = fail > 0 ? fail : -1;
	result = scenario->run();
	until_failure = -1;
	lost_descriptors = count_descriptors() > descriptors;
	if (scenario->clean != NULL)
		scenario->clean();
	if (result > 0 || (result < 0 && daemonkit_error()[0] == '\0'))
		return FAULT_SILENT;
	if (result < 0 && fail == 0 && strtol(in_second_copy, NULL, 10) == 0)
		printf("# %s\n", daemonkit_error());
	/* A second copy closes its channel, as it should. */
	if (blocks != blocks_before || lost_descriptors)
		return FAULT_LEAK;
	if (result < 0)
		return FAULT_REPORTED;
	if (fail == 0)
		return copy_had_none ? FAULT_NONE : 0;
	return has_failed ? 0 : FAULT_NONE;
}

static const struct scenario *find(const char *name)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	exit(FAULT_USAGE);
}

static unsigned passed, failed;

/* A daemon in mode FORK exits by itself, with its own exit code. */
static const char *await_daemons(void)
{
	const struct timespec patience = { .tv_sec = 5 };
	const char *problem = NULL;
	sigset_t child;
	pid_t pid;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == FAULT_NONE)
			copy_had_none = true;
		else if (pid > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) > FAULT_REPORTED) &&
			 !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
			problem = "the daemon crashed or lost memory";
		if (pid == 0 && sigtimedwait(&child, NULL, &patience) < 0)
			return "a process was left";
	}
	return problem;
}

static const char *left_behind(void)
{
	const char *problem = await_daemons();
	DIR *list = opendir(directory);
	struct dirent *entry;

	while (list != NULL && (entry = readdir(list)) != NULL) {
		if (entry->d_name[0] == '.' && strlen(entry->d_name) <= 2)
			continue;
		if (strcmp(entry->d_name, "log") != 0)
			problem = "a file was left";
		unlinkat(dirfd(list), entry->d_name, 0);
	}
	closedir(list);
	return problem;
}

/* Run in a child; returns its exit code, or -1 after printing a problem. */
static int try(const struct scenario *scenario, long fail, const char *where)
{
	const char *problem;
	int status;
	pid_t child;

	copy_had_none = false;
	child = fork();
	if (child == 0) {
		status = run_scenario(scenario, fail);
		fflush(stdout);
		_exit(status);
	}
	waitpid(child, &status, 0);
	problem = left_behind();
	if (!WIFEXITED(status))
		problem = "it crashed";
	else if (WEXITSTATUS(status) == FAULT_LEAK)
		problem = "memory or a descriptor was lost";
	else if (WEXITSTATUS(status) == FAULT_SILENT)
		problem = "an error without a text, or a leak of the second copy";
	if (problem == NULL)
		return copy_had_none ? FAULT_NONE : WEXITSTATUS(status);
	printf("# %s%s, allocation %ld: %s (%#x)\n", scenario->name, where, fail, problem,
	       (unsigned)status);
	return -1;
}

/* Make allocation N fail, here or in the second copy; is there an allocation N? */
static bool try_both(const struct scenario *scenario, long fail, bool in_copy)
{
	const char *where = in_copy ? " (second copy)" : "";
	int code;

	snprintf(in_second_copy, sizeof in_second_copy, "%ld", in_copy ? fail : 0);
	code = try(scenario, in_copy ? 0 : fail, where);
	if (code == FAULT_NONE)
		return false;
	in_second_copy[0] = '0';
	in_second_copy[1] = '\0';
	if (code >= 0 && try(scenario, 0, where) != 0) {
		printf("# %s%s, allocation %ld: the next one failed\n", scenario->name, where,
		       fail);
		code = -1;
	}
	*(code >= 0 ? &passed : &failed) += 1;
	return true;
}

/* The second copy: argv holds the scenario, the directory, and the allocation that fails. */
static int be_second_copy(char *argv[])
{
	strcpy(directory, argv[2]);
	snprintf(path, sizeof path, "%s/pid", directory);
	snprintf(log_path, sizeof log_path, "%s/log", directory);
	snprintf(in_second_copy, sizeof in_second_copy, "%s", argv[3]);
	return run_scenario(find(argv[1]), strtol(argv[3], NULL, 10));
}

static void enumerate(const struct scenario *scenario, bool in_copy)
{
	long fail = 1;

	snprintf(scenario_name, sizeof scenario_name, "%s", scenario->name);
	while (fail < MOST && try_both(scenario, fail, in_copy))
		fail++;
	printf("# %s%s: %ld allocations\n", scenario->name, in_copy ? " (second copy)" : "",
	       fail - 1);
	if (fail == 1) {
		printf("# %s: no allocation was made to fail\n", scenario->name);
		failed++;
	}
}

int main(int argc, char *argv[])
{
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	sigset_t child;

	if (argc == 4)
		return be_second_copy(argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (length < 0 || mkdtemp(directory) == NULL || dup2(STDOUT_FILENO, 3) != 3)
		return FAULT_USAGE;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	snprintf(path, sizeof path, "%s/pid", directory);
	snprintf(log_path, sizeof log_path, "%s/log", directory);
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
		enumerate(&scenarios[i], false);
		if (scenarios[i].second_copy)
			enumerate(&scenarios[i], true);
	}
	operations_use(directory);
	for (const struct operation *one = operations; one->name != NULL; one++)
		enumerate(&(struct scenario){ .name = one->name,
					      .run = one->run,
					      .prepare = one->prepare,
					      .clean = one->clean },
			  false);
	rmdir(directory);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
