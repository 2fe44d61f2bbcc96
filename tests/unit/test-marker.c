/* SPDX-License-Identifier: MIT */
/* The second copy: its marker, arguments, environment and program. */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "compat/executable.h"
#include "compat/message.h"

#define REPORT " ready=60000 daemon:up daemon:report daemon:wait"
#define NOBODY 65534

/* go-daemon: MARK_NAME, MARK_VALUE, WasReborn */
/*
 * In go-daemon: the marker leaks, and a program that the daemon executes takes itself for the
 * daemon
 */
START_TEST(marker_is_not_inherited_by_programs)
{
	struct probe probe = probe_run("%s daemon:run=@/child" REPORT, probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("reborn"), _i < PROBE_REBORN_WAYS);
	ck_assert_str_eq(probe_fact("marker"), "none");
	probe_kill(&probe);
	probe_read(harness_path("child"));
	ck_assert_int_eq(probe_number("reborn"), 0);
	ck_assert_str_eq(probe_fact("marker"), "none");
}
END_TEST

/* Run the program with a marker that has its own pid, as an attacker would set it. */
static struct harness_result run_forged(const char *marker)
{
	const char *argv[] = {
		"sh",
		"-c",
		"DAEMONKIT_REBORN=$(printf \"$1\" $$) exec \"$0\" --helper probe $2 "
		"mode=foreground failure=4 daemon:report",
		harness_self,
		marker,
		harness_path("report"),
		NULL,
	};

	return harness_run(argv);
}

/* A forged marker neither makes the program a second copy nor makes it fail. */
START_TEST(forged_markers_are_ignored)
{
	static const char *const markers[] = {
		"",
		"1",
		"garbage",
		":",
		"3:",
		":1",
		"3:1",
		"-1:%d",
		"3:-1",
		"3:%d0",
		"3:%dx",
		"99999999999999999999:%d",
		"3:99999999999999999999",
		"%d:%d:%d",
		"3:0",
		" 3:%d",
	};

	for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
		struct harness_result result;

		unlink(harness_path("report"));
		result = run_forged(markers[i]);
		ck_assert_msg(result.status == 0, "marker \"%s\": status %#x, %s", markers[i],
			      (unsigned)result.status, result.error);
		ck_assert_int_eq(probe_number("reborn"), 0);
		ck_assert_str_eq(probe_fact("marker"), "none");
	}
}
END_TEST

/* The right pid, and a descriptor that is not a channel. */
START_TEST(forged_marker_without_channel_is_refused)
{
	static const char *const markers[] = { "0:%d", "1:%d", "77:%d", "2:%d" };

	for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
		struct harness_result result;

		unlink(harness_path("report"));
		result = run_forged(markers[i]);
		ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) != 0,
			      "marker \"%s\": status %#x", markers[i], (unsigned)result.status);
		ck_assert_msg(strstr(result.output, " -1 ") != NULL &&
				      strstr(result.output, "same user"),
			      "%s", result.output);
		ck_assert_int_ne(access(harness_path("report"), F_OK), 0);
	}
}
END_TEST

/* Execute this program as a second copy, as this user, with this descriptor as its channel. */
static int run_with_channel(const char *program, uid_t caller, int channel)
{
	pid_t pid = fork();
	int status;
	char marker[64];

	if (pid > 0) {
		ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
		return status;
	}
	if (caller != 0 &&
	    (setresgid(caller, caller, caller) != 0 || setresuid(caller, caller, caller) != 0))
		_exit(100);
	snprintf(marker, sizeof marker, "%d:%d", channel, (int)getpid());
	setenv("DAEMONKIT_REBORN", marker, 1);
	execl(program, program, "--helper", "probe", harness_path("report"), "mode=foreground",
	      "failure=4", "daemon:report", NULL);
	_exit(101);
}

static void check_exit(int status, int expected)
{
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == expected, "%#x",
		      (unsigned)status);
}

START_TEST(channel_of_another_kind_is_refused)
{
	const int others[] = { SOCK_DGRAM, harness_has_linux_api() ? SOCK_STREAM : SOCK_SEQPACKET };
	int ends[2];

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		ck_assert_int_eq(socketpair(AF_UNIX, others[i], 0, ends), 0);
		close(ends[0]);
		check_exit(run_with_channel(harness_self, 0, ends[1]), 1);
		ck_assert_int_ne(access(harness_path("report"), F_OK), 0);
		close(ends[1]);
	}
	/* This one is a second copy whose launcher has exited. */
	ck_assert_int_eq(compat_message_pair(ends), 0);
	ck_assert_int_eq(fcntl(ends[1], F_SETFD, 0), 0);
	close(ends[0]);
	check_exit(run_with_channel(harness_self, 0, ends[1]), 4);
	ck_assert_int_eq(probe_number("refused"), -ECANCELED);
	close(ends[1]);
}
END_TEST

