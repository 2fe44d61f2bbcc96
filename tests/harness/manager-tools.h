/* SPDX-License-Identifier: MIT */
/*
 * A service manager's ear for tests, and a program that speaks to it.
 */
#ifndef MANAGER_TOOLS_H
#define MANAGER_TOOLS_H

#include "harness/harness.h"

/* Where a manager may listen. */
enum receiver_kind { RECEIVER_PATH, RECEIVER_ABSTRACT, RECEIVER_KINDS };

/* A manager that listens; NOTIFY_SOCKET says where. */
struct receiver {
	int fd;
	char address[128];
};

/* One message as it arrived. */
struct message {
	char text[8192]; /* NUL-terminated here, not by the sender */
	size_t length;
	pid_t pid; /* the sender, says the kernel */
	uid_t uid;
	int fds[4];
	size_t fd_count;
};

/* Listen, and set NOTIFY_SOCKET. */
void receiver_open(struct receiver *receiver, enum receiver_kind kind);
void receiver_close(struct receiver *receiver);

/* The next message, waited for; its descriptors are to be closed by message_close(). */
struct message receiver_read(const struct receiver *receiver);
void message_close(struct message *received);

/* The next message is this one, without descriptors, from that process unless pid is 0. */
void receiver_expect(const struct receiver *receiver, const char *text, pid_t pid);

/* There is no message now. */
void receiver_expect_nothing(const struct receiver *receiver);

/* Send so many messages that the next sender has to wait; returns their number, and reads them. */
int receiver_fill(const struct receiver *receiver);
void receiver_drain(const struct receiver *receiver, int count);

/* Make this process the daemon; the context is to be freed. */
struct daemonkit_context *foreground_daemon(void);

#define CHECK_RESULT(context, call, expected)                                        \
	do {                                                                         \
		int result_ = (call);                                                \
		ck_assert_msg(result_ == (expected), "%s is %d: %s", #call, result_, \
			      daemonkit_error());                                    \
	} while (0)

/*
 * The speaker: a program on this library, told by words what to do.  The
 * settings are made, daemonkit_context_reborn() is called, and the daemon says
 * what stands after "--"; all results are lines of @/said: "NAME RESULT TEXT".
 */
int sender_main(int argc, char *argv[]);
int holder_main(int argc, char *argv[]);
#define SENDER_HELPERS                \
	{ "sender", sender_main },    \
	{                             \
		"holder", holder_main \
	}

/* Run it with words separated by spaces.  A daemon that it starts lives until sender_end(). */
struct harness_result sender_run(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2)));

/* The daemon, if there is one, says all that it has to say and ends; to be called after each run.
 */
void sender_end(void);

/* The first such line of @/said: its result and, if not NULL, its text; waited for. */
long sender_result(const char *name, const char **text);

#endif /* MANAGER_TOOLS_H */
