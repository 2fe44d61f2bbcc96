/* SPDX-License-Identifier: MIT */
/*
 * A daemon that rotates its own log, and lets logrotate do so.
 *
 *	log-rotation [-p PIDFILE] [-l LOGFILE] [-m BYTES] [-i MILLISECONDS]
 *	             [-s rotate|reopen|stop]
 *
 * Without -s it starts the daemon, which writes a line every so many
 * milliseconds.  When the log has so many bytes, and on "rotate" (SIGUSR1),
 * LOGFILE becomes LOGFILE.1, that one LOGFILE.2, and so on, and a new LOGFILE
 * is begun.  "reopen" (SIGHUP) is for logrotate, which renames the log itself:
 *
 *	/var/log/log-rotation.log {
 *		weekly
 *		rotate 4
 *		nocreate
 *		postrotate
 *			log-rotation -p /run/log-rotation.pid -s reopen
 *		endscript
 *	}
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define OLD_LOGS 4

/* Exit codes; the last one is that of LSB init scripts. */
#define EXIT_USAGE 2
#define EXIT_NOT_RUNNING 7

struct options {
	const char *pid_file;
	const char *log_file;
	const char *command;
	long bytes;
	int milliseconds;
};

struct program {
	struct options options;
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	struct daemonkit_commands *commands;
};

/* Nothing is lost: until the new file is open, lines go to the renamed one. */
static void reopen(struct program *program)
{
	if (daemonkit_context_reopen_log(program->context) < 0)
		printf("%s\n", daemonkit_context_error(program->context));
}

static void old_name(char *name, size_t size, const char *log_file, int age)
{
	snprintf(name, size, age == 0 ? "%s" : "%s.%d", log_file, age);
}

static void rotate(struct program *program)
{
	char from[4096], to[4096];

	for (int age = OLD_LOGS - 1; age >= 0; age--) {
		old_name(from, sizeof from, program->options.log_file, age);
		old_name(to, sizeof to, program->options.log_file, age + 1);
		if (rename(from, to) < 0 && errno != ENOENT) {
			printf("rename %s: %s\n", from, strerror(errno));
			return;
		}
	}
	reopen(program);
}

static int on_rotate(const struct daemonkit_signal *signal, void *data)
{
	(void)signal;
	rotate(data);
	return 0;
}

static int on_reopen(const struct daemonkit_signal *signal, void *data)
{
	(void)signal;
	reopen(data);
	return 0;
}

static int on_stop(const struct daemonkit_signal *signal, void *data)
{
	(void)signal;
	(void)data;
	return DAEMONKIT_STOP;
}

static int run_daemon(struct program *program)
{
	struct pollfd signals = {.fd = daemonkit_signals_fd(program->signals), .events = POLLIN};
	struct stat status;
	int result = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (long line = 1; result == 0; line++) {
		printf("line %ld\n", line);
		if (fstat(STDOUT_FILENO, &status) == 0 && status.st_size >= program->options.bytes)
			rotate(program);
		if (poll(&signals, 1, program->options.milliseconds) > 0)
			result = daemonkit_signals_dispatch(program->signals);
	}
	printf("stopped\n");
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int start(struct program *program)
{
	pid_t pid = daemonkit_context_reborn(program->context);
	int status;

	if (pid < 0) {
		fprintf(stderr, "log-rotation: %s\n", daemonkit_context_error(program->context));
		return EXIT_FAILURE;
	}
	if (pid > 0) {
		printf("log-rotation: started, process %d\n", (int)pid);
		return EXIT_SUCCESS;
	}
	daemonkit_notify_ready(program->context);
	status = run_daemon(program);
	daemonkit_context_release(program->context);
	return status;
}

static int command(struct program *program)
{
	struct daemonkit_process *process = NULL;
	int result;

	if (daemonkit_commands_active(program->commands) == 0) {
		fprintf(stderr, "log-rotation: -s %s: rotate, reopen or stop?\n",
			program->options.command);
		return EXIT_USAGE;
	}
	result = daemonkit_context_search(program->context, &process);
	if (result == 0)
		result = daemonkit_commands_send(program->commands, process);
	daemonkit_process_free(process);
	if (result == -ESRCH) {
		fprintf(stderr, "log-rotation: %s: no daemon is running\n",
			program->options.pid_file);
		return EXIT_NOT_RUNNING;
	}
	if (result < 0) {
		fprintf(stderr, "log-rotation: %s\n", daemonkit_error());
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static int add_command(struct program *program, const char *word, int signal,
		       daemonkit_signal_handler *handler)
{
	return daemonkit_commands_add_string(program->commands, &program->options.command, word,
					     signal, handler, program);
}

/* Everything that launcher, daemon and "-s" have in common. */
static int prepare(struct program *program)
{
	char directory[4096];

	if (getcwd(directory, sizeof directory) == NULL) {
		perror("log-rotation: working directory");
		return -1;
	}
	if (daemonkit_context_new(&program->context) < 0 ||
	    daemonkit_context_set_pid_file(program->context, program->options.pid_file, 0) < 0 ||
	    daemonkit_context_set_log_file(program->context, program->options.log_file, 0) < 0 ||
	    daemonkit_context_set_work_dir(program->context, directory) < 0 ||
	    daemonkit_signals_new(&program->signals) < 0 ||
	    daemonkit_commands_new(&program->commands, program->signals) < 0 ||
	    add_command(program, "rotate", SIGUSR1, on_rotate) < 0 ||
	    add_command(program, "reopen", SIGHUP, on_reopen) < 0 ||
	    add_command(program, "stop", SIGTERM, on_stop) < 0) {
		fprintf(stderr, "log-rotation: %s\n", daemonkit_error());
		return -1;
	}
	return 0;
}

static int parse(int argc, char *argv[], struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "p:l:m:i:s:")) != -1) {
		if (option == 'p')
			options->pid_file = optarg;
		else if (option == 'l')
			options->log_file = optarg;
		else if (option == 'm')
			options->bytes = atol(optarg);
		else if (option == 'i')
			options->milliseconds = atoi(optarg);
		else if (option == 's')
			options->command = optarg;
		else
			return -1;
	}
	return optind == argc && options->bytes > 0 && options->milliseconds >= 0 ? 0 : -1;
}

int main(int argc, char *argv[])
{
	struct program program = {
		.options = {"log-rotation.pid", "log-rotation.log", NULL, 1048576, 1000},
	};
	int status = EXIT_FAILURE;

	if (parse(argc, argv, &program.options) < 0) {
		fprintf(stderr, "usage: log-rotation [-p PIDFILE] [-l LOGFILE] [-m BYTES] "
				"[-i MILLISECONDS] [-s rotate|reopen|stop]\n");
		return EXIT_USAGE;
	}
	if (prepare(&program) == 0)
		status = program.options.command != NULL ? command(&program) : start(&program);
	daemonkit_commands_free(program.commands);
	daemonkit_signals_free(program.signals);
	daemonkit_context_free(program.context);
	return status;
}
