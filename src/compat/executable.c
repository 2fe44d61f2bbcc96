/* SPDX-License-Identifier: MIT */
/*
 * The running program's file, and the path by which it was executed.
 * Thread-safe.
 */
#include "compat/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <sys/auxv.h>
#endif

#include "base/fd.h"
#include "base/path.h"

/* The kernel's link to the running program's file. */
#define PROGRAM "/proc/self/exe"

static bool leads_to_file(const char *path, const struct stat *st)
{
	struct stat named;

	return stat(path, &named) == 0 && fd_same_file(&named, st);
}

/*
 * Is this the running program's file?  For an emulated program, opening the link leads to
 * the program's file, but stat(2) leads to the emulator's.
 */
static bool is_running_file(const char *path)
{
	struct stat running;
	bool answer;
	int fd;

	if (stat(PROGRAM, &running) == 0 && leads_to_file(path, &running))
		return true;
	fd = fd_open(PROGRAM, O_RDONLY, 0);
	if (fd < 0)
		return false;
	answer = fstat(fd, &running) == 0 && leads_to_file(path, &running);
	fd_close(fd);
	return answer;
}

/*
 * The real path is better than the link, because the kernel names the process after it,
 * but only while it still leads to the same file.
 */
static int find_file(char *path, size_t size)
{
	ssize_t length = readlink(PROGRAM, path, size);

	/* A path that is too long for readlink(2) can still be executed by the link. */
	if (length < 0 && errno != ENAMETOOLONG)
		return -errno;
	if (length >= 0 && (size_t)length < size) {
		path[length] = '\0';
		if (is_running_file(path))
			return 0;
	}
	if (sizeof PROGRAM > size)
		return -ENAMETOOLONG;
	memcpy(path, PROGRAM, sizeof PROGRAM);
	return 0;
}

/* Links to the running program or to a descriptor do not name a file permanently. */
static bool path_is_lasting(const char *path)
{
	return path[0] == '/' && strncmp(path, "/proc/", 6) != 0 &&
	       strncmp(path, "/dev/fd/", 8) != 0;
}

#ifdef COMPAT_LINUX
/* Is this the running program's file?  False for a script; true for any file without /proc. */
static bool is_program(const char *path)
{
	struct stat st;

	return is_running_file(path) ||
	       (lstat(PROGRAM, &st) < 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

/* The path given to execve(2), made absolute while that is possible. */
static bool find_name(char name[static PATH_MAX])
{
	const char *path = (const char *)(uintptr_t)getauxval(AT_EXECFN);

	/* A program with more privileges than its caller does not trust the caller's links. */
	if (path == NULL || path[0] == '\0' || getauxval(AT_SECURE) != 0)
		return false;
	return path_resolve(path, name) == 0 && path_is_lasting(name) && is_program(name);
}
#else
static bool find_name(char name[static PATH_MAX])
{
	(void)name;
	return false;
}
#endif

/* Written once, before there are threads. */
static char executed[PATH_MAX];

/* Before main() changes the directory, or the file is renamed. */
__attribute__((__constructor__)) static void remember_name(void)
{
	if (!find_name(executed) &&
	    (find_file(executed, sizeof executed) < 0 || !path_is_lasting(executed)))
		executed[0] = '\0';
}

char *compat_executed_name(void)
{
	return executed[0] != '\0' ? executed : NULL;
}

int compat_executable(char *path, size_t size)
{
	int result = find_file(path, size);

	if (result == 0 || executed[0] == '\0')
		return result;
	if (strlen(executed) >= size)
		return -ENAMETOOLONG;
	memcpy(path, executed, strlen(executed) + 1);
	return 0;
}
