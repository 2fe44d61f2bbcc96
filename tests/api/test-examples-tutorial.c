/* SPDX-License-Identifier: MIT */
/*
 * The programs of daemonkit-tutorial(7): what a step introduces must also work in all later steps.
 */
#include "harness/container-tools.h"
#include "harness/example-tools.h"
#include "harness/manager-tools.h"
#include "harness/probe-running.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What each step introduces. */
enum { DAEMON = 1, SERVER, ERRORS, COMMANDS, RELOAD, ROTATION, PRIVILEGES, UPGRADE, MANAGERS, END };

static const char *program_of(int step)
{
	char name[32];

	snprintf(name, sizeof name, "tutorial/step%d", step);
	return example(name);
}

/* Create an empty log. The daemon reopens it, as root's daemon does as the user nobody. */
static void create_log(void)
{
	harness_write_file("greeter.log", "");
	if (geteuid() == 0)
		ck_assert_int_eq(chown("greeter.log", 65534, 65534), 0);
}

static void configure(const char *greeting)
{
	harness_write_file("greeter.conf", greeting);
	ck_assert_int_eq(chmod("greeter.conf", 0644), 0);
}

/* A copy in the directory of the test, in which the user nobody can execute it. */
static const char *prepare(int step)
{
	const char *program = program_of(step), *copy = harness_path("greeter");

	/* Root becomes the user nobody. */
	if (step >= PRIVILEGES && geteuid() == 0)
		harness_need_call("setgroups");
	harness_adopt_orphans();
	if (geteuid() == 0)
		running_for_everybody();
	ck_assert(harness_copy_program(program, copy));
	create_log();
	configure("hi\n");
	return copy;
}

/* Run a command; the first steps have none but the start. */
static struct harness_result command(int step, const char *word, const char *port, int exit_code)
{
	const char *program = harness_path("greeter");

	if (step < COMMANDS)
		return run((const char *const[]){ program, port, NULL }, exit_code);
	return run((const char *const[]){ program, word, port, NULL }, exit_code);
}

/* The pid of the new daemon. */
static pid_t start(int step, const char *port)
{
	ck_assert_str_eq(command(step, "start", port, 0).error, "");
	return pid_in("greeter.pid");
}

static void stop(pid_t pid)
{
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	check_end(pid, 0);
	ck_assert(!exists("greeter.pid"));
}

/* The port on which the daemon listens, according to its log. */
static const char *port_in(const char *log)
{
	static char port[16];
	const char *line = strstr(harness_read_file(log), "listening on port ");

	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line, "listening on port %15[0-9]", port), 1);
	return port;
}

static const char *answer_at(const char *port)
{
	int fd = running_connect(port);

	ck_assert_int_ge(fd, 0);
	return running_answer(fd);
}

START_TEST(one_daemon_starts_and_stops)
{
	char holder[64];
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	if (_i < COMMANDS) {
		snprintf(holder, sizeof holder, "greeter.pid: held by process %d\n", (int)pid);
		check_has(command(_i, "start", "0", 1).error, holder);
	} else {
		ck_assert_str_eq(command(_i, "start", "0", 0).error, "");
	}
	ck_assert_int_eq(pid_in("greeter.pid"), pid);
	stop(pid);
}
END_TEST

/* It answers as soon as the launcher has returned. */
START_TEST(clients_are_served)
{
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(answer_at(port_in("greeter.log")),
				 _i < RELOAD ? "hello\n" : "hi\n");
	stop(pid);
	check_has(harness_read_file("greeter.log"), "served a client\nserved a client\n");
}
END_TEST

START_TEST(port_in_use_is_reported)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char port[16], words[64];

	prepare(_i);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
	snprintf(words, sizeof words, "port %s: %s\n", port, strerror(EADDRINUSE));
	check_has(command(_i, "start", port, 1).error,
		  _i < ERRORS ? "greeter: the daemon exited with status 1 before it was ready\n"
			      : words);
	ck_assert(!exists("greeter.pid"));
	close(fd);
}
END_TEST

START_TEST(it_has_commands)
{
	pid_t pid;

	prepare(_i);
	command(_i, "status", NULL, 3);
	check_has(command(_i, "unknown", NULL, 2).error, "usage: greeter start|stop|");
	check_has(command(_i, NULL, NULL, 2).error, "usage: greeter start|stop|");
	pid = start(_i, "0");
	check_has(command(_i, "status", NULL, 0).output, "running");
	command(_i, "stop", NULL, 0);
	check_end(pid, 0);
	command(_i, "status", NULL, 3);
	command(_i, "stop", NULL, 0);
}
END_TEST

