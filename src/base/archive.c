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

#include "base/secret.h"

static void discard(struct pack *pack)
{
	if (pack->bytes != NULL)
		secret_wipe(pack->bytes, pack->length);
	free(pack->bytes);
}

unsigned char *pack_room(struct pack *pack, size_t length)
{
	if (pack->error < 0)
		return NULL;
	if (pack->size - pack->length < length) {
		size_t size = pack->length + length < 256 ? 256 : 2 * (pack->length + length);
		unsigned char *larger = malloc(size);

		if (larger == NULL) {
			pack->error = -ENOMEM;
			return NULL;
		}
		/* realloc(3) would leave the bytes, secrets among them, where they were. */
		if (pack->length > 0)
			secret_copy(larger, pack->bytes, pack->length);
		discard(pack);
		pack->bytes = larger;
		pack->size = size;
	}
	return pack->bytes + pack->length;
}

void pack_bytes(struct pack *pack, const void *bytes, size_t length)
{
	unsigned char *room = length > 0 ? pack_room(pack, length) : NULL;

	if (room == NULL)
		return;
	secret_copy(room, bytes, length);
	pack->length += length;
}

void pack_number(struct pack *pack, int64_t number)
{
	pack_bytes(pack, &number, sizeof number);
}

void pack_string(struct pack *pack, const char *string)
{
	if (string == NULL) {
		pack_number(pack, -1);
		return;
	}
	pack_number(pack, (int64_t)strlen(string));
	pack_bytes(pack, string, strlen(string));
}

void pack_free(struct pack *pack)
{
	discard(pack);
	*pack = (struct pack){ 0 };
}

void unpack_bytes(struct unpack *unpack, void *bytes, size_t length)
{
	if (unpack->error == 0 && unpack->left < length)
		unpack->error = -EBADMSG;
	if (unpack->error < 0 || length == 0)
		return;
	secret_copy(bytes, unpack->next, length);
	unpack->next += length;
	unpack->left -= length;
}

int64_t unpack_number(struct unpack *unpack)
{
	int64_t number = 0;

	unpack_bytes(unpack, &number, sizeof number);
	return number;
}

char *unpack_string(struct unpack *unpack)
{
	int64_t length = unpack_number(unpack);
	char *string;

	if (unpack->error < 0 || length == -1)
		return NULL;
	if (length < 0 || (uint64_t)length > unpack->left) {
		unpack->error = -EBADMSG;
		return NULL;
	}
	string = malloc((size_t)length + 1);
	if (string == NULL) {
		unpack->error = -ENOMEM;
		return NULL;
	}
	unpack_bytes(unpack, string, (size_t)length);
	string[length] = '\0';
	return string;
}
