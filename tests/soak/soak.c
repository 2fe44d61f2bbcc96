/* SPDX-License-Identifier: MIT */
/*
 * Endurance: soak CYCLES REQUESTS SIGNALS
 *
 * Starts, reloads and stops CYCLES daemons one after the other, then sends REQUESTS for a reload
 * and SIGNALS real-time signals to a single daemon. The memory and the descriptors of this process
 * and of the daemon must not grow, no signal may be lost, and the last tenth of the cycles
 * must not take longer than the first one. Prints the figures, and "N passed, N failed".
 */
#include <daemonkit/daemonkit.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE 30000 /* for one operation, in milliseconds */
#define GROWTH 256     /* in KiB: a leak of 3 bytes in each of 100 000 cycles */
#define COUNTED SIGRTMIN
#define BATCH 100 /* signals; the smallest pipe holds 128 */

static char directory[] = "/tmp/daemonkit-soak-XXXXXX";
static char path[64];
static long received;
static unsigned passed, failed;

static void check(bool good, const char *what)
{
	printf("%s %u - %s\n", good ? "ok" : "not ok", passed + failed + 1, what);
	*(good ? &passed : &failed) += 1;
}

static void require(int result, const char *what)
{
	if (result >= 0)
		return;
	printf("Bail out! %s: %s\n", what, daemonkit_error());
	exit(1);
}

/* ---- resources of a process ---- */

struct usage {
	long memory; /* private pages that were written, in KiB */
	long descriptors;
};

static struct usage measure(pid_t pid)
{
	struct usage usage = { 0, 0 };
	char name[64], line[128];
	FILE *file;
	DIR *list;

	snprintf(name, sizeof name, "/proc/%ld/smaps_rollup", (long)pid);
	file = fopen(name, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		sscanf(line, "Private_Dirty: %ld", &usage.memory);
	if (file != NULL)
		fclose(file);
	snprintf(name, sizeof name, "/proc/%ld/fd", (long)pid);
	list = opendir(name);
	while (list != NULL && readdir(list) != NULL)
		usage.descriptors++;
	if (list != NULL)
		closedir(list);
	return usage;
}

static bool is_asleep(pid_t pid)
{
	char name[64], line[128], state = ' ';
	FILE *file;

	snprintf(name, sizeof name, "/proc/%ld/status", (long)pid);
	file = fopen(name, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		sscanf(line, "State: %c", &state);
	if (file != NULL)
		fclose(file);
	return state == 'S';
}

/* The peer of a daemon has read the reply before the daemon closes the connection. */
static struct usage measure_at_rest(pid_t daemon)
{
	deadline until = deadline_after(PATIENCE);

	for (unsigned round = 0; !is_asleep(daemon) && deadline_now() < until; round++)
		deadline_pause(round);
	return measure(daemon);
}

static void compare(struct usage before, struct usage after, const char *whose)
{
	char what[128];

	printf("# %s: %ld -> %ld KiB, %ld -> %ld descriptors\n", whose, before.memory, after.memory,
	       before.descriptors, after.descriptors);
	snprintf(what, sizeof what, "memory of %s", whose);
	check(after.memory > 0 && after.memory - before.memory < GROWTH, what);
	snprintf(what, sizeof what, "descriptors of %s", whose);
	check(after.descriptors > 0 && after.descriptors == before.descriptors, what);
}

/* ---- the daemon ---- */

static int stop(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	return DAEMONKIT_SIGNALS_STOP;
}

static int count(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	received++;
	return 0;
}

/* The status text is the number of signals. */
static int reload(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	return daemonkit_siginfo_status(info, "%ld", received);
}

static int serve(struct daemonkit_context *context)
{
	struct daemonkit_signals *signals = NULL;
	int result = daemonkit_signals_new(&signals);

	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGTERM, stop, NULL);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGHUP, reload, NULL);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, COUNTED, count, NULL);
	if (result == 0)
		result = daemonkit_notify_ready(context);
	if (result == 0)
		result = daemonkit_signals_serve(signals);
	if (result == 0)
		result = daemonkit_context_release(context);
	daemonkit_signals_free(signals);
	return result;
}

static struct daemonkit_process *start(void)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_process *process = NULL;
	int daemon, result = 0;

	require(daemonkit_context_new(&context), "new");
	require(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FORK), "mode");
	require(daemonkit_context_set_pid_file(context, path, 0644), "pid file");
	require(daemonkit_context_set_ready_timeout(context, PATIENCE), "timeout");
	daemon = daemonkit_context_reborn(context);
	require(daemon, "start");
	if (daemon == 0)
		result = serve(context);
	daemonkit_context_free(context);
	if (daemon == 0)
		_exit(result < 0);
	require(daemonkit_pidfile_holder(path, &process), "find");
	return process;
}

