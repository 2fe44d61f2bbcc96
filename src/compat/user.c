/* SPDX-License-Identifier: MIT */
/*
 * Users in a user namespace.
 * Thread-safe.
 */
#include "compat/user.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"

#ifdef COMPAT_LINUX

/* Unless changed in /proc/sys/kernel. */
#define OVERFLOW_ID 65534
/* The length of a map of all ids: 0 to UINT32_MAX - 1. */
#define ALL_IDS UINT32_MAX

/* Is this the id of all that have none?  Without /proc that cannot be excluded. */
static bool may_be_any(unsigned long id, const char *overflow, const char *map)
{
	unsigned long long first, outside, count;
	char text[64];

	if (fd_read_file(AT_FDCWD, overflow, text, sizeof text) <= 0
		    ? id != OVERFLOW_ID
		    : id != strtoul(text, NULL, 10))
		return false;
	return fd_read_file(AT_FDCWD, map, text, sizeof text) <= 0 ||
	       /* NOLINTNEXTLINE(cert-err34-c): the numbers are those of the kernel. */
	       sscanf(text, "%llu %llu %llu", &first, &outside, &count) != 3 || first != 0 ||
	       count != ALL_IDS;
}

bool compat_user_is_certain(uid_t user)
{
	return !may_be_any(user, "/proc/sys/kernel/overflowuid", "/proc/self/uid_map");
}

static bool group_is_certain(gid_t group)
{
	return !may_be_any(group, "/proc/sys/kernel/overflowgid", "/proc/self/gid_map");
}

/*
 * The kernel compares the real, effective and saved ids of the process with those of this one,
 * and not the ids that it reports.
 */
static bool kernel_confirms(pid_t pid)
{
	struct rlimit limit;

	return pid > 0 && prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0;
}

bool compat_is_own_process(pid_t pid, uid_t user)
{
	/* The kernel first: that takes fewer calls. */
	return user == geteuid() && (kernel_confirms(pid) || compat_user_is_certain(user));
}

bool compat_is_own_process_and_group(pid_t pid, uid_t user, gid_t group)
{
	return user == geteuid() && group == getegid() &&
	       (kernel_confirms(pid) || (compat_user_is_certain(user) && group_is_certain(group)));
}

bool compat_is_own_file(int fd, uid_t owner)
{
	int flags;

	if (owner != geteuid() || compat_user_is_certain(owner))
		return owner == geteuid();
	/* Only the owner may set this flag. */
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_NOATIME) != 0 || fcntl(fd, F_SETFL, flags | O_NOATIME) < 0)
		return false;
	return fcntl(fd, F_SETFL, flags) == 0;
}

#else

bool compat_user_is_certain(uid_t user)
{
	(void)user;
	return true;
}

bool compat_is_own_process(pid_t pid, uid_t user)
{
	(void)pid;
	return user == geteuid();
}

bool compat_is_own_process_and_group(pid_t pid, uid_t user, gid_t group)
{
	(void)pid;
	return user == geteuid() && group == getegid();
}

bool compat_is_own_file(int fd, uid_t owner)
{
	(void)fd;
	return owner == geteuid();
}

#endif
