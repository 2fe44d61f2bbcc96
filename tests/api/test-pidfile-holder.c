/* SPDX-License-Identifier: MIT */
/* Finding the holder of a pid file, and never another process. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/process.h>

#include "harness/pidfile-tools.h"

#define GUARD_BYTE 0x40000000

static int holder_pid(const char *path)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_holder(path, &process);

	if (result == 0) {
		result = daemonkit_process_pid(process);
		daemonkit_process_free(process);
	} else {
		ck_assert_ptr_null(process);
	}
	return result;
}

START_TEST(arguments_are_checked)
{
	struct daemonkit_process *process = NULL;

	HARNESS_REFUSES_NULL(daemonkit_pidfile_holder(NULL, &process));
	HARNESS_REFUSES_NULL(daemonkit_pidfile_holder("x", NULL));
	ck_assert_int_eq(daemonkit_pidfile_holder("", &process), -EINVAL);
}
END_TEST

/* A user who can link a file into his own directory could otherwise stop any daemon. */
START_TEST(link_to_file_of_another_finds_no_holder)
{
	const char *path = harness_path("victim.pid"), *other = harness_path("mine.pid");
	struct keeper keeper = keeper_start(path, 0, NULL);

	ck_assert_int_eq(link(path, other), 0);
	ck_assert_int_eq(holder_pid(other), -EEXIST);
	ck_assert_int_eq(unlink(other), 0);
	ck_assert_int_eq(holder_pid(path), keeper.pid);
	keeper_kill(&keeper);
}
END_TEST

/* An OFD lock has no pid. */
START_TEST(lock_without_owner_is_reported_without_pid)
{
	const char *path = harness_path("x.pid");
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct daemonkit_pidfile *pidfile = NULL;
	int fd;

	harness_need_ofd_locks();
	harness_write_file(path, "1\n");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	ck_assert_int_eq(daemonkit_pidfile_create(path, 0, &pidfile), -ENOLCK);
	ck_assert_ptr_null(strstr(daemonkit_error(), "process -1"));
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "another process"));
	close(fd);
}
END_TEST

#ifdef F_SETLEASE
static int keep_leased(void *control)
{
	const int *ends = control;
	char byte;
	int fd = open(harness_path("x.pid"), O_RDWR | O_CLOEXEC);

	/* The kernel sends it to the owner of the lease when the file is opened. */
	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0)
		return errno == EINVAL || errno == EAGAIN ? 77 : 1;
	return write(ends[1], "", 1) == 1 && read(ends[2], &byte, 1) == 0 ? 0 : 2;
}

/* A lease is no running instance: the error differs, not only its text. */
START_TEST(lease_is_not_reported_as_holder)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = NULL;
	struct daemonkit_process *process = NULL;
	int ends[4], status;
	char byte;
	pid_t pid;

	harness_write_file(path, "1\n");
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(ends + 2, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[3]);
		_exit(keep_leased(ends));
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1) {
		ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
		ck_assert_int_eq(WEXITSTATUS(status), 77);
		harness_skip("this file system has no leases");
	}
	ck_assert_int_eq(daemonkit_pidfile_create(path, 0, &pidfile), -ENOLCK);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "lease"));
	ck_assert_int_eq(daemonkit_pidfile_open(path, 0, &pidfile), -ENOLCK);
	ck_assert_int_eq(daemonkit_pidfile_read_path(path, &pid), -ENOLCK);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "lease"));
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "lease"));
	ck_assert_int_eq(daemonkit_pidfile_holder(path, &process), -ENOLCK);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "lease"));
	close(ends[3]);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	close(ends[0]);
	close(ends[2]);
	daemonkit_pidfile_close(create(path, 0));
}
END_TEST
#endif

START_TEST(holder_is_found_and_stopped)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper = keeper_start(path, 0, NULL);
	struct daemonkit_process *process = NULL;

	ck_assert_int_eq(daemonkit_pidfile_holder(path, &process), 0);
	ck_assert_int_eq(daemonkit_process_pid(process), keeper.pid);
	ck_assert_int_eq(daemonkit_process_signal(process, SIGKILL), 0);
	ck_assert_int_eq(daemonkit_process_wait(process, -1), 0);
	daemonkit_process_free(process);
	ck_assert_int_eq(holder_pid(path), -ESRCH);
	keeper_kill(&keeper);
	ck_assert_int_eq(holder_pid(path), -ESRCH);
	check_names(path, keeper.pid);
}
END_TEST