/* ---- what it must endure ---- */

static void read_count(const char *text, void *data)
{
	*(long *)data = atol(text);
}

static long request(struct daemonkit_process *process)
{
	long counted = -1;
	int result = daemonkit_process_request(process, SIGHUP, PATIENCE, read_count, &counted);

	require(result > 0 ? -result : result, "reload");
	return counted;
}

static void end(struct daemonkit_process *process)
{
	require(daemonkit_process_stop(process, PATIENCE, DAEMONKIT_NEVER), "stop");
	daemonkit_process_free(process);
}

static void run_cycles(long cycles)
{
	long tenth = cycles / 10;
	struct usage before = { 0, 0 };
	deadline begin = 0, first = 0, last = 0, total = deadline_now();

	for (long i = 0; i < cycles; i++) {
		struct daemonkit_process *process;

		if (i % tenth == 0)
			begin = deadline_now();
		process = start();
		request(process);
		end(process);
		if (i + 1 == tenth) {
			first = deadline_now() - begin;
			before = measure(getpid());
		}
	}
	last = deadline_now() - begin;
	printf("# %ld cycles in %.1f s: first tenth %ld us each, last tenth %ld us\n", cycles,
	       (double)(deadline_now() - total) / 1e6, (long)(first / tenth), (long)(last / tenth));
	check(last < first * 3, "the last cycles take no longer than the first ones");
	compare(before, measure(getpid()), "the launcher");
}

static void run_requests(struct daemonkit_process *process, long requests)
{
	pid_t daemon = daemonkit_process_pid(process);
	deadline begin = deadline_now();
	struct usage before;

	for (long i = 0; i < 100; i++)
		request(process);
	before = measure_at_rest(daemon);
	for (long i = 0; i < requests; i++)
		request(process);
	printf("# %ld requests in %.1f s\n", requests, (double)(deadline_now() - begin) / 1e6);
	compare(before, measure_at_rest(daemon), "a daemon that replies");
}

static bool send_signals(pid_t daemon, long signals)
{
	for (long i = 0; i < signals; i++)
		for (unsigned round = 0; sigqueue(daemon, COUNTED, (union sigval){ 0 }) < 0;
		     round++) {
			/* The queue of the user is full. */
			if (errno != EAGAIN)
				return false;
			deadline_pause(round);
		}
	return true;
}

/* A request overtakes queued real-time signals: ask until all have been counted. */
static bool all_arrive(struct daemonkit_process *process, long signals)
{
	deadline until = deadline_after(PATIENCE);
	long counted;

	do
		counted = request(process);
	while (counted != signals && deadline_now() < until);
	return counted == signals;
}

/* In batches that the pipe of the daemon can hold: when it is full, equal signals are one. */
static bool signals_arrive(struct daemonkit_process *process, long from, long to)
{
	for (long sent = from; sent < to;) {
		long batch = to - sent < BATCH ? to - sent : BATCH;

		if (!send_signals(daemonkit_process_pid(process), batch))
			return false;
		sent += batch;
		if (!all_arrive(process, sent))
			return false;
	}
	return true;
}

static void run_signals(struct daemonkit_process *process, long signals)
{
	pid_t daemon = daemonkit_process_pid(process);
	struct usage before;
	deadline begin;

	check(signals_arrive(process, 0, signals / 10), "the first signals arrive");
	before = measure_at_rest(daemon);
	begin = deadline_now();
	check(signals_arrive(process, signals / 10, signals), "no signal was lost");
	printf("# %ld signals in %.1f s\n", signals, (double)(deadline_now() - begin) / 1e6);
	compare(before, measure_at_rest(daemon), "a daemon that receives signals");
}

int main(int argc, char *argv[])
{
	struct daemonkit_process *process;
	long numbers[3];

	if (argc != 4)
		return 2;
	for (int i = 0; i < 3; i++)
		if ((numbers[i] = atol(argv[i + 1])) < 10)
			return 2;
	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/pid", directory);
	setvbuf(stdout, NULL, _IOLBF, 0);
	run_cycles(numbers[0]);
	process = start();
	run_requests(process, numbers[1]);
	run_signals(process, numbers[2]);
	end(process);
	check(rmdir(directory) == 0, "nothing is left");
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
