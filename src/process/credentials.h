/* SPDX-License-Identifier: MIT */
/* Changing to another user permanently. */
#ifndef PROCESS_CREDENTIALS_H
#define PROCESS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The user and groups to change to. */
struct credential {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary groups */
	size_t group_count;
	bool keep_groups; /* leave the process's groups unchanged instead */
};

/*
 * Change groups, gid and uid, in that order; a process that has all of these
 * already needs no privilege.  If the user is not root, all capabilities are
 * dropped too, unless they are to be kept.  Returns 0 or a negative errno with
 * its text.  Affects all threads, except for capabilities.
 */
int credential_become(const struct credential *credential, bool keep);

/*
 * Prove that the process is this user and cannot regain its privileges;
 * gid_before is its effective group before the change.  Call it last, after
 * limiting the kept capabilities.  Returns 0 or a negative errno with its text.
 */
int credential_prove(const struct credential *credential, gid_t gid_before, bool keep);

#endif /* PROCESS_CREDENTIALS_H */
