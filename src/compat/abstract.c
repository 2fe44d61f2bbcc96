/* SPDX-License-Identifier: MIT */
/*
 * Local sockets for abstract addresses, which only Linux has.
 * Thread-safe and async-signal-safe.
 */
#include "compat/abstract.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#ifdef COMPAT_LINUX

int compat_abstract_socket(bool close_on_exec, bool nonblocking)
{
	int fd = socket(AF_UNIX,
			SOCK_SEQPACKET | (close_on_exec ? SOCK_CLOEXEC : 0) |
				(nonblocking ? SOCK_NONBLOCK : 0),
			0);

	return fd < 0 ? -errno : fd;
}

int compat_abstract_accept(int listener)
{
	int fd;

	do {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd < 0 ? -errno : fd;
}

#else

int compat_abstract_socket(bool close_on_exec, bool nonblocking)
{
	(void)close_on_exec;
	(void)nonblocking;
	return -ENOTSUP;
}

int compat_abstract_accept(int listener)
{
	(void)listener;
	return -ENOTSUP;
}

#endif
