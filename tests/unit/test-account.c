/* SPDX-License-Identifier: MIT */
/*
 * Users and groups, with a user database that returns rare errors. The linker replaces the
 * functions of the C library by those here (see tests/local.mk).
 */
#include "harness/harness.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include <daemonkit/error.h>

#include "process/account.h"
#include "process/credentials.h"

#define MANY 100
/* More groups than a process can have. */
#define ENDLESS 300000

/* What the database returns for a name, for all sizes of the buffer below this one. */
static const struct {
	const char *name;
	int error;
	size_t below;
} answers[] = {
	{ "lost", ENOENT, SIZE_MAX }, { "gone", ESRCH, SIZE_MAX },    { "broken", EIO, SIZE_MAX },
	{ "huge", ERANGE, SIZE_MAX }, { "large", ERANGE, 64 * 1024 },
};

static int error_of(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (strcmp(name, answers[i].name) == 0 && size < answers[i].below)
			return answers[i].error;
	return 0;
}

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
		      struct passwd **result);
int __wrap_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size,
		      struct group **result);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count);
struct group *__wrap_getgrent(void);

int __wrap_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size,
		      struct passwd **result)
{
	int error = error_of(name, size);

	*result = NULL;
	if (error != 0)
		return error;
	*entry = (struct passwd){ .pw_name = strcpy(buffer, name), .pw_uid = 7, .pw_gid = 8 };
	*result = entry;
	return 0;
}

int __wrap_getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size,
		      struct group **result)
{
	int error = error_of(name, size);

	*result = NULL;
	if (error != 0)
		return error;
	*entry = (struct group){ .gr_name = strcpy(buffer, name), .gr_gid = 9 };
	*result = entry;
	return 0;
}

/* Some C libraries tell how many groups there are; others leave the number unchanged. */
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
	int needed = strcmp(user, "many") == 0 || strcmp(user, "silent") == 0 ? MANY : 1;

	if (strcmp(user, "endless") == 0) {
		*count *= 2;
		return -1;
	}
	if (*count < needed) {
		if (strcmp(user, "many") == 0)
			*count = needed;
		return -1;
	}
	for (int i = 0; i < needed; i++)
		groups[i] = group + (gid_t)i;
	*count = needed;
	return needed;
}

/* All groups, where there is no getgrouplist(3): the same, after the one of the user. */
struct group *__wrap_getgrent(void)
{
	static char endless[] = "endless", many[] = "many", silent[] = "silent";
	static char *all[] = { endless, many, silent, NULL }, *few[] = { endless, NULL };
	static struct group entry;
	static gid_t next;

	if (next == ENDLESS) {
		next = 0;
		return NULL;
	}
	entry = (struct group){ .gr_gid = 8 + next, .gr_mem = next < MANY ? all : few };
	next++;
	return &entry;
}

START_TEST(errors_of_the_database_are_reported)
{
	static const struct {
		const char *user, *group;
		int error;
		const char *text;
	} cases[] = {
		{ "lost", NULL, -ENOENT, "user lost: no such user" },
		{ "gone", NULL, -ENOENT, "user gone: no such user" },
		{ "broken", NULL, -EIO, "user broken: " },
		{ "huge", NULL, -ERANGE, "user huge: " },
		{ "good", "lost", -ENOENT, "group lost: no such group" },
		{ "good", "gone", -ENOENT, "group gone: no such group" },
		{ "good", "broken", -EIO, "group broken: " },
		{ "good", "huge", -ERANGE, "group huge: " },
		{ "endless", NULL, -ENOMEM, "the groups of user endless: " },
	};
	struct credential found = { .uid = 1 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_int_eq(account_look_up(cases[i].user, cases[i].group, &found),
				 cases[i].error);
		ck_assert_msg(strncmp(daemonkit_error(), cases[i].text, strlen(cases[i].text)) == 0,
			      "%s", daemonkit_error());
		ck_assert_uint_eq(found.uid, 1);
	}
}
END_TEST

START_TEST(large_entries_are_found)
{
	struct credential found = { .groups = NULL };

	ck_assert_int_eq(account_look_up("large:large", NULL, &found), 0);
	ck_assert_uint_eq(found.uid, 7);
	ck_assert_uint_eq(found.gid, 9);
	ck_assert_uint_eq(found.group_count, 1);
	ck_assert_uint_eq(found.groups[0], 9);
	free((void *)(uintptr_t)found.groups);
}
END_TEST

START_TEST(all_groups_are_found)
{
	static const char *const users[] = { "many", "silent" };
	struct credential found = { .groups = NULL };

	ck_assert_int_eq(account_look_up(users[_i], NULL, &found), 0);
	ck_assert_uint_eq(found.group_count, MANY);
	for (gid_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(found.groups[i], 8 + i);
	free((void *)(uintptr_t)found.groups);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("account");
	TCase *database = harness_case(suite, "database");

	tcase_add_test(database, errors_of_the_database_are_reported);
	tcase_add_test(database, large_entries_are_found);
	tcase_add_loop_test(database, all_groups_are_found, 0, 2);
	return harness_main(argc, argv, suite, NULL);
}
