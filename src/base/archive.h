/* SPDX-License-Identifier: MIT */
/* Values as bytes, for a second copy of the same program. */
#ifndef BASE_ARCHIVE_H
#define BASE_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes that grow; begin with all zero, end with archive_free().  A failure for
 * want of memory is kept: check error once, at the end.
 */
struct archive {
	unsigned char *bytes;
	size_t length;
	size_t size;
	int error;
};

/*
 * Room for so many more bytes, to be written by the caller, who adds those that came to the
 * length; or NULL.
 */
unsigned char *archive_room(struct archive *archive, size_t length);
void archive_put_bytes(struct archive *archive, const void *bytes, size_t length);
void archive_put_number(struct archive *archive, int64_t number);
/* A string, or NULL. */
void archive_put_string(struct archive *archive, const char *string);
void archive_free(struct archive *archive);

/* Reading the same again: error becomes -EBADMSG when the bytes do not fit. */
struct archive_reader {
	const unsigned char *next;
	size_t left;
	int error;
};

int64_t archive_get_number(struct archive_reader *reader);
void archive_get_bytes(struct archive_reader *reader, void *bytes, size_t length);
/* A copy to be freed by the caller, or NULL where NULL was packed. */
char *archive_get_string(struct archive_reader *reader);

#endif /* BASE_ARCHIVE_H */
