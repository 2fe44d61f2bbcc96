/* SPDX-License-Identifier: MIT */
/*
 * Parsing NOTIFY_SOCKET as a socket address, and connecting to it.
 * Thread-safe.
 */
#include "manager/notify-address.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/decimal.h"
#include "base/fd.h"
#include "compat/socket.h"
#include "compat/vsock.h"

static int parse_local(const char *text, struct manager_address *target)
{
	struct sockaddr_un *local = (struct sockaddr_un *)(void *)&target->address;
	size_t length = strlen(text);

	if (length > sizeof local->sun_path)
		return -ENAMETOOLONG;
	local->sun_family = AF_UNIX;
	memcpy(local->sun_path, text, length);
	target->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	if (text[0] == '@')
		local->sun_path[0] = '\0';
	else if (length < sizeof local->sun_path)
		target->length++;
	target->types[0] = SOCK_DGRAM;
	target->type_count = 1;
	return 0;
}

/* "vsock:CID:PORT", or with an explicit socket type: "vsock-stream:CID:PORT". */
static int parse_vsock(const char *text, struct manager_address *target)
{
	static const struct {
		const char *prefix;
		int types[3], count;
	} kinds[] = {
		{ "vsock:", { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM }, 3 },
		{ "vsock-stream:", { SOCK_STREAM }, 1 },
		{ "vsock-dgram:", { SOCK_DGRAM }, 1 },
		{ "vsock-seqpacket:", { SOCK_SEQPACKET }, 1 },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t length = strlen(kinds[i].prefix);
		const char *cid = text + length, *colon;
		uint64_t cid_number, port_number;

		if (strncmp(text, kinds[i].prefix, length) != 0)
			continue;
		colon = strchr(cid, ':');
		if (colon == NULL ||
		    decimal_parse(cid, (size_t)(colon - cid), UINT32_MAX - 1, &cid_number) < 0 ||
		    decimal_parse(colon + 1, strlen(colon + 1), UINT32_MAX, &port_number) < 0)
			return -EINVAL;
		memcpy(target->types, kinds[i].types, sizeof target->types);
		target->type_count = kinds[i].count;
		return compat_vsock_address((uint32_t)cid_number, (uint32_t)port_number,
					    &target->address, &target->length);
	}
	return -EAFNOSUPPORT;
}

int manager_address_parse(const char *text, struct manager_address *target)
{
	memset(target, 0, sizeof *target);
	if (text[0] == '/' || (text[0] == '@' && text[1] != '\0'))
		return parse_local(text, target);
	return parse_vsock(text, target);
}

bool manager_address_is_local(const char *address)
{
	return address[0] == '/' || address[0] == '@';
}

int manager_address_connect(const char *text)
{
	struct manager_address target;
	int error = manager_address_parse(text, &target);

	if (error < 0)
		return error;
	for (int i = 0; i < target.type_count; i++) {
		int fd = compat_socket(target.address.ss_family, target.types[i]);

		fd = fd < 0 ? fd : fd_above_standard(fd);
		if (fd < 0) {
			error = fd;
			continue;
		}
		/*
		 * A privileged port proves that root has sent the message; other users
		 * use another port.
		 */
		if (!manager_address_is_local(text))
			compat_vsock_bind_privileged(fd);
		if (connect(fd, (const struct sockaddr *)&target.address, target.length) == 0)
			return fd;
		error = -errno;
		fd_close(fd);
	}
	return error;
}
