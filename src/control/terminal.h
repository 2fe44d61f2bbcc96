/* SPDX-License-Identifier: MIT */
/* Output for users, on a terminal and elsewhere: the only output of the library. */
#ifndef CONTROL_TERMINAL_H
#define CONTROL_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

struct terminal {
	const char *name; /* at the beginning of each line */
	bool live;        /* standard output is a terminal on which a line can be replaced */
	bool shown;       /* such a line is being shown */
	int error;        /* the first failure of output, a negative errno, or 0 */
};

void terminal_begin(struct terminal *terminal, const char *name);

/*
 * Show progress: on a terminal one line, replaced by the next; elsewhere one
 * line for each text, and none if it is NULL.
 */
void terminal_progress(struct terminal *terminal, const char *doing, const char *text);

/* Clear that line. */
void terminal_clear(struct terminal *terminal);

/* Print a line to standard output, or to standard error. */
void terminal_print(struct terminal *terminal, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void terminal_print_error(struct terminal *terminal, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/*
 * Flush a stream, including output printed by other means: by a caller that has cleared errno
 * before, since a C library may write, and fail, in printf(3).
 */
void terminal_flush(struct terminal *terminal, FILE *file);

/* 0 if all output has succeeded so far, or a negative errno. */
int terminal_error(const struct terminal *terminal);

#endif /* CONTROL_TERMINAL_H */
