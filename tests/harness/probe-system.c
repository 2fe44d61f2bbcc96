/* SPDX-License-Identifier: MIT */
/* Words of the probe for its environment: descriptors, signals, an older system. */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <daemonkit/signals.h>

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
	int fd = probe_value(value), ends[2];

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
	else if (strcmp(name, "socket") == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
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

/* ---- C library objects that keep descriptors ---- */

/* As many as the library could take numbers from. */
static FILE *streams[20];

static bool act_remembered(struct program *program, const char *name, const char *value)
{
	if (strcmp(name, "fopen") == 0)
		for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
			streams[i] = fopen(value, "a");
	else if (strcmp(name, "fclose") == 0)
		for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
			fprintf(streams[i], "%s\n", value);
			fclose(streams[i]);
		}
	else if (strcmp(name, "syslog") == 0)
		syslog(LOG_INFO, "%s", value);
	else if (strcmp(name, "getpwent") == 0) {
		const struct passwd *entry = getpwent();

		if (program->daemon == 0 && program->out < 0)
			probe_note(program, "passwd %s\n", entry != NULL ? entry->pw_name : "none");
	} else if (strcmp(name, "endpwent") == 0)
		endpwent();
	else
		return false;
	return true;
}

/* ---- signals ---- */

static volatile sig_atomic_t handled;

static void handle(int signal)
{
	handled = signal;
}

/* As many programs do. */
static void reap_all(int signal)
{
	int saved = errno;

	(void)signal;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		handled = SIGCHLD;
	errno = saved;
}

static volatile pid_t other;

/* Reap the daemon and then create a child with the same pid by clone3(2). */
static void reuse(int number)
{
	int saved = errno;
	pid_t pid = waitpid(-1, NULL, WNOHANG);
	/* The fifth argument is the exit signal, the ninth the requested pid. */
	uint64_t arguments[11] = { [4] = SIGCHLD, [8] = (uint64_t)(uintptr_t)&pid, [9] = 1 };

	if (pid > 0) {
		signal(number, SIG_DFL);
		other = (pid_t)syscall(SYS_clone3, arguments, sizeof arguments);
		if (other == 0)
			_exit(99);
	}
	errno = saved;
}

/* The status of the other child; "none" if the pid of the daemon was not reused. */
static void print_other(struct program *program)
{
	int status = -1;

	if (other > 0 && waitpid(other, &status, 0) < 0)
		status = -errno;
	if (other > 0)
		probe_print(program, "other %d\n", status);
	else
		probe_print(program, "other none\n");
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

static struct daemonkit_signals *signals;
static int hangups;

static int on_signal(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	if (daemonkit_siginfo_number(info) == SIGTERM)
		return DAEMONKIT_SIGNALS_STOP;
	hangups++;
	return 0;
}

static bool act_signals(struct program *program, const char *name, const char *value)
{
	if (strcmp(name, "ignore") == 0) {
		signal(probe_value(value), SIG_IGN);
	} else if (strcmp(name, "handler") == 0) {
		signal(probe_value(value), handle);
	} else if (strcmp(name, "reaper") == 0) {
		signal(SIGCHLD, reap_all);
	} else if (strcmp(name, "reuse") == 0) {
		signal(SIGCHLD, reuse);
	} else if (strcmp(name, "other") == 0) {
		print_other(program);
	} else if (strcmp(name, "block") == 0) {
		block(probe_value(value));
	} else if (strcmp(name, "handled") == 0) {
		probe_print(program, "handled %d\n", (int)handled);
	} else if (strcmp(name, "handle") == 0) {
		if (daemonkit_signals_new(&signals) < 0 ||
		    daemonkit_signals_set_handler(signals, SIGTERM, on_signal, NULL) < 0 ||
		    daemonkit_signals_set_handler(signals, SIGHUP, on_signal, NULL) < 0)
			exit(94);
	} else if (strcmp(name, "serve") == 0) {
		if (daemonkit_signals_serve(signals) != 0)
			exit(93);
		probe_write(program->report, "hangups %d\nend\n", hangups);
		daemonkit_signals_free(signals);
	} else {
		return false;
	}
	return true;
}

/* ---- an older or smaller system ---- */

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{ "clone3", SYS_clone3 },         { "close_range", SYS_close_range },
	{ "pidfd_open", SYS_pidfd_open }, { "pidfd_send_signal", SYS_pidfd_send_signal },
	{ "connect", SYS_connect },       { "bind", SYS_bind },
	{ "execve", SYS_execve },         { "capset", SYS_capset },
	{ "unlinkat", SYS_unlinkat },     { "ftruncate", SYS_ftruncate },
};