/* Send settings as this user; with SCM_CREDENTIALS if requested. */
static void send_settings(int fd, uid_t user, int vouched)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &vouched, sizeof vouched) != 0 ||
		    (user != 0 && (setgid(user) != 0 || setuid(user) != 0)))
			_exit(1);
		_exit(send(fd, "Esettings", 9, 0) == 9 ? 0 : 2);
	}
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}

/* A socket of root, passed to a process of another user: that process cannot send settings. */
START_TEST(settings_of_another_user_are_refused)
{
	static const struct {
		uid_t user;
		int vouched;
		bool accepted;
	} senders[] = {
		{ NOBODY, 0, false }, { NOBODY, 1, false }, { 0, 0, false }, { 0, 1, true }
	};
	char answer[64];
	int ends[2];

	harness_need_root();
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	send_settings(ends[0], senders[_i].user, senders[_i].vouched);
	check_exit(run_with_channel(harness_self, 0, ends[1]), 4);
	close(ends[1]);
	/* Settings of the same user are accepted, and are invalid here. */
	ck_assert_int_eq(probe_number("refused") == -EPERM, !senders[_i].accepted);
	ck_assert_int_eq(strstr(probe_fact("refused"), "same user") != NULL, !senders[_i].accepted);
	/* Other senders get no reply. */
	ck_assert_int_eq(recv(ends[0], answer, sizeof answer, 0) > 0, senders[_i].accepted);
	close(ends[0]);
}
END_TEST

static const char *copy_of_this_program(const char *name)
{
	const char *path = harness_path("%s", name);

	ck_assert(harness_copy_program(harness_self, path));
	return path;
}

#define FILE_CAPABILITY 0755

/*
 * A copy of this program with these permissions: set-user-ID and the like, or with the file
 * capabilities cap_net_bind_service=ep, in the format of the kernel.
 */
