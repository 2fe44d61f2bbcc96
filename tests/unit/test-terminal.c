/* SPDX-License-Identifier: MIT */
/* The lines that the control interface prints: control characters, widths and times. */
#include "harness/harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/control-internal.h"

static int output = -1;

/* Redirect standard output to a file. */
static void begin_output(void)
{
	int fd = open(harness_path("output"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	fflush(stdout);
	output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_ge(output, 0);
	ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	close(fd);
}

/* The text that was written since then. */
static const char *end_output(void)
{
	fflush(stdout);
	ck_assert_int_eq(dup2(output, STDOUT_FILENO), STDOUT_FILENO);
	close(output);
	return harness_read_file(harness_path("output"));
}

START_TEST(control_characters_are_replaced)
{
	struct terminal terminal = { .name = "x" };

	begin_output();
	/* DEL, CSI as a control character of two bytes; a letter and a no-break space are not. */
	terminal_print(&terminal, "a\033b\x7f"
				  "c\xc2\x9b"
				  "d\xc3\xa4"
				  "e\xc2\xa0"
				  "f\xc2g");
	ck_assert_str_eq(end_output(), "x: a?b?c??d\xc3\xa4"
				       "e\xc2\xa0"
				       "f\xc2g\n");
}
END_TEST

/* A terminal of unknown width has 80 columns, and the last one is not used. */
START_TEST(lines_are_cut_between_characters)
{
	static const struct {
		const char *character;
		int columns;
	} characters[] = {
		{ "a", 1 }, { "\xc3\xa4", 1 }, { "\xe4\xb8\xad", 2 }, { "\xf0\x9f\x98\x80", 2 }
	};
	const char *character = characters[_i].character;
	/* After "x: " and the activity with its colon. */
	int room = (79 - 6) / characters[_i].columns;
	struct terminal terminal = { .name = "x", .live = true };
	char text[400] = "", expected[400] = "\r\033[Kx: y: ";

	for (int i = 0; i < 80; i++)
		strcat(text, character);
	for (int i = 0; i < room; i++)
		strcat(expected, character);
	begin_output();
	terminal_progress(&terminal, "y", text);
	ck_assert_str_eq(end_output(), expected);
	ck_assert(terminal.shown);
}
END_TEST

START_TEST(terminals_are_recognized_by_name)
{
	struct terminal terminal;
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		harness_skip("no pseudo-terminals here");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(slave, 0);
	begin_output();
	ck_assert_int_eq(dup2(slave, STDOUT_FILENO), STDOUT_FILENO);
	setenv("TERM", "vt100", 1);
	terminal_begin(&terminal, "x");
	ck_assert(terminal.live);
	setenv("TERM", "dumb", 1);
	terminal_begin(&terminal, "x");
	ck_assert(!terminal.live);
	setenv("TERM", "", 1);
	terminal_begin(&terminal, "x");
	ck_assert(!terminal.live);
	unsetenv("TERM");
	terminal_begin(&terminal, "x");
	ck_assert(!terminal.live);
	end_output();
	close(slave);
	close(master);
}
END_TEST

START_TEST(times_have_two_units)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} times[] = {
		{ 0, "0 s" },          { 59, "59 s" },
		{ 60, "1 min 0 s" },   { 3599, "59 min 59 s" },
		{ 3600, "1 h 0 min" }, { 86399, "23 h 59 min" },
		{ 86400, "1 d 0 h" },  { 1000 * 86400 + 3600 + 60, "1000 d 1 h" },
	};
	char text[64];

	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		control_describe_time(text, sizeof text, times[i].seconds);
		ck_assert_str_eq(text, times[i].text);
	}
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("terminal");
	TCase *lines = harness_case(suite, "lines");

	tcase_add_test(lines, control_characters_are_replaced);
	tcase_add_loop_test(lines, lines_are_cut_between_characters, 0, 4);
	tcase_add_test(lines, terminals_are_recognized_by_name);
	tcase_add_test(lines, times_have_two_units);
	return harness_main(argc, argv, suite, NULL);
}
