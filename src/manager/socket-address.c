/* SPDX-License-Identifier: MIT */
/*
 * The local address of a socket as text.
 * Thread-safe.
 */
#include <daemonkit/descriptors.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cancel.h"
#include "base/error-internal.h"
#include "compat/vsock.h"

union address {
	struct sockaddr any;
	struct sockaddr_in ip4;
	struct sockaddr_in6 ip6;
	struct sockaddr_un local;
	struct sockaddr_storage storage;
};

/* DAEMONKIT_ADDRESS_MAX bytes are enough for every text. */
static int format_ip4(const struct sockaddr_in *address, char *text)
{
	char host[INET_ADDRSTRLEN];

	if (inet_ntop(AF_INET, &address->sin_addr, host, sizeof host) == NULL)
		return -errno;
	return sprintf(text, "%s:%u", host, ntohs(address->sin_port));
}

static int format_ip6(const struct sockaddr_in6 *address, char *text)
{
	char host[INET6_ADDRSTRLEN], scope[16] = "";

	if (inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof host) == NULL)
		return -errno;
	/* The number, as an interface may be renamed, and its name may have any byte. */
	if (address->sin6_scope_id != 0)
		snprintf(scope, sizeof scope, "%%%u", (unsigned)address->sin6_scope_id);
	return sprintf(text, "[%s%s]:%u", host, scope, ntohs(address->sin6_port));
}

/* A control character or backslash is written as \xNN, so that every text has one meaning. */
static int format_bytes(const char *bytes, size_t count, char *text)
{
	char *end = text;

	for (size_t i = 0; i < count; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte < 0x20 || byte == 0x7f || byte == '\\')
			end += sprintf(end, "\\x%02x", byte);
		else
			*end++ = (char)byte;
	}
	*end = '\0';
	return (int)(end - text);
}

static int format_local(const struct sockaddr_un *address, socklen_t length, char *text)
{
	const char *path = address->sun_path;
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t count = length > start ? length - start : 0;

	if (count > sizeof(union address) - start)
		count = sizeof(union address) - start;
	if (count > 0 && path[0] == '\0') {
		text[0] = '@';
		return 1 + format_bytes(path + 1, count - 1, text + 1);
	}
	/* A path as long as the array has no terminator, or one beyond the array. */
	count = strnlen(path, count);
	if (count == 0 || path[0] == '/')
		return format_bytes(path, count, text);
	/* A relative path must not look like another kind of address. */
	return 2 + format_bytes(path, count, strcpy(text, "./") + 2);
}

/* The length, or a negative errno without a text. */
static int format_address(const union address *address, socklen_t length, char *text)
{
	uint32_t cid, port;

	switch (address->any.sa_family) {
	case AF_INET:
		return format_ip4(&address->ip4, text);
	case AF_INET6:
		return format_ip6(&address->ip6, text);
	case AF_UNIX:
		return format_local(&address->local, length, text);
	default:
		if (compat_vsock_parts(&address->storage, &cid, &port) < 0)
			return -EAFNOSUPPORT;
		return sprintf(text, "vsock:%u:%u", (unsigned)cid, (unsigned)port);
	}
}

int daemonkit_fd_address(int fd, char *buffer, size_t size)
{
	DISABLE_CANCELLATION;
	union address address = { .storage = { .ss_family = AF_UNSPEC } };
	socklen_t length = sizeof address;
	char text[DAEMONKIT_ADDRESS_MAX];
	int result;

	if (buffer == NULL)
		return error_null(__func__);
	if (getsockname(fd, &address.any, &length) < 0)
		return error_system(-errno, "address of descriptor %d", fd);
	result = format_address(&address, length, text);
	if (result < 0)
		return error_system(result, "address of descriptor %d (family %d)", fd,
				    address.any.sa_family);
	if ((size_t)result >= size)
		return error_set(-ENOBUFS,
				 "address of descriptor %d: %d bytes and NUL do not fit "
				 "into %zu",
				 fd, result, size);
	memcpy(buffer, text, (size_t)result + 1);
	return result;
}
