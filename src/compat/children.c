/* SPDX-License-Identifier: MIT */
/*
 * waitid(2), Linux's __WNOTHREAD, and its list of a thread's children.
 * Thread-safe.
 */
#include "compat/children.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef COMPAT_LINUX
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/fd.h"

static bool is_main_thread(void)
{
	return syscall(SYS_gettid) == getpid();
}

static bool is_subreaper(void)
{
	int is = 0;

	return prctl(PR_GET_CHILD_SUBREAPER, &is, 0, 0, 0) == 0 && is != 0;
}

/* Children of other threads are not visible; compat_children_exited() handles that. */
static int child_is_visible(void)
{
	return is_main_thread() ? __WNOTHREAD : 0;
}

struct list {
	void (*visit)(pid_t child, void *data);
	void *data;
	pid_t pid; /* the digits read so far */
};

static void visit_children(struct list *list, const char *text, ssize_t length)
{
	for (ssize_t i = 0; i < length; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			list->pid = list->pid * 10 + (text[i] - '0');
		} else if (list->pid > 0) {
			list->visit(list->pid, list->data);
			list->pid = 0;
		}
	}
}

int compat_children_each(void (*visit)(pid_t child, void *data), void *data)
{
	struct list list = { visit, data, 0 };
	char path[64], text[4096];
	ssize_t length;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
	fd = fd_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd == -ENOENT ? -ENOTSUP : fd;
	do {
		length = fd_read(fd, text, sizeof text);
		visit_children(&list, text, length);
	} while (length > 0);
	fd_close(fd);
	return (int)length;
}

#else

static bool is_main_thread(void)
{
	return true; /* correct for this purpose: children belong to the process */
}

static bool is_subreaper(void)
{
	return false;
}

static int child_is_visible(void)
{
	return 0;
}

int compat_children_each(void (*visit)(pid_t child, void *data), void *data)
{
	(void)visit;
	(void)data;
	return -ENOTSUP;
}

#endif

bool compat_children_adopts(void)
{
	return getpid() == 1 || is_subreaper();
}

static pid_t probe_children(idtype_t type, pid_t child, int options)
{
	siginfo_t info = { .si_pid = 0 };

	while (waitid(type, (id_t)child, &info, WEXITED | WNOHANG | options) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return info.si_pid;
}

pid_t compat_children_exited(void)
{
	pid_t child;

	if (!is_main_thread())
		return -ENOTSUP;
	child = probe_children(P_ALL, 0, WNOWAIT | child_is_visible());
	return child == -ECHILD ? 0 : child;
}

bool compat_children_has_exited(pid_t child)
{
	return probe_children(P_PID, child, WNOWAIT | child_is_visible()) == child;
}

bool compat_children_reap(pid_t child)
{
	pid_t result = probe_children(P_PID, child, child_is_visible());

	return result == child || result == -ECHILD;
}
