/* SPDX-License-Identifier: MIT */
/*
 * The daemon's standard streams and its log.
 * Not thread-safe: the streams belong to the whole process.
 */
#include "context/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "base/path.h"
#include "compat/close-range.h"
#include "compat/socket.h"
#include "context/logfile.h"

/* Is standard error connected to the journal?  systemd identifies the stream it passed. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat status;

	/* NOLINTNEXTLINE(cert-err34-c): a number that is too large is not that of the file. */
	return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == (dev_t)device &&
	       status.st_ino == (ino_t)inode;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* The future standard error, and standard output unless it has a file of its own. */
static int open_log(const struct settings *settings)
{
	int fd = settings->start.fds[START_FD_LOG];

	if (fd < 0)
		return logfile_open("log file", settings->log_file, settings->log_mode);
	fd = fd_duplicate(fd);
	return fd < 0 ? error_system(fd, "log descriptor") : fd;
}

void streams_close(struct streams *streams)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		streams->fds[fd] = fd_close(streams->fds[fd]);
}

static int open_all(const struct settings *settings, struct streams *streams)
{
	int *fds = streams->fds;
	int null = fd_open("/dev/null", O_RDWR, 0);

	null = null < 0 ? null : fd_above_standard(null);
	if (null < 0)
		return error_system(null, "/dev/null");
	fds[STDIN_FILENO] = null;
	if (!streams->journal && settings->log != SETTINGS_LOG_NONE) {
		fds[STDERR_FILENO] = open_log(settings);
		if (fds[STDERR_FILENO] < 0)
			return fds[STDERR_FILENO];
	}
	if (!streams->journal && settings->output_file != NULL) {
		fds[STDOUT_FILENO] = logfile_open("output file", settings->output_file,
						  settings->output_mode);
		if (fds[STDOUT_FILENO] < 0)
			return fds[STDOUT_FILENO];
	}
	return 0;
}

int streams_open(const struct settings *settings, bool foreground, struct streams *streams)
{
	int result;

	*streams = (struct streams){ .fds = { -1, -1, -1 }, .journal = foreground && is_journal() };
	streams->early = settings->start.fds[START_FD_OUTPUT];
	result = open_all(settings, streams);
	if (result < 0)
		streams_close(streams);
	return result;
}

int streams_set(bool foreground, struct streams *streams)
{
	const int *fds = streams->fds;
	int result = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && result == 0; fd++) {
		int output = fd == STDOUT_FILENO && fds[fd] >= 0 ? fds[fd] : fds[STDERR_FILENO];

		if (fd == STDIN_FILENO)
			output = -1;
		if (foreground && output < 0 && is_open(fd))
			continue;
		result = fd_replace(output >= 0 ? output : fds[STDIN_FILENO], fd);
	}
	streams_close(streams);
	if (result < 0)
		return error_system(result, "standard streams");
	return streams->early >= 0 ? streams_begin_early(streams->early) : 0;
}

/* Standard error before the daemon is ready. */
static struct {
	struct stat socket;
	int later; /* what it will be, or -1: it is that already */
} early = { .later = -1 };

static void end_early_in_child(void)
{
	streams_end_early();
}

int streams_begin_early(int socket)
{
	static bool prepared;
	int result = 0, later = fd_duplicate(STDERR_FILENO);

	if (later < 0 || fstat(socket, &early.socket) < 0)
		result = later < 0 ? later : -errno;
	if (result == 0 && !prepared)
		result = -pthread_atfork(NULL, NULL, end_early_in_child);
	if (result == 0) {
		prepared = true;
		result = fd_replace(socket, STDERR_FILENO);
	}
	if (result < 0) {
		fd_close(later);
		return error_system(result, "standard error");
	}
	early.later = later;
	return 0;
}

/* Replace the socket where it is open: as standard error, or as a copy of that. */
static int replace_early(int fd, void *data)
{
	struct stat now;
	int flags;

	(void)data;
	if (fstat(fd, &now) < 0 || !fd_same_file(&now, &early.socket))
		return 0;
	flags = fcntl(fd, F_GETFD);
	if (fd_replace(early.later, fd) == 0 && (flags & FD_CLOEXEC) != 0)
		fd_set_cloexec(fd, true);
	return 0;
}

bool streams_end_early(void)
{
	bool printed;

	if (early.later < 0)
		return false;
	printed = compat_unread(STDERR_FILENO) != 0;
	replace_early(STDERR_FILENO, NULL);
	compat_each_fd(replace_early, NULL);
	early.later = fd_close(early.later);
	return printed;
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

/* After chroot(2) the path is looked up inside the new root. */
static int reopen_file(const struct settings *settings, const char *what, const char *path,
		       mode_t mode)
{
	const char *inside = path_inside(settings->chroot, path);

	return logfile_open(what, inside != NULL ? inside : path, mode);
}

int streams_reopen(const struct settings *settings)
{
	int log = -1, output = -1, result = 0;

	if (settings->log == SETTINGS_LOG_FILE) {
		log = reopen_file(settings, "log file", settings->log_file, settings->log_mode);
		if (log < 0)
			return log;
	}
	if (settings->output_file != NULL) {
		output = reopen_file(settings, "output file", settings->output_file,
				     settings->output_mode);
		if (output < 0) {
			fd_close(log);
			return output;
		}
	}
	if (log >= 0)
		result = fd_replace(log, STDERR_FILENO);
	if (result == 0 && (output >= 0 || log >= 0))
		result = fd_replace(output >= 0 ? output : log, STDOUT_FILENO);
	fd_close(log);
	fd_close(output);
	return result < 0 ? error_system(result, "standard streams") : 0;
}
