/* SPDX-License-Identifier: MIT */
/*
 * Set the daemon's limits, root directory, working directory and user.
 * Not thread-safe: they belong to the whole process.
 */
#include "context/confine.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error-internal.h"
#include "compat/close-range.h"
#include "compat/privileged.h"
#include "process/credentials.h"

static int find_directory(int fd, void *data)
{
	struct stat status;

	(void)data;
	if (fstat(fd, &status) < 0 || !S_ISDIR(status.st_mode))
		return 0;
	/* A descriptor, but not 0, which would mean "continue". */
	return fd + 1;
}

static int refuse_open_directories(const char *path)
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
	int result = compat_chroot(path);

	if (result < 0)
		return error_system(result, "chroot %s", path);
	if (chdir("/") < 0)
		return error_system(-errno, "chdir / inside %s", path);
	return 0;
}

/* Proving the loss of privileges comes last: no later step may restore any. */
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

static int enter_work_dir(const struct settings *settings, bool foreground)
{
	const char *directory = settings->work_dir, *root = settings->chroot;

	if (directory == NULL && foreground && root == NULL)
		return 0;
	if (directory == NULL)
		directory = "/";
	if (chdir(directory) < 0)
		return error_system(-errno, "working directory %s%s%s", directory,
				    root != NULL ? " inside " : "", root != NULL ? root : "");
	return 0;
}

int confine_daemon(const struct settings *settings, bool foreground)
{
	int result = 0;

	/* First, because a lower limit can hide descriptors above it. */
	if (settings->chroot != NULL)
		result = refuse_open_directories(settings->chroot);
	if (result == 0)
		result = privileges_apply_first(&settings->privileges);
	if (result == 0 && settings->chroot != NULL)
		result = enter_root(settings->chroot);
	if (result == 0)
		result = enter_work_dir(settings, foreground);
	if (result < 0)
		return result;
	result = become_user(settings);
	if (result < 0)
		privileges_undo(&settings->privileges);
	return result;
}
