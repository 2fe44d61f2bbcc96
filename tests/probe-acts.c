/* SPDX-License-Identifier: MIT */
/* What the probe can do beside setting its context. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/context.h>
#include <daemonkit/notify.h>
#include <daemonkit/process.h>
#include <daemonkit/signals.h>

static int number(const char *value)
{
	return (int)strtol(value, NULL, 0);
}

static void write_line(const char *path, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
static void write_line(const char *path, const char *format, ...)
{
	FILE *file = fopen(path, "ae");
	va_list arguments;

	if (file == NULL)
		exit(89);
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fclose(file);
}

/* ---- descriptors ---- */

static void place(int from, int to, bool inherited)
{
	if (from == to)
		return;
	if (dup3(from, to, inherited ? 0 : O_CLOEXEC) < 0)
		exit(95);
	close(from);
}

static bool act_descriptors(struct program *program, const char *name, const char *value)
{
	int fd = number(value), ends[2];

	(void)program;
	if (strcmp(name, "close") == 0)
		close(fd);
	else if (strcmp(name, "closeall") == 0)
		for (fd = 3; fd < 1024; fd++)
			close(fd);
	else if (strcmp(name, "open") == 0)
		place(open("/dev/null", O_RDWR), fd, true);
	else if (strcmp(name, "hide") == 0)
		place(open("/dev/null", O_RDWR | O_CLOEXEC), fd, false);
	else if (strcmp(name, "directory") == 0)
		place(open("/", O_RDONLY | O_DIRECTORY), fd, true);
	else if (strcmp(name, "socket") == 0 &&
		 socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
		place(ends[0], fd, true);
		place(ends[1], fd + 1, true);
	} else if (strcmp(name, "pipe") == 0 && pipe(ends) == 0) {
		place(ends[0], fd, true);
		place(ends[1], fd + 1, true);
	} else if (strcmp(name, "files") == 0) {
		while (fd-- > 0)
			if (open("/dev/null", fd % 2 ? O_RDONLY : O_RDONLY | O_CLOEXEC) < 0)
				exit(95);
	} else {
		return false;
	}
	return true;
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;

static void handle(int signal)
{
	handled = signal;
}

/* What many a program does. */
static void reap_all(int signal)
{
	int saved = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		handled = SIGCHLD;
	errno = saved;
}

static void block(int signal)
{
	sigset_t set;

	sigemptyset(&set);
	if (signal == 0)
		sigfillset(&set);
	else
		sigaddset(&set, signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static struct daemonkit_signals *heard;
static int hangups;

static int hear(const struct daemonkit_signal *signal, void *data)
{
	(void)data;
	if (daemonkit_signal_number(signal) == SIGTERM)
		return DAEMONKIT_STOP;
	hangups++;
	return 0;
}

static bool act_signals(struct program *program, const char *name, const char *value)
{
	if (strcmp(name, "ignore") == 0) {
		signal(number(value), SIG_IGN);
	} else if (strcmp(name, "handler") == 0) {
		signal(number(value), handle);
	} else if (strcmp(name, "reaper") == 0) {
		signal(SIGCHLD, reap_all);
	} else if (strcmp(name, "block") == 0) {
		block(number(value));
	} else if (strcmp(name, "handled") == 0) {
		probe_say(program, "handled %d\n", (int)handled);
	} else if (strcmp(name, "hear") == 0) {
		if (daemonkit_signals_new(&heard) < 0 ||
		    daemonkit_signals_set_handler(heard, SIGTERM, hear, NULL) < 0 ||
		    daemonkit_signals_set_handler(heard, SIGHUP, hear, NULL) < 0)
			exit(94);
	} else if (strcmp(name, "serve") == 0) {
		if (daemonkit_signals_serve(heard) != 0)
			exit(93);
		write_line(program->report, "heard %d\nend\n", hangups);
		daemonkit_signals_free(heard);
	} else {
		return false;
	}
	return true;
}

/* ---- an older or a smaller system ---- */

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{ "clone3", SYS_clone3 },
	{ "close_range", SYS_close_range },
	{ "pidfd_open", SYS_pidfd_open },
	{ "pidfd_send_signal", SYS_pidfd_send_signal },
	{ "connect", SYS_connect },
	{ "bind", SYS_bind },
	{ "execve", SYS_execve },
};

void probe_deny(const char *names)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const char *at = strstr(names, calls[i].name);
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog filter = { .len = sizeof code / sizeof *code, .filter = code };

		if (at == NULL)
			continue;
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
			exit(92);
	}
}