static const char *privileged_copy(mode_t mode)
{
	static const unsigned char bind_service[] = { 1, 0, 0, 2, 0, 4, 0, 0, 0, 0,
						      0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	const char *path;

	harness_need_root();
	path = copy_of_this_program("privileged");
	ck_assert_int_eq(chmod(harness_directory(), 0777), 0);
	ck_assert_int_eq(chown(path, 0, 0), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	if (mode == FILE_CAPABILITY &&
	    setxattr(path, "security.capability", bind_service, sizeof bind_service, 0) < 0)
		harness_skip("no file capabilities here: %s", strerror(errno));
	return path;
}

/* Every user who may execute it controls its environment and descriptors. */
START_TEST(privileged_program_is_no_second_copy)
{
	static const mode_t modes[] = { 04755, 02755, 06755, FILE_CAPABILITY };
	const char *path = privileged_copy(modes[_i]);
	char byte;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	/* Even if the credentials of the sender are correct. */
	send_settings(ends[0], 0, 1);
	check_exit(run_with_channel(path, NOBODY, ends[1]), 1);
	ck_assert_int_ne(access(harness_path("report"), F_OK), 0);
	/* Nothing was read. */
	ck_assert_int_eq(recv(ends[1], &byte, 1, MSG_DONTWAIT), 1);
	ck_assert_int_eq(byte, 'E');
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static struct harness_result run_as_nobody(const char *path, const char *mode, const char *act)
{
	const char *argv[] = {
		"setpriv",
		"--reuid=65534",
		"--regid=65534",
		"--clear-groups",
		path,
		"--helper",
		"probe",
		harness_path("report"),
		mode,
		act,
		NULL,
	};

	return harness_run(argv);
}

/* And it starts none. */
START_TEST(privileged_program_starts_no_second_copy)
{
	struct harness_result result = run_as_nobody(privileged_copy(06755), "mode=reborn",
						     "daemon:report");

	ck_assert_msg(strstr(result.output, "more privileges than its caller") != NULL, "%s",
		      result.output);
	ck_assert_int_ne(access(harness_path("report"), F_OK), 0);
}
END_TEST

/* Set-user-ID, and file capabilities. */
START_TEST(mode_auto_forks_a_privileged_program)
{
	struct harness_result result;

	probe_need("mode=fork");
	result = run_as_nobody(privileged_copy(_i == 0 ? 06755 : FILE_CAPABILITY), "mode=auto",
			       "daemon:report");
	ck_assert_msg(result.status == 0, "%s", result.output);
	ck_assert_int_eq(probe_number("reborn"), 0);
	ck_assert_int_gt(probe_number("pid"), 0);
	ck_assert(harness_wait_exit((pid_t)probe_number("pid"), HARNESS_SOON));
}
END_TEST

/* Its caller has chosen the socket. */
START_TEST(privileged_program_stores_no_descriptor)
{
	const char *path;
	const char *argv[] = { "setpriv",
			       "--reuid=65534",
			       "--regid=65534",
			       "--clear-groups",
			       NULL,
			       "--helper",
			       "probe",
			       NULL,
			       "mode=foreground",
			       "daemon:store-fd",
			       NULL };

	path = argv[4] = privileged_copy(06755);
	argv[7] = harness_path("report");
	setenv("NOTIFY_SOCKET", "@nobody-listens-here", 1);
	harness_run(argv);
	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(probe_number("stored"), -EPERM);
	/* Only then: another program gets as far as the socket. */
	unlink(harness_path("report"));
	ck_assert_int_eq(chmod(path, 0755), 0);
	setenv("NOTIFY_SOCKET", "@nobody-listens-here", 1);
	harness_run(argv);
	unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(probe_number("stored"), -ECONNREFUSED);
}
END_TEST

/* Its successor could not trust it. */
START_TEST(privileged_program_is_not_upgraded)
{
	struct harness_result result = run_as_nobody(
		privileged_copy(_i == 0 ? 06755 : FILE_CAPABILITY), "mode=foreground",
		"daemon:upgrade");

	ck_assert_msg(result.status == 0, "%s", result.output);
	ck_assert_int_eq(probe_number("upgrade"), -EPERM);
	ck_assert_ptr_nonnull(strstr(probe_fact("upgrade"), "more privileges than its caller"));
}
END_TEST

/* a second call in the daemon is an error */
START_TEST(second_start_in_daemon_is_an_error)
{
	struct probe probe = probe_run("%s ready=60000 pid=@/run/pid daemon:again daemon:up "
				       "daemon:again daemon:report daemon:wait",
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("again"), -EPERM);
	ck_assert_ptr_nonnull(strstr(probe_fact("again"), "is the daemon already"));
	/* It is still the daemon. */
	ck_assert_int_eq(probe_number("notified"), 0);
	ck_assert_int_eq(atoi(harness_read_file(harness_path("run/pid"))), probe.result);
	probe_kill(&probe);
}
END_TEST

/* go-daemon: Args, where empty means those of the launcher */
START_TEST(arguments_default_to_those_of_launcher)
{
	const char *argv[] = {
		harness_self,     "--helper",      "probe",     harness_path("report"),
		probe_ways[_i],   "daemon:report", "two words", "",
		"tab\tand\nline", "daemon:wait",   "",          NULL
	};
	struct harness_result result;
	struct probe probe = { .result = 0 };

	/* This way consists of several words. */
	if (strchr(probe_ways[_i], ' '))
		argv[4] = "mode=reborn";
	argv[8] = "tab\tand two";
	result = harness_run(argv);
	ck_assert_int_eq(result.status, 0);
	ck_assert_int_eq(probe_number("argc"), 9);
	ck_assert_str_eq(probe_fact("arg4"), "[two words]");
	ck_assert_str_eq(probe_fact("arg5"), "[]");
	ck_assert_str_eq(probe_fact("arg6"), "[tab\tand two]");
	ck_assert_str_eq(probe_fact("arg8"), "[]");
	probe.result = (pid_t)probe_number("pid");
	probe_kill(&probe);
}
END_TEST

/* go-daemon: Env, Args */
START_TEST(arguments_and_environment_are_replaced)
{
	struct probe probe = probe_run("%s arg=name arg=--helper arg=probe arg=@/report "
				       "arg=daemon:report arg=daemon:wait arg=two_words arg=~ "
				       "env=ONE=1 env=EMPTY= env=DAEMONKIT_REBORN=9:9",
				       probe_ways[_i]);
	const char *text, *line;
	int count = 0;

	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("argc"), 6);
	ck_assert_str_eq(probe_fact("arg4"), "[two words]");
	ck_assert_str_eq(probe_fact("arg5"), "[]");
	text = harness_read_file(harness_path("report"));
	ck_assert_ptr_nonnull(strstr(text, "\nenv ONE=1\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nenv EMPTY=\n"));
	for (line = text; (line = strstr(line, "\nenv ")); line++)
		count++;
	ck_assert_int_eq(count, 2);
	probe_kill(&probe);
}
END_TEST

START_TEST(environment_defaults_to_that_of_launcher)
{
	struct probe probe = probe_run("%s first:setenv=DAEMONKIT_REBORN=stale "
				       "first:setenv=PROBE_OWN=value" REPORT,
				       probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("marker"), _i < PROBE_REBORN_WAYS ? "none" : "stale");
	ck_assert_ptr_nonnull(
		strstr(harness_read_file(harness_path("report")), "\nenv PROBE_OWN=value\n"));
	probe_kill(&probe);
}
END_TEST

/* The context is passed to the daemon, and settings of the launcher take precedence. */
START_TEST(settings_of_launcher_take_precedence)
{
	struct probe probe = probe_run(
		"%s first:ready=60000 first:pid=@/run/pid first:log=@/log first:workdir=@/run "
		"first:umask=077 second:ready=1 second:pid=@/run/other second:log=@/other "
		"second:workdir=/tmp second:umask=0 second:cred=1:1:5 second:chroot=@ "
		"second:mode=foreground daemon:up daemon:report daemon:wait",
		probe_ways[_i]);

	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("cwd"), harness_path("run"));
	ck_assert_str_eq(probe_fact("umask"), "0077");
	ck_assert_ptr_nonnull(strstr(probe_fact("fd1"), "/log"));
	ck_assert_ptr_null(strstr(probe_fact("fd1"), "/other"));
	ck_assert_int_eq(access(harness_path("run/pid"), F_OK), 0);
	ck_assert_int_ne(access(harness_path("run/other"), F_OK), 0);
	ck_assert_int_eq(probe_number("uids"), (int)getuid());
	probe_kill(&probe);
}
END_TEST

START_TEST(program_file_is_deleted_while_the_launcher_runs)
{
	const char *path = copy_of_this_program("a program");
	char words[512];
	struct probe probe;

	harness_need_kernel("/proc/self/exe of a deleted program");
	snprintf(words, sizeof words, "%s first:unlink=@/link pid=@/run/pid" REPORT,
		 probe_ways[_i]);
	ck_assert_int_eq(rename(path, harness_path("link")), 0);
	probe = probe_run_program(harness_path("link"), words);
	probe_check_up(&probe);
	if (harness_has_linux_api())
		ck_assert_str_eq(probe_fact("comm"), "link");
	ck_assert_int_eq(probe_number("reborn"), 1);
	probe_kill(&probe);
}
END_TEST

/* The daemon has the name of the program, not that of the thread that starts it. */
START_TEST(program_is_started_by_a_thread)
{
	const char *path = copy_of_this_program("program");
	char words[512];
	struct probe probe;

	harness_need_kernel("/proc/self/exe of a deleted program");
	snprintf(words, sizeof words, "%s thread=all first:unlink=@/program pid=@/run/pid" REPORT,
		 probe_ways[_i]);
	probe = probe_run_program(path, words);
	probe_check_up(&probe);
	ck_assert_str_eq(probe_fact("comm"), "program");
	probe_kill(&probe);
}
END_TEST

START_TEST(program_file_is_replaced_while_the_launcher_runs)
{
	const char *path = copy_of_this_program("program");
	struct probe probe;
	char words[512];

	harness_need_kernel("/proc/self/exe of a replaced program");
	/* The new file would exit with 77. */
	snprintf(words, sizeof words, "%s first:unlink=@/program first:script=@/program" REPORT,
		 probe_ways[_i]);
	probe = probe_run_program(path, words);
	probe_check_up(&probe);
	if (harness_has_linux_api())
		ck_assert_str_eq(probe_fact("comm"), "program");
	probe_kill(&probe);
}
END_TEST

START_TEST(program_is_named)
{
	const char *path = copy_of_this_program("program");
	struct stat file, running;
	struct probe probe;
	char link[64];

	harness_need_kernel("/proc/self/exe of a replaced program");
	probe = probe_run("%s program=@/program" REPORT, probe_ways[_i]);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("reborn"), 1);
	snprintf(link, sizeof link, "/proc/%d/exe", (int)probe.result);
	ck_assert_int_eq(stat(path, &file), 0);
	ck_assert_int_eq(stat(link, &running), 0);
	ck_assert_uint_eq(file.st_ino, running.st_ino);
	probe_kill(&probe);
	probe = probe_run("%s program=@/nothing", probe_ways[_i]);
	probe_check_failed(&probe, -ENOENT, "/nothing: execve");
}
END_TEST

