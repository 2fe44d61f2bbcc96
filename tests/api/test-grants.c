/* SPDX-License-Identifier: MIT */
/* Limits, scheduling and capabilities: set, applied, and dropped. */
#include "harness/probe-running.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/privileges.h>

static void *volatile nothing;

/* ---- the interface ---- */

#define REFUSED(call, text)                                                                      \
	do {                                                                                     \
		ck_assert_int_eq(call, -EINVAL);                                                 \
		ck_assert_msg(strstr(daemonkit_error(), text) != NULL, "%s", daemonkit_error()); \
	} while (0)

START_TEST(arguments_are_checked)
{
	struct daemonkit_context *context = NULL;
	int fifo = sched_get_priority_max(SCHED_FIFO);

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	REFUSED(daemonkit_context_set_limit(context, -1, 0, 0), "no such resource");
	REFUSED(daemonkit_context_set_limit(context, 1000, 0, 0), "no such resource");
	REFUSED(daemonkit_context_set_limit(context, RLIMIT_NOFILE, 2, 1),
		"resource limit NOFILE: the soft limit is above the hard one");
	REFUSED(daemonkit_context_set_limit(context, RLIMIT_CORE, DAEMONKIT_UNLIMITED, 1), "CORE");
	/* Each setter can be called repeatedly. */
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(daemonkit_context_set_limit(context, RLIMIT_CORE, 0, 0), 0);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		ck_assert_int_eq(daemonkit_context_set_limit(context, i, 0, DAEMONKIT_UNLIMITED),
				 0);
	REFUSED(daemonkit_context_set_nice(context, -21), "not within -20 and 19");
	REFUSED(daemonkit_context_set_nice(context, 20), "not within -20 and 19");
	ck_assert_int_eq(daemonkit_context_set_nice(context, -20), 0);
	ck_assert_int_eq(daemonkit_context_set_nice(context, 19), 0);
	REFUSED(daemonkit_context_set_scheduler(context, 1000, 0), "no such policy");
	REFUSED(daemonkit_context_set_scheduler(context, -1, 0), "no such policy");
	REFUSED(daemonkit_context_set_scheduler(context, SCHED_OTHER, 1), "not within 0 and 0");
	REFUSED(daemonkit_context_set_scheduler(context, SCHED_FIFO, 0), "not within 1 and");
	REFUSED(daemonkit_context_set_scheduler(context, SCHED_FIFO, fifo + 1), "not within 1 and");
	ck_assert_int_eq(daemonkit_context_set_scheduler(context, SCHED_RR, fifo), 0);
	REFUSED(daemonkit_context_set_oom_score_adjust(context, -1001), "not within -1000");
	REFUSED(daemonkit_context_set_oom_score_adjust(context, 1001), "not within -1000");
	ck_assert_int_eq(daemonkit_context_set_oom_score_adjust(context, -1000), 0);
	REFUSED(daemonkit_context_keep_capability(context, -1), "no such capability");
	REFUSED(daemonkit_context_keep_capability(context, 64), "no such capability");
	REFUSED(daemonkit_context_keep_capability(context, 1000), "no such capability");
	ck_assert_int_eq(daemonkit_context_keep_capability(context, 0), 0);
	ck_assert_int_eq(daemonkit_context_set_no_new_privileges(context, 1), 0);
	daemonkit_context_free(context);
	context = nothing;
	ck_assert_int_eq(daemonkit_context_set_limit(context, RLIMIT_CORE, 0, 0), -EINVAL);
	ck_assert_int_eq(daemonkit_context_set_nice(context, 0), -EINVAL);
	ck_assert_int_eq(daemonkit_context_set_scheduler(context, SCHED_OTHER, 0), -EINVAL);
	ck_assert_int_eq(daemonkit_context_set_oom_score_adjust(context, 0), -EINVAL);
	ck_assert_int_eq(daemonkit_context_keep_capability(context, 0), -EINVAL);
	ck_assert_int_eq(daemonkit_context_set_no_new_privileges(context, 1), -EINVAL);
}
END_TEST

START_TEST(capabilities_are_known)
{
	struct daemonkit_context *context = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	REFUSED(daemonkit_context_keep_capability(context, 63), "no such capability");
	REFUSED(daemonkit_context_keep_capability(context, CAP_SETUID), "leads back to root");
	REFUSED(daemonkit_context_keep_capability(context, CAP_SETGID), "leads back to root");
	ck_assert_int_eq(daemonkit_context_keep_capability(context, CAP_NET_BIND_SERVICE), 0);
	daemonkit_context_free(context);
}
END_TEST

/* ---- application ---- */

