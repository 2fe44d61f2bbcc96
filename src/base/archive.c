/* SPDX-License-Identifier: MIT */
/*
 * Serialize values to bytes and read them back.  Both ends run the same program on the
 * same machine, but the bytes come from another process: every length is checked.
 * Thread-safe on different objects.
 */
#include "base/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static void discard_contents(struct archive *archive)
{
	if (archive->bytes != NULL)
		secret_wipe(archive->bytes, archive->length);
	free(archive->bytes);
}

unsigned char *archive_reserve(struct archive *archive, size_t length)
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
		/*
		 * realloc(3) would leave a copy of the bytes, which may be secret, in the
		 * old memory.
		 */
		if (archive->length > 0)
			secret_copy(larger, archive->bytes, archive->length);
		discard_contents(archive);
		archive->bytes = larger;
		archive->size = size;
	}
	return archive->bytes + archive->length;
}

static void write_bytes(struct archive *archive, const void *bytes, size_t length)
{
	unsigned char *end = archive_reserve(archive, length);

	if (end == NULL)
		return;
	secret_copy(end, bytes, length);
	archive->length += length;
}

static void read_bytes(struct archive *archive, void *bytes, size_t length)
{
	if (archive->error == 0 && archive->left < length)
		archive->error = -EBADMSG;
	if (archive->error < 0)
		return;
	secret_copy(bytes, archive->next, length);
	archive->next += length;
	archive->left -= length;
}

void archive_bytes(struct archive *archive, void *bytes, size_t length)
{
	if (length == 0)
		return;
	if (archive->reading)
		read_bytes(archive, bytes, length);
	else
		write_bytes(archive, bytes, length);
}

int64_t archive_number(struct archive *archive, int64_t number)
{
	if (archive->reading)
		number = 0;
	archive_bytes(archive, &number, sizeof number);
	return number;
}

/* Check that a length just read, of elements of this size, fits into the remaining bytes. */
static size_t check_length(struct archive *archive, int64_t length, size_t size)
{
	if (archive->error == 0 && archive->reading &&
	    (length < 0 || (uint64_t)length > archive->left / size))
		archive->error = -EBADMSG;
	return archive->error < 0 ? 0 : (size_t)length;
}

size_t archive_count(struct archive *archive, size_t count)
{
	return check_length(archive, archive_number(archive, (int64_t)count), sizeof(int64_t));
}

char *archive_string(struct archive *archive, char *string)
{
	int64_t length = archive_number(archive, string != NULL ? (int64_t)strlen(string) : -1);
	size_t size;

	if (archive->error < 0 || length == -1)
		return archive->reading ? NULL : string;
	size = check_length(archive, length, 1);
	if (archive->reading)
		string = archive_memory(archive, NULL, size + 1);
	if (string != NULL)
		archive_bytes(archive, string, size);
	return string;
}

void *archive_memory(struct archive *archive, void *memory, size_t size)
{
	if (!archive->reading || archive->error < 0 || size == 0)
		return memory;
	memory = calloc(1, size);
	if (memory == NULL)
		archive->error = -ENOMEM;
	return memory;
}

void archive_free(struct archive *archive)
{
	discard_contents(archive);
	*archive = (struct archive){ 0 };
}
