/* SPDX-License-Identifier: MIT */
/*
 * What a daemon is to be, in memory and as bytes for the second copy.
 * Thread-safe on different objects.
 */
#include "context/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

void settings_disown(struct settings *settings)
{
	settings->log_fd = -1;
	settings->ready_fd = -1;
	settings->pid_fd = -1;
	settings->manager_fd = -1;
}

void settings_single(const struct settings *settings, int fds[static SETTINGS_SINGLE])
{
	fds[0] = settings->log_fd;
	fds[1] = settings->ready_fd;
	fds[2] = settings->pid_fd;
	fds[3] = settings->manager_fd;
}

void settings_init(struct settings *settings)
{
	*settings = (struct settings){ .ready_timeout = 0 };
	settings_disown(settings);
}

void settings_clear(struct settings *settings)
{
	free(settings->pid_file);
	free(settings->log_file);
	fd_close(settings->log_fd);
	free(settings->work_dir);
	free(settings->chroot);
	free(settings->credential.groups);
	named_fds_clear(&settings->descriptors);
	settings_wipe_payload(settings);
	free(settings->keep);
	fd_close(settings->ready_fd);
	free(settings->name);
	free(settings->program);
	fd_close(settings->pid_fd);
	free(settings->manager);
	fd_close(settings->manager_fd);
	settings_init(settings);
}

void settings_wipe_payload(struct settings *settings)
{
	if (settings->payload != NULL)
		explicit_bzero(settings->payload, settings->payload_length);
	free(settings->payload);
	settings->payload = NULL;
	settings->payload_length = 0;
}

int settings_keep(struct settings *settings, int fd)
{
	size_t at = 0;
	int *larger;

	while (at < settings->keep_count && settings->keep[at] < fd)
		at++;
	if (at < settings->keep_count && settings->keep[at] == fd)
		return 0;
	larger = realloc(settings->keep, (settings->keep_count + 1) * sizeof *larger);
	if (larger == NULL)
		return -ENOMEM;
	memmove(larger + at + 1, larger + at, (settings->keep_count - at) * sizeof *larger);
	larger[at] = fd;
	settings->keep = larger;
	settings->keep_count++;
	return 0;
}

/*
 * The other side may have another version of this library: it was loaded before
 * an upgrade, or is after one.  So a field, of whatever part, is only ever added
 * at the end, for a format of the next number, and read only from that format on.
 */
#define FORMAT 2

int settings_put(const struct settings *settings, struct archive *archive)
{
	archive_put_number(archive, FORMAT);
	archive_put_string(archive, settings->pid_file);
	archive_put_number(archive, settings->pid_mode);
	archive_put_number(archive, settings->log);
	archive_put_string(archive, settings->log_file);
	archive_put_number(archive, settings->log_mode);
	archive_put_number(archive, settings->log_fd);
	archive_put_string(archive, settings->work_dir);
	archive_put_string(archive, settings->chroot);
	archive_put_number(archive, settings->has_credential);
	archive_put_number(archive, settings->credential.uid);
	archive_put_number(archive, settings->credential.gid);
	archive_put_number(archive, (int64_t)settings->credential.group_count);
	for (size_t i = 0; i < settings->credential.group_count; i++)
		archive_put_number(archive, settings->credential.groups[i]);
	archive_put_number(archive, settings->has_umask);
	archive_put_number(archive, settings->umask);
	archive_put_number(archive, settings->ready_timeout);
	privileges_put(&settings->privileges, archive);
	named_fds_put(&settings->descriptors, archive);
	archive_put_number(archive, (int64_t)settings->payload_length);
	archive_put_bytes(archive, settings->payload, settings->payload_length);
	archive_put_number(archive, (int64_t)settings->keep_count);
	for (size_t i = 0; i < settings->keep_count; i++)
		archive_put_number(archive, settings->keep[i]);
	archive_put_number(archive, settings->ready_fd);
	archive_put_number(archive, settings->managed);
	archive_put_string(archive, settings->name);
	archive_put_number(archive, settings->successor);
	archive_put_string(archive, settings->program);
	archive_put_number(archive, settings->pid_fd);
	archive_put_string(archive, settings->manager);
	archive_put_number(archive, settings->manager_fd);
	archive_put_number(archive, settings->credential.keep_groups);
	return archive->error;
}