#define UNLIMITED "18446744073709551615"
#define UP "daemon:end daemon:wait launcher:wait"

/* A daemon with its own complete report. */
static struct running __attribute__((__format__(__printf__, 2, 3)))
start_up(int way, const char *format, ...)
{
	struct running running;
	char words[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	running = running_start(way, "%s " UP, words);
	ck_assert(harness_wait_text(harness_path("report"), "\nend\n", HARNESS_SOON));
	return running;
}

/* On systems with seccomp filters no_new_privs is already set. */
static void check_no_new_privileges_unasked(const struct running *running)
{
	ck_assert_str_eq(running_proc(running->daemon, "status", "NoNewPrivs"),
			 running_proc(running->launcher.pid, "status", "NoNewPrivs"));
}

static void check_limit(pid_t pid, const char *name, const char *soft, const char *hard)
{
	char have_soft[32], have_hard[32];

	ck_assert_int_eq(
		sscanf(running_proc(pid, "limits", name), "%31s %31s", have_soft, have_hard), 2);
	ck_assert_str_eq(have_soft, soft);
	ck_assert_str_eq(have_hard, hard);
}

static const char *limits_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/limits", (int)pid);
	return harness_read_file(path);
}

START_TEST(limits_are_set)
{
	const char *own = limits_of(getpid());
	struct running running = start_up(_i, "rlimit=7:500:600 rlimit=4:0:0 rlimit=4:0:4096 "
					      "rlimit=0:1000:" UNLIMITED);

	check_limit(running.daemon, "Max open files", "500", "600");
	check_limit(running.daemon, "Max core file size", "0", "4096");
	check_limit(running.daemon, "Max cpu time", "1000", "unlimited");
	if (!running.foreground)
		ck_assert_str_eq(limits_of(running.launcher.pid), own);
	running_kill(&running);
}
END_TEST

/* Some C libraries do not implement the call. */
static int policy_of(pid_t pid)
{
	return (int)syscall(SYS_sched_getscheduler, pid);
}

/* Relative to the nice value of the tests: a lower one requires privileges. */
static int higher_nice(int more)
{
	int nice = getpriority(PRIO_PROCESS, 0) + more;

	return nice < 19 ? nice : 19;
}

START_TEST(scheduling_is_set)
{
	int nice = higher_nice(7);
	struct running running = start_up(_i, "nice=%d scheduler=3:0 oom=500", nice);

	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)running.daemon), nice);
	ck_assert_int_eq(policy_of(running.daemon), SCHED_BATCH);
	ck_assert_str_eq(running_proc(running.daemon, "oom_score_adj", ""), "500");
	if (!running.foreground) {
		ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)running.launcher.pid),
				 getpriority(PRIO_PROCESS, 0));
		ck_assert_int_eq(policy_of(running.launcher.pid), policy_of(0));
		ck_assert_str_eq(running_proc(running.launcher.pid, "oom_score_adj", ""),
				 running_proc(getpid(), "oom_score_adj", ""));
	}
	running_kill(&running);
}
END_TEST

static void need_real_time(void)
{
	struct sched_param parameter = { .sched_priority = 5 };

	if (syscall(SYS_sched_setscheduler, 0, SCHED_RR, &parameter) < 0)
		harness_skip("needs real-time scheduling: %s", strerror(errno));
	parameter.sched_priority = 0;
	ck_assert_int_eq(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &parameter), 0);
}

/* Settings that need privileges are applied before these are dropped. */
START_TEST(privileged_values_are_set_before_user)
{
	struct sched_param parameter;
	struct running running;

	running_for_everybody();
	harness_need_call("sched_setscheduler");
	harness_need_call("setgroups");
	need_real_time();
	running = start_up(_i, "user=nobody nice=-7 scheduler=2:5 rlimit=14:0:0 rlimit=6:1:2");
	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)running.daemon), -7);
	ck_assert_int_eq(policy_of(running.daemon), SCHED_RR);
	ck_assert_int_eq(syscall(SYS_sched_getparam, running.daemon, &parameter), 0);
	ck_assert_int_eq(parameter.sched_priority, 5);
	check_limit(running.daemon, "Max realtime priority", "0", "0");
	check_limit(running.daemon, "Max processes", "1", "2");
	ck_assert_str_eq(running_proc(running.daemon, "status", "Uid"),
			 "65534\t65534\t65534\t65534");
	running_kill(&running);
}
END_TEST

