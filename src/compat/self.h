/* SPDX-License-Identifier: MIT */
/* What the system knows of this program. */
#ifndef COMPAT_SELF_H
#define COMPAT_SELF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Did the program gain privileges when it was executed? */
bool compat_secure(void);

/* How many threads of the program run in this process: 1 where that cannot be told. */
int compat_thread_count(void);

/* Give this process the name that ps(1) shows; at most 15 bytes of it. */
void compat_set_name(const char *name);

/* The name of this process, or "" where it is not known. */
void compat_get_name(char name[static 16]);

#endif /* COMPAT_SELF_H */
