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
#include "base/secret.h"

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
	descriptors_clear(&settings->descriptors);
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
		secret_wipe(settings->payload, settings->payload_length);
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

int settings_pack(const struct settings *settings, struct pack *pack)
{
	pack_number(pack, FORMAT);
	pack_string(pack, settings->pid_file);
	pack_number(pack, settings->pid_mode);
	pack_number(pack, settings->log);
	pack_string(pack, settings->log_file);
	pack_number(pack, settings->log_mode);
	pack_number(pack, settings->log_fd);
	pack_string(pack, settings->work_dir);
	pack_string(pack, settings->chroot);
	pack_number(pack, settings->has_credential);
	pack_number(pack, settings->credential.uid);
	pack_number(pack, settings->credential.gid);
	pack_number(pack, (int64_t)settings->credential.group_count);
	for (size_t i = 0; i < settings->credential.group_count; i++)
		pack_number(pack, settings->credential.groups[i]);
	pack_number(pack, settings->has_umask);
	pack_number(pack, settings->umask);
	pack_number(pack, settings->ready_timeout);
	privileges_pack(&settings->privileges, pack);
	descriptors_pack(&settings->descriptors, pack);
	pack_number(pack, (int64_t)settings->payload_length);
	pack_bytes(pack, settings->payload, settings->payload_length);
	pack_number(pack, (int64_t)settings->keep_count);
	for (size_t i = 0; i < settings->keep_count; i++)
		pack_number(pack, settings->keep[i]);
	pack_number(pack, settings->ready_fd);
	pack_number(pack, settings->managed);
	pack_string(pack, settings->name);
	pack_number(pack, settings->successor);
	pack_string(pack, settings->program);
	pack_number(pack, settings->pid_fd);
	pack_string(pack, settings->manager);
	pack_number(pack, settings->manager_fd);
	pack_number(pack, settings->credential.keep_groups);
	return pack->error;
}

/* A count that the bytes which are left can hold. */
static size_t unpack_count(struct unpack *unpack)
{
	int64_t count = unpack_number(unpack);

	if (count < 0 || (uint64_t)count > unpack->left / sizeof(int64_t)) {
		unpack->error = -EBADMSG;
		return 0;
	}
	return (size_t)count;
}

static void unpack_groups(struct settings *fresh, struct unpack *unpack)
{
	size_t count = unpack_count(unpack);

	if (count == 0)
		return;
	fresh->credential.groups = calloc(count, sizeof *fresh->credential.groups);
	if (fresh->credential.groups == NULL) {
		unpack->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < count; i++)
		fresh->credential.groups[i] = (gid_t)unpack_number(unpack);
	fresh->credential.group_count = count;
}

static void unpack_payload(struct settings *fresh, struct unpack *unpack)
{
	int64_t length = unpack_number(unpack);

	if (unpack->error < 0 || length == 0)
		return;
	if (length < 0 || (uint64_t)length > unpack->left) {
		unpack->error = -EBADMSG;
		return;
	}
	fresh->payload = malloc((size_t)length);
	if (fresh->payload == NULL) {
		unpack->error = -ENOMEM;
		return;
	}
	unpack_bytes(unpack, fresh->payload, (size_t)length);
	fresh->payload_length = (size_t)length;
}

static void unpack_keep(struct settings *fresh, struct unpack *unpack)
{
	size_t count = unpack_count(unpack);

	for (size_t i = 0; i < count && unpack->error == 0; i++)
		if (settings_keep(fresh, (int)unpack_number(unpack)) < 0)
			unpack->error = -ENOMEM;
}

/*
 * A newer side may want something that is not known here.  What a successor gets
 * is applied already; a start would be without it, and is refused.
 */
static void unpack_end(const struct settings *fresh, int64_t format, struct unpack *unpack)
{
	if (format < 1 || (format > FORMAT && !fresh->successor) ||
	    (format <= FORMAT && unpack->left > 0))
		unpack->error = unpack->error < 0 ? unpack->error : -EBADMSG;
}

int settings_unpack(struct settings *settings, const void *bytes, size_t length)
{
	struct unpack unpack = { .next = bytes, .left = length };
	struct settings fresh;
	int64_t format = unpack_number(&unpack);

	settings_init(&fresh);
	fresh.pid_file = unpack_string(&unpack);
	fresh.pid_mode = (mode_t)unpack_number(&unpack);
	fresh.log = (enum settings_log)unpack_number(&unpack);
	fresh.log_file = unpack_string(&unpack);
	fresh.log_mode = (mode_t)unpack_number(&unpack);
	fresh.log_fd = (int)unpack_number(&unpack);
	fresh.work_dir = unpack_string(&unpack);
	fresh.chroot = unpack_string(&unpack);
	fresh.has_credential = unpack_number(&unpack) != 0;
	fresh.credential.uid = (uid_t)unpack_number(&unpack);
	fresh.credential.gid = (gid_t)unpack_number(&unpack);
	unpack_groups(&fresh, &unpack);
	fresh.has_umask = unpack_number(&unpack) != 0;
	fresh.umask = (mode_t)unpack_number(&unpack);
	fresh.ready_timeout = (int)unpack_number(&unpack);
	privileges_unpack(&fresh.privileges, &unpack);
	descriptors_unpack(&fresh.descriptors, &unpack);
	unpack_payload(&fresh, &unpack);
	unpack_keep(&fresh, &unpack);
	fresh.ready_fd = (int)unpack_number(&unpack);
	fresh.managed = (pid_t)unpack_number(&unpack);
	fresh.name = unpack_string(&unpack);
	fresh.successor = unpack_number(&unpack) != 0;
	fresh.program = unpack_string(&unpack);
	fresh.pid_fd = (int)unpack_number(&unpack);
	fresh.manager = unpack_string(&unpack);
	fresh.manager_fd = (int)unpack_number(&unpack);
	if (format >= 2)
		fresh.credential.keep_groups = unpack_number(&unpack) != 0;
	unpack_end(&fresh, format, &unpack);
	if (unpack.error < 0) {
		/* The descriptors are not ours before all of it was understood. */
		settings_disown(&fresh);
		descriptors_forget(&fresh.descriptors);
		settings_clear(&fresh);
		return unpack.error;
	}
	/* What both copies of the program called by the same number is the same. */
	if (settings->ready_fd == fresh.ready_fd)
		settings->ready_fd = -1;
	settings_clear(settings);
	*settings = fresh;
	return 0;
}
