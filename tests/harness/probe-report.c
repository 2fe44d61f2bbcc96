/* SPDX-License-Identifier: MIT */
/* The report of a process on itself; works without /proc, too. */
#include "harness/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/context.h>

static void report_processes(FILE *file)
{
	char name[16] = "", status[1024] = "";
	int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC), number = -1;
	FILE *stat = fopen("/proc/self/stat", "re");

	fprintf(file, "pid %d\nppid %d\nsid %d\npgid %d\n", (int)getpid(), (int)getppid(),
		(int)getsid(0), (int)getpgrp());
	fprintf(file, "terminal %d\n", terminal >= 0);
	if (terminal >= 0)
		close(terminal);
	if (stat != NULL && fgets(status, sizeof status, stat) && strrchr(status, ')'))
		sscanf(strrchr(status, ')') + 1, " %*c %*d %*d %*d %d", &number);
	if (stat != NULL)
		fclose(stat);
	fprintf(file, "tty_nr %d\n", number);
	prctl(PR_GET_NAME, name);
	fprintf(file, "comm %s\nreborn %d\n", name, daemonkit_was_reborn());
}

static void report_descriptors(FILE *file)
{
	int count = 0;

	for (int fd = 0; fd < 20000; fd++) {
		char path[64], target[256] = "";
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0)
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof target - 1) < 0)
			strcpy(target, "?");
		fprintf(file, "fd%d %c%c%c%c %s\n", fd, (flags & O_ACCMODE) != O_WRONLY ? 'r' : '-',
			(flags & O_ACCMODE) != O_RDONLY ? 'w' : '-', flags & O_APPEND ? 'a' : '-',
			(fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? 'x' : '-', target);
		count++;
	}
	fprintf(file, "descriptors %d\n", count);
}

static void report_place(FILE *file)
{
	char directory[4096] = "?";
	struct stat root = { .st_ino = 0 };
	mode_t mask = umask(0);

	umask(mask);
	stat("/", &root);
	fprintf(file, "cwd %s\n", getcwd(directory, sizeof directory) ? directory : "?");
	fprintf(file, "root %lu:%lu\numask 0%03o\n", (unsigned long)root.st_dev,
		(unsigned long)root.st_ino, (unsigned)mask);
}

static void report_user(FILE *file)
{
	static gid_t groups[65536];
	uid_t real, effective, saved;
	int count = getgroups(65536, groups);

	getresuid(&real, &effective, &saved);
	fprintf(file, "uids %u %u %u\n", real, effective, saved);
	getresgid(&real, &effective, &saved);
	fprintf(file, "gids %u %u %u\ngroup_count %d\n", real, effective, saved, count);
	fprintf(file, "groups");
	for (int i = 0; i < count && i < 20; i++)
		fprintf(file, " %u", groups[i]);
	fprintf(file, " .\nregain %d\n",
		getuid() != 0 && (setuid(0) == 0 || setgid(0) == 0 || seteuid(0) == 0));
}

static void report_signals(FILE *file)
{
	sigset_t mask;
	int blocked = 0, ignored = 0, caught = 0;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction action;

		blocked += sigismember(&mask, signal) == 1;
		if (sigaction(signal, NULL, &action) < 0)
			continue;
		ignored += action.sa_handler == SIG_IGN;
		caught += action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL;
	}
	fprintf(file, "blocked %d\nignored %d\ncaught %d\n", blocked, ignored, caught);
}

static void report_strings(FILE *file, const struct program *program)
{
	const char *marker = getenv("DAEMONKIT_REBORN");

	fprintf(file, "marker %s\n", marker != NULL ? marker : "none");
	fprintf(file, "argc %d\n", program->argc);
	for (int i = 0; i < program->argc; i++)
		fprintf(file, "arg%d [%s]\n", i, program->argv[i]);
	/* The counters of --enable-coverage set a variable of their own. */
	for (char **variable = environ; *variable != NULL; variable++)
		if (strncmp(*variable, "__LLVM_PROFILE", 14) != 0)
			fprintf(file, "env %s\n", *variable);
}

void probe_report(struct program *program, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size), *file;

	if (memory == NULL)
		abort();
	fputs("report of the probe\n", memory);
	report_processes(memory);
	report_descriptors(memory);
	report_place(memory);
	report_user(memory);
	report_signals(memory);
	report_strings(memory, program);
	fputs("end\n", memory);
	fclose(memory);
	file = fopen(path, "ae");
	if (file != NULL) {
		fputs(text, file);
		fclose(file);
	}
	free(text);
}