/* Without /proc only the name by which it was executed remains. */
static int find_without_proc(void)
{
	char path[PATH_MAX] = "";
	struct stat file, self;

	if (stat("/proc/self/exe", &self) < 0)
		return 1;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    umount2("/proc", MNT_DETACH) < 0)
		return 77;
	return compat_executable(path, sizeof path) < 0 || path[0] != '/' ||
	       stat(path, &file) < 0 || file.st_ino != self.st_ino;
}

START_TEST(name_is_known_without_proc)
{
	int status;
	pid_t pid;

	harness_need_root();
	harness_need_kernel("a program without /proc");
	pid = fork();
	if (pid == 0)
		_exit(find_without_proc());
	ck_assert(harness_wait_child(pid, &status, HARNESS_SOON));
	if (status == 77 << 8)
		harness_skip("needs its own mounts");
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Nested directories whose path is longer than PATH_MAX. */
#define LEVEL "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LEVELS (PATH_MAX / (sizeof LEVEL - 1) + 1)

static void enter_deep_directory(void)
{
	ck_assert_int_eq(chdir(harness_directory()), 0);
	for (size_t i = 0; i < LEVELS; i++)
		ck_assert(mkdir(LEVEL, 0755) == 0 && chdir(LEVEL) == 0);
}

/* The harness could not remove them. */
static void remove_deep_directory(void)
{
	for (size_t i = 0; i < LEVELS; i++)
		ck_assert(chdir("..") == 0 && rmdir(LEVEL) == 0);
}

/* Executed by a relative path, in a directory whose path is too long to be known. */
START_TEST(path_of_the_program_is_too_long)
{
	struct probe probe;
	char words[512];

	harness_need_kernel("/proc/self/exe of a deleted program");
	snprintf(words, sizeof words, "%s pid=@/run/pid" REPORT, probe_ways[_i]);
	enter_deep_directory();
	ck_assert(harness_copy_program(harness_self, "program"));
	probe = probe_run_program("./program", words);
	ck_assert_int_eq(unlink("program"), 0);
	remove_deep_directory();
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("reborn"), 1);
	probe_kill(&probe);
}
END_TEST

