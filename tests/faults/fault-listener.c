/* SPDX-License-Identifier: MIT */
/*
 * A process whose system calls another one answers, with a seccomp filter.
 * Not thread-safe.
 */
#include "faults/fault-listener.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOT_YET (-2)

static atomic_int *listener_of_child;

bool fault_listener_begin(void)
{
	listener_of_child = mmap(NULL, sizeof *listener_of_child, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return listener_of_child != MAP_FAILED;
}

void fault_listener_reset(void)
{
	atomic_store(listener_of_child, NOT_YET);
}

void fault_listener_install(void)
{
	struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF) };
	struct sock_fprog program = { .len = 1, .filter = all };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/*
	 * From the filter on, every call waits for an answer: the parent reads the listener
	 * from shared memory.
	 */
	atomic_store(listener_of_child, (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
						     SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

int fault_listener_get(pid_t child)
{
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0), fd;
	const struct timespec moment = { .tv_nsec = 20000 };

	while ((fd = atomic_load(listener_of_child)) == NOT_YET)
		nanosleep(&moment, NULL);
	fd = fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return fd;
}
