/* SPDX-License-Identifier: MIT */
/* The size of a pipe. */
#ifndef COMPAT_PIPE_H
#define COMPAT_PIPE_H

#include <stddef.h>

/* Make the pipe as large as the system allows, up to this size; on failure it stays as it is. */
void compat_pipe_enlarge(int fd, size_t size);

/* How many bytes are in it: 0 where the system does not say. */
size_t compat_pipe_fill(int fd);

#endif /* COMPAT_PIPE_H */
