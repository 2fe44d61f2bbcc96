/* SPDX-License-Identifier: MIT */
/* Words of the probe that do not set the context: processes, and calls of the library. */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>
#include <daemonkit/process.h>
#include <daemonkit/upgrade.h>

int probe_value(const char *value)
{
	return (int)strtol(value, NULL, 0);
}

void probe_write(const char *path, const char *format, ...)
{
	FILE *file = fopen(path, "ae");
	va_list arguments;

	if (file == NULL)
		exit(89);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fclose(file);
}

/* ---- processes ---- */

/* Another program that uses this library reports on itself. */
static void run_program(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/proc/self/exe", harness_self, "--helper", "probe", path, "mode=foreground",
		      "daemon:report", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* A child that keeps every descriptor of the daemon open. */
static void hold(const char *path)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready) != 0)
		exit(90);
	pid = fork();
	if (pid == 0) {
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	(void)!read(ready[0], &byte, 1);
	probe_write(path, "%d\n", (int)pid);
}

/* A program that knows nothing of daemons and runs for long. */
static void start_program(const char *path)
{
	int executed[2];
	char byte;
	pid_t pid;

	if (pipe2(executed, O_CLOEXEC) != 0)
		exit(88);
	pid = fork();
	if (pid == 0) {
		execlp("sleep", "sleep", "1000", NULL);
		_exit(127);
	}
	close(executed[1]);
	(void)!read(executed[0], &byte, 1);
	close(executed[0]);
	probe_write(path, "%d\n", (int)pid);
}

/* A forked worker that frees its objects as any program does. */
static void work(struct program *program)
{
	pid_t pid = fork();

	if (pid == 0) {
		int ready = daemonkit_notify_ready(program->context);

		daemonkit_context_release(program->context);
		daemonkit_context_free(program->context);
		exit(ready == -EPERM ? 0 : 1);
	}
	waitpid(pid, NULL, 0);
}

static bool act_processes(struct program *program, const char *name, const char *value)
{
	int status;

	if (strcmp(name, "exit") == 0)
		_exit(probe_value(value));
	else if (strcmp(name, "raise") == 0)
		raise(probe_value(value));
	else if (strcmp(name, "wait") == 0)
		for (;;)
			pause();
	else if (strcmp(name, "await") == 0)
		while (access(value, F_OK) != 0)
			usleep(1000);
	else if (strcmp(name, "touch") == 0)
		probe_write(value, "%d\n", (int)getpid());
	else if (strcmp(name, "run") == 0)
		run_program(value);
	else if (strcmp(name, "hold") == 0)
		hold(value);
	else if (strcmp(name, "sleep") == 0)
		start_program(value);
	else if (strcmp(name, "work") == 0)
		work(program);
	else if (strcmp(name, "input") == 0)
		while (read(STDIN_FILENO, &status, 1) > 0)
			;
	else if (strcmp(name, "kill") == 0)
		kill(program->daemon, SIGKILL);
	else if (strcmp(name, "wait-exit") == 0) {
		siginfo_t info;

		if (waitid(P_PID, (id_t)program->daemon, &info, WEXITED | WNOWAIT) < 0)
			while (kill(program->daemon, 0) == 0)
				usleep(1000); /* the child of another process */
	} else if (strcmp(name, "reap") == 0) {
		status = -1;
		if (waitpid(program->daemon, &status, 0) < 0)
			status = -errno;
		probe_print(program, "reaped %d\n", status);
	} else if (strcmp(name, "adopt") == 0)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	else if (strcmp(name, "ended") == 0)
		probe_print(program, "ended %d\n", (int)waitpid(-1, NULL, WNOHANG));
	else
		return false;
	return true;
}

/* ---- the library ---- */

static void send_failure(struct program *program, const char *value)
{
	char *rest;
	int error = (int)strtol(value, &rest, 10);

	daemonkit_notify_failed(program->context, error, "%s", rest + 1);
}

/* Send texts until one is refused. */
static void flood(struct program *program)
{
	int count = 0, result;

	while ((result = daemonkit_notify_status(program->context, "%d", count)) == 0)
		count++;
	probe_write(program->report, "flooded %d %d\n", count, result);
}

static void send_long_texts(struct program *program)
{
	static char text[5001];

	memset(text, 'x', sizeof text - 1);
	daemonkit_notify_status(program->context, "%s", text);
	memset(text, 'y', sizeof text - 1);
	daemonkit_notify_failed(program->context, -EIO, "%s", text);
}

static void misuse(struct program *program)
{
	struct daemonkit_context *context = program->context;

	probe_write(program->report, "misused %d %d %d %d\n",
		    daemonkit_notify_failed(context, 0, "x"),
		    daemonkit_notify_failed(context, INT_MIN, "x"),
		    daemonkit_notify_extend_timeout(context, 0),
		    daemonkit_notify_extend_timeout(context, -1));
}

