/* SPDX-License-Identifier: MIT */
/*
 * A small daemon that reports the exact result of its start, for the programs that inject
 * faults: fault-probe reborn
 * fork
 * foreground
 * move
 * request
 * upgrade DIRECTORY [jail]
 *
 * With "upgrade" the daemon starts a successor, and serves itself only if that fails. With "move"
 * it moves its pid file and back again before it is ready. With "request" the launcher then finds
 * the daemon by its pid file, requests a reload and stops it; only this part is examined.
 *
 * The launcher prints "up PID" or "failed ERROR STATUS TEXT". Exit codes: 0; FAULT_REPORTED
 * after an error with a text; FAULT_CANCELED when the launcher had exited; FAULT_SILENT after
 * an error without a text.
 */
#include <daemonkit/daemonkit.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults/fault.h"

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;

/* The exit code after an error. */
static int report(int error, const char *text)
{
	if (error >= 0 || text[0] == '\0')
		return FAULT_SILENT;
	return error == -ECANCELED ? FAULT_CANCELED : FAULT_REPORTED;
}

static int set_all(const char *mode, const char *directory, bool jail)
{
	char path[4096];
	int result = daemonkit_context_set_mode(
		context, strcmp(mode, "fork") == 0         ? DAEMONKIT_MODE_FORK
			 : strcmp(mode, "foreground") == 0 ? DAEMONKIT_MODE_FOREGROUND
							   : DAEMONKIT_MODE_REBORN);

	snprintf(path, sizeof path, "%s/pid", directory);
	if (result == 0)
		result = daemonkit_context_set_pid_file(context, path, 0644);
	snprintf(path, sizeof path, "%s/log", directory);
	if (result == 0)
		result = daemonkit_context_set_log_file(context, path, 0600);
	if (result == 0)
		result = daemonkit_context_set_umask(context, 027);
	if (result == 0)
		result = daemonkit_context_set_work_dir(context, "/");
	if (result == 0 && strcmp(mode, "move") == 0)
		result = daemonkit_context_set_ready_timeout(context, DAEMONKIT_FOREVER);
	if (result == 0 && jail)
		result = daemonkit_context_set_chroot(context, "/usr");
	if (result == 0 && jail)
		result = daemonkit_context_set_credential(context, 65534, 65534, NULL, 0);
	return result;
}

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

static int set_up(char *argv[])
{
	int result = daemonkit_context_new(&context);

	if (result == 0)
		result = set_all(argv[1], argv[2], argv[3] != NULL);
	if (result == 0)
		result = daemonkit_signals_new(&signals);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGTERM, stop, NULL);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGHUP, reload, NULL);
	return result;
}

/* Does a successor serve in place of this process? */
static bool is_replaced(void)
{
	static const char name[] = "second-generation";
	struct daemonkit_upgrade *upgrade = NULL;
	int result;

	if (daemonkit_context_find_fd(context, name, 0, DAEMONKIT_FD_ANY) >= 0)
		return false;
	result = daemonkit_context_pass_fd(context, name, STDIN_FILENO);
	if (result == 0)
		result = daemonkit_upgrade_start(context, NULL, DAEMONKIT_UNTIL_SET_UP, &upgrade);
	if (result == 0)
		result = daemonkit_upgrade_wait(upgrade, -1);
	daemonkit_upgrade_free(upgrade);
	return result > 0;
}

/* Move the pid file to "moved" and back, and become ready: 0 or an error. */
static int move(const char *directory)
{
	static const char *const names[] = { "moved", "pid" };
	char path[4096];
	int result = 0;

	for (int i = 0; i < 2 && result == 0; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		result = daemonkit_context_set_pid_file(context, path, 0644);
	}
	if (result == 0)
		return daemonkit_notify_ready(context);
	daemonkit_notify_failed(context, result, "%s", daemonkit_error());
	return result;
}

/* Find, reload and stop the daemon: 0 or an error. */
static int request(const char *directory)
{
	struct daemonkit_process *process = NULL;
	const char *text = getenv(FAULT_PATIENCE);
	int patience = text != NULL ? atoi(text) : 0, result;
	char path[4096];

	fault_mark(FAULT_BEGIN);
	snprintf(path, sizeof path, "%s/pid", directory);
	result = daemonkit_pidfile_holder(path, &process);
	if (result == 0)
		result = daemonkit_process_request(process, SIGHUP, patience, NULL, NULL);
	if (result == 0)
		result = daemonkit_process_stop(process, patience, DAEMONKIT_NEVER);
	daemonkit_process_free(process);
	return result;
}

static int serve(const char *mode, const char *directory)
{
	int result = 0, code = 0;

	if (strcmp(mode, "upgrade") == 0 && is_replaced())
		return 0;
	if (strcmp(mode, "move") == 0)
		result = move(directory);
	if (result == 0) {
		fault_mark(FAULT_SERVING);
		if (strcmp(mode, "request") == 0)
			fault_mark(FAULT_BEGIN);
		result = daemonkit_signals_serve(signals);
	}
	if (result < 0)
		code = report(result, daemonkit_error());
	result = daemonkit_context_release(context);
	if (result < 0)
		code = report(result, daemonkit_error());
	return code;
}

int main(int argc, char *argv[])
{
	pid_t self = getpid(), daemon;
	int code, result;

	if (argc < 3)
		return FAULT_USAGE;
	if (strcmp(argv[1], "request") != 0)
		fault_mark(FAULT_BEGIN);
	daemon = set_up(argv);
	if (daemon == 0)
		daemon = daemonkit_context_reborn(context);
	if (daemon == 0)
		code = serve(argv[1], argv[2]);
	else
		code = daemon > 0 ? 0 : report(daemon, daemonkit_error());
	if (getpid() != self || daemonkit_was_reborn() || daemon == 0) {
		daemonkit_signals_free(signals);
		daemonkit_context_free(context);
		fault_mark(FAULT_END);
		return code;
	}
	if (daemon > 0 && strcmp(argv[1], "request") == 0 && (result = request(argv[2])) < 0) {
		daemon = result;
		code = report(result, daemonkit_error());
	}
	fault_mark(FAULT_END);
	if (daemon > 0)
		printf("up %ld\n", (long)daemon);
	else
		printf("failed %ld %d %s\n", (long)daemon, daemonkit_context_exit_status(context),
		       daemonkit_error());
	daemonkit_signals_free(signals);
	daemonkit_context_free(context);
	return code;
}
