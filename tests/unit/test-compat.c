/* SPDX-License-Identifier: MIT */
/*
 * What the library does with system calls that fail, as in an older kernel or under a filter of
 * system calls; and with rare values.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "compat/capability.h"
#include "compat/children.h"
#include "compat/clone.h"
#include "compat/close-range.h"
#include "compat/epoll.h"
#include "compat/executable.h"
#include "compat/limits.h"
#include "compat/message.h"
#include "compat/ofd-lock.h"
#include "compat/openat.h"
#include "compat/pidfd.h"
#include "compat/pipe.h"
#include "compat/privileged.h"
#include "compat/self.h"
#include "compat/siginfo.h"
#include "compat/socket.h"
#include "compat/user.h"

#define NOBODY 65534
#define ANY (-1)
/* Newer architectures have neither of these calls. */
#ifdef SYS_stat
#define SYS_stat_or_fstat SYS_stat
#else
#define SYS_stat_or_fstat SYS_fstat
#endif
#ifndef SYS_poll
#define SYS_poll SYS_ppoll
#endif
/* Older 32-bit architectures have the other one. */
#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat64
#endif

/* A system call that fails: each, or those with this value of an argument. */
struct denial {
	long call;
	int argument; /* or ANY */
	uint32_t value;
	int error;
};

static void deny_exactly(const struct denial *denial, uint32_t mask)
{
	/* Where the lower half of the argument is; without an argument, any value will do. */
	bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__, any = denial->argument == ANY;
	size_t offset = offsetof(struct seccomp_data, args) +
			(any ? 0 : (size_t)denial->argument) * sizeof(uint64_t) +
			(big_endian ? sizeof(uint32_t) : 0);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)denial->call, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, any ? 0 : mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, any ? 0 : denial->value & mask, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)denial->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(255);
}

/* Some C libraries have open(2) beside openat(2), and add a flag. */
static void deny(const struct denial *denial)
{
	bool opens = denial->call == SYS_openat;
	uint32_t mask = UINT32_MAX;

	if (opens && denial->argument == 2)
		mask &= ~(uint32_t)O_LARGEFILE;
	deny_exactly(denial, mask);
#ifdef SYS_open
	if (opens && denial->argument <= 0)
		deny_exactly(&(struct denial){ SYS_open, ANY, 0, denial->error }, 0);
#endif
}

/* Run a function in a child whose calls are denied: its result, 0 or a negative errno. */
static int run_denied(const struct denial *denials, size_t count, int (*run)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		for (size_t i = 0; i < count; i++)
			deny(&denials[i]);
		_exit(-run());
	}
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) != 255, "status %#x", status);
	return -WEXITSTATUS(status);
}

/* ---- functions to run with denied calls: 0, or a negative errno ---- */

/* 1 is not an errno that a test expects. */
static int expect(bool true_)
{
	return true_ ? 0 : -1;
}

static int count_one(int fd, void *count)
{
	(void)fd;
	++*(int *)count;
	return 0;
}

static int find_three(int fd, void *found)
{
	*(int *)found = fd;
	return fd == 3 ? -EEXIST : 0;
}

static int count_descriptors(void)
{
	int count = 0, result = compat_each_fd(count_one, &count);

	return result < 0 ? result : expect(count >= 3);
}

static int stop_at_three(void)
{
	int found = -1;

	return dup2(STDIN_FILENO, 3) == 3 ? compat_each_fd(find_three, &found) : -EBADF;
}

/* Among many, with others between; and below a limit. */
static int find_highest(void)
{
	if (dup2(STDIN_FILENO, 300) != 300 || dup2(STDIN_FILENO, 900) != 900)
		return -EBADF;
	return expect(compat_highest_fd(INT_MAX) == 900 && compat_highest_fd(901) == 900 &&
		      compat_highest_fd(900) == 300 && compat_highest_fd(0) == -EBADF);
}

static int open_set(void)
{
	struct compat_pollset set;
	int result = compat_pollset_open(&set);

	if (result == 0)
		result = compat_pollset_time(&set, 1);
	if (set.fd >= 0)
		compat_pollset_close(&set);
	return result;
}

static int get_scheduler(void)
{
	int policy, priority;

	return compat_get_scheduler(&policy, &priority);
}

