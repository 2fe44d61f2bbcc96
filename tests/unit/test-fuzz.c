/* SPDX-License-Identifier: MIT */
/*
 * The targets of the fuzzers, run on every file of the corpus, truncated at every length and
 * with each of its first bytes changed. A failed check aborts.
 */
#include "harness/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context/settings.h"
#include "fuzz/fuzz.h"

#define LARGEST 4096
#define CHANGED 192 /* bytes at the beginning of a file */

typedef int target_function(const uint8_t *bytes, size_t size);

static void change_and_try(target_function *target, uint8_t *bytes, size_t size)
{
	static const uint8_t others[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '0', ':', '\n' };

	target(bytes, size);
	for (size_t cut = 0; cut < size; cut++)
		target(bytes, cut);
	for (size_t at = 0; at < size && at < CHANGED; at++) {
		uint8_t saved = bytes[at];

		for (size_t i = 0; i < sizeof others; i++) {
			bytes[at] = others[i];
			target(bytes, size);
		}
		bytes[at] = saved;
	}
}

/* Allocate exactly this size, so that a checker detects reads beyond the end. */
static void try_file(target_function *target, int directory, const char *name)
{
	uint8_t all[LARGEST], *bytes;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, all, sizeof all);

	ck_assert_msg(size >= 0 && size < LARGEST, "%s", name);
	close(fd);
	bytes = malloc((size_t)size + 1);
	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, all, (size_t)size);
	change_and_try(target, bytes, (size_t)size);
	free(bytes);
}

