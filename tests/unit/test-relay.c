/* SPDX-License-Identifier: MIT */
/* What the launcher copies to the log, to which other processes write at the same time. */
#include "harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "start/output.h"

#define LINES 4500

/* A log that shows each write as a message. */
static void open_all(struct output *output, int *daemon, int *reader)
{
	static const int space = 1 << 20;
	int ends[2], log[2];

	ck_assert_int_eq(output_pair(ends), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, log), 0);
	setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &space, sizeof space);
	setsockopt(log[1], SOL_SOCKET, SO_SNDBUF, &space, sizeof space);
	*output = (struct output){ .fd = ends[0], .error = -1, .log = log[1] };
	*daemon = ends[1];
	*reader = log[0];
}

static void close_all(struct output *output, int daemon, int reader)
{
	close(daemon);
	close(output->log);
	output_close(output);
	close(reader);
}

/* Read one write to the log: its length, 0 if there is none. */
static size_t read_write(int reader, char *text, size_t size)
{
	ssize_t length = recv(reader, text, size, MSG_DONTWAIT);

	return length > 0 ? (size_t)length : 0;
}

/* Read all: it is whole lines, each write of them, and continues here. */
static int check_lines(int reader, int next)
{
	char text[65536];
	size_t length;

	while ((length = read_write(reader, text, sizeof text - 1)) > 0) {
		ck_assert_int_eq(text[length - 1], '\n');
		text[length] = '\0';
		for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
			ck_assert_int_eq(atoi(line), next++);
	}
	return next;
}

/* The log receives less than a message at once, and less than what the launcher reads. */
START_TEST(lines_are_copied_whole)
{
	static char lines[LINES * 32];
	struct output output;
	int daemon, reader, next = 0;
	size_t used = 0;

	open_all(&output, &daemon, &reader);
	for (int i = 0; i < LINES; i++)
		used += (size_t)snprintf(lines + used, sizeof lines - used, "%d %.*s\n", i, i % 23,
					 "-----------------------");
	ck_assert_uint_gt(used, sizeof output.buffer);
	/* Each write is of whole lines, and shorter than the longest message. */
	for (char *next_part = lines, *end; *next_part != '\0'; next_part = end) {
		end = strlen(next_part) > 30000 ? next_part + 30000 : strchr(next_part, '\0');
		while (end[-1] != '\n')
			end--;
		ck_assert_int_eq(write(daemon, next_part, (size_t)(end - next_part)),
				 end - next_part);
	}
	while (output_relay(&output, deadline_after(HARNESS_SOON), -1))
		next = check_lines(reader, next);
	ck_assert_int_eq(check_lines(reader, next), LINES);
	close_all(&output, daemon, reader);
}
END_TEST

/* Such a text has no better place to be divided, and nothing is held back. */
START_TEST(text_without_end_of_line_is_copied)
{
	static char text[10000];
	char copy[sizeof text];
	struct output output;
	size_t sum = 0, length;
	int daemon, reader;

	open_all(&output, &daemon, &reader);
	memset(text, 'x', sizeof text);
	ck_assert_int_eq(write(daemon, text, sizeof text), sizeof text);
	output_relay(&output, deadline_after(HARNESS_SOON), -1);
	while ((length = read_write(reader, copy, sizeof copy)) > 0)
		sum += length;
	ck_assert_uint_eq(sum, sizeof text);
	ck_assert_int_eq(write(daemon, "line\nno line", 12), 12);
	output_relay(&output, deadline_after(HARNESS_SOON), -1);
	ck_assert_uint_eq(read_write(reader, copy, sizeof copy), 12);
	ck_assert_str_eq(output_last_line(&output), "no line");
	close_all(&output, daemon, reader);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("relay");
	TCase *copies = harness_case(suite, "copies");

	tcase_add_test(copies, lines_are_copied_whole);
	tcase_add_test(copies, text_without_end_of_line_is_copied);
	return harness_main(argc, argv, suite, NULL);
}