/* A count that the bytes which are left can hold. */
static size_t get_count(struct archive_reader *reader)
{
	int64_t count = archive_get_number(reader);

	if (count < 0 || (uint64_t)count > reader->left / sizeof(int64_t)) {
		reader->error = -EBADMSG;
		return 0;
	}
	return (size_t)count;
}

static void get_groups(struct settings *fresh, struct archive_reader *reader)
{
	size_t count = get_count(reader);

	if (count == 0)
		return;
	fresh->credential.groups = calloc(count, sizeof *fresh->credential.groups);
	if (fresh->credential.groups == NULL) {
		reader->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < count; i++)
		fresh->credential.groups[i] = (gid_t)archive_get_number(reader);
	fresh->credential.group_count = count;
}

static void get_payload(struct settings *fresh, struct archive_reader *reader)
{
	int64_t length = archive_get_number(reader);

	if (reader->error < 0 || length == 0)
		return;
	if (length < 0 || (uint64_t)length > reader->left) {
		reader->error = -EBADMSG;
		return;
	}
	fresh->payload = malloc((size_t)length);
	if (fresh->payload == NULL) {
		reader->error = -ENOMEM;
		return;
	}
	archive_get_bytes(reader, fresh->payload, (size_t)length);
	fresh->payload_length = (size_t)length;
}

static void get_keep(struct settings *fresh, struct archive_reader *reader)
{
	size_t count = get_count(reader);

	for (size_t i = 0; i < count && reader->error == 0; i++)
		if (settings_keep(fresh, (int)archive_get_number(reader)) < 0)
			reader->error = -ENOMEM;
}

/*
 * A newer side may want something that is not known here.  What a successor gets
 * is applied already; a start would be without it, and is refused.
 */
static void get_end(const struct settings *fresh, int64_t format, struct archive_reader *reader)
{
	if (format < 1 || (format > FORMAT && !fresh->successor) ||
	    (format <= FORMAT && reader->left > 0))
		reader->error = reader->error < 0 ? reader->error : -EBADMSG;
}

int settings_get(struct settings *settings, const void *bytes, size_t length)
{
	struct archive_reader reader = { .next = bytes, .left = length };
	struct settings fresh;
	int64_t format = archive_get_number(&reader);

	settings_init(&fresh);
	fresh.pid_file = archive_get_string(&reader);
	fresh.pid_mode = (mode_t)archive_get_number(&reader);
	fresh.log = (enum settings_log)archive_get_number(&reader);
	fresh.log_file = archive_get_string(&reader);
	fresh.log_mode = (mode_t)archive_get_number(&reader);
	fresh.log_fd = (int)archive_get_number(&reader);
	fresh.work_dir = archive_get_string(&reader);
	fresh.chroot = archive_get_string(&reader);
	fresh.has_credential = archive_get_number(&reader) != 0;
	fresh.credential.uid = (uid_t)archive_get_number(&reader);
	fresh.credential.gid = (gid_t)archive_get_number(&reader);
	get_groups(&fresh, &reader);
	fresh.has_umask = archive_get_number(&reader) != 0;
	fresh.umask = (mode_t)archive_get_number(&reader);
	fresh.ready_timeout = (int)archive_get_number(&reader);
	privileges_get(&fresh.privileges, &reader);
	named_fds_get(&fresh.descriptors, &reader);
	get_payload(&fresh, &reader);
	get_keep(&fresh, &reader);
	fresh.ready_fd = (int)archive_get_number(&reader);
	fresh.managed = (pid_t)archive_get_number(&reader);
	fresh.name = archive_get_string(&reader);
	fresh.successor = archive_get_number(&reader) != 0;
	fresh.program = archive_get_string(&reader);
	fresh.pid_fd = (int)archive_get_number(&reader);
	fresh.manager = archive_get_string(&reader);
	fresh.manager_fd = (int)archive_get_number(&reader);
	if (format >= 2)
		fresh.credential.keep_groups = archive_get_number(&reader) != 0;
	get_end(&fresh, format, &reader);
	if (reader.error < 0) {
		/* The descriptors are not ours before all of it was understood. */
		settings_disown(&fresh);
		named_fds_forget(&fresh.descriptors);
		settings_clear(&fresh);
		return reader.error;
	}
	/* What both copies of the program called by the same number is the same. */
	if (settings->ready_fd == fresh.ready_fd)
		settings->ready_fd = -1;
	settings_clear(settings);
	*settings = fresh;
	return 0;
}
