/* SPDX-License-Identifier: MIT */
/* Internals of the command line, for the files that implement it. */
#ifndef CONTROL_CONTROL_INTERNAL_H
#define CONTROL_CONTROL_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <daemonkit/control.h>

#include "context/context-internal.h"
#include "control/terminal.h"

/* Exit codes of LSB init scripts, and those of "status" alone. */
enum {
	CONTROL_DONE = 0,
	CONTROL_FAILED = 1,
	CONTROL_NOT_IMPLEMENTED = 3,
	CONTROL_NOT_PERMITTED = 4,
	CONTROL_NOT_RUNNING = 7,

	CONTROL_STATUS_RUNNING = 0,
	CONTROL_STATUS_DEAD = 1,
	CONTROL_STATUS_STOPPED = 3,
	CONTROL_STATUS_UNKNOWN = 4,
};

struct daemonkit_control {
	struct daemonkit_context *context;
	char *name;
	int grace;
	int force;
	int reload_signal;
	int reload_timeout;
	struct terminal terminal;
	const char *doing; /* the activity that status texts refer to */
};

/* Set the activity that status texts refer to from now on. */
void control_begin(struct daemonkit_control *control, const char *doing);

int control_exit_code(int error);

/*
 * Find the running daemon: 0, or the exit code after printing the reason.  If
 * none runs, that is 0 too, and *process is NULL.
 */
int control_find(struct daemonkit_control *control, struct daemonkit_process **process);

/* "stop": the exit code. */
int control_stop(struct daemonkit_control *control);

/* "status": the exit code. */
int control_status(struct daemonkit_control *control, unsigned flags);

/* A number of seconds in its two largest units. */
void control_describe_time(char *text, size_t size, int64_t seconds);

#endif /* CONTROL_CONTROL_INTERNAL_H */
