/* SPDX-License-Identifier: MIT */
/*
 * Users in a user namespace: other users, which have no id there, are not taken for the user
 * whose id the kernel reports for them.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

#include "base/archive.h"
#include "compat/ofd-lock.h"
#include "compat/siginfo.h"
#include "context/logfile.h"
#include "ipc/channel.h"
#include "ipc/reply.h"

/* In the namespace: the number that the kernel reports for all other users, too. */
#define INSIDE 65534
/* Outside: this user, and another one. */
#define OWN 165534
#define OTHER 1234

/*
 * The ids of the namespace: some and this one, or none at all.  In the latter every user has the
 * number.
 */
enum { SOME, NONE, MAPS };

static void become(unsigned id)
{
	if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		_exit(100);
}

static void write_map(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	harness_write_file(path, "0 100000 1000\n65534 165534 1\n");
}

/* Run it in a child in a user namespace, as the user with this number: its exit code. */
static int run_inside(int map, int (*run)(int argument), int argument)
{
	int entered[2], mapped[2], status;
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe2(entered, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(mapped, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (map == NONE)
			become(OWN);
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(77);
		if (write(entered[1], "", 1) != 1 || read(mapped[0], &byte, 1) != 1)
			_exit(101);
		if (map == SOME)
			become(INSIDE);
		_exit(geteuid() == INSIDE ? run(argument) : 102);
	}
	close(entered[1]);
	if (read(entered[0], &byte, 1) == 1 && map == SOME) {
		write_map(pid, "uid_map");
		write_map(pid, "gid_map");
	}
	ck_assert_int_eq(write(mapped[1], "", 1), 1);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	close(entered[0]);
	close(mapped[0]);
	close(mapped[1]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		harness_skip("no user namespaces here");
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Run it in a child as this user, which then waits for its end. */
static pid_t run_outside(unsigned user, void (*run)(int argument), int argument)
{
	pid_t pid = fork();

	if (pid > 0)
		return pid;
	become(user);
	run(argument);
	for (;;)
		pause();
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert(harness_wait_child(pid, NULL, HARNESS_SOON));
}

static void send_settings(int fd)
{
	struct channel_sent sent = { 0 };

	if (channel_send_settings(fd, (const unsigned char *)"settings", 8, NULL, &sent) != 0 ||
	    sent.bytes != 8)
		_exit(1);
}

static int receive_settings(int fd)
{
	struct archive settings = { .error = 0 };
	struct compat_passed passed = { .count = 0 };
	int result = channel_receive_settings(fd, &settings, &passed);

	archive_free(&settings);
	return -result;
}

START_TEST(settings_are_those_of_own_user)
{
	int ends[2];
	pid_t sender;

	harness_need_root();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	sender = run_outside(OTHER, send_settings, ends[0]);
	ck_assert_int_eq(run_inside(_i, receive_settings, ends[1]), EPERM);
	end(sender);
	sender = run_outside(OWN, send_settings, ends[0]);
	ck_assert_int_eq(run_inside(_i, receive_settings, ends[1]), 0);
	end(sender);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static uint32_t cookie;

/* As a requester does; its listener may be that of root. */
static void permit_reply(int listener)
{
	int line;

	fcntl(listener, F_SETFL, 0);
	line = accept(listener, NULL, NULL);
	channel_send(line, CHANNEL_GO, SIGHUP, "", 0);
}

static int begin_reply(int unused)
{
	struct reply answer;

	(void)unused;
	reply_begin(&answer, getpid(), cookie, SIGHUP);
	return answer.line >= 0;
}

START_TEST(replies_are_for_own_user)
{
	static const unsigned users[] = { OTHER, OWN };

	harness_need_root();
	for (int i = 0; i < 2; i++) {
		int listener;
		pid_t requester;

		cookie = compat_signal_cookie((uint32_t)getpid() * 2 + (uint32_t)i);
		listener = channel_listen_as(REPLY_ADDRESS, cookie);
		ck_assert_int_ge(listener, 0);
		requester = run_outside(users[i], permit_reply, listener);
		ck_assert_int_eq(run_inside(_i, begin_reply, 0), users[i] == OWN);
		end(requester);
		close(listener);
	}
}
END_TEST

static int open_log(int unused)
{
	int fd = logfile_open("log file", harness_path("log"), 0600);

	(void)unused;
	return fd < 0 ? -fd : 0;
}

START_TEST(links_of_others_are_not_followed)
{
	harness_need_root();
	harness_write_file(harness_path("target"), "");
	ck_assert_int_eq(chmod(harness_path("target"), 0666), 0);
	ck_assert_int_eq(symlink("target", harness_path("log")), 0);
	ck_assert_int_eq(lchown(harness_path("log"), OTHER, OTHER), 0);
	ck_assert_int_eq(run_inside(_i, open_log, 0), ELOOP);
}
END_TEST

/* Only a file of its own is written in place, which keeps its text until then. */
static int create_pid_file(int unused)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int result = daemonkit_pidfile_create(harness_path("x.pid"), 0, &pidfile);

	(void)unused;
	daemonkit_pidfile_close(pidfile);
	return -result;
}

START_TEST(pid_files_of_others_are_not_written)
{
	harness_need_root();
	harness_write_file(harness_path("x.pid"), "2147483646\n");
	ck_assert_int_eq(chmod(harness_path("x.pid"), 0666), 0);
	ck_assert_int_eq(chown(harness_path("x.pid"), OTHER, OTHER), 0);
	ck_assert_int_eq(run_inside(_i, create_pid_file, 0), EACCES);
	ck_assert_str_eq(harness_read_file(harness_path("x.pid")), "2147483646\n");
	ck_assert_int_eq(chown(harness_path("x.pid"), OWN, OWN), 0);
	ck_assert_int_eq(run_inside(_i, create_pid_file, 0), 0);
	ck_assert_str_ne(harness_read_file(harness_path("x.pid")), "2147483646\n");
}
END_TEST

/*
 * The descriptor of the file, whose lock a process of the namespace inherits.  It does not prove
 * that this process is the daemon if another user has written the file.
 */
static int inherited;

static _Noreturn void keep_descriptor(void)
{
	/* Visible in /proc for others of the same user. */
	prctl(PR_SET_DUMPABLE, 1);
	for (;;)
		pause();
}

static int find_holder(int unused)
{
	struct daemonkit_process *process = NULL;
	pid_t victim = fork();
	int result;

	(void)unused;
	if (victim == 0)
		keep_descriptor();
	prctl(PR_SET_DUMPABLE, 1);
	if (ftruncate(inherited, 0) < 0 || dprintf(inherited, "%d\n", (int)victim) < 0)
		return 1;
	close(inherited);
	result = daemonkit_pidfile_holder(harness_path("x.pid"), &process);
	if (result == 0 && daemonkit_process_pid(process) != victim)
		result = -ESRCH;
	daemonkit_process_free(process);
	end(victim);
	return -result;
}

START_TEST(files_of_others_prove_no_holder)
{
	static const struct {
		uid_t owner;
		int result;
	} owners[] = { { OTHER, EBADMSG }, { OWN, 0 } };
	struct flock lock = { .l_type = F_WRLCK, .l_start = COMPAT_GUARD_BYTE, .l_len = 1 };

	harness_need_root();
	harness_need_ofd_locks();
	for (int i = 0; i < 2; i++) {
		inherited = open(harness_path("x.pid"),
				 O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
		ck_assert_int_eq(fcntl(inherited, F_OFD_SETLK, &lock), 0);
		ck_assert_int_eq(fchown(inherited, owners[i].owner, owners[i].owner), 0);
		ck_assert_int_eq(run_inside(_i, find_holder, 0), owners[i].result);
		close(inherited);
	}
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("user-namespace");
	TCase *users = harness_case(suite, "users");

	tcase_add_loop_test(users, settings_are_those_of_own_user, 0, MAPS);
	tcase_add_loop_test(users, replies_are_for_own_user, 0, MAPS);
	tcase_add_loop_test(users, links_of_others_are_not_followed, 0, MAPS);
	tcase_add_loop_test(users, pid_files_of_others_are_not_written, 0, MAPS);
	tcase_add_loop_test(users, files_of_others_prove_no_holder, 0, MAPS);
	return harness_main(argc, argv, suite, NULL);
}
