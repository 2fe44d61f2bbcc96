/* SPDX-License-Identifier: MIT */
/*
 * Limits, scheduling and capabilities of the daemon.
 * Not thread-safe: they concern the whole process or the calling thread.
 */
#include "privileges.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include <daemonkit/privileges.h>

#include "compat-capability.h"
#include "compat-program.h"
#include "error.h"

static rlim_t limit_value(uint64_t value)
{
	return value >= RLIM_INFINITY ? RLIM_INFINITY : (rlim_t)value;
}

static int apply_limit(const struct privilege_limit *limit)
{
	struct rlimit wanted = { limit_value(limit->soft), limit_value(limit->hard) }, found;

	if (setrlimit(limit->resource, &wanted) < 0)
		return error_system(-errno, "resource limit %d", limit->resource);
	if (getrlimit(limit->resource, &found) < 0 || found.rlim_cur != wanted.rlim_cur ||
	    found.rlim_max != wanted.rlim_max)
		return error_set(-EPERM, "resource limit %d: it was not taken", limit->resource);
	return 0;
}

static int apply_nice(int nice)
{
	if (setpriority(PRIO_PROCESS, 0, nice) < 0)
		return error_system(-errno, "nice value %d", nice);
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) != nice || errno != 0)
		return error_set(-EPERM, "nice value %d: it was not taken", nice);
	return 0;
}

static int apply_scheduler(int policy, int priority)
{
	struct sched_param parameter = { .sched_priority = priority };

	if (sched_setscheduler(0, policy, &parameter) < 0)
		return error_system(-errno, "scheduling policy %d, priority %d", policy, priority);
	if (sched_getscheduler(0) != policy)
		return error_set(-EPERM, "scheduling policy %d: it was not taken", policy);
	return 0;
}

int privileges_apply_first(const struct privileges *privileges)
{
	int result = 0;

	for (size_t i = 0; i < privileges->limit_count && result == 0; i++)
		result = apply_limit(&privileges->limits[i]);
	if (result == 0 && privileges->has_nice)
		result = apply_nice(privileges->nice);
	if (result == 0 && privileges->has_scheduler)
		result = apply_scheduler(privileges->policy, privileges->priority);
	if (result == 0 && privileges->has_oom) {
		result = compat_set_oom_score_adjust(privileges->oom);
		if (result < 0)
			error_system(result, "OOM score adjustment %d", privileges->oom);
	}
	return result;
}

int privileges_before_user(const struct privileges *privileges)
{
	int result;

	if (!privileges->has_capabilities && !privileges->no_new)
		return 0;
	if (compat_thread_count() > 1)
		return error_set(-EBUSY, "capabilities: other threads run, and would keep theirs");
	if (!privileges->has_capabilities)
		return 0;
	result = compat_capabilities_outlive();
	return result < 0 ? error_system(result, "capabilities: keep them for the user") : 0;
}

int privileges_after_user(const struct privileges *privileges)
{
	int result = 0;

	if (privileges->has_capabilities) {
		result = compat_capabilities_limit(privileges->capabilities);
		if (result < 0)
			return error_system(result, "capabilities %#llx (start as root)",
					    (unsigned long long)privileges->capabilities);
	}
	if (privileges->no_new) {
		result = compat_no_new_privileges();
		if (result < 0)
			return error_system(result, "no new privileges");
	}
	return 0;
}

void privileges_pack(const struct privileges *privileges, struct pack *pack)
{
	pack_bytes(pack, privileges, sizeof *privileges);
}

void privileges_unpack(struct privileges *privileges, struct unpack *unpack)
{
	unpack_bytes(unpack, privileges, sizeof *privileges);
	if (privileges->limit_count > sizeof privileges->limits / sizeof *privileges->limits) {
		privileges->limit_count = 0;
		unpack->error = -EBADMSG;
	}
}
