/* SPDX-License-Identifier: MIT */
/* Notifications from several threads, and without a context. */
#include "harness/manager-tools.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>

START_TEST(null_means_daemon_of_this_process)
{
	struct daemonkit_context *context;
	struct receiver receiver;
	int interval = 0;

	receiver_open(&receiver, RECEIVER_PATH);
	setenv("WATCHDOG_USEC", "2000000", 1);
	context = foreground_daemon();
	ck_assert_int_eq(daemonkit_notify_status(NULL, "%d", 7), 0);
	receiver_expect(&receiver, "STATUS=7", getpid());
	ck_assert_int_eq(daemonkit_notify_ready(NULL), 0);
	receiver_expect(&receiver, "READY=1", getpid());
	ck_assert_int_eq(daemonkit_notify_watchdog(NULL), 0);
	receiver_expect(&receiver, "WATCHDOG=1", getpid());
	ck_assert_int_eq(daemonkit_notify_watchdog_trigger(NULL), 0);
	receiver_expect(&receiver, "WATCHDOG=trigger", getpid());
	ck_assert_int_eq(daemonkit_notify_extend_timeout(NULL, 5), 0);
	receiver_expect(&receiver, "EXTEND_TIMEOUT_USEC=5000", getpid());
	ck_assert_int_eq(daemonkit_notify_main_pid(NULL, 4711), 0);
	receiver_expect(&receiver, "MAINPID=4711", getpid());
	ck_assert_int_eq(daemonkit_notify_remove_fd(NULL, "name"), 0);
	receiver_expect(&receiver, "FDSTOREREMOVE=1\nFDNAME=name", getpid());
	ck_assert_int_eq(daemonkit_notify_send(NULL, "X_OWN=1"), 0);
	receiver_expect(&receiver, "X_OWN=1", getpid());
	ck_assert_int_eq(daemonkit_notify_failed(NULL, EIO, "text"), 0);
	receiver_expect(&receiver, "STATUS=text\nERRNO=5", getpid());
	ck_assert_int_eq(daemonkit_notify_stopping(NULL), 0);
	receiver_expect(&receiver, "STOPPING=1", getpid());
	ck_assert_int_eq(daemonkit_notify_watchdog_interval(NULL, &interval), 1);
	ck_assert_int_eq(interval, 2000);
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

static void check_refused(int result)
{
	ck_assert_int_eq(result, -EPERM);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "not the daemon"));
}

START_TEST(null_is_refused_outside_of_the_daemon)
{
	struct daemonkit_context *context;
	struct receiver receiver;
	int status;
	pid_t pid;

	receiver_open(&receiver, RECEIVER_PATH);
	check_refused(daemonkit_notify_ready(NULL));
	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	check_refused(daemonkit_notify_status(NULL, "text"));
	daemonkit_context_free(context);
	context = foreground_daemon();
	pid = fork();
	if (pid == 0)
		_exit(daemonkit_notify_status(NULL, "text") != -EPERM ||
		      daemonkit_notify_ready(NULL) != -EPERM);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	daemonkit_context_free(context);
	check_refused(daemonkit_notify_watchdog(NULL));
	receiver_expect_nothing(&receiver);
	receiver_close(&receiver);
}
END_TEST

/* The first context whose process became the daemon, and after it was freed the next one. */
START_TEST(null_means_first_of_two_daemons)
{
	struct daemonkit_context *first, *second;
	struct receiver receiver, other;

	receiver_open(&receiver, RECEIVER_PATH);
	first = foreground_daemon();
	receiver_open(&other, RECEIVER_ABSTRACT);
	second = foreground_daemon();
	ck_assert_int_eq(daemonkit_notify_watchdog(NULL), 0);
#ifndef WITH_LIBSYSTEMD
	receiver_expect(&receiver, "WATCHDOG=1", getpid());
	receiver_expect_nothing(&other);
#endif
	daemonkit_context_free(first);
	check_refused(daemonkit_notify_watchdog(NULL));
	ck_assert_int_eq(daemonkit_notify_watchdog(second), 0);
	daemonkit_context_free(second);
	second = foreground_daemon();
	ck_assert_int_eq(daemonkit_notify_stopping(NULL), 0);
	daemonkit_context_free(second);
	receiver_close(&other);
	receiver_close(&receiver);
}
END_TEST

/* ---- several threads ---- */

#define THREADS 8
#define EACH 100

static atomic_int failures;

static void *send_many(void *data)
{
	struct daemonkit_context *context = data;

	for (int i = 0; i < EACH; i++) {
		int result = i % 4 == 0   ? daemonkit_notify_watchdog(context)
			     : i % 4 == 1 ? daemonkit_notify_status(context, "%d", i)
			     : i % 4 == 2 ? daemonkit_notify_ready(context)
					  : daemonkit_notify_send(context, "X_OWN=1");

		if (result != 0)
			atomic_fetch_add(&failures, 1);
	}
	return NULL;
}

