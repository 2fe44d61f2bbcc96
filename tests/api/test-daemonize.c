/* SPDX-License-Identifier: MIT */
/* Starting a daemon in one call. */
#include "harness/harness.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

static char anything;
static struct daemonkit_context *const untouched = (struct daemonkit_context *)&anything;

/* program PIDFILE LOG TIMEOUT, "-" for NULL: prints the result and the error text. */
static int program_main(int argc, char *argv[])
{
	struct daemonkit_context *context = untouched;
	const char *pid_file = argv[argc - 3], *log_file = argv[argc - 2];
	sigset_t wanted;
	int number;
	pid_t pid;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	pid = daemonkit_daemonize(strcmp(pid_file, "-") == 0 ? NULL : pid_file,
				  strcmp(log_file, "-") == 0 ? NULL : log_file,
				  atoi(argv[argc - 1]), &context);
	if (pid != 0) {
		printf("%d %s\n", (int)pid, pid < 0 ? daemonkit_error() : "");
		return context != untouched;
	}
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	puts("in the log");
	fflush(stdout);
	if (context == untouched || daemonkit_notify_ready(context) < 0)
		return 1;
	sigwait(&wanted, &number);
	daemonkit_context_release(context);
	daemonkit_context_free(context);
	return 0;
}

/* The result; checks that the launcher has not changed the pointer. */
static pid_t start(const char *pid_file, const char *log_file, const char *timeout,
		   const char **text)
{
	struct harness_result result = harness_run_helper("program", pid_file, log_file, timeout,
							  NULL);

	ck_assert_msg(result.status == 0, "status %#x, output \"%s\", error \"%s\"",
		      (unsigned)result.status, result.output, result.error);
	*text = strchr(result.output, ' ');
	ck_assert_ptr_nonnull(*text);
	return (pid_t)atoi(result.output);
}

static void stop(pid_t pid)
{
	struct daemonkit_process *process;

	ck_assert_int_eq(daemonkit_process_open(pid, &process), 0);
	ck_assert_int_eq(
		daemonkit_process_stop(process, harness_scaled(HARNESS_SOON), DAEMONKIT_NEVER), 0);
	daemonkit_process_free(process);
}

START_TEST(pid_file_log_and_readiness)
{
	const char *pid_file = harness_path("pid"), *log = harness_path("log"), *text;
	pid_t pid = start(pid_file, log, "60000", &text), second;
	struct daemonkit_process *holder;

	ck_assert_int_gt(pid, 0);
	/* It reported readiness before the launcher returned. */
	ck_assert_str_eq(harness_read_file(log), "in the log\n");
	ck_assert_int_eq(daemonkit_pidfile_holder(pid_file, &holder), 0);
	ck_assert_int_eq(daemonkit_process_pid(holder), pid);
	daemonkit_process_free(holder);
	second = start(pid_file, log, "60000", &text);
	ck_assert_int_eq(second, -EALREADY);
	ck_assert_ptr_nonnull(strstr(text, "held by process"));
	stop(pid);
	ck_assert_int_ne(access(pid_file, F_OK), 0);
}
END_TEST

START_TEST(without_pid_file_and_log)
{
	const char *text;
	pid_t pid = start("-", "-", "60000", &text);

	ck_assert_int_gt(pid, 0);
	stop(pid);
}
END_TEST

START_TEST(failure_does_not_change_pointer)
{
	const char *text;

	ck_assert_int_eq(start(harness_path("none/pid"), "-", "60000", &text), -ENOENT);
	ck_assert_ptr_nonnull(strstr(text, "none/pid"));
	ck_assert_int_eq(start("-", harness_path("none/log"), "60000", &text), -ENOENT);
	ck_assert_ptr_nonnull(strstr(text, "none/log"));
	ck_assert_int_eq(start("-", "-", "0", &text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(text, "DAEMONKIT_UNTIL_SET_UP"));
	ck_assert_int_eq(start("", "-", "60000", &text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(text, "path is empty"));
	HARNESS_REFUSES_NULL(daemonkit_daemonize(NULL, NULL, DAEMONKIT_FOREVER, NULL));
}
END_TEST

static const struct harness_helper helpers[] = { { "program", program_main }, { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("daemonize");
	TCase *daemonize = harness_case(suite, "daemonize");

	tcase_add_test(daemonize, pid_file_log_and_readiness);
	tcase_add_test(daemonize, without_pid_file_and_log);
	tcase_add_test(daemonize, failure_does_not_change_pointer);
	return harness_main(argc, argv, suite, helpers);
}
