/* SPDX-License-Identifier: MIT */
/*
 * The settings of a daemon, in memory and serialized for the second copy.
 * Thread-safe on different objects.
 */
#include "context/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/secret.h"

void start_disown(struct start *start)
{
	for (size_t i = 0; i < START_FD_COUNT; i++)
		start->fds[i] = -1;
}

void settings_init(struct settings *settings)
{
	*settings = (struct settings){ .pid_file = NULL };
	start_disown(&settings->start);
}

void settings_clear(struct settings *settings)
{
	struct start *start = &settings->start;

	free(settings->pid_file);
	free(settings->log_file);
	free(settings->output_file);
	free(settings->work_dir);
	free(settings->chroot);
	free(settings->credential.groups);
	named_fds_clear(&settings->descriptors);
	settings_wipe_payload(settings);
	socket_paths_clear(&settings->sockets);
	free(start->program);
	free(start->name);
	free(start->keep);
	free(start->manager);
	for (size_t i = 0; i < START_FD_COUNT; i++)
		fd_close(start->fds[i]);
	settings_init(settings);
}

void settings_close(struct settings *settings, enum start_fd fd)
{
	settings->start.fds[fd] = fd_close(settings->start.fds[fd]);
}

void settings_forget_log(struct settings *settings)
{
	settings->log = SETTINGS_LOG_NONE;
	free(settings->output_file);
	settings->output_file = NULL;
}

void settings_wipe_payload(struct settings *settings)
{
	if (settings->payload != NULL)
		secret_wipe(settings->payload, settings->payload_length);
	free(settings->payload);
	settings->payload = NULL;
	settings->payload_length = 0;
}

int start_keep(struct start *start, int fd)
{
	size_t at = 0;
	int *larger;

	while (at < start->keep_count && start->keep[at] < fd)
		at++;
	if (at < start->keep_count && start->keep[at] == fd)
		return 0;
	larger = realloc(start->keep, (start->keep_count + 1) * sizeof *larger);
	if (larger == NULL)
		return -ENOMEM;
	memmove(larger + at + 1, larger + at, (start->keep_count - at) * sizeof *larger);
	larger[at] = fd;
	start->keep = larger;
	start->keep_count++;
	return 0;
}

/*
 * The other side may use another version of this library, loaded before or after an
 * upgrade.  So a new field, of any part, is only ever added at the end, with the next
 * format number, and is read only from that format on.
 */
#define FORMAT 7

static void archive_groups(struct credential *credential, struct archive *archive)
{
	size_t count = archive_count(archive, credential->group_count);

	credential->groups = archive_memory(archive, credential->groups,
					    count * sizeof *credential->groups);
	if (archive->error < 0)
		return;
	for (size_t i = 0; i < count; i++)
		ARCHIVE_NUMBER(archive, credential->groups[i]);
	credential->group_count = count;
}

static void archive_payload(struct settings *settings, struct archive *archive)
{
	int64_t length = archive_number(archive, (int64_t)settings->payload_length);

	if (archive->reading && (length < 0 || (uint64_t)length > archive->left))
		archive->error = archive->error < 0 ? archive->error : -EBADMSG;
	settings->payload = archive_memory(archive, settings->payload, (size_t)length);
	if (archive->error < 0)
		return;
	settings->payload_length = (size_t)length;
	archive_bytes(archive, settings->payload, settings->payload_length);
}

static void archive_keep(struct start *start, struct archive *archive)
{
	size_t count = archive_count(archive, start->keep_count);

	for (size_t i = 0; i < count && archive->error == 0; i++) {
		int fd = (int)archive_number(archive, archive->reading ? 0 : start->keep[i]);

		if (archive->reading && start_keep(start, fd) < 0)
			archive->error = -ENOMEM;
	}
}

