/* SPDX-License-Identifier: MIT */
/*
 * Races: races STARTS ROUNDS SECONDS
 *
 * In each of ROUNDS, STARTS launchers start the same daemon at the same moment: exactly one is
 * up, and every other launcher reports that it is running. Then some processes start, stop, reload,
 * examine and upgrade a daemon for SECONDS, in any order: never do two daemons serve, every
 * operation ends with success or with an error that says what the others did, and at the end
 * nothing is left. Prints "N passed, N failed".
 *
 * races launch DIRECTORY is a launcher, and its daemon.
 */
#include <daemonkit/daemonkit.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE 60000 /* for one operation, in milliseconds */
#define WORKERS 6
#define NAME 64
#define BYSTANDER 3 /* exit code: another daemon is running */

static char directory[] = "/tmp/daemonkit-races-XXXXXX";
static unsigned passed, failed;

static void check(bool good, const char *what)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", passed + failed + 1, what);
	*(good ? &passed : &failed) += 1;
}

static const char *in(const char *where, const char *name, char path[static NAME])
{
	snprintf(path, NAME, "%s/%s", where, name);
	return path;
}

/* ---- the daemon ---- */

static bool upgrade_requested;

static int stop(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	return DAEMONKIT_SIGNALS_STOP;
}

static int reload(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	return 0;
}

static int begin_upgrade(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	upgrade_requested = true;
	return DAEMONKIT_SIGNALS_STOP;
}

/* Only one daemon may have this lock; another one leaves a file. */
static void claim(int lock, const char *where)
{
	char path[NAME];

	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		close(open(in(where, "two-daemons", path), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

/* Does a successor serve in place of this process? */
static bool is_replaced(struct daemonkit_context *context)
{
	struct daemonkit_upgrade *upgrade = NULL;
	int result = daemonkit_upgrade_start(context, NULL, PATIENCE, &upgrade);

	if (result == 0)
		result = daemonkit_upgrade_wait(upgrade, -1);
	daemonkit_upgrade_free(upgrade);
	return result > 0;
}

static int serve(struct daemonkit_context *context, struct daemonkit_signals *signals,
		 const char *where)
{
	char path[NAME];
	int lock = open(in(where, "serving", path), O_CREAT | O_RDWR | O_CLOEXEC, 0600), result;

	claim(lock, where);
	result = daemonkit_notify_ready(context);
	while (result == 0) {
		upgrade_requested = false;
		result = daemonkit_signals_serve(signals);
		if (result < 0 || !upgrade_requested)
			break;
		flock(lock, LOCK_UN);
		if (is_replaced(context))
			return 0;
		claim(lock, where);
	}
	flock(lock, LOCK_UN);
	return result == 0 ? daemonkit_context_release(context) : result;
}

static int launch(const char *where)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	char path[NAME];
	int result = daemonkit_context_new(&context);

	if (result == 0)
		result = daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN);
	if (result == 0)
		result = daemonkit_context_set_pid_file(context, in(where, "pid", path), 0644);
	if (result == 0)
		result = daemonkit_context_set_ready_timeout(context, PATIENCE);
	if (result == 0)
		result = daemonkit_signals_new(&signals);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGTERM, stop, NULL);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGHUP, reload, NULL);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGUSR2, begin_upgrade, NULL);
	if (result == 0)
		result = daemonkit_context_reborn(context);
	if (result == 0)
		result = serve(context, signals, where);
	if (result < 0 && result != -EALREADY)
		fprintf(stderr, "%d: %s\n", result, daemonkit_error());
	daemonkit_signals_free(signals);
	daemonkit_context_free(context);
	return result >= 0 ? 0 : result == -EALREADY ? BYSTANDER : 1;
}

/* ---- many starts at once ---- */

static void execute_launcher(void)
{
	char word[] = "launch";
	char *arguments[] = { program_invocation_name, word, directory, NULL };

	execv("/proc/self/exe", arguments);
	_exit(127);
}

