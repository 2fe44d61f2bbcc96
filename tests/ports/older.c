/* SPDX-License-Identifier: MIT */
/*
 * older WHAT PROGRAM [ARGUMENT...]: execute a program as on an older kernel, without pidfd,
 * close_range, ofd-locks or openat2 (several of them, separated by commas): each call fails as
 * on kernels that lack it.
 *
 * older WHAT: report for each of the four whether it is available; fail if that is not as
 * expected.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLONE_PIDFD_FLAG 0x1000U
#define P_PIDFD_TYPE 3U
#define ANY_ARGUMENT (-1)

/* A call, or a call with this argument, or with these bits in the argument. */
struct denial {
	const char *what;
	unsigned call;
	int error;
	int argument; /* index of the argument */
	unsigned value;
	bool bits;
};

static const struct denial denials[] = {
	{ "pidfd", SYS_pidfd_open, ENOSYS, ANY_ARGUMENT, 0, false },
	{ "pidfd", SYS_pidfd_send_signal, ENOSYS, ANY_ARGUMENT, 0, false },
	{ "pidfd", SYS_pidfd_getfd, ENOSYS, ANY_ARGUMENT, 0, false },
	/* The flags of clone3(2) are in memory; it is no older than the latest of the others. */
	{ "pidfd", SYS_clone3, ENOSYS, ANY_ARGUMENT, 0, false },
	{ "pidfd", SYS_clone, EINVAL, 0, CLONE_PIDFD_FLAG, true },
	{ "pidfd", SYS_waitid, EINVAL, 0, P_PIDFD_TYPE, false },
	{ "close_range", SYS_close_range, ENOSYS, ANY_ARGUMENT, 0, false },
	{ "ofd-locks", SYS_fcntl, EINVAL, 1, F_OFD_GETLK, false },
	{ "ofd-locks", SYS_fcntl, EINVAL, 1, F_OFD_SETLK, false },
	{ "ofd-locks", SYS_fcntl, EINVAL, 1, F_OFD_SETLKW, false },
	{ "openat2", SYS_openat2, ENOSYS, ANY_ARGUMENT, 0, false },
};

static const char *const features[] = { "pidfd", "close_range", "ofd-locks", "openat2" };

static bool is_named(const char *list, const char *name)
{
	const char *at = strstr(list, name);

	return at && (at == list || at[-1] == ',') && strchr(",", at[strlen(name)]);
}

/* One filter for each: the kernel applies the strictest result. */
static int deny(const struct denial *denial)
{
	unsigned low = (unsigned)offsetof(struct seccomp_data, args) +
		       (denial->argument < 0 ? 0 : 8 * (unsigned)denial->argument) +
		       (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0);
	unsigned test = denial->bits ? BPF_JSET : denial->argument < 0 ? BPF_JGE : BPF_JEQ;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, denial->call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low),
		BPF_JUMP(BPF_JMP | test | BPF_K, denial->value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)denial->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = sizeof code / sizeof *code, .filter = code };

	/* Root can do without no_new_privs, so that set-user-id programs work. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
		return 0;
	if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

/* All ways to a feature must be blocked when one is. */
static bool has(const char *feature)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	siginfo_t info;
	int fd, pidfd = -1, own = 0;
	pid_t child;

	if (strcmp(feature, "close_range") == 0)
		return syscall(SYS_close_range, ~0U, ~0U, 0) == 0;
	if (strcmp(feature, "openat2") == 0)
		return syscall(SYS_openat2, AT_FDCWD, ".", NULL, 0) < 0 && errno == EINVAL;
	if (strcmp(feature, "ofd-locks") == 0) {
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		own += fcntl(fd, F_OFD_GETLK, &lock) == 0;
		own += fcntl(fd, F_OFD_SETLK, &lock) == 0;
		own += fcntl(fd, F_OFD_SETLKW, &lock) == 0;
		close(fd);
		return own > 0;
	}
	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	own += fd >= 0;
	own += syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0;
	own += syscall(SYS_clone3, NULL, 0) < 0 && errno == EINVAL;
	own += waitid((idtype_t)P_PIDFD_TYPE, (id_t)fd, &info, WEXITED | WNOHANG) < 0 &&
	       errno != EINVAL;
	child = (pid_t)syscall(SYS_clone, CLONE_PIDFD_FLAG | 17 /* SIGCHLD */, 0, &pidfd, 0, 0);
	if (child == 0)
		_exit(0);
	own += child > 0;
	if (child > 0)
		waitpid(child, NULL, 0);
	close(fd);
	close(pidfd);
	return own > 0;
}

/* The kernel of the test has all features; the check also shows that nothing else is denied. */
static int check(const char *list)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
		bool there = has(features[i]), denied = is_named(list, features[i]);

		printf("%s - %s is %savailable\n", there != denied ? "ok" : "not ok", features[i],
		       there ? "" : "not ");
		failed += there == denied;
	}
	return failed > 0;
}

int main(int argc, char *argv[])
{
	if (argc < 2)
		return 2;
	for (size_t i = 0; i < sizeof denials / sizeof *denials; i++) {
		if (is_named(argv[1], denials[i].what) && deny(&denials[i]) < 0) {
			perror("older: filter");
			return 1;
		}
	}
	if (argc == 2)
		return check(argv[1]);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