/* Execute the arguments with an empty /proc. */
static int without_proc_main(int argc, char *argv[])
{
	(void)argc;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		return 77;
	execv(argv[1], argv + 1);
	return 99;
}

/* Like probe_run_program() without /proc. */
static struct probe run_without_proc(const char *path, const char *words)
{
	const char *script = harness_path("without-proc");
	struct probe probe;
	char text[2 * PATH_MAX];

	harness_need_root();
	snprintf(text, sizeof text, "#!/bin/sh\nexec '%s' --helper without-proc '%s' \"$@\"\n",
		 harness_self, path);
	harness_write_file(script, text);
	ck_assert_int_eq(chmod(script, 0755), 0);
	probe = probe_run_program(script, words);
	if (probe.end == 77 << 8)
		harness_skip("needs its own mounts");
	return probe;
}

#define ARGUMENTS                                                      \
	" arg=name arg=--helper arg=probe arg=@/report arg=daemon:up " \
	"arg=daemon:report arg=daemon:wait ready=60000 pid=@/run/pid"

START_TEST(program_runs_without_proc)
{
	struct probe probe;
	char words[512];

	harness_need_kernel("a program without /proc");
	snprintf(words, sizeof words, "%s" ARGUMENTS, probe_ways[_i]);
	probe = run_without_proc(harness_self, words);
	probe_check_up(&probe);
	ck_assert_int_eq(probe_number("reborn"), 1);
	ck_assert_int_eq(probe_number("argc"), 5);
	probe_kill(&probe);
	ck_assert_int_eq(unlink(harness_path("run/pid")), 0);
	/* Its arguments can only be read in /proc. */
	snprintf(words, sizeof words, "%s pid=@/run/pid" REPORT, probe_ways[_i]);
	probe = run_without_proc(harness_self, words);
	probe_check_failed(&probe, -ENOENT, "daemonkit_context_set_args");
	probe_check_nothing_left();
}
END_TEST

