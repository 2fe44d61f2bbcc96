/* SPDX-License-Identifier: MIT */
/* A file without a name. */
#ifndef COMPAT_ANONYMOUS_FILE_H
#define COMPAT_ANONYMOUS_FILE_H

/*
 * A new empty file that is in no directory, open for reading and appending,
 * close-on-exec, its descriptor 3 or higher: a descriptor or a negative errno.
 * It is kept in memory where the system can.
 */
int compat_anonymous_file(void);

#endif /* COMPAT_ANONYMOUS_FILE_H */