static void open_and_close(const char *path)
{
	close(open(path, O_RDONLY | O_CLOEXEC));
}

START_TEST(holder_is_found_after_reading_its_file)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper;

	harness_need_ofd_locks();
	keeper = keeper_start(path, 0, open_and_close);
	ck_assert_int_eq(holder_pid(path), keeper.pid);
	/* Other users could have written the file and passed the descriptor on. */
	ck_assert_int_eq(chmod(path, 0660), 0);
	ck_assert_int_eq(holder_pid(path), -EBADMSG);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(holder_pid(path), keeper.pid);
	keeper_kill(&keeper);
	ck_assert_int_eq(holder_pid(path), -ESRCH);
}
END_TEST

START_TEST(holder_finds_itself)
{
	const char *path = harness_path("x.pid");
	struct daemonkit_pidfile *pidfile = create(path, 0);
	struct keeper keeper;

	ck_assert_int_eq(holder_pid(path), getpid());
	/* The search has not released its lock. */
	keeper = keeper_start(path, 0, NULL);
	ck_assert_int_eq(keeper.result, -EALREADY);
	keeper_end(&keeper);
	ck_assert_int_eq(daemonkit_pidfile_unlock(pidfile), 0);
	ck_assert_int_eq(holder_pid(path), -ESRCH);
	daemonkit_pidfile_close(pidfile);
}
END_TEST

/* Fault 11 of go-daemon; libdaemon reads an empty file as pid 0. */
START_TEST(contents_without_lock_are_not_trusted)
{
	static const char *const texts[] = {
		"",       "0\n",      "1\n",    "-1\n", "2147483647\n", "99999999999999999999\n",
		"junk\n", "\001\377", "1\n2\n", "\n",
	};
	const char *path = harness_path("x.pid");
	char own[32];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		harness_write_file(path, texts[i]);
		ck_assert_int_eq(holder_pid(path), -ESRCH);
		ck_assert_str_eq(harness_read_file(path), texts[i]);
	}
	snprintf(own, sizeof own, "%d\n", (int)getppid());
	harness_write_file(path, own);
	ck_assert_int_eq(holder_pid(path), -ESRCH);
	snprintf(own, sizeof own, "%d\n", (int)getpid());
	harness_write_file(path, own);
	ck_assert_int_eq(holder_pid(path), -ESRCH);
	ck_assert_str_eq(harness_read_file(path), own);
}
END_TEST

START_TEST(forged_file_is_not_trusted)
{
	static const char *const texts[] = { "1\n", "0\n", "-1\n", "", "junk\n", "2147483647\n" };
	const char *path = harness_path("x.pid");
	struct keeper keeper = keeper_start(path, 0644, NULL);

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		harness_write_file(path, texts[i]);
		ck_assert_int_eq(holder_pid(path), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(daemonkit_error(), path));
		ck_assert_str_eq(harness_read_file(path), texts[i]);
	}
	keeper_kill(&keeper);
}
END_TEST

/* A victim gets a descriptor of a forged file, as by SCM_RIGHTS. */
START_TEST(open_descriptor_does_not_prove_holder)
{
	const char *path = harness_path("x.pid");
	struct flock lock = { .l_type = F_WRLCK, .l_start = GUARD_BYTE, .l_len = 1 };
	char text[32];
	pid_t victim;
	int fd, status;

	harness_need_ofd_locks();
	harness_need_root();
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	victim = fork();
	if (victim == 0)
		for (;;)
			pause();
	close(fd);
	snprintf(text, sizeof text, "%d\n", (int)victim);
	harness_write_file(path, text);
	/* A file that only root can write is trusted; one of another user is not. */
	ck_assert_int_eq(holder_pid(path), victim);
	ck_assert_int_eq(chown(path, NOBODY, NOBODY), 0);
	ck_assert_int_eq(holder_pid(path), -EBADMSG);
	kill(victim, SIGKILL);
	ck_assert(harness_wait_child(victim, &status, HARNESS_SOON));
	ck_assert_int_eq(holder_pid(path), -ESRCH);
}
END_TEST

static int lock_all(void *fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = GUARD_BYTE };

	return fcntl(*(int *)fd, F_SETLK, &lock) == 0 ? 0 : 1;
}

