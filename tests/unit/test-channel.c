/* SPDX-License-Identifier: MIT */
/*
 * Which connections a launcher accepts as that of its child, whether the peer runs, and
 * messages that fit into the queue only in part.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "base/archive.h"
#include "base/clock.h"
#include "base/fd.h"
#include "ipc/channel.h"

static int connect_raw(const struct channel_address *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)(const void *)address->bytes,
			      (socklen_t)address->length) < 0)
		_exit(100);
	return fd;
}

/*
 * What an attacker can do: connect, and send anything. The connections come from a process with
 * the pid of the child, as after a reuse of the pid.
 */
static void connect_as_attacker(const struct channel_address *address)
{
	unsigned char guess[CHANNEL_SECRET_SIZE + 1];

	connect_raw(address);
	memcpy(guess, address->secret, CHANNEL_SECRET_SIZE);
	guess[CHANNEL_SECRET_SIZE] = 0;
	/* Too much, too little, and almost right. */
	send(connect_raw(address), guess, CHANNEL_SECRET_SIZE + 1, MSG_NOSIGNAL);
	send(connect_raw(address), guess, CHANNEL_SECRET_SIZE - 1, MSG_NOSIGNAL);
	guess[CHANNEL_SECRET_SIZE - 1] ^= 1;
	send(connect_raw(address), guess, CHANNEL_SECRET_SIZE, MSG_NOSIGNAL);
	/* A closed connection. */
	close(connect_raw(address));
}

static pid_t fork_child(const struct channel_address *address, bool connects)
{
	pid_t child = fork();
	int fd;

	if (child != 0)
		return child;
	connect_as_attacker(address);
	if (!connects)
		_exit(0);
	fd = channel_connect(address);
	if (fd < 0)
		_exit(101);
	connect_as_attacker(address);
	_exit(channel_send(fd, CHANNEL_STATUS, 0, "the child", DEADLINE_NEVER) == 0 ? 0 : 102);
}

START_TEST(only_peer_with_secret_is_accepted)
{
	struct channel_address address;
	struct channel_message message = { .number = 0 };
	int listener = channel_listen(&address), status, fd;
	pid_t child;

	ck_assert_int_ge(listener, 0);
	child = fork_child(&address, true);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	fd = channel_accept(listener, &address);
	ck_assert_int_ge(fd, 0);
	/* The next message is that of the child, not its secret. */
	ck_assert_int_eq(channel_receive(fd, &message), 1);
	ck_assert_str_eq(message.text, "the child");
	fd_close(fd);
	fd_close(listener);
}
END_TEST

START_TEST(accept_does_not_wait_for_child)
{
	struct channel_address address;
	int listener = channel_listen(&address), status;
	pid_t child;

	ck_assert_int_ge(listener, 0);
	child = fork_child(&address, false);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(channel_accept(listener, &address), -EAGAIN);
	fd_close(listener);
}
END_TEST

START_TEST(secrets_differ)
{
	struct channel_address one, other;
	int listeners[] = { channel_listen(&one), channel_listen(&other) };

	ck_assert_int_ge(listeners[0], 0);
	ck_assert_int_ge(listeners[1], 0);
	ck_assert_int_ne(memcmp(one.secret, other.secret, sizeof one.secret), 0);
	fd_close(listeners[0]);
	fd_close(listeners[1]);
}
END_TEST

/* A process that connects this many times to the address and exits. */
static pid_t call_and_exit(int times)
{
	const uint32_t number = (uint32_t)getpid();
	pid_t child = fork();
	int status;

	for (int i = 0; child == 0 && i < times; i++) {
		int line = channel_connect_to("test", number, 0);

		if (line < 0 || channel_send(line, CHANNEL_STATUS, 0, "a call", 0) < 0)
			_exit(1);
	}
	if (child == 0)
		_exit(0);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	return child;
}

/*
 * Processes that fill the queue as fast as one connection at a time is accepted would keep the
 * child away: accept drops all of their connections at once.
 */
START_TEST(peer_is_accepted_despite_full_queue)
{
	int listener = channel_listen_as("test", (uint32_t)getpid()), line;
	struct channel_message message = { .number = 0 };
	pid_t caller;

	ck_assert_int_ge(listener, 0);
	/* Less than SOMAXCONN of any C library. */
	call_and_exit(60);
	caller = call_and_exit(1);
	call_and_exit(60);
	line = channel_accept_from(listener, caller);
	ck_assert_int_ge(line, 0);
	ck_assert_int_eq(channel_receive(line, &message), 1);
	ck_assert_str_eq(message.text, "a call");
	fd_close(line);
	ck_assert_int_eq(channel_accept_from(listener, caller), -EAGAIN);
	/* The queue is empty. */
	ck_assert_int_lt(accept(listener, NULL, NULL), 0);
	ck_assert_int_eq(errno, EAGAIN);
	fd_close(listener);
}
END_TEST

