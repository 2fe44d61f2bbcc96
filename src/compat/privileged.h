/* SPDX-License-Identifier: MIT */
/* Users, groups and the root directory: what POSIX leaves out is optional (configure.ac). */
#ifndef COMPAT_PRIVILEGED_H
#define COMPAT_PRIVILEGED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Set all three ids: real, effective and saved.  0 or a negative errno.
 */
int compat_set_user(uid_t user);
int compat_set_group(gid_t group);

/*
 * Are these all the ids of the process?  Without a call that reads the saved ids: the real
 * and the effective ones.
 */
bool compat_has_ids(uid_t user, gid_t group);

/* setgroups(2): 0 or a negative errno; -ENOTSUP if the system has no such call. */
int compat_set_groups(size_t count, const gid_t *groups);

/*
 * getgrouplist(3): 0, or -1 if there are more groups than *size, and *size is a better size or
 * unchanged.  Without it the group database is read by functions that are not thread-safe.
 */
int compat_list_groups(const char *user, gid_t group, gid_t *list, int *size);

/* chroot(2): 0 or a negative errno; -ENOTSUP if the system has no such call. */
int compat_chroot(const char *path);

#endif /* COMPAT_PRIVILEGED_H */
