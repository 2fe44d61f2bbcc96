/* SPDX-License-Identifier: MIT */
/*
 * An unprivileged user who owns a directory and exchanges what is in it.
 * Not thread-safe.
 */
#include "harness/enemy-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/process.h>

#include "harness/harness.h"

#define ENEMY 65534
#define CONTENTS "2147483646\n"

static const char *names[2];
static pid_t named; /* the process that forged files name */

/* ---- the attacker, in the directory; "../victim" is the file of root ---- */

static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, name);
	(void)!bind(fd, (struct sockaddr *)&address, sizeof address);
	close(fd);
}

/* Put away the file of root, to bring it back later; remove everything else. */
static void take_away(const char *name, const char *kept)
{
	struct stat st;

	if (lstat(name, &st) < 0)
		return;
	if (st.st_uid == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
		(void)!rename(name, kept);
	else if (S_ISDIR(st.st_mode))
		(void)!rmdir(name);
	else
		(void)!unlink(name);
}

/*
 * A file that names the victim or this process, with a lock or a lease that is kept until the
 * next one.
 */
static void forge(const char *name, int kind)
{
	static int held = -1;
	struct flock lock = { .l_type = (short)(kind % 2 == 0 ? F_WRLCK : F_RDLCK) };
	char text[16];
	int length = snprintf(text, sizeof text, "%d\n", (int)(kind < 8 ? named : getpid()));

	if (held >= 0)
		close(held);
	held = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (held < 0)
		return;
	(void)!write(held, text, (size_t)length);
	switch (kind / 2 % 4) {
	case 0:
		fcntl(held, F_SETLK, &lock);
		break;
	case 1:
		fcntl(held, F_OFD_SETLK, &lock);
		break;
	case 2:
		flock(held, LOCK_EX | LOCK_NB);
		break;
	case 3:
		/* A read lease needs a descriptor for reading only. */
		close(held);
		held = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (held >= 0)
			fcntl(held, F_SETLEASE, kind % 2 == 0 ? F_WRLCK : F_RDLCK);
		break;
	}
}

static void attack(const char *name, const char *kept, unsigned what)
{
	if (what % 16 != 0)
		take_away(name, kept);
	switch (what % 16) {
	case 0:
		/* Not all C libraries have renameat2(2). */
		syscall(SYS_renameat2, AT_FDCWD, name, AT_FDCWD, kept, 1 << 1 /* exchange */);
		break;
	case 1:
		(void)!symlink("../victim", name);
		break;
	case 2:
		(void)!link("../victim", name);
		break;
	case 3:
		(void)!mkfifo(name, 0666);
		break;
	case 4:
		(void)!mkdir(name, 0777);
		break;
	case 5:
		make_socket(name);
		break;
	case 6:
		(void)!symlink("/dev/zero", name);
		break;
	case 7:
		(void)!symlink("nowhere", name);
		break;
	case 8:
	case 9:
	case 10:
	case 11:
		forge(name, (int)(what / 16 % 16));
		break;
	default:
		(void)!rename(kept, name);
		break;
	}
}

/* Until the end: exit with 0. A "stop" of root may kill this process, which holds forged files. */
static void __attribute__((__noreturn__)) attack_repeatedly(int end)
{
	unsigned state = (unsigned)getpid();
	struct pollfd ended = { .fd = end, .events = POLLIN };
	unsigned what;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGIO, SIG_IGN);
	/* Not that of Check, which would pass it on. */
	signal(SIGTERM, SIG_DFL);
	do {
		state = state * 1103515245 + 12345;
		what = state >> 8;
		attack(names[what >> 20 & 1], what >> 20 & 1 ? "kept.2" : "kept.1", what);
		/* Some states last for some milliseconds. */
	} while (poll(&ended, 1, what % 5 == 0 ? (int)(what >> 12 & 15) : 0) == 0);
	_exit(0);
}

static void __attribute__((__noreturn__)) be_attacker(int end)
{
	int status;

	if (chdir(harness_path("open")) < 0 || setgid(ENEMY) < 0 || setuid(ENEMY) < 0)
		_exit(1);
	do {
		pid_t worker = fork();

		if (worker == 0)
			attack_repeatedly(end);
		if (worker < 0 || waitpid(worker, &status, 0) != worker)
			_exit(2);
	} while (WIFSIGNALED(status));
	_exit(WEXITSTATUS(status));
}

