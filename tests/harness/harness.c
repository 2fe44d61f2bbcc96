/* SPDX-License-Identifier: MIT */
/*
 * The environment of one test: its supervisor, its directory, and what it leaves behind.
 * Not thread-safe: called by the only thread of a test that runs the fixture.
 */
#include "harness/harness.h"

#include <sys/mount.h>
#include <sched.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_TIME 60000
#define MAX_FDS 1024

/* Shared by the supervisor and the test. */
struct shared {
	pid_t supervisor;
	int64_t deadline;
};

struct descriptor {
	int fd;
	char target[128];
};

static struct shared *shared;
static char directory[PATH_MAX];
static struct descriptor before[MAX_FDS];
static size_t before_count;
static char case_names[4096];

const char *harness_case_names(void)
{
	return case_names;
}

const char *harness_directory(void)
{
	return directory;
}

void harness_allow(int milliseconds)
{
	shared->deadline = harness_now() + harness_scaled(milliseconds);
	/* On this signal the supervisor reads the deadline again. */
	if (shared->supervisor != getpid())
		kill(shared->supervisor, SIGCHLD);
}

int64_t harness_deadline(void)
{
	return shared ? shared->deadline : 0;
}

void harness_skip(const char *format, ...)
{
	char reason[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof reason, format, arguments);
	va_end(arguments);
	/* The main program reports a failure with this prefix as skipped. */
	ck_abort_msg("SKIP %s", reason);
}

void harness_need_root(void)
{
	if (geteuid() != 0)
		harness_skip("needs root");
}

void harness_need_mounts(void)
{
	harness_need_root();
	/* After chroot(2) the root directory may not be a mount point. */
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0)
		harness_skip("needs its own mounts: %s", strerror(errno));
}

void harness_need_filters(void)
{
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		harness_skip("no seccomp filters here");
}

void harness_need_libraries(void)
{
#ifndef __GLIBC__
	harness_skip("the dynamic linker is the C library and loads no other here");
#endif
}

void harness_need_ofd_locks(void)
{
#ifdef F_OFD_GETLK
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int result = fcntl(fd, F_OFD_GETLK, &lock);

	close(fd);
	if (result == 0)
		return;
#endif
	harness_skip("no OFD locks here");
}

/* The same check as in the library. */
void harness_need_clones(void)
{
#ifdef SYS_clone3
	if (syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL)
		return;
#endif
	harness_skip("no clone(2) with shared memory here");
}

void harness_need_kernel(const char *what)
{
	const char *emulator = getenv("HARNESS_EMULATOR");

	if (emulator)
		harness_skip("not emulated by %s: %s", emulator, what);
}

bool harness_has_linux_api(void)
{
#ifdef COMPAT_LINUX
	return true;
#else
	return false;
#endif
}

bool harness_has_call(const char *name)
{
	static const char *const calls[] = {
#ifdef HAVE_CHROOT
		"chroot",
#endif
#ifdef HAVE_SCHED_SETSCHEDULER
		"sched_setscheduler",
#endif
#ifdef HAVE_SETGROUPS
		"setgroups",
#endif
		NULL,
	};

	if (harness_has_linux_api())
		return true;
	for (size_t i = 0; calls[i] != NULL; i++)
		if (strcmp(calls[i], name) == 0)
			return true;
	return false;
}

void harness_need_call(const char *name)
{
	if (!harness_has_call(name))
		harness_skip("the library was built without %s", name);
}

bool harness_has_pidfds(void)
{
#if defined(COMPAT_LINUX) && defined(SYS_pidfd_open)
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (fd >= 0) {
		close(fd);
		return true;
	}
#endif
	return false;
}

bool harness_is_under_valgrind(void)
{
	return getenv("HARNESS_VALGRIND") != NULL;
}

bool harness_is_sanitized(void)
{
	const char *flags = getenv("INSTRUMENTED");

	return flags != NULL && strstr(flags, "-fsanitize") != NULL;
}

/* An emulator may lack it; $HARNESS_SUBREAPER is a program that sets it from outside. */
static bool adopt_orphans(void)
{
	const char *program = getenv("HARNESS_SUBREAPER");
	char self[16];
	int status;
	pid_t pid;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == 0)
		return true;
	if (!program)
		return false;
	snprintf(self, sizeof self, "%d", (int)getpid());
	pid = fork();
	if (pid == 0) {
		execl(program, program, self, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return pid > 0 && status == 0;
}

void harness_adopt_orphans(void)
{
	ck_assert(adopt_orphans());
}

/* Processes */

/* A line of /proc/PID/status, or an empty text. */
static void status_line(pid_t pid, const char *name, char *value, size_t size)
{
	char path[64], line[256];
	FILE *file;

	value[0] = '\0';
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			snprintf(value, size, "%s", line + strlen(name) + 1);
	}
	fclose(file);
}

