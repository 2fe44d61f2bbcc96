/* SPDX-License-Identifier: MIT */
/* The size of a pipe. */
#ifndef COMPAT_PIPE_H
#define COMPAT_PIPE_H

#include <stddef.h>

/* Enlarge the pipe up to this size, as far as the system permits; unchanged on failure. */
void compat_pipe_enlarge(int fd, size_t size);

/* The number of bytes in the pipe; 0 if the system does not provide it. */
size_t compat_pipe_fill(int fd);

#endif /* COMPAT_PIPE_H */
