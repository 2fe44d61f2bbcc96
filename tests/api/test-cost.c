/* SPDX-License-Identifier: MIT */
/*
 * The cost of a start does not depend on the open descriptors of the launcher: counts system
 * calls.
 */
#include "harness/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Markers of the first and the last call of interest. */
#define BEGIN "/begin-of-the-start"
#define END "the start's result"

#define MAX_PROCESSES 8

/* The system calls of the launcher and its children up to execve(2). */
struct cost {
	size_t calls; /* except those whose number depends on timing */
	size_t waits; /* those */
	size_t closes;
	size_t forks; /* calls that copy page tables */
	size_t clones;
};

/* The name of the system call. */
static bool is(const char *call, const char *name)
{
	size_t length = strlen(name);

	return strncmp(call, name, length) == 0 && call[length] == '(';
}

static void count(struct cost *cost, const char *call)
{
	/* On some machines recv(2) is not recvfrom(2). */
	if (is(call, "poll") || is(call, "recvmsg") || is(call, "recvfrom") || is(call, "recv") ||
	    is(call, "restart_syscall"))
		cost->waits++;
	else
		cost->calls++;
	cost->closes += is(call, "close");
	if (strstr(call, "clone3(NULL, 0)")) /* the check whether the call exists */
		return;
	if (is(call, "clone") || is(call, "clone3") || is(call, "fork") || is(call, "vfork")) {
		cost->clones++;
		cost->forks += !is(call, "vfork") && strstr(call, "CLONE_VM") == NULL;
	}
}

static struct cost read_trace(const char *path)
{
	FILE *file = fopen(path, "re");
	struct cost cost = { 0 };
	static char line[65536];
	int executed[MAX_PROCESSES];
	size_t executed_count = 0;
	bool begun = false;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file)) {
		char *call;
		int pid = (int)strtol(line, &call, 10);
		bool over = false;

		call += strspn(call, " ");
		if (strstr(call, END))
			break;
		if (is(call, "unlink") && strstr(call, BEGIN)) {
			begun = true;
			continue;
		}
		for (size_t i = 0; i < executed_count; i++)
			over |= executed[i] == pid;
		if (!begun || over || strncmp(call, "<...", 4) == 0 || strspn(call, "+-") > 0)
			continue;
		count(&cost, call);
		if (is(call, "execve") && executed_count < MAX_PROCESSES)
			executed[executed_count++] = pid;
	}
	fclose(file);
	ck_assert_uint_gt(cost.calls, 10);
	return cost;
}

static struct cost measure(const char *words)
{
	const char *trace = harness_path("trace"), *report = harness_path("report");
	const char *argv[40] = { "strace", "-f",         "-qq",      "-s",    "64",  "-o",
				 trace,    harness_self, "--helper", "probe", report };
	size_t used = 11;
	char *copy = strdup(words), *rest, *word;
	struct harness_result result;

	harness_need_kernel("ptrace(2), which counts the system calls");
	for (word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		argv[used++] = word;
	argv[used++] = "first:unlink=" BEGIN;
	argv[used++] = "ready=60000";
	argv[used++] = "daemon:up";
	argv[used++] = "daemon:wait";
	argv[used++] = "launcher:kill";
	argv[used++] = "launcher:wait-exit";
	/* The leak check fails under ptrace(2). */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	result = harness_run(argv);
	free(copy);
	if (result.status == 127 << 8)
		harness_skip("strace is not installed");
	ck_assert_msg(strstr(result.output, END " -") == NULL && result.status == 0, "%#x %s%s",
		      (unsigned)result.status, result.output, result.error);
	return read_trace(trace);
}

/* A forked daemon may have made some more calls when its launcher checks. */
static void check_same(const struct cost *one, const struct cost *other, size_t tolerance)
{
	ck_assert_uint_le(one->calls, other->calls + tolerance);
	ck_assert_uint_le(other->calls, one->calls + tolerance);
	ck_assert_uint_le(other->closes, one->closes + tolerance);
	ck_assert_uint_le(other->waits, 2 * one->waits + 8);
}

/* fault: close-every-descriptor loops (moby, postsrsd, rsyslog, fail2ban) */
START_TEST(open_descriptors_do_not_slow_start)
{
	struct cost few, many;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 16000)
		harness_skip("no more than %lu descriptors here", (unsigned long)limit.rlim_cur);
	few = measure("mode=reborn first:files=10");
	many = measure("mode=reborn first:files=15000");
	check_same(&few, &many, 0);
	/* One becomes the session leader, one the daemon. */
	ck_assert_uint_eq(few.clones, 2);
	ck_assert_uint_eq(few.forks, 0);
	ck_assert_uint_eq(many.forks, 0);
	ck_assert_uint_lt(few.calls, 200);
}
END_TEST

/* fault: the list of descriptors in /proc takes microseconds for each of them */
START_TEST(open_descriptors_cost_a_forked_daemon_no_calls)
{
	struct cost few, many;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 16000)
		harness_skip("no more than %lu descriptors here", (unsigned long)limit.rlim_cur);
	few = measure("mode=fork first:files=10");
	many = measure("mode=fork first:files=15000");
	check_same(&few, &many, 16);
}
END_TEST

START_TEST(descriptor_limit_does_not_slow_start)
{
	static const char *const ways[] = {
		"mode=reborn",
		"mode=reborn first:deny=close_range",
		"mode=reborn first:deny=clone3,close_range",
		"mode=fork",
		"mode=fork first:deny=close_range",
	};
	char words[256];
	struct cost low, high;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	snprintf(words, sizeof words, "%s first:limit=256", ways[_i]);
	low = measure(words);
	snprintf(words, sizeof words, "%s first:limit=%lu", ways[_i],
		 (unsigned long)limit.rlim_max);
	high = measure(words);
	check_same(&low, &high, _i < 3 ? 0 : 16);
}
END_TEST

/* The memory of the launcher is shared, not copied: the default mode does not fork. */
START_TEST(default_mode_copies_no_page_tables)
{
	struct cost cost = measure("mode=auto");

	ck_assert_uint_eq(cost.clones, 2);
	ck_assert_uint_eq(cost.forks, 0);
	/* What this test would see otherwise. */
	cost = measure("mode=reborn first:deny=clone3");
	ck_assert_uint_eq(cost.forks, 2);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("cost");
	TCase *cost = harness_case(suite, "cost");

	tcase_add_test(cost, open_descriptors_do_not_slow_start);
	tcase_add_test(cost, open_descriptors_cost_a_forked_daemon_no_calls);
	tcase_add_loop_test(cost, descriptor_limit_does_not_slow_start, 0, 5);
	tcase_add_test(cost, default_mode_copies_no_page_tables);
	return harness_main(argc, argv, suite, probe_helpers);
}
