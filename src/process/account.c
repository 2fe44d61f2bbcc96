/* SPDX-License-Identifier: MIT */
/*
 * Lookups in the user and group databases.
 * Thread-safe.
 */
#include "process/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error-internal.h"
#include "compat/limits.h"
#include "compat/privileged.h"

/* The initial buffer size for a database entry; it grows as needed. */
#define BUFFER_FIRST 1024
#define BUFFER_LAST (1024 * 1024)

/* The largest id: system calls take the next one as "none". */
#define ID_MAX (UINT32_MAX - 1)

struct user {
	uid_t uid;
	gid_t gid;
	char *name; /* in the database; to be freed */
};

static bool is_number(const char *text, uint64_t *number)
{
	return decimal_parse(text, strlen(text), ID_MAX, number) == 0;
}

/* Some C libraries report a missing entry, or a missing /etc/passwd, by these errors. */
static int without_account(int error)
{
	return error == ENOENT || error == ESRCH ? 0 : error;
}

/*
 * Look up a user by name, or by number if the name is NULL: 1, 0 if there is no such
 * user, or -errno.
 */
static int read_user(const char *name, uid_t uid, struct user *user)
{
	for (size_t size = BUFFER_FIRST; size <= BUFFER_LAST; size *= 4) {
		char *buffer = malloc(size), *copy = NULL;
		struct passwd entry, *found = NULL;
		int error = ENOMEM;

		if (buffer != NULL && name != NULL)
			error = getpwnam_r(name, &entry, buffer, size, &found);
		else if (buffer != NULL)
			error = getpwuid_r(uid, &entry, buffer, size, &found);
		if (found != NULL) {
			copy = strdup(entry.pw_name);
			error = copy == NULL ? ENOMEM : 0;
			*user = (struct user){ entry.pw_uid, entry.pw_gid, copy };
		}
		free(buffer);
		if (error != ERANGE)
			return copy != NULL ? 1 : -without_account(error);
	}
	return -ERANGE;
}

/* Look up a group's gid by name: 1, 0 if there is no such group, or -errno. */
static int read_group(const char *name, gid_t *gid)
{
	for (size_t size = BUFFER_FIRST; size <= BUFFER_LAST; size *= 4) {
		char *buffer = malloc(size);
		struct group entry, *found = NULL;
		int error = buffer == NULL ? ENOMEM
					   : getgrnam_r(name, &entry, buffer, size, &found);

		if (found != NULL)
			*gid = entry.gr_gid;
		free(buffer);
		if (error != ERANGE)
			return found != NULL ? 1 : -without_account(error);
	}
	return -ERANGE;
}

/* 0 (without a name for a number that is not in the database), or an error with its text. */
static int find_user(const char *name, bool with_group, struct user *user)
{
	int result = read_user(name, 0, user);
	uint64_t number;

	if (result == 0 && is_number(name, &number)) {
		*user = (struct user){ .uid = (uid_t)number };
		result = read_user(NULL, (uid_t)number, user);
		if (result == 0 && !with_group)
			return error_set(
				-ENOENT,
				"user %s: not in the user database: give its group too (%s:GROUP)",
				name, name);
	} else if (result == 0) {
		return error_set(-ENOENT, "user %s: no such user", name);
	}
	return result < 0 ? error_system(result, "user %s", name) : 0;
}

static int find_group(const char *name, gid_t *gid)
{
	int result = read_group(name, gid);
	uint64_t number;

	if (result < 0)
		return error_system(result, "group %s", name);
	if (result == 0 && !is_number(name, &number))
		return error_set(-ENOENT, "group %s: no such group", name);
	if (result == 0)
		*gid = (gid_t)number;
	return 0;
}

/* The group and the user's supplementary groups: 0 or an error with its text. */
static int list_groups(const char *user, struct credential *credential)
{
	gid_t *list = NULL;
	int size = 16;

	for (;;) {
		int capacity = size;
		gid_t *larger = realloc(list, (size_t)size * sizeof *larger);

		if (larger == NULL || (size_t)size > 4 * compat_groups_max()) {
			free(larger != NULL ? larger : list);
			return error_system(-ENOMEM, "the groups of user %s", user);
		}
		list = larger;
		if (compat_list_groups(user, credential->gid, list, &size) == 0)
			break;
		size = size > capacity ? size : 2 * capacity;
	}
	credential->groups = list;
	credential->group_count = (size_t)size;
	return 0;
}

static int look_up_account(const char *name, const char *group, struct credential *ret)
{
	struct credential found = { .groups = NULL };
	struct user user = { .name = NULL };
	int result = find_user(name, group != NULL, &user);

	if (result < 0)
		return result;
	found.uid = user.uid;
	found.gid = user.gid;
	if (group != NULL)
		result = find_group(group, &found.gid);
	/* A number without a database entry is not a member of any other group. */
	if (result == 0)
		result = list_groups(user.name != NULL ? user.name : name, &found);
	free(user.name);
	if (result == 0)
		*ret = found;
	return result;
}

int account_look_up(const char *user, const char *group, struct credential *ret)
{
	const char *colon = strchr(user, ':');
	char *name;
	int result;

	if (colon == NULL)
		return look_up_account(user, group, ret);
	if (group != NULL || colon == user || colon[1] == '\0')
		return error_set(-EINVAL, "user \"%s\": neither USER nor USER:GROUP", user);
	name = strndup(user, (size_t)(colon - user));
	if (name == NULL)
		return error_system(-ENOMEM, "user %s", user);
	result = look_up_account(name, colon + 1, ret);
	free(name);
	return result;
}