START_TEST(settings_of_launcher_take_precedence)
{
	int nice = higher_nice(3);
	struct running running = start_up(
		_i,
		"first:nice=%d second:nice=%d second:oom=700 second:rlimit=4:1:1 "
		"second:nonew=1 first:rlimit=7:500:600 second:rlimit=7:400:400",
		nice, higher_nice(9));

	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)running.daemon), nice);
	ck_assert_str_eq(running_proc(running.daemon, "oom_score_adj", ""),
			 running_proc(getpid(), "oom_score_adj", ""));
	check_no_new_privileges_unasked(&running);
	ck_assert_str_eq(running_proc(running.daemon, "limits", "Max core file size"),
			 running_proc(getpid(), "limits", "Max core file size"));
	check_limit(running.daemon, "Max open files", "500", "600");
	running_kill(&running);
}
END_TEST

/* Below the number of open descriptors, including passed ones. */
START_TEST(descriptor_limit_below_open_descriptors)
{
	struct running running = running_start(
		_i, "first:files=100 first:file=150:@/file first:pass=it:150 first:keep=90 "
		    "pid=@/run/pid "
		    "rlimit=7:20:20 daemon:find=it:0:5 daemon:streams daemon:release daemon:end "
		    "daemon:wait");

	ck_assert_int_gt(probe_number("find=it:0:5"), 90);
	ck_assert_int_eq(probe_number("write1"), 1);
	ck_assert_int_eq(probe_number("released"), 0);
	probe_check_nothing_left();
	check_limit(running.daemon, "Max open files", "20", "20");
	running_kill(&running);
}
END_TEST

/* ---- capabilities ---- */

/* Check the lines of /proc/PID/status, of the daemon or as printed by a program. */
static void check_capabilities(const char *status, uint64_t permitted, bool bounded)
{
	static const char *const names[] = { "\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapAmb:",
					     "\nCapBnd:" };
	const uint64_t expected[] = { 0, permitted, permitted, 0, 1 << CAP_NET_BIND_SERVICE };

	for (size_t i = 0; i < (bounded ? 5 : 4); i++) {
		const char *line = strstr(status, names[i]);

		ck_assert_ptr_nonnull(line);
		ck_assert_msg(strtoull(line + 9, NULL, 16) == expected[i], "%.26s", line + 1);
	}
}

static const char *status_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	return harness_read_file(path);
}

static void check_powerless(void)
{
	probe_fact("powers");
	ck_assert_ptr_null(strstr(harness_read_file(harness_path("report")), "\nmay_"));
}

/* A user given by name and by numbers. */
static const char *const users[] = { "user=nobody", "cred=65534:65534" };
#define USERS 2

START_TEST(capability_is_kept)
{
	struct running running;
	char words[512];

	running_for_everybody();
	running_own_network();
	snprintf(words, sizeof words,
		 "%s capability=10 daemon:bind=80 daemon:show=@/shown:/bin/cat "
		 "daemon:powers",
		 users[_i % USERS]);
	running = start_up(_i / USERS, "%s", words);
	check_capabilities(status_of(running.daemon), 1 << CAP_NET_BIND_SERVICE, true);
	check_capabilities(harness_read_file(harness_path("shown")), 0, true);
	ck_assert_str_eq(running_proc(running.daemon, "status", "Uid"),
			 "65534\t65534\t65534\t65534");
	check_no_new_privileges_unasked(&running);
	ck_assert_int_eq(probe_number("bind=80"), 0);
	check_powerless();
	running_kill(&running);
}
END_TEST

START_TEST(no_capability_is_kept_by_default)
{
	struct running running;

	running_for_everybody();
	harness_need_call("setgroups");
	running_own_network();
	running = start_up(_i, "user=nobody daemon:bind=80 daemon:bind=8080 daemon:powers");
	check_capabilities(status_of(running.daemon), 0, false);
	ck_assert_int_eq(probe_number("bind=80"), -EACCES);
	ck_assert_int_eq(probe_number("bind=8080"), 0);
	check_powerless();
	running_kill(&running);
}
END_TEST

/* Settings of the program itself do not let any other capability survive. */
START_TEST(only_requested_capabilities_are_kept)
{
	struct running running;

	running_for_everybody();
	running = start_up(_i, "first:keepcaps=1 second:keepcaps=1 user=nobody daemon:powers");
	check_capabilities(status_of(running.daemon), 0, false);
	check_powerless();
	running_kill(&running);
}
END_TEST

/* Nor do settings of the library for a start that failed. */
START_TEST(failed_start_keeps_no_capability)
{
	struct probe probe;

	running_for_everybody();
	harness_need_filters();
	probe = probe_run("mode=foreground capability=10 first:deny=capset user=nobody "
			  "launcher:kept launcher:end");
	probe_check_failed(&probe, -ENOSYS, "capabilities 0x400");
	ck_assert_int_eq(probe_number("kept"), 0);
}
END_TEST

