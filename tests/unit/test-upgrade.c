/* SPDX-License-Identifier: MIT */
/*
 * Upgrade in place: what the successor gets from the predecessor, and when an upgrade is
 * refused.
 */
#include "harness/upgrade-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>
#include <daemonkit/upgrade.h>

#define GENERATIONS 20
/* Enough time for a successor to start in tests whose timeout may expire afterwards. */
#define START_TIME 2000

/*
 * In each way of starting: the pid file is handed over, and later calls of the predecessor have
 * no effect.
 */
START_TEST(successor_takes_over)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid log=@/log");
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=60000");
	new = actor_accept();
	/* Not yet. */
	ck_assert_int_ne(new.pid, old.pid);
	ck_assert_int_eq(actor_holder(), old.pid);
	actor_expect(&new, old.pid, "search");
	actor_expect(&new, 0, "release");
	actor_check_refused(old.pid);
	actor_expect(&new, 0, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	ck_assert_int_eq(actor_holder(), new.pid);
	ck_assert_str_eq(harness_read_file(harness_path("run/pid")),
			 harness_path("%d\n", (int)new.pid) + strlen(harness_directory()) + 1);
	actor_check_refused(new.pid);
	actor_expect(&old, new.pid, "search");
	actor_expect(&new, new.pid, "search");
	/* The result stays. */
	actor_expect(&old, new.pid, "wait=0");
	/* None of this belongs to the predecessor any more. */
	actor_expect(&old, 0, "release");
	actor_expect(&old, 0, "ready");
	actor_expect(&old, 0, "status=x");
	actor_expect(&old, 0, "stopping");
	actor_check(actor_call(&old, "start=1000"), -EPERM, "not the daemon");
	ck_assert_int_eq(actor_holder(), new.pid);
	actor_end(&old);
	ck_assert_int_eq(actor_holder(), new.pid);
	actor_check_daemon(&new);
	actor_end(&new);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

/* Named descriptors, including those that the daemon itself passed, and no others. */
START_TEST(generations_pass_descriptors_on)
{
	struct actor actor;
	const char *found, *count = NULL;
	bool pidfds = harness_has_pidfds() && strstr(running_way(_i), "pidfd_open") == NULL;

	actors_open();
	actor = actor_start(_i, "pid=@/run/pid log=@/log first:listen=7:@/socket "
				"first:pass=a:7 first:pass=b:7");
	actor_expect(&actor, 0, "memfd=90");
	actor_expect(&actor, 0, "pass=c:90");
	actor_expect(&actor, 0, "pass=a:90");
	actor_expect(&actor, 0, "close=90");
	actor_expect(&actor, 0, "open=91"); /* inherited by every process that does not close it */
	found = actor_call(&actor, "find=*");
	ck_assert_msg(strchr(found, '!') == NULL, "inherited descriptors: %s", found);
	for (int i = 0; i < GENERATIONS; i++) {
		const char *now;

		actor_replace(&actor);
		ck_assert_str_eq(actor_call(&actor, "find=*"), found);
		now = actor_call(&actor, "fds");
		ck_assert_str_eq(count != NULL ? count : now, now);
		count = now;
		ck_assert_int_eq(actor_holder(), actor.pid);
	}
	/*
	 * Streams, four named ones, pid file, this connection, and the predecessor; the count
	 * excludes itself.
	 */
	ck_assert_int_eq(atoi(count), 3 + 4 + 1 + 1 + (pidfds ? 1 : 0));
	ck_assert_int_eq(strtol(actor_call(&actor, "find=c"), NULL, 10) > 0, 1);
	actor_end(&actor);
	actors_close();
}
END_TEST

START_TEST(payload_arrives_once)
{
	size_t length = (size_t)1 << (2 * _i), full = 1 << 20;
	char *bytes = harness_memory(full + 1), line[64];
	struct actor old, new;
	FILE *file;

	if (_i > 10)
		length = full;
	for (size_t i = 0; i < length; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	file = fopen(harness_path("payload"), "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	fclose(file);
	actors_open();
	old = actor_start(0, "pid=@/run/pid");
	actor_expect(&old, 0, "payload=@/payload");
	new = actor_upgrade(&old);
	actor_end(&old);
	snprintf(line, sizeof line, "%zu %#lx", length, probe_sum((unsigned char *)bytes, length));
	ck_assert_str_eq(actor_call(&new, "take=%zu", full), line);
	actor_expect(&new, 0, "take=10");
	/* It is not passed on. */
	actor_replace(&new);
	actor_expect(&new, 0, "take=10");
	actor_end(&new);
	actors_close();
}
END_TEST

/* Once the successor has it, also while the upgrade object exists. */
START_TEST(payload_is_wiped)
{
	char secret[33] = "", random[32];
	struct actor old, new;

	ck_assert_int_eq(getrandom(random, sizeof random, 0), sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		secret[i] = (char)('a' + (random[i] & 15));
	harness_write_file(harness_path("payload"), secret);
	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	actor_expect(&old, 0, "payload=@/payload");
	ck_assert_uint_eq(probe_count_in_memory(old.pid, secret, 32), 1);
	new = actor_upgrade(&old);
	ck_assert_uint_eq(probe_count_in_memory(old.pid, secret, 32), 0);
	ck_assert_uint_eq(probe_count_in_memory(new.pid, secret, 32), 1);
	actor_end(&old);
	actor_end(&new);
	actors_close();
}
END_TEST

/* A megabyte that the successor reads late: the predecessor does not block meanwhile. */
START_TEST(late_reader_gets_whole_payload)
{
	struct actor old, new;
	char *bytes = harness_memory((1 << 20) + 1);

	memset(bytes, 'x', 1 << 20);
	harness_write_file(harness_path("payload"), bytes);
	harness_write_file(harness_path("late"),
			   "#!/bin/sh\nwhile [ ! -e \"$0.go\" ]; do sleep 0.01; done\n"
			   "exec \"$0.real\" \"$@\"\n");
	ck_assert_int_eq(chmod(harness_path("late"), 0755), 0);
	ck_assert_int_eq(symlink(harness_self, harness_path("late.real")), 0);
	actors_open();
	old = actor_start(0, "pid=@/run/pid");
	actor_expect(&old, 0, "payload=@/payload");
	actor_expect(&old, 0, "start=60000:%s", harness_path("late"));
	/* Send what fits; then there is nothing to do. */
	for (int i = 0; i < 200 && actor_number(actor_call(&old, "fd=0")) == 1; i++)
		actor_expect(&old, 0, "wait=0");
	actor_expect(&old, 0, "fd=50");
	actor_expect(&old, 0, "wait=0");
	actor_expect(&old, old.pid, "search");
	harness_write_file(harness_path("late.go"), "");
	actor_send(&old, "wait=60000");
	new = actor_accept();
	actor_expect(&new, 0, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_expect(&new, 1 << 20, "take=%d", 1 << 20);
	actor_end(&old);
	actor_end(&new);
	actors_close();
}
END_TEST

static const char *fact(const struct actor *actor, const char *name)
{
	static int count;
	const char *path = harness_path("report.%d", count++);

	harness_write_file(path, "");
	chmod(path, 0666);
	actor_expect(actor, 0, "report=%s", path);
	probe_read(path);
	return probe_fact(name);
}

static void check_same(const struct actor *old, const struct actor *new, const char *name)
{
	const char *before = fact(old, name), *after = fact(new, name);

	ck_assert_msg(strcmp(before, after) == 0, "%s was %s, is %s", name, before, after);
}

/* Root directory, privileges and so on are kept without being set again. */
START_TEST(root_directory_and_privileges_are_kept)
{
	static const char *const facts[] = {
		"cwd",     "root",   "umask", "uids", "gids", "groups",   "blocked",
		"ignored", "tty_nr", "fd0",   "fd1",  "fd2",  "terminal",
	};
	static const char *const statuses[] = { "CapInh", "CapPrm",     "CapEff", "CapBnd",
						"CapAmb", "NoNewPrivs", "Groups" };
	static const char *const limits[] = { "Max open files", "Max core file size" };
	struct actor old, new;

	running_for_everybody();
	harness_need_mounts();
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	ck_assert_int_eq(mount("/", harness_path("jail"), NULL, MS_BIND | MS_REC, NULL), 0);
	chmod("/tmp", 01777);
	actors_open();
	/* Capability 10 is CAP_NET_BIND_SERVICE. */
	old = actor_start(_i, "pid=@/run/pid log=@/log chroot=@/jail workdir=/usr umask=026 "
			      "cred=65534:65533:100,200 capability=10 rlimit=7:100:200 "
			      "rlimit=4:0:0 nice=5 oom=100");
	new = actor_upgrade(&old);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		check_same(&old, &new, facts[i]);
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		ck_assert_str_eq(running_proc(new.pid, "status", statuses[i]),
				 running_proc(old.pid, "status", statuses[i]));
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		ck_assert_str_eq(running_proc(new.pid, "limits", limits[i]),
				 running_proc(old.pid, "limits", limits[i]));
	ck_assert_int_eq(getpriority(PRIO_PROCESS, (id_t) new.pid), 5);
	ck_assert_int_eq(atoi(running_proc(new.pid, "oom_score_adj", "")), 100);
	ck_assert_str_eq(running_proc(new.pid, "status", "CapEff"), "0000000000000400");
	ck_assert_str_eq(running_proc(new.pid, "status", "CapPrm"), "0000000000000400");
	ck_assert_str_eq(running_proc(new.pid, "status", "CapInh"), "0000000000000000");
	ck_assert_str_eq(running_proc(new.pid, "status", "CapAmb"), "0000000000000000");
	ck_assert_str_eq(fact(&new, "uids"), "65534 65534 65534");
	ck_assert_int_eq(atoi(fact(&new, "regain")), 0);
	actor_end(&old);
	/* And again. */
	actor_replace(&new);
	ck_assert_str_eq(running_proc(new.pid, "status", "CapEff"), "0000000000000400");
	ck_assert_str_eq(running_proc(new.pid, "status", "CapAmb"), "0000000000000000");
	ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid"))), new.pid);
	actor_end(&new);
	umount2(harness_path("jail"), MNT_DETACH);
	actors_close();
}
END_TEST

START_TEST(log_is_kept)
{
	struct actor actor;

	actors_open();
	actor = actor_start(_i, "pid=@/run/pid log=@/log");
	actor_expect(&actor, 0, "print=one.");
	actor_replace(&actor);
	actor_expect(&actor, 0, "print=two.");
	ck_assert_str_eq(harness_read_file(harness_path("log")), "one.two.");
	ck_assert_int_eq(rename(harness_path("log"), harness_path("log.1")), 0);
	actor_expect(&actor, 0, "print=three.");
	actor_expect(&actor, 0, "reopen");
	actor_expect(&actor, 0, "print=four.");
	ck_assert_str_eq(harness_read_file(harness_path("log.1")), "one.two.three.");
	ck_assert_str_eq(harness_read_file(harness_path("log")), "four.");
	actor_replace(&actor);
	actor_expect(&actor, 0, "print=five.");
	ck_assert_str_eq(harness_read_file(harness_path("log")), "four.five.");
	actor_end(&actor);
	actors_close();
}
END_TEST

START_TEST(successor_is_no_session_leader)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	new = actor_upgrade(&old);
	ck_assert_int_ne(getsid(new.pid), getsid(0));
	ck_assert_int_ne(getsid(new.pid), new.pid);
	ck_assert_int_eq(atoi(fact(&new, "tty_nr")), 0);
	ck_assert_int_eq(atoi(fact(&new, "terminal")), 0);
	actor_end(&old);
	actor_end(&new);
	actors_close();
}
END_TEST

START_TEST(status_texts_are_received)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	actor_expect(&old, 0, "start=%d", harness_scaled(START_TIME));
	actor_send(&old, "wait=60000");
	new = actor_accept();
	/* Without this it would exceed the timeout. */
	actor_expect(&new, 0, "extend=60000");
	actor_expect(&new, 0, "status=half the way");
	ck_assert_str_eq(actor_receive(&old), "received half the way");
	actor_expect(&new, 0, "status=there");
	ck_assert_str_eq(actor_receive(&old), "received there");
	ck_assert(!harness_wait_readable(old.fd, START_TIME + 500));
	actor_expect(&new, 0, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_end(&old);
	actor_end(&new);
	actors_close();
}
END_TEST

/* With 0 it need not report readiness. */
START_TEST(timeout_0_waits_for_set_up)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	actor_check(actor_call(&old, "start=0"), -EINVAL, "DAEMONKIT_UNTIL_SET_UP");
	actor_check(actor_call(&old, "start=-3"), -EINVAL, "DAEMONKIT_NEVER");
	actor_check(actor_call(&old, "start=60000:"), -EINVAL, "path is empty");
	/* DAEMONKIT_UNTIL_SET_UP */
	actor_expect(&old, 0, "start=-2");
	actor_send(&old, "wait=-1");
	new = actor_accept();
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	ck_assert_int_eq(actor_holder(), new.pid);
	actor_end(&old);
	actor_check_daemon(&new);
	actor_end(&new);
	actors_close();
}
END_TEST

/*
 * That of the first start was closed long ago; the number may belong to another descriptor now.
 */
START_TEST(notification_descriptor_is_used_once)
{
	const char *found = NULL;
	struct actor actor;

	actors_open();
	actor = actor_start(0, "pid=@/run/pid first:memfd=50 notify-fd=50");
	for (int i = 0; i < 2; i++) {
		actor_replace(&actor);
		if (i == 0)
			actor_expect(&actor, 0, "memfd=60");
		/* A copy with the lowest number, and then one with this very number. */
		for (int j = 0; i == 0 && j < 50; j++)
			actor_expect(&actor, 0, "pass=a:60");
		found = found == NULL ? actor_call(&actor, "find=a") : found;
	}
	ck_assert_str_eq(actor_call(&actor, "find=a"), found);
	actor_end(&actor);
	actors_close();
}
END_TEST

static pid_t holder_of(const char *path)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_holder(path, &process);

	if (result == 0)
		result = (int)daemonkit_process_pid(process);
	daemonkit_process_free(process);
	return result;
}

/* Upgrades after it was moved, and no move while two processes have it. */
START_TEST(moved_pid_file_is_handed_over)
{
	char *moved = strdup(harness_path("run/moved"));
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	actor_expect(&old, 0, "move=%s", moved);
	ck_assert_int_eq(access(harness_path("run/pid"), F_OK), -1);
	ck_assert_int_eq(holder_of(moved), old.pid);
	actor_replace(&old);
	ck_assert_int_eq(holder_of(moved), old.pid);
	actor_expect(&old, old.pid, "search");
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=60000");
	new = actor_accept();
	actor_check(actor_call(&new, "move=%s", harness_path("run/pid")), -EINPROGRESS,
		    "not replaced its predecessor");
	actor_check(actor_call(&new, "move"), -EINPROGRESS, "not replaced its predecessor");
	actor_expect(&new, 0, "move=%s", moved);
	actor_expect(&new, 0, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_check(actor_call(&old, "move=%s", harness_path("run/old")), -EPERM,
		    "a successor has replaced");
	ck_assert_int_eq(holder_of(moved), new.pid);
	actor_end(&old);
	actor_expect(&new, 0, "start=60000");
	actor_check(actor_call(&new, "move=%s", harness_path("run/pid")), -EINPROGRESS,
		    "an upgrade is in progress");
	actor_expect(&new, 0, "free");
	ck_assert_int_eq(holder_of(moved), new.pid);
	actor_expect(&new, 0, "move=%s", harness_path("run/pid"));
	ck_assert_int_eq(access(moved, F_OK), -1);
	actor_check_daemon(&new);
	actor_expect(&new, 0, "release");
	actor_end(&new);
	probe_check_nothing_left();
	actors_close();
	free(moved);
}
END_TEST

/* The daemon and its successors name the file as it is inside their root directory. */
START_TEST(moved_pid_file_in_root_directory_is_handed_over)
{
	struct actor actor;

	running_for_everybody();
	harness_need_mounts();
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	ck_assert_int_eq(mount("/", harness_path("jail"), NULL, MS_BIND | MS_REC, NULL), 0);
	actors_open();
	actor = actor_start(_i, "pid=@/jail@/run/other chroot=@/jail");
	ck_assert_int_eq(holder_of(harness_path("run/other")), actor.pid);
	for (int i = 0; i < 2; i++) {
		actor_expect(&actor, 0, "move=%s", harness_path("run/pid"));
		ck_assert_int_eq(access(harness_path("run/other"), F_OK), -1);
		actor_check_daemon(&actor);
		actor_expect(&actor, 0, "move=%s", harness_path("run/other"));
		ck_assert_int_eq(holder_of(harness_path("run/other")), actor.pid);
	}
	actor_expect(&actor, 0, "release");
	actor_end(&actor);
	probe_check_nothing_left();
	umount2(harness_path("jail"), MNT_DETACH);
	actors_close();
}
END_TEST

/* Without a pid file there are fewer steps. */
START_TEST(no_pid_file_is_needed)
{
	struct actor actor;

	actors_open();
	actor = actor_start(_i, "log=@/log");
	actor_replace(&actor);
	actor_replace(&actor);
	actor_end(&actor);
	actors_close();
}
END_TEST

/* A successor has none either, even if it could be created now. */
START_TEST(optional_pid_file_that_was_not_created)
{
	struct actor actor;

	actors_open();
	actor = actor_start(_i, "first:optional=1 pid=@/run/later/pid");
	actor_expect(&actor, -ESRCH, "search");
	ck_assert_int_eq(mkdir(harness_path("run/later"), 0755), 0);
	actor_replace(&actor);
	actor_expect(&actor, -ESRCH, "search");
	actor_replace(&actor);
	ck_assert_int_eq(access(harness_path("run/later/pid"), F_OK), -1);
	actor_expect(&actor, 0, "release");
	actor_end(&actor);
	actors_close();
}
END_TEST

/* Call wait until there is nothing to do. */
static void drain(const struct actor *old)
{
	do {
		actor_expect(old, 0, "wait=0");
	} while (actor_number(actor_call(old, "fd=0")) == 1);
}

/* Call wait whenever there is something to do. */
static void await_answer(const struct actor *old)
{
	do {
		actor_expect(old, 1, "fd=%d", harness_scaled(HARNESS_SOON));
	} while (actor_number(actor_call(old, "wait=0")) == 0);
}

/* Three release directories, each with a copy of the program. */
static void make_releases(void)
{
	for (int i = 1; i <= 3; i++) {
		const char *argv[] = { "cp", harness_self, NULL, NULL };

		ck_assert_int_eq(mkdir(harness_path("release-%d", i), 0755), 0);
		argv[2] = harness_path("release-%d/daemon", i);
		ck_assert_int_eq(harness_run(argv).status, 0);
	}
}

static void use_release(int number)
{
	char target[32], path[4096];

	snprintf(target, sizeof target, "release-%d", number);
	snprintf(path, sizeof path, "%s", harness_path("next"));
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(rename(path, harness_path("current")), 0);
}

static void check_release(const struct actor *actor, int number)
{
	struct stat file, running;
	char link[64];

	snprintf(link, sizeof link, "/proc/%d/exe", (int)actor->pid);
	ck_assert_int_eq(stat(harness_path("release-%d/daemon", number), &file), 0);
	ck_assert_int_eq(stat(link, &running), 0);
	ck_assert_uint_eq(file.st_ino, running.st_ino);
}

/* The link in its path leads to another release by then; the old one may be gone. */
START_TEST(links_in_program_path_are_resolved_again)
{
	struct actor actor, new;

	harness_need_kernel("/proc/self/exe of a replaced program");
	actors_open();
	make_releases();
	use_release(1);
	ck_assert_int_eq(chdir(harness_directory()), 0);
	harness_self = _i < PROBE_WAYS ? harness_path("current/daemon") : "current/daemon";
	actor = actor_start(_i % PROBE_WAYS, "pid=@/run/pid");
	check_release(&actor, 1);
	use_release(2);
	ck_assert_int_eq(unlink(harness_path("release-1/daemon")), 0);
	actor_replace(&actor);
	check_release(&actor, 2);
	use_release(3);
	actor_replace(&actor);
	check_release(&actor, 3);
	/* A given path is the path of the program from then on. */
	actor_expect(&actor, 0, "start=60000:@/release-2/daemon");
	actor_send(&actor, "wait=-1");
	new = actor_accept();
	actor_expect(&new, 0, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&actor)), new.pid);
	actor_end(&actor);
	actor_replace(&new);
	check_release(&new, 2);
	/* And one that the daemon sets. */
	actor_expect(&new, 0, "program=@/current/daemon");
	actor_replace(&new);
	check_release(&new, 3);
	actor_end(&new);
	actors_close();
}
END_TEST

/* The descriptor is readable exactly when there is something to do. */
START_TEST(descriptor_is_readable_when_wait_has_work)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	actor_expect(&old, 0, "start=60000");
	/* The settings must be sent. */
	actor_expect(&old, 1, "fd=10000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	drain(&old); /* the message that it is set up */
	actor_expect(&new, 0, "status=x");
	actor_expect(&old, 1, "fd=10000");
	actor_send(&old, "wait=0");
	ck_assert_str_eq(actor_receive(&old), "received x");
	ck_assert_int_eq(actor_number(actor_receive(&old)), 0);
	actor_expect(&old, 0, "fd=0");
	actor_expect(&old, old.pid, "search");
	actor_send(&new, "ready");
	await_answer(&old);
	actor_expect(&old, new.pid, "wait=0");
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	actor_expect(&old, 1, "fd=0");
	actor_end(&old);
	old = new;
	/* After the timeout, and after the exit of a process. */
	actor_expect(&old, 0, "start=%d", harness_scaled(START_TIME));
	actor_expect(&old, 0, "wait=100");
	new = actor_accept();
	await_answer(&old);
	actor_expect(&old, -ETIMEDOUT, "wait=0");
	actor_wait_exit(&new);
	actor_expect(&old, 1, "fd=0");
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	drain(&old);
	actor_kill(&new);
	await_answer(&old);
	actor_expect(&old, -ECHILD, "wait=0");
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* ---- refusals ---- */

START_TEST(upgrade_during_upgrade_is_refused)
{
	struct actor old, new;

	actors_open();
	old = actor_start(0, "pid=@/run/pid");
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	actor_check(actor_call(&old, "start=60000"), -EINPROGRESS, "is in progress");
	actor_check(actor_call(&new, "start=60000"), -EINPROGRESS, "not ready yet");
	actor_send(&old, "wait=60000");
	actor_expect(&new, 0, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_expect(&old, -EPERM, "start=60000");
	actor_end(&old);
	actor_check_daemon(&new);
	actor_end(&new);
	actors_close();
}
END_TEST

START_TEST(only_daemon_can_upgrade)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_upgrade *upgrade = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	ck_assert_int_eq(daemonkit_upgrade_start(context, NULL, 1, &upgrade), -EPERM);
	ck_assert_ptr_null(upgrade);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "not the daemon"));
	daemonkit_context_free(context);
}
END_TEST

