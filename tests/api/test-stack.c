/* SPDX-License-Identifier: MIT */
/* A small stack suffices: that of a thread with the number of bytes in the manual. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/commands.h>
#include <daemonkit/context.h>
#include <daemonkit/control.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>
#include <daemonkit/signals.h>
#include <daemonkit/upgrade.h>

/* As documented in daemonkit(7); the C library uses a page of it as guard. */
#define STACK (32 * 1024)
#define GUARD 4096
/* Reserved for the frame of a signal handler, and for processors with more registers. */
#define RESERVE (6 * 1024)
#define UNUSED 0xA5

/* Run it on such a stack; returns the number of bytes used, including thread-specific data. */
static size_t on_small_stack(void *(*function)(void *data), void *data)
{
	char *stack = mmap(NULL, STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t untouched = 0, size = STACK - GUARD;
	pthread_attr_t attributes;
	pthread_t thread;
	int result;

	if (stack == MAP_FAILED || mprotect(stack + GUARD, size, PROT_READ | PROT_WRITE) < 0)
		abort();
	memset(stack + GUARD, UNUSED, size);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack + GUARD, size);
	result = pthread_create(&thread, &attributes, function, data);
	if (result == 0)
		result = pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	if (result != 0)
		abort();
	while (untouched < size && (unsigned char)stack[GUARD + untouched] == UNUSED)
		untouched++;
	munmap(stack, STACK);
	return GUARD + size - untouched;
}

static void check_use(const char *what, size_t used)
{
	ck_assert_msg(used <= STACK - RESERVE, "%s takes %zu bytes of the stack", what, used);
}

/* ---- a daemon that makes all calls on such stacks ---- */

struct program {
	const char *directory, *command;
	struct daemonkit_context *context;
	struct daemonkit_signals *signals;
	struct daemonkit_control *control;
	int result, code;
};

static void note(const struct program *program, const char *what, size_t used)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/used", program->directory);
	file = fopen(path, "ae");
	if (file == NULL)
		abort();
	fprintf(file, "%zu %s %s\n", used, program->command, what);
	fclose(file);
}

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	const struct program *program = data;

	daemonkit_siginfo_status(info, "%4000s", "reloading");
	daemonkit_notify_status(program->context, "%4000s", "reloaded");
	daemonkit_siginfo_reply(info, daemonkit_context_reopen_log(program->context), "%4000s",
				"reloaded");
	return 0;
}

static int on_upgrade(struct daemonkit_siginfo *info, void *data)
{
	const struct program *program = data;
	struct daemonkit_upgrade *upgrade = NULL;
	pid_t daemon = -1;

	(void)info;
	if (daemonkit_upgrade_start(program->context, NULL, 60000, &upgrade) == 0)
		daemon = daemonkit_upgrade_wait(upgrade, -1);
	daemonkit_upgrade_free(upgrade);
	return daemon > 0;
}

static int on_end(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return 1;
}

static void show(const char *text, void *data)
{
	(void)text;
	(void)data;
}

static int prepare(struct program *program)
{
	struct daemonkit_context *context;
	char pid_file[512], log[512];

	snprintf(pid_file, sizeof pid_file, "%s/pid", program->directory);
	snprintf(log, sizeof log, "%s/link", program->directory);
	if (daemonkit_signals_new(&program->signals) < 0 ||
	    daemonkit_signals_set_handler(program->signals, SIGHUP, on_reload, program) < 0 ||
	    daemonkit_signals_set_handler(program->signals, SIGUSR2, on_upgrade, program) < 0 ||
	    daemonkit_signals_set_handler(program->signals, SIGTERM, on_end, program) < 0 ||
	    daemonkit_context_new(&program->context) < 0)
		return -1;
	context = program->context;
	if (daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN) < 0 ||
	    daemonkit_context_set_pid_file(context, pid_file, 0) < 0 ||
	    daemonkit_context_set_log_file(context, log, 0) < 0 ||
	    daemonkit_context_set_status_handler(context, show, NULL) < 0 ||
	    daemonkit_context_set_ready_timeout(context, 60000) < 0 ||
	    daemonkit_control_new(context, &program->control) < 0)
		return -1;
	return 0;
}

static void *run(void *data)
{
	struct program *program = data;

	program->result = prepare(program);
	if (program->result == 0)
		program->result = daemonkit_control_run(program->control, program->command, 0,
							&program->code);
	return NULL;
}

static void *serve(void *data)
{
	struct program *program = data;

	daemonkit_notify_status(program->context, "%4000s", "starting");
	daemonkit_notify_extend_timeout(program->context, 60000);
	daemonkit_notify_ready(program->context);
	program->code = daemonkit_signals_serve(program->signals) < 0;
	daemonkit_notify_stopping(program->context);
	daemonkit_context_release(program->context);
	return NULL;
}

static void *dispose(void *data)
{
	struct program *program = data;

	daemonkit_control_free(program->control);
	daemonkit_signals_free(program->signals);
	daemonkit_context_free(program->context);
	return NULL;
}

static int program_main(int argc, char *argv[])
{
	struct program program = { .directory = argv[argc - 2], .command = argv[argc - 1] };

	note(&program, "run", on_small_stack(run, &program));
	if (program.result < 0)
		return 97;
	if (program.result == 0)
		note(&program, "serve", on_small_stack(serve, &program));
	note(&program, "dispose", on_small_stack(dispose, &program));
	return program.code;
}

