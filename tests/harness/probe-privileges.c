/* SPDX-License-Identifier: MIT */
/* Words of the probe for privileges: what it requests, and what it can do. */
#include "harness/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/privileges.h>

/* RESOURCE:SOFT:HARD */
static int set_limit(struct program *program, const char *value)
{
	int resource;
	unsigned long long soft, hard;

	if (sscanf(value, "%d:%llu:%llu", &resource, &soft, &hard) != 3)
		exit(86);
	return daemonkit_context_set_limit(program->context, resource, soft, hard);
}

int probe_set_privileges(struct program *program, const char *name, const char *value)
{
	struct daemonkit_context *context = program->context;
	const char *colon = strchr(value, ':');

	if (strcmp(name, "rlimit") == 0)
		return set_limit(program, value);
	if (strcmp(name, "nice") == 0)
		return daemonkit_context_set_nice(context, atoi(value));
	if (strcmp(name, "scheduler") == 0 && colon != NULL)
		return daemonkit_context_set_scheduler(context, atoi(value), atoi(colon + 1));
	if (strcmp(name, "oom") == 0)
		return daemonkit_context_set_oom_score_adjust(context, atoi(value));
	if (strcmp(name, "capability") == 0)
		return daemonkit_context_keep_capability(context, atoi(value));
	if (strcmp(name, "nonew") == 0)
		return daemonkit_context_set_no_new_privileges(context, atoi(value));
	return 1;
}

/* ---- tests of privileges ---- */

static int bind_port(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, result;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	result = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -errno : 0;
	close(fd);
	return result;
}

static int take_all_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { ~0U, ~0U, 0 }, { ~0U, ~0U, 0 } };

	return (int)syscall(SYS_capset, &header, data);
}

/* Drop a capability from this process; it is not dropped from the bounding set. */
static void lose_capability(unsigned number)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		exit(82);
	data[number / 32].effective &= ~(1U << number % 32);
	data[number / 32].permitted &= ~(1U << number % 32);
	if (syscall(SYS_capset, &header, data) != 0)
		exit(82);
}

static int take_ambient(void)
{
	for (unsigned long i = 0; i < 64; i++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) == 0)
			return 0;
	return -1;
}

static int raw_socket(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	return fd < 0 ? -1 : close(fd);
}

/* Count and name the privileged operations that succeed. */
static void try_powers(struct program *program)
{
	const struct {
		const char *name;
		int result;
	} tries[] = {
		{ "capset", take_all_capabilities() },
		{ "ambient", take_ambient() },
		{ "raw", raw_socket() },
		{ "chroot", chroot("/") },
		{ "chown", chown("/etc/passwd", 0, 0) },
		{ "shadow", close(open("/etc/shadow", O_RDONLY | O_CLOEXEC)) },
		{ "kill", kill(1, 0) },
		{ "nice", setpriority(PRIO_PROCESS, 0, -20) },
		{ "setgroups", setgroups(0, NULL) },
		{ "setgid", setgid(0) },
		{ "seteuid", seteuid(0) },
		{ "setuid", setuid(0) },
	};

	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		if (tries[i].result == 0)
			probe_note(program, "may_%s 1\n", tries[i].name);
	probe_note(program, "powers tried\n");
}

/* OUTPUT:PROGRAM writes the status of the process that executes PROGRAM. */
static void show_status(const char *value)
{
	const char *colon = strchr(value, ':');
	char output[4096];
	pid_t pid;

	if (colon == NULL)
		exit(86);
	snprintf(output, sizeof output, "%.*s", (int)(colon - value), value);
	pid = fork();
	if (pid == 0) {
		dup2(open(output, O_WRONLY | O_CREAT | O_CLOEXEC, 0666), STDOUT_FILENO);
		execl(colon + 1, colon + 1, "/proc/self/status", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* PATH:UID, the owner. */
static void make_directory(const char *value)
{
	const char *colon = strchr(value, ':');
	char path[4096];

	if (colon == NULL)
		exit(86);
	snprintf(path, sizeof path, "%.*s", (int)(colon - value), value);
	if (mkdir(path, 0755) != 0 || chown(path, (uid_t)atoi(colon + 1), (gid_t)-1) != 0)
		exit(81);
}

bool probe_act_privileges(struct program *program, const char *name, const char *value)
{
	if (strcmp(name, "bind") == 0)
		probe_note(program, "bind=%s %d\n", value, bind_port(atoi(value)));
	else if (strcmp(name, "powers") == 0)
		try_powers(program);
	else if (strcmp(name, "show") == 0)
		show_status(value);
	else if (strcmp(name, "keepcaps") == 0)
		prctl(PR_SET_KEEPCAPS, strtoul(value, NULL, 0));
	else if (strcmp(name, "kept") == 0)
		probe_note(program, "kept %d\n", prctl(PR_GET_KEEPCAPS));
	else if (strcmp(name, "lose") == 0)
		lose_capability((unsigned)atoi(value));
	else if (strcmp(name, "mkdir") == 0)
		make_directory(value);
	else if (strcmp(name, "become") == 0) {
		if (setgroups(0, NULL) != 0 || setgid((gid_t)atoi(value)) != 0 ||
		    setuid((uid_t)atoi(value)) != 0)
			exit(82);
	} else
		return false;
	return true;
}
