/* SPDX-License-Identifier: MIT */
/* The running program's file, and the path by which it was executed. */
#ifndef COMPAT_EXECUTABLE_H
#define COMPAT_EXECUTABLE_H

#include <stddef.h>

/*
 * The file that this program was executed from, suitable for execve(2) even if
 * it has been moved or removed since.  If the system does not provide it, the
 * path below.  Returns 0 or a negative errno.
 */
int compat_executable(char *path, size_t size);

/*
 * The absolute path by which this program was executed, including symbolic
 * links, as it was before main(): a newer release may be installed there later.
 * If the system does not provide it, the real path of the file.  NULL if there
 * is none.  The string must not be changed or freed.
 */
char *compat_executed_name(void);

#endif /* COMPAT_EXECUTABLE_H */
