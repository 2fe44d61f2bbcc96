/* SPDX-License-Identifier: MIT */
/* Words of the probe for named descriptors and payloads. */
#include "harness/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>

static unsigned char bytes[2 * DAEMONKIT_PAYLOAD_MAX];

/* ---- descriptors ---- */

static void place(int from, int to)
{
	if (from < 0 || (from != to && dup2(from, to) < 0))
		exit(95);
	if (from != to)
		close(from);
}

/* A socket that listens at 127.0.0.1:PORT or at PATH. */
static int listen_at(const char *where)
{
	struct sockaddr_in inet = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(where)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	bool is_path = strchr(where, '/') != NULL;
	int on = 1, fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

	snprintf(local.sun_path, sizeof local.sun_path, "%s", where);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, is_path ? (struct sockaddr *)&local : (struct sockaddr *)&inet,
		 is_path ? sizeof local : sizeof inet) < 0 ||
	    listen(fd, 100) < 0)
		exit(87);
	return fd;
}

static bool act_open(const char *name, const char *value)
{
	const char *colon = strchr(value, ':'), *rest = colon != NULL ? colon + 1 : "";
	int fd = atoi(value), ends[2];

	if (strcmp(name, "listen") == 0)
		place(listen_at(rest), fd);
	else if (strcmp(name, "datagram") == 0)
		place(socket(AF_UNIX, SOCK_DGRAM, 0), fd);
	else if (strcmp(name, "seqpacket") == 0 &&
		 socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0) {
		place(ends[0], fd);
		place(ends[1], fd + 1);
	} else if (strcmp(name, "memfd") == 0)
		place((int)memfd_create("probe", 0), fd);
	else if (strcmp(name, "file") == 0)
		place(open(rest, O_RDWR | O_CREAT, 0600), fd);
	else
		return false;
	return true;
}

/* Set the environment as a manager does for socket activation: COUNT or COUNT:NAMES. */
static void activate(const char *value)
{
	const char *colon = strchr(value, ':');
	char text[32];

	snprintf(text, sizeof text, "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof text, "%d", atoi(value));
	setenv("LISTEN_FDS", text, 1);
	if (colon != NULL)
		setenv("LISTEN_FDNAMES", colon + 1, 1);
}

/* NAME:INDEX:KIND */
static int find(struct program *program, const char *value)
{
	char name[256];
	const char *colon = strchr(value, ':');
	unsigned index;
	int kind;

	if (colon == NULL || sscanf(colon, ":%u:%d", &index, &kind) != 2)
		exit(86);
	snprintf(name, sizeof name, "%.*s", (int)(colon - value), value);
	return daemonkit_context_find_fd(program->context, strcmp(name, "*") == 0 ? NULL : name,
					 index, kind);
}

static void note_found(struct program *program, const char *value)
{
	int fd = find(program, value);
	struct stat facts = { .st_ino = 0 };

	if (fd < 0)
		probe_note(program, "find=%s %d %s\n", value, fd, daemonkit_error());
	else if (fstat(fd, &facts) == 0)
		probe_note(program, "find=%s %d %s %lu\n", value, fd,
			   (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? "x" : "-",
			   (unsigned long)facts.st_ino);
	else
		probe_note(program, "find=%s %d closed\n", value, fd);
}

/* Send the pid of this process to everyone who connects. */
static void answer(struct program *program, const char *value)
{
	int fd = find(program, value), client;

	if (fd < 0)
		exit(85);
	while ((client = accept(fd, NULL, NULL)) >= 0) {
		dprintf(client, "%d %u\n", (int)getpid(), (unsigned)geteuid());
		close(client);
	}
	exit(84);
}

/* ---- payload ---- */

static int set_payload(struct program *program, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;
	ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	close(fd);
	if (length < 0)
		exit(83);
	result = daemonkit_context_set_payload(program->context, bytes, (size_t)length);
	explicit_bzero(bytes, sizeof bytes);
	return result;
}

/* Take the payload with a buffer of this size, and report its length and sum. */
static void take(struct program *program, const char *value)
{
	int length = daemonkit_context_take_payload(program->context, bytes, (size_t)atoi(value));

	probe_note(program, "take=%s %d %#lx %s\n", value, length,
		   length < 0 ? 0 : probe_sum(bytes, (size_t)length),
		   length < 0 ? daemonkit_error() : "");
	explicit_bzero(bytes, sizeof bytes);
}

unsigned long probe_sum(const unsigned char *start, size_t length)
{
	uint32_t sum = 2166136261;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ start[i]) * 16777619;
	return sum;
}

/* ---- the words ---- */

int probe_set_passing(struct program *program, const char *name, const char *value)
{
	const char *colon = strrchr(value, ':');
	char title[300];

	if (strcmp(name, "payload") == 0)
		return set_payload(program, value);
	if (strcmp(name, "remove-socket") == 0)
		return daemonkit_context_remove_socket(program->context, value);
	if (strcmp(name, "pass") != 0)
		return 1;
	if (colon == NULL)
		exit(86);
	snprintf(title, sizeof title, "%.*s", (int)(colon - value), value);
	return daemonkit_context_pass_fd(program->context, title, atoi(colon + 1));
}

bool probe_act_passing(struct program *program, const char *name, const char *value)
{
	if (strcmp(name, "activate") == 0)
		activate(value);
	else if (strcmp(name, "find") == 0)
		note_found(program, value);
	else if (strcmp(name, "answer") == 0)
		answer(program, value);
	else if (strcmp(name, "tried") == 0)
		probe_note(program, "tried %d\n", probe_set_passing(program, "pass", value));
	else if (strcmp(name, "tried-socket") == 0)
		probe_note(program, "tried-socket %d\n",
			   probe_set_passing(program, "remove-socket", value));
	else if (strcmp(name, "take") == 0)
		take(program, value);
	else if (strcmp(name, "end") == 0)
		probe_note(program, "\nend\n");
	else if (strcmp(name, "freed") == 0) {
		program->context = daemonkit_context_free(program->context);
		probe_note(program, "freed 1\n");
	} else
		return act_open(name, value);
	return true;
}
