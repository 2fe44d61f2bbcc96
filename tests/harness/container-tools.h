/* SPDX-License-Identifier: MIT */
/*
 * Containers for tests: a pid namespace and a mount namespace with a /proc of
 * its own; where the user is not root also a user namespace.
 */
#ifndef CONTAINER_TOOLS_H
#define CONTAINER_TOOLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "harness/harness.h"

/*
 * Can there be containers here?  Asked when tests are added; says so on
 * standard error if not.
 */
bool container_is_possible(void);

/*
 * The helpers that make a container, and that enter one: they belong into
 * the array of every program that uses this.
 */
#define CONTAINER_HELPERS                \
	{ "container", container_main }, \
	{                                \
		"enter", container_enter \
	}
int container_main(int argc, char *argv[]);
int container_enter(int argc, char *argv[]);

struct container {
	struct harness_program program; /* its end is that of process 1 */
	pid_t first;                    /* process 1, as it is called outside */
};

/*
 * Start a helper, with its arguments up to NULL, as process 1.  Its streams are
 * those of the program.
 */
struct container container_start(const char *helper, ...) __attribute__((__sentinel__));

/* Wait for the end of process 1: its status as of waitpid(2). */
int container_end(struct container *container);

/* The same after SIGKILL to process 1. */
int container_kill(struct container *container);

/*
 * Run a helper to its end as another process of the container: its status as
 * of waitpid(2).  It does not survive process 1.
 */
int container_run(const struct container *container, const char *helper, ...)
	__attribute__((__sentinel__));

#endif /* CONTAINER_TOOLS_H */
