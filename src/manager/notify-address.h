/* SPDX-License-Identifier: MIT */
/* The address at which a service manager listens. */
#ifndef MANAGER_NOTIFY_ADDRESS_H
#define MANAGER_NOTIFY_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct manager_address {
	struct sockaddr_storage address;
	socklen_t length;
	int types[3]; /* socket types, in the order in which they are tried */
	int type_count;
};

/*
 * Parse a path, "@NAME" or "vsock:CID:PORT": 0, -EINVAL, -ENAMETOOLONG, or
 * -EAFNOSUPPORT for anything else.
 */
int manager_address_parse(const char *text, struct manager_address *target);

/* Is the address on this machine, so that descriptors can be sent to it? */
bool manager_address_is_local(const char *text);

/* Connect a socket to the address: a descriptor or a negative errno. */
int manager_address_connect(const char *text);

#endif /* MANAGER_NOTIFY_ADDRESS_H */
