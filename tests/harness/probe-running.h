/* SPDX-License-Identifier: MIT */
/* A probe that is looked at from outside while it runs. */
#ifndef PROBE_RUNNING_H
#define PROBE_RUNNING_H

#include "harness/probe.h"

/* All of probe_ways, and in the foreground. */
#define RUNNING_WAYS (PROBE_WAYS + 1)

struct running {
	struct harness_program launcher; /* or the daemon itself */
	bool foreground;
	pid_t daemon;
};

/* Which way this is, as the probe's words. */
const char *running_way(int way);

/* Begin a start in this way; running_up() waits until the daemon is up. */
struct running running_begin(int way, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void running_up(struct running *running);

/* Both in one. */
struct running running_start(int way, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Kill daemon and launcher, and wait for their ends. */
void running_kill(struct running *running);

/* A line of a file of /proc/PID that begins with the name, what comes after it. */
const char *running_proc(pid_t pid, const char *file, const char *name);

/* How often something is in some bytes, and in the whole memory of a process. */
size_t probe_count_in(const char *bytes, size_t length, const char *what, size_t size);
size_t probe_count_in_memory(pid_t pid, const char *what, size_t size);

/* A network of this test alone, with a loopback interface; skips where that cannot be had. */
void running_own_network(void);

/* Everybody may write into the test's directory and run this program. */
void running_for_everybody(void);

/* What the one who listens at 127.0.0.1:PORT or at a path says. */
int running_connect(const char *where);
const char *running_answer(int fd);

#endif /* PROBE_RUNNING_H */
