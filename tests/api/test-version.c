/* SPDX-License-Identifier: MIT */
/* The version. */
#include "harness/harness.h"

#include <daemonkit/version.h>
#include <stdio.h>

START_TEST(library_and_headers_agree)
{
	ck_assert_str_eq(daemonkit_version(), DAEMONKIT_VERSION);
	ck_assert_int_eq(daemonkit_version_number(), DAEMONKIT_VERSION_NUMBER);
}
END_TEST

START_TEST(text_and_numbers_agree)
{
	char text[64];

	snprintf(text, sizeof text, "%d.%d.%d", DAEMONKIT_VERSION_MAJOR, DAEMONKIT_VERSION_MINOR,
		 DAEMONKIT_VERSION_MICRO);
	ck_assert_str_eq(DAEMONKIT_VERSION, text);
}
END_TEST

START_TEST(numbers_can_be_compared)
{
	ck_assert_int_eq(DAEMONKIT_VERSION_ENCODE(1, 2, 3), 10203);
	ck_assert_int_lt(DAEMONKIT_VERSION_ENCODE(0, 99, 99), DAEMONKIT_VERSION_ENCODE(1, 0, 0));
#if DAEMONKIT_VERSION_NUMBER < DAEMONKIT_VERSION_ENCODE(0, 9, 0)
	ck_abort_msg("the headers are older than their first version");
#endif
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("version");
	TCase *version = harness_case(suite, "version");

	tcase_add_test(version, library_and_headers_agree);
	tcase_add_test(version, text_and_numbers_agree);
	tcase_add_test(version, numbers_can_be_compared);
	return harness_main(argc, argv, suite, NULL);
}
