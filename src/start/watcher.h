/* SPDX-License-Identifier: MIT */
/* The parent of a daemon that is not its launcher's own child. */
#ifndef START_WATCHER_H
#define START_WATCHER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The method with fork(2), for systems without compat_spawn() and for daemons
 * that keep the launcher's memory.  A first child leads a new session, creates
 * the daemon, and watches it until the launcher dismisses it.  The daemon reports
 * its pid.  The first child reports the exit status, and keeps the pid of an
 * exited daemon from being reused.
 */

/*
 * Fork twice.  Call it with all signals blocked.  Returns 1 in the launcher,
 * with *daemon, *watcher and *report (a descriptor) set; 0 in the daemon; or a
 * negative errno, without a text, in the launcher.
 */
int watcher_fork(pid_t *daemon, pid_t *watcher, int *report);

/* The daemon's status, once the report is readable: as waitpid(2), or -1. */
int watcher_read_status(int report);

/* Let the watcher exit, and reap it.  Closes the report. */
void watcher_dismiss(pid_t watcher, int report);

#endif /* START_WATCHER_H */
