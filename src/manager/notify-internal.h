/* SPDX-License-Identifier: MIT */
/* Notifications from the daemon to launcher, manager and supervisor. */
#ifndef MANAGER_NOTIFY_INTERNAL_H
#define MANAGER_NOTIFY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "ipc/channel.h"
#include "manager/manager.h"

/* Begin with notify_init(). */
struct notify {
	int channel;  /* to the launcher; -1 once it no longer waits */
	bool relayed; /* the launcher notifies the manager, and reports when it has */
	struct manager manager;
	int ready_fd;  /* s6's notification descriptor, or -1 */
	pid_t watched; /* a pid other than ours that WATCHDOG_PID may contain, or 0 */
};

void notify_init(struct notify *notify);

/* Close everything.  Afterwards all functions below succeed and send nothing. */
void notify_close(struct notify *notify);

/* The launcher no longer waits. */
void notify_close_channel(struct notify *notify);

/*
 * Send a message to the launcher, wait for one of this type from it, or wait until it has
 * notified the manager of the main process, if it does: before that the manager would
 * ignore messages from this process.  0 or a negative errno with its text.
 */
int notify_send_launcher(struct notify *notify, enum channel_type type, int number,
			 const char *text, deadline until);
int notify_await_launcher(struct notify *notify, enum channel_type type);
int notify_await_relay(struct notify *notify);

/* Send the newline for which a supervisor waits: 0 or a negative errno with its text. */
int notify_supervisor(struct notify *notify);

/*
 * Notify the launcher or, if it no longer waits, the manager: while the launcher waits,
 * the manager does not know the daemon yet.  A status is one line: newlines become
 * spaces.  0 or a negative errno with its text.
 */
int notify_failed(struct notify *notify, int error, const char *text);
int notify_status(struct notify *notify, char *text);
int notify_extend(struct notify *notify, int milliseconds);

/* Notify the manager only. */
int notify_reloading(struct notify *notify);
int notify_main_pid(struct notify *notify, pid_t pid);
int notify_store(struct notify *notify, const char *name, int fd, bool polled);
int notify_forget(struct notify *notify, const char *name);

/*
 * The watchdog interval for this process: 1 and the interval in milliseconds,
 * or 0: the watchdog is off or refers to another process.
 */
int notify_watchdog_interval(const struct notify *notify, int *milliseconds);

/*
 * In the launcher, or in a predecessor: notify the manager that the daemon,
 * which is up and perhaps ready, is the main process now; daemon is 0 if it has
 * exited already.
 */
int notify_hand_over(struct manager *manager, pid_t daemon, bool ready, deadline until,
		     const int *others);

/* In the launcher: forward the daemon's status text, or its longer timeout. */
int notify_relay_status(struct manager *manager, const char *text, deadline until);
int notify_relay_extend(struct manager *manager, int milliseconds, deadline until,
			const int *others);

#endif /* MANAGER_NOTIFY_INTERNAL_H */
