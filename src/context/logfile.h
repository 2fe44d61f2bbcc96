/* SPDX-License-Identifier: MIT */
/* The log file, opened by somebody who may have more rights than those who can write beside it. */
#ifndef CONTEXT_LOGFILE_H
#define CONTEXT_LOGFILE_H

#include <sys/types.h>

/*
 * For appending, created if need be; where it is standard output or error (/dev/stdout,
 * /dev/fd/1 and the like, or a link to it) a duplicate of that stream: a descriptor that is 3 or
 * higher and close-on-exec, or an error with its text.  Of symbolic links in the place of the file
 * only those of root and of the caller are followed (-ELOOP).
 */
int logfile_open(const char *path, mode_t mode);

#endif /* CONTEXT_LOGFILE_H */
