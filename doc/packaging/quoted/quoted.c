/* SPDX-License-Identifier: MIT */
/*
 * A quote of the day server (RFC 865): it sends a quote to each client.
 *
 *	quoted [-j] [-l LOGFILE] [-P PORT] [-p PIDFILE] [-q QUOTES] [-u USER]
 *	       start|stop|restart|try-restart|reload|force-reload|status|run
 *
 * A service manager passes the socket, named "quotes", or the daemon opens it
 * before it changes to USER.  "reload" reads the quotes and reopens the log, and
 * prints an error if that fails.
 */
#define _XOPEN_SOURCE 700
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define READY_TIMEOUT 10000 /* milliseconds */
#define SOCKET "quotes"

enum { EXIT_USAGE = 2, EXIT_NOT_CONFIGURED = 6 }; /* as LSB init scripts have them */

struct quoted {
	const char *quotes_file, *log_file, *pid_file, *user;
	int port;
	unsigned flags;
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	struct daemonkit_control *control;
	int own_socket; /* or a negative errno */
	char **quotes;
	size_t count, next;
};

static void free_quotes(struct quoted *quoted)
{
	while (quoted->count > 0)
		free(quoted->quotes[--quoted->count]);
	free(quoted->quotes);
	quoted->quotes = NULL;
}

/* Lines that are neither empty nor comments: 0, or a negative errno. */
static int read_lines(struct quoted *into, FILE *file)
{
	char *line = NULL, **larger;
	size_t size = 0;
	int error = 0;

	while (getline(&line, &size, file) >= 0) {
		if (*line == '#' || *line == '\n')
			continue;
		larger = realloc(into->quotes, (into->count + 1) * sizeof *larger);
		if (larger == NULL) {
			error = -ENOMEM;
			break;
		}
		into->quotes = larger;
		into->quotes[into->count++] = line;
		line = NULL;
		size = 0;
	}
	if (error == 0 && !feof(file))
		error = errno != 0 ? -errno : -EIO;
	free(line);
	return error == 0 && into->count == 0 ? -ENODATA : error;
}

/* Replace the quotes: 0, or a negative errno, and the old ones are kept. */
static int read_quotes(struct quoted *quoted)
{
	FILE *file = fopen(quoted->quotes_file, "re");
	struct quoted fresh = { .count = 0 };
	int result = file == NULL ? -errno : read_lines(&fresh, file);

	if (file != NULL)
		fclose(file);
	if (result < 0) {
		free_quotes(&fresh);
		return result;
	}
	free_quotes(quoted);
	quoted->quotes = fresh.quotes;
	quoted->count = fresh.count;
	return 0;
}

static void report_ready(struct quoted *quoted)
{
	printf("%zu quotes\n", quoted->count);
	daemonkit_notify_status(quoted->context, "%zu quotes", quoted->count);
	daemonkit_notify_ready(quoted->context);
}

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	struct quoted *quoted = data;
	int error;

	daemonkit_notify_reloading(quoted->context);
	error = daemonkit_context_reopen_log(quoted->context);
	if (error < 0)
		daemonkit_siginfo_reply(info, error, "%s", daemonkit_error());
	error = read_quotes(quoted);
	if (error < 0)
		daemonkit_siginfo_reply(info, error, "%s: %s", quoted->quotes_file,
				       strerror(-error));
	report_ready(quoted);
	return 0;
}

