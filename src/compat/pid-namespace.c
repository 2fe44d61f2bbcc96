/* SPDX-License-Identifier: MIT */
/*
 * Pid namespaces, which only Linux has: elsewhere process 1 is the machine's init.
 * Thread-safe.
 */
#include "compat/pid-namespace.h"

#ifdef COMPAT_LINUX

#include <sys/stat.h>
#include <unistd.h>

/* The inode number of the initial pid namespace (PID_NS_INIT_INO). */
#define MACHINE 0xEFFFFFFCU

bool compat_first_of_container(void)
{
	struct stat namespace;

	return getpid() == 1 && stat("/proc/self/ns/pid", &namespace) == 0 &&
	       namespace.st_ino != MACHINE;
}

#else

bool compat_first_of_container(void)
{
	return false;
}

#endif
