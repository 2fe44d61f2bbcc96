/* SPDX-License-Identifier: MIT */
/* Inside the library: processes without error texts. */
#ifndef PROCESS_H
#define PROCESS_H

#include <sys/types.h>

struct daemonkit_process;

/* daemonkit_process_open() for callers to whom a failure is an answer. */
int process_open(struct daemonkit_process **ret, pid_t pid);

#endif /* PROCESS_H */
