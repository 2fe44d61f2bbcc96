/* SPDX-License-Identifier: MIT */
/* Everything that a start needs, prepared in the launcher before any process is created. */
#ifndef CONTEXT_LAUNCH_PLAN_H
#define CONTEXT_LAUNCH_PLAN_H

#include <limits.h>
#include <stdbool.h>

#include "base/archive.h"
#include "context/settings.h"
#include "start/launch.h"
#include "start/marker.h"
#include "start/output.h"

struct daemonkit_context;

/* Begin with plan_init(), end with plan_free(). */
struct plan {
	struct launch_plan launch;
	char path[PATH_MAX]; /* of the program */
	char mark[MARKER_SIZE];
	char name[16]; /* of the process */
	char **own_arguments;
	char **environment;
	int *keep;
	struct archive settings;
	struct compat_passed passed; /* with the settings */
	struct output output;        /* last, because it is large */
};

void plan_init(struct plan *plan);

/*
 * Collect the descriptors to keep: those that the caller wants kept and those
 * that the library needs; for a fork of this process also those of its signals.
 * 0 or an error with its text.
 */
int plan_keep(struct plan *plan, const struct settings *settings, bool fork);

/*
 * Choose the file that a second copy is executed from: sets plan->path, and
 * start->program if it was NULL.  0 or an error with its text.
 */
int plan_program(struct plan *plan, struct start *start);

/*
 * Prepare a second copy of the program at plan->path with these settings: 0 or
 * an error with its text.
 */
int plan_second_copy(struct plan *plan, const struct daemonkit_context *context,
		     const struct settings *settings);

/*
 * Relay what the daemon prints on standard error until it is ready: 0 and the daemon's end,
 * or an error with its text.
 */
int plan_output(struct plan *plan, int *daemon_end);

/* In a forked daemon, where the launcher's descriptors are closed already. */
void plan_disown(struct plan *plan);

void plan_free(struct plan *plan);

#endif /* CONTEXT_LAUNCH_PLAN_H */
