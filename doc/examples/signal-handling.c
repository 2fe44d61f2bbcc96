/* SPDX-License-Identifier: MIT */
/*
 * A daemon that is commanded by signals, while a thread does its work.
 *
 *	signal-handling [-p PIDFILE] [-l LOGFILE] [-c CONFIGURATION]
 *	                [-s quit|stop|reload]
 *
 * Without -s it starts the daemon.  "quit" (SIGQUIT) ends it when the unit of
 * work in hand is done, "stop" (SIGTERM) at once; "reload" (SIGHUP) reads the
 * configuration again and reopens the log, for rotation.  The configuration is
 * a number: the milliseconds that a unit of work takes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define READY_TIMEOUT 10000 /* milliseconds */

/* Exit codes; the last one is that of LSB init scripts. */
#define EXIT_USAGE 2
#define EXIT_NOT_RUNNING 7

struct options {
	const char *pid_file;
	const char *log_file;
	const char *configuration;
	const char *command;
};

struct program {
	struct options options;
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	struct daemonkit_commands *commands;
	pthread_t worker;
	atomic_bool ending;
	atomic_long milliseconds; /* of a unit of work */
};

/* Work that takes its time, whatever signals interrupt it. */
static void do_unit(long milliseconds)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += milliseconds / 1000;
	end.tv_nsec += milliseconds % 1000 * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
}

static void *work(void *data)
{
	struct program *program = data;

	for (int unit = 1; !atomic_load(&program->ending); unit++) {
		printf("unit %d: begun\n", unit);
		do_unit(atomic_load(&program->milliseconds));
		printf("unit %d: done\n", unit);
	}
	return NULL;
}

static void configure(struct program *program)
{
	FILE *file = fopen(program->options.configuration, "re");
	long milliseconds = 1000;

	if (file != NULL) {
		if (fscanf(file, "%ld", &milliseconds) != 1 || milliseconds < 1)
			milliseconds = 1000;
		fclose(file);
	}
	atomic_store(&program->milliseconds, milliseconds);
	printf("configured: a unit takes %ld ms\n", milliseconds);
}

/* The handlers run in the main thread and are ordinary code: they may wait. */

static int on_quit(const struct daemonkit_signal *signal, void *data)
{
	struct program *program = data;

	(void)signal;
	printf("quit: waiting for the worker\n");
	atomic_store(&program->ending, true);
	pthread_join(program->worker, NULL);
	return DAEMONKIT_STOP;
}

static int on_stop(const struct daemonkit_signal *signal, void *data)
{
	(void)data;
	printf("stop: from process %d\n", (int)daemonkit_signal_pid(signal));
	return DAEMONKIT_STOP;
}

static int on_reload(const struct daemonkit_signal *signal, void *data)
{
	struct program *program = data;

	(void)signal;
	if (daemonkit_context_reopen_log(program->context) < 0)
		printf("reload: %s\n", daemonkit_context_error(program->context));
	configure(program);
	return 0;
}

static int run_daemon(struct program *program)
{
	int error, result;

	setvbuf(stdout, NULL, _IOLBF, 0);
	configure(program);
	error = pthread_create(&program->worker, NULL, work, program);
	if (error != 0) {
		daemonkit_notify_failed(program->context, -error, "no worker thread");
		return EXIT_FAILURE;
	}
	daemonkit_notify_ready(program->context);
	result = daemonkit_signals_serve(program->signals);
	if (result < 0)
		printf("failed: %s\n", daemonkit_error());
	else
		printf("ended\n");
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int start(struct program *program)
{
	pid_t pid = daemonkit_context_reborn(program->context);
	int status;

	if (pid < 0) {
		fprintf(stderr, "signal-handling: %s\n", daemonkit_context_error(program->context));
		return EXIT_FAILURE;
	}
	if (pid > 0) {
		printf("signal-handling: started, process %d\n", (int)pid);
		return EXIT_SUCCESS;
	}
	status = run_daemon(program);
	daemonkit_context_release(program->context);
	/* After "stop" the worker is still busy: it ends with the process. */
	exit(status);
}

static int command(struct program *program)
{
	struct daemonkit_process *process = NULL;
	int result;

	if (daemonkit_commands_active(program->commands) == 0) {
		fprintf(stderr, "signal-handling: -s %s: quit, stop or reload?\n",
			program->options.command);
		return EXIT_USAGE;
	}
	result = daemonkit_context_search(program->context, &process);
	if (result == 0)
		result = daemonkit_commands_send(program->commands, process);
	daemonkit_process_free(process);
	if (result == -ESRCH) {
		fprintf(stderr, "signal-handling: %s: no daemon is running\n",
			program->options.pid_file);
		return EXIT_NOT_RUNNING;
	}
	if (result < 0) {
		fprintf(stderr, "signal-handling: %s\n", daemonkit_error());
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
		perror("signal-handling: working directory");
		return -1;
	}
	if (daemonkit_context_new(&program->context) < 0 ||
	    daemonkit_context_set_pid_file(program->context, program->options.pid_file, 0) < 0 ||
	    daemonkit_context_set_log_file(program->context, program->options.log_file, 0) < 0 ||
	    daemonkit_context_set_work_dir(program->context, directory) < 0 ||
	    daemonkit_context_set_ready_timeout(program->context, READY_TIMEOUT) < 0 ||
	    daemonkit_signals_new(&program->signals) < 0 ||
	    daemonkit_commands_new(&program->commands, program->signals) < 0 ||
	    add_command(program, "quit", SIGQUIT, on_quit) < 0 ||
	    add_command(program, "stop", SIGTERM, on_stop) < 0 ||
	    add_command(program, "reload", SIGHUP, on_reload) < 0) {
		fprintf(stderr, "signal-handling: %s\n", daemonkit_error());
		return -1;
	}
	return 0;
}

static int parse(int argc, char *argv[], struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "p:l:c:s:")) != -1) {
		if (option == 'p')
			options->pid_file = optarg;
		else if (option == 'l')
			options->log_file = optarg;
		else if (option == 'c')
			options->configuration = optarg;
		else if (option == 's')
			options->command = optarg;
		else
			return -1;
	}
	return optind == argc ? 0 : -1;
}

int main(int argc, char *argv[])
{
	struct program program = {
		.options = {"signal-handling.pid", "signal-handling.log", "signal-handling.conf",
			    NULL},
	};
	int status = EXIT_FAILURE;

	if (parse(argc, argv, &program.options) < 0) {
		fprintf(stderr, "usage: signal-handling [-p PIDFILE] [-l LOGFILE] "
				"[-c CONFIGURATION] [-s quit|stop|reload]\n");
		return EXIT_USAGE;
	}
	if (prepare(&program) == 0)
		status = program.options.command != NULL ? command(&program) : start(&program);
	daemonkit_commands_free(program.commands);
	daemonkit_signals_free(program.signals);
	daemonkit_context_free(program.context);
	return status;
}
