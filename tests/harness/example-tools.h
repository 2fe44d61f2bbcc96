/* SPDX-License-Identifier: MIT */
/* What the tests of examples share: these are run as their users run them. */
#ifndef EXAMPLE_TOOLS_H
#define EXAMPLE_TOOLS_H

#include "harness/harness.h"

/*
 * The path of an example; skips the test where it is not built.  From now on
 * the test is in its own directory, so that the example's files are there.
 */
const char *example(const char *name);

/* Run a program, which ends with the exit code and keeps none of the streams. */
struct harness_result run(const char *const argv[], int exit_code);

void check_has(const char *text, const char *part);

bool exists(const char *path);

/* The pid in a pid file, once that is there. */
pid_t pid_in(const char *path);

/*
 * The end of a daemon: it is not the test's child, but becomes that
 * (harness_adopt_orphans()), and somebody has to wait for it.
 */
void check_end(pid_t pid, int exit_code);

#endif /* EXAMPLE_TOOLS_H */