START_TEST(threads_send_at_the_same_time)
{
	struct daemonkit_context *context;
	pthread_t threads[THREADS];
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, send_many, i % 2 == 0 ? context : NULL),
			0);
	for (int i = 0; i < THREADS * EACH; i++) {
		struct message message = receiver_read(&receiver);

		message_close(&message);
	}
	receiver_expect_nothing(&receiver);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_int_eq(atomic_load(&failures), 0);
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/* One thread, and its results so far. */
struct worker {
	pthread_t thread;
	struct daemonkit_context *context;
	int result;
	int ends[2]; /* readable when the call has returned */
};

static void start_worker(struct worker *worker, void *(*body)(void *data),
			 struct daemonkit_context *context)
{
	worker->context = context;
	worker->result = 1;
	ck_assert_int_eq(pipe(worker->ends), 0);
	ck_assert_int_eq(pthread_create(&worker->thread, NULL, body, worker), 0);
}

static bool worker_returns(const struct worker *worker, int milliseconds)
{
	return harness_wait_readable(worker->ends[0], milliseconds);
}

static void end_worker(struct worker *worker)
{
	ck_assert(worker_returns(worker, HARNESS_SOON));
	ck_assert_int_eq(pthread_join(worker->thread, NULL), 0);
	close(worker->ends[0]);
	close(worker->ends[1]);
}

static void *send_watchdog(void *data)
{
	struct worker *worker = data;

	worker->result = daemonkit_notify_watchdog(NULL);
	return write(worker->ends[1], "x", 1) == 1 ? NULL : data;
}

static void *wait_for_barrier(void *data)
{
	struct worker *worker = data;

	worker->result = daemonkit_notify_barrier(NULL, DAEMONKIT_FOREVER);
	return write(worker->ends[1], "x", 1) == 1 ? NULL : data;
}

static void *free_context(void *data)
{
	struct worker *worker = data;

	daemonkit_context_free(worker->context);
	worker->result = 0;
	return write(worker->ends[1], "x", 1) == 1 ? NULL : data;
}

/* Enough time for a call that does not block to return. */
#define A_WHILE 100

