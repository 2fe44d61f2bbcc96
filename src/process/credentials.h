/* SPDX-License-Identifier: MIT */
/* Becoming another user for good. */
#ifndef PROCESS_CREDENTIALS_H
#define PROCESS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whom a process is to become. */
struct credential {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* the supplementary ones */
	size_t group_count;
	bool keep_groups; /* leave those of the process alone instead */
};

/*
 * Change groups, group and user, in that order; a process that has all of these
 * already needs no privilege for it.  Unless capabilities are kept, every capability
 * is dropped as well, where the user is not root.  Returns 0 or a negative errno
 * with its text.  All threads change, except for capabilities.
 */
int credential_become(const struct credential *credential, bool keep);

/*
 * Prove that the process is this user and cannot regain what it had; gid_before
 * is its effective group from before the change.  Call it last: after the kept
 * capabilities were limited.  Returns 0 or a negative errno with its text.
 */
int credential_prove(const struct credential *credential, gid_t gid_before, bool keep);

#endif /* PROCESS_CREDENTIALS_H */