/* Programs of a daemon that stays root get no more privileges than those of other users. */
START_TEST(programs_of_root_daemon_gain_no_privileges)
{
	struct running running;

	running_for_everybody();
	running = start_up(_i, "capability=10 daemon:show=@/shown:/bin/cat");
	check_capabilities(status_of(running.daemon), 1 << CAP_NET_BIND_SERVICE, true);
	check_capabilities(harness_read_file(harness_path("shown")), 0, true);
	running_kill(&running);
}
END_TEST

/* A set-user-id copy of cat(1). */
static void make_root_cat(void)
{
	const char *const copy[] = { "cp", "/bin/cat", harness_path("cat"), NULL };

	ck_assert_int_eq(harness_run(copy).status, 0);
	ck_assert_int_eq(chmod(harness_path("cat"), 04755), 0);
}

/* Seccomp filters set no_new_privs, too. */
static const int undenied[] = { 0, PROBE_REBORN_WAYS, PROBE_WAYS };

START_TEST(set_user_id_programs_gain_no_privileges)
{
	struct running running;
	const char *shown;

	running_for_everybody();
	make_root_cat();
	running = start_up(undenied[_i], "user=nobody capability=10 daemon:show=@/shown:@/cat");
	shown = harness_read_file(harness_path("shown"));
	if (strstr(shown, "Uid:\t65534\t0\t0\t0") == NULL)
		harness_skip("set-user-id has no effect here");
	check_capabilities(shown, 0, true);
	running_kill(&running);
}
END_TEST

START_TEST(no_new_privileges_is_set)
{
	struct running running;
	const char *shown;

	running_for_everybody();
	running_own_network();
	make_root_cat();
	running = start_up(_i, "user=nobody capability=10 nonew=1 daemon:bind=80 "
			       "daemon:show=@/shown:@/cat");
	shown = harness_read_file(harness_path("shown"));
	ck_assert_ptr_nonnull(strstr(shown, "Uid:\t65534\t65534\t65534\t65534"));
	ck_assert_ptr_nonnull(strstr(shown, "NoNewPrivs:\t1"));
	check_capabilities(shown, 0, true);
	check_capabilities(status_of(running.daemon), 1 << CAP_NET_BIND_SERVICE, true);
	ck_assert_str_eq(running_proc(running.daemon, "status", "NoNewPrivs"), "1");
	ck_assert_int_eq(probe_number("bind=80"), 0);
	running_kill(&running);
}
END_TEST

/* With chroot, root is changed with a privilege that is not kept. */
START_TEST(all_settings_combine)
{
	char path[64], target[4096] = "";
	struct running running;

	running_for_everybody();
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	running = running_start(_i, "user=nobody chroot=@/jail pid=@/run/pid capability=10 nonew=1 "
				    "nice=-3 oom=300 rlimit=7:100:100 first:file=60:@/file "
				    "first:pass=it:60 log=@/log daemon:print=x daemon:wait");
	ck_assert(harness_wait_text(harness_path("log"), "x", HARNESS_SOON));
	check_capabilities(status_of(running.daemon), 1 << CAP_NET_BIND_SERVICE, true);
	snprintf(path, sizeof path, "/proc/%d/root", (int)running.daemon);
	ck_assert_int_gt(readlink(path, target, sizeof target - 1), 0);
	ck_assert_str_eq(target, harness_path("jail"));
	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)running.daemon), -3);
	ck_assert_str_eq(running_proc(running.daemon, "oom_score_adj", ""), "300");
	check_limit(running.daemon, "Max open files", "100", "100");
	running_kill(&running);
}
END_TEST

/* ---- refused ---- */

/* On systems without a feature the setting is an error, never ignored. */
START_TEST(unsupported_settings_are_refused)
{
	static const char *const words[] = { "oom=1", "capability=10", "nonew=1" };
	static const char *const texts[] = { "OOM score adjustment 1", "capabilities",
					     "no new privileges" };
	struct probe probe;

	harness_need_root();
	probe = probe_run("%s pid=@/run/pid %s", running_way(_i / 3), words[_i % 3]);
	probe_check_failed(&probe, -ENOTSUP, texts[_i % 3]);
	probe_check_nothing_left();
}
END_TEST

static const struct {
	const char *words;
	int error;
	const char *text;
} denied[] = {
	{ "rlimit=7:5:" UNLIMITED, -EPERM, "resource limit NOFILE (start as root)" },
	{ "nice=-20", -EACCES, "nice value -20 (start as root)" },
	{ "scheduler=1:10", -EPERM, "scheduling policy 1, priority 10 (start as root)" },
	/* only on Linux */
	{ "capability=10", -EPERM, "capabilities 0x400 (start as root)" },
	{ "oom=-900", -EACCES, "OOM score adjustment -900 (start as root)" },
};

