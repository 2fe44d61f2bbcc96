/* SPDX-License-Identifier: MIT */
/*
 * The cost of an upgrade, from the decision of the daemon until its successor is ready and has
 * the pid file. Each daemon of a chain upgrades itself once.
 */
#include <daemonkit/daemonkit.h>

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define TIMEOUT 10000 /* milliseconds */

static struct bench_program ours, tableflip;
static const char *argv_of_ours[] = { bench_self, "daemon", NULL };
static const char *argv_of_tableflip[] = { NULL, NULL };

/* ---- the daemon ---- */

static double upgrade(struct daemonkit_context *context)
{
	struct daemonkit_upgrade *upgrade;
	double begin = bench_begin();

	bench_must(daemonkit_upgrade_start(context, NULL, TIMEOUT, &upgrade), "upgrade");
	bench_must(daemonkit_upgrade_wait(upgrade, DAEMONKIT_FOREVER), "upgrade");
	begin = bench_end(begin);
	daemonkit_upgrade_free(upgrade);
	return begin;
}

static int start(void)
{
	struct daemonkit_context *context;
	int in = STDIN_FILENO, out = STDOUT_FILENO;
	char line[32];
	pid_t result;

	bench_must(daemonkit_context_new(&context), "context");
	bench_must(daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN), "mode");
	bench_must(daemonkit_context_set_pid_file(context, bench_temporary("upgrade.pid"), 0),
		   "pid file");
	bench_must(daemonkit_context_set_ready_timeout(context, TIMEOUT), "timeout");
	if (!daemonkit_was_reborn()) {
		bench_must(daemonkit_context_pass_fd(context, "in", in), "pass");
		bench_must(daemonkit_context_pass_fd(context, "out", out), "pass");
	}
	result = daemonkit_context_reborn(context);
	bench_must(result, "reborn");
	if (result > 0)
		return 0;
	in = daemonkit_context_find_fd(context, "in", 0, DAEMONKIT_FD_ANY);
	out = daemonkit_context_find_fd(context, "out", 0, DAEMONKIT_FD_ANY);
	if (in < 0 || out < 0 || daemonkit_notify_ready(context) < 0)
		return 1;
	if (read(in, line, sizeof line) > 0)
		dprintf(out, "%.0f\n", upgrade(context));
	daemonkit_context_release(context);
	return 0;
}

/* ---- the measure ---- */

/* The floor: execute this program, until it writes one byte. */
static double spawn(void)
{
	double begin = bench_begin(), duration;
	char in_child[] = "byte", *arguments[] = { bench_self, in_child, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	pid_t child;
	char byte;

	bench_must(pipe(ends), "pipe");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (posix_spawn(&child, bench_self, &actions, NULL, arguments, environ) != 0)
		bench_must(-1, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bench_must(-1, "read");
	duration = bench_end(begin);
	close(ends[0]);
	waitpid(child, NULL, 0);
	return duration;
}

static double ask(struct bench_program *program, const char *const *argv)
{
	double duration;

	if (access(argv[0], X_OK) < 0)
		return bench_unable("not installed");
	if (program->out == 0)
		bench_open_program(program, argv);
	duration = bench_ask_program(program, 0);
	/* The predecessors. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return duration;
}

static double by_daemonkit(void)
{
	return ask(&ours, argv_of_ours);
}

static double by_tableflip(void)
{
	return ask(&tableflip, argv_of_tableflip);
}

static const struct bench_way ways[] = {
	{ "upgrade", BENCH_FLOOR, "posix_spawn, byte", "pid file, descriptors, failures", spawn },
	{ "upgrade", BENCH_OURS, "daemonkit_upgrade_start", "", by_daemonkit },
	{ "upgrade", BENCH_PEER, "tableflip", "lock of the pid file, parent of the successor",
	  by_tableflip },
	{ NULL, BENCH_FLOOR, NULL, NULL, NULL },
};
static const char *const peers[] = { NULL };

/* A daemon exits when it reads the end of its input. */
static void end_daemons(void)
{
	if (ours.out != 0)
		close(ours.in);
	if (tableflip.out != 0)
		close(tableflip.in);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

int main(int argc, char *argv[])
{
	if (argc > 1 && strcmp(argv[1], "byte") == 0)
		return write(STDOUT_FILENO, "", 1) != 1;
	if (daemonkit_was_reborn() || (argc > 1 && strcmp(argv[1], "daemon") == 0))
		return start();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	bench_find_self();
	argv_of_tableflip[0] = strdup(bench_path("tableflip"));
	if (!bench_start(argc, argv, ways, peers))
		bench_compare("upgrade", "", 0);
	end_daemons();
	return 0;
}
