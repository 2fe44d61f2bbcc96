/* SPDX-License-Identifier: MIT */
/* The pid file of a running daemon. */
#ifndef CONTEXT_PID_FILE_H
#define CONTEXT_PID_FILE_H

#include "context/context-internal.h"

/*
 * In the daemon: move its pid file to this path (relative to its working directory), or acquire
 * one; NULL: release it.  The mode is valid and not 0.  0 or an error with its text.
 */
int context_change_pid_file(struct daemonkit_context *context, const char *path, mode_t mode);

#endif /* CONTEXT_PID_FILE_H */
