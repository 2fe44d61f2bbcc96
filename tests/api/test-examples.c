/* SPDX-License-Identifier: MIT */
/* The examples, run as users do. */
#include "harness/example-tools.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* simple */

static int number_after(const char *text, const char *words)
{
	const char *place = strstr(text, words);

	ck_assert_msg(place != NULL, "no \"%s\" in \"%s\"", words, text);
	return atoi(place + strlen(words));
}

static int connect_to(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((unsigned short)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static const char *ask(int port)
{
	static const char request[] = "GET /page HTTP/1.0\r\n\r\n";
	char *reply = harness_memory(1024);
	size_t length = 0;
	int fd = connect_to(port);

	ck_assert_int_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	for (ssize_t count = 1; count > 0 && length < 1023; length += (size_t)count) {
		ck_assert(harness_wait_readable(fd, HARNESS_SOON));
		count = recv(fd, reply + length, 1023 - length, 0);
		ck_assert_int_ge(count, 0);
	}
	close(fd);
	return reply;
}

START_TEST(simple_serves)
{
	const char *const argv[] = { example("simple"), "-P", "0", "start", NULL };
	struct harness_result result;
	char greeting[64];
	pid_t pid;
	int port;

	harness_adopt_orphans();
	result = run(argv, 0);
	ck_assert_str_eq(result.error, "");
	port = number_after(result.output, "listening on port ");
	pid = pid_in("simple.pid");
	snprintf(greeting, sizeof greeting, "\r\n\r\nHello, this is process %d.\n", (int)pid);
	for (int i = 0; i < 3; i++) {
		const char *reply = ask(port);

		ck_assert_int_eq(strncmp(reply, "HTTP/1.0 200 OK\r\n", 17), 0);
		check_has(reply, greeting);
	}
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	check_end(pid, 0);
	ck_assert(!exists("simple.pid"));
	check_has(harness_read_file("simple.log"), "request: GET /page HTTP/1.0\n");
	check_has(harness_read_file("simple.log"), "stopped\n");
}
END_TEST

static struct harness_result simple(const char *command, int exit_code)
{
	return run((const char *const[]){ example("simple"), "-P", "0", command, NULL }, exit_code);
}

START_TEST(simple_has_a_command_line)
{
	char running[64];
	pid_t pid;

	harness_adopt_orphans();
	check_has(simple("status", 3).output, "simple: not running\n");
	simple("start", 0);
	pid = pid_in("simple.pid");
	snprintf(running, sizeof running, "running already, process %d\n", (int)pid);
	check_has(simple("start", 0).output, running);
	simple("status", 0);
	ck_assert_int_eq(pid_in("simple.pid"), pid);
	check_has(simple("reload", 3).error, "simple: it cannot reload\n");
	check_has(simple("word", 2).error, "simple: word: not a command");
	check_has(simple("stop", 0).output, "simple: stopped\n");
	check_end(pid, 0);
	ck_assert_uint_eq(harness_count_children(getpid()), 0);
}
END_TEST

/* Bind a port that another process uses then; returns the descriptor. */
static int take_port(char port[static 16])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(port, 16, "%d", ntohs(address.sin_port));
	return fd;
}

START_TEST(simple_reports_why_it_cannot_serve)
{
	const char *const program = example("simple");
	char port[16];
	int fd;

	harness_adopt_orphans();
	fd = take_port(port);
	check_has(run((const char *const[]){ program, "-P", port, "start", NULL }, 1).error,
		  strerror(EADDRINUSE));
	ck_assert(!exists("simple.pid"));
	ck_assert_uint_eq(harness_count_children(getpid()), 0);
	close(fd);
}
END_TEST

START_TEST(wrong_usage_is_refused)
{
	static const char *const words[][2] = {
		{ "simple", "-x" },           { "simple", "-P65536" }, { "simple", "-Pa" },
		{ "simple", "-P1x" },         { "simple", NULL },      { "signal-handling", "-x" },
		{ "signal-handling", "word" }
	};
	const char *const argv[] = { example(words[_i][0]), words[_i][1], NULL };

	check_has(run(argv, 2).error, "usage: ");
	ck_assert(!exists("simple.pid") && !exists("signal-handling.pid"));
}
END_TEST

/* When the working directory is unknown, "/" is not used instead. */
START_TEST(removed_working_directory_is_an_error)
{
	static const char *const names[] = { "signal-handling", "log-rotation" };
	const char *const argv[] = { "sh",
				     "-c",
				     "mkdir gone && cd gone && rmdir ../gone && "
				     "exec \"$0\" -p \"$1/pid\" -l \"$1/log\"",
				     example(names[_i]),
				     harness_directory(),
				     NULL };

	check_has(run(argv, 1).error, ": working directory: No such file or directory\n");
	ck_assert(!exists("pid") && !exists("log"));
}
END_TEST

/* signal-handling */

static const char log_file[] = "signal-handling.log";

/* Start it, and wait until it has begun its first unit of work. */
static pid_t start_worker(const char *milliseconds)
{
	const char *const argv[] = { example("signal-handling"), NULL };
	struct harness_result result;
	pid_t pid;

	harness_adopt_orphans();
	harness_write_file("signal-handling.conf", milliseconds);
	result = run(argv, 0);
	ck_assert_str_eq(result.error, "");
	pid = pid_in("signal-handling.pid");
	ck_assert_int_eq(number_after(result.output, "started, process "), pid);
	ck_assert(harness_wait_text(log_file, "unit 1: begun\n", HARNESS_SOON));
	return pid;
}

static struct harness_result command(const char *word, int exit_code)
{
	const char *const argv[] = { example("signal-handling"), "-s", word, NULL };

	return run(argv, exit_code);
}

START_TEST(quit_waits_for_the_worker)
{
	/* Not finished before it is told to quit. */
	pid_t pid = start_worker("2000");
	const char *text;

	command("quit", 0);
	check_end(pid, 0);
	text = strstr(harness_read_file(log_file), "quit: waiting for the worker\n");
	ck_assert_ptr_nonnull(text);
	check_has(text, ": done\nended\n");
	ck_assert(!exists("signal-handling.pid"));
}
END_TEST

START_TEST(stop_does_not_wait_for_the_worker)
{
	pid_t pid = start_worker("3600000");

	command("stop", 0);
	check_end(pid, 0);
	check_has(harness_read_file(log_file), "ended\n");
	ck_assert_ptr_null(strstr(harness_read_file(log_file), "done"));
	ck_assert(!exists("signal-handling.pid"));
}
END_TEST

START_TEST(reload_reads_the_configuration_and_reopens_the_log)
{
	pid_t pid = start_worker("3600000");

	ck_assert_int_eq(rename(log_file, "old.log"), 0);
	harness_write_file("signal-handling.conf", "77");
	command("reload", 0);
	ck_assert(harness_wait_text(log_file, "a unit takes 77 ms\n", HARNESS_SOON));
	check_has(harness_read_file("old.log"), "a unit takes 3600000 ms\n");
	ck_assert_ptr_null(strstr(harness_read_file("old.log"), "77"));
	command("stop", 0);
	check_end(pid, 0);
	check_has(harness_read_file(log_file), "stop: from process ");
}
END_TEST

START_TEST(a_second_start_is_refused)
{
	pid_t pid = start_worker("3600000");
	const char *const argv[] = { example("signal-handling"), NULL };
	char holder[64];

	snprintf(holder, sizeof holder, "held by process %d", (int)pid);
	check_has(run(argv, 1).error, holder);
	ck_assert_int_eq(pid_in("signal-handling.pid"), pid);
	command("stop", 0);
	check_end(pid, 0);
}
END_TEST

START_TEST(commands_need_a_daemon)
{
	static const char *const words[] = { "quit", "stop", "reload" };

	check_has(command(words[_i], 7).error, "no daemon is running");
	ck_assert(!exists("signal-handling.pid"));
}
END_TEST

START_TEST(unknown_commands_are_refused)
{
	check_has(command("explode", 2).error, "[-s quit|stop|reload]\n");
}
END_TEST

/* service */

static struct harness_result service(const char *command, int exit_code)
{
	const char *const argv[] = { example("service"), command, NULL };

	return run(argv, exit_code);
}

static const char *one_line(const char *format, int pid)
{
	char *text = harness_memory(128);

	snprintf(text, 128, "service: %s %d\n", format, pid);
	return text;
}

START_TEST(service_has_a_command_line)
{
	struct harness_result result;
	pid_t pid, next;

	harness_adopt_orphans();
	service("status", 3);
	check_has(service("start", 6).error, "service.conf");
	harness_write_file("service.conf", "3600");
	result = service("start", 0);
	pid = pid_in("service.pid");
	check_has(result.output, "service: every 3600 seconds\n");
	check_has(result.output, one_line("started, process", pid));
	check_has(service("status", 0).output, "service: running, process ");
	check_has(service("-j", 2).error, "usage: ");
	check_has(service("explode", 2).error, "usage: ");
	result = service("restart", 0);
	next = pid_in("service.pid");
	check_has(result.output, one_line("started, process", next));
	check_end(pid, 0);
	service("stop", 0);
	check_end(next, 0);
	service("status", 3);
}
END_TEST

START_TEST(service_checks_configuration)
{
	pid_t pid;

	harness_adopt_orphans();
	example("service");
	harness_write_file("service.conf", "3600");
	service("start", 0);
	pid = pid_in("service.pid");
	harness_write_file("service.conf", "nonsense");
	check_has(service("reload", 1).error, "service.conf: not a number from 1 to 3600\n");
	harness_write_file("service.conf", "1800");
	check_has(service("reload", 0).output, "service: reloaded\n");
	check_has(harness_read_file("service.log"), "every 1800 seconds from now on\n");
	ck_assert_int_eq(pid_in("service.pid"), pid);
	service("stop", 0);
	check_end(pid, 0);
}
END_TEST

START_TEST(service_has_an_init_script_of_one_line)
{
	const char *program = example("service");
	const char *const words[][2] = { { "status", "3" }, { "start", "0" },   { "start", "0" },
					 { "status", "0" }, { "restart", "0" }, { "stop", "0" },
					 { "status", "3" }, { "reload", "7" } };
	char script[8192];

	harness_adopt_orphans();
	harness_write_file("service.conf", "3600");
	snprintf(script, sizeof script, "exec '%s' -c service.conf -p service.pid \"$1\"\n",
		 program);
	harness_write_file("init", script);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *const argv[] = { "sh", "init", words[i][0], NULL };
		pid_t pid = exists("service.pid") ? pid_in("service.pid") : 0;

		run(argv, atoi(words[i][1]));
		if (pid != 0 && (!exists("service.pid") || pid_in("service.pid") != pid))
			check_end(pid, 0);
	}
}
END_TEST