/* A null pointer that the compiler does not recognize. */
static void *volatile nothing;

START_TEST(only_daemon_has_predecessor)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_process *process = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	HARNESS_REFUSES_NULL(daemonkit_context_predecessor(NULL, &process));
	HARNESS_REFUSES_NULL(daemonkit_context_predecessor(context, NULL));
	ck_assert_int_eq(daemonkit_context_predecessor(context, &process), -EPERM);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "not the daemon"));
	ck_assert_ptr_null(process);
	daemonkit_context_free(context);
}
END_TEST

/* Before and after the successor is ready, and when the predecessor has exited. */
START_TEST(predecessor_is_found)
{
	struct actor old, new;
	pid_t first;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	first = old.pid;
	actor_check(actor_call(&old, "predecessor"), -ENOENT, "not started by an upgrade");
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=60000");
	new = actor_accept();
	actor_expect(&new, first, "predecessor");
	actor_expect(&new, -EPERM, "child-predecessor");
	actor_expect(&new, 0, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_expect(&old, -ENOENT, "predecessor");
	actor_expect(&new, first, "predecessor");
	actor_expect(&new, 1, "alive");
	actor_expect(&new, -ETIMEDOUT, "await=0");
	actor_send(&new, "await=60000");
	actor_end(&old);
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	/* It remains the predecessor. */
	actor_expect(&new, first, "predecessor");
	actor_expect(&new, 0, "alive");
	actor_expect(&new, 0, "await=0");
	actor_expect(&new, -ESRCH, "signal=15");
	old = new;
	new = actor_upgrade(&old);
	actor_expect(&new, old.pid, "predecessor");
	actor_end(&old);
	actor_end(&new);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

static bool socket_exists(void)
{
	return access(harness_path("socket"), F_OK) == 0;
}

/* Whether the launcher named it or a daemon did: the last one removes it. */
START_TEST(last_daemon_removes_socket)
{
	struct actor old, new;
	int upgrades = 0;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid first:listen=7:@/socket first:pass=a:7 "
			      "first:remove-socket=@/socket");
	do {
		actor_expect(&old, 0, "start=60000");
		actor_send(&old, "wait=60000");
		new = actor_accept();
		/* Neither is the last one yet. */
		actor_expect(&new, 0, "release");
		actor_expect(&new, 0, "ready");
		ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
		actor_expect(&old, 0, "release");
		actor_check(actor_call(&old, "remove-socket=@/socket"), -EPERM, "not the daemon");
		actor_end(&old);
		ck_assert(socket_exists());
		/* A program does that in each generation. */
		if (upgrades == 1)
			actor_expect(&new, 0, "remove-socket=@/socket");
		old = new;
	} while (++upgrades < 3);
	actor_end(&new);
	ck_assert(!socket_exists());
	probe_check_nothing_left();
	actors_close();
}
END_TEST

START_TEST(socket_stays_with_daemon_when_upgrade_fails)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	actor_expect(&old, 0, "listen=70:@/socket");
	actor_expect(&old, 0, "remove-socket=@/socket");
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	/* The successor has its settings already. */
	actor_check(actor_call(&old, "remove-socket=@/socket"), -EINPROGRESS, "in progress");
	actor_expect(&new, 0, "failed=x");
	actor_end(&new);
	ck_assert_int_eq(actor_number(actor_call(&old, "wait=60000")), -EPROTO);
	ck_assert(socket_exists());
	actor_expect(&old, 0, "remove-socket=@/socket");
	actor_expect(&old, 0, "release");
	ck_assert(!socket_exists());
	actor_end(&old);
	actors_close();
}
END_TEST

