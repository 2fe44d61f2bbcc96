/* SPDX-License-Identifier: MIT */
/* Resource limits, scheduling, groups, and the OOM killer's score. */
#ifndef COMPAT_LIMITS_H
#define COMPAT_LIMITS_H

#include <stddef.h>
#include <sys/resource.h>

/* 0, a negative errno, or -ENOTSUP; the effect is verified. */
int compat_set_oom_score_adjust(int adjust);

/*
 * Set or read the scheduling policy and priority of this thread.  C libraries
 * differ in whether they apply it to the thread or the process, or do nothing.
 * 0 or -errno.
 */
int compat_set_scheduler(int policy, int priority);
int compat_get_scheduler(int *policy, int *priority);

/* The maximum number of supplementary groups of a process. */
size_t compat_groups_max(void);

/* The name of a resource limit. */
const char *compat_limit_name(int resource);

/* getrlimit(2) and setrlimit(2): C libraries differ in the type of a resource. */
int compat_get_limit(int resource, struct rlimit *limit);
int compat_set_limit(int resource, const struct rlimit *limit);

#endif /* COMPAT_LIMITS_H */
