/* SPDX-License-Identifier: MIT */
/*
 * Output for users.  It goes through stdio, so that it stays in order with the program's
 * own output, and is flushed, so that a child forked later does not write it again.
 * Not thread-safe on one object.
 */
#include "control/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compat/window.h"

#define TEXT_MAX 5000
#define USUAL_WIDTH 80

void terminal_begin(struct terminal *terminal, const char *name)
{
	const char *kind = getenv("TERM");

	*terminal = (struct terminal){ .name = name };
	terminal->live = isatty(STDOUT_FILENO) == 1 && kind != NULL && *kind != '\0' &&
			 strcmp(kind, "dumb") != 0;
}

/* Texts come from other processes: replace control characters. */
static void replace_controls(char *text)
{
	for (unsigned char *byte = (unsigned char *)text; *byte != '\0'; byte++) {
		if (*byte < ' ' || *byte == 0x7F)
			*byte = '?';
		else if (byte[0] == 0xC2 && byte[1] >= 0x80 && byte[1] < 0xA0)
			byte[0] = byte[1] = '?';
	}
}

static size_t terminal_width(void)
{
	size_t width = compat_terminal_width(STDOUT_FILENO);

	return width > 0 ? width : USUAL_WIDTH;
}

/*
 * Truncate to this many columns, at a boundary of UTF-8 characters.  The width of a
 * character depends on the locale, which is not used: characters beyond the first few
 * alphabets count as two columns.
 */
static void cut_text(char *text, size_t columns)
{
	size_t used = 0;

	for (unsigned char *byte = (unsigned char *)text; *byte != '\0'; byte++) {
		if ((*byte & 0xC0) == 0x80)
			continue;
		used += *byte >= 0xE0 ? 2 : 1;
		if (used > columns) {
			*byte = '\0';
			return;
		}
	}
}

/*
 * After a failed write there may be nothing left to flush: check the stream's error flag
 * too.  Earlier failures of the program's own output count as well.
 */
void terminal_flush(struct terminal *terminal, FILE *file)
{
	if ((fflush(file) != 0 || ferror(file) != 0) && terminal->error == 0)
		terminal->error = errno != 0 ? -errno : -EIO;
}

int terminal_error(const struct terminal *terminal)
{
	return terminal->error;
}

void terminal_clear(struct terminal *terminal)
{
	if (terminal->shown) {
		errno = 0;
		fputs("\r\033[K", stdout);
		terminal_flush(terminal, stdout);
	}
	terminal->shown = false;
}

/*
 * The buffer has room for one more byte.  fprintf(3) would need 8 KiB of the stack for an
 * unbuffered stream.
 */
static void write_line(struct terminal *terminal, FILE *file, char *line)
{
	replace_controls(line);
	strcat(line, "\n");
	terminal_clear(terminal);
	errno = 0;
	fputs(line, file);
	terminal_flush(terminal, file);
}

void terminal_progress(struct terminal *terminal, const char *doing, const char *text)
{
	char line[TEXT_MAX + 1];

	if (!terminal->live) {
		if (text == NULL)
			return;
		snprintf(line, TEXT_MAX, "%s: %s", terminal->name, text);
		write_line(terminal, stdout, line);
		return;
	}
	if (text != NULL)
		snprintf(line, TEXT_MAX, "%s: %s: %s", terminal->name, doing, text);
	else
		snprintf(line, TEXT_MAX, "%s: %s", terminal->name, doing);
	replace_controls(line);
	/* Writing to the last column starts a new line on some terminals. */
	cut_text(line, terminal_width() - 1);
	errno = 0;
	fputs("\r\033[K", stdout);
	fputs(line, stdout);
	terminal_flush(terminal, stdout);
	terminal->shown = true;
}

__attribute__((__format__(__printf__, 3, 0))) static void print_line(struct terminal *terminal,
								     FILE *file, const char *format,
								     va_list arguments)
{
	char line[TEXT_MAX + 1];
	size_t used;

	snprintf(line, TEXT_MAX, "%s: ", terminal->name);
	used = strlen(line);
	vsnprintf(line + used, TEXT_MAX - used, format, arguments);
	write_line(terminal, file, line);
}

void terminal_print(struct terminal *terminal, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_line(terminal, stdout, format, arguments);
	va_end(arguments);
}

void terminal_print_error(struct terminal *terminal, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_line(terminal, stderr, format, arguments);
	va_end(arguments);
}