static void command(const char *word, int code)
{
	struct harness_result result = harness_run_helper("program", harness_directory(), word,
							  NULL);

	ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) == code,
		      "%s: status %#x, output \"%s\", error \"%s\"", word, (unsigned)result.status,
		      result.output, result.error);
}

static pid_t daemon_pid(void)
{
	return (pid_t)atoi(harness_read_file(harness_path("pid")));
}

static bool is_replaced(void *data)
{
	return daemon_pid() != *(pid_t *)data;
}

static void check_notes(void)
{
	const char *line = harness_read_file(harness_path("used"));

	for (; *line != '\0'; line = strchr(line, '\n') + 1)
		check_use(line, (size_t)atol(line));
}

START_TEST(life_of_a_daemon_in_small_stack)
{
	pid_t first, second;

	harness_need_kernel("stack frames of the size that the manual was measured with");
	ck_assert_int_eq(symlink("log", harness_path("link")), 0);
	command("status", 3);
	command("start", 0);
	first = daemon_pid();
	command("start", 0);
	command("status", 0);
	/* With POSIX only there are neither requests nor upgrades with a pid file. */
	if (harness_has_linux_api()) {
		command("reload", 0);
		ck_assert_int_eq(kill(first, SIGUSR2), 0);
		ck_assert(harness_wait_until(is_replaced, &first, HARNESS_SOON));
		ck_assert(harness_wait_exit(first, HARNESS_SOON));
	}
	second = daemon_pid();
	command("stop", 0);
	ck_assert(harness_wait_exit(second, HARNESS_SOON));
	check_notes();
}
END_TEST

/* With a manager that is notified of everything, and a set-up that fails in the daemon. */
START_TEST(start_under_manager_and_failed_start_in_small_stack)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pid_t daemon;

	harness_need_kernel("stack frames of the size that the manual was measured with");
	snprintf(address.sun_path, sizeof address.sun_path, "%s", harness_path("notify"));
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	unsetenv("SYSTEMD_EXEC_PID");
	command("start", 0);
	daemon = daemon_pid();
	command("stop", 0);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	close(manager);
	ck_assert_int_eq(unlink(harness_path("log")) | unlink(harness_path("link")), -1);
	ck_assert_int_eq(symlink("missing/log", harness_path("link")), 0);
	command("start", 1);
	check_notes();
}
END_TEST

/* ---- objects ---- */

static void *use_pidfile(void *data)
{
	struct daemonkit_pidfile *pidfile;
	struct daemonkit_process *holder;
	const char *path = data;
	pid_t pid;

	if (daemonkit_pidfile_create(path, 0, &pidfile) < 0 ||
	    daemonkit_pidfile_holder(path, &holder) < 0 ||
	    daemonkit_pidfile_read(pidfile, &pid) < 0 || daemonkit_pidfile_write(pidfile) < 0 ||
	    daemonkit_pidfile_unlock(pidfile) < 0 || daemonkit_pidfile_lock(pidfile) < 0 ||
	    daemonkit_pidfile_remove(pidfile) < 0)
		abort();
	daemonkit_process_free(holder);
	daemonkit_pidfile_close(pidfile);
	return NULL;
}

/* A foreign file at the path, refused with a long text. */
static void *be_refused(void *data)
{
	struct daemonkit_pidfile *pidfile;

	if (daemonkit_pidfile_create(data, 0, &pidfile) != -EEXIST)
		abort();
	return NULL;
}

static void *use_process(void *data)
{
	struct daemonkit_process *process;

	if (daemonkit_process_open(*(pid_t *)data, &process) < 0 ||
	    daemonkit_process_alive(process) != 1 ||
	    daemonkit_process_signal(process, SIGCONT) < 0 ||
	    daemonkit_process_wait(process, 1) != -ETIMEDOUT ||
	    daemonkit_process_stop(process, 1, -1) < 0)
		abort();
	daemonkit_process_free(process);
	return NULL;
}

START_TEST(pid_files_in_small_stack)
{
	const char *path = harness_path("pid");

	harness_need_kernel("stack frames of the size that the manual was measured with");
	check_use("a pid file", on_small_stack(use_pidfile, (void *)(uintptr_t)path));
	harness_write_file(path, "not a pid\n");
	check_use("a file in the way", on_small_stack(be_refused, (void *)(uintptr_t)path));
}
END_TEST

START_TEST(processes_in_small_stack)
{
	pid_t child;

	harness_need_kernel("stack frames of the size that the manual was measured with");
	/* The handler of Check ends the whole process group. */
	signal(SIGTERM, SIG_DFL);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	check_use("a process", on_small_stack(use_process, &child));
	waitpid(child, NULL, 0);
}
END_TEST

static const struct harness_helper helpers[] = { { "program", program_main }, { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("stack");
	TCase *stack = harness_case(suite, "stack");

	/* Checkers have larger frames. */
	if (!harness_is_under_valgrind() && !harness_is_sanitized()) {
		tcase_add_test(stack, life_of_a_daemon_in_small_stack);
		tcase_add_test(stack, start_under_manager_and_failed_start_in_small_stack);
		tcase_add_test(stack, pid_files_in_small_stack);
		tcase_add_test(stack, processes_in_small_stack);
	}
	return harness_main(argc, argv, suite, helpers);
}