START_TEST(nulls_are_refused)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_upgrade *upgrade = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	HARNESS_REFUSES_NULL(daemonkit_upgrade_start(context, NULL, 1, nothing));
	HARNESS_REFUSES_NULL(daemonkit_upgrade_start(nothing, NULL, 1, &upgrade));
	ck_assert_ptr_null(upgrade);
	ck_assert_int_eq(daemonkit_upgrade_wait(nothing, 1), -EINVAL);
	ck_assert_int_eq(daemonkit_upgrade_fd(nothing), -EINVAL);
	ck_assert_ptr_null(daemonkit_upgrade_free(nothing));
	daemonkit_context_free(context);
}
END_TEST

/* A supervisor of this very process would take its exit for that of the daemon. */
START_TEST(supervised_is_refused)
{
	struct actor actor;

	actors_open();
	actor = actor_start(PROBE_WAYS, "pid=@/run/pid");
	actor_check(actor_call(&actor, "start=60000"), -ENOTSUP, "supervisor of this process");
	actor_expect(&actor, actor.pid, "search");
	actor_end(&actor);
	actors_close();
}
END_TEST

/* As process 1 of a container. */
/* It would be supervised if that start had succeeded. */
START_TEST(failed_foreground_start_is_not_supervised)
{
	struct actor actor;

	actors_open();
	actor = actor_start(PROBE_REBORN_WAYS,
			    "first:mode=foreground first:workdir=/no/such "
			    "first:refused=%d first:mode=fork "
			    "first:workdir=/ pid=@/run/pid",
			    -ENOENT);
	actor_replace(&actor);
	actor_end(&actor);
	actors_close();
}
END_TEST

