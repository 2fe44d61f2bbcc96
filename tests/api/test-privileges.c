/* SPDX-License-Identifier: MIT */
/* Root directory, user and groups: changed in the right order, and irreversibly. */
#include "harness/probe.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORT " ready=60000 daemon:up daemon:report daemon:wait"
#define NOBODY 65534

/* A directory that every user can write, for the report. */
static void open_directory(const char *name)
{
	ck_assert_int_eq(mkdir(harness_path("%s", name), 0777), 0);
	ck_assert_int_eq(chmod(harness_path("%s", name), 0777), 0);
	probe_read(harness_path("%s/report", name));
}

/* The user stays, for a program with a group alone in its configuration. */
START_TEST(group_without_a_user)
{
	struct probe probe;

	harness_need_root();
	probe = probe_run("%s group=65533" REPORT, probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("uids"), "0 0 0");
	ck_assert_str_eq(probe_fact("gids"), "65533 65533 65533");
	probe_kill(&probe);
}
END_TEST

/* go-daemon: Credential */
START_TEST(user_by_ids)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = probe_run("%s pid=@/run/pid log=@/log cred=65534:65533:100,200 "
			  "daemon:where=@/open/report daemon:print=x" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("uids"), "65534 65534 65534");
	ck_assert_str_eq(probe_fact("gids"), "65533 65533 65533");
	ck_assert_str_eq(probe_fact("groups"), "100 200 .");
	ck_assert_int_eq(probe_number("regain"), 0);
	/* The log and the pid file were opened before. */
	ck_assert_str_eq(harness_read_file(harness_path("log")), "x");
	ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid"))), probe.result);
	probe_kill(&probe);
}
END_TEST

/* fault: setgroups() is forgotten when privileges are dropped (nbd, knsd) */
START_TEST(supplementary_groups_are_dropped)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = probe_run("%s first:groups cred=65534:65534 daemon:where=@/open/report" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("group_count"), 0);
	probe_kill(&probe);
}
END_TEST

START_TEST(many_groups_are_passed_to_daemon)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = probe_run("%s cred=65534:65534:many daemon:where=@/open/report" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("group_count"), 65536);
	probe_kill(&probe);
}
END_TEST

/* also by user name, with the groups of the user database */
START_TEST(user_by_name)
{
	struct passwd *user;
	gid_t groups[64];
	int count = 64;
	struct probe probe;
	char ids[64];

	harness_need_root();
	user = getpwnam("daemon");
	if (user == NULL)
		harness_skip("no user named daemon");
	ck_assert_int_ge(getgrouplist("daemon", user->pw_gid, groups, &count), 0);
	open_directory("open");
	probe = probe_run("%s user=daemon daemon:where=@/open/report" REPORT, probe_ways[_i]);
	probe_check_up(&probe);
	snprintf(ids, sizeof ids, "%u %u %u", user->pw_uid, user->pw_uid, user->pw_uid);
	ck_assert_str_eq(probe_fact("uids"), ids);
	snprintf(ids, sizeof ids, "%u %u %u", user->pw_gid, user->pw_gid, user->pw_gid);
	ck_assert_str_eq(probe_fact("gids"), ids);
	ck_assert_int_eq(probe_number("group_count"), count);
	ck_assert_int_eq(probe_number("regain"), 0);
	probe_kill(&probe);
}
END_TEST

/* By number: a user in the database gets its groups, another user only one. */
START_TEST(users_by_number)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = probe_run("%s user=0 daemon:where=@/open/report" REPORT, probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("gids"), "0 0 0");
	probe_kill(&probe);
	unlink(harness_path("open/report"));
	probe = probe_run("%s user=3456789:3456790 daemon:where=@/open/report" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("uids"), "3456789 3456789 3456789");
	ck_assert_str_eq(probe_fact("gids"), "3456790 3456790 3456790");
	ck_assert_str_eq(probe_fact("groups"), "3456790 .");
	probe_kill(&probe);
}
END_TEST

