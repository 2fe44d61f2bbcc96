/* SPDX-License-Identifier: MIT */
/* Upgrade in place under a service manager. */
#include "harness/upgrade-tools.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/manager-tools.h"

#define WORDS "pid=@/run/pid log=@/log "
#define FOREGROUND PROBE_WAYS

static struct receiver receiver;

static void open_at(enum receiver_kind kind)
{
	harness_adopt_orphans();
	receiver_open(&receiver, kind);
	actors_open();
}

static void open_all(void)
{
	open_at(RECEIVER_PATH);
}

static void close_all(void)
{
	actors_close();
	receiver_close(&receiver);
}

/* Check the message with the new main process, and receive the barrier that follows. */
static struct message receive_main_pid(pid_t sender, pid_t pid)
{
	struct message message;
	char text[64];

	snprintf(text, sizeof text, "MAINPID=%d\nREADY=1", (int)pid);
	receiver_expect(&receiver, text, sender);
	message = receiver_read(&receiver);
	ck_assert_str_eq(message.text, "BARRIER=1");
	ck_assert_int_eq(message.pid, sender);
	ck_assert_uint_eq(message.fd_count, 1);
	return message;
}

/* An upgrade with checks at each step. */
static void replace(struct actor *old)
{
	struct actor new;
	struct message message;

	actor_expect(old, 0, "start=60000");
	actor_send(old, "wait=-1");
	new = actor_accept();
	/* Not sent to the manager: it is not the daemon yet. */
	actor_expect(&new, 0, "status=soon");
	ck_assert_str_eq(actor_receive(old), "received soon");
	actor_expect(&new, 0, "watchdog");
	actor_expect(&new, 0, "stopping");
	receiver_expect_nothing(&receiver);
	actor_send(&new, "ready");
	message = receive_main_pid(old->pid, new.pid);
	/*
	 * Both wait until the manager has read the message; the pid file is already handed
	 * over.
	 */
	ck_assert_int_eq(actor_holder(), new.pid);
	ck_assert(!harness_wait_readable(new.fd, 50));
	ck_assert(!harness_wait_readable(old->fd, 0));
	message_close(&message);
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	ck_assert_int_eq(actor_number(actor_receive(old)), new.pid);
	receiver_expect_nothing(&receiver);
	actor_expect(&new, 0, "status=serving");
	receiver_expect(&receiver, "STATUS=serving", new.pid);
	actor_expect(&new, 5000, "interval");
	/* Before the predecessor exits. */
	actor_expect(&new, getpid(), "parent");
	actor_expect(&new, 0, "watchdog");
	receiver_expect(&receiver, "WATCHDOG=1", new.pid);
	/* The predecessor sends nothing. */
	actor_expect(old, 0, "stopping");
	actor_expect(old, 0, "status=bye");
	actor_end(old);
	receiver_expect_nothing(&receiver);
	*old = new;
}

/* As a child of the manager: created with CLONE_PARENT, or an orphan. */
START_TEST(manager_is_notified_of_new_main_process)
{
	static const char *const sandboxes[] = { "", "first:deny=clone3", "first:deny=pidfd_open" };
	struct actor actor;

	if (_i > 0)
		harness_need_filters();
	open_all();
	actor = actor_start(FOREGROUND, WORDS "first:watched %s", sandboxes[_i]);
	receiver_expect(&receiver, "READY=1", actor.pid);
	for (int i = 0; i < 3; i++)
		replace(&actor);
	actor_expect(&actor, 0, "stopping");
	receiver_expect(&receiver, "STOPPING=1", actor.pid);
	actor_end(&actor);
	close_all();
}
END_TEST

START_TEST(manager_is_notified_in_background_modes)
{
	struct actor actor;
	char text[64];

	open_all();
	actor = actor_start(_i, WORDS "first:watched");
	snprintf(text, sizeof text, "MAINPID=%d\nREADY=1", (int)actor.pid);
	receiver_expect(&receiver, text, 0);
	for (int i = 0; i < 2; i++)
		replace(&actor);
	actor_end(&actor);
	close_all();
}
END_TEST

/*
 * The connected socket is passed on, because the path is not reachable in the new root
 * directory.
 */
START_TEST(manager_is_reached_from_chroot)
{
	enum receiver_kind kind = RECEIVER_PATH;
	struct actor actor;

#ifdef WITH_LIBSYSTEMD
	/* libsystemd resolves the path for each message, in the new root directory. */
	kind = RECEIVER_ABSTRACT;
#endif
	running_for_everybody();
	harness_need_mounts();
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	ck_assert_int_eq(mount("/", harness_path("jail"), NULL, MS_BIND | MS_REC, NULL), 0);
	open_at(kind);
	actor = actor_start(FOREGROUND, WORDS "first:watched chroot=@/jail cred=65534:65534 "
					      "workdir=/usr");
	receiver_expect(&receiver, "READY=1", actor.pid);
	if (kind == RECEIVER_PATH)
		ck_assert_int_eq(rename(receiver.address, harness_path("elsewhere")), 0);
	replace(&actor);
	replace(&actor);
	actor_end(&actor);
	close_all();
	umount2(harness_path("jail"), MNT_DETACH);
}
END_TEST

/* The manager receives no message at all. */
START_TEST(failed_upgrade_sends_no_message)
{
	struct actor old, new;

	open_all();
	old = actor_start(FOREGROUND, WORDS "first:watched");
	receiver_expect(&receiver, "READY=1", old.pid);
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=-1");
	new = actor_accept();
	if (_i == 0) {
		actor_expect(&new, 0, "failed=no");
		actor_expect(&new, 0, "failed=no!");
		actor_expect(&new, 0, "stopping");
		actor_end(&new);
		actor_check(actor_receive(&old), -EPROTO, "upgrade: no");
	} else {
		actor_kill(&new);
		actor_check(actor_receive(&old), -ECHILD, "before it was ready");
	}
	receiver_expect_nothing(&receiver);
	actor_expect(&old, 0, "status=as before");
	receiver_expect(&receiver, "STATUS=as before", old.pid);
	replace(&old);
	actor_end(&old);
	close_all();
}
END_TEST