pid_t harness_parent(pid_t pid)
{
	char value[64];

	status_line(pid, "PPid", value, sizeof value);
	return (pid_t)atoi(value);
}

/* Dead, or already killed: it does not run any more. */
static bool is_ended(pid_t pid)
{
	static const char *const pending[] = { "SigPnd", "ShdPnd" };
	char value[64];

	status_line(pid, "State", value, sizeof value);
	if (strchr(value, 'X') || value[0] == '\0')
		return true;
	if (strchr(value, 'Z')) {
		/* A main thread that has exited before the other threads looks the same. */
		status_line(pid, "Threads", value, sizeof value);
		return atoi(value) <= 1;
	}
	for (size_t i = 0; i < 2; i++) {
		status_line(pid, pending[i], value, sizeof value);
		if (strtoull(value, NULL, 16) & (1ULL << (SIGKILL - 1)))
			return true;
	}
	return false;
}

/* Call visit for each child of a process; return their number. */
static size_t each_child(pid_t parent, void (*visit)(pid_t child, void *data), void *data)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (processes && (entry = readdir(processes))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (!isdigit((unsigned char)entry->d_name[0]) || harness_parent(pid) != parent)
			continue;
		count++;
		if (visit)
			visit(pid, data);
	}
	if (processes)
		closedir(processes);
	return count;
}

size_t harness_count_children(pid_t parent)
{
	return each_child(parent, NULL, NULL);
}

struct strays {
	size_t count;
	pid_t pids[64];
	char names[512];
};

static bool is_known(const struct strays *strays, pid_t pid)
{
	for (size_t i = 0; i < strays->count && i < sizeof strays->pids / sizeof pid; i++)
		if (strays->pids[i] == pid)
			return true;
	return false;
}

static void name_process(pid_t pid, struct strays *strays)
{
	char path[64], command[128] = "";
	size_t used = strlen(strays->names), length = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "re");
	if (file) {
		length = fread(command, 1, sizeof command - 1, file);
		fclose(file);
	}
	for (size_t i = 0; i + 1 < length; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	snprintf(strays->names + used, sizeof strays->names - used, "%s%d (%s)",
		 used > 0 ? ", " : "", (int)pid, command);
}

static void kill_stray(pid_t pid, void *data)
{
	struct strays *strays = data;

	if (is_ended(pid) || is_known(strays, pid))
		return;
	if (strays->count < sizeof strays->pids / sizeof pid)
		strays->pids[strays->count] = pid;
	strays->count++;
	name_process(pid, strays);
	kill(pid, SIGKILL);
}

/*
 * Do not wait for this one alone: process 1 of a pid namespace ends only after the other
 * processes of the namespace were reaped by their parents.
 */
static void reap_stray(pid_t pid, void *data)
{
	(void)data;
	waitpid(pid, NULL, WNOHANG);
}

/* Descriptors */

static size_t list_fds(struct descriptor list[static MAX_FDS])
{
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t count = 0;

	while (fds && (entry = readdir(fds)) && count < MAX_FDS) {
		struct descriptor *one = &list[count];
		ssize_t length;

		if (!isdigit((unsigned char)entry->d_name[0]) || atoi(entry->d_name) == dirfd(fds))
			continue;
		one->fd = atoi(entry->d_name);
		length = readlinkat(dirfd(fds), entry->d_name, one->target, sizeof one->target - 1);
		one->target[length < 0 ? 0 : length] = '\0';
		count++;
	}
	if (fds)
		closedir(fds);
	return count;
}

size_t harness_count_fds(void)
{
	static struct descriptor now[MAX_FDS];

	return list_fds(now);
}

static const struct descriptor *find_fd(const struct descriptor *list, size_t count, int fd)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].fd == fd)
			return &list[i];
	return NULL;
}

static void check_fds(void)
{
	static struct descriptor after[MAX_FDS];
	size_t after_count = list_fds(after);

	for (size_t i = 0; i < after_count; i++) {
		const struct descriptor *was = find_fd(before, before_count, after[i].fd);

		if (!was)
			ck_abort_msg("left descriptor %d open (%s)", after[i].fd, after[i].target);
		if (strcmp(was->target, after[i].target) != 0)
			ck_abort_msg("replaced descriptor %d: was %s, is %s", was->fd, was->target,
				     after[i].target);
	}
	for (size_t i = 0; i < before_count; i++)
		if (!find_fd(after, after_count, before[i].fd))
			ck_abort_msg("closed descriptor %d (%s)", before[i].fd, before[i].target);
}

