/* SPDX-License-Identifier: MIT */
/*
 * Directories in which tests run: every user can execute programs there.
 * Not thread-safe.
 */
#include "harness/harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Can every user execute it? */
static bool is_public(const char *path)
{
	char real[PATH_MAX];
	struct stat status;

	if (!realpath(path, real))
		return false;
	while (real[0] != '\0') {
		if (stat(real, &status) < 0 || !(status.st_mode & S_IXOTH))
			return false;
		*strrchr(real, '/') = '\0';
	}
	return true;
}

/* Is it mounted with neither noexec nor nosuid? Some systems mount /tmp so. */
static bool executes_programs(const char *path)
{
	struct statvfs status;

	return access(path, W_OK | X_OK) == 0 && statvfs(path, &status) == 0 &&
	       !(status.f_flag & (ST_NOEXEC | ST_NOSUID));
}

/* The first directory that suits every user, or else this user; valid until the next call. */
static const char *working_place(void)
{
	static char beside[PATH_MAX];
	const char *const places[] = { getenv("TMPDIR"), "/tmp", "/var/tmp", beside };
	const size_t count = sizeof places / sizeof *places;

	/* Next to the test program, in the build directory. */
	snprintf(beside, sizeof beside, "%s", harness_self);
	*strrchr(beside, '/') = '\0';
	for (int all = 1; all >= 0; all--)
		for (size_t i = 0; i < count; i++)
			if (places[i] && executes_programs(places[i]) &&
			    (!all || is_public(places[i])))
				return places[i];
	return "/tmp";
}

bool harness_make_directory(char path[static PATH_MAX])
{
	const char *place = working_place();

	return snprintf(path, PATH_MAX, "%s/daemonkit-XXXXXX", place) < PATH_MAX && mkdtemp(path) &&
	       chmod(path, 0755) == 0;
}

static int open_up(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)walk;
	if (type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

void harness_remove_directory(const char *path)
{
	nftw(path, open_up, 16, FTW_PHYS);
	nftw(path, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
}

static bool copy_bytes(int from, int to)
{
	char buffer[65536];
	ssize_t count;

	while ((count = read(from, buffer, sizeof buffer)) > 0)
		if (write(to, buffer, (size_t)count) != count)
			return false;
	return count == 0;
}

bool harness_copy_program(const char *from, const char *to)
{
	int source = open(from, O_RDONLY | O_CLOEXEC);
	int copy = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	bool copied = source >= 0 && copy >= 0 && copy_bytes(source, copy) &&
		      fchmod(copy, 0755) == 0;

	if (source >= 0)
		close(source);
	if (copy >= 0)
		close(copy);
	return copied;
}

static const int followed[] = { SIGCHLD, SIGHUP, SIGINT, SIGTERM };

/* Wait for the copy; when this process is told to end, end the copy first. */
static int follow(pid_t copy, const sigset_t *signals)
{
	int status, number;

	while (waitpid(copy, &status, WNOHANG) == 0)
		if (sigwait(signals, &number) == 0 && number != SIGCHLD)
			kill(copy, number);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int run_in(const char *directory, char *argv[])
{
	char copy[2 * PATH_MAX];
	sigset_t signals, before;
	pid_t pid;

	snprintf(copy, sizeof copy, "%s%s", directory, strrchr(harness_self, '/'));
	if (!harness_copy_program(harness_self, copy))
		return 99;
	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof followed / sizeof *followed; i++)
		sigaddset(&signals, followed[i]);
	sigprocmask(SIG_BLOCK, &signals, &before);
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		sigprocmask(SIG_SETMASK, &before, NULL);
		execv(copy, argv);
		_exit(99);
	}
	return pid < 0 ? 99 : follow(pid, &signals);
}

/*
 * Tests execute this program as other users, who may be unable to enter its directory: then run
 * a copy of it instead.
 */
int harness_run_copy(char *argv[])
{
	char directory[PATH_MAX];
	int result = -1;

	if (geteuid() != 0 || is_public(harness_self) || !harness_make_directory(directory))
		return -1;
	if (is_public(directory))
		result = run_in(directory, argv);
	harness_remove_directory(directory);
	return result;
}