static int lock_pipe(void)
{
	int ends[2], result;

	if (pipe(ends) < 0)
		return -errno;
	result = compat_ofd_lock(ends[1]);
	close(ends[0]);
	close(ends[1]);
	return result;
}

/* Are its own POSIX locks shown?  It has none on this file. */
static int find_own_lock(void)
{
	struct stat st;

	return stat(harness_self, &st) < 0 ? -errno : compat_posix_lock_held_by(getpid(), &st);
}

/* Without /proc, whose paths are not relative to a directory: 0 or a negative errno. */
static int open_by_name(const char *name, bool writing)
{
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -EIO;
	deny(&(struct denial){ SYS_openat, 0, (uint32_t)AT_FDCWD, ENOENT });
	fd = compat_open_expected(directory, name, &st, writing);
	return fd < 0 ? fd : 0;
}

static int open_file(void)
{
	return open_by_name("file", true);
}

static int open_directory(void)
{
	return open_by_name("directory", true);
}

static int open_link(void)
{
	return open_by_name("link", false);
}

/* The same, while opening the file itself fails. */
static int open_with_error(int error)
{
	const uint32_t flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	deny(&(struct denial){ SYS_openat, 2, flags, error });
	return open_by_name("file", false);
}

static int open_without_descriptors(void)
{
	return open_with_error(EMFILE);
}

static int open_removed(void)
{
	return open_with_error(ENOENT);
}

static int open_without_reader(void)
{
	return open_with_error(ENXIO);
}

static int read_link(void)
{
	struct stat st;
	char target[16];
	int result = compat_read_link("link", &st, target, sizeof target);

	return result < 0 ? result : expect(result == 4 && strcmp(target, "file") == 0);
}

static int open_nameless(void)
{
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = compat_open_nameless(directory);

	return fd < 0 ? fd : 0;
}

static int name_file(void)
{
	int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = open("file", O_RDONLY | O_CLOEXEC);

	return compat_name(fd, directory, "other");
}

static int open_self(void)
{
	int fd = compat_pidfd_open(getpid());

	return fd < 0 ? fd : 0;
}

static int signal_first_process(void)
{
	int fd = compat_pidfd_open(getppid());
	struct rlimit none = { 0, 0 };

	/* No descriptor is left to find out why. */
	if (setrlimit(RLIMIT_NOFILE, &none) < 0)
		return -EIO;
	return compat_pidfd_signal(fd, 0, NULL);
}

static int queue_signal(void)
{
	siginfo_t info;

	signal(SIGUSR1, SIG_IGN);
	compat_signal_with_cookie(&info, SIGUSR1, compat_signal_cookie(1));
	return compat_queue(getpid(), &info);
}

/* The lock is not vital. */
static int lock_process(void)
{
	return expect(compat_process_lock(getpid(), deadline_after(0)) >= 0);
}

static int have_no_name(void)
{
	char name[16] = "x";

	compat_get_name(name);
	return expect(name[0] == '\0');
}

static int leave_pipe_alone(void)
{
	int ends[2];

	if (pipe(ends) < 0)
		return -errno;
	compat_pipe_enlarge(ends[0], (size_t)1 << 20);
	return expect(fcntl(ends[0], F_GETPIPE_SZ) <= 1 << 16);
}

static int open_peer(void)
{
	int ends[2], fd;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -errno;
	fd = compat_peer_pidfd(ends[0]);
	return fd < 0 ? fd : 0;
}

static int send_byte(void)
{
	struct iovec part = { .iov_base = (char[]){ "x" }, .iov_len = 1 };
	size_t sent = 0;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		return -errno;
	return compat_message_send(ends[0], &part, 1, &sent, NULL) < 0 ? -errno : 0;
}

/* Without the kernel's list, only the highest of all numbers can be found. */
static int get_highest(void)
{
	int fd = compat_highest_fd(100);

	return fd < 0 ? fd : expect(fd >= STDERR_FILENO && fd < 100);
}

static int find_none_below_zero(void)
{
	return compat_highest_fd(0);
}

static int find_none(void)
{
	if (compat_close_range(0, COMPAT_FD_MAX) < 0)
		return -1;
	return compat_highest_fd(100);
}

static void ignore_child(pid_t child, void *data)
{
	(void)child, (void)data;
}

static int list_children(void)
{
	return compat_children_each(ignore_child, NULL);
}

