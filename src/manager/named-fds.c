/* SPDX-License-Identifier: MIT */
/*
 * A list of named descriptors, and the environment variables that describe those passed
 * by a service manager.
 * Thread-safe on different objects, while no thread changes the environment: only one
 * list of the process gets the descriptors that a manager passed.
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
#include "compat/openat.h"

/* The first descriptor that a manager passes. */
#define FIRST 3
/* The name of a descriptor to which the manager gave none. */
#define UNNAMED "unknown"

/* Shrink the list to this count; the removed descriptors stay open. */
static void shrink_list(struct descriptors *descriptors, size_t count)
{
	while (descriptors->count > count)
		free(descriptors->list[--descriptors->count].name);
}

void named_fds_clear(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		fd_close(descriptors->list[i].fd);
	named_fds_forget(descriptors);
}

void named_fds_forget(struct descriptors *descriptors)
{
	shrink_list(descriptors, 0);
	free(descriptors->list);
	*descriptors = (struct descriptors){ .count = 0 };
}

int named_fds_check_name(const char *name)
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

int named_fds_add(struct descriptors *descriptors, const char *name, int fd)
{
	size_t size = (descriptors->count + 1) * sizeof *descriptors->list;
	struct descriptor *larger = realloc(descriptors->list, size);
	char *copy;

	if (larger == NULL)
		return -ENOMEM;
	descriptors->list = larger;
	copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	larger[descriptors->count++] = (struct descriptor){ .name = copy, .fd = fd };
	return 0;
}

int named_fds_find(const struct descriptors *descriptors, const char *name, size_t index)
{
	for (size_t i = 0; i < descriptors->count; i++)
		if (name == NULL || strcmp(descriptors->list[i].name, name) == 0)
			if (index-- == 0)
				return descriptors->list[i].fd;
	return -ENOENT;
}

const char *named_fds_name(const struct descriptors *descriptors, size_t index)
{
	return index < descriptors->count ? descriptors->list[index].name : NULL;
}

void named_fds_detach(struct descriptors *descriptors, int fd)
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
	[DAEMONKIT_FD_QUEUE] = "a message queue",
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

int named_fds_check_kind(const char *name, int fd, int kind)
{
	int found = DAEMONKIT_FD_ANY;
	struct stat st;

	if (kind == DAEMONKIT_FD_ANY)
		return 0;
	if (fstat(fd, &st) < 0)
		return error_system(-errno, "descriptor %s (%d)", name, fd);
	if (S_ISSOCK(st.st_mode))
		found = socket_kind(fd);
	else if (S_ISFIFO(st.st_mode))
		found = DAEMONKIT_FD_FIFO;
	else if (S_ISREG(st.st_mode))
		found = compat_is_queue(fd) ? DAEMONKIT_FD_QUEUE : DAEMONKIT_FD_FILE;
	if (found == kind)
		return 0;
	return error_set(-EPROTOTYPE, "descriptor %s (%d): it is %s and not %s", name, fd,
			 kinds[found], kinds[kind]);
}

/* The number of descriptors passed to this process, 0, or an error. */
static int count_passed(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint64_t number;

	if (pid == NULL)
		return 0;
	if (decimal_parse_variable(pid, INT_MAX, &number) < 0 || number == 0)
		return error_set(-EINVAL, "LISTEN_PID=%.32s: not a pid", pid);
	if ((pid_t)number != getpid() || count == NULL)
		return 0;
	if (decimal_parse_variable(count, INT_MAX - FIRST, &number) < 0 || number == 0)
		return error_set(-EINVAL, "LISTEN_FDS=%.32s: not a number of descriptors", count);
	for (int fd = FIRST; fd < FIRST + (int)number; fd++)
		if (fd_set_cloexec(fd, true) < 0)
			return error_set(-EINVAL, "LISTEN_FDS=%s: descriptor %d is not open", count,
					 fd);
	return (int)number;
}

int named_fds_inherit(pid_t parent)
{
	const char *pid = getenv("LISTEN_PID");
	char own[DECIMAL_MAX];
	uint64_t number;

	if (pid == NULL || decimal_parse_variable(pid, INT_MAX, &number) < 0 ||
	    (pid_t)number != parent)
		return 0;
	decimal_format(own, (uint64_t)getpid());
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a new process has one thread. */
	return setenv("LISTEN_PID", own, 1) < 0 ? -errno : 0;
}

/*
 * Parse the next name; *rest points after it, or is NULL after the last one.  Like
 * libsystemd, removes a backslash and takes the next character literally.
 */
static const char *next_name(char **rest)
{
	char *name = *rest, *to = name, *from = name;

	while (*from != '\0' && *from != ':') {
		if (*from == '\\' && *++from == '\0')
			return NULL;
		*to++ = *from++;
	}
	*rest = *from == ':' ? from + 1 : NULL;
	*to = '\0';
	return name;
}

/* Without names each descriptor is UNNAMED; otherwise each has a name. */
static int add_passed(struct descriptors *descriptors, int count, char *names)
{
	bool named = names != NULL;
	int result = 0;

	for (int fd = FIRST; fd < FIRST + count && result == 0; fd++) {
		const char *name = !named ? UNNAMED : names == NULL ? NULL : next_name(&names);

		result = name == NULL ? -EINVAL : named_fds_add(descriptors, name, fd);
	}
	return result == 0 && names != NULL ? -EINVAL : result;
}

int named_fds_from_manager(struct descriptors *descriptors)
{
	/* Two owners would close the same descriptors twice. */
	static atomic_bool taken;
	const char *names = getenv("LISTEN_FDNAMES");
	int count = count_passed(), result;
	size_t before = descriptors->count;
	char *copy;

	if (count <= 0 || atomic_exchange(&taken, true))
		return count < 0 ? count : 0;
	copy = names == NULL ? NULL : strdup(names);
	result = names != NULL && copy == NULL ? -ENOMEM : add_passed(descriptors, count, copy);
	free(copy);
	if (result == 0)
		return 0;
	shrink_list(descriptors, before);
	atomic_store(&taken, false);
	if (result == -EINVAL)
		return error_set(result, "LISTEN_FDNAMES=%.64s: not the names of %d descriptors",
				 names, count);
	return error_system(result, "LISTEN_FDS");
}

/* Add a descriptor read from the archive like one that was passed. */
static void add_read(struct descriptors *descriptors, struct archive *archive, const char *name,
		     int fd)
{
	if (archive->error == 0 && name == NULL)
		archive->error = -EBADMSG;
	if (archive->error == 0)
		archive->error = named_fds_add(descriptors, name, fd);
}

void named_fds_archive(struct descriptors *descriptors, struct archive *archive)
{
	struct descriptor none = { NULL, -1 };
	size_t count = archive_count(archive, descriptors->count);

	for (size_t i = 0; i < count && archive->error == 0; i++) {
		const struct descriptor *next = archive->reading ? &none : &descriptors->list[i];
		char *name = archive_string(archive, next->name);
		int fd = (int)archive_number(archive, next->fd);

		if (!archive->reading)
			continue;
		add_read(descriptors, archive, name, fd);
		free(name);
	}
}
