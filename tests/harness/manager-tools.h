/* SPDX-License-Identifier: MIT */
/*
 * A service manager's ear for tests, and a program that speaks to it.
 */
#ifndef MANAGER_TOOLS_H
#define MANAGER_TOOLS_H

#include "harness/harness.h"

/* Where a manager may listen. */
enum ear_kind { EAR_PATH, EAR_ABSTRACT, EAR_KINDS };

/* A manager that listens; NOTIFY_SOCKET says where. */
struct ear {
	int fd;
	char address[128];
};

/* One message as it arrived. */
struct heard {
	char text[8192]; /* NUL-terminated here, not by the sender */
	size_t length;
	pid_t pid; /* the sender, says the kernel */
	uid_t uid;
	int fds[4];
	size_t fd_count;
};

/* Listen, and set NOTIFY_SOCKET. */
void ear_open(struct ear *ear, enum ear_kind kind);
void ear_close(struct ear *ear);

/* The next message, waited for; its descriptors are to be closed by heard_close(). */
struct heard ear_hear(const struct ear *ear);
void heard_close(struct heard *heard);

/* The next message is this one, without descriptors, from that process unless pid is 0. */
void ear_expect(const struct ear *ear, const char *text, pid_t pid);

/* There is no message now. */
void ear_expect_nothing(const struct ear *ear);

/* Send so many messages that the next sender has to wait; returns their number, and reads them. */
int ear_fill(const struct ear *ear);
void ear_drain(const struct ear *ear, int count);

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
int speaker_main(int argc, char *argv[]);
int holder_main(int argc, char *argv[]);
#define SPEAKER_HELPERS               \
	{ "speaker", speaker_main },  \
	{                             \
		"holder", holder_main \
	}

/* Run it with words separated by spaces.  A daemon that it starts lives until speaker_end(). */
struct harness_result speaker_run(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2)));

/* The daemon, if there is one, says all that it has to say and ends; to be called after each run.
 */
void speaker_end(void);

/* The first such line of @/said: its result and, if not NULL, its text; waited for. */
long speaker_said(const char *name, const char **text);

#endif /* MANAGER_TOOLS_H */