static int reap_refused(void)
{
	return expect(!compat_children_reap(getpid()));
}

static int examine_process(void)
{
	struct compat_process process;
	int result = compat_process_stat(getppid(), &process);

	return result < 0 ? result : expect(process.start == 0 && !process.ended);
}

/* The link itself is the path of the program. */
static int find_program(void)
{
	char path[64];
	int result = compat_executable(path, sizeof path);

	return result < 0 ? result : expect(strcmp(path, "/proc/self/exe") == 0);
}

static int pass_capability(void)
{
	return compat_capabilities_pass(UINT64_C(1) << 10);
}

static int get_exit_status(void)
{
	int status;

	return compat_pidfd_exit_status(compat_pidfd_open(getpid()), &status);
}

/* A child that has exited. */
static pid_t exited_child(int code)
{
	pid_t child = fork();

	if (child == 0)
		_exit(code);
	return child;
}

static int reap_child(void)
{
	pid_t child = exited_child(7);
	int pidfd = compat_pidfd_open(child), status = 0;

	if (poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, HARNESS_SOON) != 1 ||
	    compat_read_status(child, pidfd, &status) != child || status != 7 << 8)
		return -1;
	status = 0;
	return expect(compat_reap(child, pidfd, &status) == child && status == 7 << 8);
}

static int reap_interrupted(void)
{
	pid_t child = exited_child(0);
	int status;

	if (compat_reap(child, compat_pidfd_open(child), &status) != -1)
		return -1;
	/* Without a pidfd it is waitpid(2). */
	return expect(compat_reap(child, -1, &status) == child && status == 0);
}

