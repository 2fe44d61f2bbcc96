/* SPDX-License-Identifier: MIT */
/* How this process began: what a second copy, which begins again, must find unchanged. */
#ifndef START_INITIAL_H
#define START_INITIAL_H

#include <stdbool.h>

/* Record the working directory and the position of standard input; before main(). */
void initial_record(void);

/*
 * Open the initial working directory: *fd is 3 or higher and close-on-exec, or -1 if this
 * process is still there, or it is unknown.  0, or an error with its text.
 */
int initial_open_directory(int *fd);

/*
 * Let a second copy read standard input from where this process began to read it, and
 * afterwards continue where this process was.  Input that cannot be read again is an error,
 * with its text, unless the program passes the second copy something of its own.
 */
int initial_rewind_input(bool passes);
void initial_restore_input(void);

#endif /* START_INITIAL_H */
