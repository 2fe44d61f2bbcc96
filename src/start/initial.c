/* SPDX-License-Identifier: MIT */
/*
 * How this process began.
 *
 * The launcher may change its working directory, and read standard input, before it starts
 * the second copy; the second copy's main() does the same again.
 * Recorded once, before there are threads; thread-safe from then on, except that standard
 * input has one position for the whole process.
 */
#include "start/initial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/openat.h"
#include "compat/stdin.h"

static char path[PATH_MAX]; /* of the working directory; empty: unknown */
static struct stat directory;
static struct stat input;
static off_t input_position = -1; /* unless it is a file */
static off_t left_position = -1;  /* while a second copy may read it again */

void initial_record(void)
{
	if (getcwd(path, sizeof path) == NULL || path[0] != '/' || stat(".", &directory) < 0)
		path[0] = '\0';
	if (fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode))
		input_position = lseek(STDIN_FILENO, 0, SEEK_CUR);
}

/* The path is not known of a removed directory, nor the file without search permission. */
static bool is_unchanged(void)
{
	char now[PATH_MAX];
	struct stat st;

	return (getcwd(now, sizeof now) != NULL && strcmp(now, path) == 0) ||
	       (stat(".", &st) == 0 && fd_same_file(&st, &directory));
}

int initial_open_directory(int *fd)
{
	struct stat now;
	int result;

	*fd = -1;
	if (path[0] == '\0' || is_unchanged())
		return 0;
	result = compat_open_directory(path);
	result = result < 0 ? result : fd_above_standard(result);
	if (result >= 0 && (fstat(result, &now) < 0 || !fd_same_file(&now, &directory))) {
		fd_close(result);
		result = -ESTALE;
	}
	/* Opening it needs no permission to enter it. */
	if (result >= 0 && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) {
		int error = -errno;

		fd_close(result);
		result = error;
	}
	if (result < 0)
		return error_system(result, "working directory %s, in which this program began",
				    path);
	*fd = result;
	return 0;
}

int initial_rewind_input(bool passes)
{
	struct stat now;

	if (fstat(STDIN_FILENO, &now) < 0 || !fd_same_file(&now, &input))
		return 0;
	if (input_position >= 0) {
		left_position = lseek(STDIN_FILENO, 0, SEEK_CUR);
		if (left_position == input_position)
			left_position = -1;
		else if (lseek(STDIN_FILENO, input_position, SEEK_SET) < 0)
			return error_system(-errno, "standard input");
		return 0;
	}
	if ((S_ISFIFO(now.st_mode) || S_ISSOCK(now.st_mode)) && !passes && compat_stdin_was_read())
		return error_set(-ESPIPE,
				 "standard input: this program has read it, and the second copy "
				 "cannot: redirect it from a file, pass what was read with "
				 "daemonkit_context_set_payload, or use mode fork");
	return 0;
}

void initial_restore_input(void)
{
	if (left_position >= 0)
		lseek(STDIN_FILENO, left_position, SEEK_SET);
	left_position = -1;
}
