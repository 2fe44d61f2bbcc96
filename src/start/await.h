/* SPDX-License-Identifier: MIT */
/* The launcher's wait for the daemon, with exactly one result. */
#ifndef START_AWAIT_H
#define START_AWAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error-internal.h"
#include "ipc/channel.h"
#include "manager/manager.h"
#include "start/launch.h"

struct output;

struct await_options {
	const char *path;              /* the program's path, for error texts */
	const unsigned char *settings; /* for the second copy, or NULL */
	size_t settings_length;
	const struct compat_passed *passed; /* with the settings, or NULL */
	/*
	 * The daemon's end of its standard error, or NULL: closed once the daemon has its own,
	 * as the end of its output is noticed only then.
	 */
	int *daemon_output;
	int timeout;             /* milliseconds until ready; negative: no limit; 0: set-up */
	int interrupt;           /* a descriptor that ends the wait when it is readable, or -1 */
	struct output *output;   /* the daemon's standard error, or NULL */
	struct manager *manager; /* a manager that waits for the launcher, or NULL */
	void (*status)(const char *text, void *data); /* or NULL */
	void *data;
	void (*pid_file)(const char *path, void *owner); /* the daemon has another one; or NULL */
	/*
	 * The last step once the daemon is up, or NULL: 0, or an error with its
	 * text, which makes the start fail.
	 */
	int (*hand_over)(struct launch *launch, void *owner);
	void *owner;
};

/* The state that the daemon has reported. */
enum await_verdict { AWAIT_NONE, AWAIT_MORE, AWAIT_UP, AWAIT_FAILED, AWAIT_CLOSED, AWAIT_BROKEN };

/* Why the start is aborted: the daemon's report, or an event in this process. */
enum await_cause { AWAIT_NO_CAUSE, AWAIT_REPORTED, AWAIT_LATE, AWAIT_INTERRUPTED, AWAIT_ERROR };

/* A wait in progress. */
struct await {
	const struct await_options *options;
	struct launch *launch;
	deadline until;             /* the daemon may extend it */
	struct channel_sent sent;   /* of the settings */
	int last_batches;           /* of messages, read after the exit */
	bool up;                    /* the daemon has reported that it is up */
	enum await_verdict verdict; /* not NONE: only the daemon's exit is awaited */
	enum await_cause cause;     /* not NOTHING: it has exited, or was killed */
	int error;                  /* reported by the daemon */
	char text[ERROR_TEXT_MAX];
	struct channel_message message; /* the last one */
};

void await_begin(struct await *wait, const struct await_options *options, struct launch *launch);

/* Events to wait for on the channel: POLLIN, perhaps POLLOUT too, or 0: none any more. */
short await_events(const struct await *wait);

/* Events to wait for on launch_exit_fd(): POLLIN, or POLLHUP: another process reaps it. */
short await_exit_events(const struct await *wait);

/* Events to wait for on the daemon's standard error: POLLIN, or 0: none any more. */
short await_output_events(const struct await *wait);

/* When to act if there is no event until then. */
deadline await_deadline(const struct await *wait);

/* There is no result yet. */
#define AWAIT_AGAIN 1

/*
 * Wait for an event, at most until the deadline.  Returns AWAIT_AGAIN; 0: the
 * daemon is up and has been released; or a negative errno with its text: the
 * daemon has exited, and *exit_status is its status, or -1.  Do not use *launch
 * after a result other than AWAIT_AGAIN.
 */
int await_step(struct await *wait, deadline until, int *exit_status);

#endif /* START_AWAIT_H */
