/* SPDX-License-Identifier: MIT */
/* Values as bytes, for a second copy of the same program. */
#ifndef BASE_ARCHIVE_H
#define BASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes that grow, or that are read: what is in them is described once, by a function that
 * passes each value through the ones below.  To write, begin with all zero and end with
 * archive_free(); to read, with .reading, .next and .left.  A failure is kept: check error
 * once, at the end.
 */
struct archive {
	bool reading;
	unsigned char *bytes;
	size_t length;
	size_t size;
	const unsigned char *next;
	size_t left;
	int error; /* -ENOMEM; -EBADMSG: the bytes that are read do not fit */
};

/*
 * Room for so many more bytes, to be written by the caller, who adds those that came to the
 * length; or NULL.
 */
unsigned char *archive_room(struct archive *archive, size_t length);

/* Write these bytes, or read them into there. */
void archive_bytes(struct archive *archive, void *bytes, size_t length);

/* Write the number and return it, or return the one that is read. */
int64_t archive_number(struct archive *archive, int64_t number);

/* The same for a field of any integer type. */
#define ARCHIVE_NUMBER(archive, field) \
	((field) = (__typeof__(field))archive_number(archive, (int64_t)(field)))

/* The same for the length of a list; one that the bytes which are left cannot hold is 0. */
size_t archive_count(struct archive *archive, size_t count);

/* The same for a string or NULL; one that is read is a copy to be freed by the caller. */
char *archive_string(struct archive *archive, char *string);

/* Memory as it is, or for what is read: new, to be freed by the caller; or NULL. */
void *archive_memory(struct archive *archive, void *memory, size_t size);

void archive_free(struct archive *archive);

#endif /* BASE_ARCHIVE_H */
