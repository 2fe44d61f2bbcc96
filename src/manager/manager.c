/* SPDX-License-Identifier: MIT */
/*
 * Finding the service manager.
 * Thread-safe on different objects, while no thread changes the environment.
 */
#include "manager/manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error-internal.h"
#include "base/fd.h"

void manager_init(struct manager *manager)
{
	*manager = (struct manager){ .fd = -1 };
}

void manager_close(struct manager *manager)
{
	free(manager->address);
	fd_close(manager->fd);
	manager_init(manager);
}

int manager_open(struct manager *manager)
{
	const char *address = getenv("NOTIFY_SOCKET");

	manager_close(manager);
	if (address == NULL || address[0] == '\0')
		return 0;
	manager->address = strdup(address);
	return manager->address == NULL ? error_system(-ENOMEM, "NOTIFY_SOCKET") : 0;
}

void manager_adopt(struct manager *manager, char *address, int fd)
{
	manager_close(manager);
	manager->address = address;
	manager->fd = fd;
}