static const struct {
	struct denial denials[3];
	int (*run)(void);
	int expected;
} failures[] = {
	{ { { SYS_openat, ANY, 0, EACCES } }, count_descriptors, 0 },
	{ { { SYS_openat, ANY, 0, EACCES } }, stop_at_three, -EEXIST },
	{ { { SYS_openat, ANY, 0, EACCES }, { SYS_prlimit64, ANY, 0, EPERM } },
	  count_descriptors,
	  0 },
	{ { { SYS_openat, ANY, 0, EACCES } }, find_highest, 0 },
	{ { { SYS_openat, ANY, 0, EACCES }, { SYS_poll, ANY, 0, EIO }, { SYS_ppoll, ANY, 0, EIO } },
	  count_descriptors,
	  -EIO },
	{ { { SYS_poll, ANY, 0, EIO }, { SYS_ppoll, ANY, 0, EIO } }, get_highest, -EIO },
	/* Interrupted, it may report descriptors that are not open. */
	{ { { SYS_openat, ANY, 0, EACCES },
	    { SYS_poll, ANY, 0, EINTR },
	    { SYS_ppoll, ANY, 0, EINTR } },
	  count_descriptors,
	  0 },
	{ { { SYS_openat, ANY, 0, EACCES }, { SYS_poll, ANY, 0, EIO }, { SYS_ppoll, ANY, 0, EIO } },
	  get_highest,
	  -EIO },
	{ { { SYS_openat, ANY, 0, EACCES } }, find_none, -EBADF },
	{ { { 0, 0, 0, 0 } }, find_none_below_zero, -EBADF },
	{ { { 0, 0, 0, 0 } }, find_none, -EBADF },
	{ { { SYS_openat, ANY, 0, EACCES } }, list_children, -EACCES },
	{ { { SYS_openat, ANY, 0, ENOENT } }, list_children, -ENOTSUP },
	{ { { SYS_waitid, ANY, 0, EINVAL } }, reap_refused, 0 },
	{ { { SYS_waitid, ANY, 0, EINTR } }, reap_interrupted, 0 },
	{ { { SYS_openat, ANY, 0, EACCES }, { SYS_kill, ANY, 0, EPERM } }, examine_process, 0 },
	{ { { SYS_openat, ANY, 0, EACCES }, { SYS_kill, ANY, 0, ESRCH } },
	  examine_process,
	  -ESRCH },
	{ { { SYS_prctl, 0, 47 /* PR_CAP_AMBIENT */, EINVAL }, { SYS_capset, ANY, 0, EPERM } },
	  pass_capability,
	  -EPERM },
	{ { { SYS_capget, ANY, 0, ENOSYS } }, pass_capability, -ENOSYS },
	{ { { SYS_ioctl, ANY, 0, ENOTTY } }, get_exit_status, -ENOTSUP },
	{ { { SYS_ioctl, ANY, 0, ESRCH } }, get_exit_status, -EAGAIN },
	{ { { SYS_epoll_create1, ANY, 0, EMFILE } }, open_set, -EMFILE },
	{ { { SYS_epoll_ctl, ANY, 0, ENOSPC } }, open_set, -ENOSPC },
	{ { { SYS_timerfd_create, ANY, 0, ENFILE } }, open_set, -ENFILE },
	{ { { SYS_timerfd_settime, ANY, 0, EINVAL } }, open_set, -EINVAL },
	{ { { SYS_sched_getscheduler, ANY, 0, EACCES } }, get_scheduler, -EACCES },
	{ { { SYS_sched_getparam, ANY, 0, EACCES } }, get_scheduler, -EACCES },
	{ { { SYS_fcntl, 1, F_OFD_SETLK, EACCES } }, lock_pipe, -EAGAIN },
	{ { { SYS_fcntl, 1, F_OFD_SETLK, ENOSYS } }, lock_pipe, -ENOTSUP },
	{ { { SYS_fcntl, 1, F_OFD_SETLK, ENOLCK } }, lock_pipe, -ENOLCK },
	{ { { SYS_pipe2, ANY, 0, EMFILE } }, find_own_lock, -EMFILE },
	{ { { SYS_fcntl, 1, F_SETLK, ENOLCK } }, find_own_lock, -ENOTSUP },
	{ { { 0, 0, 0, 0 } }, open_file, 0 },
	{ { { 0, 0, 0, 0 } }, open_directory, -ESTALE },
	{ { { 0, 0, 0, 0 } }, open_link, -ESTALE },
	{ { { 0, 0, 0, 0 } }, open_without_descriptors, -EMFILE },
	{ { { 0, 0, 0, 0 } }, open_removed, -ESTALE },
	{ { { 0, 0, 0, 0 } }, open_without_reader, -ESTALE },
	{ { { SYS_readlinkat, ANY, 0, EACCES } }, read_link, -EACCES },
	{ { { SYS_fstatfs, ANY, 0, EIO } }, read_link, -EIO },
	{ { { SYS_newfstatat, ANY, 0, EIO }, { SYS_fstat, ANY, 0, EIO } }, read_link, -EIO },
	{ { { SYS_newfstatat, ANY, 0, EIO },
	    { SYS_openat, ANY, 0, EACCES },
	    { SYS_stat_or_fstat, ANY, 0, EIO } },
	  find_program,
	  0 },
	{ { { SYS_openat, 2, O_TMPFILE | O_RDWR | O_CLOEXEC, EISDIR } }, open_nameless, -ENOTSUP },
	{ { { SYS_openat, 2, O_TMPFILE | O_RDWR | O_CLOEXEC, EINVAL } }, open_nameless, -ENOTSUP },
	{ { { SYS_linkat, ANY, 0, ENOENT } }, name_file, -ENOTSUP },
	{ { { SYS_linkat, ANY, 0, ENOSYS } }, name_file, -ENOTSUP },
	{ { { SYS_linkat, ANY, 0, EOPNOTSUPP } }, name_file, -ENOTSUP },
	{ { { SYS_linkat, ANY, 0, EDQUOT } }, name_file, -EDQUOT },
	{ { { SYS_pidfd_open, ANY, 0, EACCES } }, open_self, -ENOSYS },
	{ { { SYS_pidfd_open, ANY, 0, EINVAL } }, open_self, -ESRCH },
	{ { { SYS_pidfd_open, ANY, 0, ENOENT } }, open_self, -ESRCH },
	{ { { SYS_pidfd_send_signal, ANY, 0, EPERM } }, signal_first_process, -EPERM },
	{ { { SYS_rt_sigqueueinfo, ANY, 0, EAGAIN } }, queue_signal, -EAGAIN },
	{ { { SYS_flock, ANY, 0, ENOLCK } }, lock_process, 0 },
	{ { { SYS_openat, ANY, 0, EACCES }, { SYS_prctl, 0, PR_GET_NAME, EPERM } },
	  have_no_name,
	  0 },
	{ { { SYS_fcntl, 1, F_SETPIPE_SZ, EPERM } }, leave_pipe_alone, 0 },
	/* 77 is SO_PEERPIDFD. */
	{ { { SYS_getsockopt, 2, 77, ENOPROTOOPT } }, open_peer, 0 },
	{ { { SYS_getsockopt, 2, 77, ESRCH } }, open_peer, -ESRCH },
	{ { { SYS_getsockopt, 2, 77, ENODATA } }, open_peer, -ESRCH },
	{ { { SYS_getsockopt, 2, 77, EINVAL } }, open_peer, -ESRCH },
	{ { { SYS_getsockopt, 2, 77, ENOPROTOOPT }, { SYS_getsockopt, 2, SO_PEERCRED, ENOBUFS } },
	  open_peer,
	  -ENOBUFS },
	{ { { SYS_sendmsg, ANY, 0, EPERM } }, send_byte, -EPERM },
	{ { { SYS_waitid, 0, 3 /* P_PIDFD */, EINVAL } }, reap_child, 0 },
};

