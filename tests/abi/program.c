/* SPDX-License-Identifier: MIT */
/*
 * A program of a user, compiled with the headers of a release, that runs with the current
 * library. Run in an empty directory: it starts a daemon, finds it, makes it reload, and stops
 * it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#include "functions.h" /* FUNCTION(name) for each function of the release */

#define FUNCTION(name) (void (*)(void)) name,
static void (*const volatile functions[])(void) = { FUNCTIONS };
#undef FUNCTION

#define CHECK(condition)                                                                      \
	do {                                                                                  \
		if (!(condition)) {                                                           \
			printf("line %d: %s: %s\n", __LINE__, #condition, daemonkit_error()); \
			exit(EXIT_FAILURE);                                                   \
		}                                                                             \
	} while (0)

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	struct daemonkit_context *context = data;

	CHECK(daemonkit_siginfo_number(info) == SIGHUP);
	CHECK(daemonkit_notify_reloading(context) == 0);
	CHECK(daemonkit_siginfo_status(info, "%s", "reloading") == 0);
	CHECK(daemonkit_notify_ready(context) == 0);
	return 0;
}

static void on_status(const char *text, void *data)
{
	if (strcmp(text, "starting") == 0 || strcmp(text, "reloading") == 0)
		++*(int *)data;
}

/* The running daemon. */
static int serve(struct daemonkit_context *context, struct daemonkit_signals *signals)
{
	char secret[16] = "";

	CHECK(daemonkit_context_take_payload(context, secret, sizeof secret) == 6);
	CHECK(memcmp(secret, "secret", 6) == 0);
	CHECK(daemonkit_context_find_fd(context, "input", 0, DAEMONKIT_FD_FIFO) > 2);
	CHECK(daemonkit_notify_status(context, "%s", "starting") == 0);
	CHECK(daemonkit_notify_ready(context) == 0);
	CHECK(daemonkit_signals_serve(signals) == 0);
	CHECK(daemonkit_context_release(context) == 0);
	return EXIT_SUCCESS;
}

/* What the launcher, or another process, does with the daemon. */
static void control(struct daemonkit_context *context, pid_t pid, int *texts)
{
	struct daemonkit_process *process = NULL, *same = NULL;

	CHECK(pid > 0 && *texts == 1);
	CHECK(daemonkit_context_search(context, &process) == 0);
	CHECK(daemonkit_pidfile_holder("abi.pid", &same) == 0);
	CHECK(daemonkit_process_pid(process) == pid && daemonkit_process_pid(same) == pid);
	/* Only the Linux interfaces have replies. */
	if (daemonkit_process_request(process, SIGHUP, 10000, on_status, texts) >= 0)
		CHECK(*texts == 2);
	CHECK(daemonkit_process_alive(process) == 1);
	CHECK(daemonkit_process_stop(process, 10000, 1000) == 0);
	CHECK(access("abi.pid", F_OK) < 0 && errno == ENOENT);
	CHECK(daemonkit_process_free(process) == NULL && daemonkit_process_free(same) == NULL);
}

int main(void)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	int texts = 0, ends[2], status = EXIT_SUCCESS;
	pid_t pid;

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		CHECK(functions[i] != NULL);
	CHECK(daemonkit_context_new(&context) == 0 && daemonkit_signals_new(&signals) == 0);
	CHECK(daemonkit_signals_set_handler(signals, SIGHUP, on_reload, context) == 0);
	CHECK(daemonkit_context_set_pid_file(context, "abi.pid", DAEMONKIT_FILE_MODE) == 0);
	CHECK(daemonkit_context_set_log_file(context, "abi.log", 0) == 0);
	CHECK(daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN) == 0);
	CHECK(daemonkit_context_set_ready_timeout(context, 10000) == 0);
	CHECK(daemonkit_context_set_status_handler(context, on_status, &texts) == 0);
	CHECK(daemonkit_context_set_payload(context, "secret", 6) == 0);
	CHECK(pipe(ends) == 0 && daemonkit_context_pass_fd(context, "input", ends[0]) == 0);
	pid = daemonkit_context_reborn(context);
	CHECK(pid >= 0);
	if (pid > 0)
		control(context, pid, &texts);
	else
		status = serve(context, signals);
	daemonkit_signals_free(signals);
	daemonkit_context_free(context);
	if (pid > 0)
		puts("good");
	return status;
}
