/* SPDX-License-Identifier: MIT */
/*
 * Containers for tests: a pid namespace and a mount namespace with its own /proc, and a user
 * namespace if the user is not root.
 */
#ifndef CONTAINER_TOOLS_H
#define CONTAINER_TOOLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "harness/harness.h"

/*
 * Whether containers can be created here. Called when tests are added; prints the reason on
 * standard error if not.
 */
bool container_is_possible(void);

/*
 * The helpers that create and enter a container. Every program that uses containers has them in
 * its array.
 */
#define CONTAINER_HELPERS                \
	{ "container", container_main }, \
	{                                \
		"enter", container_enter \
	}
int container_main(int argc, char *argv[]);
int container_enter(int argc, char *argv[]);

struct container {
	struct harness_program program; /* ends when process 1 ends */
	pid_t first;                    /* the pid of process 1 outside the container */
};

/*
 * Start a helper, with its arguments up to NULL, as process 1. It has the streams of the
 * program.
 */
struct container container_start(const char *helper, ...) __attribute__((__sentinel__));

/* Wait for process 1 to exit; return its status as of waitpid(2). */
int container_end(struct container *container);

/* The same after SIGKILL to process 1. */
int container_kill(struct container *container);

/*
 * Run a helper to its end as another process of the container; return its status as of
 * waitpid(2). It is killed when process 1 ends.
 */
int container_run(const struct container *container, const char *helper, ...)
	__attribute__((__sentinel__));

#endif /* CONTAINER_TOOLS_H */
