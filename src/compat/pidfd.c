/* SPDX-License-Identifier: MIT */
/*
 * pidfds, exit status by pidfd, and /proc/PID/stat, or their POSIX replacements.
 * Thread-safe.  compat_pidfd_open() and compat_pidfd_signal() are async-signal-safe.
 */
#include "compat/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#endif

#include "base/fd.h"

#if defined(COMPAT_LINUX) && defined(SYS_pidfd_open) && defined(SYS_pidfd_send_signal)

int compat_pidfd_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0)
		return fd_above_standard(fd);
	switch (errno) {
	case EPERM: /* a container's seccomp filter that does not know the call */
	case EACCES:
		return -ENOSYS;
	case EINVAL: /* a thread, not a process */
	case ENOENT:
		return -ESRCH;
	default:
		return -errno;
	}
}

/* A process may always signal itself: if that fails, the call itself is refused. */
static bool pidfd_is_refused(void)
{
	int self = compat_pidfd_open(getpid());
	bool refused = self >= 0 && syscall(SYS_pidfd_send_signal, self, 0, NULL, 0) < 0;

	if (self >= 0)
		close(self);
	return refused;
}

int compat_pidfd_signal(int pidfd, int signal, const siginfo_t *info)
{
	int error;

	if (syscall(SYS_pidfd_send_signal, pidfd, signal, info, 0) == 0)
		return 0;
	error = errno;
	/* Did the kernel refuse this process, or did a filter refuse the call? */
	if ((error == EPERM || error == EACCES) && pidfd_is_refused())
		error = ENOSYS;
	return -error;
}

#else

int compat_pidfd_open(pid_t pid)
{
	(void)pid;
	return -ENOSYS;
}

int compat_pidfd_signal(int pidfd, int signal, const siginfo_t *info)
{
	(void)pidfd;
	(void)signal;
	(void)info;
	return -ENOSYS;
}

#endif

#ifdef COMPAT_LINUX

int compat_queue(pid_t pid, const siginfo_t *info)
{
	return syscall(SYS_rt_sigqueueinfo, pid, info->si_signo, info) < 0 ? -errno : 0;
}

/* The first version of the kernel's struct pidfd_info, under another name. */
struct pidfd_facts {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};
#define PIDFD_FACTS _IOWR(0xFF, 11, struct pidfd_facts)
#define PIDFD_FACTS_EXIT (UINT64_C(1) << 3)

int compat_pidfd_exit_status(int pidfd, int *status)
{
	struct pidfd_facts st = { .mask = PIDFD_FACTS_EXIT };

	/* C libraries differ in the type of ioctl(3)'s request. */
	if (syscall(SYS_ioctl, pidfd, PIDFD_FACTS, &st) < 0)
		return errno == ESRCH ? -EAGAIN : -ENOTSUP;
	if (!(st.mask & PIDFD_FACTS_EXIT))
		return -EAGAIN;
	*status = st.exit_code;
	return 0;
}

/* Read a file of /proc/PID as a string: its length or -errno. */
static ssize_t read_proc_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	return fd_read_file(AT_FDCWD, path, text, size);
}

/* Find a field of /proc/PID/stat after the name, which may contain any character. */
static const char *stat_field(const char *text, int wanted)
{
	const char *next = strrchr(text, ')');

	for (int field = 2; next && field < wanted; field++) {
		next = strchr(next, ' ');
		if (next)
			next++;
	}
	return next;
}

int compat_process_stat(pid_t pid, struct compat_process *process)
{
	const char *state, *threads, *start;
	char text[1024];
	ssize_t length = read_proc_file(pid, "stat", text, sizeof text);

	state = length > 0 ? stat_field(text, 3) : NULL;
	threads = length > 0 ? stat_field(text, 20) : NULL;
	start = length > 0 ? stat_field(text, 22) : NULL;
	process->start = start ? strtoull(start, NULL, 10) : 0;
	/* A leader that exits before its threads looks like a zombie. */
	process->ended = state && (*state == 'X' ||
				   (*state == 'Z' && threads && strtol(threads, NULL, 10) <= 1));
	/* If /proc gives no answer (not mounted, or hidepid), use kill(2). */
	if (!start && kill(pid, 0) < 0 && errno == ESRCH)
		return -ESRCH;
	return 0;
}

