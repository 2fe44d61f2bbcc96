/* SPDX-License-Identifier: MIT */
/* Functions for the tests of examples, which run them as users do. */
#ifndef EXAMPLE_TOOLS_H
#define EXAMPLE_TOOLS_H

#include "harness/harness.h"

/*
 * The path of an example; skips the test if it is not built. Changes to the directory of the
 * test, in which the example then creates its files.
 */
const char *example(const char *name);

/* Run a program; it must exit with this code and leave no process that holds its streams. */
struct harness_result run(const char *const argv[], int exit_code);

void check_has(const char *text, const char *part);

bool exists(const char *path);

/* The pid in a pid file; waits for the file. */
pid_t pid_in(const char *path);

/*
 * Wait for a daemon to exit and reap it: orphans become children of the test
 * (harness_adopt_orphans()).
 */
void check_end(pid_t pid, int exit_code);

#endif /* EXAMPLE_TOOLS_H */
