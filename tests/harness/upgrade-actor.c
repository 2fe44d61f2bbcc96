/* SPDX-License-Identifier: MIT */
/* The daemon that is upgraded in place, controlled by the test. */
#include "harness/upgrade-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>
#include <daemonkit/process.h>
#include <daemonkit/upgrade.h>

#include "context/context-internal.h"
#include "ipc/channel.h"

static struct program program;
static struct daemonkit_upgrade *upgrade;
static int test = -1; /* the connection to the test */
static unsigned char bytes[2 << 20];

static void send_line(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
static void send_line(const char *format, ...)
{
	char line[UPGRADE_LINE];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (test >= 0)
		(void)!send(test, line, (size_t)length, MSG_NOSIGNAL);
}

static void reply(long result)
{
	send_line("%ld %s", result, result < 0 ? daemonkit_error() : "");
}

static void on_status(const char *text, void *data)
{
	(void)data;
	send_line("received %s", text);
}

/* Wait for a line; false if the test has closed the connection. */
static bool receive_line(char line[UPGRADE_LINE])
{
	ssize_t length = recv(test, line, UPGRADE_LINE - 1, 0);

	line[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static void connect_to_test(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path + 1, name);
	test = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(test, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) < 0)
		exit(79);
}

/* ---- stages of the handover at which it stops until the test continues it ---- */

/*
 * The linker replaces these functions of the library by the __wrap_ functions (see
 * tests/local.mk).
 */
int __wrap_pidfile_acquire(struct daemonkit_pidfile *pidfile);
int __real_pidfile_acquire(struct daemonkit_pidfile *pidfile);
void __wrap_manager_adopt(struct manager *manager, char *address, int fd);
void __real_manager_adopt(struct manager *manager, char *address, int fd);

static const char *stage = "";

static void stop_at(const char *name)
{
	char line[UPGRADE_LINE];

	if (strcmp(stage, name) != 0)
		return;
	send_line("at %s", name);
	if (receive_line(line) && strcmp(line, "die") == 0)
		raise(SIGKILL);
}

int __wrap_pidfile_acquire(struct daemonkit_pidfile *pidfile)
{
	int result;

	stop_at("before");
	if (strcmp(stage, "refuse") == 0)
		return error_set(-EXDEV, "it will not");
	result = __real_pidfile_acquire(pidfile);
	stop_at("after");
	if (strcmp(stage, "reported") == 0) {
		stop_at("reported");
		channel_send(program.context->notify.channel, CHANNEL_TAKEN, 0, "", DEADLINE_NEVER);
		stop_at("reported");
	}
	if (strcmp(stage, "mute") == 0) {
		/*
		 * Keep the channel open without sending anything: the other end receives
		 * neither a message nor an end of file.
		 */
		fcntl(program.context->notify.channel, F_DUPFD_CLOEXEC, 3);
		dup2(STDIN_FILENO, program.context->notify.channel);
	}
	return result;
}

void __wrap_manager_adopt(struct manager *manager, char *address, int fd)
{
	stop_at("left");
	__real_manager_adopt(manager, address, fd);
}

static void stop_later(const char *name)
{
	stage = strdup(name);
}

/* ---- commands ---- */

/* TIMEOUT or TIMEOUT:PATH */
static void start(const char *value)
{
	const char *colon = strchr(value, ':');
	struct daemonkit_upgrade *fresh = NULL;
	int result = daemonkit_upgrade_start(program.context, colon ? colon + 1 : NULL, atoi(value),
					     &fresh);

	reply(result);
	if (result < 0)
		return;
	daemonkit_upgrade_free(upgrade);
	upgrade = fresh;
}

static void poll_descriptor(const char *value)
{
	struct pollfd one = { .fd = daemonkit_upgrade_fd(upgrade), .events = POLLIN };

	if (one.fd < 0)
		send_line("%d %s", one.fd, daemonkit_error());
	else
		send_line("%d", poll(&one, 1, atoi(value)));
}

/* NAME: number, file and mode of all descriptors with this name. */
static void find(const char *name)
{
	char line[UPGRADE_LINE] = "";
	size_t used = 0;
	struct stat facts;
	int fd;

	if (strcmp(name, "*") == 0)
		name = NULL;
	for (size_t i = 0; (fd = daemonkit_context_find_fd(program.context, name, i, 0)) >= 0; i++)
		if (fstat(fd, &facts) == 0)
			used += (size_t)snprintf(line + used, sizeof line - used, "%lu%s ",
						 (unsigned long)facts.st_ino,
						 fcntl(fd, F_GETFD) & FD_CLOEXEC ? "" : "!");
	send_line("%s.", line);
}

static void take_payload(const char *value)
{
	int length = daemonkit_context_take_payload(program.context, bytes, (size_t)atol(value));

	send_line("%d %#lx", length, length > 0 ? probe_sum(bytes, (size_t)length) : 0);
}

/* A child that knows nothing of upgrades: it frees its objects and exits. */
static void be_forked(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		size_t before = harness_count_fds();

		if (daemonkit_upgrade_wait(upgrade, 0) != -EPERM)
			_exit(1);
		daemonkit_upgrade_free(upgrade);
		_exit((int)(before - harness_count_fds()));
	}
	waitpid(pid, &status, 0);
	send_line("%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* A child that stays and keeps all descriptors open. */
static void fork_worker(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(test);
		daemonkit_upgrade_free(upgrade);
		for (;;)
			pause();
	}
	send_line("%d", (int)pid);
}

static void search(void)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_context_search(program.context, &process);

	reply(result < 0 ? result : (long)daemonkit_process_pid(process));
	daemonkit_process_free(process);
}