/* The supervisor */

/*
 * The signals that the supervisor waits for: exit of a child, and exit of the process that
 * waits for the result.
 */
static void supervisor_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTERM);
}

/* Wait for the test to exit, and reap orphans meanwhile; did it exit in time? */
static bool wait_for_test(pid_t test, int *status)
{
	bool in_time = true;
	sigset_t signals;

	supervisor_signals(&signals);
	for (;;) {
		int64_t rest = shared->deadline - harness_now();
		struct timespec wait = {
			.tv_sec = (time_t)(rest / 1000),
			.tv_nsec = (long)(rest % 1000 * 1000000),
		};
		int ended_status;
		pid_t ended = waitpid(-1, &ended_status, WNOHANG);

		if (ended == test) {
			*status = ended_status;
			return in_time;
		}
		if (ended > 0)
			continue;
		if (in_time && rest <= 0) {
			kill(test, SIGKILL);
			in_time = false;
		}
		if (!in_time)
			wait = (struct timespec){ .tv_sec = 1 };
		/* The run was interrupted: clean up, no result is needed. */
		if (sigtimedwait(&signals, NULL, &wait) == SIGTERM)
			kill(test, SIGKILL);
	}
}

/* Exit as the test did, so that Check sees its exit code or signal. */
static _Noreturn void end_like(int status)
{
	struct rlimit none = { 0, 0 };
	sigset_t all;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(WTERMSIG(status));
	_exit(1);
}

static void supervise(pid_t test)
{
	struct strays strays = { .count = 0 };
	int status = 0;
	bool in_time = wait_for_test(test, &status);

	while (each_child(getpid(), kill_stray, &strays) > 0)
		if (each_child(getpid(), reap_stray, NULL) > 0)
			poll(NULL, 0, 1);
	harness_remove_directory(directory);
	if (!in_time)
		ck_abort_msg("killed after the timeout; processes left: %zu %s", strays.count,
			     strays.names);
	if (strays.count > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		ck_abort_msg("left %zu running: %s", strays.count, strays.names);
	end_like(status);
}

static void clean_signals(const sigset_t *mask)
{
	for (int number = 1; number <= SIGRTMAX; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			signal(number, SIG_DFL);
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
}

/*
 * The process that Check started. Check kills it, with its process group, when the run is
 * interrupted: the supervisor has its own process group, learns of that, and cleans up.
 */
static _Noreturn void follow(pid_t supervisor)
{
	int status = 0;

	while (waitpid(supervisor, &status, 0) < 0)
		if (errno != EINTR)
			_exit(1);
	end_like(status);
}

/* Become the supervisor, a child of the process that Check started. */
static void begin_supervisor(void)
{
	pid_t parent = getpid(), supervisor;
	sigset_t signals;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	supervisor = fork();
	if (supervisor < 0)
		ck_abort_msg("fork: %s", strerror(errno));
	if (supervisor > 0)
		follow(supervisor);
	supervisor_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGCHLD, SIG_DFL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	harness_adopt_orphans();
}

/* The setup of the fixture, run by the process that Check started: only the test returns. */
static void begin(void)
{
	sigset_t none;
	pid_t test;

	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	begin_supervisor();
	shared->supervisor = getpid();
	harness_allow(TEST_TIME);
	ck_assert(harness_make_directory(directory));
	test = fork();
	if (test > 0)
		supervise(test);
	if (test < 0) {
		harness_remove_directory(directory);
		ck_abort_msg("fork: %s", strerror(errno));
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != shared->supervisor)
		_exit(1);
	sigemptyset(&none);
	clean_signals(&none);
	umask(022);
	before_count = list_fds(before);
}

/* The teardown of the fixture, run by the test if it has not failed. */
static void end(void)
{
	siginfo_t child = { .si_pid = 0 };

	if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid != 0)
		ck_abort_msg("left child %d unreaped", (int)child.si_pid);
	check_fds();
	harness_free_memory();
}

TCase *harness_case(Suite *suite, const char *name)
{
	TCase *test_case = tcase_create(name);
	size_t used = strlen(case_names);

	snprintf(case_names + used, sizeof case_names - used, "%s\"%s\"", used > 0 ? ", " : "",
		 name);
	/* The supervisor enforces the timeout. */
	tcase_set_timeout(test_case, 7200);
	tcase_add_checked_fixture(test_case, begin, end);
	suite_add_tcase(suite, test_case);
	return test_case;
}
