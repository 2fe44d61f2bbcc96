/* SPDX-License-Identifier: MIT */
/* The daemon's side of its start, in each of the ways to it. */
#ifndef CONTEXT_DAEMONIZE_H
#define CONTEXT_DAEMONIZE_H

#include <sys/types.h>

#include "context/context-internal.h"
#include "start/launch.h"

/*
 * Make this process the daemon, and tell the launcher how that went.  Return
 * 0, or a negative errno with its text, which is then the context's too.
 */
int become_second_copy(struct daemonkit_context *context);
int become_forked(struct daemonkit_context *context, const struct launch_forked *forked,
		  pid_t launcher);
int become_foreground(struct daemonkit_context *context);

/* Leave the text for a second copy that does not believe its launcher: -EPERM. */
int become_refused(void);

#endif /* CONTEXT_DAEMONIZE_H */