/* A listening socket, or a negative errno. */
static int open_socket(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((unsigned short)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, error, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	return -error;
}

static void answer(struct quoted *quoted, int listener)
{
	int client = accept(listener, NULL, NULL);
	const char *quote = quoted->quotes[quoted->next++ % quoted->count];

	if (client < 0)
		return;
	send(client, quote, strlen(quote), MSG_NOSIGNAL);
	close(client);
}

/* Report to the launcher or the manager what is missing. */
static int fail(struct quoted *quoted, int error, const char *what)
{
	daemonkit_notify_failed(quoted->context, error, "%s: %s", what, strerror(-error));
	return EXIT_NOT_CONFIGURED;
}

static int serve(struct quoted *quoted)
{
	struct pollfd fds[2] = { { .fd = daemonkit_signals_fd(quoted->signals), .events = POLLIN },
				 { .events = POLLIN } };
	int result = read_quotes(quoted);

	if (result < 0)
		return fail(quoted, result, quoted->quotes_file);
	fds[1].fd = daemonkit_context_find_fd(quoted->context, SOCKET, 0, DAEMONKIT_FD_LISTENER);
	if (fds[1].fd == -ENOENT)
		fds[1].fd = quoted->own_socket;
	if (fds[1].fd < 0)
		return fail(quoted, fds[1].fd, "socket");
	setvbuf(stdout, NULL, _IOLBF, 0);
	report_ready(quoted);
	while (result == 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents != 0)
			answer(quoted, fds[1].fd);
		if (fds[0].revents != 0)
			result = daemonkit_signals_dispatch(quoted->signals);
	}
	daemonkit_notify_stopping(quoted->context);
	puts("stopping");
	return result < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* The settings that all commands and the daemon need. */
static int prepare(struct quoted *quoted)
{
	if (daemonkit_signals_new(&quoted->signals) < 0 ||
	    daemonkit_signals_set_handler(quoted->signals, SIGHUP, on_reload, quoted) < 0 ||
	    daemonkit_context_new(&quoted->context) < 0 ||
	    daemonkit_context_set_pid_file(quoted->context, quoted->pid_file, 0644) < 0 ||
	    daemonkit_context_set_log_file(quoted->context, quoted->log_file, 0) < 0 ||
	    daemonkit_context_set_user(quoted->context, quoted->user, NULL) < 0 ||
	    daemonkit_context_set_ready_timeout(quoted->context, READY_TIMEOUT) < 0)
		return -1;
	return daemonkit_control_new(quoted->context, &quoted->control);
}

static int usage(void)
{
	fputs("usage: quoted [-j] [-l LOGFILE] [-P PORT] [-p PIDFILE] [-q QUOTES] [-u USER]\n"
	      "              " DAEMONKIT_CONTROL_COMMANDS "\n", stderr);
	return EXIT_USAGE;
}

static int run_command(struct quoted *quoted, const char *command)
{
	int result, status = EXIT_FAILURE;

	/* Only the process that becomes the daemon opens the port, while it may still be root. */
	if ((daemonkit_was_reborn() || strcmp(command, "run") == 0) &&
	    daemonkit_context_find_fd(quoted->context, SOCKET, 0, DAEMONKIT_FD_ANY) == -ENOENT)
		quoted->own_socket = open_socket(quoted->port);
	result = daemonkit_control_run(quoted->control, command, quoted->flags, &status);
	if (result < 0)
		return usage();
	if (result == 0) {
		status = serve(quoted);
		daemonkit_context_release(quoted->context);
	}
	return status;
}

int main(int argc, char *argv[])
{
	struct quoted quoted = { .quotes_file = "/etc/quoted/quotes",
				 .log_file = "/var/log/quoted/quoted.log",
				 .pid_file = "/run/quoted/quoted.pid",
				 .port = 17,
				 .own_socket = -ENOENT };
	int option, wrong = 0, status = EXIT_FAILURE;
	char rest;

	while ((option = getopt(argc, argv, "jl:P:p:q:u:")) != -1) {
		switch (option) {
		case 'j': quoted.flags |= DAEMONKIT_CONTROL_JSON; break;
		case 'l': quoted.log_file = optarg; break;
		case 'P': wrong |= sscanf(optarg, "%6d%c", &quoted.port, &rest) != 1; break;
		case 'p': quoted.pid_file = optarg; break;
		case 'q': quoted.quotes_file = optarg; break;
		case 'u': quoted.user = optarg; break;
		default: wrong = 1;
		}
	}
	if (wrong || optind + 1 != argc || quoted.port < 1 || quoted.port > 65535)
		return usage();
	if (prepare(&quoted) < 0)
		fprintf(stderr, "quoted: %s\n", daemonkit_error());
	else
		status = run_command(&quoted, argv[optind]);
	free_quotes(&quoted);
	daemonkit_control_free(quoted.control);
	daemonkit_signals_free(quoted.signals);
	daemonkit_context_free(quoted.context);
	return status;
}
