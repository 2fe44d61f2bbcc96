/* SPDX-License-Identifier: MIT */
/*
 * Tools for tests: waiting with deadlines, running programs, files, memory.
 * Not thread-safe.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGUMENTS 64

/* Memory */

struct block {
	struct block *next;
	max_align_t data[];
};

static struct block *blocks;

void *harness_memory(size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);

	ck_assert_ptr_nonnull(block);
	block->next = blocks;
	blocks = block;
	return block->data;
}

void harness_free_memory(void)
{
	while (blocks) {
		struct block *next = blocks->next;

		free(blocks);
		blocks = next;
	}
}

/* Time */

int64_t harness_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int harness_scaled(int milliseconds)
{
	const char *slowness = getenv("HARNESS_SLOWNESS");
	int factor = slowness ? atoi(slowness) : 1;

	return factor > 1 ? milliseconds * factor : milliseconds;
}

static int64_t deadline_after(int milliseconds)
{
	return harness_now() + harness_scaled(milliseconds);
}

/* poll(2) until the deadline; retries after EINTR. */
static int poll_until(struct pollfd *fds, nfds_t count, int64_t deadline)
{
	for (;;) {
		int64_t rest = deadline - harness_now();
		int ready = poll(fds, count, rest > 0 ? (int)rest : 0);

		if (ready >= 0 || errno != EINTR)
			return ready;
	}
}

bool harness_wait_readable(int fd, int milliseconds)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll_until(&one, 1, deadline_after(milliseconds)) == 1;
}

bool harness_wait_until(bool (*is_true)(void *data), void *data, int milliseconds)
{
	int64_t deadline = deadline_after(milliseconds);

	for (;;) {
		bool over = harness_now() >= deadline;

		if (is_true(data))
			return true;
		if (over)
			return false;
		poll(NULL, 0, 1);
	}
}

static bool file_exists(void *path)
{
	return access(path, F_OK) == 0;
}

bool harness_wait_file(const char *path, int milliseconds)
{
	char *copy = harness_memory(strlen(path) + 1);

	strcpy(copy, path);
	return harness_wait_until(file_exists, copy, milliseconds);
}

struct text_in_file {
	const char *path;
	const char *text;
};

static bool file_has_text(void *data)
{
	const struct text_in_file *wanted = data;

	return access(wanted->path, R_OK) == 0 &&
	       strstr(harness_read_file(wanted->path), wanted->text);
}

bool harness_wait_text(const char *path, const char *text, int milliseconds)
{
	struct text_in_file wanted = { path, text };

	return harness_wait_until(file_has_text, &wanted, milliseconds);
}

static int open_pidfd(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	return -1;
#endif
}

static bool has_exited(void *data)
{
	char path[64], line[256] = "";
	const char *state;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)*(pid_t *)data);
	file = fopen(path, "re");
	if (!file)
		return true;
	if (!fgets(line, sizeof line, file))
		line[0] = '\0';
	fclose(file);
	state = strrchr(line, ')');
	return !state || state[2] == 'Z' || state[2] == 'X';
}

bool harness_wait_exit(pid_t pid, int milliseconds)
{
	int fd = open_pidfd(pid);
	bool exited;

	if (fd < 0)
		return harness_wait_until(has_exited, &pid, milliseconds);
	exited = harness_wait_readable(fd, milliseconds);
	close(fd);
	return exited;
}

bool harness_wait_child(pid_t pid, int *status, int milliseconds)
{
	return harness_wait_exit(pid, milliseconds) && waitpid(pid, status, 0) == pid;
}

/* Files */

const char *harness_path(const char *format, ...)
{
	char name[1024];
	va_list arguments;
	char *path;
	size_t size;

	va_start(arguments, format);
	vsnprintf(name, sizeof name, format, arguments);
	va_end(arguments);
	size = strlen(harness_directory()) + strlen(name) + 2;
	path = harness_memory(size);
	snprintf(path, size, "%s/%s", harness_directory(), name);
	return path;
}

void harness_write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	ck_assert_msg(file, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

/* Read up to the end of the file. */
static const char *read_all(int fd)
{
	size_t size = 4096, length = 0;
	char *text = malloc(size), *result;
	ssize_t count;

	while (text && (count = read(fd, text + length, size - length)) > 0) {
		length += (size_t)count;
		if (length == size)
			text = realloc(text, size *= 2);
	}
	ck_assert_ptr_nonnull(text);
	result = harness_memory(length + 1);
	memcpy(result, text, length);
	free(text);
	return result;
}

const char *harness_read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *text;

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	text = read_all(fd);
	close(fd);
	return text;
}

/* Programs */

