/* SPDX-License-Identifier: MIT */
/* Values as bytes, for a second copy of the same program. */
#ifndef BASE_ARCHIVE_H
#define BASE_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes that grow; begin with all zero, end with pack_free().  A failure for
 * want of memory is kept: check error once, at the end.
 */
struct pack {
	unsigned char *bytes;
	size_t length;
	size_t size;
	int error;
};

/*
 * Room for so many more bytes, to be written by the caller, who adds those that came to the
 * length; or NULL.
 */
unsigned char *pack_room(struct pack *pack, size_t length);
void pack_bytes(struct pack *pack, const void *bytes, size_t length);
void pack_number(struct pack *pack, int64_t number);
/* A string, or NULL. */
void pack_string(struct pack *pack, const char *string);
void pack_free(struct pack *pack);

/* Reading the same again: error becomes -EBADMSG when the bytes do not fit. */
struct unpack {
	const unsigned char *next;
	size_t left;
	int error;
};

int64_t unpack_number(struct unpack *unpack);
void unpack_bytes(struct unpack *unpack, void *bytes, size_t length);
/* A copy to be freed by the caller, or NULL where NULL was packed. */
char *unpack_string(struct unpack *unpack);

#endif /* BASE_ARCHIVE_H */