/* Wait for a launcher; other children are former daemons. */
static int wait_for(pid_t launcher)
{
	int status = 0;

	while (waitpid(launcher, &status, 0) < 0)
		if (errno != EINTR)
			return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Stop the daemon: 0, or a negative errno. */
static int stop_daemon(void)
{
	struct daemonkit_process *process = NULL;
	char path[NAME];
	int result = daemonkit_pidfile_holder(in(directory, "pid", path), &process);

	if (result == 0)
		result = daemonkit_process_stop(process, PATIENCE, DAEMONKIT_NEVER);
	daemonkit_process_free(process);
	return result;
}

static void start_together(long starts, long round)
{
	pid_t *launchers = calloc((size_t)starts, sizeof *launchers);
	int gate[2], up = 0, bystanders = 0;
	char what[128], byte;

	if (launchers == NULL || pipe2(gate, O_CLOEXEC) < 0)
		exit(1);
	for (long i = 0; i < starts; i++) {
		launchers[i] = fork();
		if (launchers[i] < 0) {
			perror("fork");
			exit(1);
		}
		if (launchers[i] > 0)
			continue;
		close(gate[1]);
		while (read(gate[0], &byte, 1) < 0)
			;
		execute_launcher();
	}
	close(gate[1]);
	close(gate[0]);
	for (long i = 0; i < starts; i++) {
		int code = wait_for(launchers[i]);

		up += code == 0;
		bystanders += code == BYSTANDER;
	}
	free(launchers);
	snprintf(what, sizeof what, "round %ld: %d of %ld starts are up, %d report it", round, up,
		 starts, bystanders);
	check(up == 1 && bystanders == starts - 1, what);
	snprintf(what, sizeof what, "round %ld: the daemon is stopped", round);
	check(stop_daemon() == 0, what);
}

/* ---- a storm of operations ---- */

enum operation { START, STOP, RELOAD, EXAMINE, UPGRADE, OPERATIONS };

static const char *const operation_names[OPERATIONS] = { "start", "stop", "reload", "examine",
							 "upgrade" };

struct count {
	unsigned done, succeeded, unexpected;
};

/*
 * The errors that say what others did meanwhile: there is no daemon, it ended, it is being
 * upgraded, it did not reply because of one of these, or it does not handle signals yet.
 */
static bool is_expected(int error)
{
	static const int errors[] = { ENOENT, ESRCH, ECHILD, ENOMSG, EINPROGRESS, ENOTSUP };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		if (error == -errors[i])
			return true;
	return false;
}

/* A start may fail because another process has stopped the new daemon. */
static int start_one(void)
{
	pid_t launcher = fork();
	int code;

	if (launcher < 0)
		return -errno;
	if (launcher == 0)
		execute_launcher();
	code = wait_for(launcher);
	return code == 0 ? 0 : code == BYSTANDER || code == 1 ? -ECHILD : -EPROTO;
}

static int run_operation(enum operation operation)
{
	struct daemonkit_process *process = NULL;
	char path[NAME];
	int result;

	if (operation == START)
		return start_one();
	if (operation == STOP)
		return stop_daemon();
	result = daemonkit_pidfile_holder(in(directory, "pid", path), &process);
	if (result == 0 && operation == RELOAD)
		result = daemonkit_process_request(process, SIGHUP, PATIENCE, NULL, NULL);
	if (result == 0 && operation == UPGRADE)
		result = daemonkit_process_signal(process, SIGUSR2);
	daemonkit_process_free(process);
	return result;
}

static _Noreturn void work(deadline until, unsigned seed, struct count *counts)
{
	while (deadline_now() < until) {
		enum operation operation = (enum operation)(rand_r(&seed) % OPERATIONS);
		struct count *count = &counts[operation];
		int result = run_operation(operation);

		count->done++;
		count->succeeded += result == 0;
		if (result == 0 || is_expected(result))
			continue;
		count->unexpected++;
		printf("# %s: %d: %s\n", operation_names[operation], result, daemonkit_error());
	}
	_exit(0);
}

static void stop_last(void)
{
	deadline until = deadline_after(PATIENCE);
	int result;

	do
		result = stop_daemon();
	while ((result == 0 || result == -EINPROGRESS) && deadline_now() < until);
	check(result == -ENOENT || result == -ESRCH, "the last daemon is stopped");
}

/*
 * Former daemons are children of this process too: unless they are reaped, there are soon more
 * processes than the system permits.
 */
static bool reap_workers(const pid_t *workers)
{
	int left = WORKERS;
	bool good = true;

	while (left > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, 0);

		if (pid < 0 && errno != EINTR)
			return false;
		for (int i = 0; i < WORKERS; i++) {
			if (pid != workers[i])
				continue;
			left--;
			good = status == 0 && good;
		}
	}
	return good;
}

static void storm(long seconds)
{
	deadline until = deadline_after((int)seconds * 1000);
	struct count(*counts)[OPERATIONS] = mmap(NULL, WORKERS * sizeof *counts,
						 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
						 -1, 0);
	pid_t workers[WORKERS];
	char what[128];

	if (counts == MAP_FAILED)
		exit(1);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		if (workers[i] < 0)
			exit(1);
		if (workers[i] == 0)
			work(until, i + 1, counts[i]);
	}
	check(reap_workers(workers), "no process that operates on the daemon fails");
	for (int operation = 0; operation < OPERATIONS; operation++) {
		struct count sum = { 0, 0, 0 };

		for (int i = 0; i < WORKERS; i++) {
			sum.done += counts[i][operation].done;
			sum.succeeded += counts[i][operation].succeeded;
			sum.unexpected += counts[i][operation].unexpected;
		}
		snprintf(what, sizeof what, "%s: %u times, %u successes, %u unexpected errors",
			 operation_names[operation], sum.done, sum.succeeded, sum.unexpected);
		check(sum.succeeded > 0 && sum.unexpected == 0, what);
	}
	munmap(counts, WORKERS * sizeof *counts);
	stop_last();
}

/* ---- what is left ---- */

/* Former daemons and their watchers are children of this process: wait for their end. */
static bool reap_all(deadline until)
{
	sigset_t child;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		deadline rest = until - deadline_now();
		const struct timespec limit = { .tv_sec = rest / 1000000 };

		if (rest <= 0)
			return false;
		if (pid == 0)
			sigtimedwait(&child, NULL, &limit);
	}
	return true;
}

static void check_rest(void)
{
	char path[NAME];

	check(reap_all(deadline_after(PATIENCE)), "no process is left");
	check(access(in(directory, "two-daemons", path), F_OK) < 0, "there were never two daemons");
	unlink(in(directory, "serving", path));
	check(rmdir(directory) == 0, "no file is left");
}

int main(int argc, char *argv[])
{
	long numbers[3];

	if (argc == 3 && strcmp(argv[1], "launch") == 0)
		return launch(argv[2]);
	if (argc != 4)
		return 2;
	for (int i = 0; i < 3; i++)
		if ((numbers[i] = atol(argv[i + 1])) < 1)
			return 2;
	if (mkdtemp(directory) == NULL)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (long round = 1; round <= numbers[1]; round++)
		start_together(numbers[0], round);
	storm(numbers[2]);
	check_rest();
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