START_TEST(process_1_is_refused)
{
	const char *const argv[] = { "unshare",    "--pid",    "--fork", "--kill-child=KILL",
				     harness_self, "--helper", "first",  NULL };
	struct harness_result result;

	harness_need_root();
	result = harness_run(argv);
	ck_assert_msg(result.status == 0, "status %#x: %s", (unsigned)result.status, result.error);
}
END_TEST

static int first_main(int argc, char *argv[])
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_upgrade *upgrade = NULL;
	int result;

	(void)argc, (void)argv;
	setenv("NOTIFY_SOCKET", "@nobody-listens", 1);
	if (getpid() != 1 || daemonkit_context_new(&context) != 0 ||
	    daemonkit_context_reborn(context) != 0)
		return 1;
	result = daemonkit_upgrade_start(context, NULL, 1000, &upgrade);
	daemonkit_context_free(context);
	return result == -ENOTSUP ? 0 : 2;
}

/* Without a lock that two processes can share, and without a descriptor to wait on. */
START_TEST(upgrade_with_posix_only)
{
	struct actor actor;

	actors_open();
	actor = actor_start(_i, "pid=@/run/pid");
	actor_check(actor_call(&actor, "start=60000"), -ENOTSUP, "no lock that two");
	actor_expect(&actor, actor.pid, "search");
	actor_end(&actor);
	actor = actor_start(_i, "log=@/log");
	actor_replace(&actor);
	actor_expect(&actor, -ENOTSUP, "predecessor");
	actor_expect(&actor, 0, "start=60000");
	actor_expect(&actor, -ENOTSUP, "fd=0");
	actor_expect(&actor, 0, "free");
	actor_end(&actor);
	actors_close();
}
END_TEST