/* A user in the database gets the groups of its name. */
START_TEST(user_number_has_groups_of_its_name)
{
	const char *groups = harness_path("groups");
	static const char line[] = "daemonkit-test:x:4242:root\n";
	const char *before;
	struct probe probe;
	char *text;

	harness_need_root();
	before = harness_read_file("/etc/group");
	text = harness_memory(strlen(before) + sizeof line);
	strcat(strcpy(text, before), line);
	harness_write_file(groups, text);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(groups, "/etc/group", "none", MS_BIND, NULL) != 0)
		harness_skip("needs its own mounts");
	open_directory("open");
	probe = probe_run("mode=reborn user=%s daemon:where=@/open/report" REPORT,
			  _i == 0 ? "root" : "0");
	probe_check_up(&probe);
	ck_assert_ptr_nonnull(strstr(probe_fact("groups"), "4242"));
	probe_kill(&probe);
}
END_TEST

/* The order of the setters does not matter. */
START_TEST(groups_can_be_left_unchanged)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = probe_run("%s first:groups %s daemon:where=@/open/report" REPORT,
			  probe_ways[_i % PROBE_WAYS],
			  _i < PROBE_WAYS ? "cred=65534:65533:100 keepgroups=1"
					  : "keepgroups=1 cred=65534:65533:100");
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("gids"), "65533 65533 65533");
	ck_assert_str_eq(probe_fact("groups"), "4 5 6 .");
	ck_assert_int_eq(probe_number("regain"), 0);
	probe_kill(&probe);
}
END_TEST

static const char *root_of(const char *name)
{
	char *text = harness_memory(64);
	struct stat status;

	ck_assert_int_eq(stat(harness_path("%s", name), &status), 0);
	snprintf(text, 64, "%lu:%lu", (unsigned long)status.st_dev, (unsigned long)status.st_ino);
	return text;
}

/* go-daemon: Chroot */
START_TEST(root_directory)
{
	struct probe probe;

	harness_need_root();
	open_directory("jail");
	ck_assert_int_eq(mkdir(harness_path("jail/work"), 0755), 0);
	probe = probe_run("%s pid=@/run/pid log=@/log chroot=@/jail workdir=/work "
			  "daemon:where=/report daemon:print=x" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("root"), root_of("jail"));
	ck_assert_str_eq(probe_fact("cwd"), "/work");
	ck_assert_str_eq(harness_read_file(harness_path("log")), "x");
	ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid"))), probe.result);
	/* Standard streams and the pid file: no descriptor leads outside. */
	ck_assert_int_eq(probe_number("descriptors"), 4);
	probe_kill(&probe);
}
END_TEST

/* In go-daemon: chroot together with a credential fails, because privileges are dropped first */
START_TEST(root_directory_and_user_combine)
{
	struct probe probe;

	harness_need_root();
	open_directory("jail");
	probe = probe_run(
		"%s pid=@/run/pid chroot=@/jail cred=65534:65534 daemon:where=/report" REPORT,
		probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("root"), root_of("jail"));
	ck_assert_str_eq(probe_fact("uids"), "65534 65534 65534");
	ck_assert_int_eq(probe_number("regain"), 0);
	probe_kill(&probe);
}
END_TEST

/*
 * In go-daemon: a pid file outside the root directory is never removed; the working directory
 * stays outside
 */
START_TEST(pid_file_outside_root_directory)
{
	struct probe probe;

	harness_need_root();
	open_directory("jail");
	probe = probe_run("%s pid=@/run/pid chroot=@/jail daemon:where=/report daemon:search "
			  "daemon:release" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), "/");
	ck_assert_int_eq(probe_number("found"), probe.result);
	ck_assert_int_eq(probe_number("released"), 0);
	/* An emptied file does not prevent a start, even while the daemon still runs. */
	if (access(harness_path("run/pid"), F_OK) == 0)
		ck_assert_str_eq(harness_read_file(harness_path("run/pid")), "");
	probe_kill(&probe);
	probe = probe_run("%s pid=@/run/pid daemon:wait", probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid"))), probe.result);
	probe_kill(&probe);
}
END_TEST

