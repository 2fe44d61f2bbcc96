/* SPDX-License-Identifier: MIT */
/* The common part of the programs. */
#include "bench.h"

#include <daemonkit/daemonkit.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_WAYS 40
#define MAX_ROUNDS 1000
#define FEWEST_ROUNDS 5
#define TOO_SLOW 1e9 /* nanoseconds: such a way is measured once */

static const struct bench_way *all[MAX_WAYS];
static size_t all_count;
static const char *inability;
static int most_lost[MAX_WAYS], all_sent;
const struct bench_way *bench_current;
char bench_self[4096];

/* ---- one way ---- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* What tests/bench/run searches for in a trace. */
static void mark(const char *mark)
{
	static int traced = -1;

	if (traced < 0)
		traced = getenv("BENCH_TRACED") != NULL;
	if (traced)
		(void)!access(mark, F_OK);
}

double bench_begin(void)
{
	mark("/begin-of-the-measure");
	return now();
}

double bench_end(double begin)
{
	double duration = now() - begin;

	mark("/end-of-the-measure");
	return duration;
}

void bench_must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, result < -1 ? daemonkit_error() : strerror(errno));
	exit(1);
}

double bench_unable(const char *reason)
{
	inability = reason;
	return -1;
}

void bench_lost(int lost, int sent)
{
	all_sent = sent;
	for (size_t i = 0; i < all_count; i++)
		if (all[i] == bench_current && lost > most_lost[i])
			most_lost[i] = lost;
}

static double run_once(const struct bench_way *way)
{
	bench_current = way;
	return way->once();
}

/* ---- all ways of a measure ---- */

static double setting(const char *name, double fallback)
{
	const char *value = getenv(name);

	return value != NULL ? atof(value) : fallback;
}

struct results {
	const struct bench_way *way;
	double times[MAX_ROUNDS];
	size_t count;
};

static void print_way(const struct results *results, const char *axis, long value)
{
	static const char *const kinds[] = { "floor", "daemonkit", "peer" };
	const struct bench_way *way = results->way;

	printf("%s\t%s\t%ld\t%s\t%s\t%s\t", way->measure, axis, value, kinds[way->kind], way->name,
	       way->lacks);
	for (size_t i = 0; i < all_count; i++)
		if (all[i] == way && most_lost[i] > 0)
			printf("loses %d of %d", most_lost[i], all_sent);
	printf("\t");
	if (results->count == 0)
		printf("unable: %s", inability);
	for (size_t i = 0; i < results->count; i++)
		printf("%s%.0f", i == 0 ? "" : " ", results->times[i]);
	printf("\n");
	fflush(stdout);
}

/* Do it once, to fill the caches and to see how long it takes. */
static bool is_fast(struct results *results, const char *axis, long value)
{
	double duration = run_once(results->way);

	results->count = 0;
	if (duration >= 0 && duration < TOO_SLOW)
		return true;
	if (duration >= 0)
		results->times[results->count++] = duration;
	print_way(results, axis, value);
	return false;
}

void bench_compare(const char *measure, const char *axis, long value)
{
	static struct results results[MAX_WAYS];
	double end;
	size_t count = 0, rounds = (size_t)setting("ROUNDS", 0);
	bool peers = getenv("BENCH_WITHOUT_PEERS") == NULL;

	for (size_t i = 0; i < all_count; i++) {
		if (strcmp(all[i]->measure, measure) != 0 || (all[i]->kind == BENCH_PEER && !peers))
			continue;
		results[count].way = all[i];
		count += is_fast(&results[count], axis, value);
	}
	end = now() + setting("BENCH_SECONDS", 5) * 1e9;
	for (size_t round = 0; count > 0 && round < (rounds > 0 ? rounds : MAX_ROUNDS); round++) {
		if (rounds == 0 && round >= FEWEST_ROUNDS && now() > end)
			break;
		/* None is always the first. */
		for (size_t i = 0; i < count; i++) {
			struct results *one = &results[(i + round) % count];

			one->times[round] = run_once(one->way);
			one->count = round + 1;
		}
	}
	for (size_t i = 0; i < count; i++)
		print_way(&results[i], axis, value);
}