static void limit(unsigned resource, rlim_t value)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	limit.rlim_cur = value;
	setrlimit(resource, &limit);
}

/* Most of the time in malloc(3), and still leaving something to others. */
static void *allocate(void *data)
{
	(void)data;
	for (;;) {
		for (size_t i = 0; i < 500; i++) {
			void *volatile memory = malloc(100 + i);

			free(memory);
		}
		usleep(2000);
	}
	return NULL;
}

static void start_threads(int count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	while (count-- > 0)
		if (pthread_create(&thread, &attributes, allocate, NULL) != 0)
			exit(91);
	pthread_attr_destroy(&attributes);
}

static bool act_system(struct program *program, const char *name, const char *value)
{
	int count;

	(void)program;
	if (strcmp(name, "deny") == 0)
		probe_deny(value);
	else if (strcmp(name, "memory") == 0)
		limit(RLIMIT_AS, strtoul(value, NULL, 0));
	else if (strcmp(name, "limit") == 0)
		limit(RLIMIT_NOFILE, strtoul(value, NULL, 0));
	else if (strcmp(name, "room") == 0) { /* for so many more descriptors */
		count = open("/dev/null", O_RDONLY);
		close(count);
		limit(RLIMIT_NOFILE, (rlim_t)(count + number(value)));
	} else if (strcmp(name, "threads") == 0)
		start_threads(number(value));
	else if (strcmp(name, "mask") == 0)
		umask((mode_t)strtoul(value, NULL, 8));
	else if (strcmp(name, "chdir") == 0 || strcmp(name, "unlink") == 0)
		(void)!(*name == 'c' ? chdir : unlink)(value);
	else if (strcmp(name, "groups") == 0) {
		if (setgroups(3, (const gid_t[]){ 4, 5, 6 }) != 0)
			exit(87);
	} else if (strcmp(name, "fixup") == 0)
		prctl(PR_SET_SECUREBITS, 4 /* SECBIT_NO_SETUID_FIXUP */);
	else if (strcmp(name, "script") == 0) {
		write_line(value, "#!/bin/sh\nexit 77\n");
		chmod(value, 0755);
	} else if (strcmp(name, "setenv") == 0)
		putenv(strdup(value));
	else
		return false;
	return true;
}

/* ---- processes ---- */

/* Another program on this library reports on itself. */
static void run_program(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/proc/self/exe", harness_self, "--helper", "probe", path,
		      "mode=foreground", "daemon:report", NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* A child that holds everything that the daemon has. */
static void hold(const char *path)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready) != 0)
		exit(90);
	pid = fork();
	if (pid == 0) {
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	(void)!read(ready[0], &byte, 1);
	write_line(path, "%d\n", (int)pid);
}

/* A program without any knowledge of daemons, which goes on for long. */
static void start_program(const char *path)
{
	int executed[2];
	char byte;
	pid_t pid;

	if (pipe2(executed, O_CLOEXEC) != 0)
		exit(88);
	pid = fork();
	if (pid == 0) {
		execlp("sleep", "sleep", "1000", NULL);
		_exit(127);
	}
	close(executed[1]);
	(void)!read(executed[0], &byte, 1);
	close(executed[0]);
	write_line(path, "%d\n", (int)pid);
}

/* A worker that was forked cleans up after itself as every program does. */
static void work(struct program *program)
{
	pid_t pid = fork();

	if (pid == 0) {
		int ready = daemonkit_notify_ready(program->context);

		daemonkit_context_release(program->context);
		daemonkit_context_free(program->context);
		exit(ready == -EPERM ? 0 : 1);
	}
	waitpid(pid, NULL, 0);
}

static bool act_processes(struct program *program, const char *name, const char *value)
{
	int status;

	if (strcmp(name, "exit") == 0)
		_exit(number(value));
	else if (strcmp(name, "raise") == 0)
		raise(number(value));
	else if (strcmp(name, "wait") == 0)
		for (;;)
			pause();
	else if (strcmp(name, "await") == 0)
		while (access(value, F_OK) != 0)
			usleep(1000);
	else if (strcmp(name, "touch") == 0)
		write_line(value, "%d\n", (int)getpid());
	else if (strcmp(name, "run") == 0)
		run_program(value);
	else if (strcmp(name, "hold") == 0)
		hold(value);
	else if (strcmp(name, "sleep") == 0)
		start_program(value);
	else if (strcmp(name, "work") == 0)
		work(program);
	else if (strcmp(name, "input") == 0)
		while (read(STDIN_FILENO, &status, 1) > 0)
			;
	else if (strcmp(name, "kill") == 0)
		kill(program->daemon, SIGKILL);
	else if (strcmp(name, "gone") == 0) {
		siginfo_t info;

		if (waitid(P_PID, (id_t)program->daemon, &info, WEXITED | WNOWAIT) < 0)
			while (kill(program->daemon, 0) == 0)
				usleep(1000); /* another's child */
	} else if (strcmp(name, "reap") == 0) {
		status = -1;
		if (waitpid(program->daemon, &status, 0) < 0)
			status = -errno;
		probe_say(program, "reaped %d\n", status);
	} else
		return false;
	return true;
}