/* Lock the file as a process that exits and shares its descriptors: the lock keeps its pid. */
static pid_t lock_as_dead_process(int fd)
{
	static char stack[65536] __attribute__((__aligned__(16)));
	pid_t pid = clone(lock_all, stack + sizeof stack, CLONE_FILES | SIGCHLD, &fd);
	int status = -1;

	ck_assert_int_gt(pid, 0);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
	return pid;
}

/* A child with this pid, or -1. */
static pid_t fork_as(pid_t pid)
{
#ifdef SYS_clone3
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size;
	} wanted = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };

	return (pid_t)syscall(SYS_clone3, &wanted, sizeof wanted);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

/* A process with the pid of a process that locked the file and exited. */
static pid_t start_victim(int fd, bool with_file)
{
	pid_t victim;

	/* Another process may get the pid first. */
	do {
		victim = fork_as(lock_as_dead_process(fd));
	} while (victim < 0 && errno == EEXIST);
	if (victim < 0)
		harness_skip("clone3(2) cannot set the pid here: %s", strerror(errno));
	if (victim == 0) {
		if (!with_file)
			close(fd);
		for (;;)
			pause();
	}
	return victim;
}

struct forged {
	const char *path;
	pid_t victim;
};

/* Check that the kernel reports the victim (77: it does not), and that the library does not. */
static int check_reused_pid(void *data)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = GUARD_BYTE };
	const struct forged *forged = data;
	int fd = open(forged->path, O_RDONLY | O_CLOEXEC);

	if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_pid != forged->victim)
		return 77;
	close(fd);
	if (holder_pid(forged->path) != -EBADMSG)
		return 1;
	return strstr(daemonkit_error(), "does not have that lock") ? 0 : 2;
}

/*
 * The kernel names the owner of a POSIX lock by a pid, which may have been reused: whoever can
 * write the file could choose the process that is stopped.
 */
START_TEST(reused_pid_of_lock_owner_does_not_prove_holder)
{
	const char *path = harness_path("x.pid");
	struct forged forged = { .path = path };
	int fd, result, status;

	harness_need_root();
	harness_need_kernel("clone3(2) with a given pid");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	forged.victim = start_victim(fd, _i == 0);
	/* Through this descriptor: closing another one would unlock the file. */
	ck_assert_int_gt(dprintf(fd, "%d\n", (int)forged.victim), 0);
	result = in_child(check_reused_pid, &forged);
	kill(forged.victim, SIGKILL);
	ck_assert(harness_wait_child(forged.victim, &status, HARNESS_SOON));
	close(fd);
	ck_assert_int_ne(result, 77);
	ck_assert_int_eq(result, 0);
}
END_TEST

/* In another namespace the kernel reports the pid in the first one, which cannot be chosen. */
static bool is_first_pid_namespace(void)
{
	char name[64];
	ssize_t length = readlink("/proc/self/ns/pid", name, sizeof name - 1);

	name[length > 0 ? length : 0] = '\0';
	return strcmp(name, "pid:[4026531836]") == 0;
}

static void *go_on(void *data)
{
	(void)data;
	for (;;)
		pause();
	return NULL;
}

static void end_first_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, go_on, NULL) == 0)
		pthread_exit(NULL);
}

static bool has_ended_first_thread(void *pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/stat", (int)*(pid_t *)pid);
	return strstr(harness_read_file(path), ") Z ") != NULL;
}

/* Its descriptors are found through its other threads. */
START_TEST(holder_with_exited_main_thread_is_found)
{
	const char *path = harness_path("x.pid");
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		create(path, 0);
		end_first_thread();
		_exit(1);
	}
	ck_assert(harness_wait_until(has_ended_first_thread, &pid, HARNESS_SOON));
	ck_assert_int_eq(holder_pid(path), pid);
	kill(pid, SIGKILL);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
}
END_TEST

START_TEST(special_files_have_no_holder)
{
	const char *path = harness_path("x.pid");
	struct keeper keeper = keeper_start(harness_path("real.pid"), 0, NULL);

	ck_assert_int_eq(holder_pid(path), -ESRCH);
	ck_assert_int_eq(holder_pid(harness_path("none/x.pid")), -ESRCH);
	ck_assert_int_eq(symlink("real.pid", path), 0);
	ck_assert_int_eq(holder_pid(path), -ELOOP);
	ck_assert_int_eq(holder_pid(harness_path("x.pid/y")), -ENOTDIR);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0666), 0);
	ck_assert_int_eq(holder_pid(path), -EEXIST);
	unlink(path);
	ck_assert_int_eq(holder_pid("/dev/null"), -EEXIST);
	ck_assert_int_eq(holder_pid(harness_directory()), -EEXIST);
	keeper_kill(&keeper);
}
END_TEST