static struct daemonkit_process *predecessor;

/* Its pid, also with another object open. */
static void find_predecessor(void)
{
	struct daemonkit_process *other = NULL;
	int result = daemonkit_context_predecessor(program.context, &other);

	if (result == 0) {
		daemonkit_process_free(predecessor);
		predecessor = other;
		result = (int)daemonkit_process_pid(predecessor);
	}
	reply(result);
}

/* The answer in a child of the daemon. */
static void find_in_child(void)
{
	struct daemonkit_process *process = NULL;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(-daemonkit_context_predecessor(program.context, &process));
	waitpid(pid, &status, 0);
	send_line("%d", WIFEXITED(status) ? -WEXITSTATUS(status) : 1);
}

static bool act_predecessor(const char *name, const char *value)
{
	if (strcmp(name, "predecessor") == 0)
		find_predecessor();
	else if (strcmp(name, "child-predecessor") == 0)
		find_in_child();
	else if (strcmp(name, "alive") == 0)
		reply(daemonkit_process_alive(predecessor));
	else if (strcmp(name, "await") == 0)
		reply(daemonkit_process_wait(predecessor, atoi(value)));
	else if (strcmp(name, "signal") == 0)
		reply(daemonkit_process_signal(predecessor, atoi(value)));
	else
		return false;
	return true;
}

static bool act_upgrade(const char *name, const char *value)
{
	if (strcmp(name, "start") == 0)
		start(value);
	else if (strcmp(name, "wait") == 0)
		reply(daemonkit_upgrade_wait(upgrade, atoi(value)));
	else if (strcmp(name, "fd") == 0)
		poll_descriptor(value);
	else if (strcmp(name, "free") == 0) {
		upgrade = daemonkit_upgrade_free(upgrade);
		send_line("0");
	} else if (strcmp(name, "status-of") == 0)
		send_line("%d", daemonkit_context_exit_status(program.context));
	else if (strcmp(name, "stop-at") == 0) {
		stop_later(value);
		send_line("0");
	} else if (strcmp(name, "forked") == 0)
		be_forked();
	else if (strcmp(name, "worker") == 0)
		fork_worker();
	else
		return false;
	return true;
}

/* Send status texts and never become ready. */
static void flood(void)
{
	for (;;)
		(void)!daemonkit_notify_status(program.context, "still not ready");
}

static bool act_notify(const char *name, const char *value)
{
	struct daemonkit_context *context = program.context;
	int interval = 0;

	if (strcmp(name, "ready") == 0)
		reply(daemonkit_notify_ready(context));
	else if (strcmp(name, "failed") == 0)
		reply(daemonkit_notify_failed(context, -EPROTO, "%s", value));
	else if (strcmp(name, "status") == 0)
		reply(daemonkit_notify_status(context, "%s", value));
	else if (strcmp(name, "extend") == 0)
		reply(daemonkit_notify_extend_timeout(context, atoi(value)));
	else if (strcmp(name, "flood") == 0)
		flood();
	else if (strcmp(name, "hang-up") == 0)
		send_line("%d", dup2(STDIN_FILENO, context->notify.channel) < 0 ? -errno : 0);
	else if (strcmp(name, "stopping") == 0)
		reply(daemonkit_notify_stopping(context));
	else if (strcmp(name, "watchdog") == 0)
		reply(daemonkit_notify_watchdog(context));
	else if (strcmp(name, "interval") == 0)
		reply(daemonkit_notify_watchdog_interval(context, &interval) == 1 ? interval : -1);
	else
		return false;
	return true;
}

