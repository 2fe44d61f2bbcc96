/* SPDX-License-Identifier: MIT */
/* A fake service manager, and a program that sends notifications to it. */
#ifndef MANAGER_TOOLS_H
#define MANAGER_TOOLS_H

#include "harness/harness.h"

/* The kinds of socket addresses of a manager. */
enum receiver_kind { RECEIVER_PATH, RECEIVER_ABSTRACT, RECEIVER_KINDS };

/* The socket of the manager; NOTIFY_SOCKET names it. */
struct receiver {
	int fd;
	char address[128];
};

/* One message as received. */
struct message {
	char text[8192]; /* NUL-terminated by the receiver */
	size_t length;
	pid_t pid; /* the sender according to the kernel */
	uid_t uid;
	int fds[4];
	size_t fd_count;
};

/* Create the socket, and set NOTIFY_SOCKET. */
void receiver_open(struct receiver *receiver, enum receiver_kind kind);
void receiver_close(struct receiver *receiver);

/* Wait for the next message. Close its descriptors with message_close(). */
struct message receiver_read(const struct receiver *receiver);
void message_close(struct message *received);

/*
 * The next message has this text and no descriptors, and comes from this process unless pid is
 * 0.
 */
void receiver_expect(const struct receiver *receiver, const char *text, pid_t pid);

/* No message is pending. */
void receiver_expect_nothing(const struct receiver *receiver);

/* Send messages until the next sender would block, and return their number; read them all. */
int receiver_fill(const struct receiver *receiver);
void receiver_drain(const struct receiver *receiver, int count);

/* Make this process the daemon. The caller frees the context. */
struct daemonkit_context *foreground_daemon(void);

#define CHECK_RESULT(context, call, expected)                                        \
	do {                                                                         \
		int result_ = (call);                                                \
		ck_assert_msg(result_ == (expected), "%s is %d: %s", #call, result_, \
			      daemonkit_error());                                    \
	} while (0)

/*
 * The sender: a program that uses this library. It applies the settings in its arguments, calls
 * daemonkit_context_reborn(), and in the daemon sends the notifications that follow "--". All
 * results are lines of @/results: "NAME RESULT TEXT".
 */
int sender_main(int argc, char *argv[]);
int holder_main(int argc, char *argv[]);
#define SENDER_HELPERS                \
	{ "sender", sender_main },    \
	{                             \
		"holder", holder_main \
	}

/* Run it with arguments separated by spaces. A daemon that it starts lives until sender_end(). */
struct harness_result sender_run(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2)));

/*
 * Wait until the daemon, if there is one, has sent everything and has exited. Call it after
 * each run.
 */
void sender_end(void);

/*
 * The first line of @/results with this name, waited for: its result and, if not NULL, its
 * text.
 */
long sender_result(const char *name, const char **text);

#endif /* MANAGER_TOOLS_H */
