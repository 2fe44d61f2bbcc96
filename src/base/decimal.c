/* SPDX-License-Identifier: MIT */
/*
 * Conversion between numbers and text.
 * Thread-safe; all but decimal_parse_variable() are async-signal-safe.
 */
#include "base/decimal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

size_t decimal_format(char text[static DECIMAL_MAX], uint64_t number)
{
	char reversed[DECIMAL_MAX];
	size_t length = 0;

	do {
		reversed[length++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < length; i++)
		text[i] = reversed[length - 1 - i];
	text[length] = '\0';
	return length;
}

int decimal_parse(const char *text, size_t length, uint64_t limit, uint64_t *number)
{
	uint64_t value = 0;

	if (length == 0)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned char)text[i] - '0';

		if (digit > 9 || value > limit / 10 || digit > limit - value * 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*number = value;
	return 0;
}

int decimal_parse_variable(const char *text, uint64_t limit, uint64_t *number)
{
	unsigned long long value;
	int base = 0;
	char *end;

	text += strspn(text, " \t\n\r");
	if (text[0] == '0' && (text[1] == 'b' || text[1] == 'B'))
		base = 2;
	else if (text[0] == '0' && (text[1] == 'o' || text[1] == 'O'))
		base = 8;
	if (base != 0)
		text += 2;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno != 0 || end == text || *end != '\0' || value > limit)
		return -EINVAL;
	/* strtoull(3) negates modulo 2^64. */
	if (value != 0 && text[0] == '-')
		return -EINVAL;
	*number = value;
	return 0;
}

int decimal_parse_pid(const char *text, size_t length, pid_t *pid)
{
	uint64_t value;

	if (length == 0)
		return -ENODATA;
	if (text[length - 1] == '\n')
		length--;
	if (decimal_parse(text, length, INT_MAX, &value) < 0 || value == 0)
		return -EBADMSG;
	*pid = (pid_t)value;
	return 0;
}
