/* SPDX-License-Identifier: MIT */
/*
 * Limits, scheduling and capabilities of the daemon.
 * Not thread-safe: they concern the whole process or the calling thread.
 */
#include "process/privileges-internal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>

#include <daemonkit/privileges.h>

#include "base/error-internal.h"
#include "compat/capability.h"
#include "compat/limits.h"
#include "compat/self.h"

static rlim_t limit_value(uint64_t value)
{
	return value >= RLIM_INFINITY ? RLIM_INFINITY : (rlim_t)value;
}

/* Set the text for a failed step and its value; returns the error. */
static int privilege_error(const char *step, const char *value)
{
	bool denied = errno == EPERM || errno == EACCES;

	return error_system(-errno, "%s %s%s", step, value, denied ? " (start as root)" : "");
}

static int apply_limit(const struct privilege_limit *limit)
{
	struct rlimit wanted = { limit_value(limit->soft), limit_value(limit->hard) }, found;

	if (compat_set_limit(limit->resource, &wanted) < 0)
		return privilege_error("resource limit", compat_limit_name(limit->resource));
	if (compat_get_limit(limit->resource, &found) < 0 || found.rlim_cur != wanted.rlim_cur ||
	    found.rlim_max != wanted.rlim_max)
		return error_set(-EPERM, "resource limit %s: the system did not apply it",
				 compat_limit_name(limit->resource));
	return 0;
}

static int apply_nice(int nice)
{
	char text[16];

	snprintf(text, sizeof text, "%d", nice);
	if (setpriority(PRIO_PROCESS, 0, nice) < 0)
		return privilege_error("nice value", text);
	errno = 0;
	if (getpriority(PRIO_PROCESS, 0) != nice || errno != 0)
		return error_set(-EPERM, "nice value %d: the system did not apply it", nice);
	return 0;
}

static int apply_scheduler(int policy, int priority)
{
	int found_policy, found_priority;
	int result = compat_set_scheduler(policy, priority);
	char text[48];

	snprintf(text, sizeof text, "%d, priority %d", policy, priority);
	errno = -result;
	if (result < 0)
		return privilege_error("scheduling policy", text);
	if (compat_get_scheduler(&found_policy, &found_priority) < 0 || found_policy != policy ||
	    found_priority != priority)
		return error_set(-EPERM, "scheduling policy %s: the system did not apply it", text);
	return 0;
}

static int apply_oom_score(int adjust)
{
	char text[16];
	int result = compat_set_oom_score_adjust(adjust);

	snprintf(text, sizeof text, "%d", adjust);
	errno = -result;
	return result < 0 ? privilege_error("OOM score adjustment", text) : 0;
}

/* These apply to one thread: other threads would keep their own values. */
static int check_threads(const struct privileges *privileges)
{
	if (!privileges->has_nice && !privileges->has_scheduler && !privileges->has_capabilities &&
	    !privileges->no_new)
		return 0;
	if (compat_thread_count() > 1)
		return error_set(-EBUSY,
				 "nice value, scheduling and capabilities: other threads run, "
				 "and would keep theirs");
	return 0;
}

int privileges_apply_first(const struct privileges *privileges)
{
	int result = check_threads(privileges);

	for (size_t i = 0; i < privileges->limit_count && result == 0; i++)
		result = apply_limit(&privileges->limits[i]);
	if (result == 0 && privileges->has_nice)
		result = apply_nice(privileges->nice);
	if (result == 0 && privileges->has_scheduler)
		result = apply_scheduler(privileges->policy, privileges->priority);
	if (result == 0 && privileges->has_oom)
		result = apply_oom_score(privileges->oom);
	return result;
}

int privileges_before_user(const struct privileges *privileges)
{
	int result;

	if (!privileges->has_capabilities)
		return 0;
	result = compat_capabilities_outlive(true);
	return result < 0 ? error_system(result, "capabilities: keep them for the user") : 0;
}

int privileges_after_user(const struct privileges *privileges)
{
	int result;

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

void privileges_undo(const struct privileges *privileges)
{
	if (privileges->has_capabilities)
		compat_capabilities_outlive(false);
}

void privileges_archive(struct privileges *privileges, struct archive *archive)
{
	ARCHIVE_NUMBER(archive, privileges->limit_count);
	if (privileges->limit_count > PRIVILEGES_LIMITS) {
		privileges->limit_count = 0;
		archive->error = -EBADMSG;
	}
	for (size_t i = 0; i < privileges->limit_count; i++) {
		ARCHIVE_NUMBER(archive, privileges->limits[i].resource);
		ARCHIVE_NUMBER(archive, privileges->limits[i].soft);
		ARCHIVE_NUMBER(archive, privileges->limits[i].hard);
	}
	ARCHIVE_NUMBER(archive, privileges->has_nice);
	ARCHIVE_NUMBER(archive, privileges->nice);
	ARCHIVE_NUMBER(archive, privileges->has_scheduler);
	ARCHIVE_NUMBER(archive, privileges->policy);
	ARCHIVE_NUMBER(archive, privileges->priority);
	ARCHIVE_NUMBER(archive, privileges->has_oom);
	ARCHIVE_NUMBER(archive, privileges->oom);
	ARCHIVE_NUMBER(archive, privileges->has_capabilities);
	ARCHIVE_NUMBER(archive, privileges->capabilities);
	ARCHIVE_NUMBER(archive, privileges->no_new);
}
