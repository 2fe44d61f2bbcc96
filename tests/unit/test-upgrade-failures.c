/* SPDX-License-Identifier: MIT */
/* Upgrades that fail: whatever process dies at whatever time, there is one daemon or none. */
#include "harness/upgrade-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

#include "compat/ofd-lock.h"
#include "compat/pidfd.h"
#include "pidfile/pidfile-internal.h"

#define WORDS "pid=@/run/pid log=@/log"
/* Enough time for a successor to start in tests whose timeout must expire afterwards. */
#define START_TIME 3000

/* The first way creates a sibling: others reap it, and its status must come from the kernel. */
static void need_status(int way)
{
	int pidfd, status, result;
	pid_t pid;

	if (way != 0)
		return;
	pid = fork();
	if (pid == 0)
		_exit(0);
	pidfd = compat_pidfd_open(pid);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	result = compat_pidfd_exit_status(pidfd, &status);
	close(pidfd);
	if (result == -ENOTSUP)
		harness_skip("the kernel does not report the status of a sibling");
}

/* ---- successors that cannot start ---- */

static const struct failure {
	const char *text; /* of the program file; NULL: there is none */
	mode_t mode;
	int error;
	const char *error_text;
	int status; /* -1: no process was created */
} failures[] = {
	{ NULL, 0, -ENOENT, "execve", 127 << 8 },
	{ "#!/bin/sh\n", 0644, -EACCES, "execve", 127 << 8 },
	{ "\177ELF is not all", 0755, -ENOEXEC, "execve", 127 << 8 },
	{ "#!/no/such/interpreter\n", 0755, -ENOENT, "execve", 127 << 8 },
	{ "#!/bin/sh\nexit 7\n", 0755, -ECHILD, "exited with status 7", 7 << 8 },
	{ "#!/bin/sh\nkill -SEGV $$\n", 0755, -ECHILD, "killed by signal 11", 11 },
	{ "#!/bin/sh\nexec sleep 1000\n", 0755, -ETIMEDOUT, "not ready in time", 9 },
};
#define FAILURES ((int)(sizeof failures / sizeof *failures))

