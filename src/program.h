/* SPDX-License-Identifier: MIT */
/* How this program was started. */
#ifndef PROGRAM_H
#define PROGRAM_H

/*
 * The program's arguments as it was started: a NULL-terminated array in one
 * piece of memory, to be freed by the caller.  Returns 0 or a negative errno.
 */
int program_arguments(char ***arguments);

#endif /* PROGRAM_H */