#define FAILURES (int)(sizeof failures / sizeof *failures)

START_TEST(failed_calls_are_handled)
{
	size_t count = 0;
	int result;

	harness_need_filters();
	ck_assert_int_eq(chdir(harness_directory()), 0);
	harness_write_file("file", "");
	ck_assert_int_eq(mkdir("directory", 0700), 0);
	ck_assert_int_eq(symlink("file", "link"), 0);
	while (count < 3 && failures[_i].denials[count].call != 0)
		count++;
	result = run_denied(failures[_i].denials, count, failures[_i].run);
	ck_assert_msg(result == failures[_i].expected, "%d, expected %d", result,
		      failures[_i].expected);
}
END_TEST

START_TEST(links_are_read)
{
	const char *link = harness_path("link"), *file = harness_path("file");
	struct stat st;
	char target[8];

	harness_write_file(file, "");
	ck_assert_int_eq(symlink("file", link), 0);
	ck_assert_int_eq(compat_read_link(link, &st, target, sizeof target), 4);
	ck_assert_str_eq(target, "file");
	ck_assert_int_eq(compat_read_link(link, &st, target, 5), 4);
	ck_assert_int_eq(compat_read_link(link, &st, target, 4), -ENAMETOOLONG);
	ck_assert_int_eq(compat_read_link(file, &st, target, sizeof target), -EINVAL);
}
END_TEST

START_TEST(empty_range_closes_nothing)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(compat_close_range((unsigned)fd, (unsigned)fd - 1), 0);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	ck_assert_int_eq(compat_close_range((unsigned)fd, (unsigned)fd), 0);
	ck_assert_int_lt(fcntl(fd, F_GETFD), 0);
}
END_TEST

START_TEST(highest_descriptor_is_found)
{
	ck_assert_int_eq(run_denied(NULL, 0, find_highest), 0);
}
END_TEST

/* As many descriptors as the kernel permits by default: the search stops there. */
static int count_below_highest_limit(void)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -EPERM;
	deny(&(struct denial){ SYS_openat, ANY, 0, EACCES });
	return count_descriptors();
}

START_TEST(search_for_descriptors_has_a_limit)
{
	int result;

	harness_need_filters();
	result = run_denied(NULL, 0, count_below_highest_limit);
	if (result == -EPERM)
		harness_skip("the limit cannot be raised");
	ck_assert_int_eq(result, 0);
}
END_TEST

START_TEST(peer_is_the_creator_of_the_other_end)
{
	struct compat_peer peer = { .pid = -1, .uid = (uid_t)-1, .gid = (gid_t)-1 };
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	ck_assert_int_eq(compat_peer(ends[0], &peer), 0);
	ck_assert_int_eq(peer.pid, getpid());
	ck_assert_uint_eq(peer.uid, geteuid());
	ck_assert_uint_eq(peer.gid, getegid());
	close(ends[0]);
	close(ends[1]);
	ck_assert_int_eq(compat_peer(ends[0], &peer), -EBADF);
}
END_TEST