/* Below the new root it can be removed, also when the start fails after chroot(2). */
START_TEST(pid_file_inside_root_directory)
{
	struct probe probe;

	harness_need_root();
	open_directory("jail");
	ck_assert_int_eq(mkdir(harness_path("jail/run"), 0755), 0);
	probe = probe_run("%s pid=@/jail/run/pid chroot=@/jail daemon:where=/report "
			  "daemon:release" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert_int_ne(access(harness_path("jail/run/pid"), F_OK), 0);
	probe_kill(&probe);
	probe = probe_run("%s pid=@/jail/run/pid chroot=@/jail workdir=/missing daemon:wait",
			  probe_ways[_i]);
	probe_check_failed(&probe, -ENOENT, "working directory /missing");
	ck_assert_int_ne(access(harness_path("jail/run/pid"), F_OK), 0);
}
END_TEST

START_TEST(descriptor_that_escapes_root_directory_is_refused)
{
	struct probe probe;

	harness_need_root();
	open_directory("jail");
	probe = probe_run("%s pid=@/run/pid first:directory=20 keep=20 chroot=@/jail daemon:wait",
			  probe_ways[_i]);
	probe_check_failed(&probe, -EPERM, "descriptor 20 is a directory");
	probe_check_nothing_left();
	probe = probe_run("%s pid=@/run/pid second:directory=20 first:directory=20 first:keep=20 "
			  "chroot=@/jail daemon:wait",
			  probe_ways[_i]);
	probe_check_failed(&probe, -EPERM, "descriptor 20 is a directory");
	probe_check_nothing_left();
}
END_TEST

START_TEST(pid_file_in_a_directory_of_root_is_emptied)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = probe_run("%s pid=@/run/pid cred=65534:65534 daemon:where=@/open/report "
			  "daemon:release" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("released"), 0);
	ck_assert_int_eq(probe_number("uids"), NOBODY);
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")), "");
	/* The old daemon still runs; the file is free. */
	unlink(harness_path("open/report"));
	{
		struct probe second = probe_run("%s pid=@/run/pid cred=65534:65534 daemon:wait",
						probe_ways[_i]);

		probe_check_up(&second);
		ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid"))), second.result);
		probe_kill(&second);
	}
	probe_kill(&probe);
}
END_TEST

START_TEST(pid_file_in_a_directory_of_the_user_is_removed)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	ck_assert_int_eq(mkdir(harness_path("run"), 0755), 0);
	ck_assert_int_eq(chown(harness_path("run"), NOBODY, NOBODY), 0);
	probe = probe_run("%s pid=@/run/pid cred=65534:65534 daemon:where=@/open/report "
			  "daemon:release" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("released"), 0);
	if (access(harness_path("run/pid"), F_OK) == 0)
		ck_assert_str_eq(harness_read_file(harness_path("run/pid")), "");
	probe_kill(&probe);
}
END_TEST

/* Check that no privileged operation succeeded in the daemon. */
static void check_powerless(void)
{
	probe_fact("powers");
	ck_assert_ptr_null(strstr(harness_read_file(harness_path("open/report")), "\nmay_"));
}

/* SECBIT_NO_SETUID_FIXUP: the kernel does not drop them when root changes its user. */
START_TEST(capabilities_that_the_kernel_leaves_are_dropped)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = probe_run("%s first:securebits=4 second:securebits=4 cred=65534:65534 "
			  "daemon:where=@/open/report daemon:powers" REPORT,
			  probe_ways[_i]);
	probe_check_up(&probe);
	check_powerless();
	probe_kill(&probe);
}
END_TEST

/* SECBIT_KEEP_CAPS, locked: they stay permitted, and can be made effective. */
START_TEST(capabilities_that_are_only_permitted_are_dropped)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	/* The flag is cleared when the second copy is executed, and then locked. */
	probe = probe_run("%s %s:securebits=0x30 cred=65534:65534 daemon:where=@/open/report "
			  "daemon:powers" REPORT,
			  probe_ways[_i], _i < PROBE_REBORN_WAYS ? "second" : "first");
	probe_check_up(&probe);
	check_powerless();
	probe_kill(&probe);
}
END_TEST

/* On a system that reports that they were dropped, although they were not. */
START_TEST(privileges_that_can_be_regained_are_an_error)
{
	struct probe probe;

	harness_need_root();
	harness_need_filters();
	probe = probe_run("%s pid=@/run/pid first:securebits=4 second:securebits=4 "
			  "first:pretend=capset cred=65534:65534 daemon:wait",
			  probe_ways[_i]);
	probe_check_failed(&probe, -EPERM, "privileges can be regained");
	probe_check_nothing_left();
}
END_TEST

/* ---- not root ---- */

/* Run the launcher under setpriv(1), with the report in its own directory. */
static struct probe run_as(const char *options, const char *words)
{
	const char *script = harness_path("as");
	char text[2 * PATH_MAX];

