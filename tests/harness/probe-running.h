/* SPDX-License-Identifier: MIT */
/* A probe that the test inspects while it runs. */
#ifndef PROBE_RUNNING_H
#define PROBE_RUNNING_H

#include "harness/probe.h"

/* All of probe_ways, and foreground. */
#define RUNNING_WAYS (PROBE_WAYS + 1)

struct running {
	struct harness_program launcher; /* in foreground mode, the daemon itself */
	bool foreground;
	pid_t daemon;
};

/* This way in words of the probe. */
const char *running_way(int way);

/* Begin a start in this way; running_up() waits until the daemon is up. */
struct running running_begin(int way, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void running_up(struct running *running);

/* Begin the start, and wait until the daemon is up. */
struct running running_start(int way, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Kill daemon and launcher, and wait for them to exit. */
void running_kill(struct running *running);

/* The rest of the line with this name in a file of /proc/PID. */
const char *running_proc(pid_t pid, const char *file, const char *name);

/* Count the occurrences of something in a buffer, and in the whole memory of a process. */
size_t probe_count_in(const char *bytes, size_t length, const char *what, size_t size);
size_t probe_count_in_memory(pid_t pid, const char *what, size_t size);

/* Enter a new network namespace with a loopback interface; skips the test if that fails. */
void running_own_network(void);

/*
 * Mount a /dev that contains only a log socket, which is returned, and /dev/null; skips the test
 * if that fails. Check that the next message to it has this text.
 */
int running_own_log(void);
void running_check_logged(int log, const char *text);

/* Let every user write into the directory of the test and execute this program. */
void running_for_everybody(void);

/* Connect to 127.0.0.1:PORT or a path, and read the answer. */
int running_connect(const char *where);
const char *running_answer(int fd);

#endif /* PROBE_RUNNING_H */
