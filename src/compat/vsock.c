/* SPDX-License-Identifier: MIT */
/*
 * Addresses of sockets between a virtual machine and its host.
 * Thread-safe.
 */
#include "compat/vsock.h"

#include <errno.h>
#include <string.h>

#ifdef COMPAT_LINUX
#include <linux/vm_sockets.h>

int compat_vsock_address(uint32_t cid, uint32_t port, struct sockaddr_storage *address,
			 socklen_t *length)
{
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };

	memcpy(address, &vm, sizeof vm);
	*length = sizeof vm;
	return 0;
}

int compat_vsock_parts(const struct sockaddr_storage *address, uint32_t *cid, uint32_t *port)
{
	struct sockaddr_vm vm;

	if (address->ss_family != AF_VSOCK)
		return -EAFNOSUPPORT;
	memcpy(&vm, address, sizeof vm);
	*cid = vm.svm_cid;
	*port = vm.svm_port;
	return 0;
}

int compat_vsock_bind_privileged(int fd)
{
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_ANY,
				  .svm_port = 1023 };

	while (bind(fd, (const struct sockaddr *)&vm, sizeof vm) < 0) {
		if (errno != EADDRINUSE || vm.svm_port == 1)
			return -errno;
		vm.svm_port--;
	}
	return 0;
}
#else
int compat_vsock_address(uint32_t cid, uint32_t port, struct sockaddr_storage *address,
			 socklen_t *length)
{
	(void)cid;
	(void)port;
	(void)address;
	(void)length;
	return -EAFNOSUPPORT;
}

int compat_vsock_parts(const struct sockaddr_storage *address, uint32_t *cid, uint32_t *port)
{
	(void)address;
	(void)cid;
	(void)port;
	return -EAFNOSUPPORT;
}

int compat_vsock_bind_privileged(int fd)
{
	(void)fd;
	return -EAFNOSUPPORT;
}
#endif