#define POSIX_DENIED 3
#define DENIED (sizeof denied / sizeof *denied)

START_TEST(missing_privilege_error_names_step)
{
	size_t way = (size_t)_i % RUNNING_WAYS, what = (size_t)_i / RUNNING_WAYS;
	struct probe probe;

	running_for_everybody();
	probe = probe_run("%s pid=@/own/pid first:mkdir=@/own:65534 first:become=65534 %s",
			  running_way((int)way), denied[what].words);
	probe_check_failed(&probe, denied[what].error, denied[what].text);
	ck_assert_int_ne(access(harness_path("own/pid"), F_OK), 0);
}
END_TEST

/* Settings that need no privileges. */
START_TEST(some_settings_need_no_privileges)
{
	struct running running;

	running_for_everybody();
	running = start_up(_i, "first:become=65534 nonew=1 nice=19 rlimit=7:50:60");
	ck_assert_str_eq(running_proc(running.daemon, "status", "NoNewPrivs"), "1");
	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)running.daemon), 19);
	check_limit(running.daemon, "Max open files", "50", "60");
	running_kill(&running);
}
END_TEST

/* The settings would not apply to other threads. */
START_TEST(threads_are_refused)
{
	static const char *const words[] = { "nice=1", "scheduler=3:0", "capability=10",
					     "nonew=1" };
	struct probe probe = probe_run("mode=foreground pid=@/run/pid rlimit=4:1:1 oom=400 "
				       "first:threads=1 %s",
				       words[_i]);

	probe_check_failed(&probe, -EBUSY, "other threads run");
	probe_check_nothing_left();
}
END_TEST

START_TEST(second_copy_allows_threads)
{
	int nice = higher_nice(1);
	struct running running = start_up(0, "first:threads=3 nice=%d scheduler=3:0 nonew=1", nice);

	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t)running.daemon), nice);
	running_kill(&running);
}
END_TEST

static void add_linux_tests(TCase *applied, TCase *capabilities, TCase *refused)
{
	tcase_add_test(applied, capabilities_are_known);
	tcase_add_loop_test(applied, scheduling_is_set, 0, RUNNING_WAYS);
	tcase_add_loop_test(capabilities, only_requested_capabilities_are_kept, 0, RUNNING_WAYS);
	tcase_add_test(capabilities, failed_start_keeps_no_capability);
	tcase_add_loop_test(capabilities, capability_is_kept, 0, USERS * RUNNING_WAYS);
	tcase_add_loop_test(capabilities, programs_of_root_daemon_gain_no_privileges, 0,
			    RUNNING_WAYS);
	tcase_add_loop_test(capabilities, set_user_id_programs_gain_no_privileges, 0, 3);
	tcase_add_loop_test(capabilities, no_new_privileges_is_set, 0, RUNNING_WAYS);
	tcase_add_loop_test(capabilities, all_settings_combine, 0, RUNNING_WAYS);
	tcase_add_loop_test(refused, some_settings_need_no_privileges, 0, RUNNING_WAYS);
	tcase_add_loop_test(refused, threads_are_refused, 0, 4);
	tcase_add_test(refused, second_copy_allows_threads);
}

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("grants");
	TCase *api = harness_case(suite, "interface"), *applied = harness_case(suite, "applied");
	TCase *capabilities = harness_case(suite, "capabilities");
	TCase *refused = harness_case(suite, "refused");
	bool is_linux = harness_has_linux_api();

	tcase_add_test(api, arguments_are_checked);
	tcase_add_loop_test(applied, limits_are_set, 0, RUNNING_WAYS);
	tcase_add_loop_test(applied, privileged_values_are_set_before_user, 0, RUNNING_WAYS);
	tcase_add_loop_test(applied, settings_of_launcher_take_precedence, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(applied, descriptor_limit_below_open_descriptors, 0, PROBE_WAYS);
	tcase_add_loop_test(capabilities, no_capability_is_kept_by_default, 0, RUNNING_WAYS);
	tcase_add_loop_test(refused, missing_privilege_error_names_step, 0,
			    RUNNING_WAYS * (is_linux ? (int)DENIED : POSIX_DENIED));
	if (is_linux)
		add_linux_tests(applied, capabilities, refused);
	else
		tcase_add_loop_test(refused, unsupported_settings_are_refused, 0, 3 * RUNNING_WAYS);
	return harness_main(argc, argv, suite, probe_helpers);
}