START_TEST(barrier_blocks_no_other_thread)
{
	struct daemonkit_context *context;
	struct worker worker;
	struct message barrier;
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	start_worker(&worker, wait_for_barrier, NULL);
	barrier = receiver_read(&receiver);
	ck_assert_str_eq(barrier.text, "BARRIER=1");
	ck_assert_int_eq(daemonkit_notify_watchdog(context), 0);
	receiver_expect(&receiver, "WATCHDOG=1", getpid());
	ck_assert(!worker_returns(&worker, 0));
	message_close(&barrier);
	end_worker(&worker);
	ck_assert_int_eq(worker.result, 0);
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/* Other threads that may close descriptors wait until the call of this thread has returned. */
static void *report_failure(void *data)
{
	struct worker *worker = data;

	worker->result = daemonkit_notify_failed(NULL, EIO, "text");
	return write(worker->ends[1], "x", 1) == 1 ? NULL : data;
}

static void *report_readiness(void *data)
{
	struct worker *worker = data;

	worker->result = daemonkit_notify_ready(NULL);
	return write(worker->ends[1], "x", 1) == 1 ? NULL : data;
}

static const struct {
	void *(*body)(void *data);
	const char *message;
} reports[] = {
	{ report_failure, "STATUS=text\nERRNO=5" },
	{ report_readiness, "READY=1" },
};

START_TEST(failure_and_readiness_wait_for_other_threads)
{
	struct daemonkit_context *context;
	struct worker waiter, reporter;
	struct message barrier;
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	start_worker(&waiter, wait_for_barrier, NULL);
	barrier = receiver_read(&receiver);
	start_worker(&reporter, reports[_i].body, NULL);
	ck_assert(!worker_returns(&reporter, A_WHILE));
	receiver_expect_nothing(&receiver);
	message_close(&barrier);
	end_worker(&waiter);
	end_worker(&reporter);
	ck_assert_int_eq(reporter.result, 0);
	receiver_expect(&receiver, reports[_i].message, getpid());
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/* A daemon with a thread whose message must wait. */
struct busy {
	struct receiver receiver;
	struct daemonkit_context *context;
	struct worker sender;
	int count; /* of earlier messages */
};

static void start_busy(struct busy *busy)
{
	receiver_open(&busy->receiver, RECEIVER_PATH);
	busy->context = foreground_daemon();
	busy->count = receiver_fill(&busy->receiver);
	start_worker(&busy->sender, send_watchdog, NULL);
	ck_assert(!worker_returns(&busy->sender, A_WHILE));
}

static void release_busy(struct busy *busy)
{
	receiver_drain(&busy->receiver, busy->count);
	receiver_expect(&busy->receiver, "WATCHDOG=1", getpid());
	end_worker(&busy->sender);
	ck_assert_int_eq(busy->sender.result, 0);
}

START_TEST(free_waits_for_a_message)
{
	struct worker owner;
	struct busy busy;

	start_busy(&busy);
	start_worker(&owner, free_context, busy.context);
	ck_assert(!worker_returns(&owner, A_WHILE));
	release_busy(&busy);
	end_worker(&owner);
	check_refused(daemonkit_notify_watchdog(NULL));
	receiver_close(&busy.receiver);
}
END_TEST

/* The lock belongs to a thread that does not exist in the child. */
START_TEST(child_does_not_wait_for_threads_of_parent)
{
	struct busy busy;
	int status;
	pid_t pid;

	start_busy(&busy);
	pid = fork();
	if (pid == 0) {
		struct daemonkit_context *own;

		if (daemonkit_notify_status(NULL, "text") != -EPERM ||
		    daemonkit_notify_ready(busy.context) != -EPERM)
			_exit(1);
		daemonkit_context_free(busy.context);
		unsetenv("NOTIFY_SOCKET");
		own = foreground_daemon();
		if (daemonkit_notify_ready(NULL) != 0 || daemonkit_notify_status(NULL, "x") != 0)
			_exit(2);
		daemonkit_context_free(own);
		_exit(0);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	release_busy(&busy);
	daemonkit_context_free(busy.context);
	receiver_close(&busy.receiver);
}
END_TEST

/* ---- a daemon with a launcher ---- */

static void *become_ready(void *data)
{
	(void)data;
	/* The status handler of the launcher prints these. */
	for (int i = 0; i < 3; i++)
		if (daemonkit_notify_status(NULL, "step %d", i) < 0)
			return NULL;
	if (daemonkit_notify_extend_timeout(NULL, 60000) < 0)
		return NULL;
	return daemonkit_notify_ready(NULL) == 0 ? data : NULL;
}

static void print_status(const char *text, void *data)
{
	(void)data;
	printf("%s\n", text);
}

/* program MODE: the second thread of the daemon reports everything; exits with 0 on success. */
static int program_main(int argc, char *argv[])
{
	struct daemonkit_context *context;
	pthread_t thread;
	int status;
	void *result;
	pid_t pid;

	if (daemonkit_context_new(&context) < 0 ||
	    daemonkit_context_set_mode(context, atoi(argv[argc - 1])) < 0 ||
	    daemonkit_context_set_ready_timeout(context, 60000) < 0 ||
	    daemonkit_context_set_status_handler(context, print_status, NULL) < 0)
		return 1;
	pid = daemonkit_context_reborn(context);
	if (pid > 0)
		printf("up %d\n", (int)pid);
	else if (pid < 0)
		puts(daemonkit_error());
	/* In mode FORK it is not a child. */
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status != 0)
		return 1;
	if (pid == 0 && (pthread_create(&thread, NULL, become_ready, &context) != 0 ||
			 pthread_join(thread, &result) != 0 || result != &context ||
			 /* No process waits any more. */
			 daemonkit_notify_status(NULL, "later") != 0))
		return 1;
	daemonkit_context_free(context);
	return pid < 0;
}

static const int launcher_modes[] = { DAEMONKIT_MODE_REBORN, DAEMONKIT_MODE_FORK };

START_TEST(another_thread_reports_to_the_launcher)
{
	char mode[] = { (char)('0' + launcher_modes[_i]), '\0' };
	struct harness_result result = harness_run_helper("program", mode, NULL);

	int pid = 0;

	ck_assert_int_eq(result.status, 0);
	ck_assert_int_eq(sscanf(result.output, "step 0\nstep 1\nstep 2\nup %d\n", &pid), 1);
	ck_assert(harness_wait_exit(pid, HARNESS_SOON));
}
END_TEST

static const struct harness_helper helpers[] = { { "program", program_main }, { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("notify-threads");
	TCase *null = harness_case(suite, "null"), *threads = harness_case(suite, "threads");

	tcase_add_test(null, null_means_daemon_of_this_process);
	tcase_add_test(null, null_is_refused_outside_of_the_daemon);
	tcase_add_test(null, null_means_first_of_two_daemons);
	tcase_add_test(threads, threads_send_at_the_same_time);
	tcase_add_test(threads, barrier_blocks_no_other_thread);
	tcase_add_loop_test(threads, failure_and_readiness_wait_for_other_threads, 0, 2);
	tcase_add_test(threads, free_waits_for_a_message);
	tcase_add_test(threads, child_does_not_wait_for_threads_of_parent);
	tcase_add_loop_test(threads, another_thread_reports_to_the_launcher, 0, 2);
	return harness_main(argc, argv, suite, helpers);
}
