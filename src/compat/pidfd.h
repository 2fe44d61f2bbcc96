/* SPDX-License-Identifier: MIT */
/* Other processes: handles on them, and what the system tells about them. */
#ifndef COMPAT_PIDFD_H
#define COMPAT_PIDFD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

/*
 * A descriptor that stands for the process, close-on-exec: pidfd_open(2).
 * -ESRCH without such a process, -ENOSYS where the system has no pidfds.
 */
int compat_pidfd_open(pid_t pid);

/*
 * pidfd_send_signal(2): 0 or a negative errno; -ENOSYS where the system, or a
 * sandbox that allows pidfd_open(2), refuses the call itself.
 */
int compat_pidfd_signal(int pidfd, int signal);

/* The same with all that is to come along; and to a pid, as sigqueue(3) does it. */
int compat_pidfd_queue(int pidfd, const siginfo_t *info);
int compat_queue(pid_t pid, const siginfo_t *info);

/*
 * How a process that has been reaped ended, as wait(2) tells it; it need not
 * have been a child.  0; -EAGAIN not known (it runs, or is a zombie still);
 * -ENOTSUP where the system does not tell (Linux before 6.15).
 */
int compat_pidfd_exit_status(int pidfd, int *status);

/* What tells a process from a later one with the same pid. */
struct compat_process {
	uint64_t start; /* when it started, in ticks; 0 where that is unknown */
	bool ended;     /* it is a zombie */
};

/* Look at the process that has this pid now: 0, or -ESRCH without one. */
int compat_process_stat(pid_t pid, struct compat_process *process);

/* Whose is it?  The effective user, or 0 for a process that guards itself. */
int compat_process_owner(pid_t pid, uid_t *owner);

/* Is this signal pending for the process?  1, 0, or -ENOTSUP: nobody knows. */
int compat_process_pending(pid_t pid, int signal);

/*
 * What a signal does to the process: it handles it, or may, as it blocks it or waits
 * for it; it has the default action; it is ignored.  -ENOTSUP: nobody knows.
 */
enum compat_disposition { COMPAT_HANDLED, COMPAT_DEFAULT, COMPAT_IGNORED };
int compat_process_disposition(pid_t pid, int signal);

/*
 * Wait until then for a lock that goes with the process: a descriptor that holds it
 * (or not, when the time is over), or a negative errno where it cannot be had.  Only
 * root and the process's own user can; a holder that ends lets go of it.
 */
int compat_process_lock(pid_t pid, deadline until);

/* How long a process that started then (see above) has run: seconds, or -ENOTSUP. */
int64_t compat_process_age(uint64_t start);

#endif /* COMPAT_PIDFD_H */
