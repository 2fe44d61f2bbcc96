/* SPDX-License-Identifier: MIT */
/* What the C library's stream has read of standard input. */
#ifndef COMPAT_STDIN_H
#define COMPAT_STDIN_H

#include <stdbool.h>

/* Has anything been read?  Without a way to know: has the end been reached? */
bool compat_stdin_was_read(void);

#endif /* COMPAT_STDIN_H */
