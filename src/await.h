/* SPDX-License-Identifier: MIT */
/* The launcher's wait for the daemon: exactly one answer. */
#ifndef AWAIT_H
#define AWAIT_H

#include <stdbool.h>
#include <stddef.h>

#include "launch.h"
#include "manager.h"

struct await {
	const char *path; /* of the program, for the texts */
	const unsigned char *settings; /* for the second copy, or NULL */
	size_t settings_length;
	int timeout; /* milliseconds until ready, negative for ever, 0: until set up */
	int interrupt; /* a descriptor that ends the wait when readable */
	struct manager *manager; /* that waits for the launcher, or NULL */
	void (*status)(const char *text, void *data); /* or NULL */
	void *data;
};

/*
 * Wait.  Returns 0: the daemon is up, and let go of; or a negative errno with
 * its text: the daemon has ended, *exit_status is how, or -1.  *launch is
 * over in either case.
 */
int await_daemon(const struct await *await, struct launch *launch, int *exit_status);

#endif /* AWAIT_H */
