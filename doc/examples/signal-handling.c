/* SPDX-License-Identifier: MIT */
/*
 * A daemon that is controlled by signals, while a thread does its work.
 *
 *	signal-handling [-p PIDFILE] [-l LOGFILE] [-c CONFIGURATION] [-s quit|stop|reload]
 *
 * Without -s it starts the daemon.  "quit" (SIGQUIT) ends it after the current unit of work, "stop"
 * (SIGTERM) at once.  "reload" (SIGHUP) reads the milliseconds per unit, and reopens the log.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

enum { READY_TIMEOUT = 10000 /* ms */, EXIT_USAGE = 2, EXIT_NOT_RUNNING = 7 /* as in LSB */ };

static const char *pid_file = "signal-handling.pid", *log_file = "signal-handling.log";
static const char *configuration = "signal-handling.conf", *word;
static struct daemonkit_context *context;
static struct daemonkit_signals *signals;
static struct daemonkit_commands *commands;
static pthread_t worker;
static atomic_bool ending;
static atomic_int milliseconds; /* of a unit of work */

static void *work(void *data)
{
	for (int unit = 1; !ending; unit++) {
		struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

		printf("unit %d: begun\n", unit);
		while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
			; /* interrupted by a signal: sleep for the rest */
		printf("unit %d: done\n", unit);
	}
	return data;
}

static void configure(void)
{
	FILE *file = fopen(configuration, "re");
	int number, good = file != NULL && fscanf(file, "%9d", &number) == 1 && number > 0;

	milliseconds = good ? number : 1000;
	if (file != NULL)
		fclose(file);
	printf("configured: a unit takes %d ms%s\n", milliseconds,
	       good ? "" : ", the default: no valid configuration");
}

/* The handlers run in the main thread and are ordinary code: they may block. */
static int on_quit(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	printf("quit: waiting for the worker\n");
	ending = true;
	pthread_join(worker, NULL);
	return DAEMONKIT_SIGNALS_STOP;
}

static int on_stop(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	printf("stop: from process %d\n", (int)daemonkit_siginfo_pid(info));
	return DAEMONKIT_SIGNALS_STOP;
}

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	if (daemonkit_context_reopen_log(context) < 0)
		printf("reload: %s\n", daemonkit_error());
	configure();
	return 0;
}

static int serve(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	configure();
	int result = -pthread_create(&worker, NULL, work, NULL);
	if (result < 0)
		daemonkit_notify_failed(context, result, "no worker thread");
	else if ((result = daemonkit_notify_ready(context)) == 0)
		result = daemonkit_signals_serve(signals);
	printf(result < 0 ? "failed\n" : "ended\n");
	daemonkit_context_release(context);
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Start the daemon and serve; or send the command's signal to the running daemon. */
static int act(void)
{
	struct daemonkit_process *process = NULL;
	int result = word == NULL ? daemonkit_context_reborn(context)
				  : daemonkit_context_search(context, &process);

	if (result == 0 && word == NULL)
		return serve();
	if (result == 0)
		result = daemonkit_commands_send(commands, process);
	daemonkit_process_free(process);
	if (result < 0)
		fprintf(stderr, "signal-handling: %s%s\n", daemonkit_error(),
			result == -ESRCH ? ": no daemon is running" : "");
	else if (word == NULL)
		printf("signal-handling: started, process %d\n", result);
	return result == -ESRCH ? EXIT_NOT_RUNNING : result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	int option, status = EXIT_FAILURE;
	char directory[4096];

	while ((option = getopt(argc, argv, "p:l:c:s:")) != -1 && option != '?')
		*(option == 'p' ? &pid_file : option == 'l' ? &log_file :
		  option == 'c' ? &configuration : &word) = optarg;
	/* The daemon keeps this directory: the path of its configuration may be relative. */
	if (getcwd(directory, sizeof directory) == NULL) {
		perror("signal-handling: working directory");
	} else if (daemonkit_context_new(&context) < 0 ||
	    daemonkit_context_set_pid_file(context, pid_file, 0) < 0 ||
	    daemonkit_context_set_log_file(context, log_file, 0) < 0 ||
	    daemonkit_context_set_work_dir(context, directory) < 0 ||
	    daemonkit_context_set_ready_timeout(context, READY_TIMEOUT) < 0 ||
	    daemonkit_signals_new(&signals) < 0 || daemonkit_commands_new(signals, &commands) < 0 ||
	    daemonkit_commands_add_string(commands, &word, "quit", SIGQUIT, on_quit, NULL) < 0 ||
	    daemonkit_commands_add_string(commands, &word, "stop", SIGTERM, on_stop, NULL) < 0 ||
	    daemonkit_commands_add_string(commands, &word, "reload", SIGHUP, on_reload, NULL) < 0) {
		fprintf(stderr, "signal-handling: %s\n", daemonkit_error());
	} else if (option != -1 || argv[optind] || (word && !daemonkit_commands_active(commands))) {
		fputs("usage: signal-handling [-p PIDFILE] [-l LOGFILE] "
		      "[-c CONFIGURATION] [-s quit|stop|reload]\n", stderr);
		status = EXIT_USAGE;
	} else {
		status = act();
	}
	daemonkit_commands_free(commands);
	daemonkit_signals_free(signals);
	daemonkit_context_free(context);
	return status;
}
