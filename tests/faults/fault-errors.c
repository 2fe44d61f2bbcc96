/* SPDX-License-Identifier: MIT */
/*
 * The errors that a system call can return: those of its manual page, and those of a sandbox or
 * an older kernel.
 * Thread-safe.
 */
#include "faults/fault-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#define MOST 8

struct call {
	long number;
	int errors[MOST]; /* terminated by 0 */
};

static const struct call calls[] = {
#ifdef SYS_open
	{ SYS_open, { EMFILE, EACCES, ENOENT, EIO, EINTR } },
#endif
	{ SYS_openat, { EMFILE, ENOMEM, EACCES, ENOENT, ENOSPC, EROFS, EINTR, EOPNOTSUPP } },
	{ SYS_read, { EIO, EINTR, ESTALE } },
	{ SYS_pread64, { EIO, EINTR, ESTALE } },
	{ SYS_write, { ENOSPC, EIO, EINTR } },
	{ SYS_fstat, { ENOMEM } },
	{ SYS_newfstatat, { EACCES, EIO, ENOENT, ESTALE } },
#ifdef SYS_stat
	{ SYS_stat, { EACCES, EIO } },
	{ SYS_lstat, { EACCES, EIO } },
#endif
	{ SYS_mmap, { ENOMEM } },
	{ SYS_mprotect, { ENOMEM } },
	{ SYS_clone, { EAGAIN, ENOMEM, ENOSYS, EPERM } },
#ifdef SYS_fork
	{ SYS_fork, { EAGAIN, ENOMEM } },
	{ SYS_vfork, { EAGAIN, ENOMEM } },
#endif
	{ SYS_clone3, { EAGAIN, ENOSYS, EPERM } },
	{ SYS_execve, { ENOENT, EACCES, ENOMEM, ETXTBSY, E2BIG } },
	{ SYS_socket, { EMFILE, ENOBUFS, EACCES, EAFNOSUPPORT } },
	{ SYS_socketpair, { EMFILE, ENOMEM, EPERM } },
	{ SYS_bind, { EADDRINUSE, ENOMEM, EACCES } },
	{ SYS_listen, { EADDRINUSE } },
	{ SYS_getsockname, { ENOBUFS } },
	{ SYS_connect, { EAGAIN, ECONNREFUSED, EPERM } },
	{ SYS_accept4, { EMFILE, EINTR, ECONNABORTED, ENOMEM } },
	{ SYS_getsockopt, { ENOMEM } },
	{ SYS_sendto, { EAGAIN, ENOBUFS, ENOMEM, EINTR } },
	{ SYS_recvfrom, { EINTR, ENOMEM } },
	{ SYS_sendmsg, { EAGAIN, ENOBUFS, ENOMEM, EINTR } },
	{ SYS_recvmsg, { EINTR, ENOMEM } },
#ifdef SYS_poll
	{ SYS_poll, { EINTR, ENOMEM } },
#endif
	{ SYS_ppoll, { EINTR, ENOMEM } },
	{ SYS_pselect6, { EINTR, ENOMEM } },
	{ SYS_waitid, { EINTR } },
	{ SYS_wait4, { EINTR } },
	{ SYS_pidfd_open, { ENOSYS, EMFILE, EPERM } },
	{ SYS_pidfd_send_signal, { EPERM } },
	{ SYS_close_range, { ENOSYS, EPERM, ENOMEM, EMFILE } },
	{ SYS_unlinkat, { EACCES, EIO, EROFS, EBUSY } },
	{ SYS_linkat, { EACCES, EPERM, ENOSPC, EIO, ENOENT } },
	{ SYS_fchmod, { EPERM, EIO, EROFS } },
	{ SYS_ftruncate, { EIO, EINTR } },
#ifdef SYS_dup2
	{ SYS_dup2, { EMFILE, EINTR } },
#endif
	{ SYS_dup3, { EMFILE, EINTR } },
	{ SYS_pipe2, { EMFILE, ENFILE } },
	{ SYS_setsid, { EPERM } },
	{ SYS_chdir, { EACCES, ENOENT } },
	{ SYS_fchdir, { EACCES, EIO } },
	{ SYS_lseek, { EIO } },
	{ SYS_chroot, { EPERM, EACCES } },
	{ SYS_setgroups, { EPERM, ENOMEM } },
	{ SYS_setresuid, { EPERM, EAGAIN } },
	{ SYS_setresgid, { EPERM } },
	{ SYS_getgroups, { EPERM } },
#ifdef SYS_readlink
	{ SYS_readlink, { EACCES, ENOENT } },
#endif
	{ SYS_readlinkat, { EACCES, ENOENT } },
	{ SYS_getdents64, { EIO, ENOENT } },
	{ SYS_prctl, { EINVAL, EPERM } },
	{ SYS_capget, { EPERM } },
	{ SYS_capset, { EPERM } },
	{ SYS_epoll_create1, { EMFILE, ENOMEM } },
	{ SYS_epoll_ctl, { ENOMEM, ENOSPC } },
	{ SYS_timerfd_create, { EMFILE, ENOMEM } },
	{ SYS_timerfd_settime, { EINVAL } },
	{ SYS_prlimit64, { EPERM } },
	{ SYS_setpriority, { EACCES, EPERM } },
	{ SYS_sched_setscheduler, { EPERM } },
	{ SYS_sched_getscheduler, { EPERM } },
	{ SYS_sched_getparam, { EPERM } },
	{ SYS_fstatfs, { EIO, ENOSYS } },
	{ SYS_flock, { ENOLCK } },
	{ SYS_ioctl, { ENOTTY } },
	{ SYS_rt_sigqueueinfo, { EAGAIN, EPERM } },
	{ SYS_getcwd, { ENOENT, EACCES } },
	{ SYS_getrandom, { ENOSYS } },
};

static const struct call none = { 0, { 0 } };
static const struct call duplicate = { SYS_fcntl, { EMFILE } };
static const struct call lock = { SYS_fcntl, { ENOLCK, EINVAL, EINTR, EAGAIN, EACCES } };
static const struct call flags = { SYS_fcntl, { EPERM } };

static const struct call *find(long number, const __u64 *arguments)
{
	/* The library never waits for a lock; what counts the executed lines does. */
	if (number == SYS_fcntl && arguments != NULL && arguments[1] == F_SETLKW)
		return &none;
	if (number == SYS_fcntl) {
		if (arguments == NULL || arguments[1] == F_SETLK || arguments[1] == F_GETLK ||
		    arguments[1] == F_OFD_SETLK || arguments[1] == F_OFD_GETLK)
			return &lock;
		return arguments[1] == F_DUPFD_CLOEXEC || arguments[1] == F_DUPFD ? &duplicate
										  : &flags;
	}
	/* A wakeup byte is written to a pipe, which can only be full. */
	if (number == SYS_write && arguments != NULL && arguments[2] == 1)
		return &none;
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

const int *fault_errors(long number, const __u64 *arguments, size_t *count)
{
	const struct call *call = find(number, arguments);

	*count = 0;
	if (call == NULL)
		return NULL;
	while (*count < MOST && call->errors[*count] != 0)
		(*count)++;
	return call->errors;
}
