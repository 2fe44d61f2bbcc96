/* SPDX-License-Identifier: MIT */
/*
 * Values as bytes.  Both ends are the same program on the same machine, but
 * the bytes come from another process: every length is checked.
 * Thread-safe on different objects.
 */
#include "base/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>


static void discard_contents(struct archive *archive)
{
	if (archive->bytes != NULL)
		explicit_bzero(archive->bytes, archive->length);
	free(archive->bytes);
}

unsigned char *archive_room(struct archive *archive, size_t length)
{
	if (archive->error < 0)
		return NULL;
	if (archive->size - archive->length < length) {
		size_t size = archive->length + length < 256 ? 256 : 2 * (archive->length + length);
		unsigned char *larger = malloc(size);

		if (larger == NULL) {
			archive->error = -ENOMEM;
			return NULL;
		}
		/* realloc(3) would leave the bytes, secrets among them, where they were. */
		if (archive->length > 0)
			memcpy(larger, archive->bytes, archive->length);
		discard_contents(archive);
		archive->bytes = larger;
		archive->size = size;
	}
	return archive->bytes + archive->length;
}

void archive_put_bytes(struct archive *archive, const void *bytes, size_t length)
{
	unsigned char *room = length > 0 ? archive_room(archive, length) : NULL;

	if (room == NULL)
		return;
	memcpy(room, bytes, length);
	archive->length += length;
}

void archive_put_number(struct archive *archive, int64_t number)
{
	archive_put_bytes(archive, &number, sizeof number);
}

void archive_put_string(struct archive *archive, const char *string)
{
	if (string == NULL) {
		archive_put_number(archive, -1);
		return;
	}
	archive_put_number(archive, (int64_t)strlen(string));
	archive_put_bytes(archive, string, strlen(string));
}

void archive_free(struct archive *archive)
{
	discard_contents(archive);
	*archive = (struct archive){ 0 };
}

void archive_get_bytes(struct archive_reader *reader, void *bytes, size_t length)
{
	if (reader->error == 0 && reader->left < length)
		reader->error = -EBADMSG;
	if (reader->error < 0 || length == 0)
		return;
	memcpy(bytes, reader->next, length);
	reader->next += length;
	reader->left -= length;
}

int64_t archive_get_number(struct archive_reader *reader)
{
	int64_t number = 0;

	archive_get_bytes(reader, &number, sizeof number);
	return number;
}

char *archive_get_string(struct archive_reader *reader)
{
	int64_t length = archive_get_number(reader);
	char *string;

	if (reader->error < 0 || length == -1)
		return NULL;
	if (length < 0 || (uint64_t)length > reader->left) {
		reader->error = -EBADMSG;
		return NULL;
	}
	string = malloc((size_t)length + 1);
	if (string == NULL) {
		reader->error = -ENOMEM;
		return NULL;
	}
	archive_get_bytes(reader, string, (size_t)length);
	string[length] = '\0';
	return string;
}