START_TEST(without_handler_nothing_is_reloaded)
{
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	command(_i, "reload", NULL, 3);
	stop(pid);
}
END_TEST

/* The daemon after a reload, which is another process in the steps that upgrade. */
static pid_t reload(int step, pid_t pid)
{
	pid_t successor;

	ck_assert_str_eq(command(step, "reload", NULL, 0).error, "");
	successor = pid_in("greeter.pid");
	ck_assert_int_eq(successor == pid, step < UPGRADE);
	if (successor != pid)
		check_end(pid, 0);
	return successor;
}

/* An upgrade has failed: its successor has become a child of the test, and has exited. */
static void reap_successor(void)
{
	int status;

	ck_assert_int_gt(waitpid(-1, &status, WNOHANG), 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

START_TEST(configuration_is_read_again)
{
	const char *port;
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	port = port_in("greeter.log");
	configure("welcome\n");
	pid = reload(_i, pid);
	ck_assert_str_eq(answer_at(port), "welcome\n");
	configure("\n");
	check_has(command(_i, "reload", NULL, 1).error, "greeter.conf: Invalid argument\n");
	if (_i >= UPGRADE)
		reap_successor();
	ck_assert_int_eq(pid_in("greeter.pid"), pid);
	ck_assert_str_eq(answer_at(port), "welcome\n");
	stop(pid);
}
END_TEST

/* The sender of a plain signal gets no reply. */
START_TEST(failed_reload_is_in_the_log)
{
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	configure("\n");
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
	ck_assert(harness_wait_text("greeter.log", "greeter.conf: Invalid argument\n", HARNESS_SOON));
	if (_i >= UPGRADE)
		reap_successor();
	ck_assert_str_eq(answer_at(port_in("greeter.log")), "hi\n");
	stop(pid);
}
END_TEST

START_TEST(wrong_configuration_fails_the_start)
{
	prepare(_i);
	configure("\n");
	check_has(command(_i, "start", "0", 1).error, "greeter.conf: Invalid argument\n");
	ck_assert_int_eq(unlink("greeter.conf"), 0);
	check_has(command(_i, "start", "0", 1).error, "greeter.conf: No such file or directory\n");
	ck_assert(!exists("greeter.pid"));
}
END_TEST

START_TEST(log_is_rotated)
{
	const char *port;
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	port = port_in("greeter.log");
	ck_assert_int_eq(rename("greeter.log", "greeter.log.1"), 0);
	create_log();
	pid = reload(_i, pid);
	ck_assert_str_eq(answer_at(port), "hi\n");
	stop(pid);
	ck_assert_str_eq(harness_read_file("greeter.log"), "served a client\n");
	ck_assert_ptr_null(strstr(harness_read_file("greeter.log.1"), "served"));
}
END_TEST

/* The log cannot be opened again. An upgrade continues with the open file. */
START_TEST(log_that_cannot_be_reopened_is_reported)
{
	const char *port;
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	port = port_in("greeter.log");
	ck_assert_int_eq(rename("greeter.log", "greeter.log.1"), 0);
	ck_assert_int_eq(mkdir("greeter.log", 0755), 0);
	configure("welcome\n");
	if (_i < UPGRADE)
		check_has(command(_i, "reload", NULL, 1).error, "greeter.log: Is a directory\n");
	else
		pid = reload(_i, pid);
	ck_assert_str_eq(answer_at(port), "welcome\n");
	stop(pid);
	check_has(harness_read_file("greeter.log.1"), "greeter.log: Is a directory\n");
	check_has(harness_read_file("greeter.log.1"), "served a client\n");
}
END_TEST

/* The start creates the log as root, and the daemon cannot open it again as nobody. */
START_TEST(daemon_of_root_with_a_new_log_is_reloaded)
{
	pid_t pid;

	harness_need_root();
	prepare(_i);
	ck_assert_int_eq(unlink("greeter.log"), 0);
	pid = start(_i, "0");
	configure("welcome\n");
	pid = reload(_i, pid);
	ck_assert_str_eq(answer_at(port_in("greeter.log")), "welcome\n");
	stop(pid);
	check_has(harness_read_file("greeter.log"), "greeter.log: Permission denied\n");
}
END_TEST

/* A low port, and a second start that finds the pid file held before it tries to bind. */
START_TEST(root_binds_and_nobody_serves)
{
	pid_t pid;

	harness_need_root();
	running_own_network();
	prepare(_i);
	pid = start(_i, "80");
	ck_assert_str_eq(running_proc(pid, "status", "Uid"), "65534\t65534\t65534\t65534");
	ck_assert_str_eq(running_proc(pid, "status", "Groups"), "65534 ");
	ck_assert_str_eq(answer_at("80"), "hi\n");
	if (_i >= UPGRADE && harness_has_linux_api()) {
		pid = reload(_i, pid);
		ck_assert_str_eq(running_proc(pid, "status", "Uid"), "65534\t65534\t65534\t65534");
		ck_assert_str_eq(answer_at("80"), "hi\n");
	}
	stop(pid);
}
END_TEST

/* A process that connects again and again until its input ends; fails if one attempt fails. */
static int client_main(int argc, char *argv[])
{
	int fd, count = 0;
	char text[8];

	if (argc != 2)
		return 1;
	do {
		fd = running_connect(argv[1]);
		if (fd < 0 || recv(fd, text, sizeof text, MSG_WAITALL) != 3 || text[2] != '\n')
			return 1;
		close(fd);
		if (++count == 1 && write(STDOUT_FILENO, "begun\n", 6) != 6)
			return 1;
		/* A pause, because each connection occupies a port for a minute. */
	} while (!harness_wait_readable(STDIN_FILENO, 1));
	return 0;
}

START_TEST(no_connection_is_lost_in_an_upgrade)
{
	struct harness_program client;
	pid_t pid;

	prepare(_i);
	pid = start(_i, "0");
	client = harness_spawn_helper("client", port_in("greeter.log"), NULL);
	ck_assert_str_eq(harness_line(&client), "begun");
	for (int i = 0; i < 3; i++) {
		pid = reload(_i, pid);
		configure("\n");
		command(_i, "reload", NULL, 1);
		reap_successor();
		configure("hi\n");
	}
	ck_assert_int_eq(harness_end(&client), 0);
	stop(pid);
}
END_TEST

/* ---- managers ---- */

/* Read messages until this one comes. */
static void wait_message(struct receiver *manager, const char *text)
{
	struct message message;

	do {
		message = receiver_read(manager);
		message_close(&message);
	} while (strncmp(message.text, text, strlen(text)) != 0);
}

/* The command of greeter in a line of the unit that the page shows. */
static const char *command_in_unit(const char *key)
{
	const char *source = getenv("srcdir");
	char path[4096], start[64], *word = harness_memory(16);
	const char *line;

	if (source == NULL)
		harness_skip("srcdir is not set: run it by make check");
	snprintf(path, sizeof path, "%s/doc/examples/tutorial/greeter.service", source);
	snprintf(start, sizeof start, "\n%s=/usr/sbin/greeter ", key);
	line = strstr(harness_read_file(path), start);
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(sscanf(line + strlen(start), "%15s", word), 1);
	return word;
}

START_TEST(service_manager_is_notified)
{
	const char *reload_word = command_in_unit("ExecReload"), *program = prepare(MANAGERS);
	const char *const argv[] = { program, command_in_unit("ExecStart"), "0", NULL };
	struct harness_program daemon, reloading;
	struct receiver manager;

	receiver_open(&manager, RECEIVER_PATH);
	setenv("WATCHDOG_USEC", "200000", 1);
	daemon = harness_spawn(argv);
	receiver_expect(&manager, "READY=1", daemon.pid);
	wait_message(&manager, "WATCHDOG=1");
	wait_message(&manager, "WATCHDOG=1");
	/* The new configuration is wrong: the daemon completes the reload, and continues. */
	configure("\n");
	reloading = harness_spawn((const char *const[]){ program, reload_word, NULL });
	wait_message(&manager, "RELOADING=1\nMONOTONIC_USEC=");
	wait_message(&manager, "READY=1");
	ck_assert_int_eq(WEXITSTATUS(harness_end(&reloading)), 1);
	reap_successor();
	ck_assert_int_eq(kill(daemon.pid, SIGTERM), 0);
	wait_message(&manager, "STOPPING=1");
	ck_assert_int_eq(harness_end(&daemon), 0);
	ck_assert(!exists("greeter.pid"));
	receiver_close(&manager);
}
END_TEST

START_TEST(socket_of_the_manager_is_used)
{
	const char *program = prepare(MANAGERS);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), client;
	struct harness_program daemon;
	char port[16], script[128];
	const char *const argv[] = { "sh", "-c", script, program, NULL };

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(fd, 10), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
	/* It waits in the queue: no daemon runs yet. */
	ck_assert_int_ge(client = running_connect(port), 0);
	snprintf(script, sizeof script,
		 "exec 3<&%d; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=greeter exec \"$0\" run 1",
		 fd);
	daemon = harness_spawn(argv);
	ck_assert_str_eq(running_answer(client), "hi\n");
	ck_assert_str_eq(answer_at(port), "hi\n");
	ck_assert_int_eq(kill(daemon.pid, SIGTERM), 0);
	ck_assert_int_eq(harness_end(&daemon), 0);
	close(fd);
}
END_TEST

/* The init script of the page. */
START_TEST(init_script_has_one_line)
{
	const char *const words[][2] = { { "status", "3" },
					 { "start", "0" },
					 { "status", "0" },
					 { "stop", "0" },
					 { "status", "3" } };

	prepare(MANAGERS);
	harness_write_file("init", "#!/bin/sh\nexec ./greeter \"$1\" 0\n");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		pid_t pid = exists("greeter.pid") ? pid_in("greeter.pid") : 0;

		run((const char *const[]){ "sh", "init", words[i][0], NULL }, atoi(words[i][1]));
		if (strcmp(words[i][0], "stop") == 0)
			check_end(pid, 0);
	}
}
END_TEST