/* fork and exec; streams are close-on-exec descriptors, or -1 to inherit one. */
static pid_t start(const char *const argv[], const int streams[3])
{
	pid_t pid = fork();

	ck_assert_msg(pid >= 0, "fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	for (int i = 0; i < 3; i++)
		if (streams[i] >= 0 && dup2(streams[i], i) < 0)
			_exit(126);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void make_pipe(int ends[2])
{
	ck_assert_msg(pipe2(ends, O_CLOEXEC) == 0, "pipe2: %s", strerror(errno));
}

struct harness_program harness_spawn(const char *const argv[])
{
	struct harness_program program;
	int input[2], output[2];

	make_pipe(input);
	make_pipe(output);
	program.pid = start(argv, (const int[]){ input[0], output[1], -1 });
	close(input[0]);
	close(output[1]);
	program.input = input[1];
	program.output = output[0];
	return program;
}

const char *harness_line(struct harness_program *program)
{
	char *line = harness_memory(4096);

	for (size_t length = 0; length < 4095; length++) {
		ssize_t count = -1;

		if (harness_wait_readable(program->output, HARNESS_SOON))
			count = read(program->output, line + length, 1);
		ck_assert_msg(count == 1, "process %d sent no line, only \"%s\"", (int)program->pid,
			      line);
		if (line[length] == '\n') {
			line[length] = '\0';
			return line;
		}
	}
	ck_abort_msg("process %d sent a line that is too long", (int)program->pid);
}

int harness_end(struct harness_program *program)
{
	int status;

	if (program->input >= 0)
		close(program->input);
	program->input = -1;
	ck_assert_msg(harness_wait_child(program->pid, &status, HARNESS_SOON),
		      "process %d did not exit", (int)program->pid);
	close(program->output);
	program->output = -1;
	return status;
}

int harness_kill(struct harness_program *program)
{
	kill(program->pid, SIGKILL);
	return harness_end(program);
}

/* An output stream of a program: the pipe, -1 after its end, and the text read so far. */
struct capture {
	int fd;
	int writer;
	FILE *text;
};

static struct capture capture_begin(void)
{
	struct capture capture = { .text = tmpfile() };
	int ends[2];

	ck_assert_ptr_nonnull(capture.text);
	fcntl(fileno(capture.text), F_SETFD, FD_CLOEXEC);
	make_pipe(ends);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	capture.fd = ends[0];
	capture.writer = ends[1];
	return capture;
}

/* Read what is available now. */
static void capture_more(struct capture *capture)
{
	char buffer[4096];
	ssize_t count = -1;

	while (capture->fd >= 0 && (count = read(capture->fd, buffer, sizeof buffer)) > 0)
		fwrite(buffer, 1, (size_t)count, capture->text);
	if (count == 0) {
		close(capture->fd);
		capture->fd = -1;
	}
}

/* The whole text; *at_end: was the end of the stream reached? */
static const char *capture_end(struct capture *capture, bool *held)
{
	const char *text;

	capture_more(capture);
	if (capture->fd >= 0) {
		*held = true;
		close(capture->fd);
	}
	rewind(capture->text);
	text = read_all(fileno(capture->text));
	fclose(capture->text);
	return text;
}

/*
 * A test that called harness_allow() passes the longer limit on, with a margin to report the
 * failure.
 */
static int64_t run_deadline(void)
{
	int64_t usual = deadline_after(3 * HARNESS_SOON);
	int64_t allowed = harness_deadline() - harness_scaled(3 * HARNESS_SOON);

	return allowed > usual ? allowed : usual;
}

struct harness_result harness_run(const char *const argv[])
{
	struct harness_result result = { .status = 0 };
	struct capture output = capture_begin(), error = capture_begin();
	int64_t deadline = run_deadline();
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid = start(argv, (const int[]){ input, output.writer, error.writer });

	close(input);
	close(output.writer);
	close(error.writer);
	while (waitpid(pid, &result.status, WNOHANG) != pid) {
		struct pollfd pipes[] = {
			{ .fd = output.fd, .events = POLLIN },
			{ .fd = error.fd, .events = POLLIN },
		};

		ck_assert_msg(harness_now() < deadline, "%s did not exit", argv[0]);
		poll(pipes, 2, 1);
		capture_more(&output);
		capture_more(&error);
	}
	result.output = capture_end(&output, &result.streams_held);
	result.error = capture_end(&error, &result.streams_held);
	return result;
}

/* Helpers */

static void helper_arguments(const char *argv[static MAX_ARGUMENTS + 1], const char *name,
			     va_list rest)
{
	size_t count = 0;

	argv[count++] = harness_self;
	argv[count++] = "--helper";
	argv[count++] = name;
	while (count < MAX_ARGUMENTS && (argv[count] = va_arg(rest, const char *)))
		count++;
	argv[count] = NULL;
}

struct harness_program harness_spawn_helper(const char *name, ...)
{
	const char *argv[MAX_ARGUMENTS + 1];
	va_list rest;

	va_start(rest, name);
	helper_arguments(argv, name, rest);
	va_end(rest);
	return harness_spawn(argv);
}

struct harness_result harness_run_helper(const char *name, ...)
{
	const char *argv[MAX_ARGUMENTS + 1];
	va_list rest;

	va_start(rest, name);
	helper_arguments(argv, name, rest);
	va_end(rest);
	return harness_run(argv);
}
