/* SPDX-License-Identifier: MIT */
/* Internals of pid files: why one is refused, its place, its text, and its handover. */
#include "harness/pidfile-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "compat/ofd-lock.h"
#include "harness/harness.h"
#include "pidfile/location.h"
#include "pidfile/owner.h"
#include "pidfile/pidfile-internal.h"

START_TEST(each_claim_has_an_error)
{
	static const struct {
		struct pidfile_claim claim;
		int error;
		const char *text;
	} claims[] = {
		{ { .kind = PIDFILE_CLAIM_HOLDER, .pid = 7 }, -EALREADY, "held by process 7" },
		{ { .kind = PIDFILE_CLAIM_OTHER, .pid = 7 }, -EALREADY, "held by process 7" },
		{ { .kind = PIDFILE_CLAIM_UNSEEN }, -EALREADY, "not visible here" },
		{ { .kind = PIDFILE_CLAIM_LEASED }, -ENOLCK, "has a lease" },
		{ { .kind = PIDFILE_CLAIM_READER, .pid = 7 }, -ENOLCK, "reading by process 7" },
		{ { .kind = PIDFILE_CLAIM_READER }, -ENOLCK, "reading by another process" },
		{ { .kind = PIDFILE_CLAIM_UNKNOWN }, -ENOLCK, "the file names none" },
		{ { .kind = PIDFILE_CLAIM_UNKNOWN, .pid = 7, .error = -EACCES },
		  -ENOLCK,
		  "process 7, which the file names, cannot be examined" },
		{ { .kind = PIDFILE_CLAIM_NONE }, -ESTALE, "keeps replacing" },
		{ { .kind = PIDFILE_CLAIM_LINKED }, -ESTALE, "keeps replacing" },
		{ { .kind = PIDFILE_CLAIM_LEFT }, -ESTALE, "keeps replacing" },
	};

	for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
		ck_assert_int_eq(pidfile_claim_refuse(&claims[i].claim, "/x"), claims[i].error);
		ck_assert_msg(strstr(daemonkit_error(), claims[i].text) != NULL, "%s",
			      daemonkit_error());
	}
}
END_TEST

START_TEST(long_paths_are_refused)
{
	struct pidfile_place place;
	char path[PATH_MAX + NAME_MAX + 10];

	memset(path, 'x', sizeof path);
	path[sizeof path - 1] = '\0';
	/* The name, and the directory. */
	ck_assert_int_eq(pidfile_place_open(&place, path), -ENAMETOOLONG);
	path[sizeof path - 4] = '/';
	ck_assert_int_eq(pidfile_place_open(&place, path), -ENAMETOOLONG);
}
END_TEST

START_TEST(large_file_is_no_pid_file)
{
	const char *path = harness_path("x");
	char text[4098];
	int fd;

	memset(text, ' ', sizeof text);
	text[4096] = '\0';
	harness_write_file(path, text);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(pidfile_text_check(fd), 0);
	close(fd);
	text[4096] = ' ';
	text[4097] = '\0';
	harness_write_file(path, text);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(pidfile_text_check(fd), -EBADMSG);
	close(fd);
}
END_TEST

/* The successor finds that another process was faster. */
START_TEST(handover_to_late_successor_is_refused)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper = keeper_start(path, 0, NULL);
	struct daemonkit_pidfile *pidfile = NULL;
	char text[64];

	harness_need_ofd_locks();
	ck_assert_int_eq(keeper.result, 0);
	ck_assert_int_eq(pidfile_inherit(&pidfile, path, open(path, O_RDWR | O_CLOEXEC)), 0);
	ck_assert_int_eq(pidfile_acquire(pidfile), -EALREADY);
	snprintf(text, sizeof text, "held by process %ld", (long)keeper.pid);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), text));
	/* Nor can this process hand it over. */
	ck_assert_int_eq(pidfile_can_hand_over(pidfile), -ENOLCK);
	daemonkit_pidfile_close(pidfile);
	keeper_end(&keeper);
}
END_TEST

START_TEST(removed_file_is_not_taken_over)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;

	harness_need_ofd_locks();
	harness_write_file(path, "");
	ck_assert_int_eq(pidfile_inherit(&pidfile, path, open(path, O_RDWR | O_CLOEXEC)), 0);
	ck_assert_int_eq(pidfile_can_hand_over(pidfile), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(pidfile_acquire(pidfile), -ESTALE);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("pidfile-claim");
	TCase *claims = harness_case(suite, "claims");
	TCase *handover = harness_case(suite, "handover");

	tcase_add_test(claims, each_claim_has_an_error);
	tcase_add_test(claims, long_paths_are_refused);
	tcase_add_test(claims, large_file_is_no_pid_file);
	if (harness_has_linux_api())
		tcase_add_test(handover, handover_to_late_successor_is_refused);
	if (harness_has_linux_api())
		tcase_add_test(handover, removed_file_is_not_taken_over);
	return harness_main(argc, argv, suite, NULL);
}
