/* SPDX-License-Identifier: MIT */
/* The file of the running program, and the name by which it was executed. */
#ifndef COMPAT_EXECUTABLE_H
#define COMPAT_EXECUTABLE_H

#include <stddef.h>

/*
 * The file that this program was executed from, fit for execve(2) even if it was
 * moved or removed since; only the name below where the system does not tell the
 * file.  Returns 0 or a negative errno.
 */
int compat_executable(char *path, size_t size);

/*
 * The absolute path by which this program was executed, with the symbolic links in
 * it, as it was before main(): the file of a newer release may be found there later.
 * Where the system does not tell, the file's own path.  NULL if there is none.
 */
const char *compat_executed_name(void);

#endif /* COMPAT_EXECUTABLE_H */
