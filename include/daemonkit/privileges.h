/* SPDX-License-Identifier: MIT */
/*
 * What the daemon may do beside being its user: capabilities that it keeps,
 * resource limits, scheduling.
 *
 * All of it is applied inside daemonkit_context_reborn(), in the daemon, while
 * the privileges for it are there, and verified; when a step fails the start
 * fails, and the text names the step.  The order is: resource limits, nice
 * value, scheduling, OOM score; root and working directory; groups, gid, uid;
 * capabilities; no new privileges.
 *
 * Nice value, scheduling, capabilities and no new privileges are each
 * thread's own: while other threads run in the daemon-to-be, which is
 * possible in mode FOREGROUND, the start fails with -EBUSY before anything has
 * changed.
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
 * @resource: RLIMIT_NOFILE and its like
 * @soft: the limit, or DAEMONKIT_UNLIMITED
 * @hard: up to where the daemon may raise it, not below @soft
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
 * @priority: within what sched_get_priority_min(2) and _max give for @policy
 *
 * Returns: 0 or -EINVAL.
 * Thread safety: MT-safe on different contexts.  Follows:
 * sched_setscheduler(2).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_scheduler(struct daemonkit_context *context,
						  int policy, int priority)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_oom_score_adjust - who is killed when memory is short
 * @adjust: -1000 (never) to 1000 (first); below the present value it needs
 *          CAP_SYS_RESOURCE
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
 * May be called for several.  The daemon then has just these: permitted and
 * effective, neither inheritable nor ambient, and no others in its bounding
 * set.  Programs that it starts get none, also when root or a set-user-id bit
 * runs them (SECBIT_NOROOT), but for those that the program's file itself is
 * granted and that are kept here.  Bounding set and SECBIT_NOROOT need
 * CAP_SETPCAP, which root has: one who starts without it leaves both as they
 * are.
 * CAP_SETUID and CAP_SETGID cannot be kept: they are the way back to what is
 * given up.
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
 * daemonkit_context_set_no_new_privileges - no program may give it more
 * @on: not 0: set-user-id bits and file capabilities have no effect in the
 *      daemon and in all that it starts
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