static void replay(target_function *target, const char *name)
{
	const char *source = getenv("srcdir");
	size_t count = 0;
	char path[4096];
	struct dirent *entry;
	DIR *corpus;

	snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", source ? source : ".", name);
	corpus = opendir(path);
	ck_assert_msg(corpus != NULL, "%s", path);
	while ((entry = readdir(corpus)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		try_file(target, dirfd(corpus), entry->d_name);
		count++;
	}
	closedir(corpus);
	ck_assert_uint_gt(count, 2);
}

/* The corpus may be older than the format of the settings; these settings are current. */
START_TEST(current_settings)
{
	int keep[] = { 3, 9 };
	char text[] = "/some/where", other[] = "/other";
	struct socket_path paths[] = { { text, 5, 6 }, { other, 7, (ino_t)-1 } };
	const struct settings settings = {
		.pid_file = text,
		.pid_file_optional = true,
		.log = SETTINGS_LOG_FILE,
		.log_file = text,
		.output_file = other,
		.output_mode = 0600,
		.work_dir = text,
		.sockets = { paths, 2 },
		.start = {
			.fds = { -1, -1, -1, -1, -1 },
			.successor = true,
			.program = text,
			.manager = text,
			.keep = keep,
			.keep_count = 2,
			.name = text,
		},
	};
	struct settings again;
	struct archive archive = { 0 };

	ck_assert_int_eq(settings_put(&settings, &archive), 0);
	settings_init(&again);
	ck_assert_int_eq(settings_get(&again, archive.bytes, archive.length), 0);
	ck_assert_str_eq(again.start.name, text);
	ck_assert(again.pid_file_optional);
	ck_assert(again.start.successor);
	ck_assert_str_eq(again.start.program, text);
	ck_assert_str_eq(again.start.manager, text);
	ck_assert_int_eq(again.start.fds[START_FD_PID_FILE], -1);
	ck_assert_int_eq(again.start.fds[START_FD_MANAGER], -1);
	ck_assert_int_eq(again.start.fds[START_FD_OUTPUT], -1);
	ck_assert_str_eq(again.output_file, other);
	ck_assert_int_eq(again.output_mode, 0600);
	ck_assert_uint_eq(again.start.keep_count, 2);
	ck_assert_uint_eq(again.sockets.count, 2);
	ck_assert_str_eq(again.sockets.list[1].path, other);
	ck_assert_uint_eq(again.sockets.list[1].device, 7);
	ck_assert_uint_eq(again.sockets.list[1].inode, (ino_t)-1);
	settings_clear(&again);
	change_and_try(fuzz_settings, archive.bytes, archive.length);
	archive_free(&archive);
}
END_TEST

START_TEST(too_many_limits)
{
	struct settings settings;
	struct archive archive = { 0 };

	settings_init(&settings);
	settings.privileges.limit_count = PRIVILEGES_LIMITS + 1;
	ck_assert_int_eq(settings_put(&settings, &archive), -EBADMSG);
	archive_free(&archive);
}
END_TEST

/* From a later version of the library, which sends more. */
START_TEST(settings_of_later_version)
{
	struct settings settings, again;
	struct archive archive = { 0 };
	const int64_t later = 1000, none = 0;

	settings_init(&settings);
	for (int successor = 0; successor <= 1; successor++) {
		settings.start.successor = successor != 0;
		settings_init(&again);
		ck_assert_int_eq(settings_put(&settings, &archive), 0);
		/* More than exists, in this format. */
		archive_number(&archive, 1);
		ck_assert_int_eq(settings_get(&again, archive.bytes, archive.length), -EBADMSG);
		memcpy(archive.bytes, &later, sizeof later);
		ck_assert_int_eq(settings_get(&again, archive.bytes, archive.length),
				 successor ? 0 : -EBADMSG);
		memcpy(archive.bytes, &none, sizeof none);
		ck_assert_int_eq(settings_get(&again, archive.bytes, archive.length), -EBADMSG);
		settings_clear(&again);
		archive_free(&archive);
	}
}
END_TEST

/* The archive says which descriptor of the message it is; a forged one may say anything. */
START_TEST(passed_descriptors_replace_numbers)
{
	static const int forged[] = { -4, INT_MIN };
	struct settings settings;
	struct compat_passed passed = { .count = 0 }, received;

	settings_init(&settings);
	settings.start.fds[START_FD_LOG] = 100;
	settings.start.fds[START_FD_OUTPUT] = 200;
	settings_pass(&settings, START_FD_OUTPUT, &passed);
	settings_pass(&settings, START_FD_READY, &passed);
	settings_pass(&settings, START_FD_LOG, &passed);
	ck_assert_int_eq(passed.count, 2);
	ck_assert_int_eq(passed.fds[0], 200);
	ck_assert_int_eq(passed.fds[1], 100);
	ck_assert_int_lt(settings.start.fds[START_FD_LOG], 0);
	received = (struct compat_passed){ .fds = { 7, 8 }, .count = 2 };
	ck_assert_int_eq(settings_take_passed(&settings, &received), 0);
	ck_assert_int_eq(settings.start.fds[START_FD_OUTPUT], 7);
	ck_assert_int_eq(settings.start.fds[START_FD_LOG], 8);
	ck_assert_int_eq(settings.start.fds[START_FD_READY], -1);
	/* Nothing is left to close. */
	ck_assert_int_eq(received.fds[0], -1);
	ck_assert_int_eq(received.fds[1], -1);
	for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
		settings.start.fds[START_FD_LOG] = forged[i];
		received = (struct compat_passed){ .fds = { 7, 8 }, .count = 2 };
		ck_assert_int_eq(settings_take_passed(&settings, &received), -EMFILE);
		ck_assert_int_eq(settings.start.fds[START_FD_LOG], -1);
		ck_assert_int_eq(received.fds[0], 7);
	}
	/* Both claim the same one. */
	settings.start.fds[START_FD_LOG] = settings.start.fds[START_FD_OUTPUT] = -2;
	ck_assert_int_eq(settings_take_passed(&settings, &received), -EMFILE);
	start_disown(&settings.start);
	settings_clear(&settings);
}
END_TEST

START_TEST(corpus_of_settings)
{
	replay(fuzz_settings, "settings");
}
END_TEST

START_TEST(corpus_of_channel)
{
	replay(fuzz_channel, "channel");
}
END_TEST

START_TEST(corpus_of_pid_files)
{
	replay(fuzz_pid, "pid");
}
END_TEST

START_TEST(corpus_of_markers)
{
	replay(fuzz_marker, "marker");
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("fuzz");
	TCase *corpus = harness_case(suite, "corpus");

	tcase_add_test(corpus, current_settings);
	tcase_add_test(corpus, too_many_limits);
	tcase_add_test(corpus, settings_of_later_version);
	tcase_add_test(corpus, passed_descriptors_replace_numbers);
	tcase_add_test(corpus, corpus_of_settings);
	tcase_add_test(corpus, corpus_of_channel);
	tcase_add_test(corpus, corpus_of_pid_files);
	tcase_add_test(corpus, corpus_of_markers);
	return harness_main(argc, argv, suite, NULL);
}
