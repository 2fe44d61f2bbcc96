/* SPDX-License-Identifier: MIT */
/* Pid files while other processes start, die, read and interfere. */
#include "harness/harness.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

#include "harness/pidfile-tools.h"

#define STARTS 50

/* What is at the path when the race begins. */
enum { NOTHING, STALE, EMPTY, STATES };

static void prepare(const char *path, int state)
{
	unlink(path);
	if (state == STALE)
		harness_write_file(path, "2147483646\n");
	else if (state == EMPTY)
		harness_write_file(path, "");
}

struct report {
	pid_t pid;
	int result;
	pid_t holder;
};

/* One competitor: waits for the signal to begin, reports its result, waits for the end. */
static void __attribute__((__noreturn__)) compete(const char *path, int begin, int reports, int end)
{
	struct daemonkit_pidfile *pidfile = NULL;
	struct report report = { .pid = getpid() };
	char byte;

	if (read(begin, &byte, 1) != 0)
		_exit(1);
	report.result = daemonkit_pidfile_create(path, 0, &pidfile);
	report.holder = report.result < 0 ? named_by_error() : report.pid;
	if (write(reports, &report, sizeof report) != sizeof report || read(end, &byte, 1) != 0)
		_exit(1);
	daemonkit_pidfile_close(pidfile);
	_exit(0);
}

static void race(const char *path)
{
	struct report all[STARTS];
	int begin[2], reports[2], end[2], winners = 0;
	pid_t winner = 0;

	ck_assert_int_eq(pipe2(begin, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(reports, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(end, O_CLOEXEC), 0);
	for (int i = 0; i < STARTS; i++)
		if (fork() == 0) {
			close(begin[1]);
			close(end[1]);
			compete(path, begin[0], reports[1], end[0]);
		}
	close(begin[1]);
	for (int i = 0; i < STARTS; i++) {
		ck_assert(harness_wait_readable(reports[0], HARNESS_SOON));
		ck_assert_int_eq(read(reports[0], &all[i], sizeof *all), sizeof *all);
		if (all[i].result == 0) {
			winners++;
			winner = all[i].pid;
		}
	}
	ck_assert_int_eq(winners, 1);
	check_names(path, winner);
	for (int i = 0; i < STARTS; i++) {
		ck_assert_int_eq(all[i].holder, winner);
		if (all[i].pid != winner)
			ck_assert_int_eq(all[i].result, -EALREADY);
	}
	close(end[1]);
	for (int i = 0; i < STARTS; i++) {
		int status;

		ck_assert(harness_wait_child(all[i].pid, &status, HARNESS_SOON));
		ck_assert_int_eq(status, 0);
	}
	close(begin[0]);
	close(reports[0]);
	close(reports[1]);
	close(end[0]);
}

/* Guarantee: one of simultaneous starts wins, and the others learn its pid. */
START_TEST(one_of_concurrent_processes_wins)
{
	const char *path = harness_path("x.pid");

	take_way(_i);
	for (int state = NOTHING; state < STATES; state++)
		for (int round = 0; round < 5; round++) {
			prepare(path, state);
			race(path);
		}
	ck_assert_uint_eq(count_entries(harness_directory()), 1);
}
END_TEST

/* Lock a stale file, as a start does first, and exit some time later. */
static pid_t half_start(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK };
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fcntl(fd, F_SETLK, &lock) == 0 && write(ready[1], "", 1) == 1)
			poll(NULL, 0, 5);
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* That start may still fail: only a process named in the file has won. */
START_TEST(unfinished_start_refuses_no_other)
{
	const char *path = harness_path("x.pid");
	int status;
	pid_t pid;

	prepare(path, STALE);
	pid = half_start(path);
	daemonkit_pidfile_close(create(path, 0));
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
}
END_TEST

static void *start_in_thread(void *path)
{
	struct daemonkit_pidfile *pidfile = NULL;

	if (daemonkit_pidfile_create(path, 0, &pidfile) == 0)
		return pidfile;
	return strstr(daemonkit_error(), "held by this process") ? NULL : path;
}

START_TEST(one_of_concurrent_threads_wins)
{
	char *path = strdup(harness_path("x.pid"));

	for (int state = NOTHING; state < STATES; state++) {
		pthread_t threads[8];
		void *winner = NULL;

		prepare(path, state);
		for (int i = 0; i < 8; i++)
			ck_assert_int_eq(pthread_create(&threads[i], NULL, start_in_thread, path),
					 0);
		for (int i = 0; i < 8; i++) {
			void *result;

			pthread_join(threads[i], &result);
			ck_assert_ptr_ne(result, path);
			if (result)
				ck_assert_ptr_null(winner);
			winner = result ? result : winner;
		}
		ck_assert_ptr_nonnull(winner);
		ck_assert_int_eq(daemonkit_pidfile_remove(winner), 0);
		daemonkit_pidfile_close(winner);
	}
	free(path);
}
END_TEST

static void *start_repeatedly(void *path)
{
	struct daemonkit_pidfile *pidfile = NULL;

	/* Until it finds something other than a pid. */
	while (daemonkit_pidfile_create(path, 0, &pidfile) == 0)
		daemonkit_pidfile_close(pidfile);
	return NULL;
}

/* The other thread of the parent is almost always in a call of the library. */
START_TEST(child_can_free_inherited_objects)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = create(path, 0);
	char *other = strdup(harness_path("y.pid"));
	pthread_t thread;
	int status;

	ck_assert_int_eq(pthread_create(&thread, NULL, start_repeatedly, other), 0);
	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			daemonkit_pidfile_close(pidfile);
			_exit(0);
		}
		ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
		ck_assert_int_eq(status, 0);
	}
	while (unlink(other) != 0 || mkdir(other, 0700) != 0)
		;
	pthread_join(thread, NULL);
	free(other);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

