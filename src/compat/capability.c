/* SPDX-License-Identifier: MIT */
/*
 * Capabilities, by the kernel's own calls (the C library has none), and what
 * else Linux grants or denies.
 * Capabilities and what is denied for good concern the calling thread alone.
 */
#include "compat/capability.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#define PR_CAP_AMBIENT_RAISE 2
#define PR_CAP_AMBIENT_CLEAR_ALL 4
#endif

#define BIT(capability) (UINT64_C(1) << (capability))

bool compat_capability_can_be_kept(int capability)
{
	return capability >= 0 && capability < 64 && capability != CAP_SETUID &&
	       capability != CAP_SETGID &&
	       prctl(PR_CAPBSET_READ, (unsigned long)capability, 0, 0, 0) >= 0;
}

int compat_capabilities_outlive(bool on)
{
	return prctl(PR_SET_KEEPCAPS, (unsigned long)on, 0, 0, 0) < 0 ? -errno : 0;
}

/* Only possible while CAP_SETPCAP is there; without it there is no need. */
static int limit_bounding_set(uint64_t mask)
{
	for (unsigned capability = 0; capability < 64; capability++) {
		int set = prctl(PR_CAPBSET_READ, (unsigned long)capability, 0, 0, 0);

		if (set < 0)
			return 0; /* there are no more */
		if (set > 0 && (mask & BIT(capability)) == 0 &&
		    prctl(PR_CAPBSET_DROP, (unsigned long)capability, 0, 0, 0) < 0 &&
		    errno != EPERM)
			return -errno;
	}
	return 0;
}

/* Root's own programs, and those that become root, get none for that reason. */
static int make_root_ordinary(void)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

	if (bits < 0)
		return -errno;
	bits |= SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
	if (prctl(PR_SET_SECUREBITS, (unsigned long)bits, 0, 0, 0) < 0 && errno != EPERM)
		return -errno;
	return 0;
}

static int get_capabilities(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	/* All of it is written; valgrind believes that of the first half only. */
	memset(data, 0, 2 * sizeof *data);
	return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

static int set_capabilities(const struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int compat_capabilities_any(void)
{
	struct __user_cap_data_struct data[2];
	int result = get_capabilities(data);

	return result < 0 ? result : data[0].permitted != 0 || data[1].permitted != 0;
}

int compat_capabilities_drop(void)
{
	static const struct __user_cap_data_struct none[2];

	/* The ambient ones go with the inheritable ones. */
	return set_capabilities(none);
}

int compat_capabilities_limit(uint64_t mask)
{
	struct __user_cap_data_struct data[2];
	int result = get_capabilities(data);

	/* What changing the user has switched off is needed once more. */
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	if (result == 0)
		result = set_capabilities(data);
	if (result == 0)
		result = limit_bounding_set(mask);
	if (result == 0)
		result = make_root_ordinary();
	if (result < 0)
		return result;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return -errno;
	memset(data, 0, sizeof data);
	for (int i = 0; i < 2; i++)
		data[i].permitted = data[i].effective = (uint32_t)(mask >> (32 * i));
	result = set_capabilities(data);
	if (result == 0 && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		result = -errno;
	return result == 0 ? compat_capabilities_check(mask) : result;
}

int compat_capabilities_pass(uint64_t mask)
{
	struct __user_cap_data_struct data[2];
	int result;

	if (mask == 0)
		return 0;
	result = get_capabilities(data);
	for (int i = 0; i < 2; i++)
		data[i].inheritable = (uint32_t)(mask >> (32 * i));
	if (result == 0)
		result = set_capabilities(data);
	for (unsigned capability = 0; capability < 64 && result == 0; capability++)
		if ((mask & BIT(capability)) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (unsigned long)capability, 0, 0) < 0)
			result = -errno;
	return result;
}

int compat_capabilities_check(uint64_t mask)
{
	struct __user_cap_data_struct data[2];
	int result = get_capabilities(data);

	for (int i = 0; i < 2 && result == 0; i++) {
		uint32_t half = (uint32_t)(mask >> (32 * i));

		if (data[i].permitted != half || data[i].effective != half ||
		    data[i].inheritable != 0)
			result = -EPERM;
	}
	return result;
}

int compat_no_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -EPERM;
}

int compat_set_oom_score_adjust(int adjust)
{
	char text[16], taken[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC), result = 0;
	size_t length = (size_t)snprintf(text, sizeof text, "%d\n", adjust);

	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != (ssize_t)length ||
	    pread(fd, taken, sizeof taken - 1, 0) < 0)
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
	return 65536; /* the kernel's number, whatever the C library's is */
}

#define OWN_LIMITS                                                                                 \
	{ RLIMIT_LOCKS, "LOCKS" }, { RLIMIT_MEMLOCK, "MEMLOCK" },                                  \
	{ RLIMIT_MSGQUEUE, "MSGQUEUE" }, { RLIMIT_NICE, "NICE" }, { RLIMIT_NPROC, "NPROC" },       \
	{ RLIMIT_RSS, "RSS" }, { RLIMIT_RTPRIO, "RTPRIO" }, { RLIMIT_RTTIME, "RTTIME" },           \
	{ RLIMIT_SIGPENDING, "SIGPENDING" },
#else
#define OWN_LIMITS

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

size_t compat_groups_max(void)
{
	long limit = sysconf(_SC_NGROUPS_MAX);

	return limit < 0 ? 65536 : (size_t)limit;
}

bool compat_capability_can_be_kept(int capability)
{
	return capability >= 0 && capability < 64;
}

int compat_capabilities_outlive(bool on)
{
	return on ? -ENOTSUP : 0;
}

int compat_capabilities_any(void)
{
	return 0;
}

int compat_capabilities_drop(void)
{
	return 0;
}

int compat_capabilities_limit(uint64_t mask)
{
	(void)mask;
	return -ENOTSUP;
}

int compat_capabilities_pass(uint64_t mask)
{
	return mask == 0 ? 0 : -ENOTSUP;
}

int compat_capabilities_check(uint64_t mask)
{
	(void)mask;
	return -ENOTSUP;
}

int compat_no_new_privileges(void)
{
	return -ENOTSUP;
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
		OWN_LIMITS
		{ RLIMIT_AS, "AS" }, { RLIMIT_CORE, "CORE" }, { RLIMIT_CPU, "CPU" },
		{ RLIMIT_DATA, "DATA" }, { RLIMIT_FSIZE, "FSIZE" },
		{ RLIMIT_NOFILE, "NOFILE" }, { RLIMIT_STACK, "STACK" },
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
