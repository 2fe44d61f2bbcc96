/* SPDX-License-Identifier: MIT */
/* A probe that the test inspects while it runs. */
#include "harness/probe-running.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

const char *running_way(int way)
{
	return way < PROBE_WAYS ? probe_ways[way] : "mode=foreground";
}

static struct running begin(int way, const char *words)
{
	return (struct running){ .foreground = way == PROBE_WAYS,
				 .launcher = probe_spawn("%s %s", running_way(way), words) };
}

void running_up(struct running *running)
{
	struct probe probe;

	if (running->foreground) {
		running->daemon = running->launcher.pid;
		return;
	}
	probe = probe_result(&running->launcher);
	probe_check_up(&probe);
	running->daemon = probe.result;
}

struct running running_begin(int way, const char *format, ...)
{
	char words[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	return begin(way, words);
}

struct running running_start(int way, const char *format, ...)
{
	struct running running;
	char words[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	running = begin(way, words);
	running_up(&running);
	return running;
}

void running_kill(struct running *running)
{
	if (!running->foreground && running->daemon > 1) {
		kill(running->daemon, SIGKILL);
		ck_assert(harness_wait_exit(running->daemon, HARNESS_SOON));
	}
	/* If killed during its leak check it would leave the leak checker process behind. */
	if (!running->foreground && harness_is_sanitized())
		harness_wait_exit(running->launcher.pid, 1000);
	harness_kill(&running->launcher);
}

const char *running_proc(pid_t pid, const char *file, const char *name)
{
	char path[64];
	const char *line;
	size_t length = strlen(name);

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	for (line = harness_read_file(path); line != NULL && *line != '\0';) {
		if (strncmp(line, name, length) == 0) {
			const char *value = line + length + strspn(line + length, ": \t");
			char *copy = harness_memory(strlen(value) + 1);

			strcpy(copy, value);
			copy[strcspn(copy, "\n")] = '\0';
			return copy;
		}
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	ck_abort_msg("no %s in %s", name, path);
}

void running_own_network(void)
{
	struct ifreq loopback = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		harness_skip("needs its own network: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &loopback), 0);
	close(fd);
}

int running_own_log(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int null, log, file;
	char link[64];

	harness_need_root();
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) < 0)
		harness_skip("needs its own mounts: %s", strerror(errno));
	null = open("/dev/null", O_PATH | O_CLOEXEC);
	snprintf(link, sizeof link, "/proc/self/fd/%d", null);
	ck_assert_int_eq(mount("none", "/dev", "tmpfs", 0, NULL), 0);
	file = open("/dev/null", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	close(file);
	ck_assert_int_eq(mount(link, "/dev/null", NULL, MS_BIND, NULL), 0);
	close(null);
	log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(log, (struct sockaddr *)&name, sizeof name), 0);
	return log;
}

void running_check_logged(int log, const char *text)
{
	char message[256] = "";

	ck_assert(harness_wait_readable(log, HARNESS_SOON));
	ck_assert_int_gt(recv(log, message, sizeof message - 1, 0), 0);
	ck_assert_msg(strstr(message, text) != NULL, "%s", message);
}

void running_for_everybody(void)
{
	harness_need_root();
	ck_assert_int_eq(chmod(harness_directory(), 0777), 0);
}

int running_connect(const char *where)
{
	struct sockaddr_in inet = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(where)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	bool is_path = strchr(where, '/') != NULL;
	int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(local.sun_path, sizeof local.sun_path, "%s", where);
	if (connect(fd, is_path ? (struct sockaddr *)&local : (struct sockaddr *)&inet,
		    is_path ? sizeof local : sizeof inet) == 0)
		return fd;
	close(fd);
	return -1;
}

const char *running_answer(int fd)
{
	char *answer = harness_memory(256);
	size_t length = 0;

	for (ssize_t count = 1; count > 0 && length < 255; length += (size_t)count) {
		ck_assert_msg(harness_wait_readable(fd, HARNESS_SOON), "no connection");
		count = recv(fd, answer + length, 255 - length, 0);
		ck_assert_int_ge(count, 0);
	}
	close(fd);
	return answer;
}
