/* SPDX-License-Identifier: MIT */
/*
 * Functions that are documented as thread-safe, called by many threads at the same time, each
 * with objects of its own. The thread sanitizer finds in them the races that have no visible
 * effect here.
 */
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define THREADS 8 /* of each kind */
#define ROUNDS 50
#define TEXT 128

/* One thread: its own name, and what went wrong. */
struct worker {
	pthread_t thread;
	bool (*work)(struct worker *worker);
	char own[TEXT]; /* a path that no other thread uses */
	char problem[256];
};

static char shared_path[TEXT], daemon_path[TEXT];
static pid_t daemon_pid;
static atomic_int holders, acquired;

/* Assertions belong to the main thread: leave it what to report. */
static bool failed(struct worker *worker, const char *what, int result)
{
	snprintf(worker->problem, sizeof worker->problem, "%s: %d, %s", what, result,
		 daemonkit_error());
	return false;
}

/* Each thread creates a file of its own, finds itself as the holder, and removes the file. */
static bool use_own_file(struct worker *worker)
{
	struct daemonkit_pidfile *file = NULL;
	struct daemonkit_process *holder = NULL;
	int result = daemonkit_pidfile_create(worker->own, 0, &file);

	if (result < 0)
		return failed(worker, "create", result);
	result = daemonkit_pidfile_holder(worker->own, &holder);
	if (result < 0 || daemonkit_process_pid(holder) != getpid())
		return failed(worker, "holder", result);
	daemonkit_process_free(holder);
	result = daemonkit_pidfile_remove(file);
	daemonkit_pidfile_close(file);
	return result == 0 || failed(worker, "remove", result);
}

/* All threads want the same file: one at a time has it. */
static bool use_shared_file(struct worker *worker)
{
	struct daemonkit_pidfile *file = NULL;
	int result = daemonkit_pidfile_create(shared_path, 0, &file);

	if (result == -EALREADY)
		return strstr(daemonkit_error(), shared_path) != NULL ||
		       failed(worker, "text", result);
	if (result < 0)
		return failed(worker, "create", result);
	if (atomic_fetch_add(&holders, 1) != 0)
		return failed(worker, "two threads have the file", result);
	atomic_fetch_add(&acquired, 1);
	atomic_fetch_sub(&holders, 1);
	result = daemonkit_pidfile_remove(file);
	daemonkit_pidfile_close(file);
	return result == 0 || failed(worker, "remove", result);
}

/* The text of a failed call is that of the calling thread. */
static bool find_nobody(struct worker *worker)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_process *holder = NULL;
	int result = daemonkit_context_new(&context);

	if (result == 0)
		result = daemonkit_context_set_pid_file(context, worker->own, 0644);
	if (result == 0)
		result = daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN);
	if (result < 0)
		return failed(worker, "context", result);
	result = daemonkit_pidfile_holder(worker->own, &holder);
	if (result != -ESRCH || strstr(daemonkit_error(), worker->own) == NULL)
		return failed(worker, "holder", result);
	daemonkit_context_free(context);
	return true;
}

static void copy(const char *text, void *data)
{
	snprintf(data, TEXT, "%s", text);
}

/* A request to the same daemon, which replies to each. */
static bool request(struct worker *worker)
{
	struct daemonkit_process *process = NULL;
	char text[TEXT] = "";
	int result = daemonkit_pidfile_holder(daemon_path, &process);

	if (result < 0 || daemonkit_process_pid(process) != daemon_pid)
		return failed(worker, "holder of the daemon", result);
	result = daemonkit_process_request(process, SIGHUP, harness_scaled(HARNESS_SOON), copy,
					   text);
	if (result != 0 || strcmp(text, "reloaded") != 0)
		return failed(worker, "request", result);
	daemonkit_process_free(process);
	return true;
}

/* Without the Linux API there are no replies: the request comes last. */
static bool (*const works[])(struct worker *worker) = { use_own_file, use_shared_file, find_nobody,
							request };
#define WORKS (sizeof works / sizeof *works)

static void *run(void *data)
{
	struct worker *worker = data;

	for (int round = 0; round < ROUNDS && worker->work(worker); round++)
		;
	return NULL;
}

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	return daemonkit_siginfo_status(info, "reloaded");
}

/* The daemon, until it is killed; writes a byte once it is ready. */
static _Noreturn void serve(int ready)
{
	struct daemonkit_signals *signals = NULL;
	struct daemonkit_pidfile *file = NULL;

	if (daemonkit_signals_new(&signals) == 0 &&
	    daemonkit_signals_set_handler(signals, SIGHUP, on_reload, NULL) == 0 &&
	    daemonkit_pidfile_create(daemon_path, 0, &file) == 0 && write(ready, "", 1) == 1)
		(void)!daemonkit_signals_serve(signals);
	_exit(1);
}

static void start_daemon(void)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	daemon_pid = fork();
	if (daemon_pid == 0)
		serve(ready[1]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

START_TEST(many_threads_use_the_library)
{
	static struct worker workers[WORKS * THREADS];
	size_t kinds = harness_has_linux_api() ? WORKS : WORKS - 1, count = kinds * THREADS;
	int status;

	snprintf(shared_path, sizeof shared_path, "%s", harness_path("shared"));
	snprintf(daemon_path, sizeof daemon_path, "%s", harness_path("daemon"));
	start_daemon();
	for (size_t i = 0; i < count; i++) {
		workers[i].work = works[i % kinds];
		snprintf(workers[i].own, sizeof workers[i].own, "%s", harness_path("own-%zu-", i));
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(workers[i].problem, "");
	ck_assert_int_gt(atomic_load(&acquired), 0);
	kill(daemon_pid, SIGKILL);
	ck_assert(harness_wait_child(daemon_pid, &status, HARNESS_SOON));
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("threads");

	tcase_add_test(harness_case(suite, "threads"), many_threads_use_the_library);
	return harness_main(argc, argv, suite, NULL);
}