static const struct harness_helper helpers[] = { UPGRADE_HELPERS,
						 { "first", first_main },
						 { NULL, NULL } };

/* It reaches the log of the daemon, and explains an exit without a report. */
START_TEST(last_line_of_successor_explains_its_exit)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid log=@/log");
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=60000");
	new = actor_accept();
	actor_expect(&new, 0, "error-line=no-such-file");
	actor_send(&new, "exit=71");
	actor_check(actor_receive(&old), -ECHILD, "before it was ready: no-such-file");
	ck_assert_str_eq(harness_read_file(harness_path("log")), "no-such-file\n");
	close(new.fd);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

START_TEST(successor_prints_to_the_log_in_order)
{
	struct actor old, new;

	actors_open();
	old = actor_start(_i, "pid=@/run/pid log=@/log");
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=60000");
	new = actor_accept();
	actor_expect(&new, 0, "error-line=early");
	actor_expect(&new, 0, "ready");
	actor_expect(&new, 0, "error-line=late");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_end(&old);
	ck_assert_str_eq(harness_read_file(harness_path("log")), "early\nlate\n");
	actor_end(&new);
	actors_close();
}
END_TEST

static void add(Suite *suite, const char *name, const TTest *test, int ways)
{
	_tcase_add_test(harness_case(suite, name), test, 0, 0, 0, ways);
}

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("upgrade");
	TCase *refused = harness_case(suite, "refused");

	tcase_add_test(refused, only_daemon_can_upgrade);
	tcase_add_test(refused, only_daemon_has_predecessor);
	tcase_add_test(refused, nulls_are_refused);
	tcase_add_test(refused, supervised_is_refused);
	tcase_add_test(refused, process_1_is_refused);
	add(suite, "no-pid-file", no_pid_file_is_needed, PROBE_WAYS);
	add(suite, "optional", optional_pid_file_that_was_not_created, PROBE_WAYS);
	if (!harness_has_linux_api()) {
		add(suite, "posix", upgrade_with_posix_only, PROBE_WAYS);
		return harness_main(argc, argv, suite, helpers);
	}
	tcase_add_test(refused, upgrade_during_upgrade_is_refused);
	tcase_add_test(refused, failed_foreground_start_is_not_supervised);
	add(suite, "moved", moved_pid_file_is_handed_over, PROBE_WAYS);
	add(suite, "moved", moved_pid_file_in_root_directory_is_handed_over, PROBE_WAYS);
	add(suite, "handover", successor_takes_over, PROBE_WAYS);
	add(suite, "generations", generations_pass_descriptors_on, PROBE_WAYS);
	add(suite, "predecessor", predecessor_is_found, PROBE_WAYS);
	add(suite, "socket", last_daemon_removes_socket, PROBE_WAYS);
	add(suite, "kept", socket_stays_with_daemon_when_upgrade_fails, PROBE_WAYS);
	add(suite, "last-line", last_line_of_successor_explains_its_exit, PROBE_WAYS);
	add(suite, "order", successor_prints_to_the_log_in_order, PROBE_WAYS);
	add(suite, "payload", payload_arrives_once, 12);
	/* Sanitizers and valgrind keep copies, and use more memory than can be searched. */
	if (!harness_is_under_valgrind() && !harness_is_sanitized())
		add(suite, "wiped", payload_is_wiped, PROBE_WAYS);
	add(suite, "late", late_reader_gets_whole_payload, 1);
	add(suite, "environment", root_directory_and_privileges_are_kept, PROBE_WAYS);
	add(suite, "log", log_is_kept, PROBE_WAYS);
	add(suite, "session", successor_is_no_session_leader, PROBE_WAYS);
	add(suite, "status", status_texts_are_received, PROBE_WAYS);
	add(suite, "notify-fd", notification_descriptor_is_used_once, 1);
	add(suite, "set-up", timeout_0_waits_for_set_up, PROBE_WAYS);
	add(suite, "descriptor", descriptor_is_readable_when_wait_has_work, PROBE_WAYS);
	add(suite, "program", links_in_program_path_are_resolved_again, 2 * PROBE_WAYS);
	return harness_main(argc, argv, suite, helpers);
}