/* An empty packet is not the end, and a closed end with text neither. */
START_TEST(end_of_packets_is_recognized)
{
	char text[8];
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(compat_has_ended(ends[0]), 0);
	ck_assert_int_eq(send(ends[1], "", 0, 0), 0);
	ck_assert_int_eq(compat_has_ended(ends[0]), 0);
	ck_assert_int_eq(send(ends[1], "text", 4, 0), 4);
	close(ends[1]);
	ck_assert_int_eq(compat_has_ended(ends[0]), 0);
	ck_assert_int_eq(recv(ends[0], text, sizeof text, 0), 0);
	ck_assert_int_eq(compat_has_ended(ends[0]), 0);
	ck_assert_int_eq(recv(ends[0], text, sizeof text, 0), 4);
	ck_assert_int_eq(compat_has_ended(ends[0]), 1);
	close(ends[0]);
}
END_TEST

/* A lock on the guard byte of the wrong kind, or an OFD lock elsewhere, does not count. */
START_TEST(locks_are_told_apart)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000000, .l_len = 1
	};
	int fd = open(harness_path("x"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	harness_need_ofd_locks();
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(fcntl(fd, F_SETLK, &lock), 0);
	ck_assert_int_eq(compat_posix_lock_held_by(getpid(), &st), 0);
	ck_assert_int_eq(compat_ofd_lock_held_by(getpid(), &st), 0);
	lock.l_start = 0;
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	ck_assert_int_eq(compat_ofd_lock_held_by(getpid(), &st), 0);
	close(fd);
	ck_assert_int_eq(compat_ofd_lock_held_by(INT32_MAX, &st), -ENOENT);
}
END_TEST

START_TEST(codes_of_signals)
{
	static const struct {
		int signal, code;
		bool sender, value;
	} codes[] = {
		{ SIGUSR1, SI_USER, true, false },
		{ SIGUSR1, SI_QUEUE, true, true },
		{ SIGUSR1, SI_MESGQ, true, true },
		{ SIGUSR1, SI_TKILL, true, false },
		{ SIGUSR1, SI_TIMER, false, true },
		{ SIGUSR1, SI_ASYNCIO, false, true },
		{ SIGUSR1, SI_KERNEL, false, false },
		{ SIGUSR1, CLD_EXITED, false, false },
		{ SIGCHLD, CLD_EXITED, true, false },
		{ SIGCHLD, CLD_CONTINUED, true, false },
		{ SIGCHLD, CLD_CONTINUED + 1, false, false },
		{ SIGCHLD, SI_TIMER, false, true },
	};
	siginfo_t info;

	memset(&info, 0, sizeof info);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		info.si_signo = codes[i].signal;
		info.si_code = codes[i].code;
		ck_assert_int_eq(compat_signal_has_sender(&info), codes[i].sender);
		ck_assert_int_eq(compat_signal_has_value(&info), codes[i].value);
	}
}
END_TEST

START_TEST(rare_arguments)
{
	uid_t owner;
	char path[4];
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), ends[2];

	ck_assert_int_eq(compat_executable(path, sizeof path), -ENAMETOOLONG);
	ck_assert_str_eq(compat_limit_name(9999), "of another kind");
	ck_assert_int_eq(compat_process_owner(INT32_MAX, &owner), -ENOENT);
	ck_assert_uint_eq(compat_pipe_fill(fd), 0);
	close(fd);
	/* Not below the usual size. */
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	fd = fcntl(ends[0], F_GETPIPE_SZ);
	compat_pipe_enlarge(ends[0], 4096);
	ck_assert_int_eq(fcntl(ends[0], F_GETPIPE_SZ), fd);
	close(ends[0]);
	close(ends[1]);
	/* Not a local socket: it has no peer process. */
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		ck_assert_int_lt(compat_peer_pidfd(fd), 0);
	close(fd);
}
END_TEST

