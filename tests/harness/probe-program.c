/* SPDX-License-Identifier: MIT */
/* The main function of the probe in all its processes, and the settings of the context. */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>

/* Keep the sanitizers from installing signal handlers. */
const char *__asan_default_options(void) __attribute__((__visibility__("default")));
const char *__asan_default_options(void)
{
	return "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0";
}

/* In a second copy, before main(): apply the words in its environment. */
__attribute__((__constructor__)) static void construct(void)
{
	const char *how = getenv("PROBE_CONSTRUCTOR");

	if (how == NULL)
		return;
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "crash") == 0)
		raise(SIGSEGV);
	if (strcmp(how, "exit") == 0)
		_exit(23);
	if (strcmp(how, "hang") == 0)
		for (;;)
			pause();
}

void probe_print(const struct program *program, const char *format, ...)
{
	char line[8192];
	va_list arguments;
	ssize_t written;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	/* One write: several threads and processes may print. */
	written = write(program->out, line, (size_t)length);
	(void)written;
}

static int set_groups(struct program *program, const char *value)
{
	static gid_t groups[65536];
	size_t count = 0;
	char *rest;
	uid_t uid = (uid_t)strtoul(value, &rest, 10);
	gid_t gid = (gid_t)strtoul(rest + 1, &rest, 10);

	if (strcmp(rest, ":many") == 0)
		for (; count < 65536; count++)
			groups[count] = (gid_t)(count + 1000);
	else
		while (*rest != '\0')
			groups[count++] = (gid_t)strtoul(rest + 1, &rest, 10);
	return daemonkit_context_set_credential(program->context, uid, gid, groups, count);
}

static int set_mode(struct daemonkit_context *context, const char *value)
{
	static const char *const names[] = { "auto", "reborn", "fork", "foreground", "auto-fork" };

	for (int i = 0; i < 5; i++)
		if (strcmp(names[i], value) == 0)
			return daemonkit_context_set_mode(context, i);
	return -EINVAL;
}

