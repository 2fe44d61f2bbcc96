/* SPDX-License-Identifier: MIT */
/*
 * A daemon with a complete command line.
 *
 *	service [-c CONFIGURATION] [-j] [-l LOGFILE] [-p PIDFILE]
 *	        start|stop|restart|try-restart|reload|force-reload|status|run
 *
 * The configuration is the number of seconds between two entries in the log.
 * "reload" prints the daemon's error if a new one is not valid.  The init script:
 *
 *	exec /usr/sbin/service -c /etc/service.conf -p /run/service.pid "$1"
 */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

#define READY_TIMEOUT 10000 /* milliseconds */

enum { EXIT_USAGE = 2, EXIT_NOT_CONFIGURED = 6 }; /* as LSB init scripts have them */

struct service {
	const char *configuration, *log_file, *pid_file;
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	struct daemonkit_control *control;
	int seconds;
};

/* Apply the configuration if it is valid: 0, or a negative errno and *problem. */
static int configure(struct service *service, const char **problem)
{
	FILE *file = fopen(service->configuration, "re");
	int seconds = 0, error = file == NULL ? -errno : -EINVAL;

	*problem = file == NULL ? strerror(errno) : "not a number from 1 to 3600";
	if (file != NULL && fscanf(file, "%d", &seconds) == 1 && seconds > 0 && seconds <= 3600) {
		service->seconds = seconds;
		error = 0;
	}
	if (file != NULL)
		fclose(file);
	return error;
}

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	struct service *service = data;
	const char *problem;

	daemonkit_notify_reloading(service->context);
	int error = configure(service, &problem);
	/* "reload" prints this; the daemon keeps the old configuration. */
	if (error < 0)
		daemonkit_siginfo_reply(info, error, "%s: %s", service->configuration, problem);
	else
		printf("every %d seconds from now on\n", service->seconds);
	daemonkit_notify_ready(service->context);
	return 0;
}

static int serve(struct service *service)
{
	struct pollfd signals = {.fd = daemonkit_signals_fd(service->signals), .events = POLLIN};
	const char *problem;
	int result = configure(service, &problem);

	if (result < 0) {
		daemonkit_notify_failed(service->context, result, "%s: %s",
					service->configuration, problem);
		return EXIT_NOT_CONFIGURED;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	daemonkit_notify_status(service->context, "every %d seconds", service->seconds);
	daemonkit_notify_ready(service->context);
	for (unsigned count = 1; result == 0; count++) {
		printf("entry %u\n", count);
		if (poll(&signals, 1, service->seconds * 1000) > 0)
			result = daemonkit_signals_dispatch(service->signals);
	}
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The settings that all commands and the daemon need. */
static int prepare(struct service *service)
{
	static char configuration[4096];

	/* The daemon has another working directory. */
	if (realpath(service->configuration, configuration) != NULL)
		service->configuration = configuration;
	if (daemonkit_signals_new(&service->signals) < 0 ||
	    daemonkit_signals_set_handler(service->signals, SIGHUP, on_reload, service) < 0 ||
	    daemonkit_context_new(&service->context) < 0 ||
	    daemonkit_context_set_pid_file(service->context, service->pid_file, 0644) < 0 ||
	    daemonkit_context_set_log_file(service->context, service->log_file, 0) < 0 ||
	    daemonkit_context_set_ready_timeout(service->context, READY_TIMEOUT) < 0)
		return -1;
	return daemonkit_control_new(service->context, &service->control);
}

static int usage(void)
{
	fputs("usage: service [-c CONFIGURATION] [-j] [-l LOGFILE] [-p PIDFILE]\n"
	      "               " DAEMONKIT_CONTROL_COMMANDS "\n", stderr);
	return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
	struct service service = {"service.conf", "service.log", "service.pid", 0, 0, 0, 0};
	unsigned flags = 0;
	int option, result, status = EXIT_FAILURE;

	while ((option = getopt(argc, argv, "c:jl:p:")) != -1) {
		if (option == 'c')
			service.configuration = optarg;
		else if (option == 'j')
			flags |= DAEMONKIT_CONTROL_JSON;
		else if (option == 'l')
			service.log_file = optarg;
		else if (option == 'p')
			service.pid_file = optarg;
		else
			return usage();
	}
	if (optind + 1 != argc)
		return usage();
	if (prepare(&service) < 0) {
		fprintf(stderr, "service: %s\n", daemonkit_error());
	} else {
		result = daemonkit_control_run(service.control, argv[optind], flags, &status);
		if (result < 0)
			status = usage();
		if (result == 0) {
			status = serve(&service);
			daemonkit_context_release(service.context);
		}
	}
	daemonkit_control_free(service.control);
	daemonkit_signals_free(service.signals);
	daemonkit_context_free(service.context);
	return status;
}
