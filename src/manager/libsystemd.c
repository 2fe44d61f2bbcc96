/* SPDX-License-Identifier: MIT */
/*
 * The notification protocol of systemd by way of libsystemd: "configure
 * --with-libsystemd" selects this file in place of manager/notify-socket.c.
 *
 * libsystemd looks up the socket's path for each message: if the daemon changes its root
 * directory, the manager must listen at an abstract address or inside the new root.
 * Thread-safe on different objects, while no thread changes the environment.
 */
#include "manager/manager.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "manager/notify-address.h"

void manager_connect(struct manager *manager)
{
	(void)manager;
}

int manager_send(struct manager *manager, const char *assignments, const int *fds, size_t count)
{
	int result;

	if (manager->address == NULL)
		return 0;
	result = sd_pid_notify_with_fds(0, 0, assignments, fds, (unsigned)count);
	return result < 0 ? error_system(result, "NOTIFY_SOCKET %s", manager->address) : 0;
}

/*
 * libsystemd blocks while the queue is full: call it only when there is space.  Another
 * sender that fills the queue at that moment could still delay it.
 */
static int await_room(const struct manager *manager, deadline until, const int *others)
{
	struct pollfd writable = { .fd = manager_address_connect(manager->address),
				   .events = POLLOUT };
	int result = writable.fd < 0 ? writable.fd : deadline_poll_unless(&writable, others, until);

	fd_close(writable.fd);
	if (result == 0)
		result = -ETIMEDOUT;
	return result < 0 ? error_system(result, "NOTIFY_SOCKET %s", manager->address) : 0;
}

int manager_send_until(struct manager *manager, const char *assignments, deadline until,
		       const int *others)
{
	int result = manager->address == NULL ? 0 : await_room(manager, until, others);

	return result < 0 ? result : manager_send(manager, assignments, NULL, 0);
}

int manager_barrier(struct manager *manager, int timeout)
{
	deadline until = deadline_after(timeout), now;
	int result;

	if (manager->address == NULL)
		return 0;
	result = await_room(manager, until, NULL);
	now = deadline_now();
	if (result == 0)
		result = sd_notify_barrier(0, until == DEADLINE_NEVER ? UINT64_MAX
					      : until > now           ? (uint64_t)(until - now)
								      : 0);
	if (result == -ETIMEDOUT)
		return error_set(result, "NOTIFY_SOCKET %s: the manager has not read all in time",
				 manager->address);
	return result < 0 ? error_system(result, "NOTIFY_SOCKET %s", manager->address) : 0;
}