/* ---- programs ---- */

const char *bench_path(const char *name)
{
	static char path[sizeof bench_self + 64];

	snprintf(path, sizeof path, "%.*s/%s", (int)(strrchr(bench_self, '/') - bench_self),
		 bench_self, name);
	return path;
}

const char *bench_temporary(const char *name)
{
	static char path[4096];
	const char *directory = getenv("BENCH_TEMPORARY");

	snprintf(path, sizeof path, "%s/%s", directory != NULL ? directory : "/tmp", name);
	return path;
}

const void *bench_peer(const char *peer, const char *symbol)
{
	char name[64];
	void *object, *found;

	snprintf(name, sizeof name, "peer-%s.so", peer);
	if (access(bench_path(name), F_OK) < 0)
		return NULL;
	object = dlopen(bench_path(name), RTLD_LAZY);
	if (object == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	found = dlsym(object, symbol);
	return found;
}

static void add_ways(const struct bench_way *ways)
{
	for (; ways != NULL && ways->name != NULL; ways++)
		if (all_count < MAX_WAYS)
			all[all_count++] = ways;
}

static int do_once(const char *measure, const char *name)
{
	for (size_t i = 0; i < all_count; i++) {
		if (strcmp(all[i]->measure, measure) != 0 || strcmp(all[i]->name, name) != 0)
			continue;
		run_once(all[i]); /* what is done only the first time is not of interest */
		return run_once(all[i]) < 0;
	}
	fprintf(stderr, "no such way: %s, %s\n", measure, name);
	return 1;
}

void bench_find_self(void)
{
	ssize_t length = readlink("/proc/self/exe", bench_self, sizeof bench_self - 1);

	bench_must(length < 0 ? -1 : 0, "/proc/self/exe");
}

bool bench_start(int argc, char *argv[], const struct bench_way *ways, const char *const *peers)
{
	add_ways(ways);
	for (; *peers != NULL; peers++)
		add_ways(bench_peer(*peers, "bench_ways"));
	if (argc != 4 || strcmp(argv[1], "once") != 0)
		return false;
	if (do_once(argv[2], argv[3]) != 0)
		exit(1);
	return true;
}

/* Its parent waits for it, so that nobody finds a zombie. */
pid_t bench_victim(void (*prepare)(void))
{
	int ends[2];
	pid_t victim;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	bench_must(pipe2(ends, O_CLOEXEC), "pipe2");
	if (fork() == 0) {
		victim = fork();
		if (victim > 0) {
			waitpid(victim, NULL, 0);
			_exit(0);
		}
		if (prepare != NULL)
			prepare();
		victim = getpid();
		bench_must((int)write(ends[1], &victim, sizeof victim), "write");
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &victim, sizeof victim) != sizeof victim)
		bench_must(-1, "read");
	close(ends[0]);
	return victim;
}

bool bench_open_program(struct bench_program *program, const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int in[2], out[2], error;
	pid_t child;

	bench_must(pipe2(in, O_CLOEXEC), "pipe2");
	bench_must(pipe2(out, O_CLOEXEC), "pipe2");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	error = posix_spawn(&child, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	program->in = in[1];
	program->out = out[0];
	return error == 0;
}

double bench_ask_program(const struct bench_program *program, long argument)
{
	char answer[64] = "", *end;
	size_t used = 0;
	double duration;

	if (dprintf(program->in, "%ld\n", argument) < 0)
		return bench_unable("the program has exited");
	while (used < sizeof answer - 1 && strchr(answer, '\n') == NULL) {
		ssize_t length = read(program->out, answer + used, sizeof answer - 1 - used);

		if (length <= 0)
			return bench_unable("the program has exited");
		used += (size_t)length;
	}
	duration = strtod(answer, &end);
	return end > answer ? duration : bench_unable("the program has failed");
}
