/* SPDX-License-Identifier: MIT */
/* The inside of a context, for the files that make it up. */
#ifndef CONTEXT_CONTEXT_INTERNAL_H
#define CONTEXT_CONTEXT_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include <daemonkit/context.h>
#include <daemonkit/pidfile.h>

#include "base/error-internal.h"
#include "context/settings.h"
#include "manager/notify-internal.h"

struct daemonkit_context {
	struct settings settings;
	int mode;
	char **arguments;   /* in one piece of memory, or NULL */
	char **environment; /* likewise */
	daemonkit_status_handler *status;
	void *status_data;
	pid_t daemon;                      /* this process's pid since it is the daemon, else 0 */
	struct daemonkit_pidfile *pidfile; /* the daemon's, while it holds it */
	struct notify notify;              /* the daemon's */
	int exit_status;
	bool supervised; /* by whoever started this very process (mode FOREGROUND) */
	struct daemonkit_upgrade *upgrade; /* that is under way, or NULL */
	bool succeeded;                    /* another process has taken this daemon's place */
	bool adopted; /* what a manager passed is among the settings' descriptors */
};

/*
 * What settings say of a timeout for "ready": 0 for one until the daemon is set up, or an
 * error with its text.
 */
int context_ready_timeout(const char *what, int timeout, int *ret);

/* Is this process the daemon (and no child of it)? */
bool context_is_daemon(const struct daemonkit_context *context);

/* Take note of the descriptors that a manager passed, once: 0 or an error with its text. */
int context_adopt_descriptors(struct daemonkit_context *context);

#endif /* CONTEXT_CONTEXT_INTERNAL_H */
