/* SPDX-License-Identifier: MIT */
/* Internals of a context, for the files that implement it. */
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
	bool keep_all;      /* descriptors, in mode FORK */
	char **arguments;   /* in one piece of memory, or NULL */
	char **environment; /* in one allocation too, or NULL */
	daemonkit_status_handler *status;
	void *status_data;
	pid_t daemon;                      /* this process's pid since it is the daemon, else 0 */
	struct daemonkit_pidfile *pidfile; /* the daemon's, while it holds it */
	struct notify notify;              /* the daemon's */
	int exit_status;
	bool started;    /* the last start has succeeded, in launcher or daemon */
	bool supervised; /* by the process that started this one (mode FOREGROUND) */
	struct daemonkit_upgrade *upgrade; /* the one in progress, or NULL */
	bool succeeded;                    /* a successor has replaced this daemon */
	bool must_take_over;               /* a successor whose predecessor is still the daemon */
	struct daemonkit_process *predecessor; /* of a successor, also when it has exited */
	int predecessor_error;                 /* a negative errno: why it could not be opened */
	bool must_confine; /* the daemon has yet to call daemonkit_context_confine() */
	bool adopted;      /* descriptors passed by a manager are in the settings */
};

/*
 * Convert a ready timeout of the API to that of the settings: 0 means to wait
 * until the daemon is set up.  0 or an error with its text.
 */
int context_ready_timeout(const char *what, int timeout, int *ret);

/* Is this process the daemon (and no child of it)? */
bool context_is_daemon(const struct daemonkit_context *context);

/*
 * The context is the daemon's, and from now on other threads may send notifications, also
 * without a context; and the end of that, in which everything is closed.  Afterwards
 * notifications succeed and send nothing or, if the context is forgotten, are refused.
 */
void notification_begin(struct daemonkit_context *context);
void notification_end(struct daemonkit_context *context, bool forget);

/*
 * The daemon is set up: send that to the launcher, if it waits, and without a ready timeout
 * end its wait.  0 or an error with its text.
 */
int notification_send_up(struct daemonkit_context *context);

/*
 * Report to the launcher, if there is one, that the start has failed, and return the error.
 * The launcher prints it; this process must print nothing, neither on the terminal nor to
 * the log, which may belong to a running daemon.
 */
int notification_fail_start(struct daemonkit_context *context, int result);

/* One of the two, while other threads may send notifications. */
int notification_send_confined(struct daemonkit_context *context, int result);

/* Send a pid file of this daemon, also a future one, to the launcher, if it waits. */
int notification_send_pid_file(struct daemonkit_context *context, const char *path);

/* Does the launcher still wait for a notification of this daemon? */
bool notification_is_awaited(const struct daemonkit_context *context);

/* Record the descriptors that a manager passed, once: 0 or an error with its text. */
int context_adopt_descriptors(struct daemonkit_context *context);

#endif /* CONTEXT_CONTEXT_INTERNAL_H */