/* ---- the library ---- */

static void say_failed(struct program *program, const char *value)
{
	char *rest;
	int error = (int)strtol(value, &rest, 10);

	daemonkit_notify_failed(program->context, error, "%s", rest + 1);
}

/* Texts until one is refused. */
static void flood(struct program *program)
{
	int count = 0, result;

	while ((result = daemonkit_notify_status(program->context, "%d", count)) == 0)
		count++;
	write_line(program->report, "flooded %d %d\n", count, result);
}

static void say_much(struct program *program)
{
	static char text[5001];

	memset(text, 'x', sizeof text - 1);
	daemonkit_notify_status(program->context, "%s", text);
	memset(text, 'y', sizeof text - 1);
	daemonkit_notify_failed(program->context, -EIO, "%s", text);
}

static void misuse(struct program *program)
{
	struct daemonkit_context *context = program->context;

	write_line(program->report, "misused %d %d %d %d\n",
		   daemonkit_notify_failed(context, 0, "x"), daemonkit_notify_failed(context, 1, "x"),
		   daemonkit_notify_extend_timeout(context, 0),
		   daemonkit_notify_extend_timeout(context, -1));
}

static void search(struct program *program)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_context_search(program->context, &process);

	write_line(program->report, "found %d\n",
		   result < 0 ? result : (int)daemonkit_process_pid(process));
	daemonkit_process_free(process);
}

/* Can the standard streams be read and written? */
static void try_streams(const char *path)
{
	char byte;

	write_line(path, "read0 %zd\nwrite1 %zd\nwrite2 %zd\n",
		   read(STDIN_FILENO, &byte, 1), write(STDOUT_FILENO, "x", 1),
		   write(STDERR_FILENO, "x", 1));
}

static bool act_library(struct program *program, const char *name, const char *value)
{
	struct daemonkit_context *context = program->context;

	if (strcmp(name, "up") == 0)
		write_line(program->report, "said %d\n", daemonkit_notify_ready(context));
	else if (strcmp(name, "failed") == 0)
		say_failed(program, value);
	else if (strcmp(name, "status") == 0)
		daemonkit_notify_status(context, "%s", value);
	else if (strcmp(name, "flood") == 0)
		flood(program);
	else if (strcmp(name, "long") == 0)
		say_much(program);
	else if (strcmp(name, "misuse") == 0)
		misuse(program);
	else if (strcmp(name, "extend") == 0)
		daemonkit_notify_extend_timeout(context, number(value));
	else if (strcmp(name, "report") == 0)
		probe_report(program, *value != '\0' ? value : program->report);
	else if (strcmp(name, "where") == 0)
		program->report = value;
	else if (strcmp(name, "again") == 0) {
		int result = daemonkit_context_reborn(context);

		write_line(program->report, "again %d %s\n", result, daemonkit_context_error(context));
	} else if (strcmp(name, "release") == 0)
		write_line(program->report, "released %d\n", daemonkit_context_release(context));
	else if (strcmp(name, "search") == 0)
		search(program);
	else if (strcmp(name, "streams") == 0)
		try_streams(program->report);
	else if (strcmp(name, "reopen") == 0)
		write_line(program->report, "reopened %d\n", daemonkit_context_reopen_log(context));
	else if (strcmp(name, "say") == 0)
		(void)!write(STDOUT_FILENO, value, strlen(value));
	else if (strcmp(name, "complain") == 0)
		(void)!write(STDERR_FILENO, value, strlen(value));
	else if (strcmp(name, "terminal") == 0)
		open(value, O_RDWR);
	else
		return false;
	return true;
}

bool probe_act(struct program *program, const char *name, const char *value)
{
	return act_descriptors(program, name, value) || act_signals(program, name, value) ||
	       act_system(program, name, value) || act_processes(program, name, value) ||
	       act_library(program, name, value) || probe_act_passing(program, name, value) ||
	       probe_act_privileges(program, name, value);
}
