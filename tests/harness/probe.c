/* SPDX-License-Identifier: MIT */
/* Run the probe and read its results. */
#include "harness/probe.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS 100

const char *const probe_ways[] = {
	"mode=reborn",
	"mode=reborn first:deny=clone3",
	"mode=reborn first:deny=close_range",
	"mode=reborn first:deny=pidfd_open",
	"mode=reborn first:deny=clone3,close_range,pidfd_open,pidfd_send_signal",
	"mode=fork",
	"mode=fork first:deny=close_range",
	"mode=fork first:deny=pidfd_open,pidfd_send_signal",
};

/* A copy of a word, with "@" replaced. */
static const char *expand(const char *word, size_t length)
{
	const char *directory = harness_directory();
	size_t at = 0, size = length + 1;
	char *copy;

	for (size_t i = 0; i < length; i++)
		size += word[i] == '@' ? strlen(directory) : 0;
	copy = harness_memory(size);
	for (size_t i = 0; i < length; i++) {
		if (word[i] == '@')
			at += (size_t)sprintf(copy + at, "%s", directory);
		else
			copy[at++] = word[i];
	}
	return copy;
}

void probe_need(const char *words)
{
	if (strstr(words, "deny="))
		harness_need_filters();
	if (strstr(words, "mode=fork"))
		harness_need_kernel("a process with one thread, for mode FORK");
	if (strstr(words, "nice="))
		harness_need_kernel("a process with one thread, for a nice value");
}

static const char **arguments(const char *path, const char *words)
{
	const char **argv = harness_memory((MAX_WORDS + 6) * sizeof *argv);
	size_t count = 0;

	probe_need(words);
	mkdir(harness_path("run"), 0755);
	argv[count++] = path;
	argv[count++] = "--helper";
	argv[count++] = "probe";
	argv[count++] = harness_path("report");
	while (*words != '\0') {
		size_t length = strcspn(words, " ");

		ck_assert_uint_lt(count, MAX_WORDS);
		if (length > 0)
			argv[count++] = expand(words, length);
		words += length + (words[length] == ' ');
	}
	return argv;
}

#define RESULT "the start's result "

/* Parse PID, STATUS, MILLISECONDS and TEXT of the last result line. */
static void parse(struct probe *probe, const char *output)
{
	const char *line = NULL, *next = output;
	char *text;
	int used = 0;

	while ((next = strstr(next, RESULT)))
		line = next++;
	probe->output = output;
	probe->result = 0;
	probe->status = -1;
	probe->text = "";
	if (line == NULL || sscanf(line, RESULT "%d %d %d %n", &probe->result, &probe->status,
				   &probe->milliseconds, &used) < 3)
		return;
	text = harness_memory(strlen(line) + 1);
	strcpy(text, line + used);
	text[strcspn(text, "\n")] = '\0';
	probe->text = text;
}

struct probe probe_run_program(const char *path, const char *words)
{
	struct harness_result result = harness_run(arguments(path, words));
	struct probe probe = { .error = result.error,
			       .end = result.status,
			       .streams_held = result.streams_held };

	parse(&probe, result.output);
	return probe;
}

#define FORMAT_WORDS(words, format)                            \
	do {                                                   \
		va_list rest;                                  \
		va_start(rest, format);                        \
		vsnprintf(words, sizeof(words), format, rest); \
		va_end(rest);                                  \
	} while (0)

struct probe probe_run(const char *format, ...)
{
	char words[4096];

	FORMAT_WORDS(words, format);
	return probe_run_program(harness_self, words);
}

struct harness_program probe_spawn(const char *format, ...)
{
	char words[4096];

	FORMAT_WORDS(words, format);
	return harness_spawn(arguments(harness_self, words));
}

struct probe probe_result(struct harness_program *program)
{
	struct probe probe = { .error = "" };
	const char *line;

	do {
		line = harness_line(program);
	} while (strncmp(line, RESULT, strlen(RESULT)) != 0);
	parse(&probe, line);
	return probe;
}

int probe_end(struct harness_program *program)
{
	int status;

	ck_assert(harness_wait_child(program->pid, &status, HARNESS_SOON));
	close(program->input);
	close(program->output);
	return status;
}

/* A start that needs a call which the library was built without is refused. */
static void check_refused_calls(const struct probe *probe)
{
	static const struct {
		const char *call, *text;
	} calls[] = {
		{ "chroot", "chroot " },
		{ "setgroups", "setgroups " },
		{ "sched_setscheduler", "scheduling policy" },
	};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (probe->result == -ENOTSUP &&
		    strncmp(probe->text, calls[i].text, strlen(calls[i].text)) == 0)
			harness_need_call(calls[i].call);
}

void probe_check_failed(const struct probe *probe, int error, const char *text)
{
	if (probe->result != error)
		check_refused_calls(probe);
	ck_assert_msg(probe->result == error, "result %d (%s), expected %d; output: %s%s",
		      (int)probe->result, probe->text, error, probe->output, probe->error);
	ck_assert_msg(strstr(probe->text, text), "\"%s\" is not in \"%s\"", text, probe->text);
}

void probe_check_up(const struct probe *probe)
{
	check_refused_calls(probe);
	ck_assert_msg(probe->result > 1, "result %d (%s), status %#x; output: %s%s",
		      (int)probe->result, probe->text, (unsigned)probe->status,
		      probe->output ? probe->output : "", probe->error);
}

void probe_check_nothing_left(void)
{
	DIR *directory = opendir(harness_path("run"));
	struct dirent *entry;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ck_abort_msg("left run/%s", entry->d_name);
	closedir(directory);
}

void probe_kill(const struct probe *probe)
{
	ck_assert_int_gt(probe->result, 1);
	kill(probe->result, SIGKILL);
	ck_assert(harness_wait_exit(probe->result, HARNESS_SOON));
}

static const char *report;

void probe_read(const char *path)
{
	report = path;
}

/* The line that begins with the name and a space, or NULL. */
static const char *find_fact(const char *name)
{
	const char *path = report != NULL ? report : harness_path("report"), *line;
	size_t length = strlen(name);

	ck_assert_msg(harness_wait_text(path, "\nend\n", HARNESS_SOON), "no report: %s",
		      access(path, F_OK) == 0 ? harness_read_file(path) : "no file");
	for (line = harness_read_file(path); line != NULL && *line != '\0';) {
		if (strncmp(line, name, length) == 0 && line[length] == ' ')
			return line + length + 1;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return NULL;
}

bool probe_has_fact(const char *name)
{
	return find_fact(name) != NULL;
}

const char *probe_fact(const char *name)
{
	const char *value = find_fact(name);
	char *copy;

	ck_assert_msg(value != NULL, "the report lacks %s: %s", name,
		      harness_read_file(report != NULL ? report : harness_path("report")));
	copy = harness_memory(strlen(value) + 1);
	strcpy(copy, value);
	copy[strcspn(copy, "\n")] = '\0';
	return copy;
}

long probe_number(const char *name)
{
	return strtol(probe_fact(name), NULL, 0);
}
