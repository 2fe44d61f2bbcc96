/* SPDX-License-Identifier: MIT */
/* How this program was started. */
#ifndef PROCESS_ARGV_H
#define PROCESS_ARGV_H

/*
 * The program's arguments as it was started: a NULL-terminated array in one
 * piece of memory, to be freed by the caller.  Returns 0 or a negative errno.
 */
int argv_read(char ***arguments);

#endif /* PROCESS_ARGV_H */