static int found_by_nobody(void *path)
{
	if (!become_nobody())
		return 1;
	return holder_pid(path) > 1 ? 0 : 2;
}

static int hidden_from_nobody(void *path)
{
	if (!become_nobody())
		return 1;
	return holder_pid(path) == -EACCES ? 0 : 2;
}

/* The kernel reports the owner of the POSIX lock, whether /proc shows it or not. */
static struct keeper hidden;

static int found_without_proc_entry(void *path)
{
	char entry[32];

	snprintf(entry, sizeof entry, "/proc/%d", (int)hidden.pid);
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", "/proc", "proc", 0, "hidepid=2") != 0 || !become_nobody() ||
	    access(entry, F_OK) == 0)
		return 77;
	return holder_pid(path) == hidden.pid ? 0 : 2;
}

START_TEST(holder_is_found_behind_hidepid)
{
	char *path = strdup(open_path("x.pid"));
	int result;

	harness_need_root();
	hidden = keeper_start(path, 0644, NULL);
	result = in_child(found_without_proc_entry, path);
	keeper_kill(&hidden);
	free(path);
	if (result == 77)
		harness_skip("no mount of /proc with hidepid here");
	ck_assert_int_eq(result, 0);
}
END_TEST

/* Fault 2 of go-daemon: as user nobody it took EPERM for a dead process and removed the file. */
START_TEST(unprivileged_user_finds_daemon_of_root)
{
	char *path = strdup(open_path("x.pid"));
	struct stat before, after;
	struct keeper keeper;

	harness_need_ofd_locks();
	harness_need_root();
	keeper = keeper_start(path, 0644, NULL);
	ck_assert_int_eq(stat(path, &before), 0);
	ck_assert_int_eq(in_child(found_by_nobody, path), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(in_child(hidden_from_nobody, path), 0);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	check_names(path, keeper.pid);
	keeper_kill(&keeper);
	free(path);
	path = strdup(open_path("x.pid"));
	/* Without the POSIX lock only privileged users can find the holder. */
	keeper = keeper_start(path, 0644, open_and_close);
	ck_assert_int_eq(in_child(hidden_from_nobody, path), 0);
	keeper_kill(&keeper);
	free(path);
}
END_TEST

static int refused_to_nobody(void *path)
{
	struct daemonkit_pidfile *pidfile = NULL;
	pid_t named = atoi(harness_read_file(path));

	if (!become_nobody())
		return 1;
	return daemonkit_pidfile_create(path, 0, &pidfile) != -EALREADY ? 2
	       : named_by_error() == named                              ? 0
									: 3;
}

static int denied_to_nobody(void *path)
{
	struct daemonkit_pidfile *pidfile = NULL;
	struct stat facts;
	char text[256];

	if (!become_nobody() || stat(path, &facts) != 0)
		return 1;
	snprintf(text, sizeof text,
		 "pid file %s: open for writing: owned by user 0, mode %04o"
		 " (run as that user or root): ",
		 (char *)path, facts.st_mode & 07777u);
	return daemonkit_pidfile_create(path, 0, &pidfile) != -EACCES ? 2
	       : strncmp(daemonkit_error(), text, strlen(text)) == 0  ? 0
								      : 3;
}

/*
 * A user who can read the file learns the holder; the error for a file that cannot be written
 * differs.
 */
START_TEST(unprivileged_user_cannot_acquire_file_of_root)
{
	char *path = strdup(open_path("x.pid"));
	struct keeper keeper;

	harness_need_root();
	keeper = keeper_start(path, 0644, NULL);
	ck_assert_int_eq(in_child(refused_to_nobody, path), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(in_child(denied_to_nobody, path), 0);
	ck_assert_int_eq(chmod(path, 0644), 0);
	check_names(path, keeper.pid);
	keeper_kill(&keeper);
	ck_assert_int_eq(in_child(denied_to_nobody, path), 0);
	check_names(path, keeper.pid);
	free(path);
}
END_TEST

START_TEST(locked_file_without_pid_of_holder)
{
	const char *path = harness_path("x.pid");
	struct flock lock = { .l_type = F_WRLCK };
	pid_t pid;
	int ready[2], status;
	char byte;

	harness_write_file(path, "1\n");
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fcntl(fd, F_SETLK, &lock) == 0 && write(ready[1], "", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(holder_pid(path), -EBADMSG);
	kill(pid, SIGKILL);
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(holder_pid(path), -ESRCH);
	close(ready[0]);
	close(ready[1]);
}
END_TEST

/* In a pid namespace, a holder outside has no pid. */
static int search_in_new_namespace(void *path)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID) != 0)
		return 77;
	pid = fork();
	if (pid == 0) {
		struct daemonkit_pidfile *pidfile = NULL;

		_exit(holder_pid(path) != -EBADMSG                               ? 1
		      : daemonkit_pidfile_create(path, 0, &pidfile) != -EALREADY ? 2
		      : !strstr(daemonkit_error(), "pid namespace")              ? 3
										 : 0);
	}
	waitpid(pid, &status, 0);
	return status >> 8 | (status & 0xff);
}

