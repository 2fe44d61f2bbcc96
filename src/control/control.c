/* SPDX-License-Identifier: MIT */
/*
 * The ready-made command line.
 * Thread-safe on different objects.
 */
#include "control/control-internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <daemonkit/error.h>
#include <daemonkit/process.h>

#include "base/cancel.h"
#include "base/error-internal.h"
#include "base/strerror.h"
#include "compat/argv.h"
#include "compat/self.h"
#include "process/process-internal.h"
#include "start/marker.h"

#define STOP_GRACE 30000
#define STOP_FORCE 5000
#define RELOAD_TIMEOUT 30000

static char *own_name(void)
{
	char name[16], *result = NULL;
	char **arguments;

	if (compat_argv_read(&arguments) == 0) {
		const char *slash = strrchr(arguments[0], '/');
		const char *path = slash != NULL ? slash + 1 : arguments[0];

		result = *path != '\0' ? strdup(path) : NULL;
		free(arguments);
	}
	if (result != NULL)
		return result;
	compat_get_name(name);
	return strdup(name[0] != '\0' ? name : "daemon");
}

/* This process is the daemon; any other result is an exit code. */
#define BECAME (-1)

int daemonkit_control_new(struct daemonkit_context *context, struct daemonkit_control **ret)
{
	DISABLE_CANCELLATION;
	struct daemonkit_control *control;

	if (ret == NULL || context == NULL)
		return error_null(__func__);
	control = calloc(1, sizeof *control);
	if (control != NULL)
		control->name = own_name();
	if (control == NULL || control->name == NULL) {
		free(control);
		return error_system(-ENOMEM, "control");
	}
	control->context = context;
	control->grace = STOP_GRACE;
	control->force = STOP_FORCE;
	control->reload_signal = SIGHUP;
	control->reload_timeout = RELOAD_TIMEOUT;
	*ret = control;
	return 0;
}

struct daemonkit_control *daemonkit_control_free(struct daemonkit_control *control)
{
	DISABLE_CANCELLATION;
	KEEP_ERROR_TEXT;

	if (control != NULL)
		free(control->name);
	free(control);
	return NULL;
}

int daemonkit_control_set_name(struct daemonkit_control *control, const char *name)
{
	char *copy;

	if (control == NULL || name == NULL)
		return error_null(__func__);
	if (*name == '\0')
		return error_set(-EINVAL, "control: the name is empty");
	copy = strdup(name);
	if (copy == NULL)
		return error_system(-ENOMEM, "control");
	free(control->name);
	control->name = copy;
	return 0;
}

int daemonkit_control_set_stop_timeout(struct daemonkit_control *control, int grace, int force)
{
	if (control == NULL)
		return error_null(__func__);
	control->grace = grace;
	control->force = force;
	return 0;
}

int daemonkit_control_set_reload(struct daemonkit_control *control, int signal, int timeout)
{
	int result;

	if (control == NULL)
		return error_null(__func__);
	result = signal == 0 ? 0 : process_check_signal(signal);
	if (result < 0)
		return result;
	control->reload_signal = signal;
	control->reload_timeout = timeout;
	return 0;
}

/* Show a status text of the daemon. */
static void show_progress(const char *text, void *data)
{
	struct daemonkit_control *control = data;

	terminal_progress(&control->terminal, control->doing, text);
}

void control_begin(struct daemonkit_control *control, const char *doing)
{
	control->doing = doing;
	terminal_progress(&control->terminal, doing, NULL);
}

int control_exit_code(int error)
{
	return error == -EPERM || error == -EACCES ? CONTROL_NOT_PERMITTED : CONTROL_FAILED;
}

int control_find(struct daemonkit_control *control, struct daemonkit_process **process)
{
	int result = daemonkit_context_search(control->context, process);

	*process = result == 0 ? *process : NULL;
	if (result == 0 || result == -ESRCH)
		return CONTROL_DONE;
	terminal_print_error(&control->terminal, "%s", daemonkit_error());
	return control_exit_code(result);
}

