/* SPDX-License-Identifier: MIT */
/*
 * Local sockets for addresses that are not in any directory, and whose peer the kernel
 * identifies by its pid.
 */
#ifndef COMPAT_ABSTRACT_H
#define COMPAT_ABSTRACT_H

#include <stdbool.h>

/* A new socket: a descriptor, -ENOTSUP if the system has no such addresses, or -errno. */
int compat_abstract_socket(bool close_on_exec, bool nonblocking);

/* accept(2), close-on-exec: a descriptor or a negative errno. */
int compat_abstract_accept(int listener);

#endif /* COMPAT_ABSTRACT_H */
