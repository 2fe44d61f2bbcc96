/* SPDX-License-Identifier: MIT */
/* The size of a terminal. */
#ifndef COMPAT_WINDOW_H
#define COMPAT_WINDOW_H

#include <stddef.h>

/* The number of columns, or 0: not a terminal, or unknown. */
size_t compat_terminal_width(int fd);

#endif /* COMPAT_WINDOW_H */
