/* SPDX-License-Identifier: MIT */
/*
 * A file without a name: of memory, or a temporary one that is unlinked at once.
 * Thread-safe.
 */
#include "compat/anonymous-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

#ifdef COMPAT_LINUX
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static int open_in_memory(void)
{
	/* A hardened kernel wants the second flag; one before 6.3 does not know it. */
	int fd = memfd_create("daemonkit", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("daemonkit", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
#else
static int open_in_memory(void)
{
	return -ENOSYS;
}
#endif

static int open_temporary(void)
{
	char path[] = "/tmp/daemonkit-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int compat_anonymous_file(void)
{
	int fd = open_in_memory();
	int flags;

	if (fd < 0 && fd != -EMFILE && fd != -ENFILE && fd != -ENOMEM)
		fd = open_temporary();
	if (fd >= 0)
		fd = fd_above_standard(fd);
	if (fd < 0)
		return fd;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_APPEND) < 0) {
		int error = -errno;

		fd_close(fd);
		return error;
	}
	return fd;
}
