/* SPDX-License-Identifier: MIT */
/* Process 1, which the kernel protects from the default actions of signals. */
#ifndef COMPAT_PID_NAMESPACE_H
#define COMPAT_PID_NAMESPACE_H

#include <stdbool.h>

/*
 * Is this process 1 of a container?  False for the machine's own init, whose
 * exit would stop the machine, and where the two cannot be distinguished.
 */
bool compat_first_of_container(void);

#endif /* COMPAT_PID_NAMESPACE_H */
