/* SPDX-License-Identifier: MIT */
/* Becoming another user for good. */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Give up this process's groups, group and user for these, in that order,
 * and prove that what was given up cannot be had back.  To keep capabilities
 * is to let them outlive this; they are to be limited then.  Returns 0 or a
 * negative errno with its text.  All threads change.
 */
int credential_become(uid_t uid, gid_t gid, const gid_t *groups, size_t count, bool keep);

/*
 * What the databases say of a user: uid, gid and supplementary groups (to be
 * freed by the caller).  group may be NULL for the user's own.  Returns 0 or
 * a negative errno with its text.
 */
int credential_look_up(const char *user, const char *group, uid_t *uid, gid_t *gid,
		       gid_t **groups, size_t *count);

#endif /* CREDENTIAL_H */