/* Does a daemon run already?  Prints it if so. */
static bool is_running(struct daemonkit_control *control)
{
	struct daemonkit_process *process;

	if (control->context->settings.pid_file == NULL ||
	    daemonkit_context_search(control->context, &process) < 0)
		return false;
	terminal_print(&control->terminal, "running already, process %ld",
		       (long)daemonkit_process_pid(process));
	daemonkit_process_free(process);
	return true;
}

/* Print why the start failed, with all that is known. */
static int print_start_error(struct daemonkit_control *control, int error, const char *text)
{
	int status = daemonkit_context_exit_status(control->context);
	int own = status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	/* The text for -ECHILD includes the status. */
	if (own > EXIT_FAILURE && error != -ECHILD)
		terminal_print_error(&control->terminal, "not started: %s (exit status %d)", text,
				     own);
	else
		terminal_print_error(&control->terminal, "not started: %s", text);
	/* Codes defined by LSB or reserved for the program. */
	if ((own >= 2 && own <= 6) || (own >= 150 && own <= 199))
		return own;
	return control_exit_code(error);
}

/* Become the daemon, or start one. */
static int launch_daemon(struct daemonkit_control *control, bool fail_if_running)
{
	struct daemonkit_context *context = control->context;
	bool own_handler = context->status == NULL;
	char text[ERROR_TEXT_MAX];
	pid_t pid;

	if (own_handler) {
		context->status = show_progress;
		context->status_data = control;
	}
	control->doing = "starting";
	/*
	 * In mode FOREGROUND this process keeps its streams: show no line that it would
	 * not clear.
	 */
	if (context->mode != DAEMONKIT_MODE_FOREGROUND)
		terminal_progress(&control->terminal, control->doing, NULL);
	pid = daemonkit_context_reborn(context);
	if (own_handler)
		context->status = NULL;
	if (pid == 0)
		return BECAME;
	if (pid > 0) {
		terminal_print(&control->terminal, "started, process %ld", (long)pid);
		return CONTROL_DONE;
	}
	snprintf(text, sizeof text, "%s", daemonkit_error());
	/* Another start was faster. */
	if (pid == -EALREADY && !fail_if_running && is_running(control))
		return CONTROL_DONE;
	return print_start_error(control, (int)pid, text);
}

static int command_start(struct daemonkit_control *control)
{
	return is_running(control) ? CONTROL_DONE : launch_daemon(control, false);
}

static int command_run(struct daemonkit_control *control)
{
	int mode = control->context->mode, result;

	control->context->mode = DAEMONKIT_MODE_FOREGROUND;
	result = launch_daemon(control, true);
	if (result != BECAME)
		control->context->mode = mode;
	return result;
}

static int command_restart(struct daemonkit_control *control)
{
	int result = control_stop(control);

	return result == CONTROL_DONE ? launch_daemon(control, false) : result;
}

static int command_try_restart(struct daemonkit_control *control)
{
	struct daemonkit_process *process;
	int result = control_find(control, &process);

	if (result != CONTROL_DONE)
		return result;
	if (process == NULL) {
		terminal_print(&control->terminal, "not running");
		return CONTROL_DONE;
	}
	daemonkit_process_free(process);
	return command_restart(control);
}

/* Send the request and print the answer. */
static int request_reload(struct daemonkit_control *control, struct daemonkit_process *process)
{
	int result;

	control_begin(control, "reloading");
	if (control->reload_timeout == 0)
		result = daemonkit_process_signal(process, control->reload_signal);
	else
		result = daemonkit_process_request(process, control->reload_signal,
						   control->reload_timeout, show_progress, control);
	if (result == 0) {
		terminal_print(&control->terminal,
			       control->reload_timeout == 0 ? "reload signal sent" : "reloaded");
		return CONTROL_DONE;
	}
	terminal_print_error(&control->terminal, "not reloaded: %s", daemonkit_error());
	if (result == -ESRCH)
		return CONTROL_NOT_RUNNING;
	return result == -EPERM ? CONTROL_NOT_PERMITTED : CONTROL_FAILED;
}

