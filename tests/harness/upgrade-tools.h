/* SPDX-License-Identifier: MIT */
/*
 * A daemon that is upgraded in place, each generation of which is told step by
 * step what to do: every process of it calls the test when it has become the
 * daemon, and then obeys.
 */
#ifndef UPGRADE_TOOLS_H
#define UPGRADE_TOOLS_H

#include "harness/probe-running.h"

/* As many as fit into one line. */
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

/* Begin and end of a test: where the daemons call. */
void actors_open(void);
void actors_close(void);

/* The next process that calls; it has not said that it is ready. */
struct actor actor_accept(void);

/* The first generation in this way (see running_way()), ready. */
struct actor actor_start(int way, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Tell it something; its next line; both. */
void actor_send(const struct actor *actor, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
const char *actor_receive(const struct actor *actor);
const char *actor_call(const struct actor *actor, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* The answer begins with this number; fails the test with the answer's text. */
long actor_number(const char *answer);
void actor_expect(const struct actor *actor, long result, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
/* And has this text in it. */
void actor_check(const char *answer, long result, const char *text);

/* It is dead, or as good as; or let it end; or kill it. */
void actor_wait_exit(struct actor *actor);
void actor_end(struct actor *actor);
void actor_kill(struct actor *actor);

/* A whole upgrade: the new generation; the old one has its answer and goes on. */
struct actor actor_upgrade(const struct actor *old);
/* The same, and the old one ends. */
void actor_replace(struct actor *actor);

/* Who holds the pid file, says the kernel: a pid or an error. */
pid_t actor_holder(void);

/* Is it refused to another start, which names that process as the holder? */
void actor_check_refused(pid_t holder);

/* That it is the daemon still: holds the pid file, serves, and can be upgraded. */
void actor_check_daemon(struct actor *actor);

#endif /* UPGRADE_TOOLS_H */
