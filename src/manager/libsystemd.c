/* SPDX-License-Identifier: MIT */
/*
 * The notification protocol of systemd, spoken by libsystemd: chosen by
 * "configure --with-libsystemd" in place of manager/notify-socket.c.
 *
 * libsystemd looks the socket's path up for each message: where a daemon
 * changes its root directory, the manager has to listen at an abstract
 * address or inside of the new root.
 * Thread-safe on different objects, as long as nobody changes the environment.
 */
#include "manager/manager.h"

#include <errno.h>
#include <stdint.h>

#include <systemd/sd-daemon.h>

#include "base/error-internal.h"

int manager_connect(struct manager *manager)
{
	(void)manager;
	return 0;
}

int manager_send(struct manager *manager, const char *assignments, const int *fds,
		 size_t count)
{
	int result;

	if (manager->address == NULL)
		return 0;
	result = sd_pid_notify_with_fds(0, 0, assignments, fds, (unsigned)count);
	return result < 0 ? error_system(result, "NOTIFY_SOCKET %s", manager->address) : 0;
}

int manager_send_until(struct manager *manager, const char *assignments, const int *fds,
		       size_t count, deadline until)
{
	(void)until;
	return manager_send(manager, assignments, fds, count);
}

int manager_barrier(struct manager *manager, int timeout)
{
	int result;

	if (manager->address == NULL)
		return 0;
	result = sd_notify_barrier(0, timeout < 0 ? UINT64_MAX : (uint64_t)timeout * 1000);
	if (result == -ETIMEDOUT)
		return error_set(result, "NOTIFY_SOCKET %s: the manager has not read all in time",
				 manager->address);
	return result < 0 ? error_system(result, "NOTIFY_SOCKET %s", manager->address) : 0;
}
