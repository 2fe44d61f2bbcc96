/* SPDX-License-Identifier: MIT */
/*
 * Create a child in a new session without copying page tables or the descriptor table.
 *
 * There are two vfork-like clones.  The first child leads a new session and creates the
 * second, which is therefore not a session leader.  With CLONE_PARENT the second is still
 * a child of the calling process, which thus learns its exit status.  The first child has
 * no exit signal: the program sees neither SIGCHLD nor, in waitpid(-1), an unknown child.
 * A sibling needs only the second clone.
 *
 * Thread-safe: only the calling thread is suspended.
 */
#include "compat/clone.h"

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>

/* Convert the result of waitid(2) to a status of waitpid(2). */
static int to_wait_status(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (info->si_status & 0xff) << 8;
	return info->si_status | (info->si_code == CLD_DUMPED ? 0x80 : 0);
}

#ifdef COMPAT_LINUX
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cancel.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
/* Since Linux 5.4; some C libraries define it as an enumeration constant. */
#define BY_PIDFD ((idtype_t)3)

#define STACK_SIZE ((size_t)64 * 1024)
#define SHARED (CLONE_VM | CLONE_VFORK | CLONE_FILES)

/*
 * Emulators (qemu-user, valgrind) do not support such clones, and not all of them return
 * an error.  None of them has clone3(2), which real kernels have since 5.3.  Calling it
 * with a size of 0 detects it without any effect.
 */
bool compat_can_spawn(void)
{
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL;
}

struct call {
	int (*function)(void *data);
	void *data;
	char *stack;
	struct compat_spawned *spawned;
	bool sibling;
	int error;
};

/* Stacks grow down on all Linux architectures but one, which is not in use. */
static void spawn_sibling(struct call *call)
{
	call->spawned->pid = clone(call->function, call->stack + STACK_SIZE,
				   SHARED | CLONE_PARENT | CLONE_PIDFD, call->data,
				   &call->spawned->pidfd);
	if (call->spawned->pid < 0)
		call->error = -errno;
}

static int start_session(void *data)
{
	setsid();
	spawn_sibling(data);
	return 0;
}

static int spawn_child(char *stack, struct call *call)
{
	pid_t leader = clone(start_session, stack, SHARED, call);

	if (leader < 0)
		return -errno;
	while (waitpid(leader, NULL, __WALL) < 0 && errno == EINTR)
		;
	return 0;
}

/*
 * Block every signal, including those reserved by the C library: none of the program's
 * handlers may run in the child, in the program's memory.  sigprocmask(2) by way of the C
 * library would omit two.
 */
struct kernel_sigset {
	unsigned char bits[_NSIG / 8];
};

static void block_all_signals(struct kernel_sigset *old)
{
	struct kernel_sigset all;

	memset(&all, 0xff, sizeof all);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, old, sizeof all);
}

static void restore_signals(const struct kernel_sigset *old)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, old, NULL, sizeof *old);
}

static int spawn_on(char *stacks, struct call *call)
{
	DISABLE_CANCELLATION; /* also in the child, which shares the thread's memory */
	int error = 0;
	struct kernel_sigset mask;

	block_all_signals(&mask);
	if (call->sibling)
		spawn_sibling(call);
	else
		error = spawn_child(stacks + STACK_SIZE, call);
	restore_signals(&mask);
	return error < 0 ? error : call->error;
}

int compat_spawn(int (*function)(void *data), void *data, bool sibling,
		 struct compat_spawned *spawned)
{
	int saved = errno, error;
	struct call call = {
		.function = function,
		.data = data,
		.sibling = sibling,
		.spawned = spawned,
	};
	char *stacks = mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stacks == MAP_FAILED)
		return -errno;
	*spawned = (struct compat_spawned){ .pid = -1, .pidfd = -1 };
	call.stack = stacks + STACK_SIZE;
	error = spawn_on(stacks, &call);
	munmap(stacks, 2 * STACK_SIZE);
	if (error == 0 && spawned->pid < 0)
		error = -ECHILD; /* the session leader was killed */
	errno = saved;
	return error;
}

pid_t compat_reap(pid_t pid, int pidfd, int *status)
{
	siginfo_t info = { .si_pid = 0 };

	if (pidfd < 0)
		return waitpid(pid, status, __WALL);
	if (waitid(BY_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0)
		return errno == ECHILD || errno == EINTR ? -1 : waitpid(pid, status, __WALL);
	*status = to_wait_status(&info);
	return info.si_pid;
}

pid_t compat_read_status(pid_t pid, int pidfd, int *status)
{
	siginfo_t info = { .si_pid = 0 };
	int how = WEXITED | WNOHANG | WNOWAIT | __WALL;
	int result = pidfd < 0 ? -1 : waitid(BY_PIDFD, (id_t)pidfd, &info, how);

	/* If it is no longer our child, the pid may belong to another process. */
	if (pidfd < 0 || (result < 0 && errno != ECHILD))
		result = waitid(P_PID, (id_t)pid, &info, how);
	if (result < 0)
		return -1;
	if (info.si_pid != 0)
		*status = to_wait_status(&info);
	return info.si_pid;
}
#else
bool compat_can_spawn(void)
{
	return false;
}

int compat_spawn(int (*function)(void *data), void *data, bool sibling,
		 struct compat_spawned *spawned)
{
	(void)function;
	(void)data;
	(void)sibling;
	(void)spawned;
	return -ENOSYS;
}

pid_t compat_reap(pid_t pid, int pidfd, int *status)
{
	(void)pidfd;
	return waitpid(pid, status, 0);
}

pid_t compat_read_status(pid_t pid, int pidfd, int *status)
{
	siginfo_t info = { .si_pid = 0 };

	(void)pidfd;
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return -1;
	if (info.si_pid != 0)
		*status = to_wait_status(&info);
	return info.si_pid;
}
#endif