/* ---- the victim ---- */

/* Exit with the number of the signals that have arrived until the end. */
static void __attribute__((__noreturn__)) be_victim(int end, int ready)
{
	sigset_t all, pending;
	int count = 0;
	char byte;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (write(ready, "", 1) != 1 || read(end, &byte, 1) != 0)
		_exit(100);
	sigpending(&pending);
	for (int number = 1; number < SIGRTMIN; number++)
		count += sigismember(&pending, number) == 1;
	_exit(count);
}

/* ---- the test ---- */

void enemy_prepare(void)
{
	harness_need_root();
	if (mkdir(harness_path("open"), 0755) == 0)
		ck_assert_int_eq(chown(harness_path("open"), ENEMY, ENEMY), 0);
}

struct enemy enemy_start(const char *first, const char *second, bool hard_links)
{
	struct enemy enemy;
	const char *milliseconds = getenv("ENEMY_MILLISECONDS");
	int end[2], ready[2];
	char byte;

	enemy_prepare();
	harness_write_file(harness_path("victim"), CONTENTS);
	/* The kernel permits hard links to files that the attacker can write. */
	ck_assert_int_eq(chmod(harness_path("victim"), hard_links ? 0606 : 0604), 0);
	ck_assert_int_eq(stat(harness_path("victim"), &enemy.before), 0);
	names[0] = first;
	names[1] = second;
	ck_assert_int_eq(pipe2(end, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	enemy.victim = fork();
	if (enemy.victim == 0) {
		close(end[1]);
		be_victim(end[0], ready[1]);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	named = enemy.victim;
	enemy.attacker = fork();
	if (enemy.attacker == 0) {
		close(end[1]);
		be_attacker(end[0]);
	}
	close(end[0]);
	close(ready[0]);
	close(ready[1]);
	enemy.end = end[1];
	enemy.until = harness_now() + (milliseconds ? atoi(milliseconds) : 1000);
	return enemy;
}

bool enemy_continues(const struct enemy *enemy)
{
	return harness_now() < enemy->until;
}

void enemy_end(struct enemy *enemy)
{
	struct stat after;
	int status;

	close(enemy->end);
	ck_assert(harness_wait_child(enemy->attacker, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	ck_assert(harness_wait_child(enemy->victim, &status, HARNESS_SOON));
	ck_assert_msg(status == 0, "the victim got signals: %#x", (unsigned)status);
	ck_assert_str_eq(harness_read_file(harness_path("victim")), CONTENTS);
	ck_assert_int_eq(stat(harness_path("victim"), &after), 0);
	ck_assert_uint_eq(after.st_ino, enemy->before.st_ino);
	ck_assert_uint_eq(after.st_mode, enemy->before.st_mode);
	ck_assert_uint_eq(after.st_uid, 0);
	ck_assert_int_eq(after.st_mtim.tv_sec, enemy->before.st_mtim.tv_sec);
	ck_assert_int_eq(after.st_mtim.tv_nsec, enemy->before.st_mtim.tv_nsec);
}

static int64_t begun;
static size_t descriptors;

void enemy_begin_call(void)
{
	struct daemonkit_process *none;

	/* A text that is not about the file. */
	ck_assert_int_eq(daemonkit_process_open(-1, &none), -EINVAL);
	descriptors = harness_count_fds();
	begun = harness_now();
}

void enemy_check_call(const char *what, int result, const int *errors, size_t count)
{
	int64_t duration = harness_now() - begun;

	ck_assert_msg(duration < harness_scaled(HARNESS_SOON), "%s took %d ms", what,
		      (int)duration);
	ck_assert_uint_eq(harness_count_fds(), descriptors);
	if (result >= 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (result == errors[i]) {
			ck_assert_msg(strstr(daemonkit_error(), "/open/") != NULL, "%s: %d: %s",
				      what, result, daemonkit_error());
			return;
		}
	ck_abort_msg("%s: undocumented error %d: %s", what, result, daemonkit_error());
}
