/* SPDX-License-Identifier: MIT */
/* Lines for people, on a terminal and elsewhere: the only output of the library. */
#ifndef CONTROL_TERMINAL_H
#define CONTROL_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

struct terminal {
	const char *name; /* at the beginning of each line */
	bool live;        /* standard output is a terminal on which a line can be replaced */
	bool shown;       /* such a line is there */
	int error;        /* of the first output that failed, a negative errno, or 0 */
};

void terminal_begin(struct terminal *terminal, const char *name);

/*
 * What is going on: on a terminal one line, replaced by the next one; elsewhere
 * a line for each text, and none where it is NULL.
 */
void terminal_progress(struct terminal *terminal, const char *doing, const char *text);

/* Take that line away. */
void terminal_clear(struct terminal *terminal);

/* A line on standard output, or on standard error. */
void terminal_say(struct terminal *terminal, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void terminal_complain(struct terminal *terminal, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* What was printed to a stream by other means goes out, too. */
void terminal_flush(struct terminal *terminal, FILE *file);

/* 0 when all of the output has succeeded since the beginning, or a negative errno. */
int terminal_error(const struct terminal *terminal);

#endif /* CONTROL_TERMINAL_H */
