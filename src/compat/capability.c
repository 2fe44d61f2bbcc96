/* SPDX-License-Identifier: MIT */
/*
 * Capabilities, by system calls: the C library has no functions for them.
 * They apply to the calling thread alone.
 */
#include "compat/capability.h"

#include <errno.h>
#include <string.h>
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

/* Needs CAP_SETPCAP; without it the bounding set stays as it is. */
static int limit_bounding_set(uint64_t mask)
{
	for (unsigned capability = 0; capability < 64; capability++) {
		int set = prctl(PR_CAPBSET_READ, (unsigned long)capability, 0, 0, 0);

		if (set < 0)
			return 0; /* past the last capability */
		if (set > 0 && (mask & BIT(capability)) == 0 &&
		    prctl(PR_CAPBSET_DROP, (unsigned long)capability, 0, 0, 0) < 0 &&
		    errno != EPERM)
			return -errno;
	}
	return 0;
}

/* Programs run as root, or that become root, gain no capabilities. */
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

	/* The kernel fills all of it; valgrind marks only the first half as initialized. */
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

	/* Clearing the inheritable set clears the ambient set too. */
	return set_capabilities(none);
}

/* Has this thread exactly these?  0, -EPERM, or another negative errno. */
static int check_capabilities(uint64_t mask)
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

int compat_capabilities_limit(uint64_t mask)
{
	struct __user_cap_data_struct data[2];
	int result = get_capabilities(data);

	/* The change of user has cleared the effective set; the next steps need it. */
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
	return result == 0 ? check_capabilities(mask) : result;
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
		if ((mask & BIT(capability)) != 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
							   (unsigned long)capability, 0, 0) < 0)
			result = -errno;
	return result;
}

int compat_no_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -EPERM;
}

#else
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

int compat_no_new_privileges(void)
{
	return -ENOTSUP;
}

#endif
