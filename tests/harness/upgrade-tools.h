/* SPDX-License-Identifier: MIT */
/*
 * A daemon that is upgraded in place. Each generation connects to the test when it has become
 * the daemon, and then executes the commands that the test sends.
 */
#ifndef UPGRADE_TOOLS_H
#define UPGRADE_TOOLS_H

#include "harness/probe-running.h"

/* The maximum length of a line. */
#define UPGRADE_LINE 6000

struct actor {
	int fd;
	pid_t pid;
};

int actor_main(int argc, char *argv[]);
#define UPGRADE_HELPERS             \
	{                           \
		"actor", actor_main \
	}

/* Begin and end of a test: open and close the socket to which the daemons connect. */
void actors_open(void);
void actors_close(void);

/* Accept the next process that connects; it is not ready yet. */
struct actor actor_accept(void);

/* Start the first generation in this way (see running_way()), and make it ready. */
struct actor actor_start(int way, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Send a command; receive a line; do both. */
void actor_send(const struct actor *actor, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
const char *actor_receive(const struct actor *actor);
const char *actor_call(const struct actor *actor, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* The number at the start of the answer; fails the test with the answer if there is none. */
long actor_number(const char *answer);
void actor_expect(const struct actor *actor, long result, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
/* The same, and the answer contains this text. */
void actor_check(const char *answer, long result, const char *text);

/* Wait for the process to exit; the latter two end it or kill it first. */
void actor_wait_exit(struct actor *actor);
void actor_end(struct actor *actor);
void actor_kill(struct actor *actor);

/*
 * A whole upgrade; returns the new generation. The old one has received its result and
 * continues.
 */
struct actor actor_upgrade(const struct actor *old);
/* The same, and then end the old one. */
void actor_replace(struct actor *actor);

/* The holder of the pid file according to the kernel: a pid or an error. */
pid_t actor_holder(void);

/* Check that another start is refused, with an error that names this holder. */
void actor_check_refused(pid_t holder);

/* Check that it is still the daemon: it holds the pid file, serves, and can be upgraded. */
void actor_check_daemon(struct actor *actor);

#endif /* UPGRADE_TOOLS_H */
