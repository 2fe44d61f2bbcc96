/* SPDX-License-Identifier: MIT */
/* Bytes of which no copy may be left behind. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

/* As memcpy(3), and as memset(3) with 0, of which nothing is left out. */
void secret_copy(void *to, const void *from, size_t length);
void secret_wipe(void *bytes, size_t length);

#endif /* BASE_SECRET_H */
