/* SPDX-License-Identifier: MIT */
/*
 * A pipe as the log: the launcher prints the daemon's output until the daemon is
 * ready or exits.
 *
 *	pipe [-p PIDFILE] [-n STEPS] [-s stop]
 */
#define _XOPEN_SOURCE 700
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

enum { EXIT_USAGE = 2, EXIT_NOT_RUNNING = 7 }; /* as LSB init scripts have them */

/* The launcher stops reading the pipe: a write to it would then raise SIGPIPE. */
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

static int serve(struct daemonkit_context *context, struct daemonkit_signals *signals,
		 long long steps)
{
	int result;

	for (long long step = 1; step <= steps; step++)
		printf("step %lld of %lld\n", step, steps);
	printf("ready\n");
	result = leave_pipe();
	if (result < 0)
		daemonkit_notify_failed(context, result, "/dev/null: %s", strerror(-result));
	else if ((result = daemonkit_notify_ready(context)) == 0)
		result = daemonkit_signals_serve(signals);
	daemonkit_context_release(context);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Copy the pipe to standard output, until end-of-file. */
static void *copy(void *data)
{
	const int *pipe_end = data;
	char bytes[4096];
	ssize_t count;

	while ((count = read(*pipe_end, bytes, sizeof bytes)) > 0 || (count < 0 && errno == EINTR))
		if (count > 0)
			fwrite(bytes, 1, (size_t)count, stdout);
	return NULL;
}

/* Start while a thread reads: otherwise a daemon that fills the pipe would block. */
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
	/* Close the context's duplicate of the pipe, so that the reader gets end-of-file. */
	if (daemonkit_context_set_log_fd(context, -1) == 0 && error == 0)
		pthread_join(reader, NULL);
	close(ends[0]);
	return pid;
}

static pid_t start(struct daemonkit_context *context)
{
	/* The second copy inherits the pipe. */
	pid_t pid = daemonkit_was_reborn() ? daemonkit_context_reborn(context)
					   : start_and_copy(context);

	if (pid > 0)
		printf("pipe: started, process %d\n", (int)pid);
	return pid;
}

static int stop(struct daemonkit_context *context)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_context_search(context, &process);

	if (result == 0)
		result = daemonkit_process_signal(process, SIGTERM);
	daemonkit_process_free(process);
	return result;
}

int main(int argc, char *argv[])
{
	const char *pid_file = "pipe.pid", *word = NULL;
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	int option, wrong = 0, result = -EINVAL, status = EXIT_SUCCESS;
	long long steps = 3;
	char rest;

	while ((option = getopt(argc, argv, "p:n:s:")) != -1)
		if (option == 'p')
			pid_file = optarg;
		else if (option == 's')
			word = optarg;
		else
			wrong |= option != 'n' || sscanf(optarg, "%10lld%c", &steps, &rest) != 1;
	if (wrong || optind != argc || (word != NULL && strcmp(word, "stop") != 0)) {
		fputs("usage: pipe [-p PIDFILE] [-n STEPS] [-s stop]\n", stderr);
		return EXIT_USAGE;
	}
	/* Mode REBORN: in mode FOREGROUND launcher and daemon would be one process. */
	if (daemonkit_signals_new(&signals) == 0 && daemonkit_context_new(&context) == 0 &&
	    daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN) == 0 &&
	    daemonkit_context_set_pid_file(context, pid_file, 0) == 0 &&
	    daemonkit_context_set_ready_timeout(context, READY_TIMEOUT) == 0)
		result = word != NULL ? stop(context) : start(context);
	if (result < 0) {
		fprintf(stderr, "pipe: %s\n",
			*daemonkit_error() != '\0' ? daemonkit_error() : strerror(-result));
		status = result == -ESRCH ? EXIT_NOT_RUNNING : EXIT_FAILURE;
	} else if (result == 0 && word == NULL) {
		status = serve(context, signals, steps);
	}
	daemonkit_context_free(context);
	daemonkit_signals_free(signals);
	return status;
}