/* The launcher: it exits when the pipe is closed, and its child keeps the channel open. */
static void listen_and_exit(struct channel_address *address, int done, int end)
{
	int listener = channel_listen(address);
	pid_t child;
	char byte;

	if (listener < 0 || write(done, "", 1) != 1)
		_exit(1);
	/* As in a start: the other end has connected, and sent its secret. */
	if (read(end, &byte, 1) != 1 || channel_accept(listener, address) < 0)
		_exit(4);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	if (write(done, &child, sizeof child) != sizeof child)
		_exit(2);
	_exit(read(end, &byte, 1) == 0 ? 0 : 3);
}

START_TEST(exit_of_peer_is_noticed)
{
	struct channel_address *address = mmap(NULL, sizeof *address, PROT_READ | PROT_WRITE,
					       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int done[2], end[2], status, fd;
	pid_t launcher, child;
	char byte;

	harness_adopt_orphans();
	ck_assert_ptr_ne(address, MAP_FAILED);
	ck_assert_int_eq(pipe2(done, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(end, O_CLOEXEC), 0);
	launcher = fork();
	if (launcher == 0) {
		close(end[1]);
		listen_and_exit(address, done[1], end[0]);
	}
	ck_assert_int_eq(read(done[0], &byte, 1), 1);
	fd = channel_connect(address);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(end[1], "", 1), 1);
	ck_assert_int_eq(read(done[0], &child, sizeof child), sizeof child);
	ck_assert(channel_has_peer(fd));
	close(end[1]);
	ck_assert(harness_wait_child(launcher, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	ck_assert(!channel_has_peer(fd));
	kill(child, SIGKILL);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert(!channel_has_peer(fd));
	for (int i = 0; i < 2; i++)
		close(done[i]);
	close(end[0]);
	close(fd);
	munmap(address, sizeof *address);
}
END_TEST

/* Without a process to ask about: the end is closed. */
START_TEST(closed_end_is_noticed)
{
	int ends[2];

	ck_assert_int_eq(channel_pair(ends), 0);
	ck_assert(channel_has_peer(ends[0]));
	/* An unread message is no reason. */
	ck_assert_int_eq(channel_send(ends[1], CHANNEL_GO, 0, "", DEADLINE_NEVER), 0);
	ck_assert(channel_has_peer(ends[0]));
	close(ends[1]);
	ck_assert(!channel_has_peer(ends[0]));
	close(ends[0]);
}
END_TEST

__attribute__((__format__(__printf__, 2, 3))) static void format(
	char text[static CHANNEL_TEXT_MAX + 2], const char *how, ...)
{
	va_list arguments;

	va_start(arguments, how);
	channel_format(text, how, arguments);
	va_end(arguments);
}

/* Bytes that are no UTF-8 are cut as well; a text that cannot be formatted is empty. */
START_TEST(strange_texts_are_cut)
{
	char text[CHANNEL_TEXT_MAX + 2];

	format(text, "%*s%s", CHANNEL_TEXT_MAX - 6, "", "\x80\x80\x80\x80\x80\x80\x80\x80");
	ck_assert_uint_eq(strlen(text), CHANNEL_TEXT_MAX - 4);
	format(text, "%*s%s", CHANNEL_TEXT_MAX - 1, "", "\xc3\xa4");
	ck_assert_uint_eq(strlen(text), CHANNEL_TEXT_MAX - 1);
	format(text, "%lc", (wint_t)0xd800);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(socket_without_peer_sends_nothing)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(channel_send(fd, CHANNEL_STATUS, 0, "x", DEADLINE_NEVER), -ECANCELED);
	fd_close(fd);
}
END_TEST

#define MESSAGES 200

/* Both ends, with the smallest queue that the kernel permits. */
static void small_pair(int ends[2])
{
	const int smallest = 1;

	ck_assert_int_eq(channel_pair(ends), 0);
	ck_assert_int_eq(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest), 0);
}

/* The text of a message: of another length and content than those before and after. */
static const char *text_of(int number)
{
	static char text[CHANNEL_TEXT_MAX + 1];
	size_t length = CHANNEL_TEXT_MAX - 97 * (size_t)(number % 40);

	memset(text, 'a' + number % 26, length);
	text[length] = '\0';
	return text;
}

static bool has_text(const struct channel_message *message, int number)
{
	return message->type == CHANNEL_STATUS && message->number == number &&
	       strcmp(message->text, text_of(number)) == 0;
}

/* The sender waits for the receiver in the middle of messages. */
START_TEST(messages_larger_than_the_queue_arrive_whole)
{
	struct channel_message message = { .number = 0 };
	int ends[2], status, result;
	pid_t child;

	small_pair(ends);
	child = fork();
	if (child == 0) {
		close(ends[1]);
		for (int i = 0; i < MESSAGES; i++)
			if (channel_send(ends[0], CHANNEL_STATUS, i, text_of(i), DEADLINE_NEVER) <
			    0)
				_exit(1);
		_exit(0);
	}
	close(ends[0]);
	for (int i = 0; i < MESSAGES; i++) {
		struct pollfd readable = { .fd = ends[1], .events = POLLIN };

		while ((result = channel_receive(ends[1], &message)) == -EAGAIN)
			ck_assert_int_eq(deadline_poll(&readable, 1, DEADLINE_NEVER), 1);
		ck_assert_int_eq(result, 1);
		ck_assert(has_text(&message, i));
	}
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(channel_receive(ends[1], &message), 0);
	close(ends[1]);
}
END_TEST

/* What fits is received; a part of a message is not, and nothing follows it. */
START_TEST(full_queue_leaves_whole_messages)
{
	struct channel_message message = { .number = 0 };
	/* Short messages first: the queue becomes full at different places of a long one. */
	int ends[2], first = 32 + _i, sent = 0, result;

	small_pair(ends);
	while ((result = channel_send(ends[0], CHANNEL_STATUS, first + sent, text_of(first + sent),
				      0)) == 0)
		sent++;
	ck_assert_int_gt(sent, 0);
	ck_assert(result == -EAGAIN || (result == -ECANCELED && !harness_has_linux_api()));
	if (result == -EAGAIN)
		close(ends[0]);
	for (int i = 0; i < sent; i++) {
		ck_assert_int_eq(channel_receive(ends[1], &message), 1);
		ck_assert(has_text(&message, first + i));
	}
	ck_assert_int_eq(channel_receive(ends[1], &message), 0);
	if (result != -EAGAIN) {
		ck_assert_int_eq(channel_send(ends[0], CHANNEL_STATUS, 0, "", 0), -ECANCELED);
		close(ends[0]);
	}
	close(ends[1]);
}
END_TEST

/* The launcher sends the settings without waiting, as far as the daemon reads them. */
START_TEST(settings_larger_than_the_queue_arrive_whole)
{
	static unsigned char bytes[100000];
	struct archive settings = { .error = 0 };
	struct compat_passed passed = { .count = 0 };
	struct channel_sent sent = { 0 };
	int ends[2], status;
	pid_t child;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 2654435761U >> 24);
	ck_assert_int_eq(channel_pair(ends), 0);
	child = fork();
	if (child == 0) {
		close(ends[0]);
		if (channel_receive_settings(ends[1], &settings, &passed) < 0)
			_exit(1);
		_exit(settings.length != sizeof bytes ||
		      memcmp(settings.bytes, bytes, sizeof bytes) != 0);
	}
	close(ends[1]);
	while (sent.bytes < sizeof bytes) {
		struct pollfd writable = { .fd = ends[0], .events = POLLOUT };

		ck_assert_int_eq(deadline_poll(&writable, 1, DEADLINE_NEVER), 1);
		ck_assert_int_eq(channel_send_settings(ends[0], bytes, sizeof bytes, NULL, &sent),
				 0);
	}
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	close(ends[0]);
}
END_TEST

/* Send one piece with these descriptors. */
static void send_with(int fd, const struct compat_passed *passed)
{
	static const unsigned char bytes[] = "settings";
	struct channel_sent sent = { 0 };

	ck_assert_int_eq(channel_send_settings(fd, bytes, sizeof bytes, passed, &sent), 0);
	ck_assert_uint_eq(sent.bytes, sizeof bytes);
}

static bool is_same_pipe(int one, int other)
{
	struct stat first, second;

	return fstat(one, &first) == 0 && fstat(other, &second) == 0 &&
	       fd_same_file(&first, &second);
}

START_TEST(settings_carry_descriptors)
{
	struct compat_passed sent, received = { .count = 0 };
	struct archive settings = { .error = 0 };
	int ends[2];

	ck_assert_int_eq(channel_pair(ends), 0);
	ck_assert_int_eq(pipe(sent.fds), 0);
	sent.count = 2;
	send_with(ends[0], &sent);
	ck_assert_int_eq(channel_receive_settings(ends[1], &settings, &received), 0);
	ck_assert_int_eq(received.count, 2);
	for (int i = 0; i < 2; i++) {
		ck_assert(is_same_pipe(received.fds[i], sent.fds[i]));
		ck_assert_int_eq(fcntl(received.fds[i], F_GETFD), FD_CLOEXEC);
	}
	archive_free(&settings);
	compat_passed_close(&received);
	compat_passed_close(&sent);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* How many descriptors are open? */
static int count_open(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* With every message: who expects none, and who has no place for them, keeps none open. */
START_TEST(unexpected_descriptors_are_closed)
{
	struct compat_passed sent = { .count = 2 }, full = { .count = COMPAT_PASSED_MAX - 1 };
	struct channel_message message = { .number = 0 };
	struct archive settings = { .error = 0 };
	struct compat_peer sender;
	int ends[2], before;

	ck_assert_int_eq(channel_pair(ends), 0);
	ck_assert_int_eq(pipe(sent.fds), 0);
	before = count_open();
	send_with(ends[0], &sent);
	ck_assert_int_eq(channel_receive(ends[1], &message), 1);
	ck_assert_int_eq(count_open(), before);
	send_with(ends[0], &sent);
	ck_assert_int_eq(channel_receive_from(ends[1], &message, &sender), 1);
	ck_assert_int_eq(count_open(), before);
	/* The end comes before the last piece. */
	full.fds[0] = dup(0);
	send_with(ends[0], &sent);
	close(ends[0]);
	ck_assert_int_eq(channel_receive_settings(ends[1], &settings, &full), 0);
	ck_assert_int_eq(full.count, COMPAT_PASSED_MAX);
	ck_assert_int_eq(count_open(), before + 1);
	archive_free(&settings);
	/* The sender is gone: nothing arrives, and what has arrived is closed. */
	ck_assert_int_eq(channel_receive_settings(ends[1], &settings, &full), -ECANCELED);
	ck_assert_int_eq(full.count, 0);
	ck_assert_int_eq(count_open(), before - 1);
	compat_passed_close(&sent);
	archive_free(&settings);
	close(ends[1]);
}
END_TEST

/* The bytes of a stream, as a hostile or dying process may leave them. */
static int receive_bytes(uint32_t length, const char *bytes, size_t count, bool closed,
			 struct channel_message *message)
{
	int ends[2], result;

	*message = (struct channel_message){ .number = 0 };
	ck_assert_int_eq(channel_pair(ends), 0);
	ck_assert_int_eq(write(ends[0], &length, sizeof length), sizeof length);
	ck_assert_int_eq(write(ends[0], bytes, count), (ssize_t)count);
	if (closed)
		close(ends[0]);
	result = channel_receive(ends[1], message);
	/* The rest arrives later. */
	if (!closed && result == -EAGAIN && length > count) {
		const char rest[8] = "later";

		ck_assert_int_eq(write(ends[0], rest, length - count), (ssize_t)(length - count));
		result = channel_receive(ends[1], message);
	}
	if (!closed)
		close(ends[0]);
	close(ends[1]);
	return result;
}

START_TEST(parts_of_messages_are_not_received)
{
	struct channel_message message = { .number = 0 };

	ck_assert_int_eq(receive_bytes(10, "S\0\0\0\0later", 10, false, &message), 1);
	ck_assert_str_eq(message.text, "later");
	ck_assert_int_eq(receive_bytes(10, "S\0\0\0\0", 5, false, &message), 1);
	ck_assert_str_eq(message.text, "later");
	ck_assert_int_eq(receive_bytes(10, "S\0\0\0\0la", 7, true, &message), 0);
	ck_assert_int_eq(receive_bytes(4, "S\0\0\0", 4, true, &message), -EBADMSG);
	ck_assert_int_eq(receive_bytes(5000, "S\0\0\0\0la", 7, false, &message), -EBADMSG);
	ck_assert_int_eq(receive_bytes(UINT32_MAX, "S\0\0\0\0la", 7, true, &message), -EBADMSG);
	ck_assert_int_eq(receive_bytes(0, "", 0, true, &message), 0);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("channel");
	TCase *child = harness_case(suite, "child");
	TCase *queue = harness_case(suite, "queue");

	if (harness_has_linux_api()) {
		tcase_add_test(child, only_peer_with_secret_is_accepted);
		tcase_add_test(child, accept_does_not_wait_for_child);
		tcase_add_test(child, peer_is_accepted_despite_full_queue);
		tcase_add_test(child, exit_of_peer_is_noticed);
		tcase_add_test(child, secrets_differ);
	} else {
		tcase_add_test(queue, parts_of_messages_are_not_received);
	}
	tcase_add_test(child, closed_end_is_noticed);
	tcase_add_test(child, strange_texts_are_cut);
	tcase_add_test(child, socket_without_peer_sends_nothing);
	tcase_add_test(queue, messages_larger_than_the_queue_arrive_whole);
	tcase_add_loop_test(queue, full_queue_leaves_whole_messages, 0, 8);
	tcase_add_test(queue, settings_larger_than_the_queue_arrive_whole);
	tcase_add_test(queue, settings_carry_descriptors);
	tcase_add_test(queue, unexpected_descriptors_are_closed);
	return harness_main(argc, argv, suite, NULL);
}
