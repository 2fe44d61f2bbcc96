/* SPDX-License-Identifier: MIT */
/* Decimal numbers, and pids in pid files. */
#include "harness/harness.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

static const struct {
	const char *text;
	int result;
	pid_t pid;
} pids[] = {
	{ "", -ENODATA, 0 },
	{ "\n", -EBADMSG, 0 },
	{ "\n\n", -EBADMSG, 0 },
	{ "0", -EBADMSG, 0 },
	{ "0\n", -EBADMSG, 0 },
	{ "000\n", -EBADMSG, 0 },
	{ "1", 0, 1 },
	{ "1\n", 0, 1 },
	{ "1\n\n", -EBADMSG, 0 },
	{ "\n1", -EBADMSG, 0 },
	{ "1\r\n", -EBADMSG, 0 },
	{ "-1\n", -EBADMSG, 0 },
	{ "+1\n", -EBADMSG, 0 },
	{ " 1\n", -EBADMSG, 0 },
	{ "1 \n", -EBADMSG, 0 },
	{ "\t1\n", -EBADMSG, 0 },
	{ "1 2\n", -EBADMSG, 0 },
	{ "1.0\n", -EBADMSG, 0 },
	{ "1e3\n", -EBADMSG, 0 },
	{ "0x1\n", -EBADMSG, 0 },
	{ "/9\n", -EBADMSG, 0 },
	{ ":1\n", -EBADMSG, 0 },
	{ "4194304\n", 0, 4194304 },
	{ "2147483646\n", 0, 2147483646 },
	{ "2147483647\n", 0, INT_MAX },
	{ "2147483648\n", -EBADMSG, 0 },
	{ "4294967297\n", -EBADMSG, 0 },
	{ "18446744073709551617\n", -EBADMSG, 0 },
	{ "99999999999999999999999999999999999999999999\n", -EBADMSG, 0 },
};

START_TEST(pids_of_pid_files)
{
	for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
		pid_t pid = -7;
		int result = decimal_parse_pid(pids[i].text, strlen(pids[i].text), &pid);

		ck_assert_msg(result == pids[i].result, "\"%s\": %d", pids[i].text, result);
		ck_assert_int_eq(pid, result == 0 ? pids[i].pid : -7);
	}
}
END_TEST

START_TEST(only_digits_are_accepted)
{
	for (int byte = 0; byte < 256; byte++) {
		const char text[3] = { '1', (char)byte, '2' };
		bool digit = byte >= '0' && byte <= '9';
		pid_t pid = -7;

		ck_assert_int_eq(decimal_parse_pid(text, 3, &pid), digit ? 0 : -EBADMSG);
		ck_assert_int_eq(pid, digit ? 102 + 10 * (byte - '0') : -7);
	}
}
END_TEST

/* Bytes beyond the length are not read. */
START_TEST(bytes_beyond_length_are_ignored)
{
	pid_t pid;

	ck_assert_int_eq(decimal_parse_pid("12345", 3, &pid), 0);
	ck_assert_int_eq(pid, 123);
	ck_assert_int_eq(decimal_parse_pid("1", 0, &pid), -ENODATA);
}
END_TEST

START_TEST(limits_are_exact)
{
	static const uint64_t limits[] = { 0,         1, 9, 10, 255, 65535, INT_MAX, UINT64_MAX - 1,
					   UINT64_MAX };
	char text[DECIMAL_MAX + 1];

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		uint64_t number = 1234;
		size_t length = decimal_format(text, limits[i]);

		ck_assert_int_eq(decimal_parse(text, length, limits[i], &number), 0);
		ck_assert(number == limits[i]);
		number = 1234;
		if (limits[i] > 0)
			ck_assert_int_eq(decimal_parse(text, length, limits[i] - 1, &number),
					 -EINVAL);
		text[length] = '0';
		if (limits[i] > 0)
			ck_assert_int_eq(decimal_parse(text, length + 1, limits[i], &number),
					 -EINVAL);
		ck_assert(number == 1234);
	}
	ck_assert_int_eq(decimal_parse("", 0, 9, &(uint64_t){ 0 }), -EINVAL);
}
END_TEST

/* The other tests of these variables compare with libsystemd; these are further errors. */
START_TEST(numbers_in_environment_variables)
{
	uint64_t number = 7;

	ck_assert_int_eq(decimal_parse_variable("18446744073709551615", UINT64_MAX, &number), 0);
	ck_assert(number == UINT64_MAX);
	ck_assert_int_eq(decimal_parse_variable("10", 9, &number), -EINVAL);
	ck_assert_int_eq(decimal_parse_variable("18446744073709551616", UINT64_MAX, &number),
			 -EINVAL);
	ck_assert_int_eq(decimal_parse_variable("-1", UINT64_MAX, &number), -EINVAL);
	ck_assert_int_eq(decimal_parse_variable(" -1", UINT64_MAX, &number), -EINVAL);
	ck_assert(number == UINT64_MAX);
	ck_assert_int_eq(decimal_parse_variable(" 0b101", 10, &number), 0);
	ck_assert(number == 5);
	ck_assert_int_eq(decimal_parse_variable(" +0X0a", 10, &number), 0);
	ck_assert(number == 10);
	ck_assert_int_eq(decimal_parse_variable("0B110", 10, &number), 0);
	ck_assert(number == 6);
	ck_assert_int_eq(decimal_parse_variable("0O11", 10, &number), 0);
	ck_assert(number == 9);
}
END_TEST

START_TEST(formatted_as_printf_does)
{
	uint64_t number = 1;

	for (int i = 0; i < 200; i++) {
		char text[DECIMAL_MAX], expected[DECIMAL_MAX];

		number = number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		snprintf(expected, sizeof expected, "%llu", (unsigned long long)(number >> i % 64));
		ck_assert_uint_eq(decimal_format(text, number >> i % 64), strlen(expected));
		ck_assert_str_eq(text, expected);
	}
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("decimal");
	TCase *numbers = harness_case(suite, "decimal");

	tcase_add_test(numbers, pids_of_pid_files);
	tcase_add_test(numbers, only_digits_are_accepted);
	tcase_add_test(numbers, bytes_beyond_length_are_ignored);
	tcase_add_test(numbers, limits_are_exact);
	tcase_add_test(numbers, numbers_in_environment_variables);
	tcase_add_test(numbers, formatted_as_printf_does);
	return harness_main(argc, argv, suite, NULL);
}