/* All fields, in the order of the format; both for writing and reading. */
static void archive_settings(struct settings *settings, struct archive *archive, int64_t format)
{
	struct start *start = &settings->start;

	settings->pid_file = archive_string(archive, settings->pid_file);
	ARCHIVE_NUMBER(archive, settings->pid_mode);
	ARCHIVE_NUMBER(archive, settings->log);
	settings->log_file = archive_string(archive, settings->log_file);
	ARCHIVE_NUMBER(archive, settings->log_mode);
	ARCHIVE_NUMBER(archive, start->fds[START_FD_LOG]);
	settings->work_dir = archive_string(archive, settings->work_dir);
	settings->chroot = archive_string(archive, settings->chroot);
	ARCHIVE_NUMBER(archive, settings->has_credential);
	ARCHIVE_NUMBER(archive, settings->credential.uid);
	ARCHIVE_NUMBER(archive, settings->credential.gid);
	archive_groups(&settings->credential, archive);
	ARCHIVE_NUMBER(archive, settings->has_umask);
	ARCHIVE_NUMBER(archive, settings->umask);
	ARCHIVE_NUMBER(archive, start->timeout);
	privileges_archive(&settings->privileges, archive);
	named_fds_archive(&settings->descriptors, archive);
	archive_payload(settings, archive);
	archive_keep(start, archive);
	ARCHIVE_NUMBER(archive, start->fds[START_FD_READY]);
	ARCHIVE_NUMBER(archive, start->managed);
	start->name = archive_string(archive, start->name);
	ARCHIVE_NUMBER(archive, start->successor);
	start->program = archive_string(archive, start->program);
	ARCHIVE_NUMBER(archive, start->fds[START_FD_PID_FILE]);
	start->manager = archive_string(archive, start->manager);
	ARCHIVE_NUMBER(archive, start->fds[START_FD_MANAGER]);
	if (format >= 2)
		ARCHIVE_NUMBER(archive, settings->credential.keep_groups);
	if (format >= 3)
		ARCHIVE_NUMBER(archive, settings->confine_later);
	if (format >= 4)
		socket_paths_archive(&settings->sockets, archive);
	if (format >= 5)
		ARCHIVE_NUMBER(archive, settings->pid_file_optional);
	if (format >= 6) {
		ARCHIVE_NUMBER(archive, start->fds[START_FD_OUTPUT]);
		settings->output_file = archive_string(archive, settings->output_file);
		ARCHIVE_NUMBER(archive, settings->output_mode);
	}
}

int settings_put(const struct settings *settings, struct archive *archive)
{
	/* Writing must change nothing. */
	struct settings same = *settings;

	archive_settings(&same, archive, archive_number(archive, FORMAT));
	return archive->error;
}

/*
 * A newer side may send fields that are unknown here.  A successor ignores them, as its
 * predecessor has applied them already; a start would lack them and is refused.
 */
static void check_end(const struct settings *fresh, int64_t format, struct archive *archive)
{
	if (format < 1 || (format > FORMAT && !fresh->start.successor) ||
	    (format <= FORMAT && archive->left > 0))
		archive->error = archive->error < 0 ? archive->error : -EBADMSG;
}

int settings_get(struct settings *settings, const void *bytes, size_t length)
{
	struct archive archive = { .reading = true, .next = bytes, .left = length };
	struct settings fresh;
	int64_t format = archive_number(&archive, 0);

	settings_init(&fresh);
	archive_settings(&fresh, &archive, format);
	check_end(&fresh, format, &archive);
	if (archive.error < 0) {
		/* On failure the descriptors still belong to the sender. */
		start_disown(&fresh.start);
		named_fds_forget(&fresh.descriptors);
		settings_clear(&fresh);
		return archive.error;
	}
	settings_clear(settings);
	*settings = fresh;
	return 0;
}

/* The number of the first one; the others follow downwards. */
#define PASSED (-2)

void settings_pass(struct settings *settings, enum start_fd fd, struct compat_passed *passed)
{
	int *number = &settings->start.fds[fd];

	if (*number < 0)
		return;
	passed->fds[passed->count] = *number;
	*number = PASSED - passed->count++;
}

int settings_take_passed(struct settings *settings, struct compat_passed *passed)
{
	int result = 0;

	for (size_t i = 0; i < START_FD_COUNT; i++) {
		int *number = &settings->start.fds[i], index;

		if (*number > PASSED)
			continue;
		index = PASSED - *number;
		*number = -1;
		if (index < passed->count) {
			*number = passed->fds[index];
			passed->fds[index] = -1;
		}
		if (*number < 0)
			result = -EMFILE;
	}
	return result;
}