/* Neither the link nor the name helps. */
START_TEST(path_is_too_long_without_proc)
{
	struct probe unknown, named;
	char words[1024];

	harness_need_root();
	harness_need_kernel("a program without /proc");
	copy_of_this_program("program");
	snprintf(words, sizeof words, "%s" ARGUMENTS, probe_ways[_i]);
	enter_deep_directory();
	ck_assert(harness_copy_program(harness_self, "program"));
	unknown = run_without_proc("./program", words);
	snprintf(words + strlen(words), sizeof words - strlen(words), " program=@/program");
	named = run_without_proc("./program", words);
	ck_assert_int_eq(unlink("program"), 0);
	remove_deep_directory();
	probe_check_failed(&unknown, -ENOENT, "daemonkit_context_set_program");
	probe_check_up(&named);
	ck_assert_int_eq(probe_number("reborn"), 1);
	probe_kill(&named);
}
END_TEST

START_TEST(program_cannot_be_executed)
{
	struct probe probe = probe_run("%s ready=60000 pid=@/run/pid first:deny=execve",
				       probe_ways[_i]);

	probe_check_failed(&probe, -ENOSYS, "execve");
	ck_assert_ptr_nonnull(strstr(probe.text, harness_self));
	probe_check_nothing_left();
}
END_TEST

int main(int argc, char *argv[])
{
	const struct harness_helper helpers[] = { probe_helpers[0],
						  { "without-proc", without_proc_main },
						  { NULL, NULL } };
	Suite *suite = suite_create("marker");
	TCase *marker = harness_case(suite, "marker");
	TCase *arguments = harness_case(suite, "arguments");
	TCase *program = harness_case(suite, "program");

	tcase_add_loop_test(marker, marker_is_not_inherited_by_programs, 0, PROBE_WAYS);
	tcase_add_test(marker, forged_markers_are_ignored);
	tcase_add_test(marker, forged_marker_without_channel_is_refused);
	tcase_add_test(marker, channel_of_another_kind_is_refused);
	if (harness_has_linux_api()) {
		tcase_add_loop_test(marker, settings_of_another_user_are_refused, 0, 4);
		tcase_add_loop_test(marker, privileged_program_is_no_second_copy, 0, 4);
		tcase_add_test(marker, privileged_program_starts_no_second_copy);
		tcase_add_loop_test(marker, mode_auto_forks_a_privileged_program, 0, 2);
		tcase_add_loop_test(marker, privileged_program_is_not_upgraded, 0, 2);
		tcase_add_test(marker, privileged_program_stores_no_descriptor);
	}
	tcase_add_loop_test(marker, second_start_in_daemon_is_an_error, 0, PROBE_WAYS);
	tcase_add_loop_test(arguments, arguments_default_to_those_of_launcher, 0, 2);
	tcase_add_loop_test(arguments, arguments_and_environment_are_replaced, 0,
			    PROBE_REBORN_WAYS);
	tcase_add_loop_test(arguments, environment_defaults_to_that_of_launcher, 0, PROBE_WAYS);
	tcase_add_loop_test(arguments, settings_of_launcher_take_precedence, 0, PROBE_WAYS);
	tcase_add_loop_test(program, program_file_is_deleted_while_the_launcher_runs, 0,
			    PROBE_REBORN_WAYS);
	if (harness_has_linux_api())
		tcase_add_loop_test(program, program_is_started_by_a_thread, 0, PROBE_REBORN_WAYS);
	tcase_add_loop_test(program, program_file_is_replaced_while_the_launcher_runs, 0,
			    PROBE_REBORN_WAYS);
	tcase_add_loop_test(program, program_is_named, 0, PROBE_REBORN_WAYS);
	if (harness_has_linux_api()) {
		tcase_add_test(program, name_is_known_without_proc);
		tcase_add_loop_test(program, path_of_the_program_is_too_long, 0, PROBE_REBORN_WAYS);
		tcase_add_loop_test(program, program_runs_without_proc, 0, PROBE_REBORN_WAYS);
		tcase_add_loop_test(program, path_is_too_long_without_proc, 0, PROBE_REBORN_WAYS);
	}
	tcase_add_loop_test(program, program_cannot_be_executed, 0, PROBE_REBORN_WAYS);
	return harness_main(argc, argv, suite, helpers);
}
