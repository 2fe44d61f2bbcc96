/* SPDX-License-Identifier: MIT */
/* Information from the system about this process. */
#ifndef COMPAT_SELF_H
#define COMPAT_SELF_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Did the program gain privileges when it was executed? */
bool compat_secure(void);

/* The number of threads in this process; 1 if unknown. */
int compat_thread_count(void);

/* Set the process name that ps(1) shows; at most 15 bytes of it. */
void compat_set_name(const char *name);

/* The name of this process, or "" if unknown. */
void compat_get_name(char name[static 16]);

/* The environment of this process. */
char **compat_environment(void);

#endif /* COMPAT_SELF_H */
