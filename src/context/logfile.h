/* SPDX-License-Identifier: MIT */
/*
 * The log file; opened with privileges that other users who can write to its
 * directory may lack.
 */
#ifndef CONTEXT_LOGFILE_H
#define CONTEXT_LOGFILE_H

#include <sys/types.h>

/*
 * Open the file for appending, creating it if necessary.  If the path is
 * standard output or error (/dev/stdout, /dev/fd/1 and the like, or a link to
 * it), the result is a duplicate of that stream.  If the path itself is a
 * symbolic link, it is followed only if it belongs to root or the caller
 * (otherwise -ELOOP).  Returns a descriptor, 3 or higher and close-on-exec, or
 * an error with its text, which begins with what the file is.
 */
int logfile_open(const char *what, const char *path, mode_t mode);

#endif /* CONTEXT_LOGFILE_H */
