/* SPDX-License-Identifier: MIT */
/* The end of a start: the launcher releases the daemon, or a predecessor is replaced. */
#ifndef CONTEXT_TAKEOVER_H
#define CONTEXT_TAKEOVER_H

#include <stdbool.h>

struct daemonkit_context;

/*
 * In a successor: prepare to replace the predecessor, which keeps everything until then.
 * 0 or an error with its text.
 */
int takeover_prepare(struct daemonkit_context *context);

/*
 * The launcher has got the message that it waits for, or sending it has failed with this
 * result.  Wait until the launcher has notified the manager and, if this process has printed,
 * has copied that; or take over from it.  Close the channel.  0 or an error with its text.
 */
int takeover_finish_start(struct daemonkit_context *context, int result, bool printed);

#endif /* CONTEXT_TAKEOVER_H */
