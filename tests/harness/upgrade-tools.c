/* SPDX-License-Identifier: MIT */
/* Control the daemon that is upgraded in place. */
#include "harness/upgrade-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

static int listener = -1;
static char address[64];

void actors_open(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length;

	/* Another test may have the same pid in another pid namespace. */
	snprintf(address, sizeof address, "upgrade-%s", strrchr(harness_directory(), '/') + 1);
	strcpy(name.sun_path + 1, address);
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address));
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&name, length), 0);
	ck_assert_int_eq(listen(listener, 100), 0);
}

/* Besides the test, the supervisor only has children that are about to exit: watchers. */
static bool is_alone(void *data)
{
	(void)data;
	return harness_count_children(getppid()) <= 1;
}

void actors_close(void)
{
	harness_wait_until(is_alone, NULL, HARNESS_SOON);
	close(listener);
}

struct actor actor_accept(void)
{
	struct ucred credentials;
	socklen_t length = sizeof credentials;
	struct actor actor;

	ck_assert_msg(harness_wait_readable(listener, HARNESS_SOON), "no daemon connected");
	actor.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(actor.fd, 0);
	ck_assert_int_eq(getsockopt(actor.fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length), 0);
	actor.pid = credentials.pid;
	return actor;
}

__attribute__((__format__(__printf__, 2, 0))) static void format_line(char line[UPGRADE_LINE],
								      const char *format,
								      va_list arguments)
{
	ck_assert_int_lt(vsnprintf(line, UPGRADE_LINE, format, arguments), UPGRADE_LINE);
}

static void send_line(const struct actor *actor, const char *line)
{
	ck_assert_msg(send(actor->fd, line, strlen(line), MSG_NOSIGNAL) >= 0,
		      "cannot send to process %d: %s", (int)actor->pid, line);
}

void actor_send(const struct actor *actor, const char *format, ...)
{
	char line[UPGRADE_LINE];
	va_list arguments;

	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	send_line(actor, line);
}

const char *actor_receive(const struct actor *actor)
{
	char *line = harness_memory(UPGRADE_LINE);
	ssize_t length;

	ck_assert_msg(harness_wait_readable(actor->fd, HARNESS_SOON), "process %d sent nothing",
		      (int)actor->pid);
	length = recv(actor->fd, line, UPGRADE_LINE - 1, 0);
	ck_assert_msg(length > 0, "process %d has exited", (int)actor->pid);
	return line;
}

const char *actor_call(const struct actor *actor, const char *format, ...)
{
	char line[UPGRADE_LINE];
	va_list arguments;

	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	send_line(actor, line);
	return actor_receive(actor);
}

long actor_number(const char *answer)
{
	return strtol(answer, NULL, 10);
}

void actor_check(const char *answer, long result, const char *text)
{
	ck_assert_msg(actor_number(answer) == result, "expected %ld, got %s", result, answer);
	ck_assert_msg(strstr(answer, text) != NULL, "no \"%s\" in \"%s\"", text, answer);
}

void actor_expect(const struct actor *actor, long result, const char *format, ...)
{
	char line[UPGRADE_LINE];
	const char *answer;
	va_list arguments;

	va_start(arguments, format);
	format_line(line, format, arguments);
	va_end(arguments);
	send_line(actor, line);
	answer = actor_receive(actor);
	ck_assert_msg(actor_number(answer) == result, "%s: expected %ld, got %s", line, result,
		      answer);
}

