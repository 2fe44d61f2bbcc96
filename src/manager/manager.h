/* SPDX-License-Identifier: MIT */
/*
 * The service manager that started this process, if it accepts notifications:
 * the only interface between the library and systemd's notification protocol.
 */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct manager {
	char *address; /* as in the environment, or NULL: no manager */
	int fd;        /* a connected socket, or -1 */
};

void manager_init(struct manager *manager);
void manager_close(struct manager *manager);

/*
 * Read the manager's address from the environment.  Without a manager every
 * call below succeeds and does nothing.  Returns 0, -ENOMEM, or an error with
 * its text.
 */
int manager_open(struct manager *manager);

/* Use a manager received from another process: its address, and a socket connected to it or -1. */
void manager_adopt(struct manager *manager, char *address, int fd);

/*
 * Connect now, so that the manager can be reached even when its path is no longer accessible.
 * If this fails, the first message fails too, and reports the reason.
 */
void manager_connect(struct manager *manager);

/* Send assignments, one per line, and descriptors: 0 or an error with its text. */
int manager_send(struct manager *manager, const char *assignments, const int *fds, size_t count);

/*
 * Like manager_send(), for a caller that must not block: -ETIMEDOUT if the
 * queue is still full at the deadline, -EINTR if one of two other descriptors
 * (NULL: none) becomes readable while the queue is full.
 */
int manager_send_until(struct manager *manager, const char *assignments, deadline until,
		       const int *others);

/*
 * Wait until the manager has read all messages: 0, -ETIMEDOUT, or an error with
 * its text.
 */
int manager_barrier(struct manager *manager, int timeout);

#endif /* MANAGER_MANAGER_H */