/* In each way of starting; some errors are detected at once, others later. */
START_TEST(successor_cannot_be_executed)
{
	const struct failure *failure = &failures[_i % FAILURES];
	const char *path = harness_path("new"), *answer;
	struct actor actor;

	if (failure->error == -ECHILD || failure->error == -ETIMEDOUT)
		need_status(_i / FAILURES);
	actors_open();
	if (failure->text != NULL) {
		harness_write_file(path, failure->text);
		ck_assert_int_eq(chmod(path, failure->mode), 0);
	}
	actor = actor_start(_i / FAILURES, WORDS);
	answer = actor_call(&actor, "start=%d:%s", failure->error == -ETIMEDOUT ? 300 : 60000,
			    path);
	if (actor_number(answer) == 0)
		answer = actor_call(&actor, "wait=-1");
	actor_check(answer, failure->error, failure->error_text);
	/* Its status, if a process was created. */
	if (failure->error == -ECHILD || failure->error == -ETIMEDOUT)
		ck_assert_int_eq(actor_number(actor_call(&actor, "status-of")) & ~0x80,
				 failure->status);
	actor_check_daemon(&actor);
	actor_end(&actor);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

static const struct {
	const char *how;
	const char *error_text;
	int status;
} constructors[] = {
	{ "abort", "killed by signal 6", 6 },
	{ "crash", "killed by signal 11", 11 },
	{ "exit", "exited with status 23", 23 << 8 },
};

START_TEST(successor_dies_before_main)
{
	const char *answer;
	struct actor actor;

	need_status(_i / 3);
	actors_open();
	actor = actor_start(_i / 3, WORDS);
	actor_expect(&actor, 0, "setenv=PROBE_CONSTRUCTOR=%s", constructors[_i % 3].how);
	actor_expect(&actor, 0, "start=60000");
	answer = actor_call(&actor, "wait=-1");
	actor_check(answer, -ECHILD, constructors[_i % 3].error_text);
	ck_assert_int_eq(actor_number(actor_call(&actor, "status-of")) & ~0x80,
			 constructors[_i % 3].status);
	actor_expect(&actor, 0, "setenv=PROBE_CONSTRUCTOR=no");
	actor_check_daemon(&actor);
	actor_end(&actor);
	actors_close();
}
END_TEST

/* ---- successors that start and then fail ---- */

static const struct {
	const char *command; /* the command that makes it fail */
	int error;
	const char *error_text;
} ends[] = {
	{ "failed=no such table", -EPROTO, "upgrade: no such table" },
	{ "exit=9", -ECHILD, "exited with status 9 before it was ready" },
	{ "raise=9", -ECHILD, "killed by signal 9" },
	{ "end", -ECHILD, "exited with status 0 before it was ready" },
	{ "input", -ETIMEDOUT, "not ready in time" }, /* never ready */
};
#define ENDS ((int)(sizeof ends / sizeof *ends))

START_TEST(successor_fails_before_it_is_ready)
{
	int end = _i % ENDS;
	struct actor old, new;

	if (ends[end].error == -ECHILD)
		need_status(_i / ENDS);
	actors_open();
	old = actor_start(_i / ENDS, WORDS);
	actor_expect(&old, 0, "start=%d",
		     ends[end].error == -ETIMEDOUT ? harness_scaled(START_TIME) : 60000);
	actor_send(&old, "wait=-1");
	new = actor_accept();
	actor_send(&new, "%s", ends[end].command);
	if (strncmp(ends[end].command, "failed", 6) == 0) {
		ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
		actor_expect(&new, 0, "release");
		actor_send(&new, "end");
	}
	actor_check(actor_receive(&old), ends[end].error, ends[end].error_text);
	actor_wait_exit(&new);
	/* The result stays, with its text, after later errors. */
	actor_expect(&old, -EINVAL, "pass=:0");
	actor_check(actor_call(&old, "wait=0"), ends[end].error, ends[end].error_text);
	actor_check_daemon(&old);
	actor_end(&old);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

/* Poll for the result, as a program with other work does. */
static const char *poll_answer(const struct actor *old)
{
	const char *answer;

	do {
		actor_expect(old, 1, "fd=%d", HARNESS_SOON);
		answer = actor_call(old, "wait=0");
	} while (actor_number(answer) == 0);
	return answer;
}

static bool is_zombie(void *data)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t) * (pid_t *)data, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

/*
 * Its parent, here this process, does not reap it at once. The upgrade does not wait for that;
 * the status is known if it is reaped in time.
 */
START_TEST(late_reaping_is_not_waited_for)
{
	bool late = _i % 2 == 1, reaped = _i < 2;
	struct actor old, new;
	const char *answer;
	int64_t begun;
	long status;

	need_status(0);
	harness_adopt_orphans();
	actors_open();
	old = actor_start(0, WORDS);
	actor_expect(&old, 0, "start=%d", late ? harness_scaled(START_TIME) : 60000);
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	if (!late)
		actor_send(&new, "exit=9");
	while (!is_zombie(&new.pid)) {
		actor_expect(&old, 1, "fd=%d", HARNESS_SOON);
		actor_expect(&old, 0, "wait=0");
	}
	begun = harness_now();
	actor_expect(&old, 0, "wait=0");
	if (harness_now() - begun < 500)
		actor_expect(&old, 0, "fd=0");
	if (reaped)
		ck_assert_int_eq(waitpid(new.pid, NULL, 0), new.pid);
	answer = poll_answer(&old);
	/* If the machine pauses for so long the test has not failed. */
	if (reaped && harness_now() - begun < 1000)
		actor_check(answer, late ? -ETIMEDOUT : -ECHILD,
			    late ? "not ready in time and was killed" : "exited with status 9");
	else
		actor_check(answer, late ? -ETIMEDOUT : -ECHILD, "the daemon ");
	status = actor_number(actor_call(&old, "status-of"));
	if (!reaped)
		ck_assert_int_eq(status, -1);
	else if (status != -1)
		ck_assert_int_eq(status, late ? SIGKILL : 9 << 8);
	if (!reaped)
		ck_assert_int_eq(waitpid(new.pid, NULL, 0), new.pid);
	close(new.fd);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* It has failed and exits slowly: the predecessor does not block meanwhile. */
START_TEST(slow_exit_is_not_waited_for)
{
	struct actor old, new;

	need_status(_i);
	actors_open();
	old = actor_start(_i, WORDS);
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	actor_expect(&new, 0, "failed=no such key");
	/* Read what comes; then there is nothing to do. */
	do {
		actor_expect(&old, 0, "wait=0");
	} while (actor_number(actor_call(&old, "fd=0")) == 1);
	/* Another error of the predecessor in between. */
	actor_expect(&old, -EINPROGRESS, "start=60000");
	ck_assert_int_eq(kill(new.pid, 0), 0);
	actor_send(&new, "end");
	actor_wait_exit(&new);
	actor_check(poll_answer(&old), -EPROTO, "no such key");
	actor_expect(&old, 0, "status-of");
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* A successor that closes its channel and does not exit is killed. */
START_TEST(successor_that_closes_channel_is_killed)
{
	struct actor old, new;

	need_status(_i);
	actors_open();
	old = actor_start(_i, WORDS);
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=-1");
	new = actor_accept();
	actor_expect(&new, 0, "hang-up");
	actor_check(actor_receive(&old), -ECHILD,
		    "closed its channel before it was ready, and was killed");
	actor_wait_exit(&new);
	actor_expect(&old, SIGKILL, "status-of");
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

START_TEST(upgrade_is_cancelled)
{
	struct actor old, new;
	const char *before;

	actors_open();
	old = actor_start(_i, WORDS);
	before = actor_call(&old, "fds");
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	/*
	 * Descriptors of the epoll set, its timer, channel and process: the child has closed
	 * them.
	 */
	ck_assert_int_ge(actor_number(actor_call(&old, "forked")), 4);
	actor_expect(&old, 0, "free");
	actor_wait_exit(&new);
	ck_assert_str_eq(actor_call(&old, "fds"), before);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* A successor that sends messages all the time is killed at the timeout, too. */
START_TEST(status_texts_do_not_extend_timeout)
{
	struct actor old, new;
	const char *answer;
	int texts = 0, time = harness_scaled(START_TIME);

	actors_open();
	old = actor_start(_i, WORDS);
	actor_expect(&old, 0, "start=%d", time);
	actor_send(&old, "wait=-1");
	new = actor_accept();
	actor_send(&new, "flood");
	/* Read so slowly that another message is always pending. */
	for (answer = actor_receive(&old); strncmp(answer, "received", 8) == 0; texts++) {
		ck_assert_int_lt(texts, 2 * time);
		poll(NULL, 0, 1);
		answer = actor_receive(&old);
	}
	ck_assert_int_gt(texts, 0);
	actor_check(answer, -ETIMEDOUT, "not ready in time");
	actor_wait_exit(&new);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* ---- death during the handover ---- */

/* Does an OFD lock guard the pid file? */
static void check_guard(bool taken)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = COMPAT_GUARD_BYTE, .l_len = 1
	};
	int fd = open(harness_path("run/pid"), O_RDWR | O_CLOEXEC);

	ck_assert_int_eq(fcntl(fd, F_OFD_GETLK, &lock), 0);
	ck_assert_int_eq(lock.l_type != F_UNLCK, taken);
	close(fd);
}

/* Begin an upgrade whose successor stops, or dies, at this stage. */
static void begin(const char *stage, int way, struct actor *old, struct actor *new)
{
	*old = actor_start(way, WORDS);
	actor_expect(old, 0, "start=60000");
	actor_send(old, "wait=-1");
	*new = actor_accept();
	actor_expect(new, 0, "stop-at=%s", stage);
	actor_send(new, "ready");
}

static void at(const struct actor *new, const char *stage)
{
	ck_assert_str_eq(actor_receive(new),
			 harness_path("at %s", stage) + strlen(harness_directory()) + 1);
}

static const char *const before_taken[] = { "before", "after" };

/* No other daemon can start in between, and the predecessor gets back what it handed over. */
START_TEST(successor_dies_during_handover)
{
	const char *stage = _i % 3 == 2 ? "reported" : before_taken[_i % 3];
	struct actor old, new;

	actors_open();
	begin(stage, _i / 3, &old, &new);
	at(&new, stage);
	ck_assert_int_eq(kill(old.pid, SIGSTOP), 0);
	/* The report that it has acquired the pid file is not enough. */
	if (strcmp(stage, "reported") == 0) {
		actor_send(&new, "on");
		at(&new, stage);
	}
	ck_assert_int_eq(kill(new.pid, SIGKILL), 0);
	ck_assert(harness_wait_exit(new.pid, HARNESS_SOON));
	/* The predecessor does not know it yet. */
	actor_check_refused(old.pid);
	ck_assert_int_eq(kill(old.pid, SIGCONT), 0);
	actor_check(actor_receive(&old), -ECHILD, "exited");
	actor_wait_exit(&new);
	actor_check_daemon(&old);
	actor_end(&old);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

START_TEST(successor_cannot_acquire_pid_file)
{
	struct actor old, new;

	actors_open();
	begin("refuse", _i, &old, &new);
	actor_check(actor_receive(&old), -EXDEV, "it will not");
	actor_wait_exit(&new);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

static void limit_files(pid_t pid, rlim_t size)
{
	const struct rlimit limit = { .rlim_cur = size, .rlim_max = RLIM_INFINITY };

	ck_assert_int_eq(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

/* Neither of the two can write the pid file, and neither is killed by SIGXFSZ. */
START_TEST(file_size_limit_fails_handover)
{
	struct actor old, new;
	struct rlimit limit;
	const char *answer;

	harness_need_kernel("RLIMIT_FSIZE, which kills an emulator that writes files itself");
	getrlimit(RLIMIT_FSIZE, &limit);
	if (limit.rlim_max != RLIM_INFINITY)
		harness_skip("a limit is already set");
	actors_open();
	old = actor_start(_i, "pid=@/run/pid");
	limit_files(old.pid, 0);
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=-1");
	new = actor_accept();
	actor_send(&new, "ready");
	answer = actor_receive(&old);
	actor_check(answer, -EFBIG, "pid file");
	ck_assert_ptr_null(strstr(answer, "take it back"));
	actor_wait_exit(&new);
	limit_files(old.pid, RLIM_INFINITY);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* It has acquired the pid file and cannot report it: it must restore the file. */
START_TEST(successor_cannot_report_handover)
{
	struct actor old, new;

	actors_open();
	begin("mute", _i, &old, &new);
	ck_assert_int_lt(actor_number(actor_receive(&new)), 0);
	actor_expect(&new, 0, "release");
	ck_assert_int_eq(access(harness_path("run/pid"), F_OK), 0);
	check_guard(true);
	actor_end(&new);
	actor_check(actor_receive(&old), -ECHILD, "exited");
	check_guard(true);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* The bytes that a user locks who may only read the file. */
static const struct {
	off_t start, length;
} readers[] = { { 0, 1 }, { 1, 1 }, { 5, 1000 }, { 0, COMPAT_GUARD_BYTE } };
#define READERS ((int)(sizeof readers / sizeof *readers))

static int lock_for_reading(int reader)
{
	struct flock lock = { .l_type = F_RDLCK,
			      .l_whence = SEEK_SET,
			      .l_start = readers[reader].start,
			      .l_len = readers[reader].length };
	int fd = open(harness_path("run/pid"), O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	return fd;
}

static void check_holder(const struct actor *actor)
{
	ck_assert_int_eq(actor_holder(), actor->pid);
	actor_check_refused(actor->pid);
}

/*
 * A reader locks the file when the predecessor has released it and the successor has not
 * acquired it; both are alive.
 */
START_TEST(lock_of_reader_does_not_stop_handover)
{
	struct actor old, new;
	int reader;

	actors_open();
	begin("before", _i / READERS, &old, &new);
	at(&new, "before");
	reader = lock_for_reading(_i % READERS);
	actor_check_refused(old.pid);
	actor_send(&new, "on");
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_end(&old);
	check_holder(&new);
	/*
	 * Nor does it stop the next upgrade; and after the reader has closed the file all locks
	 * are complete.
	 */
	actor_replace(&new);
	check_holder(&new);
	close(reader);
	actor_replace(&new);
	actor_check_daemon(&new);
	actor_end(&new);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

START_TEST(lock_of_reader_does_not_stop_return_of_lock)
{
	struct actor old, new;
	int reader;

	actors_open();
	begin("before", _i / READERS, &old, &new);
	at(&new, "before");
	reader = lock_for_reading(_i % READERS);
	ck_assert_int_eq(kill(new.pid, SIGKILL), 0);
	actor_check(actor_receive(&old), -ECHILD, "exited");
	actor_wait_exit(&new);
	check_holder(&old);
	actor_replace(&old);
	close(reader);
	actor_replace(&old);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/*
 * It was told to continue and has not reported that it is the daemon: the predecessor still is.
 */
START_TEST(successor_dies_before_it_is_the_daemon)
{
	struct actor old, new;

	actors_open();
	begin("left", _i, &old, &new);
	at(&new, "left");
	actor_check_refused(new.pid);
	ck_assert_int_eq(kill(new.pid, SIGKILL), 0);
	actor_check(actor_receive(&old), -ECHILD, "exited");
	actor_wait_exit(&new);
	actor_check_daemon(&old);
	actor_replace(&old);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/*
 * It was the daemon, and was stopped before the predecessor knew it: the predecessor must not
 * continue, because its pid file is gone and another daemon may have started.
 */
START_TEST(successor_that_ends_at_once_is_the_last_daemon)
{
	struct actor old, new, other;

	actors_open();
	begin("left", _i, &old, &new);
	at(&new, "left");
	ck_assert_int_eq(kill(old.pid, SIGSTOP), 0);
	actor_send(&new, "on");
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	actor_end(&new);
	other = actor_start(_i, WORDS);
	ck_assert_int_eq(kill(old.pid, SIGCONT), 0);
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	actor_check_daemon(&other);
	actor_end(&old);
	actor_check_daemon(&other);
	actor_end(&other);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

START_TEST(successor_takes_too_long)
{
	const char *stage = _i == 2 ? "left" : before_taken[_i];
	struct actor old, new;

	actors_open();
	begin(stage, 0, &old, &new);
	at(&new, stage);
	actor_check(actor_receive(&old), -ETIMEDOUT, "did not take over in time");
	actor_wait_exit(&new);
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* Then it holds the file, or becomes the daemon before any other process can. */
START_TEST(predecessor_dies_during_handover)
{
	const char *stage = before_taken[_i % 2];
	struct actor old, new;

	actors_open();
	begin(stage, _i / 2, &old, &new);
	at(&new, stage);
	actor_kill(&old);
	if (strcmp(stage, "after") == 0) {
		actor_check_refused(new.pid);
		ck_assert_int_eq(actor_holder(), new.pid);
	}
	actor_send(&new, "on");
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	actor_check_daemon(&new);
	actor_end(&new);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

/*
 * Another daemon may win when the predecessor is dead; then the successor does not. The pid
 * file of the successor then has no name, or, on FUSE, a hidden one.
 */
START_TEST(other_daemon_may_win_after_death_of_predecessor)
{
	struct actor old, new, third;

	actors_open();
	begin("before", _i % 2, &old, &new);
	at(&new, "before");
	actor_kill(&old);
	if (_i >= 2)
		ck_assert_int_eq(rename(harness_path("run/pid"), harness_path("hidden")), 0);
	third = actor_start(_i % 2, WORDS);
	ck_assert_int_eq(actor_holder(), third.pid);
	actor_send(&new, "on");
	actor_check(actor_receive(&new), -ESTALE, "removed or replaced");
	actor_expect(&new, 0, "release");
	actor_expect(&new, -EPERM, "start=60000");
	actor_end(&new);
	actor_check_daemon(&third);
	actor_end(&third);
	if (_i >= 2)
		ck_assert_int_eq(unlink(harness_path("hidden")), 0);
	probe_check_nothing_left();
	actors_close();
}
END_TEST

/* Before the handover: no process waits for the successor, which must not become the daemon. */
START_TEST(predecessor_dies_before_handover)
{
	struct actor old, new, third;

	actors_open();
	old = actor_start(_i, WORDS);
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	actor_kill(&old);
	actor_expect(&new, 0, "release");
	/* The next start succeeds at once, while the successor still exists. */
	third = actor_start(_i, WORDS);
	actor_check(actor_call(&new, "ready"), -ECANCELED, "no process waits");
	actor_expect(&new, 0, "release");
	actor_end(&new);
	actor_check_daemon(&third);
	actor_end(&third);
	actors_close();
}
END_TEST

/* Children that the predecessor has forked meanwhile, and that live on, do not change that. */
START_TEST(children_do_not_hide_exit_of_successor)
{
	struct actor old, new;
	pid_t child;

	actors_open();
	old = actor_start(_i, WORDS);
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	child = (pid_t)actor_number(actor_call(&old, "worker"));
	actor_kill(&old);
	actor_expect(&new, -ECANCELED, "ready");
	actor_end(&new);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert(harness_wait_exit(child, HARNESS_SOON));
	actors_close();
}
END_TEST

/*
 * Children that keep all descriptors of the predecessor open do not make the successor wait for
 * its decision.
 */
START_TEST(children_do_not_hide_death_of_predecessor)
{
	bool takes = _i % 2 == 1;
	struct actor old, new;
	pid_t child;

	actors_open();
	old = actor_start(_i / 2, WORDS);
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	actor_expect(&new, 0, "stop-at=%s", takes ? "after" : "");
	actor_expect(&old, 0, "hold=@/held");
	child = (pid_t)atoi(harness_read_file(harness_path("held")));
	actor_send(&new, "ready");
	if (takes) {
		actor_send(&old, "wait=-1");
		at(&new, "after");
	} else {
		actor_expect(&old, 1, "fd=10000");
	}
	ck_assert_int_eq(kill(old.pid, SIGKILL), 0);
	ck_assert(harness_wait_exit(old.pid, HARNESS_SOON));
	if (takes)
		actor_send(&new, "on");
	ck_assert_int_eq(actor_number(actor_receive(&new)), takes ? 0 : -ECANCELED);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert(harness_wait_exit(child, HARNESS_SOON));
	close(old.fd);
	if (takes)
		actor_check_daemon(&new);
	actor_end(&new);
	actors_close();
}
END_TEST

/* Nor do they delay the result, whether or not they have closed the descriptors. */
START_TEST(children_of_predecessor_do_not_delay_result)
{
	bool fails = _i % 2 == 1;
	struct actor old, new;
	pid_t child;

	actors_open();
	old = actor_start(_i / 2, WORDS);
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	actor_expect(&old, 0, "hold=@/held");
	child = (pid_t)atoi(harness_read_file(harness_path("held")));
	ck_assert_int_ge(actor_number(actor_call(&old, "forked")), 4);
	actor_send(&old, "wait=60000");
	if (fails) {
		actor_kill(&new);
		actor_check(actor_receive(&old), -ECHILD, "killed by signal 9");
	} else {
		actor_expect(&new, 0, "ready");
		ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	}
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert(harness_wait_exit(child, HARNESS_SOON));
	if (!fails) {
		actor_end(&old);
		old = new;
	}
	actor_check_daemon(&old);
	actor_end(&old);
	actors_close();
}
END_TEST

/* After it was told to continue, the successor continues alone. */
START_TEST(predecessor_dies_after_handover)
{
	struct actor old, new;

	actors_open();
	begin("left", _i, &old, &new);
	at(&new, "left");
	actor_kill(&old);
	ck_assert_int_eq(actor_holder(), new.pid);
	actor_check_refused(new.pid);
	actor_send(&new, "on");
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	actor_check_daemon(&new);
	actor_end(&new);
	actors_close();
}
END_TEST

/* ---- other processes meanwhile ---- */

/* Start or search until the test closes its end of the pipe. */
static _Noreturn void bystander(bool starts, int reports)
{
	int counts[3] = { 0 }; /* checks, wrong results, unclear results */

	for (;;) {
		struct daemonkit_pidfile *pidfile = NULL;
		struct daemonkit_process *process = NULL;
		const char *path = harness_path("run/pid");
		int result;

		if (starts)
			result = daemonkit_pidfile_create(path, 0, &pidfile) == -EALREADY ? 0 : 1;
		else if ((result = daemonkit_pidfile_holder(path, &process)) == 0)
			result = daemonkit_process_signal(process, SIGURG);
		/* The process exited in between. */
		counts[0]++;
		counts[1] += starts ? result != 0 : result < 0 && result != -ESRCH;
		counts[2] += !starts && result == -ESRCH && process == NULL;
		daemonkit_pidfile_close(pidfile);
		daemonkit_process_free(process);
		harness_free_memory();
		if (write(reports, counts, sizeof counts) < 0)
			_exit(1);
	}
}

/* Read the counts and wait for the process to exit. */
static void stop_bystander(pid_t pid, int reports, int counts[3])
{
	int status;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	while (read(reports, counts, 3 * sizeof *counts) > 0)
		;
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	close(reports);
}

START_TEST(pid_file_always_has_holder_during_upgrades)
{
	pid_t pids[2];
	int pipes[2][2], counts[3];
	struct actor actor;

	actors_open();
	actor = actor_start(_i, WORDS);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
		fcntl(pipes[i][1], F_SETPIPE_SZ, 1 << 20);
		pids[i] = fork();
		if (pids[i] == 0)
			bystander(i == 0, pipes[i][1]);
		close(pipes[i][1]);
	}
	for (int i = 0; i < 40; i++)
		actor_replace(&actor);
	for (int i = 0; i < 2; i++) {
		stop_bystander(pids[i], pipes[i][0], counts);
		ck_assert_msg(counts[0] > 10 && counts[1] == 0 && counts[2] == 0,
			      "%s: of %d checks %d wrong, %d without a holder",
			      i == 0 ? "starts" : "searches", counts[0], counts[1], counts[2]);
	}
	actor_check_daemon(&actor);
	actor_end(&actor);
	actors_close();
}
END_TEST

/* ---- the program file ---- */

START_TEST(program_file_is_replaced_or_moved)
{
	const char *path = harness_path("program");
	struct actor actor;

	harness_need_kernel("/proc/self/exe of a replaced program");
	actors_open();
	actor = actor_start(_i, WORDS);
	ck_assert(harness_copy_program(harness_self, path));
	/* From now on this is the path of the program. */
	actor_expect(&actor, 0, "start=60000:%s", path);
	actor_send(&actor, "wait=-1");
	{
		struct actor new = actor_accept();

		actor_expect(&new, 0, "ready");
		ck_assert_int_eq(actor_number(actor_receive(&actor)), new.pid);
		actor_end(&actor);
		actor = new;
	}
	ck_assert(harness_copy_program(harness_self, harness_path("newer")));
	ck_assert_int_eq(rename(harness_path("newer"), path), 0);
	for (int i = 0; i < 2; i++) {
		struct stat file, running;
		char link[64];

		actor_replace(&actor);
		ck_assert_int_eq(stat(path, &file), 0);
		snprintf(link, sizeof link, "/proc/%d/exe", (int)actor.pid);
		ck_assert_int_eq(stat(link, &running), 0);
		ck_assert_uint_eq(file.st_ino, running.st_ino);
	}
	ck_assert_int_eq(rename(path, harness_path("moved")), 0);
	actor_send(&actor, "start=60000");
	{
		const char *answer = actor_receive(&actor);

		if (actor_number(answer) == 0)
			answer = actor_call(&actor, "wait=-1");
		actor_check(answer, -ENOENT, path);
	}
	ck_assert_int_eq(rename(harness_path("moved"), path), 0);
	actor_check_daemon(&actor);
	actor_end(&actor);
	actors_close();
}
END_TEST

static const struct harness_helper helpers[] = { UPGRADE_HELPERS, { NULL, NULL } };

static void add(Suite *suite, const char *name, const TTest *test, int count)
{
	_tcase_add_test(harness_case(suite, name), test, 0, 0, 0, count);
}

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("upgrade-failures");
	/* How an upgrade creates its process: by clone3(2), or by fork(2). */
	const int ways = 2;

	if (!harness_has_linux_api())
		return harness_main(argc, argv, suite, helpers);
	add(suite, "no-successor", successor_cannot_be_executed, ways * FAILURES);
	add(suite, "constructor", successor_dies_before_main, ways * 3);
	add(suite, "not-ready", successor_fails_before_it_is_ready, ways * ENDS);
	add(suite, "slow-exit", slow_exit_is_not_waited_for, ways);
	add(suite, "reaped-late", late_reaping_is_not_waited_for, 4);
	add(suite, "hang-up", successor_that_closes_channel_is_killed, ways);
	add(suite, "status-texts", status_texts_do_not_extend_timeout, ways);
	add(suite, "cancelled", upgrade_is_cancelled, PROBE_WAYS);
	add(suite, "successor-dies", successor_dies_during_handover, ways * 3);
	add(suite, "refuse", successor_cannot_acquire_pid_file, ways);
	add(suite, "file-size-limit", file_size_limit_fails_handover, ways);
	add(suite, "no-report", successor_cannot_report_handover, ways);
	add(suite, "reader", lock_of_reader_does_not_stop_handover, ways * READERS);
	add(suite, "reader-back", lock_of_reader_does_not_stop_return_of_lock, ways * READERS);
	add(suite, "successor-dies-late", successor_dies_before_it_is_the_daemon, ways);
	add(suite, "successor-ends", successor_that_ends_at_once_is_the_last_daemon, ways);
	add(suite, "slow", successor_takes_too_long, 3);
	add(suite, "predecessor-dies", predecessor_dies_during_handover, ways * 2);
	add(suite, "other-daemon", other_daemon_may_win_after_death_of_predecessor, ways * 2);
	add(suite, "predecessor-dies-before", predecessor_dies_before_handover, ways);
	add(suite, "children", children_do_not_hide_exit_of_successor, ways);
	if (harness_has_pidfds())
		add(suite, "children-decision", children_do_not_hide_death_of_predecessor,
		    ways * 2);
	add(suite, "children-result", children_of_predecessor_do_not_delay_result, ways * 2);
	add(suite, "predecessor-dies-after", predecessor_dies_after_handover, ways);
	add(suite, "holder", pid_file_always_has_holder_during_upgrades, ways);
	add(suite, "program", program_file_is_replaced_or_moved, PROBE_REBORN_WAYS);
	return harness_main(argc, argv, suite, helpers);
}
