/* SPDX-License-Identifier: MIT */
/* Other processes: pidfds, and information about processes. */
#ifndef COMPAT_PIDFD_H
#define COMPAT_PIDFD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"

/*
 * pidfd_open(2), close-on-exec.  -ESRCH if there is no such process, -ENOSYS if
 * the system has no pidfds.
 */
int compat_pidfd_open(pid_t pid);

/*
 * pidfd_send_signal(2), with this information or NULL: 0 or a negative errno;
 * -ENOSYS if the system has no such call, or a sandbox that allows pidfd_open(2)
 * refuses it.
 */
int compat_pidfd_signal(int pidfd, int signal, const siginfo_t *info);

/*
 * Send a signal with this information by pid, as sigqueue(3) does; without the information
 * where there are no replies.
 */
int compat_queue(pid_t pid, const siginfo_t *info);

/*
 * The status of a reaped process, as wait(2) returns it; it need not have been
 * a child.  0; -EAGAIN if not known (it runs, or is still a zombie); -ENOTSUP
 * if the system does not provide it (Linux before 6.15).
 */
int compat_pidfd_exit_status(int pidfd, int *status);

/* Distinguishes a process from a later one with the same pid. */
struct compat_process {
	uint64_t start; /* start time in ticks; 0 if unknown */
	bool ended;     /* it is a zombie */
};

/* Examine the process that has this pid now: 0, or -ESRCH if there is none. */
int compat_process_stat(pid_t pid, struct compat_process *process);

/* The owner: the effective user, or 0 for a process that is not dumpable. */
int compat_process_owner(pid_t pid, uid_t *owner);

/* Is this signal pending for the process?  1, 0, or -ENOTSUP: unknown. */
int compat_process_pending(pid_t pid, int signal);

/*
 * The effect of a signal on the process: it is handled, or may be, as it is
 * blocked or waited for; the default action; or it is ignored.  -ENOTSUP:
 * unknown.
 */
enum compat_disposition { COMPAT_HANDLED, COMPAT_DEFAULT, COMPAT_IGNORED };
int compat_process_disposition(pid_t pid, int signal);

/*
 * Acquire a lock associated with the process, waiting until the deadline.
 * Returns a descriptor (which does not have the lock after a timeout), or a
 * negative errno if the lock is not available.  Only root and the process's own
 * user can acquire it; it is released when its owner exits.
 */
int compat_process_lock(pid_t pid, deadline until);

/* The running time of a process with this start time: seconds, or -ENOTSUP. */
int64_t compat_process_age(uint64_t start);

#endif /* COMPAT_PIDFD_H */
