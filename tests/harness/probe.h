/* SPDX-License-Identifier: MIT */
/*
 * A program that starts a daemon, told by words what to do: the launcher, the
 * second copy and the daemon of the tests.
 *
 * The words are separated by one space; "@" in them is the test's directory.
 * A word is NAME or NAME=VALUE (see probe-program.c and probe-acts.c) and is
 * obeyed in the order given: before daemonkit_context_reborn() by launcher and
 * second copy alike, or, with a prefix, elsewhere:
 *
 *	first:	before it, but not in the second copy
 *	second:	before it, in the second copy only
 *	daemon:	after it, in the daemon
 *	launcher: after it, in the launcher
 */
#ifndef PROBE_H
#define PROBE_H

#include "harness/harness.h"

/* Everything that a start by fork(2), or in an older system, does differently. */
extern const char *const probe_ways[];
#define PROBE_WAYS 8
/* The first of them that are in mode REBORN. */
#define PROBE_REBORN_WAYS 5

/* What the launcher said and did. */
struct probe {
	pid_t result;       /* of daemonkit_context_reborn() in the launcher */
	int status;         /* daemonkit_context_exit_status() */
	int milliseconds;   /* how long it took */
	const char *text;   /* daemonkit_error() */
	const char *output; /* all that the launcher printed */
	const char *error;  /* on standard error */
	int end;            /* the launcher's own, as of waitpid(2) */
	bool streams_held;  /* somebody holds its streams still */
};

/* For harness_main(). */
extern const struct harness_helper probe_helpers[];

/* Skip the test if the system, or an emulator of programs, does not support these words. */
void probe_need(const char *words);

/* Run the program until the launcher ends. */
struct probe probe_run(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Run it beside the test; then wait for its result, which is read from its output. */
struct harness_program probe_spawn(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2)));
struct probe probe_result(struct harness_program *program);

/* Or for its end alone: its status as of waitpid(2). */
int probe_end(struct harness_program *program);

/* As probe_run() for another program file than this one. */
struct probe probe_run_program(const char *path, const char *words);

/* The start failed with this error and a text that has this in it. */
void probe_check_failed(const struct probe *probe, int error, const char *text);

/* The start succeeded. */
void probe_check_up(const struct probe *probe);

/* Nothing is in @/run any more. */
void probe_check_nothing_left(void);

/* Kill the daemon and wait for its end. */
void probe_kill(const struct probe *probe);

/* Where the report is, if not in @/report. */
void probe_read(const char *path);

/* A line of the report, waited for until the report is whole; fails if it is not there. */
const char *probe_fact(const char *name);
long probe_number(const char *name);
bool probe_has_fact(const char *name);

/* A sum of bytes, to compare them by. */
unsigned long probe_sum(const unsigned char *start, size_t length);

/* ---- for the program's own parts ---- */

struct daemonkit_context;

struct program {
	struct daemonkit_context *context;
	bool is_second; /* the second copy */
	int out;        /* the launcher's standard output, wherever that leads later */
	int argc;
	char **argv;
	int times;
	bool in_thread;
	mode_t pid_mode, log_mode;
	const char *user;
	char *arguments[64], *environment[64];
	size_t argument_count, environment_count;
	const char *report;
	pid_t daemon; /* in the launcher, once it is up */
	int failure;  /* exit code after a failed daemonkit_context_reborn() */
};

/* Obey one word; false if it is none that happens in the process. */
bool probe_set(struct program *program, const char *name, const char *value);
bool probe_act(struct program *program, const char *name, const char *value);
int probe_set_passing(struct program *program, const char *name, const char *value);
int probe_set_privileges(struct program *program, const char *name, const char *value);
bool probe_act_passing(struct program *program, const char *name, const char *value);
bool probe_act_privileges(struct program *program, const char *name, const char *value);
bool probe_arrange(struct program *program, const char *name, const char *value);
void probe_report(struct program *program, const char *path);
int probe_value(const char *text);
void probe_write(const char *path, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void probe_print(const struct program *program, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* A line more in the report. */
#define probe_note(program, ...) probe_write((program)->report, __VA_ARGS__)

#endif /* PROBE_H */
