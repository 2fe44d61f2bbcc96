/* SPDX-License-Identifier: MIT */
/* Local sockets whose paths are removed when the daemon ends. */
#ifndef CONTEXT_SOCKET_PATHS_H
#define CONTEXT_SOCKET_PATHS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/archive.h"

/* The file that had the path when it was added: another one is never removed. */
struct socket_path {
	char *path; /* absolute */
	dev_t device;
	ino_t inode;
};

/* Begin with all zero. */
struct socket_paths {
	struct socket_path *list;
	size_t count;
};

/* Add this absolute path, or update it with the file that it has now: 0 or an error. */
int socket_paths_add(struct socket_paths *paths, const char *path);

/*
 * Remove the files, in the root directory of this process: that is the one in which their
 * paths were added, or root (NULL: none).  Those that could not be removed stay in the
 * list.  0, also for those that were removed or replaced, or the first error.
 */
int socket_paths_remove(struct socket_paths *paths, const char *root);

/* Free the list; the files stay. */
void socket_paths_clear(struct socket_paths *paths);

/* Write or read the list; an invalid path is an error of the archive. */
void socket_paths_archive(struct socket_paths *paths, struct archive *archive);

#endif /* CONTEXT_SOCKET_PATHS_H */
