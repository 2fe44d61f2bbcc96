/* SPDX-License-Identifier: MIT */
/* Lookups in the user and group databases. */
#ifndef PROCESS_ACCOUNT_H
#define PROCESS_ACCOUNT_H

#include "process/credentials.h"

/*
 * Look up a user and a group, each by name, otherwise by number; the caller
 * frees the supplementary groups.  user may be "USER:GROUP"; group may be NULL
 * for that group or the user's primary group.  A number need not be in the
 * database if the group is given as well.  Returns 0 or a negative errno with
 * its text.
 */
int account_look_up(const char *user, const char *group, struct credential *ret);

#endif /* PROCESS_ACCOUNT_H */