/* Words cannot contain spaces: "_" stands for a space, and "~" for the empty text. */
static char *text_of(const char *value)
{
	char *copy = strdup(strcmp(value, "~") == 0 ? "" : value);

	for (char *at = copy; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return copy;
}

static void read_slowly(const char *text, void *data)
{
	(void)text;
	(void)data;
	usleep(2000);
}

static void print_status(const char *text, void *data)
{
	probe_print(data, "status %s\n", text);
}

/* Call a setter: 1 if there is none of this name, else its result. */
static int set(struct program *program, const char *name, const char *value)
{
	struct daemonkit_context *context = program->context;

	if (strcmp(name, "pid") == 0)
		return daemonkit_context_set_pid_file(context, value, program->pid_mode);
	if (strcmp(name, "optional") == 0)
		return daemonkit_context_set_pid_file_optional(context, atoi(value));
	if (strcmp(name, "log") == 0)
		return daemonkit_context_set_log_file(context, value, program->log_mode);
	if (strcmp(name, "output") == 0)
		return daemonkit_context_set_output_file(context, value, program->log_mode);
	if (strcmp(name, "logfd") == 0)
		return daemonkit_context_set_log_fd(context, atoi(value));
	if (strcmp(name, "workdir") == 0)
		return daemonkit_context_set_work_dir(context, value);
	if (strcmp(name, "chroot") == 0)
		return daemonkit_context_set_chroot(context, value);
	if (strcmp(name, "cred") == 0)
		return set_groups(program, value);
	if (strcmp(name, "user") == 0)
		return daemonkit_context_set_user(context, value, NULL);
	if (strcmp(name, "group") == 0)
		return daemonkit_context_set_user(context, NULL, value);
	if (strcmp(name, "keepgroups") == 0)
		return daemonkit_context_keep_groups(context, atoi(value));
	if (strcmp(name, "confinelater") == 0)
		return daemonkit_context_confine_later(context, atoi(value));
	if (strcmp(name, "umask") == 0)
		return daemonkit_context_set_umask(context, (mode_t)strtoul(value, NULL, 8));
	if (strcmp(name, "mode") == 0)
		return set_mode(context, value);
	if (strcmp(name, "program") == 0)
		return daemonkit_context_set_program(context, value);
	if (strcmp(name, "ready") == 0)
		return daemonkit_context_set_ready_timeout(
			context, atoi(value) == 0 ? DAEMONKIT_UNTIL_SET_UP : atoi(value));
	if (strcmp(name, "keep") == 0)
		return daemonkit_context_keep_fd(context, atoi(value));
	if (strcmp(name, "keepall") == 0)
		return daemonkit_context_keep_all_fds(context, atoi(value));
	if (strcmp(name, "slow-progress") == 0)
		return daemonkit_context_set_status_handler(context, read_slowly, NULL);
	if (strcmp(name, "progress") == 0)
		return daemonkit_context_set_status_handler(context, print_status, program);
	return 1;
}

bool probe_set(struct program *program, const char *name, const char *value)
{
	int result = set(program, name, value);

	if (result == 1)
		result = probe_set_passing(program, name, value);
	if (result == 1)
		result = probe_set_privileges(program, name, value);
	if (result == 1 && strcmp(name, "pidmode") == 0)
		program->pid_mode = (mode_t)strtoul(value, NULL, 8);
	else if (result == 1 && strcmp(name, "logmode") == 0)
		program->log_mode = (mode_t)strtoul(value, NULL, 8);
	else if (result == 1 && strcmp(name, "arg") == 0)
		program->arguments[program->argument_count++] = text_of(value);
	else if (result == 1 && strcmp(name, "env") == 0)
		program->environment[program->environment_count++] = strdup(value);
	else if (result == 1 && strcmp(name, "times") == 0)
		program->times = atoi(value);
	else if (result == 1 && strcmp(name, "thread") == 0) /* "all": in the second copy, too */
		program->in_thread = !program->is_second || *value != '\0';
	else if (result == 1 && strcmp(name, "failure") == 0)
		program->failure = atoi(value);
	else if (result == 1)
		return false;
	/* The second copy lacks descriptors of the launcher: setters may fail there. */
	if (result < 0 && !program->is_second) {
		probe_print(program, "setter %s\nthe start's result %d -1 0 %s\n", name, result,
			    daemonkit_error());
		exit(2);
	}
	return true;
}

/* Execute the words with this prefix in order. */
static void obey(struct program *program, const char *prefix)
{
	size_t length = strlen(prefix);

	for (int i = 2; i < program->argc; i++) {
		const char *word = program->argv[i], *colon = strchr(word, ':');
		const char *equals = strchrnul(word, '=');
		char name[64];

		/* An argument that is not a word, for tests of arguments. */
		if (*word == '\0' || strchr(word, ' ') != NULL)
			continue;
		if (colon > equals ||
		    (colon != NULL && strncmp(word, "first:", 6) != 0 &&
		     strncmp(word, "second:", 7) != 0 && strncmp(word, "daemon:", 7) != 0 &&
		     strncmp(word, "launcher:", 9) != 0))
			colon = NULL;
		if (length == 0 ? colon != NULL : strncmp(word, prefix, length) != 0)
			continue;
		word += length;
		snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
		word = *equals == '=' ? equals + 1 : "";
		if (!probe_set(program, name, word) && !probe_act(program, name, word)) {
			probe_print(program, "unknown word %s\n", name);
			exit(99);
		}
	}
}

/*
 * Execute the words without prefix, and those for this process, before
 * daemonkit_context_reborn() in order.
 */
static void prepare(struct program *program)
{
	int argc = program->argc;
	char **argv = program->argv;

	for (int i = 2; i < argc; i++) {
		program->argv = argv + i - 2;
		program->argc = 3;
		obey(program, "");
		obey(program, program->is_second ? "second:" : "first:");
	}
	program->argv = argv;
	program->argc = argc;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (long)(time.tv_sec * 1000 + time.tv_nsec / 1000000);
}

static void *call(void *data)
{
	static _Thread_local pid_t result;
	struct program *program = data;

	result = daemonkit_context_reborn(program->context);
	return (void *)(intptr_t)result;
}

static void *call_in_thread(void *data)
{
	prctl(PR_SET_NAME, "a worker");
	return call(data);
}

static pid_t reborn(struct program *program)
{
	pthread_t thread;
	void *result;

	if (!program->in_thread)
		return (pid_t)(intptr_t)call(program);
	if (pthread_create(&thread, NULL, call_in_thread, program) != 0 ||
	    pthread_join(thread, &result) != 0)
		return -EAGAIN;
	return (pid_t)(intptr_t)result;
}

static int be_daemon(struct program *program, pid_t result)
{
	FILE *report;

	program->out = -1;
	if (result == 0) {
		obey(program, "daemon:");
		return 0;
	}
	report = fopen(program->report, "a");
	if (report != NULL) {
		fprintf(report, "refused %d %s\nend\n", (int)result, daemonkit_error());
		fclose(report);
	}
	fprintf(stderr, "in the daemon: %s\n", daemonkit_error());
	return program->failure;
}

static int be_launcher(struct program *program, pid_t launcher)
{
	pid_t result = -1;

	for (int i = 0; i < program->times; i++) {
		long began = now();

		result = reborn(program);
		if (result == 0 || getpid() != launcher)
			return be_daemon(program, result);
		probe_print(program, "the start's result %d %d %ld %s\n", (int)result,
			    daemonkit_context_exit_status(program->context), now() - began,
			    result < 0 ? daemonkit_error() : "");
		program->daemon = result;
		obey(program, "launcher:");
	}
	return daemonkit_context_exit_code(program->context);
}

static int probe_main(int argc, char *argv[])
{
	struct program program = { .argc = argc,
				   .argv = argv,
				   .times = 1,
				   .failure = 3,
				   .report = argv[1],
				   .is_second = daemonkit_was_reborn() };
	int result;

	program.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 200);
	if (daemonkit_context_new(&program.context) < 0)
		return 98;
	prepare(&program);
	if (program.argument_count > 0 &&
	    daemonkit_context_set_args(program.context, program.arguments) < 0)
		return 97;
	if (program.environment_count > 0 &&
	    daemonkit_context_set_env(program.context, program.environment) < 0)
		return 96;
	if (program.is_second) {
		close(program.out);
		program.out = -1;
		result = be_daemon(&program, reborn(&program));
	} else {
		result = be_launcher(&program, getpid());
	}
	daemonkit_context_free(program.context);
	for (size_t i = 0; i < program.argument_count; i++)
		free(program.arguments[i]);
	for (size_t i = 0; i < program.environment_count; i++)
		free(program.environment[i]);
	if (program.out >= 0)
		close(program.out);
	return result;
}

const struct harness_helper probe_helpers[] = { { "probe", probe_main }, { NULL, NULL } };
