/* SPDX-License-Identifier: MIT */
/*
 * Command-line flags that send signals.
 * Different tables may be used by different threads.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <daemonkit/commands.h>
#include <daemonkit/process.h>

#include "base/cancel.h"
#include "base/error-internal.h"
#include "process/process-internal.h"

/* A boolean flag, or a string that must equal a given value. */
struct command {
	const bool *flag;
	const char *const *variable;
	char *value;
	int signal;
};

struct daemonkit_commands {
	struct daemonkit_signals *signals;
	struct command *list;
	size_t count;
};

int daemonkit_commands_new(struct daemonkit_signals *signals, struct daemonkit_commands **ret)
{
	DISABLE_CANCELLATION;
	struct daemonkit_commands *commands;

	if (ret == NULL)
		return error_null(__func__);
	commands = calloc(1, sizeof *commands);
	if (commands == NULL)
		return error_system(-ENOMEM, "commands");
	commands->signals = signals;
	*ret = commands;
	return 0;
}

struct daemonkit_commands *daemonkit_commands_free(struct daemonkit_commands *commands)
{
	DISABLE_CANCELLATION;
	KEEP_ERROR_TEXT;

	if (commands == NULL)
		return NULL;
	for (size_t i = 0; i < commands->count; i++)
		free(commands->list[i].value);
	free(commands->list);
	free(commands);
	return NULL;
}

static int check_command(const struct daemonkit_commands *commands, int signal,
			 daemonkit_signals_handler *handler)
{
	sigset_t set;

	sigemptyset(&set);
	if (signal < 1 || sigaddset(&set, signal) < 0)
		return error_set(-EINVAL, "commands: %d is not a signal", signal);
	if (handler != NULL && commands->signals == NULL)
		return error_set(-EINVAL,
				 "commands: a handler for signal %d in a table that "
				 "was made without signals",
				 signal);
	return 0;
}

/* Do everything that can fail before changing the table.  Takes ownership of command->value. */
static int add_command(struct daemonkit_commands *commands, const struct command *command,
		       daemonkit_signals_handler *handler, void *data)
{
	struct command *list;
	int result = check_command(commands, command->signal, handler);

	if (result < 0)
		goto out;
	list = realloc(commands->list, (commands->count + 1) * sizeof *list);
	if (list == NULL) {
		result = error_system(-ENOMEM, "commands");
		goto out;
	}
	commands->list = list;
	if (handler != NULL)
		result = daemonkit_signals_set_handler(commands->signals, command->signal, handler,
						       data);
	if (result == 0)
		list[commands->count++] = *command;
out:
	if (result != 0)
		free(command->value);
	return result;
}

int daemonkit_commands_add_bool(struct daemonkit_commands *commands, const bool *flag, int signal,
				daemonkit_signals_handler *handler, void *data)
{
	DISABLE_CANCELLATION;

	if (commands == NULL || flag == NULL)
		return error_null(__func__);
	return add_command(commands, &(struct command){ .flag = flag, .signal = signal }, handler,
			   data);
}

int daemonkit_commands_add_string(struct daemonkit_commands *commands, const char *const *variable,
				  const char *value, int signal, daemonkit_signals_handler *handler,
				  void *data)
{
	DISABLE_CANCELLATION;
	struct command command = { .variable = variable, .signal = signal };

	if (commands == NULL || variable == NULL || value == NULL)
		return error_null(__func__);
	command.value = strdup(value);
	if (command.value == NULL)
		return error_system(-ENOMEM, "commands");
	return add_command(commands, &command, handler, data);
}

static bool is_command_active(const struct command *command)
{
	if (command->flag != NULL)
		return *command->flag;
	return *command->variable != NULL && strcmp(*command->variable, command->value) == 0;
}

int daemonkit_commands_active(const struct daemonkit_commands *commands)
{
	int count = 0;

	if (commands == NULL)
		return error_null(__func__);
	for (size_t i = 0; i < commands->count; i++)
		count += is_command_active(&commands->list[i]);
	return count;
}

int daemonkit_commands_active_signal(const struct daemonkit_commands *commands, size_t position)
{
	size_t active = 0;

	if (commands == NULL)
		return error_null(__func__);
	for (size_t i = 0; i < commands->count; i++)
		if (is_command_active(&commands->list[i]) && active++ == position)
			return commands->list[i].signal;
	return error_set(-ENOENT, "commands: %zu flags are active, there is no position %zu",
			 active, position);
}

int daemonkit_commands_send(const struct daemonkit_commands *commands,
			    struct daemonkit_process *process)
{
	DISABLE_CANCELLATION;
	int count = 0;

	if (commands == NULL || process == NULL)
		return error_null(__func__);
	for (size_t i = 0; i < commands->count; i++) {
		int result;

		if (!is_command_active(&commands->list[i]))
			continue;
		result = process_check_effect(process, commands->list[i].signal);
		if (result == 0)
			result = daemonkit_process_signal(process, commands->list[i].signal);
		if (result < 0)
			return result;
		count++;
	}
	return count;
}