/* Make the calls fail with this error; 0 makes them do nothing and succeed. */
static void deny(const char *names, unsigned error)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const char *at = strstr(names, calls[i].name);
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
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

/* A macro, because the type of a resource differs between C libraries. */
#define SET_LIMIT(resource, value)            \
	do {                                  \
		struct rlimit limit_;         \
                                              \
		getrlimit(resource, &limit_); \
		limit_.rlim_cur = (value);    \
		setrlimit(resource, &limit_); \
	} while (0)

/* Spend most of the time in malloc(3), and leave some time for other threads. */
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

static void fill(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(92);
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
}

static void rename_file(const char *value)
{
	const char *comma = strchr(value, ',');
	char from[4096];

	snprintf(from, sizeof from, "%.*s", (int)(comma - value), value);
	(void)!rename(from, comma + 1);
}

static bool act_system(struct program *program, const char *name, const char *value)
{
	int count;

	(void)program;
	if (strcmp(name, "deny") == 0)
		deny(value, ENOSYS);
	else if (strcmp(name, "pretend") == 0)
		deny(value, 0);
	else if (strcmp(name, "memory") == 0)
		SET_LIMIT(RLIMIT_AS, strtoul(value, NULL, 0));
	else if (strcmp(name, "limit") == 0)
		SET_LIMIT(RLIMIT_NOFILE, strtoul(value, NULL, 0));
	else if (strcmp(name, "spare") == 0) { /* allow so many more descriptors */
		count = open("/dev/null", O_RDONLY);
		close(count);
		SET_LIMIT(RLIMIT_NOFILE, (rlim_t)(count + probe_value(value)));
	} else if (strcmp(name, "fill") == 0) /* megabytes: makes the exit take some time */
		fill((size_t)probe_value(value) << 20);
	else if (strcmp(name, "threads") == 0)
		start_threads(probe_value(value));
	else if (strcmp(name, "mask") == 0)
		umask((mode_t)strtoul(value, NULL, 8));
	else if (strcmp(name, "chdir") == 0 || strcmp(name, "unlink") == 0)
		(void)!(*name == 'c' ? chdir : unlink)(value);
	else if (strcmp(name, "rmdir") == 0)
		(void)!rmdir(value);
	else if (strcmp(name, "rename") == 0)
		rename_file(value);
	else if (strcmp(name, "input-from") == 0)
		place(open(value, O_RDONLY), STDIN_FILENO, true);
	else if (strcmp(name, "groups") == 0) {
		if (setgroups(3, (const gid_t[]){ 4, 5, 6 }) != 0)
			exit(87);
	} else if (strcmp(name, "securebits") == 0)
		prctl(PR_SET_SECUREBITS, strtoul(value, NULL, 0));
	else if (strcmp(name, "script") == 0) {
		probe_write(value, "#!/bin/sh\nexit 77\n");
		chmod(value, 0755);
	} else if (strcmp(name, "setenv") == 0)
		putenv(strdup(value));
	else
		return false;
	return true;
}

bool probe_arrange(struct program *program, const char *name, const char *value)
{
	return act_descriptors(program, name, value) || act_remembered(program, name, value) ||
	       act_signals(program, name, value) || act_system(program, name, value);
}