/* Let the child reach this many system calls, then kill it; did it get so far? */
static bool kill_at(const char *path, int stops)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct daemonkit_pidfile *pidfile = NULL;

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		if (daemonkit_pidfile_create(path, 0, &pidfile) == 0)
			daemonkit_pidfile_remove(pidfile);
		daemonkit_pidfile_close(pidfile);
		_exit(0);
	}
	for (int i = 0; i <= stops; i++) {
		ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
		if (WIFEXITED(status))
			return false;
		if (i < stops && ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
			harness_skip("no ptrace here");
	}
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
	return true;
}

static bool is_whole(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && text[digits] == '\n' && text[digits + 1] == '\0';
}

/* Guarantee: after a kill at any point, the next start succeeds at once, and nothing is left. */
START_TEST(start_after_kill_at_any_system_call)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile;
	int stops;

	harness_need_kernel("ptrace(2)");
	take_way(_i);
	for (int state = NOTHING; state < STATES; state++) {
		for (stops = 1;; stops++) {
			bool killed;

			prepare(path, state);
			killed = kill_at(path, stops);
			if (access(path, F_OK) == 0 && (state == EMPTY || !is_nameless(_i)))
				ck_assert(is_whole(harness_read_file(path)) ||
					  *harness_read_file(path) == '\0');
			else if (access(path, F_OK) == 0)
				ck_assert(is_whole(harness_read_file(path)));
			ck_assert_uint_le(count_entries(harness_directory()), 1);
			pidfile = create(path, 0);
			ck_assert_uint_eq(count_entries(harness_directory()), 1);
			ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
			daemonkit_pidfile_close(pidfile);
			if (!killed)
				break;
		}
		ck_assert_int_gt(stops, 20);
	}
	ck_assert_uint_eq(count_entries(harness_directory()), 0);
}
END_TEST

/* A start by a child that its parent traces: is it refused because the parent won meanwhile? */
static void __attribute__((__noreturn__)) start_overtaken(const char *path)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int result;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	result = daemonkit_pidfile_create(path, 0, &pidfile);
	_exit(result == 0 ? 1 : result == -EALREADY && named_by_error() == getppid() ? 0 : 2);
}