static bool act_context(const char *name, const char *value)
{
	struct daemonkit_context *context = program.context;

	if (strcmp(name, "pass") == 0 || strcmp(name, "payload") == 0 ||
	    strcmp(name, "remove-socket") == 0)
		reply(probe_set_passing(&program, name, value));
	else if (strcmp(name, "find") == 0)
		find(value);
	else if (strcmp(name, "take") == 0)
		take_payload(value);
	else if (strcmp(name, "fds") == 0)
		send_line("%zu", harness_count_fds());
	else if (strcmp(name, "release") == 0)
		reply(daemonkit_context_release(context));
	else if (strcmp(name, "move") == 0)
		reply(daemonkit_context_set_pid_file(context, *value == '\0' ? NULL : value, 0));
	else if (strcmp(name, "search") == 0)
		search();
	else if (strcmp(name, "reopen") == 0)
		reply(daemonkit_context_reopen_log(context));
	else if (strcmp(name, "parent") == 0)
		send_line("%d", (int)getppid());
	else if (strcmp(name, "report") == 0) {
		probe_report(&program, value);
		send_line("0");
	} else
		return false;
	return true;
}

static void execute(const char *word)
{
	const char *equals = strchrnul(word, '='), *value = *equals == '=' ? equals + 1 : "";
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
	if (test >= 0 && (act_upgrade(name, value) || act_predecessor(name, value) ||
			  act_notify(name, value) || act_context(name, value)))
		return;
	if (strcmp(name, "watched") == 0) {
		snprintf(name, sizeof name, "%d", (int)getpid());
		setenv("WATCHDOG_PID", name, 1);
		setenv("WATCHDOG_USEC", "5000000", 1);
	} else if (strcmp(name, "refused") == 0) { /* one more start, before its own */
		if (daemonkit_context_reborn(program.context) != probe_value(value))
			exit(76);
	} else if (strcmp(name, "notify-fd") == 0) {
		if (daemonkit_notify_take_fd(program.context, atoi(value)) < 0)
			exit(79);
	} else if (!probe_set(&program, name, value) && !probe_act(&program, name, value)) {
		dprintf(program.out, "unknown word %s\n", word);
		exit(78);
	}
	send_line("0");
}

/* Replace "@" by the directory of the test. */
static const char *expand(const char *word, const char *directory)
{
	static char text[8192];
	size_t used = 0;

	for (; *word != '\0' && used < sizeof text - 1; word++) {
		if (*word == '@')
			used += (size_t)snprintf(text + used, sizeof text - used, "%s", directory);
		else
			text[used++] = *word;
	}
	text[used] = '\0';
	return text;
}

static void prepare(int argc, char *argv[])
{
	for (int i = 3; i < argc; i++) {
		const char *word = expand(argv[i], argv[2]);
		bool first = strncmp(word, "first:", 6) == 0;

		if (!first || !program.is_second)
			execute(first ? word + 6 : word);
	}
}

static void serve(const char *name, const char *directory)
{
	char line[UPGRADE_LINE];

	connect_to_test(name);
	while (receive_line(line) && strcmp(line, "end") != 0)
		execute(expand(line, directory));
}

int actor_main(int argc, char *argv[])
{
	pid_t result;

	program = (struct program){ .argc = argc,
				    .argv = argv,
				    .report = "/dev/null",
				    .is_second = daemonkit_was_reborn() };
	program.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 200);
	if (daemonkit_context_new(&program.context) < 0 ||
	    daemonkit_context_set_status_handler(program.context, on_status, NULL) < 0)
		return 77;
	prepare(argc, argv);
	result = daemonkit_context_reborn(program.context);
	if (result != 0)
		probe_print(&program, "the start's result %d -1 0 %s\n", (int)result,
			    result < 0 ? daemonkit_error() : "");
	close(program.out);
	program.out = -1;
	if (result == 0 && daemonkit_context_confine(program.context) < 0)
		return 75;
	if (result == 0)
		serve(argv[1], argv[2]);
	daemonkit_process_free(predecessor);
	daemonkit_upgrade_free(upgrade);
	if (result == 0)
		daemonkit_context_release(program.context);
	daemonkit_context_free(program.context);
	free((char *)(uintptr_t)(*stage != '\0' ? stage : NULL));
	return result < 0 ? 3 : 0;
}