static const char **arguments_of(char *words)
{
	const char **argv = harness_memory(64 * sizeof *argv);
	size_t count = 0;
	char *rest = NULL;

	mkdir(harness_path("run"), 0755);
	argv[count++] = harness_self;
	argv[count++] = "--helper";
	argv[count++] = "actor";
	argv[count++] = address;
	argv[count++] = harness_directory();
	for (char *word = strtok_r(words, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		ck_assert_uint_lt(count, 63);
		argv[count++] = word;
	}
	return argv;
}

struct actor actor_start(int way, const char *format, ...)
{
	char *words = harness_memory(UPGRADE_LINE);
	struct harness_program launcher;
	struct actor actor;
	struct probe probe;
	va_list arguments;
	size_t used;

	used = (size_t)sprintf(words, "%s ready=60000 ", running_way(way));
	va_start(arguments, format);
	vsnprintf(words + used, UPGRADE_LINE - used, format, arguments);
	va_end(arguments);
	probe_need(words);
	launcher = harness_spawn(arguments_of(words));
	actor = actor_accept();
	actor_expect(&actor, 0, "ready");
	if (way == PROBE_WAYS) {
		ck_assert_int_eq(actor.pid, launcher.pid);
		close(launcher.input);
		close(launcher.output);
		return actor;
	}
	probe = probe_result(&launcher);
	ck_assert_msg(probe.result == actor.pid, "%d: %s", (int)probe.result, probe.text);
	ck_assert_int_eq(harness_end(&launcher), 0);
	return actor;
}

void actor_wait_exit(struct actor *actor)
{
	char line[UPGRADE_LINE];

	/* Ignore earlier output. */
	do {
		ck_assert_msg(harness_wait_readable(actor->fd, HARNESS_SOON),
			      "process %d did not exit", (int)actor->pid);
	} while (recv(actor->fd, line, sizeof line, 0) > 0);
	close(actor->fd);
	ck_assert(harness_wait_exit(actor->pid, HARNESS_SOON));
	/* If it is a child of this process: in foreground mode, or adopted. */
	waitpid(actor->pid, NULL, 0);
}

void actor_end(struct actor *actor)
{
	actor_send(actor, "end");
	actor_wait_exit(actor);
}

void actor_kill(struct actor *actor)
{
	ck_assert_int_eq(kill(actor->pid, SIGKILL), 0);
	actor_wait_exit(actor);
}

struct actor actor_upgrade(const struct actor *old)
{
	struct actor new;
	const char *answer;

	actor_expect(old, 0, "start=60000");
	actor_send(old, "wait=60000");
	new = actor_accept();
	actor_expect(&new, 0, "ready");
	answer = actor_receive(old);
	ck_assert_msg(actor_number(answer) == new.pid, "got %s, expected %d", answer, (int)new.pid);
	return new;
}

void actor_replace(struct actor *actor)
{
	struct actor new = actor_upgrade(actor);

	actor_end(actor);
	*actor = new;
}

pid_t actor_holder(void)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_holder(harness_path("run/pid"), &process);

	if (result == 0)
		result = (int)daemonkit_process_pid(process);
	daemonkit_process_free(process);
	return result;
}

void actor_check_refused(pid_t holder)
{
	struct daemonkit_pidfile *pidfile = NULL;
	char text[64];

	ck_assert_int_eq(daemonkit_pidfile_create(harness_path("run/pid"), 0, &pidfile), -EALREADY);
	snprintf(text, sizeof text, "held by process %d", (int)holder);
	ck_assert_msg(strstr(daemonkit_error(), text), "no \"%s\" in \"%s\"", text,
		      daemonkit_error());
}

/* Both locked bytes, which differ after an upgrade, belong to this process. */
static void check_lock(pid_t holder)
{
	int fd = open(harness_path("run/pid"), O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	for (off_t byte = 0; byte < 2; byte++) {
		struct flock lock = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1
		};

		ck_assert_int_eq(fcntl(fd, F_GETLK, &lock), 0);
		ck_assert(lock.l_type == F_WRLCK || (byte == 0 && lock.l_type == F_RDLCK));
		ck_assert_int_eq(lock.l_pid, holder);
	}
	close(fd);
}

void actor_check_daemon(struct actor *actor)
{
	ck_assert_int_eq(actor_holder(), actor->pid);
	check_lock(actor->pid);
	ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid"))), actor->pid);
	actor_check_refused(actor->pid);
	actor_expect(actor, actor->pid, "search");
	actor_replace(actor);
	ck_assert_int_eq(actor_holder(), actor->pid);
	check_lock(actor->pid);
}
