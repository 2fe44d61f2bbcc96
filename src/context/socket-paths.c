/* SPDX-License-Identifier: MIT */
/*
 * Local sockets whose paths are removed when the daemon ends.
 * Thread-safe on different objects.
 */
#include "context/socket-paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/path.h"
#include "pidfile/location.h"

/* The entry of this path, or a new one without a file; NULL if there is no memory. */
static struct socket_path *find_entry(struct socket_paths *paths, const char *path)
{
	struct socket_path *larger;
	char *copy;

	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->list[i].path, path) == 0)
			return &paths->list[i];
	larger = realloc(paths->list, (paths->count + 1) * sizeof *larger);
	if (larger == NULL)
		return NULL;
	paths->list = larger;
	copy = strdup(path);
	if (copy == NULL)
		return NULL;
	larger[paths->count] = (struct socket_path){ .path = copy };
	return &larger[paths->count++];
}

int socket_paths_add(struct socket_paths *paths, const char *path)
{
	struct socket_path *entry;
	struct stat st;

	if (lstat(path, &st) < 0)
		return error_system(-errno, "socket %s", path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(-ENOTSOCK, "socket %s: it is not a socket", path);
	entry = find_entry(paths, path);
	if (entry == NULL)
		return error_system(-ENOMEM, "socket %s", path);
	entry->device = st.st_dev;
	entry->inode = st.st_ino;
	return 0;
}

/* 0 if the path had this file and is removed, -ENOENT if not, or another errno; no text. */
static int remove_file(const struct socket_path *entry, const char *path)
{
	struct pidfile_place place;
	struct stat st;
	/* The directory is opened, so that no link in the path can change in between. */
	int result = pidfile_place_open(&place, path);

	if (result < 0)
		return result == -ENOTDIR ? -ENOENT : result;
	if (fstatat(place.directory, place.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		result = -errno;
	else if (!S_ISSOCK(st.st_mode) || st.st_dev != entry->device || st.st_ino != entry->inode)
		result = -ENOENT;
	else if (unlinkat(place.directory, place.name, 0) < 0)
		result = -errno;
	pidfile_place_close(&place);
	return result;
}

/* As remove_file(). */
static int remove_entry(const struct socket_path *entry, const char *root)
{
	const char *inside = path_inside(root, entry->path);
	int result = remove_file(entry, entry->path);

	/* The path of a file below root, as the launcher knew it. */
	return result < 0 && inside != NULL ? remove_file(entry, inside) : result;
}

int socket_paths_remove(struct socket_paths *paths, const char *root)
{
	size_t kept = 0;
	int result = 0;

	for (size_t i = 0; i < paths->count; i++) {
		struct socket_path *entry = &paths->list[i];
		int removed = remove_entry(entry, root);

		if (removed == 0 || removed == -ENOENT) {
			free(entry->path);
			continue;
		}
		if (result == 0)
			result = error_system(removed, "socket %s: remove", entry->path);
		paths->list[kept++] = *entry;
	}
	paths->count = kept;
	return result;
}

void socket_paths_clear(struct socket_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->list[i].path);
	free(paths->list);
	*paths = (struct socket_paths){ .count = 0 };
}

/* Add an entry that was read from the archive. */
static void add_read(struct socket_paths *paths, struct archive *archive,
		     const struct socket_path *read)
{
	struct socket_path *entry;

	if (archive->error == 0 && (read->path == NULL || read->path[0] != '/'))
		archive->error = -EBADMSG;
	if (archive->error < 0)
		return;
	entry = find_entry(paths, read->path);
	if (entry == NULL) {
		archive->error = -ENOMEM;
		return;
	}
	entry->device = read->device;
	entry->inode = read->inode;
}

void socket_paths_archive(struct socket_paths *paths, struct archive *archive)
{
	size_t count = archive_count(archive, paths->count);

	for (size_t i = 0; i < count && archive->error == 0; i++) {
		struct socket_path entry = { .path = NULL };

		if (!archive->reading)
			entry = paths->list[i];
		entry.path = archive_string(archive, entry.path);
		ARCHIVE_NUMBER(archive, entry.device);
		ARCHIVE_NUMBER(archive, entry.inode);
		if (!archive->reading)
			continue;
		add_read(paths, archive, &entry);
		free(entry.path);
	}
}
