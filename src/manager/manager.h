/* SPDX-License-Identifier: MIT */
/*
 * The service manager that started this process, if it listens for news: the
 * one seam between the library and systemd's notification protocol.
 */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct manager {
	char *address; /* as in the environment, or NULL: there is no manager */
	int fd;        /* a socket that stays connected, or -1 */
};

void manager_init(struct manager *manager);
void manager_close(struct manager *manager);

/*
 * Listen to the environment: is there a manager?  Without one every call below
 * succeeds and does nothing.  Returns 0, -ENOMEM, or an error with its text.
 */
int manager_open(struct manager *manager);

/* It is known from another process: its address, and a socket connected to it or -1. */
void manager_adopt(struct manager *manager, char *address, int fd);

/*
 * Connect now, to reach it still when its path cannot be looked up any more.
 * Returns 0 or a negative errno with its text.
 */
int manager_connect(struct manager *manager);

/* Send assignments, one a line, and descriptors: 0 or an error with its text. */
int manager_send(struct manager *manager, const char *assignments, const int *fds, size_t count);

/*
 * The same for one who has something else to do: -ETIMEDOUT if there is no room until
 * then, -EINTR if there is something to read from one of two other descriptors (NULL:
 * there are none) while there is no room.
 */
int manager_send_until(struct manager *manager, const char *assignments, deadline until,
		       const int *others);

/*
 * Wait until all that was sent has been read: 0, -ETIMEDOUT, or an error with
 * its text.
 */
int manager_barrier(struct manager *manager, int timeout);

#endif /* MANAGER_MANAGER_H */
