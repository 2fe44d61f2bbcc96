/* SPDX-License-Identifier: MIT */
/* The daemon's side of what it says to whoever waits. */
#ifndef MANAGER_NOTIFY_INTERNAL_H
#define MANAGER_NOTIFY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "manager/manager.h"

/* Begin with notify_init(). */
struct notify {
	int channel;  /* to the launcher; -1 when it does not wait any more */
	bool relayed; /* the launcher tells the manager, and says when it has */
	struct manager manager;
	int ready_fd;  /* a descriptor for a newline when ready (s6), or -1 */
	pid_t watched; /* the pid that WATCHDOG_PID may name beside our own, or 0 */
	/*
	 * The launcher is a daemon whose place is to be taken when it says so, or
	 * NULL; how to leave it to that again; and what is left to be done once that
	 * has left.
	 */
	int (*acquire)(void *data);
	void (*release)(void *data);
	void (*acquired)(void *data);
	void *data;
};

void notify_init(struct notify *notify);

/* Close what it has.  Afterwards all of these succeed and send nothing. */
void notify_close(struct notify *notify);

/* The launcher does not wait any more. */
void notify_close_channel(struct notify *notify);

/*
 * To whoever waits; each returns 0 or a negative errno with its text.  While
 * the launcher waits for the daemon it alone is told: the manager does not
 * know the daemon yet.  A status is one line: newlines in it become spaces.
 */
int notify_up(struct notify *notify, bool stays);
int notify_ready(struct notify *notify);
int notify_failed(struct notify *notify, int error, const char *text);
int notify_status(struct notify *notify, char *text);
int notify_extend(struct notify *notify, int milliseconds);

/* To the manager alone. */
int notify_reloading(struct notify *notify);
int notify_main_pid(struct notify *notify, pid_t pid);
int notify_store(struct notify *notify, const char *name, int fd, bool polled);
int notify_forget(struct notify *notify, const char *name);

/*
 * How often does the manager want to hear from this process?  1 and the
 * interval in milliseconds, or 0: it does not, or means another process.
 */
int notify_watchdog_interval(const struct notify *notify, int *milliseconds);

/*
 * In the launcher, or a daemon whose place is taken: the daemon that is up, and
 * perhaps ready, is the main process now; 0: it has ended already.
 */
int notify_hand_over(struct manager *manager, pid_t daemon, bool ready, deadline until,
		     const int *others);

/* In the launcher: pass on the daemon's status, and that it starts longer. */
int notify_relay_status(struct manager *manager, const char *text, deadline until);
int notify_relay_extend(struct manager *manager, int milliseconds, deadline until,
			const int *others);

#endif /* MANAGER_NOTIFY_INTERNAL_H */
