/* SPDX-License-Identifier: MIT */
#include "same-steps.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define CHANNEL 3 /* of the daemon to its launcher */
#define ERRORS 4  /* what the daemon prints until it is ready */

static void close_from(unsigned first)
{
	bench_must((int)syscall(SYS_close_range, first, ~0U, 0), "close_range");
}

/* ---- starts ---- */

/* Two connections to the daemon. */
struct start {
	int channel[2], errors[2];
	double begin;
};

static void open_start(struct start *start)
{
	start->begin = bench_begin();
	bench_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, start->channel),
		   "channel");
	bench_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, start->errors), "errors");
}

/* In the daemon: its two descriptors, and nothing else that the launcher has open. */
static void take_descriptors(const struct start *start, bool kept)
{
	int channel = fcntl(start->channel[1], F_DUPFD, 16),
	    errors = fcntl(start->errors[1], F_DUPFD, 16);

	dup3(channel, CHANNEL, kept ? 0 : O_CLOEXEC);
	dup3(errors, ERRORS, kept ? 0 : O_CLOEXEC);
	close_from(5);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard streams and directory; then the daemon is ready. */
static void become_ready(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, 0);
	dup2(null, 1);
	dup2(ERRORS, 2);
	close(ERRORS);
	bench_must(chdir("/"), "chdir");
	umask(022);
	dup2(null, 2);
	close(null);
	send(CHANNEL, "R", 1, MSG_NOSIGNAL);
	close(CHANNEL);
}

/* Wait until the daemon is ready, and its standard error has ended. */
static double end_start(struct start *start, pid_t leader, pid_t daemon)
{
	struct pollfd fds[] = { { .fd = start->channel[0], .events = POLLIN },
				{ .fd = start->errors[0], .events = POLLIN },
				{ .fd = -1, .events = POLLIN } };
	char text[256];

	close(start->channel[1]);
	close(start->errors[1]);
	if (daemon > 0)
		fds[2].fd = (int)syscall(SYS_pidfd_open, daemon, 0);
	poll(fds, 3, -1);
	if (recv(start->channel[0], text, sizeof text, 0) <= 0)
		bench_must(-1, "ready");
	while (read(start->errors[0], text, sizeof text) > 0)
		;
	close(start->channel[0]);
	close(start->errors[0]);
	if (fds[2].fd >= 0)
		close(fds[2].fd);
	if (leader > 0)
		waitpid(leader, NULL, 0);
	return bench_end(start->begin);
}

double same_spawn(void)
{
	char same[] = "same", *arguments[] = { bench_self, same, NULL }, settings[64] = "";
	volatile pid_t daemon = 0;
	struct start start;
	double duration;
	pid_t leader;

	open_start(&start);
	leader = vfork();
	bench_must(leader, "vfork");
	if (leader == 0) {
		setsid();
		daemon = vfork();
		if (daemon == 0) {
			take_descriptors(&start, true);
			reset_signals();
			execv(bench_self, arguments);
		}
		_exit(daemon < 0);
	}
	waitpid(leader, NULL, 0);
	send(start.channel[0], settings, sizeof settings, MSG_NOSIGNAL);
	duration = end_start(&start, 0, daemon);
	kill(daemon, SIGKILL);
	same_reap();
	return duration;
}

_Noreturn void same_spawned(void)
{
	char settings[256];

	fcntl(CHANNEL, F_SETFD, FD_CLOEXEC);
	bench_must(recv(CHANNEL, settings, sizeof settings, 0) > 0 ? 0 : -1, "settings");
	become_ready();
	for (;;)
		pause();
}

/* The first child remains until the launcher knows the result: it sees how the daemon exits. */
static _Noreturn void watch(const struct start *start, pid_t daemon)
{
	int channel = fcntl(start->channel[1], F_DUPFD, 16);
	struct pollfd fds[] = { { .fd = CHANNEL, .events = POLLIN },
				{ .fd = ERRORS, .events = POLLIN } };

	dup2(channel, CHANNEL);
	dup2((int)syscall(SYS_pidfd_open, daemon, 0), ERRORS);
	close_from(5);
	poll(fds, 2, -1);
	_exit(0);
}

