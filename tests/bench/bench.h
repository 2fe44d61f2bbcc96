/* SPDX-License-Identifier: MIT */
/*
 * Compare several ways to do the same thing. A program of tests/bench has a table of ways, and
 * loads those of other libraries from the shared objects peer-*.so beside it.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum bench_kind {
	BENCH_FLOOR, /* written by hand: only what must be done */
	BENCH_OURS,
	BENCH_PEER,
};

/* An event loop that handles SIGRTMIN. */
struct bench_loop {
	enum bench_kind kind;
	const char *name;
	const char *lacks;
	void (*open)(void);
	void (*run)(int timeout); /* until a signal or timeout (ms; -1: none) */
	void (*close)(void);
	bool counts_only; /* without values and senders */
};

struct bench_way {
	const char *measure; /* the ways of one measure are compared */
	enum bench_kind kind;
	const char *name;
	const char *lacks;    /* what it does not do, but daemonkit does */
	double (*once)(void); /* nanoseconds from bench_begin() to bench_end(), or -1 */
	const struct bench_loop *loop;
};

/* The way that is being measured. */
extern const struct bench_way *bench_current;

/* The part that is measured. */
double bench_begin(void);
double bench_end(double begin);
/* Print why, and exit. */
void bench_must(int result, const char *what);
/* Why the way cannot do it; returns -1. */
double bench_unable(const char *reason);
/* The way has lost some of its signals. */
void bench_lost(int lost, int sent);

/*
 * Run all ways of the measure in turn until the time is over, and print the durations. The axis
 * and its value are the condition under which the ways are measured.
 */
void bench_compare(const char *measure, const char *axis, long value);

/* What main() of each program calls first: the path of this program, for what is below. */
void bench_find_self(void);
extern char bench_self[4096];
/*
 * The next call of main(): "PROGRAM once MEASURE NAME" does one thing once, for
 * a tracer, and returns true. The peers export an array bench_ways, which ends with a way
 * without a name.
 */
bool bench_start(int argc, char *argv[], const struct bench_way *ways, const char *const *peers);
/* An exported object of a peer, or NULL if the peer was not built. */
const void *bench_peer(const char *peer, const char *symbol);
/* The path of a file in the directory of the program, and in that of temporary files. */
const char *bench_path(const char *name);
const char *bench_temporary(const char *name);

/*
 * Another program that measures itself: it reads lines, and answers each with a number of
 * nanoseconds.
 */
struct bench_program {
	int in, out;
};
bool bench_open_program(struct bench_program *program, const char *const *argv);
double bench_ask_program(const struct bench_program *program, long argument);

/* A process that is not a child of this one: it calls prepare(), and runs until it is killed. */
pid_t bench_victim(void (*prepare)(void));

/* Receive one message at the socket of the manager. */
void bench_receive(void);
#define BENCH_MESSAGES 100

/* Each loop calls this for a handled signal; true: stop the loop. */
bool bench_signal_handled(int value, pid_t sender);

#endif /* BENCH_H */
