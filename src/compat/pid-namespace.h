/* SPDX-License-Identifier: MIT */
/* Process 1, which the kernel keeps from the default effect of signals. */
#ifndef COMPAT_PID_NAMESPACE_H
#define COMPAT_PID_NAMESPACE_H

#include <stdbool.h>

/*
 * Is this process 1 of a container?  Not the machine's own, whose end would be
 * the machine's: where that cannot be told apart, no.
 */
bool compat_first_of_container(void);

#endif /* COMPAT_PID_NAMESPACE_H */