/* Reload the daemon; with force, restart one that does not handle the signal. */
static int reload_daemon(struct daemonkit_control *control, bool forced)
{
	struct daemonkit_process *process;
	int result;

	result = control_find(control, &process);
	if (result != CONTROL_DONE)
		return result;
	if (process == NULL) {
		terminal_print_error(&control->terminal, "not reloaded: not running");
		return CONTROL_NOT_RUNNING;
	}
	if (process_check_effect(process, control->reload_signal) == 0) {
		result = request_reload(control, process);
	} else if (forced) {
		result = command_restart(control);
	} else {
		terminal_print_error(&control->terminal, "not reloaded: %s", daemonkit_error());
		result = CONTROL_NOT_IMPLEMENTED;
	}
	daemonkit_process_free(process);
	return result;
}

static int command_reload(struct daemonkit_control *control)
{
	if (control->reload_signal == 0) {
		terminal_print_error(&control->terminal, "it cannot reload");
		return CONTROL_NOT_IMPLEMENTED;
	}
	return reload_daemon(control, false);
}

static int command_force_reload(struct daemonkit_control *control)
{
	return control->reload_signal == 0 ? command_try_restart(control)
					   : reload_daemon(control, true);
}

static const struct command {
	const char *name;
	int (*function)(struct daemonkit_control *control); /* NULL: status */
	bool finds;                                         /* and so needs a pid file */
} commands[] = {
	{ "start", command_start, false },
	{ "stop", control_stop, true },
	{ "restart", command_restart, true },
	{ "try-restart", command_try_restart, true },
	{ "reload", command_reload, true },
	{ "force-reload", command_force_reload, true },
	{ "status", NULL, true },
	{ "run", command_run, false },
};

static const struct command *command_called(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* The final exit code: failed output is a failure too. */
static int check_output(struct daemonkit_control *control, bool status, int result)
{
	int error = terminal_error(&control->terminal);
	char cause[128];

	if (error == 0)
		return result;
	strerror_copy(-error, cause, sizeof cause);
	terminal_print_error(&control->terminal, "output: %s", cause);
	/* A status that was not printed must not look like a valid one. */
	if (status)
		return CONTROL_STATUS_UNKNOWN;
	return result == CONTROL_DONE ? CONTROL_FAILED : result;
}

int daemonkit_control_run(struct daemonkit_control *control, const char *name, unsigned flags,
			  int *exit_code)
{
	DISABLE_CANCELLATION;
	const struct command *command;
	int result;

	if (control == NULL || name == NULL || exit_code == NULL)
		return error_null(__func__);
	command = command_called(name);
	if (command == NULL)
		return error_set(-ENOENT, "%s: not a command (%s)", name,
				 DAEMONKIT_CONTROL_COMMANDS);
	if ((flags & ~DAEMONKIT_CONTROL_JSON) != 0)
		return error_set(-EINVAL, "control: unknown flags %#x", flags);
	if (command->finds && control->context->settings.pid_file == NULL)
		return error_set(-EINVAL, "%s: no pid file is set, so the daemon cannot be found",
				 name);
	terminal_begin(&control->terminal, control->name);
	/*
	 * In a second copy the command does not matter: it first becomes the daemon that
	 * the launcher starts.
	 */
	if (marker_has_channel())
		result = daemonkit_context_reborn(control->context) == 0 ? BECAME : CONTROL_FAILED;
	else if (command->function == NULL)
		result = control_status(control, flags);
	else
		result = command->function(control);
	if (result == BECAME)
		return 0;
	terminal_clear(&control->terminal);
	*exit_code = check_output(control, command->function == NULL, result);
	return 1;
}