/* Examples in doc/managers */

/* A manager that does not read is no reason to exit, neither at the start nor later. */
START_TEST(managed_survives_unresponsive_manager)
{
	const char *const argv[] = { "env",
				     "-u",
				     "SYSTEMD_EXEC_PID",
				     "NOTIFY_SOCKET=/nonexistent",
				     example("../managers/managed"),
				     "-p",
				     "managed.pid",
				     "-l",
				     "managed.log",
				     NULL };
	struct harness_program program = harness_spawn(argv);
	int status;

	ck_assert(harness_wait_text("managed.log", "ready: ", HARNESS_SOON));
	ck_assert_int_eq(pid_in("managed.pid"), program.pid);
	ck_assert_int_eq(kill(program.pid, SIGHUP), 0);
	ck_assert(harness_wait_text("managed.log", "reloaded 1\n", HARNESS_SOON));
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	status = harness_end(&program);
	ck_assert_int_eq(status, 0);
	ck_assert(!exists("managed.pid"));
}
END_TEST

START_TEST(managed_refuses_invalid_descriptor_numbers)
{
	const char *const argv[] = { example("../managers/managed"), "-f", "-n", "3x", NULL };

	run(argv, 2);
}
END_TEST

START_TEST(kept_reports_only_why_it_cannot_serve)
{
	const char *const program = example("../managers/kept");
	char port[16], line[128];
	int fd = take_port(port);

	snprintf(line, sizeof line, "kept: socket: %s\n", strerror(EADDRINUSE));
	ck_assert_str_eq(run((const char *const[]){ program, "-P", port, NULL }, 1).error, line);
	close(fd);
}
END_TEST

