/* SPDX-License-Identifier: MIT */
/* A pid file as a file: where it is, what it is, what it says. */
#ifndef PIDFILE_LOCATION_H
#define PIDFILE_LOCATION_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * A path, taken apart: all that a call does to the file goes through one
 * descriptor of its directory, closed again before the call returns.
 */
struct pidfile_place {
	const char *path; /* the caller's, for the texts */
	int directory;
	char name[NAME_MAX + 1];
};

/* 0, or a negative errno without a text; then there is nothing to close. */
int pidfile_place_open(struct pidfile_place *place, const char *path);
void pidfile_place_close(struct pidfile_place *place);

/*
 * What is there, a symbolic link not followed?  0, -ENOENT or,
 * when it is just being removed, -ESTALE, both without a text; -ELOOP or -EEXIST for what is no
 * regular file, or another error.
 */
int pidfile_stat(const struct pidfile_place *place, struct stat *st);

/* Is this file still at the place? */
bool pidfile_is_at(const struct pidfile_place *place, const struct stat *st);

/*
 * Does this result of a call on an open file say that the file has been removed?  FUSE
 * and network file systems may say so.
 */
bool pidfile_is_gone(int result);

/*
 * Open what was looked at: a descriptor that is 3 or higher; -ESTALE without
 * a text when it is another file now; -EAGAIN without a text while somebody
 * has a lease on it (fcntl(2)); or an error.
 */
int pidfile_open_expected(const struct pidfile_place *place, const struct stat *st, bool writing);

/*
 * Make an empty file at the place, with this mode less the umask: a descriptor
 * that is 3 or higher; -EEXIST when there is a file; or an errno; no text.  If
 * it could be made and not be kept open, it stays there, empty.
 */
int pidfile_make_new(const struct pidfile_place *place, mode_t mode);

/* The pid it names: 0, -ENODATA empty, -EBADMSG no pid, or an errno; no text. */
int pidfile_text_read(int fd, pid_t *pid);

/*
 * May it be written over?  0: it names a pid, or nothing but NULs, white space and
 * numbers are in it, as a crash or another program may have left; -EBADMSG: something
 * else; or an errno; no text.
 */
int pidfile_text_check(int fd);

/* The error for -EBADMSG of pidfile_text_check(), with its text. */
int pidfile_text_refuse(const char *path);

/*
 * Write the caller's pid and a newline over what is there, and read it back; no
 * text.  -EFBIG where RLIMIT_FSIZE forbids it; then the file is as it was.
 */
int pidfile_text_write(int fd);

#endif /* PIDFILE_LOCATION_H */
