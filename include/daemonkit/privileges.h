/* SPDX-License-Identifier: MIT */
/*
 * Privileges and limits of the daemon: capabilities that it keeps, resource
 * limits, scheduling.
 *
 * All of these are applied and verified inside daemonkit_context_reborn(), in
 * the daemon, while it has the privileges for them; if a step fails, the start
 * fails, and the text names the step.  The order is: resource limits, nice
 * value, scheduling, OOM score; root and working directory; groups, gid, uid;
 * capabilities; no new privileges.
 *
 * Nice value, scheduling, capabilities and no new privileges apply to single
 * threads: if other threads run in the process, which is possible in mode
 * FOREGROUND, the start fails with -EBUSY before anything is changed.
 *
 * A context may be used by one thread at a time.
 */
#ifndef DAEMONKIT_PRIVILEGES_H
#define DAEMONKIT_PRIVILEGES_H

#include <stdint.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_context;

/** No limit, for daemonkit_context_set_limit(). */
#define DAEMONKIT_UNLIMITED UINT64_MAX

/**
 * daemonkit_context_set_limit - a resource limit of the daemon
 * @resource: RLIMIT_NOFILE and the like
 * @soft: the limit, or DAEMONKIT_UNLIMITED
 * @hard: the maximum to which the daemon may raise it, not below @soft
 *
 * Returns: 0 or -EINVAL (no such resource, @soft above @hard).
 * Thread safety: MT-safe on different contexts.  Follows: setrlimit(2).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_limit(struct daemonkit_context *context,
					      int resource, uint64_t soft, uint64_t hard)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_nice - the daemon's nice value
 * @nice: -20 to 19
 *
 * Returns: 0 or -EINVAL.
 * Thread safety: MT-safe on different contexts.  Follows: setpriority(2).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_nice(struct daemonkit_context *context, int nice)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_scheduler - how the daemon is scheduled
 * @policy: SCHED_FIFO, SCHED_RR, SCHED_OTHER, SCHED_BATCH, SCHED_IDLE
 * @priority: between sched_get_priority_min(2) and _max(2) for @policy
 *
 * Returns: 0 or -EINVAL.
 * Thread safety: MT-safe on different contexts.  Follows:
 * sched_setscheduler(2).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_scheduler(struct daemonkit_context *context,
						  int policy, int priority)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_oom_score_adjust - the OOM killer's score adjustment
 * @adjust: -1000 (never killed) to 1000 (killed first); a value below the
 *          current one needs CAP_SYS_RESOURCE
 *
 * Linux only; elsewhere the start fails with -ENOTSUP.
 *
 * Returns: 0 or -EINVAL.
 * Thread safety: MT-safe on different contexts.  Follows: proc(5).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_oom_score_adjust(struct daemonkit_context *context,
							 int adjust)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_keep_capability - keep one across the change of user
 * @capability: a number of <linux/capability.h>, such as CAP_NET_BIND_SERVICE
 *
 * Call this once for each capability.  The daemon then has exactly these:
 * permitted and effective, neither inheritable nor ambient, and no others in
 * its bounding set.  Programs that it starts get none, even as root or with a
 * set-user-ID bit (SECBIT_NOROOT), except kept capabilities that are also
 * granted to the program's file.  Changing the bounding set and SECBIT_NOROOT
 * needs CAP_SETPCAP, which root has; without it both stay unchanged.
 * CAP_SETUID and CAP_SETGID cannot be kept: with them the daemon could regain
 * the privileges that it gives up.
 *
 * Linux only; elsewhere the start fails with -ENOTSUP.
 *
 * Returns: 0 or -EINVAL (no such capability, or one of those two).
 * Thread safety: MT-safe on different contexts.  Follows: capabilities(7).
 * Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_keep_capability(struct daemonkit_context *context,
						    int capability)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_no_new_privileges - never gain privileges by exec
 * @on: not 0: set-user-id bits and file capabilities have no effect in the
 *      daemon and in all programs that it starts
 *
 * Linux only; elsewhere the start fails with -ENOTSUP.
 *
 * Returns: 0 or -EINVAL (NULL).
 * Thread safety: MT-safe on different contexts.  Follows:
 * PR_SET_NO_NEW_PRIVS(2const).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_no_new_privileges(struct daemonkit_context *context,
							  int on)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_PRIVILEGES_H */
