/* SPDX-License-Identifier: MIT */
/* Lines for people, on a terminal and elsewhere: the only output of the library. */
#ifndef CONTROL_TERMINAL_H
#define CONTROL_TERMINAL_H

#include <stdbool.h>

struct terminal {
	const char *name; /* at the beginning of each line */
	bool live;        /* standard output is a terminal on which a line can be replaced */
	bool shown;       /* such a line is there */
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

#endif /* CONTROL_TERMINAL_H */
