/* SPDX-License-Identifier: MIT */
/* A pid file as a file: its path, its type, and its contents. */
#ifndef PIDFILE_LOCATION_H
#define PIDFILE_LOCATION_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * A path split into directory and name: all accesses of a call use one
 * descriptor of the directory, which is closed before the call returns.
 */
struct pidfile_place {
	const char *path; /* the caller's path, for error texts */
	int directory;
	char name[NAME_MAX + 1];
};

/* The path is not empty.  0, or a negative errno without a text; then there is nothing to close. */
int pidfile_place_open(struct pidfile_place *place, const char *path);
void pidfile_place_close(struct pidfile_place *place);

/*
 * Examine the path without following a symbolic link.  Returns 0; without a
 * text -ENOENT or, if the file is just being removed, -ESTALE; -ELOOP or
 * -EEXIST if it is not a regular file; or another error.
 */
int pidfile_stat(const struct pidfile_place *place, struct stat *st);

/*
 * Is this open file still at the place, and has it no other name?  0, -EEXIST if it is not
 * at the place, -EBADMSG if it has further names, or another errno; no text.
 */
int pidfile_check_place(const struct pidfile_place *place, int fd);

/* Is this open file still at the place? */
bool pidfile_is_at(const struct pidfile_place *place, int fd);

/*
 * Does this result of a call on an open file mean that the file has been
 * removed?  FUSE and network file systems report that.
 */
bool pidfile_was_removed(int result);

/*
 * Open the file that was examined.  Returns a descriptor, 3 or higher; -ESTALE
 * without a text if the path names another file now; -EAGAIN without a text
 * while a process has a lease on it (fcntl(2)); or an error.
 */
int pidfile_open_expected(const struct pidfile_place *place, const struct stat *st, bool writing);

/*
 * Create an empty file, with this mode less the umask: a descriptor, 3 or
 * higher; -EEXIST if the path exists; or an errno; no text.  If the file was
 * created but could not be kept open, it remains, empty.
 */
int pidfile_make_new(const struct pidfile_place *place, mode_t mode);

/* The pid it names: 0, -ENODATA empty, -EBADMSG no pid, or an errno; no text. */
int pidfile_text_read(int fd, pid_t *pid);

/*
 * May the file be overwritten?  0: it names a pid, or contains only NULs, white
 * space and numbers, which a crash or another program may have left; -EBADMSG:
 * it contains something else; or an errno; no text.
 */
int pidfile_text_check(int fd);

/* The error for -EBADMSG of pidfile_text_check(), with its text. */
int pidfile_text_refuse(const char *path);

/*
 * Overwrite the file with the caller's pid and a newline, and read it back; no
 * text.  -EFBIG if RLIMIT_FSIZE forbids it; the file is unchanged then.
 */
int pidfile_text_write(int fd);

#endif /* PIDFILE_LOCATION_H */
