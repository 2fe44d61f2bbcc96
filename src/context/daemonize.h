/* SPDX-License-Identifier: MIT */
/* The daemon's part of a start, for each mode. */
#ifndef CONTEXT_DAEMONIZE_H
#define CONTEXT_DAEMONIZE_H

#include <sys/types.h>

#include "context/context-internal.h"
#include "start/launch.h"

/*
 * Make this process the daemon, and report the result to the launcher.  Returns
 * 0, or a negative errno with its text, which the context then keeps too.
 */
int become_second_copy(struct daemonkit_context *context);
int become_forked(struct daemonkit_context *context, const struct launch_forked *forked,
		  pid_t launcher);
int become_foreground(struct daemonkit_context *context);

/* Set the text for a second copy that refuses its launcher: -EPERM. */
int become_refused(void);

#endif /* CONTEXT_DAEMONIZE_H */
