/* SPDX-License-Identifier: MIT */
/*
 * Information from the system about this process.
 * Thread-safe.
 */
#include "compat/self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <sys/auxv.h>
#include <sys/prctl.h>
#endif

#ifdef COMPAT_LINUX
bool compat_secure(void)
{
	return getauxval(AT_SECURE) != 0;
}

/* Threads of an emulator that exist before the program creates any. */
static int emulator_threads;

static int count_threads(void)
{
	struct stat tasks;

	/* The directory has links for itself, its entry in the parent, and its subdirectories. */
	if (stat("/proc/self/task", &tasks) < 0 || tasks.st_nlink < 3)
		return 1;
	return (int)tasks.st_nlink - 2;
}

/* Emulators fake the usual link /proc/self/exe, but not this one. */
static bool is_emulated(void)
{
	char program[PATH_MAX], process[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program);
	ssize_t other = readlink("/proc/thread-self/exe", process, sizeof process);

	return length > 0 && other > 0 &&
	       (other != length || memcmp(program, process, (size_t)length) != 0);
}

__attribute__((__constructor__)) static void count_emulator_threads(void)
{
	int count = count_threads();

	/* On a real machine the threads belong to the program, however early they started. */
	if (count > 1 && is_emulated())
		emulator_threads = count - 1;
}

int compat_thread_count(void)
{
	return count_threads() - emulator_threads;
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
	int fd = open(OWN_NAME, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, name, 16);

	if (fd >= 0)
		close(fd);
	if (length > 0) /* the last character is a newline */
		name[length - 1] = '\0';
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
