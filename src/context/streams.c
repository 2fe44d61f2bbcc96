/* SPDX-License-Identifier: MIT */
/*
 * The daemon's standard streams and its log.
 * Not thread-safe: the streams belong to the whole process.
 */
#include "context/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "base/path.h"
#include "context/logfile.h"

/* Is standard error connected to the journal?  systemd identifies the stream it passed. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat status;

	return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == (dev_t)device &&
	       status.st_ino == (ino_t)inode;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int open_output(const struct settings *settings, bool foreground, bool journal)
{
	int fd;

	if (foreground && (settings->log == SETTINGS_LOG_NONE || journal))
		return -1;
	switch (settings->log) {
	case SETTINGS_LOG_FILE:
		return logfile_open(settings->log_file, settings->log_mode);
	case SETTINGS_LOG_FD:
		fd = fd_duplicate(settings->start.fds[START_FD_LOG]);
		return fd < 0 ? error_system(fd, "log descriptor") : fd;
	default:
		return -1;
	}
}

int streams_open(const struct settings *settings, bool foreground, struct streams *streams)
{
	int null, output;

	null = fd_open("/dev/null", O_RDWR, 0);
	null = null < 0 ? null : fd_above_standard(null);
	if (null < 0)
		return error_system(null, "/dev/null");
	streams->journal = foreground && is_journal();
	output = open_output(settings, foreground, streams->journal);
	if (output < -1) {
		fd_close(null);
		return output;
	}
	streams->input = null;
	streams->output = output;
	return 0;
}

int streams_set(bool foreground, struct streams *streams)
{
	int result = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && result == 0; fd++) {
		bool output = fd != STDIN_FILENO && streams->output >= 0;

		if (foreground && !output && is_open(fd))
			continue;
		result = fd_replace(output ? streams->output : streams->input, fd);
	}
	streams->input = fd_close(streams->input);
	streams->output = fd_close(streams->output);
	return result < 0 ? error_system(result, "standard streams") : 0;
}

void streams_discard(void)
{
	int fd, ends[2];

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	/*
	 * open and pipe return the lowest free numbers.  Writing to a full pipe fails and
	 * does not block.
	 */
	fd = open("/dev/null", O_RDWR);
	if (fd < 0 && pipe(ends) == 0) {
		fd_set_nonblocking(ends[0], true);
		fd_set_nonblocking(ends[1], true);
		fd = ends[1];
	}
	for (int stream = fd + 1; fd >= 0 && stream <= STDERR_FILENO; stream++)
		fd_replace(fd, stream);
}

int streams_reopen_log(const struct settings *settings)
{
	const char *path;
	int fd, result = 0;

	if (settings->log != SETTINGS_LOG_FILE)
		return 0;
	path = path_inside(settings->chroot, settings->log_file);
	fd = logfile_open(path != NULL ? path : settings->log_file, settings->log_mode);
	if (fd < 0)
		return fd;
	for (int stream = STDOUT_FILENO; stream <= STDERR_FILENO && result == 0; stream++)
		result = fd_replace(fd, stream);
	fd_close(fd);
	return result < 0 ? error_system(result, "log file %s", settings->log_file) : 0;
}
