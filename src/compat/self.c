/* SPDX-License-Identifier: MIT */
/*
 * Information from the system about this process.
 * Thread-safe.
 */
#include "compat/self.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

#include "base/fd.h"

#ifndef HAVE_DECL_ENVIRON
extern char **environ;
#endif

char **compat_environment(void)
{
	return environ;
}

#ifdef COMPAT_LINUX
bool compat_secure(void)
{
	return getauxval(AT_SECURE) != 0;
}

int compat_thread_count(void)
{
	struct stat tasks;

	/* The directory has links for itself, its entry in the parent, and its subdirectories. */
	if (stat("/proc/self/task", &tasks) < 0 || tasks.st_nlink < 3)
		return 1;
	return (int)tasks.st_nlink - 2;
}

/* The name of the process is that of its first thread; prctl(2) sets the calling thread's. */
#define OWN_NAME "/proc/self/comm"

void compat_set_name(const char *name)
{
	int fd = open(OWN_NAME, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		prctl(PR_SET_NAME, name, 0, 0, 0);
	if (fd >= 0)
		close(fd);
}

void compat_get_name(char name[static 16])
{
	if (fd_read_file(AT_FDCWD, OWN_NAME, name, 16) > 0)
		name[strcspn(name, "\n")] = '\0';
	else if (prctl(PR_GET_NAME, name, 0, 0, 0) < 0)
		name[0] = '\0';
}
#else
bool compat_secure(void)
{
	return getuid() != geteuid() || getgid() != getegid();
}

int compat_thread_count(void)
{
	return 1;
}

void compat_set_name(const char *name)
{
	(void)name;
}

void compat_get_name(char name[static 16])
{
	name[0] = '\0';
}
#endif