	snprintf(text, sizeof text, "#!/bin/sh\nexec setpriv %s '%s' \"$@\"\n", options,
		 harness_self);
	harness_write_file(script, text);
	ck_assert_int_eq(chmod(script, 0755), 0);
	return probe_run_program(script, words);
}

#define AS_NOBODY "--reuid=65534 --regid=65534 "

static struct probe run_as_nobody(const char *words)
{
	return run_as(AS_NOBODY "--clear-groups", words);
}

START_TEST(missing_privilege_is_reported)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = run_as_nobody("pid=@/open/pid mode=reborn cred=0:0 daemon:wait");
	probe_check_failed(&probe, -EPERM, "setgroups for user 0 (start as root");
	ck_assert_int_ne(access(harness_path("open/pid"), F_OK), 0);
	probe = run_as_nobody("pid=@/open/pid mode=reborn chroot=@/open daemon:wait");
	probe_check_failed(&probe, -EPERM, "chroot ");
	ck_assert_int_ne(access(harness_path("open/pid"), F_OK), 0);
	probe = run_as_nobody("mode=reborn user=root daemon:wait");
	probe_check_failed(&probe, -EPERM, "start as root");
}
END_TEST

/* The daemon never runs with more privileges than it was to have. */
START_TEST(calls_that_the_library_lacks_are_refused)
{
	struct probe probe;

	harness_need_root();
	probe = probe_run("pid=@/run/pid chroot=@/run daemon:wait");
	probe_check_failed(&probe, -ENOTSUP, "chroot /");
	probe = probe_run("pid=@/run/pid cred=65534:65534 daemon:wait");
	probe_check_failed(&probe, -ENOTSUP, "setgroups for user 65534");
	probe = probe_run("pid=@/run/pid scheduler=3:0 daemon:wait");
	probe_check_failed(&probe, -ENOTSUP, "scheduling policy 3");
	probe_check_nothing_left();
}
END_TEST

START_TEST(current_user_needs_no_privilege)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = run_as_nobody("pid=@/open/pid mode=reborn cred=65534:65534 "
			      "daemon:where=@/open/report" REPORT);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("uids"), "65534 65534 65534");
	probe_kill(&probe);
}
END_TEST

/* Its own group is the same, whether listed or not. */
START_TEST(own_group_need_not_be_listed)
{
	static const char *const groups[] = { "--clear-groups", "--groups 65534",
					      "--groups 3,65534" };
	static const char *const wanted[] = { ":65534", "", ":3" };
	struct probe probe;
	char words[512], options[128];

	harness_need_root();
	open_directory("open");
	snprintf(words, sizeof words,
		 "mode=reborn cred=65534:65534%s "
		 "daemon:where=@/open/report" REPORT,
		 wanted[_i]);
	snprintf(options, sizeof options, AS_NOBODY "%s", groups[_i]);
	probe = run_as(options, words);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("uids"), "65534 65534 65534");
	probe_kill(&probe);
}
END_TEST

/* A user whose groups differ from the database. */
START_TEST(groups_that_cannot_be_changed)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = run_as(AS_NOBODY "--groups 4,5", "mode=reborn cred=65534:65534:100 daemon:wait");
	probe_check_failed(&probe, -EPERM, "daemonkit_context_keep_groups");
	probe = run_as(AS_NOBODY "--groups 4,5", "mode=reborn cred=65534:65534:100 keepgroups=1 "
						 "daemon:where=@/open/report" REPORT);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("groups"), "4 5 .");
	probe_kill(&probe);
}
END_TEST

/* Capabilities that a manager gave to the current user of the daemon. */
START_TEST(current_user_loses_capabilities)
{
	struct probe probe;
	char words[512];

	harness_need_root();
	open_directory("open");
	snprintf(words, sizeof words,
		 "%s cred=65534:65534 daemon:where=@/open/report "
		 "daemon:powers" REPORT,
		 probe_ways[_i]);
	probe = run_as(AS_NOBODY "--clear-groups --inh-caps=+setuid,+setgid,+chown "
				 "--ambient-caps=+setuid,+setgid,+chown",
		       words);
	probe_check_up(&probe);
	check_powerless();
	probe_kill(&probe);
}
END_TEST