/* A user whose number may stand for any user: only the kernel knows who owns what. */
static int be_uncertain(void)
{
	int fd = open("file", O_RDONLY | O_CLOEXEC), strange;

	if (fchown(fd, NOBODY, NOBODY) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -EPERM;
	strange = open("file", O_RDONLY | O_NOATIME | O_CLOEXEC);
	deny(&(struct denial){ SYS_openat, ANY, 0, ENOENT });
	if (compat_user_is_certain(NOBODY) || compat_is_own_process(0, NOBODY) ||
	    compat_is_own_process(1, NOBODY) || !compat_is_own_process(getpid(), NOBODY) ||
	    compat_is_own_process_and_group(1, NOBODY, NOBODY) ||
	    !compat_is_own_process_and_group(getpid(), NOBODY, NOBODY))
		return -1;
	if (strange < 0 || !compat_is_own_file(fd, NOBODY) || compat_is_own_file(strange, NOBODY) ||
	    compat_is_own_file(1000, NOBODY) || compat_is_own_file(fd, 0))
		return -2;
	deny(&(struct denial){ SYS_fcntl, 1, F_SETFL, EPERM });
	return compat_is_own_file(fd, NOBODY) ? -3 : 0;
}

/* The same for a group of a user whose number is certain. */
static int be_uncertain_group(void)
{
	const uid_t user = 1234;

	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(user, user, user) < 0)
		return -EPERM;
	deny(&(struct denial){ SYS_openat, ANY, 0, ENOENT });
	return expect(compat_user_is_certain(user) && compat_is_own_process(1, user) &&
		      !compat_is_own_process_and_group(1, user, NOBODY) &&
		      compat_is_own_process_and_group(getpid(), user, NOBODY) &&
		      !compat_is_own_process_and_group(getpid(), user, 0));
}

/* Each of the six ids counts. */
START_TEST(all_ids_are_compared)
{
	static const uid_t users[][3] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } };

	harness_need_root();
	ck_assert(compat_has_ids(0, 0));
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(setresgid(users[i][0], users[i][1], users[i][2]), 0);
		ck_assert(!compat_has_ids(0, 0));
		ck_assert_int_eq(setresgid(0, 0, 0), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(setresuid(users[i][0], users[i][1], users[i][2]), 0);
		ck_assert(!compat_has_ids(0, 0));
		ck_assert_int_eq(setresuid(0, 0, 0), 0);
	}
	ck_assert(compat_has_ids(0, 0));
}
END_TEST

/* It has no standard output. */
static int find_no_stream(void)
{
	close(STDOUT_FILENO);
	return expect(compat_stream_of_path("./1", true) == -1);
}

/* Only a link of the kernel to this very file is a stream. */
START_TEST(other_files_are_no_streams)
{
	const char *path = harness_path("1");

	ck_assert_int_eq(compat_stream_of_path(path, true), -1);
	harness_write_file(path, "");
	ck_assert_int_eq(compat_stream_of_path(path, true), -1);
	ck_assert_int_eq(compat_stream_of_path(path, false), -1);
	ck_assert_int_eq(chdir(harness_directory()), 0);
	ck_assert_int_eq(run_denied(NULL, 0, find_no_stream), 0);
	ck_assert_int_eq(compat_stream_of_path("/dev/stdout", false), STDOUT_FILENO);
	ck_assert_int_eq(compat_stream_of_path("/proc/self/fd/2", false), STDERR_FILENO);
}
END_TEST

START_TEST(user_is_confirmed_by_kernel)
{
	harness_need_root();
	harness_need_filters();
	ck_assert_int_eq(chmod(harness_directory(), 0755), 0);
	ck_assert_int_eq(chdir(harness_directory()), 0);
	harness_write_file("file", "");
	ck_assert_int_eq(run_denied(NULL, 0, be_uncertain), 0);
	ck_assert_int_eq(run_denied(NULL, 0, be_uncertain_group), 0);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("compat");
	TCase *calls = harness_case(suite, "calls");
	TCase *values = harness_case(suite, "values");

	/* On 32-bit machines the C library uses other system calls for some functions. */
	if (sizeof(long) == 8)
		tcase_add_loop_test(calls, failed_calls_are_handled, 0, FAILURES);
	tcase_add_test(calls, highest_descriptor_is_found);
	tcase_add_test(calls, search_for_descriptors_has_a_limit);
	if (sizeof(long) == 8)
		tcase_add_test(calls, user_is_confirmed_by_kernel);
	tcase_add_test(values, all_ids_are_compared);
	tcase_add_test(values, other_files_are_no_streams);
	tcase_add_test(values, links_are_read);
	tcase_add_test(values, empty_range_closes_nothing);
	tcase_add_test(values, peer_is_the_creator_of_the_other_end);
	tcase_add_test(values, end_of_packets_is_recognized);
	tcase_add_test(values, locks_are_told_apart);
	tcase_add_test(values, codes_of_signals);
	tcase_add_test(values, rare_arguments);
	return harness_main(argc, argv, suite, NULL);
}