/* A successor that could not acquire the pid file never sends a message to the manager. */
START_TEST(successor_without_pid_file_sends_no_message)
{
	struct actor old, new;

	/* A watcher would become a child of the test when the predecessor is killed. */
	harness_need_clones();
	open_all();
	old = actor_start(FOREGROUND, WORDS "first:watched");
	receiver_expect(&receiver, "READY=1", old.pid);
	actor_expect(&old, 0, "start=60000");
	actor_expect(&old, 0, "wait=0");
	new = actor_accept();
	actor_kill(&old);
	actor_expect(&new, -ECANCELED, "ready");
	actor_expect(&new, 0, "failed=x");
	actor_expect(&new, 0, "ready");
	actor_expect(&new, 0, "stopping");
	receiver_expect_nothing(&receiver);
	actor_end(&new);
	close_all();
}
END_TEST

/* While the manager reads, either process dies, and the successor is the daemon. */
START_TEST(death_while_manager_reads)
{
	struct actor old, new;
	struct message message;

	open_all();
	old = actor_start(FOREGROUND, WORDS "first:watched");
	receiver_expect(&receiver, "READY=1", old.pid);
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=-1");
	new = actor_accept();
	actor_send(&new, "ready");
	message = receive_main_pid(old.pid, new.pid);
	actor_kill(&old);
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	message_close(&message);
	ck_assert_int_eq(actor_holder(), new.pid);
	actor_check_refused(new.pid);
	actor_expect(&new, 0, "status=serving");
	receiver_expect(&receiver, "STATUS=serving", new.pid);
	actor_end(&new);
	close_all();
}
END_TEST

/* Set up is not ready: the successor must report readiness itself. */
START_TEST(readiness_is_sent_separately)
{
	struct actor old, new;
	struct message message;
	char text[64];

	open_all();
	old = actor_start(FOREGROUND, WORDS "first:watched");
	receiver_expect(&receiver, "READY=1", old.pid);
	actor_expect(&old, 0, "start=-2");
	actor_send(&old, "wait=-1");
	message = receiver_read(&receiver);
	ck_assert_int_eq(sscanf(message.text, "MAINPID=%d", &new.pid), 1);
	snprintf(text, sizeof text, "MAINPID=%d", (int)new.pid);
	ck_assert_str_eq(message.text, text);
	message_close(&message);
	message = receiver_read(&receiver);
	ck_assert_str_eq(message.text, "BARRIER=1");
	message_close(&message);
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	new = actor_accept();
	actor_expect(&new, 0, "ready");
	receiver_expect(&receiver, "READY=1", new.pid);
	actor_end(&old);
	actor_end(&new);
	close_all();
}
END_TEST

/* A manager that does not read delays the successor only until the timeout. */
START_TEST(slow_manager_does_not_block_upgrade)
{
	struct actor old, new;
	struct message message;

	open_all();
	old = actor_start(FOREGROUND, WORDS "first:watched");
	receiver_expect(&receiver, "READY=1", old.pid);
	actor_expect(&old, 0, "start=60000");
	actor_send(&old, "wait=-1");
	new = actor_accept();
	actor_send(&new, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	message = receive_main_pid(old.pid, new.pid);
	message_close(&message);
	actor_end(&old);
	actor_end(&new);
	close_all();
}
END_TEST

#ifndef WITH_LIBSYSTEMD
/* The same with a full socket buffer; libsystemd would wait for ever. */
START_TEST(manager_with_full_buffer_does_not_block_upgrade)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct actor old, new;

	open_all();
	old = actor_start(FOREGROUND, WORDS "first:watched");
	receiver_expect(&receiver, "READY=1", old.pid);
	actor_expect(&old, 0, "start=60000");
	strcpy(address.sun_path, receiver.address);
	while (sendto(sender, "x", 1, 0, (struct sockaddr *)&address, sizeof address) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
	actor_send(&old, "wait=-1");
	new = actor_accept();
	actor_send(&new, "ready");
	ck_assert_int_eq(actor_number(actor_receive(&old)), new.pid);
	ck_assert_int_eq(actor_number(actor_receive(&new)), 0);
	actor_end(&old);
	actor_end(&new);
	close(sender);
	close_all();
}
END_TEST
#endif

static const struct harness_helper helpers[] = { UPGRADE_HELPERS, { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("upgrade-manager");
	TCase *test_case = harness_case(suite, "manager");

	if (!harness_has_linux_api())
		return harness_main(argc, argv, suite, helpers);
	tcase_add_loop_test(test_case, manager_is_notified_of_new_main_process, 0, 3);
	tcase_add_loop_test(test_case, manager_is_notified_in_background_modes, 0, PROBE_WAYS);
	tcase_add_test(test_case, manager_is_reached_from_chroot);
	tcase_add_loop_test(test_case, failed_upgrade_sends_no_message, 0, 2);
	tcase_add_test(test_case, successor_without_pid_file_sends_no_message);
	tcase_add_test(test_case, death_while_manager_reads);
	tcase_add_test(test_case, readiness_is_sent_separately);
	tcase_add_test(test_case, slow_manager_does_not_block_upgrade);
#ifndef WITH_LIBSYSTEMD
	tcase_add_test(test_case, manager_with_full_buffer_does_not_block_upgrade);
#endif
	return harness_main(argc, argv, suite, helpers);
}
