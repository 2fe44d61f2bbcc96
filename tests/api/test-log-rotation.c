/* SPDX-License-Identifier: MIT */
/*
 * The real logrotate rotates the log of a daemon whose threads and processes write at full
 * speed: every line appears once and complete.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#define ROTATIONS 20
#define OLD_LOGS 60 /* more than a slow machine creates */
#define THREADS 4
#define CHILDREN 2
#define WRITERS (THREADS + CHILDREN)
/* After this many lines a writer slows down, to spare the file system. */
#define FAST_LINES 150000

/* ---- the daemon ---- */

/* Shared by all writers. */
struct load {
	atomic_bool ending;
	atomic_long lines[WRITERS]; /* lines written */
	atomic_long failures;
};

struct writer {
	struct load *load;
	int number;
};

/* One write(2) for each line, to standard output and error in turn; at least one line. */
static void *write_lines(void *data)
{
	const struct writer *writer = data;
	char line[128];

	for (long count = 0; count == 0 || !atomic_load(&writer->load->ending); count++) {
		int length = snprintf(line, sizeof line, "writer %d line %ld %.*s.\n",
				      writer->number, count, (int)(count % 40),
				      "----------------------------------------");

		if (write(STDOUT_FILENO + (int)(count & 1), line, (size_t)length) != length) {
			atomic_fetch_add(&writer->load->failures, 1);
			break;
		}
		atomic_fetch_add(&writer->load->lines[writer->number], 1);
		if (count > FAST_LINES)
			usleep(1000);
	}
	return NULL;
}

static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	if (daemonkit_context_reopen_log(data) < 0)
		abort();
	return 0;
}

/* Write until SIGTERM; then report the number of lines of each writer. */
static int be_daemon(struct daemonkit_context *context, struct daemonkit_signals *signals,
		     const char *counts)
{
	struct load *load = mmap(NULL, sizeof *load, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct writer writers[WRITERS];
	pthread_t threads[THREADS];
	pid_t children[CHILDREN];
	FILE *file;

	for (int i = 0; i < WRITERS; i++)
		writers[i] = (struct writer){ .load = load, .number = i };
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			write_lines(&writers[THREADS + i]);
			_exit(0);
		}
	}
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, write_lines, &writers[i]) != 0)
			return 1;
	daemonkit_notify_ready(context);
	if (daemonkit_signals_serve(signals) != 0)
		return 2;
	atomic_store(&load->ending, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < CHILDREN; i++)
		waitpid(children[i], NULL, 0);
	file = fopen(counts, "we");
	for (int i = 0; i < WRITERS; i++)
		fprintf(file, "%ld ", atomic_load(&load->lines[i]));
	fprintf(file, "failures %ld end\n", atomic_load(&load->failures));
	fclose(file);
	return 0;
}

/* daemon LOG PIDFILE COUNTS */
static int daemon_main(int argc, char *argv[])
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_signals *signals = NULL;
	pid_t result = -1;
	int status = 1;

	if (argc == 4 && daemonkit_signals_new(&signals) == 0 &&
	    daemonkit_context_new(&context) == 0 &&
	    daemonkit_signals_set_handler(signals, SIGHUP, on_reload, context) == 0 &&
	    daemonkit_context_set_mode(context, DAEMONKIT_MODE_REBORN) == 0 &&
	    daemonkit_context_set_log_file(context, argv[1], 0) == 0 &&
	    daemonkit_context_set_pid_file(context, argv[2], 0) == 0 &&
	    daemonkit_context_set_ready_timeout(context, 60000) == 0)
		result = daemonkit_context_reborn(context);
	if (result > 0)
		status = 0;
	else if (result == 0)
		status = be_daemon(context, signals, argv[3]);
	else
		fprintf(stderr, "%s\n", daemonkit_error());
	daemonkit_context_release(context);
	daemonkit_context_free(context);
	daemonkit_signals_free(signals);
	return status;
}

/* ---- the test ---- */

static const char *log_name(int age)
{
	return age == 0 ? harness_path("logs/log") : harness_path("logs/log.%d", age);
}

static int count_logs(void)
{
	int count = 0;

	while (access(log_name(count + 1), F_OK) == 0)
		count++;
	return count;
}

/* Rotate once; was the log rotated? Waits for the new one. */
static void rotate(void)
{
	const char *const argv[] = { "logrotate",          "-f", "-s", harness_path("state"),
				     harness_path("conf"), NULL };
	struct harness_result result = harness_run(argv);

	ck_assert_msg(result.status == 0, "logrotate: status %#x: %s", (unsigned)result.status,
		      result.error);
	ck_assert(harness_wait_file(log_name(0), HARNESS_SOON));
}

