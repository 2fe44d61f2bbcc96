/* SPDX-License-Identifier: MIT */
/* A list of named descriptors. */
#ifndef MANAGER_NAMED_FDS_H
#define MANAGER_NAMED_FDS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/archive.h"

struct descriptor {
	char *name;
	int fd; /* 3 or higher, close-on-exec */
};

/* Begin with all zero. */
struct descriptors {
	struct descriptor *list;
	size_t count;
};

/* Close and free all. */
void named_fds_clear(struct descriptors *descriptors);

/* Free all, but leave the descriptors open. */
void named_fds_forget(struct descriptors *descriptors);

/* Is this a valid name for managers?  0, or -EINVAL with its text. */
int named_fds_check_name(const char *name);

/* Add a descriptor, which the list then owns.  0 or -ENOMEM (the caller still owns it). */
int named_fds_add(struct descriptors *descriptors, const char *name, int fd);

/* The descriptor with this name (NULL: any) and index, or -ENOENT. */
int named_fds_find(const struct descriptors *descriptors, const char *name, size_t index);

/* The name of the descriptor with this index, or NULL. */
const char *named_fds_name(const struct descriptors *descriptors, size_t index);

/* Remove a descriptor from the list, if it is there; the caller then owns it. */
void named_fds_detach(struct descriptors *descriptors, int fd);

/* Is it of this kind (DAEMONKIT_FD_...)?  0, or a negative errno with its text. */
int named_fds_check_kind(const char *name, int fd, int kind);

/*
 * Add the descriptors that a service manager passed to this process
 * (LISTEN_FDS), unless another list has them already.  0, or a negative errno
 * with its text.
 */
int named_fds_from_manager(struct descriptors *descriptors);

/*
 * In a fork of the process to which they were passed: let LISTEN_PID name this process, for
 * a program that finds them by itself.  0 or -ENOMEM.
 */
int named_fds_inherit(pid_t parent);

/* Write or read the list; an invalid name or descriptor is an error of the archive. */
void named_fds_archive(struct descriptors *descriptors, struct archive *archive);

#endif /* MANAGER_NAMED_FDS_H */
