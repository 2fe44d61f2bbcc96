/* SPDX-License-Identifier: MIT */
/*
 * Resource limits, scheduling, and the OOM killer's score.
 * Limits and the score apply to the process, scheduling to the calling thread.
 */
#include "compat/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <sys/syscall.h>

int compat_set_oom_score_adjust(int adjust)
{
	char text[16], taken[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC), result = 0;
	size_t length = (size_t)snprintf(text, sizeof text, "%d\n", adjust);

	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != (ssize_t)length || pread(fd, taken, sizeof taken - 1, 0) < 0)
		result = -errno;
	else if (strcmp(taken, text) != 0)
		result = -EPERM;
	close(fd);
	return result;
}

int compat_set_scheduler(int policy, int priority)
{
	const struct sched_param parameter = { .sched_priority = priority };

	return syscall(SYS_sched_setscheduler, 0, policy, &parameter) < 0 ? -errno : 0;
}

int compat_get_scheduler(int *policy, int *priority)
{
	struct sched_param parameter = { .sched_priority = 0 };
	int found = (int)syscall(SYS_sched_getscheduler, 0);

	if (found < 0 || syscall(SYS_sched_getparam, 0, &parameter) < 0)
		return -errno;
	*policy = found;
	*priority = parameter.sched_priority;
	return 0;
}

size_t compat_groups_max(void)
{
	return 65536; /* the kernel's limit, not the C library's */
}

/* clang-format off */
#define OWN_LIMITS                                                                                 \
	{ RLIMIT_LOCKS, "LOCKS" }, { RLIMIT_MEMLOCK, "MEMLOCK" },                                  \
	{ RLIMIT_MSGQUEUE, "MSGQUEUE" }, { RLIMIT_NICE, "NICE" }, { RLIMIT_NPROC, "NPROC" },       \
	{ RLIMIT_RSS, "RSS" }, { RLIMIT_RTPRIO, "RTPRIO" }, { RLIMIT_RTTIME, "RTTIME" },           \
	{ RLIMIT_SIGPENDING, "SIGPENDING" },
/* clang-format on */
#else
#define OWN_LIMITS

#ifdef HAVE_SCHED_SETSCHEDULER
int compat_set_scheduler(int policy, int priority)
{
	const struct sched_param parameter = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &parameter) < 0 ? -errno : 0;
}

int compat_get_scheduler(int *policy, int *priority)
{
	struct sched_param parameter = { .sched_priority = 0 };
	int found = sched_getscheduler(0);

	if (found < 0 || sched_getparam(0, &parameter) < 0)
		return -errno;
	*policy = found;
	*priority = parameter.sched_priority;
	return 0;
}

#else
int compat_set_scheduler(int policy, int priority)
{
	(void)policy;
	(void)priority;
	return -ENOTSUP;
}

int compat_get_scheduler(int *policy, int *priority)
{
	(void)policy;
	(void)priority;
	return -ENOTSUP;
}
#endif

size_t compat_groups_max(void)
{
	long limit = sysconf(_SC_NGROUPS_MAX);

	return limit < 0 ? 65536 : (size_t)limit;
}

int compat_set_oom_score_adjust(int adjust)
{
	(void)adjust;
	return -ENOTSUP;
}
#endif

const char *compat_limit_name(int resource)
{
	static const struct {
		int resource;
		const char *name;
	} limits[] = {
		/* clang-format off */
		OWN_LIMITS
		{ RLIMIT_AS, "AS" }, { RLIMIT_CORE, "CORE" }, { RLIMIT_CPU, "CPU" },
		{ RLIMIT_DATA, "DATA" }, { RLIMIT_FSIZE, "FSIZE" },
		{ RLIMIT_NOFILE, "NOFILE" }, { RLIMIT_STACK, "STACK" },
		/* clang-format on */
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		if (limits[i].resource == resource)
			return limits[i].name;
	return "of another kind";
}

#ifdef __GLIBC__
typedef __rlimit_resource_t resource_number;
#else
typedef int resource_number;
#endif

int compat_get_limit(int resource, struct rlimit *limit)
{
	return getrlimit((resource_number)resource, limit) < 0 ? -errno : 0;
}

int compat_set_limit(int resource, const struct rlimit *limit)
{
	return setrlimit((resource_number)resource, limit) < 0 ? -errno : 0;
}
