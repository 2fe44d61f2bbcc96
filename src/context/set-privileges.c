/* SPDX-License-Identifier: MIT */
/*
 * The context: the setters of limits, scheduling and capabilities.
 * Thread-safe on different contexts.
 */
#include <daemonkit/privileges.h>

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>

#include "compat/capability.h"
#include "compat/limits.h"
#include "context/context-internal.h"

/* Find or add the entry of this resource; NULL if there is no space. */
static struct privilege_limit *find_limit(struct privileges *privileges, int resource)
{
	size_t i = 0;

	while (i < privileges->limit_count && privileges->limits[i].resource != resource)
		i++;
	if (i == PRIVILEGES_LIMITS)
		return NULL;
	if (i == privileges->limit_count)
		privileges->limit_count++;
	return &privileges->limits[i];
}

int daemonkit_context_set_limit(struct daemonkit_context *context, int resource, uint64_t soft,
				uint64_t hard)
{
	struct privilege_limit *limit;
	struct rlimit now;

	if (context == NULL)
		return error_null(__func__);
	if (resource < 0 || compat_get_limit(resource, &now) < 0)
		return error_set(-EINVAL, "resource %d: no such resource", resource);
	if (soft > hard)
		return error_set(-EINVAL, "resource limit %s: the soft limit is above the hard one",
				 compat_limit_name(resource));
	limit = find_limit(&context->settings.privileges, resource);
	if (limit == NULL)
		return error_set(-EINVAL, "resource limit %s: too many of them",
				 compat_limit_name(resource));
	*limit = (struct privilege_limit){ .resource = resource, .soft = soft, .hard = hard };
	return 0;
}

int daemonkit_context_set_nice(struct daemonkit_context *context, int nice)
{
	if (context == NULL)
		return error_null(__func__);
	if (nice < -20 || nice > 19)
		return error_set(-EINVAL, "nice value %d: not within -20 and 19", nice);
	context->settings.privileges.has_nice = true;
	context->settings.privileges.nice = nice;
	return 0;
}

int daemonkit_context_set_scheduler(struct daemonkit_context *context, int policy, int priority)
{
	int lowest = sched_get_priority_min(policy), highest = sched_get_priority_max(policy);

	if (context == NULL)
		return error_null(__func__);
	if (lowest < 0 || highest < 0)
		return error_set(-EINVAL, "scheduling policy %d: no such policy", policy);
	if (priority < lowest || priority > highest)
		return error_set(-EINVAL, "scheduling priority %d: not within %d and %d", priority,
				 lowest, highest);
	context->settings.privileges.has_scheduler = true;
	context->settings.privileges.policy = policy;
	context->settings.privileges.priority = priority;
	return 0;
}

int daemonkit_context_set_oom_score_adjust(struct daemonkit_context *context, int adjust)
{
	if (context == NULL)
		return error_null(__func__);
	if (adjust < -1000 || adjust > 1000)
		return error_set(-EINVAL, "OOM score adjustment %d: not within -1000 and 1000",
				 adjust);
	context->settings.privileges.has_oom = true;
	context->settings.privileges.oom = adjust;
	return 0;
}

int daemonkit_context_keep_capability(struct daemonkit_context *context, int capability)
{
	if (context == NULL)
		return error_null(__func__);
	if (!compat_capability_can_be_kept(capability))
		return error_set(
			-EINVAL,
			"capability %d: no such capability, or one that leads back to root",
			capability);
	context->settings.privileges.has_capabilities = true;
	context->settings.privileges.capabilities |= UINT64_C(1) << capability;
	return 0;
}

int daemonkit_context_set_no_new_privileges(struct daemonkit_context *context, int on)
{
	if (context == NULL)
		return error_null(__func__);
	context->settings.privileges.no_new = on != 0;
	return 0;
}
