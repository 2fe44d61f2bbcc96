/* SPDX-License-Identifier: MIT */
/* What the databases of users and groups say. */
#ifndef PROCESS_ACCOUNT_H
#define PROCESS_ACCOUNT_H

#include "process/credentials.h"

/*
 * Look up a user and a group, each by name, or else by number; the supplementary groups
 * are to be freed by the caller.  user may be "USER:GROUP"; group may be NULL for that
 * group, or for the user's own.  A number need not be in the database, if the group is
 * given as well.  Returns 0 or a negative errno with its text.
 */
int account_look_up(const char *user, const char *group, struct credential *ret);

#endif /* PROCESS_ACCOUNT_H */
