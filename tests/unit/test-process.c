/* SPDX-License-Identifier: MIT */
/* Processes; each test runs with pidfds and on a system without them. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/process.h>

#include "compat/pidfd.h"
#include "compat/siginfo.h"
#include "process/credentials.h"
#include "process/process-internal.h"

#define NOBODY 65534
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

enum { WITH_PIDFD, WITHOUT_PIDFD, WITH_PIDFD_ONLY, VARIANTS };

/* Make a system call fail as in an older kernel, or as under the filter of a container. */
static void forbid(unsigned call, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		harness_skip("no seccomp filters here");
}

static void variant(int which)
{
	if (which == WITHOUT_PIDFD)
		forbid(SYS_pidfd_open, ENOSYS);
	/* A sandbox that permits one of the two calls. */
	if (which == WITH_PIDFD_ONLY)
		forbid(SYS_pidfd_send_signal, EPERM);
}

static void ignore(int signal)
{
	(void)signal;
}

/* A child that waits for a signal; it can ignore SIGTERM. */
static pid_t start(bool ignoring)
{
	int ready[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		/* Check has a handler for it. */
		signal(SIGTERM, ignoring ? SIG_IGN : SIG_DFL);
		if (write(ready[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static int reap(pid_t pid)
{
	int status;

	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	return status;
}

static void discard(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

static struct daemonkit_process *hold(pid_t pid)
{
	struct daemonkit_process *process = NULL;

	ck_assert_int_eq(daemonkit_process_open(pid, &process), 0);
	ck_assert_ptr_nonnull(process);
	ck_assert_int_eq(daemonkit_process_pid(process), pid);
	return process;
}

START_TEST(invalid_pids_are_refused)
{
	static pid_t wrong[] = { 0, -1, -2, INT_MIN };
	struct daemonkit_process *process = (void *)&wrong;

	variant(_i);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(daemonkit_process_open(wrong[i], &process), -EINVAL);
		ck_assert_ptr_eq(process, (void *)&wrong);
	}
	ck_assert_int_eq(daemonkit_process_open(INT_MAX, &process), -ESRCH);
	ck_assert_ptr_eq(process, (void *)&wrong);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "2147483647"));
}
END_TEST

/* Of a program that set it for its own change of user. */
START_TEST(capabilities_do_not_outlive_the_user)
{
	const struct credential nobody = { .uid = NOBODY, .gid = NOBODY };

	if (geteuid() != 0)
		harness_skip("only root can change the user");
	ck_assert_int_eq(prctl(PR_SET_KEEPCAPS, 1), 0);
	ck_assert_int_eq(credential_become(&nobody, false), 0);
	ck_assert_int_eq(prctl(PR_GET_KEEPCAPS), 0);
}
END_TEST

START_TEST(harmless_and_terminating_signals_need_no_handler)
{
	static const int allowed[] = { SIGCHLD, SIGCONT, SIGURG,  SIGWINCH, SIGSTOP,
				       SIGTSTP, SIGTTIN, SIGTTOU, SIGTERM,  SIGINT,
				       SIGQUIT, SIGABRT, SIGKILL };
	struct daemonkit_process *process = NULL;

	harness_need_kernel("dispositions in /proc/PID/status");
	for (int number = 1; number < SIGRTMIN; number++)
		if (number != SIGKILL && number != SIGSTOP)
			signal(number, _i ? SIG_IGN : SIG_DFL);
	ck_assert_int_eq(daemonkit_process_open(getpid(), &process), 0);
	for (int number = 1; number < 32; number++) {
		int expected = -ENOTSUP;

		for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
			if (allowed[i] == number)
				expected = 0;
		ck_assert_int_eq(process_check_effect(process, number), expected);
	}
	daemonkit_process_free(process);
}
END_TEST

START_TEST(null_is_refused)
{
	HARNESS_REFUSES_NULL(daemonkit_process_open(1, NULL));
	HARNESS_REFUSES_NULL(daemonkit_process_pid(NULL));
	HARNESS_REFUSES_NULL(daemonkit_process_fd(NULL));
	HARNESS_REFUSES_NULL(daemonkit_process_signal(NULL, SIGTERM));
	HARNESS_REFUSES_NULL(daemonkit_process_alive(NULL));
	HARNESS_REFUSES_NULL(daemonkit_process_wait(NULL, 0));
	HARNESS_REFUSES_NULL(daemonkit_process_stop(NULL, 0, 0));
	HARNESS_REFUSES_NULL(daemonkit_process_request(NULL, SIGHUP, 0, NULL, NULL));
	ck_assert_ptr_null(daemonkit_process_free(NULL));
}
END_TEST

/* A second object for the same process; without a descriptor it cannot be made. */
START_TEST(process_is_duplicated)
{
	struct daemonkit_process *process = hold(getpid()), *copy = NULL;
	struct rlimit limit;
	int pidfd = daemonkit_process_fd(process);

	ck_assert_int_eq(process_duplicate(&copy, process), 0);
	ck_assert_int_eq(daemonkit_process_pid(copy), getpid());
	ck_assert_int_eq(daemonkit_process_alive(copy), 1);
	daemonkit_process_free(copy);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	copy = NULL;
	ck_assert_int_eq(process_duplicate(&copy, process) < 0, pidfd >= 0);
	daemonkit_process_free(copy);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	daemonkit_process_free(process);
}
END_TEST

/* A signal with the cookie 0 is one of kill(2). */
START_TEST(signal_without_cookie_has_no_value)
{
	struct daemonkit_process *process = hold(getpid());
	sigset_t set;
	siginfo_t info;

	variant(_i);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	ck_assert_int_eq(process_queue(process, SIGUSR1, 0), 0);
	ck_assert_int_eq(sigwaitinfo(&set, &info), SIGUSR1);
	ck_assert_int_eq(info.si_code, SI_USER);
	ck_assert_uint_eq(compat_signal_get_cookie(&info), 0);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(a_reaped_child_is_not_found)
{
	struct daemonkit_process *process = NULL;
	pid_t pid = start(false);

	variant(_i);
	discard(pid);
	ck_assert_int_eq(daemonkit_process_open(pid, &process), -ESRCH);
	ck_assert_ptr_null(process);
}
END_TEST

START_TEST(signals_out_of_range_are_refused)
{
	static int wrong[] = { 0, -1, -SIGKILL, INT_MIN, INT_MAX, 0 };
	struct daemonkit_process *process;
	pid_t pid;

	harness_need_kernel("the last real-time signals");
	/* Not under valgrind, which uses the last signal itself. */
	pid = start(false);
	variant(_i);
	wrong[5] = SIGRTMAX + 1;
	process = hold(pid);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ck_assert_int_eq(daemonkit_process_signal(process, wrong[i]), -EINVAL);
	ck_assert_int_eq(daemonkit_process_alive(process), 1);
	ck_assert_int_eq(daemonkit_process_signal(process, SIGRTMAX), 0);
	ck_assert_int_eq(WTERMSIG(reap(pid)), SIGRTMAX);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(a_zombie_is_not_alive)
{
	struct daemonkit_process *process, *late;
	pid_t pid = start(false);

	variant(_i);
	process = hold(pid);
	ck_assert_int_eq(daemonkit_process_alive(process), 1);
	ck_assert_int_eq(daemonkit_process_wait(process, 0), -ETIMEDOUT);
	ck_assert_int_eq(daemonkit_process_signal(process, SIGKILL), 0);
	ck_assert_int_eq(daemonkit_process_wait(process, harness_scaled(HARNESS_SOON)), 0);
	late = hold(pid);
	for (int reaped = 0; reaped < 2; reaped++) {
		ck_assert_int_eq(daemonkit_process_alive(process), 0);
		ck_assert_int_eq(daemonkit_process_alive(late), 0);
		ck_assert_int_eq(daemonkit_process_signal(process, SIGTERM), -ESRCH);
		ck_assert_int_eq(daemonkit_process_stop(process, 0, DAEMONKIT_NEVER), -ESRCH);
		ck_assert_int_eq(daemonkit_process_wait(process, -1), 0);
		if (!reaped)
			ck_assert_int_eq(WTERMSIG(reap(pid)), SIGKILL);
	}
	daemonkit_process_free(process);
	daemonkit_process_free(late);
}
END_TEST

static void *stay(void *ready)
{
	if (write((int)(intptr_t)ready, "", 1) == 1)
		for (;;)
			pause();
	return NULL;
}

START_TEST(process_is_alive_while_any_thread_is)
{
	struct daemonkit_process *process;
	char path[64], byte;
	int ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, stay, (void *)(intptr_t)ready[1]);
		pthread_exit(NULL);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	ck_assert(harness_wait_text(path, ") Z ", HARNESS_SOON));
	variant(_i);
	process = hold(pid);
	ck_assert_int_eq(daemonkit_process_alive(process), 1);
	ck_assert_int_eq(daemonkit_process_wait(process, 20), -ETIMEDOUT);
	discard(pid);
	ck_assert_int_eq(daemonkit_process_alive(process), 0);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(any_process_can_be_waited_for)
{
	struct daemonkit_process *process;
	int hold_on[2], name[2];
	pid_t child, grandchild;
	char byte;

	ck_assert_int_eq(pipe2(hold_on, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(name, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		grandchild = fork();
		if (grandchild == 0) {
			close(hold_on[1]);
			_exit(read(hold_on[0], &byte, 1) == 0 ? 0 : 1);
		}
		_exit(write(name[1], &grandchild, sizeof grandchild) > 0 ? 0 : 1);
	}
	ck_assert_int_eq(read(name[0], &grandchild, sizeof grandchild), sizeof grandchild);
	ck_assert_int_eq(reap(child), 0);
	variant(_i);
	process = hold(grandchild);
	ck_assert_int_eq(daemonkit_process_wait(process, 20), -ETIMEDOUT);
	close(hold_on[1]);
	ck_assert_int_eq(daemonkit_process_wait(process, -1), 0);
	daemonkit_process_free(process);
	close(hold_on[0]);
	close(name[0]);
	close(name[1]);
}
END_TEST

START_TEST(signal_handlers_do_not_end_a_wait)
{
	struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = ignore };
	struct daemonkit_process *process;
	pid_t pid = start(false);
	int64_t before;

	variant(_i);
	process = hold(pid);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	before = harness_now();
	ck_assert_int_eq(daemonkit_process_wait(process, 100), -ETIMEDOUT);
	ck_assert_int_ge(harness_now() - before, 99);
	setitimer(ITIMER_REAL, &never, NULL);
	discard(pid);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(stop_sends_sigterm)
{
	struct daemonkit_process *process;
	pid_t pid = start(false);

	variant(_i);
	process = hold(pid);
	ck_assert_int_eq(daemonkit_process_stop(process, DAEMONKIT_FOREVER, DAEMONKIT_NEVER), 0);
	ck_assert_int_eq(WTERMSIG(reap(pid)), SIGTERM);
	ck_assert_int_eq(daemonkit_process_stop(process, -1, -1), -ESRCH);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(stop_kills_only_if_requested)
{
	struct daemonkit_process *process;
	pid_t pid = start(true);

	variant(_i);
	process = hold(pid);
	ck_assert_int_eq(daemonkit_process_stop(process, 30, DAEMONKIT_NEVER), -ETIMEDOUT);
	ck_assert_int_eq(daemonkit_process_alive(process), 1);
	ck_assert_int_eq(daemonkit_process_stop(process, 30, harness_scaled(HARNESS_SOON)), 0);
	ck_assert_int_eq(WTERMSIG(reap(pid)), SIGKILL);
	daemonkit_process_free(process);
}
END_TEST

/* A timeout of 0 does not wait: SIGKILL has been sent. */
START_TEST(stop_with_timeout_0_does_not_wait)
{
	struct daemonkit_process *process;
	pid_t pid = start(true);
	int result;

	variant(_i);
	process = hold(pid);
	result = daemonkit_process_stop(process, 0, 0);
	ck_assert_msg(result == -ETIMEDOUT || result == 0, "%d", result);
	ck_assert_int_eq(daemonkit_process_wait(process, harness_scaled(HARNESS_SOON)), 0);
	ck_assert_int_eq(WTERMSIG(reap(pid)), SIGKILL);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(success_leaves_the_error_text)
{
	struct daemonkit_process *process = NULL;
	pid_t pid = start(true);
	char *text;

	variant(_i);
	ck_assert_int_eq(daemonkit_process_open(-5, &process), -EINVAL);
	text = strdup(daemonkit_error());
	process = hold(pid);
	ck_assert_int_eq(daemonkit_process_stop(process, 1, -1), 0);
	ck_assert_str_eq(daemonkit_error(), text);
	free(text);
	reap(pid);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(unprivileged_user_is_refused)
{
	pid_t pid, victim;

	harness_need_root();
	victim = start(false);
	pid = fork();
	if (pid == 0) {
		struct daemonkit_process *process = NULL;

		variant(_i);
		_exit(setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
				      setresuid(NOBODY, NOBODY, NOBODY) != 0
			      ? 1
		      : daemonkit_process_open(victim, &process) != 0        ? 2
		      : daemonkit_process_signal(process, SIGTERM) != -EPERM ? 3
		      : daemonkit_process_stop(process, -1, -1) != -EPERM    ? 4
		      : daemonkit_process_alive(process) != 1                ? 5
		      : daemonkit_process_wait(process, 0) != -ETIMEDOUT     ? 6
									     : 0);
	}
	ck_assert_int_eq(reap(pid), 0);
	discard(victim);
}
END_TEST

START_TEST(descriptor_is_readable_after_exit)
{
	struct daemonkit_process *process;
	struct pollfd end = { .events = POLLIN };
	pid_t pid;

	pid = start(false);
	variant(_i);
	process = hold(pid);
	end.fd = daemonkit_process_fd(process);
	if (_i == WITHOUT_PIDFD || !harness_has_pidfds()) {
		ck_assert_int_eq(end.fd, -ENOTSUP);
	} else {
		ck_assert_int_ge(end.fd, 0);
		ck_assert_int_eq(fcntl(end.fd, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(poll(&end, 1, 0), 0);
		ck_assert_int_eq(daemonkit_process_signal(process, SIGKILL), 0);
		ck_assert(harness_wait_readable(end.fd, HARNESS_SOON));
		reap(pid);
		ck_assert_int_eq(poll(&end, 1, 0), 1);
		pid = -1;
	}
	if (pid > 0)
		discard(pid);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(eperm_of_seccomp_filter_means_no_pidfds)
{
	struct daemonkit_process *process;
	pid_t pid = start(false);

	forbid(SYS_pidfd_open, EPERM);
	process = hold(pid);
	ck_assert_int_eq(daemonkit_process_fd(process), -ENOTSUP);
	ck_assert_int_eq(daemonkit_process_stop(process, DAEMONKIT_FOREVER, DAEMONKIT_NEVER), 0);
	reap(pid);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(request_signal_is_sent)
{
	pid_t pid = start(false);
	struct daemonkit_process *process = hold(pid);
	int status;

	variant(_i);
	ck_assert_int_eq(process_queue(process, SIGTERM, compat_signal_cookie(5)), 0);
	status = reap(pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGTERM);
	ck_assert_int_eq(process_queue(process, SIGTERM, compat_signal_cookie(6)), -ESRCH);
	daemonkit_process_free(process);
}
END_TEST

/* Only pidfd_send_signal(2) is forbidden; an error of the kernel itself is reported. */
START_TEST(seccomp_filter_of_pidfd_send_signal_is_handled)
{
	static const int errors[] = { EPERM, EACCES, ENOSYS };
	pid_t pid = start(false);
	struct daemonkit_process *process = hold(pid);

	harness_need_root();
	forbid(SYS_pidfd_send_signal, errors[_i]);
	ck_assert_int_eq(setresuid(NOBODY, NOBODY, 0), 0);
	ck_assert_int_eq(daemonkit_process_signal(process, SIGTERM), -EPERM);
	ck_assert_int_eq(setresuid(0, 0, 0), 0);
	ck_assert_int_eq(daemonkit_process_signal(process, SIGTERM), 0);
	ck_assert_int_eq(WTERMSIG(reap(pid)), SIGTERM);
	daemonkit_process_free(process);
}
END_TEST

/* Make the next process of this pid namespace get this pid. */
static bool choose_next(pid_t pid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	char text[32];
	int length = snprintf(text, sizeof text, "%d", (int)pid - 1);
	bool done = fd >= 0 && write(fd, text, (size_t)length) == length;

	close(fd);
	return done;
}

/* Runs as pid 1 of a namespace; the exit status is the number of the failed step. */
static int reuse(int which)
{
	struct daemonkit_process *process;
	struct timespec tick = { 0, 30000000 };
	pid_t first, second;
	int status, failed;

	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) != 0)
		return 77;
	variant(which);
	first = start(false);
	process = hold(first);
	kill(first, SIGKILL);
	waitpid(first, &status, 0);
	nanosleep(&tick, NULL); /* start times have a resolution of 10 ms */
	if (!choose_next(first))
		return 77;
	second = start(false);
	failed = second != first                                        ? 1
		 : daemonkit_process_alive(process) != 0                ? 2
		 : daemonkit_process_signal(process, SIGKILL) != -ESRCH ? 3
		 : daemonkit_process_stop(process, 0, -1) != -ESRCH     ? 4
		 : daemonkit_process_wait(process, 0) != 0              ? 5
		 : waitpid(second, &status, WNOHANG) != 0               ? 6
									: 0;
	daemonkit_process_free(process);
	return failed;
}

START_TEST(a_reused_pid_is_another_process)
{
	pid_t pid;
	int status;

	harness_need_root();
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0)
			_exit(77);
		pid = fork();
		if (pid == 0)
			_exit(reuse(_i));
		waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	}
	status = reap(pid);
	if (WEXITSTATUS(status) == 77)
		harness_skip("no pid namespaces here");
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(status_of_reaped_process_is_known)
{
	int status = -1, pidfd;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		_exit(42);
	pidfd = compat_pidfd_open(pid);
	ck_assert_int_ge(pidfd, 0);
	ck_assert_int_eq(WEXITSTATUS(reap(pid)), 42);
	if (compat_pidfd_exit_status(pidfd, &status) == -ENOTSUP) {
		close(pidfd);
		harness_skip("the kernel does not report it");
	}
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 42);
	close(pidfd);
	pid = start(false);
	pidfd = compat_pidfd_open(pid);
	ck_assert_int_eq(compat_pidfd_exit_status(pidfd, &status), -EAGAIN);
	discard(pid);
	ck_assert_int_eq(compat_pidfd_exit_status(pidfd, &status), 0);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	close(pidfd);
}
END_TEST

/* Exit codes of a process whose clocks are ahead of the others. */
static int act_ahead(pid_t victim, struct daemonkit_process **process)
{
	if (daemonkit_process_open(victim, process) != 0)
		return 1;
	if (process_age(*process) < 0 || process_age(*process) > 3600)
		return 2;
	if (daemonkit_process_wait(*process, 30) != -ETIMEDOUT)
		return 3;
	if (daemonkit_process_stop(*process, 30, DAEMONKIT_NEVER) != -ETIMEDOUT)
		return 4;
	return daemonkit_process_stop(*process, 0, harness_scaled(HARNESS_SOON)) == 0 ? 0 : 5;
}

static int enter_time_namespace(void)
{
	static const char offsets[] = "monotonic 500000 0\nboottime 100000 0\n";
	int fd, result;

	if (unshare(CLONE_NEWTIME) < 0)
		return -errno;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	result = write(fd, offsets, strlen(offsets)) == (ssize_t)strlen(offsets) ? 0 : -errno;
	close(fd);
	return result;
}

/* The clocks of a container that was moved from another machine. */
START_TEST(clocks_may_be_those_of_a_time_namespace)
{
	pid_t victim, pid;
	int status;

	harness_need_root();
	victim = start(true);
	pid = fork();
	if (pid == 0) {
		struct daemonkit_process *process = NULL;

		if (enter_time_namespace() < 0)
			_exit(77);
		/* Its children are in the namespace. */
		pid = fork();
		if (pid == 0) {
			status = act_ahead(victim, &process);
			daemonkit_process_free(process);
			_exit(status);
		}
		_exit(WEXITSTATUS(reap(pid)));
	}
	status = reap(pid);
	discard(victim);
	if (status == 77 << 8)
		harness_skip("no time namespaces here");
	ck_assert_int_eq(status, 0);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("process");
	TCase *both = harness_case(suite, "with and without pidfds");
	TCase *stop = harness_case(suite, "stop");
	TCase *others = harness_case(suite, "others");

	tcase_add_loop_test(both, invalid_pids_are_refused, 0, VARIANTS);
	tcase_add_test(both, process_is_duplicated);
	tcase_add_loop_test(both, signal_without_cookie_has_no_value, 0, VARIANTS);
	tcase_add_loop_test(both, a_reaped_child_is_not_found, 0, VARIANTS);
	if (!harness_is_under_valgrind())
		tcase_add_loop_test(both, signals_out_of_range_are_refused, 0, VARIANTS);
	tcase_add_loop_test(both, a_zombie_is_not_alive, 0, VARIANTS);
	tcase_add_loop_test(both, process_is_alive_while_any_thread_is, 0, VARIANTS);
	tcase_add_loop_test(both, any_process_can_be_waited_for, 0, VARIANTS);
	tcase_add_loop_test(both, signal_handlers_do_not_end_a_wait, 0, VARIANTS);
	tcase_add_loop_test(stop, stop_sends_sigterm, 0, VARIANTS);
	tcase_add_loop_test(stop, stop_kills_only_if_requested, 0, VARIANTS);
	tcase_add_loop_test(stop, stop_with_timeout_0_does_not_wait, 0, VARIANTS);
	tcase_add_loop_test(both, success_leaves_the_error_text, 0, VARIANTS);
	tcase_add_loop_test(both, unprivileged_user_is_refused, 0, VARIANTS);
	tcase_add_loop_test(both, descriptor_is_readable_after_exit, 0, VARIANTS);
	if (harness_has_linux_api())
		tcase_add_loop_test(both, a_reused_pid_is_another_process, 0, VARIANTS);
	tcase_add_test(others, null_is_refused);
	if (harness_has_linux_api()) {
		tcase_add_test(others, capabilities_do_not_outlive_the_user);
		/* valgrind handles every signal itself. */
		if (!harness_is_under_valgrind())
			tcase_add_loop_test(others,
					    harmless_and_terminating_signals_need_no_handler, 0, 2);
	}
	tcase_add_loop_test(both, request_signal_is_sent, 0, VARIANTS);
	if (harness_has_pidfds())
		tcase_add_loop_test(others, seccomp_filter_of_pidfd_send_signal_is_handled, 0, 3);
	tcase_add_test(others, eperm_of_seccomp_filter_means_no_pidfds);
	if (harness_has_pidfds())
		tcase_add_test(others, status_of_reaped_process_is_known);
	if (harness_has_linux_api())
		tcase_add_test(others, clocks_may_be_those_of_a_time_namespace);
	return harness_main(argc, argv, suite, NULL);
}