/* A process of a container that executes the program with this command. */
static int greeter_main(int argc, char *argv[])
{
	if (argc == 4 && chdir(argv[3]) == 0)
		execl(argv[1], "greeter", argv[2], "0", (char *)NULL);
	return 127;
}

START_TEST(container_stops_on_sigterm)
{
	const char *program, *directory = harness_directory();
	struct container container;
	int status;

	/* In a user namespace without the user nobody the daemon cannot be confined. */
	harness_need_root();
	program = prepare(MANAGERS);
	/* It belongs to root: the answer is that of the upgrade nevertheless. */
	ck_assert_int_eq(unlink("greeter.log"), 0);
	container = container_start("greeter", program, "run", directory, NULL);

	ck_assert(harness_wait_text("greeter.log", "listening on port ", HARNESS_SOON));
	ck_assert_str_eq(harness_read_file("greeter.pid"), "1\n");
	/* Process 1 cannot be upgraded. */
	status = container_run(&container, "greeter", program, "reload", directory, NULL);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	check_has(harness_read_file("greeter.log"), ": restart the daemon\n");
	ck_assert_int_eq(kill(container.first, SIGTERM), 0);
	ck_assert_int_eq(container_end(&container), 0);
	ck_assert(!exists("greeter.pid"));
}
END_TEST