START_TEST(kept_refuses_invalid_ports)
{
	static const char *const ports[] = { "", "a", "1x", "0", "-1", "65536" };

	run((const char *const[]){ example("../managers/kept"), "-P", ports[_i], NULL }, 2);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("examples");
	TCase *small = harness_case(suite, "simple");
	TCase *own = harness_case(suite, "service");
	TCase *handling = harness_case(suite, "signal-handling");
	TCase *managers = harness_case(suite, "managers");

	tcase_add_test(small, simple_serves);
	tcase_add_test(small, simple_reports_why_it_cannot_serve);
	tcase_add_loop_test(small, wrong_usage_is_refused, 0, 7);
	tcase_add_loop_test(handling, removed_working_directory_is_an_error, 0, 2);
	/*
	 * With POSIX only, an exited process that the test has not reaped yet cannot be
	 * recognized.
	 */
	if (harness_has_linux_api()) {
		tcase_add_test(small, simple_has_a_command_line);
		tcase_add_test(own, service_has_a_command_line);
		tcase_add_test(own, service_checks_configuration);
		tcase_add_test(own, service_has_an_init_script_of_one_line);
	}
	tcase_add_test(handling, quit_waits_for_the_worker);
	tcase_add_test(handling, stop_does_not_wait_for_the_worker);
	tcase_add_test(handling, reload_reads_the_configuration_and_reopens_the_log);
	tcase_add_test(handling, a_second_start_is_refused);
	tcase_add_loop_test(handling, commands_need_a_daemon, 0, 3);
	tcase_add_test(handling, unknown_commands_are_refused);
	tcase_add_test(managers, managed_survives_unresponsive_manager);
	tcase_add_test(managers, managed_refuses_invalid_descriptor_numbers);
	tcase_add_test(managers, kept_reports_only_why_it_cannot_serve);
	tcase_add_loop_test(managers, kept_refuses_invalid_ports, 0, 6);
	return harness_main(argc, argv, suite, NULL);
}
