/* SPDX-License-Identifier: MIT */
/* The payload from launcher to daemon, and where it must not appear. */
#include "harness/probe-running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>

static void *volatile nothing;

/* A secret that appears nowhere else. It is text, so that it could be in an argument. */
#define SECRET 32
static char secret[SECRET + 1];

/* Write the secret repeatedly to @/secret, up to this length; returns the sum of the bytes. */
static unsigned long write_secret(size_t length)
{
	unsigned char random[SECRET], *bytes = harness_memory(length + 1);
	int fd;

	ck_assert_int_eq(getrandom(random, SECRET, 0), SECRET);
	for (size_t i = 0; i < SECRET; i++)
		secret[i] = "abcdefghijklmnopqrstuvwxyz234567"[random[i] % 32];
	for (size_t i = 0; i < length; i++)
		bytes[i] = (unsigned char)secret[i % SECRET];
	fd = open(harness_path("secret"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	close(fd);
	return probe_sum(bytes, length);
}

static size_t count_in(const char *bytes, size_t length)
{
	return probe_count_in(bytes, length, secret, SECRET);
}

static size_t count_in_memory(pid_t pid)
{
	return probe_count_in_memory(pid, secret, SECRET);
}

/* Arguments and environment are memory, too; other users can read these. */
static void check_not_shown(pid_t pid)
{
	static const char *const files[] = { "environ", "cmdline" };

	for (size_t i = 0; i < 2; i++) {
		char path[64], *bytes = harness_memory(65536);
		ssize_t length;
		int fd;

		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		length = read(fd, bytes, 65536);
		close(fd);
		ck_assert_int_gt(length, 0);
		ck_assert_uint_eq(count_in(bytes, (size_t)length), 0);
	}
}

static const size_t sizes[] = { 1, 32, 4096, 16383, 16384, 16385, 100000, 1048575, 1048576 };
#define SIZES (sizeof sizes / sizeof *sizes)

/* The payload arrives complete, whatever its length, and once. */
START_TEST(daemon_takes_payload_once)
{
	size_t length = sizes[(size_t)_i % SIZES];
	unsigned long sum = write_secret(length);
	struct running running = running_start(
		_i / (int)SIZES,
		"first:payload=@/secret daemon:take=%zu daemon:take=1048576 "
		"daemon:take=1048577 daemon:end daemon:wait",
		length - 1);
	char expected[64], name[32];
	int small;

	snprintf(name, sizeof name, "take=%zu", length - 1);
	small = (int)probe_number(name);
	ck_assert_int_eq(small, -ENOBUFS);
	ck_assert_ptr_nonnull(strstr(probe_fact(name), "do not fit into"));
	snprintf(expected, sizeof expected, "%zu %#lx ", length, sum);
	ck_assert_str_eq(probe_fact("take=1048576"), expected);
	ck_assert_int_eq(probe_number("take=1048577"), 0);
	running_kill(&running);
}
END_TEST

START_TEST(missing_payload)
{
	struct running running = running_start(_i, "daemon:take=0 daemon:take=100 daemon:end "
						   "daemon:wait");

	ck_assert_int_eq(probe_number("take=0"), 0);
	ck_assert_int_eq(probe_number("take=100"), 0);
	running_kill(&running);
}
END_TEST

START_TEST(second_copy_cannot_set_its_payload)
{
	unsigned long sum = write_secret(32);
	struct running running;
	char expected[64];

	harness_write_file(harness_path("own"), "the second copy's own");
	running = running_start(_i, "first:payload=@/secret second:payload=@/own daemon:take=100 "
				    "daemon:end daemon:wait");
	snprintf(expected, sizeof expected, "32 %#lx ", sum);
	ck_assert_str_eq(probe_fact("take=100"), expected);
	running_kill(&running);
}
END_TEST

/* In one place only, and nowhere after it was taken. */
static void check_wiped(int way, size_t length)
{
	size_t times = length / SECRET;
	struct running running;

	write_secret(length);
	running = running_begin(way, "first:payload=@/secret first:touch=@/set first:await=@/go "
				     "daemon:touch=@/up daemon:await=@/take daemon:take=1048576 "
				     "daemon:end daemon:wait launcher:wait");
	ck_assert(harness_wait_file(harness_path("set"), HARNESS_SOON));
	/* The search finds it where it is. */
	ck_assert_uint_eq(count_in_memory(running.launcher.pid), times);
	harness_write_file(harness_path("go"), "");
	running_up(&running);
	ck_assert(harness_wait_file(harness_path("up"), HARNESS_SOON));
	if (!running.foreground)
		ck_assert_uint_eq(count_in_memory(running.launcher.pid), 0);
	ck_assert_uint_eq(count_in_memory(running.daemon), times);
	check_not_shown(running.launcher.pid);
	check_not_shown(running.daemon);
	harness_write_file(harness_path("take"), "");
	ck_assert_int_eq(probe_number("take=1048576"), (long)length);
	ck_assert_uint_eq(count_in_memory(running.daemon), 0);
	running_kill(&running);
}

START_TEST(few_bytes_are_wiped)
{
	check_wiped(_i, SECRET);
}
END_TEST

START_TEST(many_bytes_are_wiped)
{
	check_wiped(_i, DAEMONKIT_PAYLOAD_MAX);
}
END_TEST

/* A daemon that never takes it keeps it until its context is freed. */
START_TEST(bytes_are_wiped_when_the_context_is_freed)
{
	struct running running;

	write_secret(100 * SECRET);
	running = running_start(_i, "first:payload=@/secret daemon:freed daemon:end daemon:wait");
	ck_assert_int_eq(probe_number("freed"), 1);
	ck_assert_uint_eq(count_in_memory(running.daemon), 0);
	running_kill(&running);
}
END_TEST

/* Starts that fail in different places. */
static const char *const failures[] = {
	"daemon:failed=-5:no",              /* reported by the daemon */
	"daemon:exit=3",                    /* the daemon exits */
	"chroot=@/nowhere",                 /* its set-up fails */
	"mode=fork first:threads=1",        /* refused at once */
	"mode=reborn first:spare=1",        /* no descriptor left */
	"mode=foreground chroot=@/nowhere", /* no launcher at all */
};

START_TEST(launcher_has_no_payload_after_failure)
{
	struct harness_program program;
	struct probe probe;

	write_secret(100 * SECRET);
	program = probe_spawn("%s %s ready=60000 first:payload=@/secret first:touch=@/set "
			      "first:await=@/go launcher:wait",
			      probe_ways[_i % 2 * 5], failures[_i / 2]);
	ck_assert(harness_wait_file(harness_path("set"), HARNESS_SOON));
	ck_assert_uint_eq(count_in_memory(program.pid), 100);
	harness_write_file(harness_path("go"), "");
	probe = probe_result(&program);
	ck_assert_int_lt(probe.result, 0);
	ck_assert_uint_eq(count_in_memory(program.pid), 0);
	harness_kill(&program);
}
END_TEST

START_TEST(arguments_are_checked)
{
	static char bytes[DAEMONKIT_PAYLOAD_MAX + 1];
	struct daemonkit_context *context = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_context_set_payload(nothing, bytes, 1), -EINVAL);
	ck_assert_int_eq(daemonkit_context_set_payload(context, nothing, 1), -EINVAL);
	ck_assert_int_eq(daemonkit_context_set_payload(context, nothing, 0), 0);
	ck_assert_int_eq(daemonkit_context_set_payload(context, bytes, sizeof bytes), -EINVAL);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "payload: 1048577 bytes"));
	ck_assert_int_eq(daemonkit_context_set_payload(context, bytes, SIZE_MAX), -EINVAL);
	ck_assert_int_eq(daemonkit_context_set_payload(context, bytes, sizeof bytes - 1), 0);
	ck_assert_int_eq(daemonkit_context_set_payload(context, bytes, 1), 0);
	ck_assert_int_eq(daemonkit_context_take_payload(nothing, bytes, 1), -EINVAL);
	ck_assert_int_eq(daemonkit_context_take_payload(context, nothing, 1), -EINVAL);
	/* Not in the daemon. */
	ck_assert_int_eq(daemonkit_context_take_payload(context, bytes, sizeof bytes), -EPERM);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "is not the daemon"));
	daemonkit_context_free(context);
}
END_TEST

