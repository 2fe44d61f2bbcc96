/* SPDX-License-Identifier: MIT */
/*
 * A list of descriptors that have names, and what a service manager says of
 * those that it passed.
 * Thread-safe on different objects, as long as nobody changes the environment:
 * what a manager passed goes into one list of the process.
 */
#include "manager/named-fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/descriptors.h>

#include "base/decimal.h"
#include "base/error-internal.h"
#include "base/fd.h"

/* The first one that a manager passes. */
#define FIRST 3
/* What a descriptor is called that the manager gave no name. */
#define UNNAMED "unknown"

/* Back to so many; the others are left open. */
static void forget_after(struct descriptors *descriptors, size_t count)
{
	while (descriptors->count > count)
		free(descriptors->list[--descriptors->count].name);
}

void descriptors_clear(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		fd_close(descriptors->list[i].fd);
	descriptors_forget(descriptors);
}

void descriptors_forget(struct descriptors *descriptors)
{
	forget_after(descriptors, 0);
	free(descriptors->list);
	*descriptors = (struct descriptors){ .count = 0 };
}

int descriptors_check_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > 255)
		return error_set(-EINVAL, "descriptor name: its length is %zu, not 1 to 255",
				 length);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == ':')
			return error_set(-EINVAL,
					 "descriptor name: it has a colon or control character");
	return 0;
}

static int add_part(struct descriptors *descriptors, const char *name, size_t length, int fd)
{
	size_t size = (descriptors->count + 1) * sizeof *descriptors->list;
	struct descriptor *larger = realloc(descriptors->list, size);
	char *copy;

	if (larger == NULL)
		return -ENOMEM;
	descriptors->list = larger;
	copy = strndup(name, length);
	if (copy == NULL)
		return -ENOMEM;
	larger[descriptors->count++] = (struct descriptor){ .name = copy, .fd = fd };
	return 0;
}

int descriptors_add(struct descriptors *descriptors, const char *name, int fd)
{
	return add_part(descriptors, name, strlen(name), fd);
}

int descriptors_find(const struct descriptors *descriptors, const char *name, size_t index)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if (name == NULL || strcmp(descriptors->list[i].name, name) == 0)
			if (index-- == 0)
				return descriptors->list[i].fd;
	return -ENOENT;
}

void descriptors_take(struct descriptors *descriptors, int fd)
{
	struct descriptor *list = descriptors->list;

	for (size_t i = 0; i < descriptors->count; i++) {
		if (list[i].fd != fd)
			continue;
		free(list[i].name);
		memmove(&list[i], &list[i + 1], (--descriptors->count - i) * sizeof *list);
		return;
	}
}

static const char *const kinds[] = {
	[DAEMONKIT_FD_ANY] = "something else",
	[DAEMONKIT_FD_LISTENER] = "a listening socket",
	[DAEMONKIT_FD_CONNECTION] = "a connection",
	[DAEMONKIT_FD_DATAGRAM] = "a datagram socket",
	[DAEMONKIT_FD_FIFO] = "a pipe",
	[DAEMONKIT_FD_FILE] = "a regular file",
};

static int socket_kind(int fd)
{
	int type = 0, listens = 0;
	socklen_t length = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0)
		return DAEMONKIT_FD_ANY;
	if (type == SOCK_DGRAM)
		return DAEMONKIT_FD_DATAGRAM;
	if (type != SOCK_STREAM && type != SOCK_SEQPACKET)
		return DAEMONKIT_FD_ANY;
	length = sizeof listens;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0)
		return DAEMONKIT_FD_ANY;
	return listens ? DAEMONKIT_FD_LISTENER : DAEMONKIT_FD_CONNECTION;
}

int descriptors_check_kind(const char *name, int fd, int kind)
{
	int found = DAEMONKIT_FD_ANY;
	struct stat facts;

	if (kind == DAEMONKIT_FD_ANY)
		return 0;
	if (fstat(fd, &facts) < 0)
		return error_system(-errno, "descriptor %s (%d)", name, fd);
	if (S_ISSOCK(facts.st_mode))
		found = socket_kind(fd);
	else if (S_ISFIFO(facts.st_mode))
		found = DAEMONKIT_FD_FIFO;
	else if (S_ISREG(facts.st_mode))
		found = DAEMONKIT_FD_FILE;
	if (found == kind)
		return 0;
	return error_set(-EPROTOTYPE, "descriptor %s (%d): it is %s and not %s", name, fd,
			 kinds[found], kinds[kind]);
}

/* How many, if they are meant for this process: a number, 0, or an error. */
static int count_passed(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint64_t number;
	pid_t meant;

	if (count == NULL || pid == NULL || number_parse_pid(pid, strlen(pid), &meant) < 0 ||
	    meant != getpid())
		return 0;
	if (number_parse(count, strlen(count), INT_MAX - FIRST, &number) < 0)
		return error_set(-EINVAL, "LISTEN_FDS=%.32s: not a number of descriptors", count);
	for (int fd = FIRST; fd < FIRST + (int)number; fd++)
		if (fd_set_cloexec(fd, true) < 0)
			return error_set(-EINVAL, "LISTEN_FDS=%s: descriptor %d is not open", count,
					 fd);
	return (int)number;
}

int descriptors_from_manager(struct descriptors *descriptors)
{
	/* Two owners would close the same numbers twice. */
	static atomic_bool taken;
	const char *names = getenv("LISTEN_FDNAMES");
	int count = count_passed(), result = 0;
	size_t before = descriptors->count;

	if (count <= 0 || atomic_exchange(&taken, true))
		return count < 0 ? count : 0;
	for (int fd = FIRST; fd < FIRST + count && result == 0; fd++) {
		size_t length = names == NULL ? 0 : strcspn(names, ":");

		result = length > 0 ? add_part(descriptors, names, length, fd)
				    : descriptors_add(descriptors, UNNAMED, fd);
		if (names != NULL)
			names = names[length] == ':' ? names + length + 1 : NULL;
	}
	if (result < 0) {
		forget_after(descriptors, before);
		atomic_store(&taken, false);
		return error_system(result, "LISTEN_FDS");
	}
	return 0;
}

void descriptors_pack(const struct descriptors *descriptors, struct pack *pack)
{
	pack_number(pack, (int64_t)descriptors->count);
	for (size_t i = 0; i < descriptors->count; i++) {
		pack_string(pack, descriptors->list[i].name);
		pack_number(pack, descriptors->list[i].fd);
	}
}

int descriptors_unpack(struct descriptors *descriptors, struct unpack *unpack)
{
	int64_t count = unpack_number(unpack);

	for (int64_t i = 0; i < count && unpack->error == 0; i++) {
		char *name = unpack_string(unpack);
		int fd = (int)unpack_number(unpack);

		if (unpack->error == 0 && name == NULL)
			unpack->error = -EBADMSG;
		if (unpack->error == 0)
			unpack->error = descriptors_add(descriptors, name, fd);
		free(name);
	}
	return unpack->error;
}
