/* SPDX-License-Identifier: MIT */
/* A list of descriptors that have names. */
#ifndef MANAGER_NAMED_FDS_H
#define MANAGER_NAMED_FDS_H

#include <stddef.h>

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

/* Free all, and leave the descriptors open. */
void named_fds_forget(struct descriptors *descriptors);

/* Is it a name that managers take?  0, or -EINVAL with its text. */
int named_fds_check_name(const char *name);

/* Add one; it is the list's from then on.  0 or -ENOMEM (it stays the caller's). */
int named_fds_add(struct descriptors *descriptors, const char *name, int fd);

/* The descriptor of this name (NULL: any) and index, or -ENOENT. */
int named_fds_find(const struct descriptors *descriptors, const char *name, size_t index);

/* Let it go from the list, if it is there: it is the caller's from then on. */
void named_fds_take(struct descriptors *descriptors, int fd);

/* Is it of this kind (DAEMONKIT_FD_...)?  0, or a negative errno with its text. */
int named_fds_check_kind(const char *name, int fd, int kind);

/*
 * Add what a service manager gave to this process (LISTEN_FDS), unless some
 * list has it already.  0, or a negative errno with its text.
 */
int named_fds_from_manager(struct descriptors *descriptors);

/* Written, or read; a name or a descriptor that is not allowed is an error of the archive. */
void named_fds_archive(struct descriptors *descriptors, struct archive *archive);

#endif /* MANAGER_NAMED_FDS_H */
