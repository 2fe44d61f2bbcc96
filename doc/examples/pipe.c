/* SPDX-License-Identifier: MIT */
/*
 * A pipe as the log: whoever starts the daemon sees what it prints until it is
 * ready, or until it ends.
 *
 *	pipe [-p PIDFILE] [-n STEPS] [-s stop]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define READY_TIMEOUT 10000 /* milliseconds */

/* Exit codes; the last one is that of LSB init scripts. */
#define EXIT_USAGE 2
#define EXIT_NOT_RUNNING 7

struct options {
	const char *pid_file;
	const char *command;
	int steps;
};

/* Nobody reads the pipe from now on: a daemon that wrote to it would die of SIGPIPE. */
static int leave_pipe(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), result = 0;

	fflush(stdout);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		result = -errno;
	if (null >= 0)
		close(null);
	return result;
}

static int run_daemon(struct daemonkit_context *context, struct daemonkit_signals *signals,
		      const struct options *options)
{
	int result;

	for (int step = 1; step <= options->steps; step++)
		printf("step %d of %d\n", step, options->steps);
	printf("ready\n");
	result = leave_pipe();
	if (result < 0) {
		daemonkit_notify_failed(context, result, "/dev/null: %s", strerror(-result));
		return EXIT_FAILURE;
	}
	daemonkit_notify_ready(context);
	return daemonkit_signals_serve(signals) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* What comes through the pipe goes to standard output, up to the end. */
static void *copy(void *data)
{
	const int *pipe_end = data;
	char bytes[4096];
	ssize_t count;

	while ((count = read(*pipe_end, bytes, sizeof bytes)) > 0)
		fwrite(bytes, 1, (size_t)count, stdout);
	return NULL;
}

/* The start, while a thread reads: a daemon that says much does not wait for ever. */
static pid_t start_and_copy(struct daemonkit_context *context)
{
	pthread_t reader;
	int ends[2], error;
	pid_t pid;

	if (pipe(ends) < 0)
		return -errno;
	pid = daemonkit_context_set_log_fd(context, ends[1]);
	close(ends[1]);
	error = pthread_create(&reader, NULL, copy, &ends[0]);
	if (error != 0)
		pid = -error;
	if (pid == 0)
		pid = daemonkit_context_reborn(context);
	/* The context's own duplicate of the pipe: without it the reader comes to the end. */
	if (daemonkit_context_set_log_fd(context, -1) == 0 && error == 0)
		pthread_join(reader, NULL);
	close(ends[0]);
	return pid;
}

static int start(struct daemonkit_context *context, struct daemonkit_signals *signals,
		 const struct options *options)
{
	const char *text;
	pid_t pid;
	int status;

	/* The second copy gets the pipe from the first. */
	pid = daemonkit_was_reborn() ? daemonkit_context_reborn(context) : start_and_copy(context);
	if (pid < 0) {
		text = daemonkit_context_error(context);
		fprintf(stderr, "pipe: %s\n", text[0] != '\0' ? text : strerror((int)-pid));
		return EXIT_FAILURE;
	}
	if (pid > 0) {
		printf("pipe: started, process %d\n", (int)pid);
		return EXIT_SUCCESS;
	}
	status = run_daemon(context, signals, options);
	daemonkit_context_release(context);
	return status;
}

static int stop(struct daemonkit_context *context, const struct options *options)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_context_search(context, &process);

	if (result == 0)
		result = daemonkit_process_signal(process, SIGTERM);
	daemonkit_process_free(process);
	if (result == -ESRCH) {
		fprintf(stderr, "pipe: %s: no daemon is running\n", options->pid_file);
		return EXIT_NOT_RUNNING;
	}
	if (result < 0)
		fprintf(stderr, "pipe: %s\n", daemonkit_error());
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int parse(int argc, char *argv[], struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "p:n:s:")) != -1) {
		if (option == 'p')
			options->pid_file = optarg;
		else if (option == 'n')
			options->steps = atoi(optarg);
		else if (option == 's')
			options->command = optarg;
		else
			return -1;
	}
	if (options->command != NULL && strcmp(options->command, "stop") != 0)
		return -1;
	return optind == argc ? 0 : -1;
}

int main(int argc, char *argv[])
{
	struct options options = {"pipe.pid", NULL, 3};
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	int status = EXIT_FAILURE;

	if (parse(argc, argv, &options) < 0) {
		fprintf(stderr, "usage: pipe [-p PIDFILE] [-n STEPS] [-s stop]\n");
		return EXIT_USAGE;
	}
	/* Mode REBORN: in the foreground launcher and daemon would be one process. */
	if (daemonkit_signals_new(&signals) < 0 || daemonkit_context_new(&context) < 0 ||
	    daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN) < 0 ||
	    daemonkit_context_set_pid_file(context, options.pid_file, 0) < 0 ||
	    daemonkit_context_set_ready_timeout(context, READY_TIMEOUT) < 0)
		fprintf(stderr, "pipe: %s\n", daemonkit_error());
	else
		status = options.command != NULL ? stop(context, &options)
						 : start(context, signals, &options);
	daemonkit_context_free(context);
	daemonkit_signals_free(signals);
	return status;
}