static void search(struct program *program)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_context_search(program->context, &process);

	probe_write(program->report, "found %d\n",
		    result < 0 ? result : (int)daemonkit_process_pid(process));
	daemonkit_process_free(process);
}

/* Bind a port on all addresses until the process exits. */
static void bind_port(struct program *program, const char *value)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(value)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		daemonkit_notify_failed(program->context, errno, "port %s: %m", value);
		exit(program->failure);
	}
	probe_write(program->report, "bound %d\n", (int)geteuid());
}

/* Try to read and write the standard streams. */
static void try_streams(const char *path)
{
	char byte;

	probe_write(path, "read0 %zd\nwrite1 %zd\nwrite2 %zd\n", read(STDIN_FILENO, &byte, 1),
		    write(STDOUT_FILENO, "x", 1), write(STDERR_FILENO, "x", 1));
}

/* Standard input by stdio: at most so many lines, the first of which is reported. */
static void read_lines(struct program *program, int count)
{
	char line[256], first[256] = "nothing\n";

	for (int i = 0; i < count && fgets(line, sizeof line, stdin) != NULL; i++)
		if (i == 0)
			strcpy(first, line);
	probe_write(program->report, "read %s", first);
}

/* And by read(2). */
static void read_bytes(struct program *program, size_t count)
{
	char bytes[256] = "";
	ssize_t got = read(STDIN_FILENO, bytes, count < sizeof bytes ? count : sizeof bytes - 1);

	probe_write(program->report, "read %s\n", got > 0 ? strtok(bytes, "\n") : "nothing");
}

/* So many bytes on standard error, in lines of 100. */
static void print_bytes(size_t count)
{
	char line[101];

	memset(line, 'x', 99);
	line[99] = '\n';
	for (; count >= 100; count -= 100)
		(void)!write(STDERR_FILENO, line, 100);
}

/* A child of fork(2) prints. */
static void print_in_child(const char *text)
{
	pid_t pid = fork();

	if (pid == 0) {
		dprintf(STDERR_FILENO, "%s\n", text);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* A command that goes on in the background; "_" stands for a space. */
static void spawn_command(const char *value)
{
	char command[4096];
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, command, NULL };
	pid_t pid;

	snprintf(command, sizeof command, "%s", value);
	for (char *at = command; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ);
}

/* Standard error is a pipe that nobody reads: it has no reader, or is full. */
static void open_bad_pipe(bool full)
{
	int ends[2];

	if (pipe(ends) < 0)
		exit(88);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	if (!full) {
		close(ends[0]);
		return;
	}
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	while (write(STDERR_FILENO, "x", 1) == 1)
		;
	fcntl(STDERR_FILENO, F_SETFL, 0);
}

static pthread_t printer;
static int failures;

/* As many lines as the number says, each in one call. */
static void *print_lines(void *data)
{
	for (int i = 0; i < *(int *)data; i++)
		if (dprintf(STDERR_FILENO, "line %06d\n", i) < 0)
			failures++;
	return NULL;
}

static bool act_output(const char *name, const char *value)
{
	if (strcmp(name, "nothing-to-error") == 0) /* so many messages without text */
		for (long count = probe_value(value); count > 0; count--)
			send(STDERR_FILENO, "", 0, MSG_NOSIGNAL);
	else if (strcmp(name, "error-line") == 0)
		dprintf(STDERR_FILENO, "%s\n", value);
	else if (strcmp(name, "error-bytes") == 0)
		print_bytes((size_t)atol(value));
	else if (strcmp(name, "fork-error-line") == 0)
		print_in_child(value);
	else if (strcmp(name, "error-thread") == 0) {
		static int count;

		count = atoi(value);
		if (pthread_create(&printer, NULL, print_lines, &count) != 0)
			exit(87);
	} else if (strcmp(name, "join") == 0) {
		pthread_join(printer, NULL);
		if (failures > 0)
			dprintf(STDERR_FILENO, "%d failures\n", failures);
	} else if (strcmp(name, "spawn") == 0)
		spawn_command(value);
	else if (strcmp(name, "error-to") == 0)
		dup2(open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644), STDERR_FILENO);
	else if (strcmp(name, "dup-error") == 0)
		dup3(STDERR_FILENO, probe_value(value), O_CLOEXEC);
	else if (strcmp(name, "error-from") == 0)
		dprintf(probe_value(value), "copy\n");
	else if (strcmp(name, "error-to-nobody") == 0)
		open_bad_pipe(false);
	else if (strcmp(name, "error-to-full") == 0)
		open_bad_pipe(true);
	else
		return false;
	return true;
}