double same_fork(void)
{
	struct start start;
	double duration;
	pid_t leader;

	open_start(&start);
	leader = fork();
	bench_must(leader, "fork");
	if (leader == 0) {
		pid_t daemon;

		setsid();
		daemon = fork();
		if (daemon != 0)
			watch(&start, daemon);
		take_descriptors(&start, false);
		reset_signals();
		become_ready();
		_exit(0);
	}
	duration = end_start(&start, leader, 0);
	same_reap();
	return duration;
}

void same_reap(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* ---- pid files ---- */

double same_pid_file(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 << 30 };
	struct flock mark = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 << 30, .l_len = 1
	};
	double begin = bench_begin();
	struct stat open_file, named_file;
	char directory[4096], link[64];
	int parent, fd;

	snprintf(directory, sizeof directory, "%s", bench_temporary(""));
	parent = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fstatat(parent, "same.pid", &named_file, AT_SYMLINK_NOFOLLOW);
	fd = openat(parent, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	bench_must(fd, "O_TMPFILE");
	bench_must(fcntl(fd, F_SETLK, &lock), "F_SETLK");
	bench_must(fcntl(fd, F_OFD_SETLK, &mark), "F_OFD_SETLK");
	bench_must(dprintf(fd, "%ld\n", (long)getpid()), "write");
	bench_must(fchmod(fd, 0640), "fchmod");
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	bench_must(linkat(AT_FDCWD, link, parent, "same.pid", AT_SYMLINK_FOLLOW), "linkat");
	fstat(fd, &open_file);
	fstatat(parent, "same.pid", &named_file, AT_SYMLINK_NOFOLLOW);
	close(parent);
	/* The directory may be another one by now. */
	parent = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fstat(fd, &open_file);
	fstatat(parent, "same.pid", &named_file, AT_SYMLINK_NOFOLLOW);
	bench_must(open_file.st_ino == named_file.st_ino ? unlinkat(parent, "same.pid", 0) : -1,
		   "unlinkat");
	close(parent);
	close(fd);
	return bench_end(begin);
}

/* ---- stops ---- */

/* The descriptors of a process, until one has a lock. */
static bool has_lock(pid_t pid)
{
	char path[64], text[4096];
	bool found = false;
	struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%ld/fdinfo", (long)pid);
	directory = opendir(path);
	bench_must(directory ? 0 : -1, path);
	while (!found && (entry = readdir(directory)) != NULL) {
		int fd = openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC);
		ssize_t length = read(fd, text, sizeof text - 1);

		text[length > 0 ? length : 0] = '\0';
		found = strstr(text, "lock:") != NULL;
		close(fd);
	}
	closedir(directory);
	return found;
}

double same_stop(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET }, again = lock;
	const char *path = bench_temporary("stop.pid");
	double begin = bench_begin();
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct pollfd exited = { .events = POLLIN };
	char text[32];

	bench_must(fd, path);
	bench_must(fcntl(fd, F_GETLK, &lock), "F_GETLK");
	bench_must((int)pread(fd, text, sizeof text, 0), "read");
	exited.fd = (int)syscall(SYS_pidfd_open, lock.l_pid, 0);
	bench_must(exited.fd, "pidfd_open");
	bench_must(fcntl(fd, F_GETLK, &again), "F_GETLK");
	bench_must(again.l_pid == lock.l_pid && has_lock(lock.l_pid) ? 0 : -1, "holder");
	close(fd);
	bench_must((int)syscall(SYS_pidfd_send_signal, exited.fd, SIGTERM, NULL, 0),
		   "pidfd_send_signal");
	bench_must(poll(&exited, 1, -1), "poll");
	close(exited.fd);
	return bench_end(begin);
}