START_TEST(holder_outside_of_pid_namespace_has_no_pid)
{
	char *path = strdup(harness_path("x.pid"));
	struct keeper keeper;
	int result;

	harness_need_root();
	keeper = keeper_start(path, 0, NULL);
	result = in_child(search_in_new_namespace, path);
	check_names(path, keeper.pid);
	keeper_kill(&keeper);
	free(path);
	if (result == 77)
		harness_skip("no pid namespaces here");
	ck_assert_int_eq(result, 0);
}
END_TEST

static int find_in_namespace(void *path)
{
	struct keeper keeper;
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID) != 0)
		return 77;
	pid = fork();
	if (pid == 0) {
		keeper = keeper_start(path, 0, NULL);
		status = holder_pid(path) == keeper.pid ? 0 : 1;
		_exit(status); /* and the keeper with it */
	}
	waitpid(pid, &status, 0);
	return status >> 8 | (status & 0xff);
}

/* /proc describes another process under this pid. */
START_TEST(proc_of_another_pid_namespace_is_not_used)
{
	char *path = strdup(harness_path("x.pid"));
	int result;

	harness_need_root();
	result = in_child(find_in_namespace, path);
	free(path);
	if (result == 77)
		harness_skip("no pid namespaces here");
	ck_assert_int_eq(result, 0);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("pidfile-holder");
	TCase *holder = harness_case(suite, "holder");

	tcase_add_test(holder, arguments_are_checked);
	tcase_add_test(holder, holder_is_found_and_stopped);
	tcase_add_test(holder, link_to_file_of_another_finds_no_holder);
	if (harness_has_linux_api())
		tcase_add_test(holder, lock_without_owner_is_reported_without_pid);
#ifdef F_SETLEASE
	tcase_add_test(holder, lease_is_not_reported_as_holder);
#endif
	if (harness_has_linux_api())
		tcase_add_test(holder, holder_is_found_after_reading_its_file);
	tcase_add_test(holder, holder_finds_itself);
	tcase_add_test(holder, contents_without_lock_are_not_trusted);
	tcase_add_test(holder, forged_file_is_not_trusted);
	if (harness_has_linux_api())
		tcase_add_test(holder, open_descriptor_does_not_prove_holder);
	/* valgrind does not support processes that share descriptors but not memory. */
	if (harness_has_linux_api() && !harness_is_under_valgrind() && is_first_pid_namespace())
		tcase_add_loop_test(holder, reused_pid_of_lock_owner_does_not_prove_holder, 0, 2);
	if (harness_has_linux_api())
		tcase_add_test(holder, holder_with_exited_main_thread_is_found);
	tcase_add_test(holder, special_files_have_no_holder);
	if (harness_has_linux_api())
		tcase_add_test(holder, unprivileged_user_finds_daemon_of_root);
	if (harness_has_linux_api())
		tcase_add_test(holder, holder_is_found_behind_hidepid);
	tcase_add_test(holder, unprivileged_user_cannot_acquire_file_of_root);
	tcase_add_test(holder, locked_file_without_pid_of_holder);
	tcase_add_test(holder, holder_outside_of_pid_namespace_has_no_pid);
	tcase_add_test(holder, proc_of_another_pid_namespace_is_not_used);
	return harness_main(argc, argv, suite, NULL);
}
