/* SPDX-License-Identifier: MIT */
/*
 * What the daemon does to itself.
 * Not thread-safe: streams, umask, root, directory and user belong to the
 * whole process.
 */
#include "context/room.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "base/fd.h"
#include "base/path.h"
#include "compat/close-range.h"
#include "context/logfile.h"
#include "process/credentials.h"

/* Does standard error lead to the journal?  systemd says what it gave us. */
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
	const char *name = "log descriptor";
	int fd;

	if (foreground && (settings->log == SETTINGS_LOG_NONE || journal))
		return -1;
	switch (settings->log) {
	case SETTINGS_LOG_FILE:
		return logfile_open(settings->log_file, settings->log_mode);
	case SETTINGS_LOG_FD:
		fd = settings->log_fd;
		break;
	case SETTINGS_LOG_STDOUT:
		fd = STDOUT_FILENO;
		name = "log /dev/stdout";
		break;
	case SETTINGS_LOG_STDERR:
		fd = STDERR_FILENO;
		name = "log /dev/stderr";
		break;
	default:
		return -1;
	}
	fd = fd_duplicate(fd);
	return fd < 0 ? error_system(fd, "%s", name) : fd;
}

int room_open_streams(const struct settings *settings, bool foreground,
		      struct room_streams *streams)
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

int room_set_streams(bool foreground, struct room_streams *streams)
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

void room_silence(void)
{
	int fd, ends[2];

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	/* Either takes the lowest numbers.  A full pipe refuses what is written, and blocks nobody. */
	fd = open("/dev/null", O_RDWR);
	if (fd < 0 && pipe(ends) == 0) {
		fd_set_nonblocking(ends[0], true);
		fd_set_nonblocking(ends[1], true);
		fd = ends[1];
	}
	for (int stream = fd + 1; fd >= 0 && stream <= STDERR_FILENO; stream++)
		fd_replace(fd, stream);
}

static int find_directory(int fd, void *data)
{
	struct stat status;

	(void)data;
	if (fstat(fd, &status) < 0 || !S_ISDIR(status.st_mode))
		return 0;
	/* A descriptor and not 0, which would mean "go on". */
	return fd + 1;
}

static int look_for_directories(const char *path)
{
	int found = compat_each_fd(find_directory, NULL);

	if (found > 0)
		return error_set(
			-EPERM,
			"chroot %s: descriptor %d is a directory, a way out of it: close it", path,
			found - 1);
	return found < 0 ? error_system(found, "chroot %s: open descriptors", path) : 0;
}

static int enter_root(const char *path)
{
	if (chroot(path) < 0)
		return error_system(-errno, "chroot %s", path);
	if (chdir("/") < 0)
		return error_system(-errno, "chdir / inside %s", path);
	return 0;
}

/* The proof is the last step: nothing that is allowed here may come after it. */
static int become_user(const struct settings *settings)
{
	bool keep = settings->privileges.has_capabilities;
	gid_t gid_before = getegid();
	int result = privileges_before_user(&settings->privileges);

	if (result == 0 && settings->has_credential)
		result = credential_become(&settings->credential, keep);
	if (result == 0)
		result = privileges_after_user(&settings->privileges);
	if (result == 0 && settings->has_credential)
		result = credential_prove(&settings->credential, gid_before, keep);
	return result;
}

int room_confine(const struct settings *settings)
{
	const char *directory = settings->work_dir != NULL ? settings->work_dir : "/";
	int result = 0;

	if (settings->has_umask)
		umask(settings->umask);
	/* Before a limit can hide descriptors that are above it. */
	if (settings->chroot != NULL)
		result = look_for_directories(settings->chroot);
	if (result == 0)
		result = privileges_apply_first(&settings->privileges);
	if (result == 0 && settings->chroot != NULL)
		result = enter_root(settings->chroot);
	if (result < 0)
		return result;
	if (chdir(directory) < 0)
		return error_system(-errno, "working directory %s%s%s", directory,
				    settings->chroot != NULL ? " inside " : "",
				    settings->chroot != NULL ? settings->chroot : "");
	result = become_user(settings);
	if (result < 0)
		privileges_undo(&settings->privileges);
	return result;
}

int room_reopen_log(const struct settings *settings)
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
