/* SPDX-License-Identifier: MIT */
/*
 * Users in a user namespace: the kernel reports all that have no id there as one user, 65534,
 * which may also be the id of a user there, and even that of this process.
 */
#ifndef COMPAT_USER_H
#define COMPAT_USER_H

#include <stdbool.h>
#include <sys/types.h>

/* Does this id stand for one user and no others? */
bool compat_user_is_certain(uid_t user);

/* Is the process of this process's own user, which the kernel has reported as @user? */
bool compat_is_own_process(pid_t pid, uid_t user);

/* The same, and the group too. */
bool compat_is_own_process_and_group(pid_t pid, uid_t user, gid_t group);

/* Is the open file of this process's own user, which the kernel has reported as @owner? */
bool compat_is_own_file(int fd, uid_t owner);

#endif /* COMPAT_USER_H */
