/* SPDX-License-Identifier: MIT */
/* Pipes: creation, size, and contents. */
#ifndef COMPAT_PIPE_H
#define COMPAT_PIPE_H

#include <stdbool.h>
#include <stddef.h>

/* A pipe, both ends close-on-exec, 3 or higher: 0 or a negative errno. */
int compat_pipe(int ends[2], bool nonblocking);

/* Enlarge the pipe up to this size, as far as the system permits; unchanged on failure. */
void compat_pipe_enlarge(int fd, size_t size);

/* The number of bytes in the pipe, or its usual size if the system does not provide it. */
size_t compat_pipe_fill(int fd);

#endif /* COMPAT_PIPE_H */
