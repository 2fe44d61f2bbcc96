/* SPDX-License-Identifier: MIT */
/* Serialized values, for a second copy of the same program. */
#ifndef BASE_ARCHIVE_H
#define BASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A growing buffer to write to, or a buffer to read from.  The contents are
 * described once, by a function that passes each value through the functions
 * below.  To write, begin with all zero and end with archive_free(); to read,
 * set .reading, .next and .left.  The first error is kept: check error once, at
 * the end.
 */
struct archive {
	bool reading;
	unsigned char *bytes;
	size_t length;
	size_t size;
	const unsigned char *next;
	size_t left;
	int error; /* -ENOMEM; -EBADMSG: the bytes read are malformed */
};

/*
 * Reserve space for this many more bytes.  The caller writes them and adds the
 * number written to the length.  NULL on failure.
 */
unsigned char *archive_reserve(struct archive *archive, size_t length);

/* Write these bytes, or read that many into them. */
void archive_bytes(struct archive *archive, void *bytes, size_t length);

/* Write the number and return it, or return the number read. */
int64_t archive_number(struct archive *archive, int64_t number);

/* Like archive_number(), for a field of any integer type. */
#define ARCHIVE_NUMBER(archive, field) \
	((field) = (__typeof__(field))archive_number(archive, (int64_t)(field)))

/* Like archive_number(), for a list's length; 0 if the remaining bytes cannot hold the list. */
size_t archive_count(struct archive *archive, size_t count);

/* Write or read a string or NULL; a string read is a copy that the caller frees. */
char *archive_string(struct archive *archive, char *string);

/* Write memory unchanged, or read it into new memory that the caller frees; or NULL. */
void *archive_memory(struct archive *archive, void *memory, size_t size);

void archive_free(struct archive *archive);

#endif /* BASE_ARCHIVE_H */