/* No file, or one that looks stale: empty and not locked. */
static bool is_free(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK };
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat facts;

	if (fd < 0)
		return true;
	ck_assert_int_eq(fstat(fd, &facts), 0);
	ck_assert_int_eq(fcntl(fd, F_GETLK, &lock), 0);
	close(fd);
	return facts.st_size == 0 && lock.l_type == F_UNLCK;
}

/*
 * Stop a start at a system call, this many after which the path is free, and start here. Did it
 * get so far?
 */
static bool start_first(const char *path, int stops)
{
	struct daemonkit_pidfile *pidfile;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		start_overtaken(path);
	while (stops > 0) {
		ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
		if (WIFEXITED(status))
			return false;
		stops -= is_free(path);
		if (stops > 0 && ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
			harness_skip("no ptrace here");
	}
	pidfile = create(path, 0);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	check_names(path, getpid());
	ck_assert_uint_eq(count_entries(harness_directory()), 1);
	daemonkit_pidfile_close(pidfile);
	return true;
}

/* While no file is locked, the faster one wins: no file of the winner is replaced. */
START_TEST(race_at_any_system_call)
{
	const char *path = harness_path("x.pid");

	harness_need_kernel("ptrace(2)");
	take_way(_i);
	for (int state = NOTHING; state <= STALE; state++) {
		int stops = 0;

		do {
			prepare(path, state);
		} while (start_first(path, ++stops));
		ck_assert_int_gt(stops, 2);
	}
}
END_TEST

/* A start that its parent traces: does it detect that its file has another hard link? */
static void __attribute__((__noreturn__)) start_deceived(const char *path)
{
	struct daemonkit_pidfile *pidfile = NULL;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	_exit(daemonkit_pidfile_create(path, 0, &pidfile) == -EIO && !pidfile &&
			      strstr(daemonkit_error(), "further names")
		      ? 0
		      : 1);
}

/*
 * Stop a start at a system call, this many after which the file exists, and add a hard link.
 * False: the file has contents, so that it may be too late.
 */
static bool add_hard_link(const char *path, int stops)
{
	const char *further = harness_path("further");
	pid_t pid = fork();
	bool early;
	struct stat facts;
	int status;

	if (pid == 0)
		start_deceived(path);
	for (int left = stops; left > 0;) {
		ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
		ck_assert(WIFSTOPPED(status));
		left -= stat(path, &facts) == 0;
		if (left > 0 && ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
			harness_skip("no ptrace here");
	}
	early = stops == 1 || facts.st_size == 0;
	if (early)
		ck_assert_int_eq(link(path, further), 0);
	else
		kill(pid, SIGKILL);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	if (early)
		ck_assert_int_eq(status, 0);
	ck_assert_int_eq(unlink(early ? further : path), 0);
	return early;
}

/* A start that its parent traces: is its error documented? */
static void __attribute__((__noreturn__)) start_confused(const char *path)
{
	struct daemonkit_pidfile *pidfile = NULL;
	int result;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	result = daemonkit_pidfile_create(path, 0, &pidfile);
	_exit(result == 0 || result == -EEXIST || result == -ESTALE ? 0 : -result);
}

/* At the system call after so many: replace the file by a directory.  Did it get so far? */
static bool put_directory(const char *path, int stops)
{
	const char *away = harness_path("away");
	bool reached = false;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		start_confused(path);
	for (int i = 0; i <= stops; i++) {
		ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
		if (WIFEXITED(status))
			break;
		if (i < stops && ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
			harness_skip("no ptrace here");
	}
	if (WIFSTOPPED(status)) {
		(void)!rename(path, away);
		(void)!mkdir(path, 0700);
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
		ck_assert_msg(status == 0, "after %d: %#x", stops, (unsigned)status);
		reached = true;
	}
	ck_assert_int_eq(status, 0);
	rmdir(path);
	unlink(path);
	unlink(away);
	return reached;
}

/* It is not removed by accident, and the error says what is there. */
START_TEST(directory_at_any_system_call)
{
	const char *path = harness_path("x.pid");
	int stops = 1;

	harness_need_kernel("ptrace(2)");
	do {
		harness_write_file(path, "2147483646\n");
	} while (put_directory(path, stops++));
	ck_assert_int_gt(stops, 20);
}
END_TEST

/* Every search for the holder refuses such a file. */
START_TEST(second_hard_link_is_an_error)
{
	const char *path = harness_path("x.pid");
	int stops = 1;

	harness_need_kernel("ptrace(2)");
	take_way(_i);
	while (add_hard_link(path, stops)) {
		ck_assert_uint_eq(count_entries(harness_directory()), 0);
		stops++;
	}
	ck_assert_int_gt(stops, is_nameless(_i) ? 1 : 6);
}
END_TEST

/* Read as fast as possible until told to stop; 1 if something unexpected was read. */
static int watch(const char *path, bool may_be_empty, int end, int begun)
{
	int wholes = 0;
	char byte;

	fcntl(end, F_SETFL, O_NONBLOCK);
	while (read(end, &byte, 1) < 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		char text[64];
		ssize_t length;

		if (fd < 0) {
			/*
			 * FUSE may return the second error for a file that is just being
			 * removed.
			 */
			if (errno != ENOENT && errno != ESTALE)
				return 2;
			continue;
		}
		length = read(fd, text, sizeof text - 1);
		close(fd);
		text[length < 0 ? 0 : length] = '\0';
		if (length == 0 && may_be_empty)
			continue;
		if (!is_whole(text))
			return 1;
		if (wholes++ == 0 && write(begun, "", 1) != 1)
			return 2;
	}
	return wholes > 0 ? 0 : 3;
}

/* Fault 12 of go-daemon, and the empty pid files of many daemons: contents are never partial. */
START_TEST(readers_never_see_partial_contents)
{
	const char *path = harness_path("x.pid");
	int end[2], begun[2], status;
	pid_t reader;

	take_way(_i);
	ck_assert_int_eq(pipe2(end, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(begun, O_CLOEXEC), 0);
	reader = fork();
	if (reader == 0)
		_exit(watch(path, !is_nameless(_i), end[0], begun[1]));
	close(begun[1]);
	/* Until it has read at least once, or has exited. */
	for (int i = 0; i < 500 || !harness_wait_readable(begun[0], 0); i++) {
		struct daemonkit_pidfile *pidfile = create(path, 0);

		/* Every other time it stays, to be replaced. */
		if (i % 2 == 0)
			ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
		daemonkit_pidfile_close(pidfile);
	}
	ck_assert_int_eq(write(end[1], "", 1), 1);
	ck_assert(harness_wait_child(reader, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	close(begun[0]);
	close(end[0]);
	close(end[1]);
}
END_TEST

/* Everything that can be done to names in the directory, except to the victim itself. */
static int interfere(const char *path, const char *victim, const char *spare, int end)
{
	char byte;

	fcntl(end, F_SETFL, O_NONBLOCK);
	for (unsigned i = 0; read(end, &byte, 1) < 0; i++) {
		switch (i % 6) {
		case 0:
			unlink(path);
			break;
		case 1:
			(void)!symlink(victim, path);
			break;
		case 2:
			(void)!rename(path, spare);
			break;
		case 3:
			(void)!link(victim, path);
			break;
		case 4:
			(void)!rename(spare, path);
			break;
		case 5:
			(void)!symlink(victim, spare);
			(void)!rename(spare, path);
			break;
		}
	}
	return 0;
}

/* CVE-2020-14367, CVE-2020-28935: the victim looks like a stale pid file. */
START_TEST(hostile_directory_harms_no_other_file)
{
	const char *path = harness_path("x.pid"), *victim = harness_path("victim");
	const char *spare = harness_path("spare");
	struct stat before, after;
	int end[2], status, taken = 0;
	pid_t attacker;

	take_way(_i);
	harness_write_file(victim, "2147483646\n");
	ck_assert_int_eq(chmod(victim, 0604), 0);
	ck_assert_int_eq(stat(victim, &before), 0);
	ck_assert_int_eq(pipe2(end, O_CLOEXEC), 0);
	attacker = fork();
	if (attacker == 0)
		_exit(interfere(path, victim, spare, end[0]));
	for (int i = 0; i < 300 || taken < 20; i++) {
		struct daemonkit_pidfile *pidfile = NULL;

		sched_yield();
		if (daemonkit_pidfile_create(path, 0666, &pidfile) == 0) {
			taken++;
			ck_assert_int_eq(daemonkit_pidfile_write(pidfile), 0);
			ck_assert_int_eq(daemonkit_pidfile_remove(pidfile), 0);
		}
		daemonkit_pidfile_close(pidfile);
	}
	ck_assert_int_eq(write(end[1], "", 1), 1);
	ck_assert(harness_wait_child(attacker, &status, HARNESS_SOON));
	ck_assert_str_eq(harness_read_file(victim), "2147483646\n");
	ck_assert_int_eq(stat(victim, &after), 0);
	ck_assert_uint_eq(after.st_ino, before.st_ino);
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	close(end[0]);
	close(end[1]);
}
END_TEST

static int answers(const char *path, pid_t holder)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_holder(path, &process);
	pid_t found = result == 0 ? daemonkit_process_pid(process) : 0;

	daemonkit_process_free(process);
	if (result == 0)
		return found == holder;
	return result == -ESRCH;
}

/* While a file is acquired and removed repeatedly, its holder is this one or none. */
START_TEST(search_never_reports_wrong_holder)
{
	const char *path = harness_path("x.pid");
	int end[2], status;
	char byte = 1;
	pid_t pid;

	take_way(_i);
	ck_assert_int_eq(pipe2(end, O_CLOEXEC | O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		for (unsigned i = 0; read(end[0], &byte, 1) < 0; i++) {
			struct daemonkit_pidfile *pidfile = NULL;

			if (daemonkit_pidfile_create(path, 0, &pidfile) != 0)
				_exit(1);
			if (i % 2 == 0 && daemonkit_pidfile_remove(pidfile) != 0)
				_exit(2);
			daemonkit_pidfile_close(pidfile);
		}
		_exit(0);
	}
	for (int i = 0; i < 500; i++)
		ck_assert_msg(answers(path, pid), "%s", daemonkit_error());
	ck_assert_int_eq(write(end[1], "", 1), 1);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	close(end[0]);
	close(end[1]);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("pidfile-races");
	TCase *races = harness_case(suite, "races");

	tcase_add_loop_test(races, one_of_concurrent_processes_wins, 0, WAYS);
	tcase_add_test(races, unfinished_start_refuses_no_other);
	tcase_add_test(races, one_of_concurrent_threads_wins);
	/* With some sanitizers such a child can neither allocate nor free memory. */
	if (!harness_is_sanitized())
		tcase_add_test(races, child_can_free_inherited_objects);
	tcase_add_loop_test(races, start_after_kill_at_any_system_call, 0, WAYS);
	tcase_add_loop_test(races, race_at_any_system_call, 0, WAYS);
	tcase_add_test(races, directory_at_any_system_call);
	tcase_add_loop_test(races, readers_never_see_partial_contents, 0, WAYS);
	tcase_add_loop_test(races, hostile_directory_harms_no_other_file, 0, WAYS);
	tcase_add_loop_test(races, search_never_reports_wrong_holder, 0, WAYS);
	/* A separate case: FUSE shows additional links late, or never. */
	tcase_add_loop_test(harness_case(suite, "names"), second_hard_link_is_an_error, 0, WAYS);
	return harness_main(argc, argv, suite, NULL);
}