/* The lines found of each writer. */
struct tally {
	long expected[WRITERS];
	char *seen[WRITERS];
	long lines;
};

static void count_line(struct tally *tally, const char *line, const char *file)
{
	int writer, used = 0;
	long number;
	size_t dashes;

	ck_assert_msg(sscanf(line, "writer %d line %ld %n", &writer, &number, &used) == 2 &&
			      used > 0,
		      "torn in %s: \"%s\"", file, line);
	dashes = strspn(line + used, "-");
	ck_assert_msg(dashes == (size_t)(number % 40) && strcmp(line + used + dashes, ".") == 0,
		      "torn in %s: \"%s\"", file, line);
	ck_assert_msg(writer >= 0 && writer < WRITERS && number >= 0 &&
			      number < tally->expected[writer],
		      "never written: %s in %s", line, file);
	ck_assert_msg(!tally->seen[writer][number], "twice: %s in %s", line, file);
	tally->seen[writer][number] = 1;
	tally->lines++;
}

static void count_file(struct tally *tally, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, file) != NULL) {
		size_t length = strlen(line);

		ck_assert_msg(length > 0 && line[length - 1] == '\n', "torn at the end of %s: %s",
			      path, line);
		line[length - 1] = '\0';
		count_line(tally, line, path);
	}
	fclose(file);
}

static void read_expected(struct tally *tally)
{
	const char *text;
	char *rest;

	ck_assert(harness_wait_text(harness_path("counts"), "end", 3 * HARNESS_SOON));
	text = harness_read_file(harness_path("counts"));
	ck_assert_msg(strstr(text, "failures 0 end") != NULL, "write(2) failed: %s", text);
	for (int i = 0; i < WRITERS; i++) {
		tally->expected[i] = strtol(text, &rest, 10);
		text = rest;
		ck_assert_int_gt(tally->expected[i], 0);
		tally->seen[i] = harness_memory((size_t)tally->expected[i]);
	}
}

static const char *const ways[] = { "nocreate", "create 0640" };

START_TEST(no_line_is_lost_or_torn)
{
	struct harness_result result;
	struct tally tally = { .lines = 0 };
	char configuration[1024];
	long expected = 0;
	pid_t daemon;
	int rotations;

	harness_allow(240000);
	/* Distributions install it there. */
	snprintf(configuration, sizeof configuration, "%s:/usr/sbin:/sbin", getenv("PATH"));
	setenv("PATH", configuration, 1);
	if (system("logrotate --version >/dev/null 2>&1") != 0)
		harness_skip("logrotate is not installed");
	mkdir(harness_path("logs"), 0755);
	snprintf(configuration, sizeof configuration,
		 "%s {\n\trotate %d\n\tmissingok\n\t%s\n\tpostrotate\n"
		 "\t\tkill -HUP $(cat %s)\n\tendscript\n}\n",
		 log_name(0), OLD_LOGS, ways[_i], harness_path("pid"));
	harness_write_file(harness_path("conf"), configuration);
	ck_assert_int_eq(chmod(harness_path("conf"), 0644), 0);
	harness_adopt_orphans();
	result = harness_run_helper("daemon", log_name(0), harness_path("pid"),
				    harness_path("counts"), NULL);
	ck_assert_msg(result.status == 0, "no daemon: %s", result.error);
	daemon = (pid_t)atoi(harness_read_file(harness_path("pid")));
	for (rotations = 0; count_logs() < ROTATIONS; rotations++) {
		ck_assert_int_lt(rotations, OLD_LOGS);
		rotate();
	}
	ck_assert_int_eq(kill(daemon, SIGTERM), 0);
	read_expected(&tally);
	ck_assert(harness_wait_child(daemon, &result.status, HARNESS_SOON));
	ck_assert_int_eq(result.status, 0);
	for (int age = count_logs(); age >= 0; age--)
		count_file(&tally, log_name(age));
	for (int i = 0; i < WRITERS; i++)
		expected += tally.expected[i];
	ck_assert_msg(tally.lines == expected, "%ld of %ld lines are lost", expected - tally.lines,
		      expected);
}
END_TEST

static const struct harness_helper helpers[] = { { "daemon", daemon_main }, { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("log-rotation");
	TCase *load = harness_case(suite, "load");

	tcase_add_loop_test(load, no_line_is_lost_or_torn, 0, 2);
	return harness_main(argc, argv, suite, helpers);
}