int compat_process_owner(pid_t pid, uid_t *owner)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld", (long)pid);
	if (stat(path, &st) < 0)
		return -errno;
	*owner = st.st_uid;
	return 0;
}

/* Is the signal in this set of /proc/PID/status?  1, 0, or -ENOTSUP. */
static int signal_is_in_set(const char *status, const char *name, int signal)
{
	const char *set = strstr(status, name);

	if (!set)
		return -ENOTSUP;
	return (int)((strtoull(set + strlen(name), NULL, 16) >> (signal - 1)) & 1);
}

int compat_process_pending(pid_t pid, int signal)
{
	char text[4096];

	if (read_proc_file(pid, "status", text, sizeof text) < 0)
		return -ENOTSUP;
	return signal_is_in_set(text, "\nShdPnd:", signal);
}

/* During sigwait(3) a signal is not shown as blocked. */
static bool waits_for_signals(pid_t pid)
{
	static const char function[] = "do_sigtimedwait";
	char text[128];

	return read_proc_file(pid, "wchan", text, sizeof text) > 0 &&
	       strncmp(text, function, sizeof function - 1) == 0;
}

int compat_process_disposition(pid_t pid, int signal)
{
	int caught, blocked, ignored;
	char text[4096];

	if (read_proc_file(pid, "status", text, sizeof text) < 0)
		return -ENOTSUP;
	caught = signal_is_in_set(text, "\nSigCgt:", signal);
	blocked = signal_is_in_set(text, "\nSigBlk:", signal);
	ignored = signal_is_in_set(text, "\nSigIgn:", signal);
	if (caught < 0 || blocked < 0 || ignored < 0)
		return -ENOTSUP;
	if (caught == 1)
		return COMPAT_HANDLED;
	if (ignored == 1)
		return COMPAT_IGNORED;
	return blocked == 1 || waits_for_signals(pid) ? COMPAT_HANDLED : COMPAT_DEFAULT;
}

/*
 * Unlike most files in /proc/PID, the list of descriptors can be opened only by root and
 * the process's own user: no other user can hold the lock.
 */
int compat_process_lock(pid_t pid, deadline until)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/fd", (long)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (unsigned round = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; round++) {
		if (errno != EWOULDBLOCK || deadline_now() >= until)
			break;
		deadline_pause(round);
	}
	return fd;
}

int64_t compat_process_age(uint64_t start)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct timespec now;

	if (start == 0 || ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return -ENOTSUP;
	return now.tv_sec - (int64_t)(start / (uint64_t)ticks);
}

#else

int compat_queue(pid_t pid, const siginfo_t *info)
{
	/* There are no replies: the cookie would serve nobody. */
	return kill(pid, info->si_signo) < 0 ? -errno : 0;
}

int compat_process_pending(pid_t pid, int signal)
{
	(void)pid;
	(void)signal;
	return -ENOTSUP;
}

int compat_process_disposition(pid_t pid, int signal)
{
	(void)pid;
	(void)signal;
	return -ENOTSUP;
}

int compat_process_lock(pid_t pid, deadline until)
{
	(void)pid;
	(void)until;
	return -ENOTSUP;
}

int64_t compat_process_age(uint64_t start)
{
	(void)start;
	return -ENOTSUP;
}

int compat_pidfd_exit_status(int pidfd, int *status)
{
	(void)pidfd;
	(void)status;
	return -ENOTSUP;
}

int compat_process_stat(pid_t pid, struct compat_process *process)
{
	siginfo_t child = { .si_pid = 0 };

	process->start = 0;
	/*
	 * POSIX reports the exit of a child at once, of other processes only after they
	 * are reaped.
	 */
	process->ended = waitid(P_PID, (id_t)pid, &child, WEXITED | WNOHANG | WNOWAIT) == 0 &&
			 child.si_pid == pid;
	return kill(pid, 0) < 0 && errno == ESRCH ? -ESRCH : 0;
}

int compat_process_owner(pid_t pid, uid_t *owner)
{
	(void)pid;
	(void)owner;
	return -ENOTSUP;
}

#endif