/* A replaced payload is wiped, too. */
START_TEST(replaced_payload_is_wiped)
{
	struct running running;

	write_secret(100 * SECRET);
	harness_write_file(harness_path("other"), "other");
	running = running_begin(_i,
				"first:payload=@/secret first:payload=@/other first:touch=@/set "
				"first:await=@/go daemon:take=100 daemon:end daemon:wait");
	ck_assert(harness_wait_file(harness_path("set"), HARNESS_SOON));
	ck_assert_uint_eq(count_in_memory(running.launcher.pid), 0);
	harness_write_file(harness_path("go"), "");
	running_up(&running);
	ck_assert_int_eq(probe_number("take=100"), 5);
	running_kill(&running);
}
END_TEST

static void add_searches(TCase *wiped)
{
	tcase_add_loop_test(wiped, few_bytes_are_wiped, 0, RUNNING_WAYS);
	tcase_add_loop_test(wiped, many_bytes_are_wiped, 0, RUNNING_WAYS);
	tcase_add_loop_test(wiped, bytes_are_wiped_when_the_context_is_freed, 0, RUNNING_WAYS);
	tcase_add_loop_test(wiped, launcher_has_no_payload_after_failure, 0,
			    2 * (int)(sizeof failures / sizeof *failures));
	tcase_add_loop_test(wiped, replaced_payload_is_wiped, 0, RUNNING_WAYS);
}

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("payload");
	TCase *passed = harness_case(suite, "passed"), *wiped = harness_case(suite, "wiped");
	TCase *api = harness_case(suite, "interface");

	tcase_add_loop_test(passed, daemon_takes_payload_once, 0, RUNNING_WAYS * (int)SIZES);
	tcase_add_loop_test(passed, missing_payload, 0, RUNNING_WAYS);
	tcase_add_loop_test(passed, second_copy_cannot_set_its_payload, 0, PROBE_REBORN_WAYS);
	tcase_add_test(api, arguments_are_checked);
	/* Sanitizers and valgrind keep copies, and use more memory than can be searched. */
	if (!harness_is_under_valgrind() && !harness_is_sanitized())
		add_searches(wiped);
	return harness_main(argc, argv, suite, probe_helpers);
}
