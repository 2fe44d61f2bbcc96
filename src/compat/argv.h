/* SPDX-License-Identifier: MIT */
/* The arguments with which this program was started. */
#ifndef COMPAT_ARGV_H
#define COMPAT_ARGV_H

/*
 * Read the arguments with which the program was started: a NULL-terminated
 * array of at least one, in one allocation, which the caller frees.  Returns 0
 * or a negative errno.
 */
int compat_argv_read(char ***arguments);

#endif /* COMPAT_ARGV_H */
