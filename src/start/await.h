/* SPDX-License-Identifier: MIT */
/* The launcher's wait for the daemon: exactly one answer. */
#ifndef START_AWAIT_H
#define START_AWAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error-internal.h"
#include "manager/manager.h"
#include "start/launch.h"

struct await_options {
	const char *path;              /* of the program, for the texts */
	const unsigned char *settings; /* for the second copy, or NULL */
	size_t settings_length;
	int timeout;             /* milliseconds until ready, negative for ever, 0: until set up */
	int interrupt;           /* a descriptor that ends the wait when readable, or -1 */
	struct manager *manager; /* that waits for the launcher, or NULL */
	void (*status)(const char *text, void *data); /* or NULL */
	void *data;
	/*
	 * What is left to do when the daemon is up, or NULL: 0, or an error with
	 * its text, and there will be no daemon.
	 */
	int (*hand_over)(struct launch *launch, void *owner);
	void *owner;
};

/* What the daemon has said of itself. */
enum await_verdict { AWAIT_NONE, AWAIT_UP, AWAIT_FAILED, AWAIT_CLOSED, AWAIT_BROKEN };

/* Why it does not go on: what it has said, or what has happened here. */
enum await_cause { AWAIT_NOTHING, AWAIT_SAID, AWAIT_LATE, AWAIT_INTERRUPTED, AWAIT_ERROR };

/* A wait that has begun. */
struct await {
	const struct await_options *options;
	struct launch *launch;
	deadline until;             /* the daemon may ask for more */
	size_t sent;                /* of the settings */
	bool up;                    /* it has said so */
	enum await_verdict verdict; /* not NONE: it is about to end, and only that is waited for */
	enum await_cause cause;     /* not NOTHING: it has ended, or was killed */
	int error;                  /* that it gave */
	char text[ERROR_TEXT_MAX];
};

void await_begin(struct await *wait, const struct await_options *options, struct launch *launch);

/* What is waited for at the channel: POLLIN, POLLOUT too, or 0: nothing any more. */
short await_events(const struct await *wait);

/* And at the daemon's end: POLLIN, or POLLHUP: that another process reaps it. */
short await_end_events(const struct await *wait);

/* When there is something to do though nothing has happened there. */
deadline await_deadline(const struct await *wait);

/* There is no answer yet. */
#define AWAIT_AGAIN 1

/*
 * Wait for something to happen, until then: AWAIT_AGAIN; 0: the daemon is up,
 * and let go of; or a negative errno with its text: the daemon has ended,
 * *exit_status is how, or -1.  *launch is over after any but the first.
 */
int await_step(struct await *wait, deadline until, int *exit_status);

/* All of it. */
int await_daemon(const struct await_options *options, struct launch *launch, int *exit_status);

#endif /* START_AWAIT_H */
