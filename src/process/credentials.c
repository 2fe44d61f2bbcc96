/* SPDX-License-Identifier: MIT */
/*
 * Changing to another user permanently.
 * Not thread-safe: it changes the whole process.
 */
#include "process/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "compat/capability.h"
#include "compat/privileged.h"
#include "compat/self.h"

static int compare_groups(const void *one, const void *other)
{
	gid_t a = *(const gid_t *)one, b = *(const gid_t *)other;

	return (a > b) - (a < b);
}

/* Sorted copies, because the kernel may list the groups in another order. */
static gid_t *sort_groups(const gid_t *groups, size_t count)
{
	gid_t *copy = calloc(count + 1, sizeof *copy);

	if (copy != NULL && count > 0) {
		memcpy(copy, groups, count * sizeof *copy);
		qsort(copy, count, sizeof *copy, compare_groups);
	}
	return copy;
}

/* Are the sets equal, except for one group that may be in either of them? */
static bool same_groups(const gid_t *have, size_t have_count, const gid_t *want, size_t want_count,
			gid_t except)
{
	for (size_t i = 0; i < have_count; i++)
		if (have[i] != except &&
		    bsearch(&have[i], want, want_count, sizeof *want, compare_groups) == NULL)
			return false;
	for (size_t i = 0; i < want_count; i++)
		if (want[i] != except &&
		    bsearch(&want[i], have, have_count, sizeof *have, compare_groups) == NULL)
			return false;
	return true;
}

/*
 * 1 if the process has the requested supplementary groups, 0 if not, or a negative errno.
 */
static int has_groups(const struct credential *credential)
{
	int have_count = getgroups(0, NULL), result = -ENOMEM;
	gid_t *unsorted = NULL, *have = NULL, *want = NULL;

	if (credential->keep_groups)
		return 1;
	if (have_count < 0)
		return -errno;
	unsorted = calloc((size_t)have_count + 1, sizeof *unsorted);
	if (unsorted == NULL)
		goto out;
	have_count = getgroups(have_count, unsorted);
	if (have_count < 0) {
		result = -errno;
		goto out;
	}
	have = sort_groups(unsorted, (size_t)have_count);
	want = sort_groups(credential->groups, credential->group_count);
	/* The process's own group gives the same access whether or not it is listed. */
	if (have != NULL && want != NULL)
		result = same_groups(have, (size_t)have_count, want, credential->group_count,
				     credential->gid);
out:
	free(unsorted);
	free(have);
	free(want);
	return result;
}

static int change_ids(const struct credential *credential)
{
	uid_t uid = credential->uid;
	gid_t gid = credential->gid;
	int result = has_groups(credential);

	if (result < 0)
		return error_system(result, "getgroups");
	/* If the process has all of these already, no privilege is needed. */
	if (result == 1 && compat_has_ids(uid, gid))
		return 0;
	if (!credential->keep_groups)
		result = compat_set_groups(credential->group_count, credential->groups);
	if (result < 0)
		return error_system(result,
				    "setgroups for user %lu (start as root, or keep "
				    "the groups: daemonkit_context_keep_groups)",
				    (unsigned long)uid);
	result = compat_set_group(gid);
	if (result < 0)
		return error_system(result, "setgid %lu (start as root)", (unsigned long)gid);
	result = compat_set_user(uid);
	if (result < 0)
		return error_system(result, "setuid %lu (start as root)", (unsigned long)uid);
	return 0;
}

/*
 * The kernel drops the capabilities when root changes to another user, but not for a
 * process that is that user already, or whose securebits prevent it.
 */
static int drop_capabilities(uid_t uid)
{
	int any = compat_capabilities_any(), result = any;

	/* Other threads would keep their capabilities. */
	if (any > 0 && compat_thread_count() > 1)
		return error_set(-EBUSY,
				 "becoming user %lu: the process has capabilities and other "
				 "threads, which would keep theirs",
				 (unsigned long)uid);
	if (any > 0)
		result = compat_capabilities_drop();
	return result < 0 ? error_system(result, "becoming user %lu: drop the capabilities",
					 (unsigned long)uid)
			  : 0;
}

int credential_become(const struct credential *credential, bool keep)
{
	int result;

	/* Override an earlier setting by the program. */
	if (!keep)
		compat_capabilities_outlive(false);
	result = change_ids(credential);
	if (result == 0 && !keep && credential->uid != 0)
		result = drop_capabilities(credential->uid);
	return result;
}

/*
 * Root keeps all privileges.  For any other user, try every way of regaining privileges:
 * each must fail.  Capabilities that are only permitted let none of these calls succeed,
 * but they too can be regained, so check for them.
 */
int credential_prove(const struct credential *credential, gid_t gid_before, bool keep)
{
	uid_t uid = credential->uid;
	gid_t gid = credential->gid;
	int any = keep ? 0 : compat_capabilities_any();

	if (!compat_has_ids(uid, gid) || has_groups(credential) != 1)
		return error_set(-EPERM, "becoming user %lu, group %lu: the ids did not all change",
				 (unsigned long)uid, (unsigned long)gid);
	if (uid == 0)
		return 0;
	if (any < 0)
		return error_system(any, "becoming user %lu: the capabilities that are left",
				    (unsigned long)uid);
	if (any != 0 || setuid(0) == 0 || seteuid(0) == 0 || compat_set_groups(0, NULL) == 0 ||
	    (gid_before != gid && (setgid(gid_before) == 0 || setegid(gid_before) == 0)))
		return error_set(-EPERM, "becoming user %lu: privileges can be regained",
				 (unsigned long)uid);
	return 0;
}