/* A child with the daemon's channel, which sends status texts for ten seconds at most. */
static void flood_by_child(struct program *program)
{
	/* In a stream the message is preceded by its length. */
	const int kind = harness_has_linux_api() ? SOCK_SEQPACKET : SOCK_STREAM;
	struct {
		uint32_t length;
		char text[8];
	} frame = { sizeof frame.text, "S\0\0\0\0xx" };
	const void *message = kind == SOCK_STREAM ? (void *)&frame : frame.text;
	size_t size = kind == SOCK_STREAM ? sizeof frame : sizeof frame.text;
	struct sockaddr_storage peer;
	int type, channel = -1;
	pid_t pid;

	for (int fd = 3; fd < 1024; fd++) {
		socklen_t type_length = sizeof type, length = sizeof peer;

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_length) == 0 && type == kind &&
		    getpeername(fd, (void *)&peer, &length) == 0)
			channel = fd;
	}
	if (channel < 0)
		exit(86);
	pid = fork();
	if (pid == 0) {
		alarm(10);
		while (send(channel, message, size, MSG_NOSIGNAL) > 0)
			;
		_exit(0);
	}
	probe_write(program->report, "flooder %d\nend\n", (int)pid);
}

static bool act_library(struct program *program, const char *name, const char *value)
{
	struct daemonkit_context *context = program->context;

	if (strcmp(name, "up") == 0)
		probe_write(program->report, "notified %d\n", daemonkit_notify_ready(context));
	else if (strcmp(name, "failed") == 0)
		send_failure(program, value);
	else if (strcmp(name, "status") == 0)
		daemonkit_notify_status(context, "%s", value);
	else if (strcmp(name, "abandoned") == 0) /* by the launcher */
		while (daemonkit_notify_status(context, "waiting") != -ECANCELED)
			usleep(1000);
	else if (strcmp(name, "flood") == 0)
		flood(program);
	else if (strcmp(name, "long-texts") == 0)
		send_long_texts(program);
	else if (strcmp(name, "misuse") == 0)
		misuse(program);
	else if (strcmp(name, "extend") == 0)
		daemonkit_notify_extend_timeout(context, probe_value(value));
	else if (strcmp(name, "report") == 0)
		probe_report(program, *value != '\0' ? value : program->report);
	else if (strcmp(name, "where") == 0)
		program->report = value;
	else if (strcmp(name, "again") == 0) {
		int result = daemonkit_context_reborn(context);

		probe_write(program->report, "exit-code %d\nagain %d %s\n",
			    daemonkit_context_exit_code(context), result, daemonkit_error());
	} else if (strcmp(name, "began") == 0) {
		char directory[PATH_MAX] = "?";

		(void)!getcwd(directory, sizeof directory);
		probe_write(program->report, "began %s\n", directory);
	} else if (strcmp(name, "flood-by-child") == 0) {
		flood_by_child(program);
	} else if (strcmp(name, "store-fd") == 0) {
		probe_write(program->report, "stored %d\nend\n",
			    daemonkit_notify_store_fd(context, "name", STDIN_FILENO, 0));
	} else if (strcmp(name, "upgrade") == 0) {
		struct daemonkit_upgrade *upgrade = NULL;
		int result = daemonkit_upgrade_start(context, NULL, DAEMONKIT_FOREVER, &upgrade);

		probe_write(program->report, "upgrade %d %s\nend\n", result, daemonkit_error());
		daemonkit_upgrade_free(upgrade);
	} else if (strcmp(name, "listen-pid") == 0) {
		probe_write(program->report, "listen_pid %s\n", getenv("LISTEN_PID"));
	} else if (strcmp(name, "gets") == 0) {
		read_lines(program, probe_value(value));
	} else if (strcmp(name, "read") == 0) {
		read_bytes(program, (size_t)probe_value(value));
	} else if (strcmp(name, "confine") == 0) {
		int result = daemonkit_context_confine(context);

		probe_write(program->report, "confined %d\n", result);
		if (result < 0)
			exit(program->failure);
	} else if (strcmp(name, "port") == 0)
		bind_port(program, value);
	else if (strcmp(name, "release") == 0)
		probe_write(program->report, "released %d\n", daemonkit_context_release(context));
	else if (strcmp(name, "search") == 0)
		search(program);
	else if (strcmp(name, "error") == 0)
		probe_write(program->report, "error %s\n", daemonkit_error());
	else if (strcmp(name, "streams") == 0)
		try_streams(program->report);
	else if (strcmp(name, "reopen") == 0)
		probe_write(program->report, "reopened %d\n",
			    daemonkit_context_reopen_log(context));
	else if (strcmp(name, "print") == 0)
		(void)!write(STDOUT_FILENO, value, strlen(value));
	else if (strcmp(name, "printf") == 0) /* into the buffer of the stream */
		printf("%s", value);
	else if (strcmp(name, "print-error") == 0)
		(void)!write(STDERR_FILENO, value, strlen(value));
	else if (strcmp(name, "terminal") == 0)
		open(value, O_RDWR);
	else
		return false;
	return true;
}

bool probe_act(struct program *program, const char *name, const char *value)
{
	return probe_arrange(program, name, value) || act_processes(program, name, value) ||
	       act_library(program, name, value) || act_output(name, value) ||
	       probe_act_passing(program, name, value) ||
	       probe_act_privileges(program, name, value);
}
