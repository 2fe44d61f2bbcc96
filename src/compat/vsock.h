/* SPDX-License-Identifier: MIT */
/* Addresses of sockets between a virtual machine and its host. */
#ifndef COMPAT_VSOCK_H
#define COMPAT_VSOCK_H

#include <stdint.h>
#include <sys/socket.h>

/* Fill in an address of AF_VSOCK: 0, or -EAFNOSUPPORT if not supported. */
int compat_vsock_address(uint32_t cid, uint32_t port, struct sockaddr_storage *address,
			 socklen_t *length);

/* The parts of such an address: 0, or -EAFNOSUPPORT if it is of another family. */
int compat_vsock_parts(const struct sockaddr_storage *address, uint32_t *cid, uint32_t *port);

/* Bind a socket of AF_VSOCK to a port that only root may use: 0 or a negative errno. */
int compat_vsock_bind_privileged(int fd);

#endif /* COMPAT_VSOCK_H */