static const struct harness_helper helpers[] = {
	CONTAINER_HELPERS,
	{ "client", client_main },
	{ "greeter", greeter_main },
	{ NULL, NULL },
};

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("examples-tutorial");
	TCase *test_case = harness_case(suite, "start");

	tcase_add_loop_test(test_case, one_daemon_starts_and_stops, DAEMON, END);
	tcase_add_loop_test(test_case, clients_are_served, SERVER, END);
	tcase_add_loop_test(test_case, port_in_use_is_reported, SERVER, END);
	tcase_add_loop_test(test_case, wrong_configuration_fails_the_start, RELOAD, END);
	tcase_add_test(test_case, socket_of_the_manager_is_used);
	test_case = harness_case(suite, "privileges");
	tcase_add_loop_test(test_case, root_binds_and_nobody_serves, PRIVILEGES, END);
	/*
	 * With POSIX only, requests have no replies, a pid file cannot be handed over, and an
	 * exited process that the test has not reaped yet cannot be recognized.
	 */
	if (harness_has_linux_api()) {
		test_case = harness_case(suite, "commands");
		tcase_add_loop_test(test_case, it_has_commands, COMMANDS, END);
		tcase_add_loop_test(test_case, without_handler_nothing_is_reloaded, COMMANDS,
				    RELOAD);
		tcase_add_loop_test(test_case, configuration_is_read_again, RELOAD, END);
		tcase_add_loop_test(test_case, failed_reload_is_in_the_log, RELOAD, END);
		tcase_add_loop_test(test_case, log_is_rotated, ROTATION, END);
		tcase_add_loop_test(test_case, log_that_cannot_be_reopened_is_reported, ROTATION,
				    END);
		test_case = harness_case(suite, "upgrade");
		tcase_add_loop_test(test_case, no_connection_is_lost_in_an_upgrade, UPGRADE, END);
		tcase_add_loop_test(test_case, daemon_of_root_with_a_new_log_is_reloaded, UPGRADE,
				    END);
		test_case = harness_case(suite, "managers");
		tcase_add_test(test_case, service_manager_is_notified);
		tcase_add_test(test_case, init_script_has_one_line);
		if (container_is_possible())
			tcase_add_test(test_case, container_stops_on_sigterm);
	}
	return harness_main(argc, argv, suite, helpers);
}
