/* SPDX-License-Identifier: MIT */
/*
 * Users, groups and the root directory.
 * Not thread-safe: they belong to the whole process.
 */
#include "compat/privileged.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_SETRESUID
int compat_set_user(uid_t user)
{
	return setresuid(user, user, user) < 0 ? -errno : 0;
}

int compat_set_group(gid_t group)
{
	return setresgid(group, group, group) < 0 ? -errno : 0;
}

bool compat_has_ids(uid_t user, gid_t group)
{
	uid_t real, effective, saved;
	gid_t real_group, effective_group, saved_group;

	return getresuid(&real, &effective, &saved) == 0 &&
	       getresgid(&real_group, &effective_group, &saved_group) == 0 && real == user &&
	       effective == user && saved == user && real_group == group &&
	       effective_group == group && saved_group == group;
}
#else
/* When the real id is set, the saved one becomes the effective one. */
int compat_set_user(uid_t user)
{
	return setreuid(user, user) < 0 ? -errno : 0;
}

int compat_set_group(gid_t group)
{
	return setregid(group, group) < 0 ? -errno : 0;
}

bool compat_has_ids(uid_t user, gid_t group)
{
	return getuid() == user && geteuid() == user && getgid() == group && getegid() == group;
}
#endif

int compat_set_groups(size_t count, const gid_t *groups)
{
#ifdef HAVE_SETGROUPS
	return setgroups(count, groups) < 0 ? -errno : 0;
#else
	(void)count;
	(void)groups;
	return -ENOTSUP;
#endif
}

#ifdef HAVE_GETGROUPLIST
int compat_list_groups(const char *user, gid_t group, gid_t *list, int *size)
{
	return getgrouplist(user, group, list, size) < 0 ? -1 : 0;
}
#else
static bool is_member(const struct group *group, const char *user)
{
	for (char **member = group->gr_mem; *member != NULL; member++)
		if (strcmp(*member, user) == 0)
			return true;
	return false;
}

int compat_list_groups(const char *user, gid_t group, gid_t *list, int *size)
{
	const struct group *entry;
	int count = 0, room = *size;

	if (room > 0)
		list[count] = group;
	count++;
	setgrent();                            /* NOLINT(concurrency-mt-unsafe) */
	while ((entry = getgrent()) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
		if (entry->gr_gid == group || !is_member(entry, user))
			continue;
		if (count < room)
			list[count] = entry->gr_gid;
		count++;
	}
	endgrent(); /* NOLINT(concurrency-mt-unsafe) */
	*size = count;
	return count <= room ? 0 : -1;
}
#endif

int compat_chroot(const char *path)
{
#ifdef HAVE_CHROOT
	return chroot(path) < 0 ? -errno : 0;
#else
	(void)path;
	return -ENOTSUP;
#endif
}
