/* SPDX-License-Identifier: MIT */
/*
 * A program that starts a daemon, controlled by words: the launcher, the second copy and the
 * daemon of the tests.
 *
 * The words are separated by one space; "@" in them is the directory of the test. A word is
 * NAME or NAME=VALUE (see probe-program.c and probe-acts.c). Words are executed in order, by
 * launcher and second copy before daemonkit_context_reborn(), or, with a prefix:
 *
 * first:  before it, but not in the second copy
 * second: before it, in the second copy only
 * daemon: after it, in the daemon
 * launcher: after it, in the launcher
 */
#ifndef PROBE_H
#define PROBE_H

#include "harness/harness.h"

/* All ways of starting that differ: by fork(2), or on an older system. */
extern const char *const probe_ways[];
#define PROBE_WAYS 8
/* The first ones, in mode REBORN. */
#define PROBE_REBORN_WAYS 5

/* The results of the launcher. */
struct probe {
	pid_t result;       /* of daemonkit_context_reborn() in the launcher */
	int status;         /* daemonkit_context_exit_status() */
	int milliseconds;   /* duration of the start */
	const char *text;   /* daemonkit_error() */
	const char *output; /* standard output of the launcher */
	const char *error;  /* standard error of the launcher */
	int end;            /* status of the launcher, as of waitpid(2) */
	bool streams_held;  /* another process has its streams open */
};

/* For harness_main(). */
extern const struct harness_helper probe_helpers[];

/* Skip the test if the system, or an emulator of programs, does not support these words. */
void probe_need(const char *words);

/* Run the program until the launcher ends. */
struct probe probe_run(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Start it beside the test; then wait for its result, which is read from its output. */
struct harness_program probe_spawn(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2)));
struct probe probe_result(struct harness_program *program);

/* Or only wait for it to exit: its status as of waitpid(2). */
int probe_end(struct harness_program *program);

/* Like probe_run() with another program file. */
struct probe probe_run_program(const char *path, const char *words);

/* Check that the start failed with this error and with a text that contains this one. */
void probe_check_failed(const struct probe *probe, int error, const char *text);

/* Check that the start succeeded. */
void probe_check_up(const struct probe *probe);

/* Check that @/run is empty. */
void probe_check_nothing_left(void);

/* Kill the daemon and wait for it to exit. */
void probe_kill(const struct probe *probe);

/* Read the report from this path instead of @/report. */
void probe_read(const char *path);

/*
 * The value of a line of the report; waits until the report is complete. Fails the test if
 * there is no such line.
 */
const char *probe_fact(const char *name);
long probe_number(const char *name);
bool probe_has_fact(const char *name);

/* A checksum, to compare bytes. */
unsigned long probe_sum(const unsigned char *start, size_t length);

/* ---- internal to the probe ---- */

struct daemonkit_context;

struct program {
	struct daemonkit_context *context;
	bool is_second; /* the second copy */
	int out;        /* standard output of the launcher, unchanged by later redirections */
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

/* Execute one word; false if there is no such word. */
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

/* Add a line to the report. */
#define probe_note(program, ...) probe_write((program)->report, __VA_ARGS__)

#endif /* PROBE_H */