/* Except those to be kept: the others do not make the final check fail. */
START_TEST(current_user_keeps_requested_capabilities)
{
	struct probe probe;
	char words[512];

	harness_need_root();
	open_directory("open");
	snprintf(words, sizeof words,
		 "%s cred=65534:65534 capability=0 "
		 "daemon:where=@/open/report daemon:powers" REPORT,
		 probe_ways[_i]);
	probe = run_as(AS_NOBODY "--clear-groups --inh-caps=+setuid,+setgid,+chown "
				 "--ambient-caps=+setuid,+setgid,+chown",
		       words);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("may_chown"), 1);
	ck_assert(!probe_has_fact("may_setuid"));
	ck_assert(!probe_has_fact("may_setgid"));
	probe_kill(&probe);
}
END_TEST

/* Other threads would keep theirs. */
START_TEST(capabilities_of_threads_are_an_error)
{
	struct probe probe;

	harness_need_root();
	open_directory("open");
	probe = run_as(AS_NOBODY "--clear-groups --inh-caps=+setuid --ambient-caps=+setuid",
		       "mode=foreground first:threads=1 cred=65534:65534 daemon:wait");
	probe_check_failed(&probe, -EBUSY, "other threads");
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("privileges");
	TCase *user = harness_case(suite, "user");
	TCase *jail = harness_case(suite, "chroot");
	TCase *unprivileged = harness_case(suite, "unprivileged");

	tcase_add_loop_test(user, user_by_ids, 0, PROBE_WAYS);
	tcase_add_loop_test(user, supplementary_groups_are_dropped, 0, PROBE_WAYS);
	tcase_add_loop_test(user, many_groups_are_passed_to_daemon, 0, PROBE_WAYS);
	tcase_add_loop_test(user, user_by_name, 0, PROBE_WAYS);
	tcase_add_loop_test(user, users_by_number, 0, PROBE_WAYS);
	tcase_add_loop_test(user, group_without_a_user, 0, PROBE_WAYS);
	tcase_add_loop_test(user, user_number_has_groups_of_its_name, 0, 2);
	tcase_add_loop_test(user, groups_can_be_left_unchanged, 0, 2 * PROBE_WAYS);
	tcase_add_loop_test(jail, root_directory, 0, PROBE_WAYS);
	tcase_add_loop_test(jail, pid_file_inside_root_directory, 0, PROBE_WAYS);
	tcase_add_loop_test(jail, root_directory_and_user_combine, 0, PROBE_WAYS);
	tcase_add_loop_test(jail, pid_file_outside_root_directory, 0, PROBE_WAYS);
	tcase_add_loop_test(jail, descriptor_that_escapes_root_directory_is_refused, 0, PROBE_WAYS);
	tcase_add_loop_test(user, pid_file_in_a_directory_of_root_is_emptied, 0, PROBE_WAYS);
	tcase_add_loop_test(user, pid_file_in_a_directory_of_the_user_is_removed, 0, PROBE_WAYS);
	if (harness_has_linux_api()) {
		tcase_add_loop_test(user, capabilities_that_the_kernel_leaves_are_dropped, 0,
				    PROBE_WAYS);
		tcase_add_loop_test(user, capabilities_that_are_only_permitted_are_dropped, 0,
				    PROBE_WAYS);
		tcase_add_loop_test(user, privileges_that_can_be_regained_are_an_error, 0,
				    PROBE_WAYS);
		tcase_add_loop_test(unprivileged, current_user_loses_capabilities, 0, PROBE_WAYS);
		tcase_add_loop_test(unprivileged, current_user_keeps_requested_capabilities, 0,
				    PROBE_WAYS);
		tcase_add_test(unprivileged, capabilities_of_threads_are_an_error);
	}
	tcase_add_loop_test(unprivileged, own_group_need_not_be_listed, 0, 3);
	tcase_add_test(unprivileged, groups_that_cannot_be_changed);
	tcase_add_test(unprivileged, missing_privilege_is_reported);
	tcase_add_test(unprivileged, current_user_needs_no_privilege);
	if (!harness_has_call("chroot") && !harness_has_call("setgroups") &&
	    !harness_has_call("sched_setscheduler"))
		tcase_add_test(unprivileged, calls_that_the_library_lacks_are_refused);
	return harness_main(argc, argv, suite, probe_helpers);
}
