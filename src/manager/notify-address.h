/* SPDX-License-Identifier: MIT */
/* Where a service manager listens. */
#ifndef MANAGER_NOTIFY_ADDRESS_H
#define MANAGER_NOTIFY_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

struct manager_address {
	struct sockaddr_storage address;
	socklen_t length;
	int types[3]; /* kinds of sockets, in the order in which they are tried */
	int type_count;
};

/*
 * A path, "@NAME" or "vsock:CID:PORT": 0, -EINVAL, -ENAMETOOLONG, or
 * -EAFNOSUPPORT for anything else.
 */
int manager_address_parse(const char *text, struct manager_address *target);

/* On this machine: descriptors can be sent there. */
bool manager_address_is_local(const char *text);

/* A socket that leads there: a descriptor or a negative errno. */
int manager_address_connect(const char *text);

#endif /* MANAGER_NOTIFY_ADDRESS_H */
