/* SPDX-License-Identifier: MIT */
/*
 * A daemon that rotates its own log, and lets logrotate do so.
 *
 *	log-rotation [-p PIDFILE] [-l LOGFILE] [-m BYTES] [-i MILLISECONDS]
 *	             [-s rotate|reopen|stop]
 *
 * Without -s it starts the daemon, which writes a line every MILLISECONDS.  When the
 * log has BYTES, and on "rotate" (SIGUSR1), LOGFILE is renamed to LOGFILE.1, that file
 * to LOGFILE.2, and so on.  "reopen" (SIGHUP) is for logrotate:
 *
 *	/var/log/log-rotation.log {
 *		missingok
 *		delaycompress
 *		nocreate
 *		postrotate
 *			/usr/sbin/log-rotation -p /run/log-rotation.pid -s reopen || test $? = 7
 *		endscript
 *	}
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

enum { READY_TIMEOUT = 10000 /* ms */, OLD_LOGS = 4 };
enum { EXIT_USAGE = 2, EXIT_NOT_RUNNING = 7 }; /* as LSB init scripts have them */

static const char *pid_file = "log-rotation.pid", *log_file = "log-rotation.log", *word;
static int bytes = 1048576, milliseconds = 1000;
static struct daemonkit_context *context;
static struct daemonkit_signals *signals;
static struct daemonkit_commands *commands;

/* Nothing is lost: until the new file is open, lines go to the renamed one. */
static int on_reopen(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	if (daemonkit_context_reopen_log(context) < 0)
		printf("%s\n", daemonkit_error());
	return 0;
}

static int on_rotate(struct daemonkit_siginfo *info, void *data)
{
	char from[4200], to[4200]; /* longer than any path: never truncated */

	for (int age = OLD_LOGS; age > 0; age--) {
		snprintf(from, sizeof from, age == 1 ? "%s" : "%s.%d", log_file, age - 1);
		snprintf(to, sizeof to, "%s.%d", log_file, age);
		if (rename(from, to) < 0 && errno != ENOENT) {
			printf("rename %s: %s\n", from, strerror(errno));
			return 0;
		}
	}
	return on_reopen(info, data);
}

/* The daemon. */
static int serve(void)
{
	struct pollfd arrived = {.fd = daemonkit_signals_fd(signals), .events = POLLIN};
	struct stat status;
	int result = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	daemonkit_notify_ready(context);
	for (long line = 1; result == 0; line++) {
		printf("line %ld\n", line);
		if (fstat(STDOUT_FILENO, &status) == 0 && status.st_size >= bytes)
			on_rotate(NULL, NULL);
		result = poll(&arrived, 1, milliseconds) < 0 && errno != EINTR
				 ? -errno : daemonkit_signals_dispatch(signals);
	}
	printf(result < 0 ? "failed\n" : "stopped\n");
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
		fprintf(stderr, "log-rotation: %s%s\n", daemonkit_error(),
			result == -ESRCH ? ": no daemon is running" : "");
	else if (word == NULL)
		printf("log-rotation: started, process %d\n", result);
	return result == -ESRCH ? EXIT_NOT_RUNNING : result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	int option, wrong = 0, status = EXIT_FAILURE;
	char directory[4096], rest;

	while ((option = getopt(argc, argv, "p:l:m:i:s:")) != -1)
		if (option == 'p')
			pid_file = optarg;
		else if (option == 'l')
			log_file = optarg;
		else if (option == 'm')
			wrong |= sscanf(optarg, "%9d%c", &bytes, &rest) != 1 || bytes < 1;
		else if (option == 'i')
			wrong |= sscanf(optarg, "%9d%c", &milliseconds, &rest) != 1 ||
				 milliseconds < 0;
		else if (option == 's')
			word = optarg;
		else
			wrong = 1;
	/* The daemon renames its log, so it keeps this directory.  SIGTERM has a handler. */
	if (getcwd(directory, sizeof directory) == NULL) {
		perror("log-rotation: working directory");
	} else if (daemonkit_context_new(&context) < 0 ||
	    daemonkit_context_set_pid_file(context, pid_file, 0) < 0 ||
	    daemonkit_context_set_log_file(context, log_file, 0) < 0 ||
	    daemonkit_context_set_work_dir(context, directory) < 0 ||
	    daemonkit_context_set_ready_timeout(context, READY_TIMEOUT) < 0 ||
	    daemonkit_signals_new(&signals) < 0 || daemonkit_commands_new(signals, &commands) < 0 ||
	    daemonkit_commands_add_string(commands, &word, "rotate", SIGUSR1, on_rotate, 0) < 0 ||
	    daemonkit_commands_add_string(commands, &word, "reopen", SIGHUP, on_reopen, NULL) < 0 ||
	    daemonkit_commands_add_string(commands, &word, "stop", SIGTERM, NULL, NULL) < 0) {
		fprintf(stderr, "log-rotation: %s\n", daemonkit_error());
	} else if (wrong || optind < argc || (word && daemonkit_commands_active(commands) == 0)) {
		fputs("usage: log-rotation [-p PIDFILE] [-l LOGFILE] [-m BYTES] "
		      "[-i MILLISECONDS] [-s rotate|reopen|stop]\n", stderr);
		status = EXIT_USAGE;
	} else {
		status = act();
	}
	daemonkit_commands_free(commands);
	daemonkit_signals_free(signals);
	daemonkit_context_free(context);
	return status;
}
