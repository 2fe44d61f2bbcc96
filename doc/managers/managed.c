/* SPDX-License-Identifier: MIT */
/*
 * A daemon for every service manager: the other files of this directory start
 * it.  It logs what it does, to standard error or its log file.
 *
 *	managed [-bfr] [-l LOGFILE] [-n DESCRIPTOR] [-p PIDFILE]
 *	managed -p PIDFILE -s reload | status | stop
 *
 *	-b  always in the background, even under a manager
 *	-f  in the foreground, for a supervisor that cannot be detected
 *	-l  the log file
 *	-n  the supervisor waits for a newline on this descriptor (s6)
 *	-p  the pid file
 *	-r  the launcher returns when the daemon is ready, not only set up
 *	-s  reload or stop the daemon that holds the pid file, or only check that
 *	    it runs; the exit status is 3 if there is none
 *
 * SIGHUP reloads it, SIGTERM stops it, and SIGUSR1 makes it hang, to test a
 * watchdog.
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

struct managed {
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	const char *command;
	unsigned reloads;
};

/* The journal reads the priority of a line from its prefix. */
static int is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == (dev_t)device &&
	       status.st_ino == (ino_t)inode;
}

/* Log one line with one write(2). */
__attribute__((__format__(__printf__, 2, 3))) static void log_line(int priority,
								   const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (is_journal())
		dprintf(STDERR_FILENO, "<%d>%s\n", priority, text);
	else
		dprintf(STDERR_FILENO, "managed[%ld]: %s\n", (long)getpid(), text);
}

/* A failed notification is not fatal. */
static void log_failure(const char *step, int result)
{
	if (result < 0)
		log_line(LOG_WARNING, "%s: %s", step, daemonkit_error());
}

static int notify_ready(struct managed *managed)
{
	log_failure("status", daemonkit_notify_status(managed->context, "Serving, %u reloads",
						      managed->reloads));
	return daemonkit_notify_ready(managed->context);
}

static int reload(struct daemonkit_siginfo *info, void *data)
{
	struct managed *managed = data;

	(void)info;
	log_failure("reloading", daemonkit_notify_reloading(managed->context));
	log_failure("reopen log", daemonkit_context_reopen_log(managed->context));
	managed->reloads++;
	log_line(LOG_NOTICE, "reloaded %u", managed->reloads);
	log_failure("ready", notify_ready(managed));
	return 0;
}

static int stop(struct daemonkit_siginfo *info, void *data)
{
	struct managed *managed = data;

	(void)info;
	log_failure("stopping", daemonkit_notify_stopping(managed->context));
	log_line(LOG_NOTICE, "stopping");
	return DAEMONKIT_SIGNALS_STOP;
}

static int hang(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	log_line(LOG_ERR, "hanging");
	while (pause() < 0)
		continue;
	return 0;
}

/* Handle signals until SIGTERM, and notify the watchdog. */
static int serve(struct managed *managed)
{
	struct pollfd signals = { .fd = daemonkit_signals_fd(managed->signals), .events = POLLIN };
	int interval, watched, result = 0;

	watched = daemonkit_notify_watchdog_interval(managed->context, &interval);
	while (result == 0) {
		if (poll(&signals, 1, watched == 1 ? interval / 2 : -1) < 0 && errno != EINTR)
			return -errno;
		if (watched == 1)
			log_failure("watchdog", daemonkit_notify_watchdog(managed->context));
		result = daemonkit_signals_dispatch(managed->signals);
	}
	return result == DAEMONKIT_SIGNALS_STOP ? 0 : result;
}

static int options(struct managed *managed, int argc, char **argv)
{
	struct daemonkit_context *context = managed->context;
	int option, fd, result = 0;
	char rest;

	while (result == 0 && (option = getopt(argc, argv, "bfl:n:p:rs:")) != -1) {
		switch (option) {
		case 'b':
			result = daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN);
			break;
		case 'f':
			result = daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND);
			break;
		case 'l':
			result = daemonkit_context_set_log_file(context, optarg, 0);
			break;
		case 'n':
			if (sscanf(optarg, "%9d%c", &fd, &rest) != 1)
				exit(2);
			result = daemonkit_notify_take_fd(context, fd);
			break;
		case 'p':
			result = daemonkit_context_set_pid_file(context, optarg, 0644);
			break;
		case 'r':
			result = daemonkit_context_set_ready_timeout(context, 30000);
			break;
		case 's':
			managed->command = optarg;
			break;
		default:
			exit(2);
		}
	}
	return result;
}

/* Control the running daemon; the lock on the pid file identifies it. */
static int control(struct managed *managed)
{
	struct daemonkit_process *process;
	int result = daemonkit_context_search(managed->context, &process);

	if (result == -ESRCH)
		exit(strcmp(managed->command, "stop") == 0 ? 0 : 3);
	if (result < 0)
		return result;
	if (strcmp(managed->command, "stop") == 0)
		result = daemonkit_process_stop(process, 10000, 5000);
	else if (strcmp(managed->command, "reload") == 0)
		result = daemonkit_process_signal(process, SIGHUP);
	else if (strcmp(managed->command, "status") != 0)
		exit(2);
	daemonkit_process_free(process);
	return result;
}

static int set_up(struct managed *managed, int argc, char **argv)
{
	int result = daemonkit_context_new(&managed->context);

	if (result == 0)
		result = options(managed, argc, argv);
	if (result == 0)
		result = daemonkit_signals_new(&managed->signals);
	if (result == 0)
		result = daemonkit_signals_set_handler(managed->signals, SIGHUP, reload, managed);
	if (result == 0)
		result = daemonkit_signals_set_handler(managed->signals, SIGTERM, stop, managed);
	if (result == 0)
		result = daemonkit_signals_set_handler(managed->signals, SIGUSR1, hang, managed);
	/* As process 1 of a container it adopts orphans; it has no other children. */
	if (result == 0)
		result = daemonkit_signals_reap_orphans(managed->signals, NULL, NULL);
	return result;
}

/* Start: 0 in the launcher, and when the daemon stops; or an error. */
static int start(struct managed *managed)
{
	pid_t pid = daemonkit_context_reborn(managed->context);
	int result;

	if (pid != 0)
		return pid < 0 ? pid : 0;
	/* Log this first: the launcher's caller may read the log at once. */
	log_line(LOG_INFO, "ready");
	result = notify_ready(managed);
	/* If the launcher has exited, no process knows of this start: stop. */
	if (result != -ECANCELED) {
		log_failure("ready", result);
		result = serve(managed);
	}
	daemonkit_context_release(managed->context);
	return result;
}

int main(int argc, char **argv)
{
	struct managed managed = { NULL, NULL, NULL, 0 };
	int result = set_up(&managed, argc, argv);

	if (result == 0)
		result = managed.command != NULL ? control(&managed) : start(&managed);
	if (result < 0)
		log_line(LOG_ERR, "%s", daemonkit_error());
	daemonkit_signals_free(managed.signals);
	daemonkit_context_free(managed.context);
	return result < 0 ? 1 : 0;
}
