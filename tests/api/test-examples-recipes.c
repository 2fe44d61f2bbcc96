/* SPDX-License-Identifier: MIT */
/* The programs of daemonkit-recipes(7), run as users do. */
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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Stop it, and wait for its successful end; its pid file is gone then. */
static void check_stops(pid_t pid, const char *pid_file)
{
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	check_end(pid, 0);
	ck_assert_msg(!exists(pid_file), "%s still exists", pid_file);
}

/* ---- low-port ---- */

START_TEST(low_port_is_bound_by_root_and_served_by_nobody)
{
	const char *const argv[] = { example("recipes/low-port"), NULL };
	char holder[64];
	pid_t pid;
	int fd;

	harness_need_call("setgroups");
	running_for_everybody();
	running_own_network();
	harness_adopt_orphans();
	ck_assert_str_eq(run(argv, 0).error, "");
	pid = pid_in("low-port.pid");
	ck_assert_str_eq(running_proc(pid, "status", "Uid"), "65534\t65534\t65534\t65534");
	ck_assert_int_ge(fd = running_connect("80"), 0);
	close(fd);
	/* It does not even try to bind the port. */
	snprintf(holder, sizeof holder, "low-port.pid: held by process %d", (int)pid);
	check_has(run(argv, 1).error, holder);
	check_stops(pid, "low-port.pid");
}
END_TEST

/* Another program has the port. */
START_TEST(low_port_names_the_port_that_is_in_use)
{
	const char *const argv[] = { example("recipes/low-port"), NULL };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
	char refusal[64];
	int fd;

	running_for_everybody();
	running_own_network();
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	snprintf(refusal, sizeof refusal, "low-port: port 80: %s\n", strerror(EADDRINUSE));
	ck_assert_str_eq(run(argv, 1).error, refusal);
	ck_assert(!exists("low-port.pid"));
	close(fd);
}
END_TEST

/* ---- early-exit ---- */

START_TEST(early_exit_has_the_status_of_the_daemon)
{
	const char *const argv[] = { example("recipes/early-exit"), "/no/such/file", NULL };

	harness_adopt_orphans();
	ck_assert_str_eq(run(argv, 71).error,
			 "early-exit: /no/such/file: No such file or directory\n"
			 "early-exit: the daemon exited with status 71 before it was ready: "
			 "early-exit: /no/such/file: No such file or directory\n");
	ck_assert(!exists("early-exit.pid"));
	harness_write_file("conf", "none\n");
	check_has(run((const char *const[]){ argv[0], harness_path("conf"), NULL }, 78).error,
		  "conf: not a number of workers\nearly-exit: the daemon exited with status 78 ");
	ck_assert(!exists("early-exit.pid"));
	ck_assert_uint_eq(harness_count_children(getpid()), 0);
}
END_TEST

START_TEST(early_exit_serves)
{
	const char *const argv[] = { example("recipes/early-exit"), harness_path("conf"), NULL };

	harness_write_file("conf", "3\n");
	harness_adopt_orphans();
	ck_assert_str_eq(run(argv, 0).error, "");
	check_stops(pid_in("early-exit.pid"), "early-exit.pid");
}
END_TEST

/* ---- epoll, libevent ---- */

static const struct {
	const char *program, *pid_file, *log;
} loops[] = {
	{ "recipes/epoll", "epoll.pid", "epoll.log" },
	{ "recipes/libevent", "libevent.pid", "libevent.log" },
};

/* A copy, so that the test can replace the program of the running daemon. */
START_TEST(loop_upgrades_and_stops)
{
	const char *program = example(loops[_i].program), *copy = harness_path("loop");
	pid_t pid, successor;
	int status;

	if (!harness_has_linux_api())
		harness_skip("the pid file cannot be handed over");
	harness_adopt_orphans();
	ck_assert(harness_copy_program(program, copy));
	ck_assert_str_eq(run((const char *const[]){ copy, NULL }, 0).error, "");
	pid = pid_in(loops[_i].pid_file);
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
	check_end(pid, 0);
	successor = pid_in(loops[_i].pid_file);
	ck_assert_int_ne(successor, pid);
	/* A new program that fails: this daemon continues. */
	harness_write_file("new", "#!/bin/sh\nexit 3\n");
	ck_assert_int_eq(chmod("new", 0755), 0);
	ck_assert_int_eq(rename("new", copy), 0);
	ck_assert_int_eq(kill(successor, SIGHUP), 0);
	ck_assert(harness_wait_text(loops[_i].log, ": upgrade: the daemon ended before",
				    HARNESS_SOON));
	ck_assert_int_gt(waitpid(-1, &status, WNOHANG), 0);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	ck_assert_int_eq(pid_in(loops[_i].pid_file), successor);
	check_stops(successor, loops[_i].pid_file);
}
END_TEST

START_TEST(loop_serves_the_watchdog)
{
	const char *const argv[] = { example(loops[_i].program), NULL };
	struct harness_program program;
	struct receiver manager;

	receiver_open(&manager, RECEIVER_PATH);
	setenv("WATCHDOG_USEC", "200000", 1);
	program = harness_spawn(argv);
	receiver_expect(&manager, "READY=1", program.pid);
	for (int i = 0; i < 3; i++)
		receiver_expect(&manager, "WATCHDOG=1", program.pid);
	ck_assert_int_eq(kill(program.pid, SIGTERM), 0);
	ck_assert_int_eq(harness_end(&program), 0);
	ck_assert(!exists(loops[_i].pid_file));
	receiver_close(&manager);
}
END_TEST

/* ---- workers ---- */

enum { WORKERS = 3 };

/* Does the log have this many lines about processes? */
static bool has_lines(void *data)
{
	size_t count = 0;

	if (!exists("workers.log"))
		return false;
	for (const char *at = harness_read_file("workers.log");
	     (at = strstr(at, ": process ")) != NULL; at++)
		count++;
	return count == *(size_t *)data;
}

static void wait_lines(size_t count)
{
	ck_assert_msg(harness_wait_until(has_lines, &count, HARNESS_SOON), "not %zu lines: %s",
		      count, harness_read_file("workers.log"));
}

/* The process that the log names last for this worker. */
static pid_t worker(int number)
{
	const char *text = harness_read_file("workers.log"), *at, *found = NULL;
	char words[32];

	snprintf(words, sizeof words, "worker %d: process ", number);
	for (at = text; (at = strstr(at, words)) != NULL; at++)
		found = at + strlen(words);
	ck_assert_msg(found != NULL, "no worker %d: %s", number, text);
	return (pid_t)atoi(found);
}

static pid_t start_workers(void)
{
	const char *const argv[] = { example("recipes/workers"), NULL };

	harness_adopt_orphans();
	ck_assert_str_eq(run(argv, 0).error, "");
	wait_lines(WORKERS);
	return pid_in("workers.pid");
}

static bool has_all_workers(void *data)
{
	return harness_count_children(*(pid_t *)data) == WORKERS;
}

static void check_workers_stop(pid_t master)
{
	check_stops(master, "workers.pid");
	check_has(harness_read_file("workers.log"),
		  "worker 2: stopped\nworker 1: stopped\nworker 0: stopped\n");
}

START_TEST(worker_that_dies_is_replaced)
{
	pid_t master = start_workers(), dead = worker(1);

	ck_assert_int_eq(kill(dead, SIGKILL), 0);
	wait_lines(WORKERS + 1);
	ck_assert_int_ne(worker(1), dead);
	ck_assert_uint_eq(harness_count_children(master), WORKERS);
	check_workers_stop(master);
}
END_TEST

START_TEST(reload_and_log_rotation_reach_the_workers)
{
	pid_t master = start_workers();

	ck_assert_int_eq(rename("workers.log", "workers.log.1"), 0);
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_lines(WORKERS);
	ck_assert(harness_wait_until(has_all_workers, &master, HARNESS_SOON));
	check_workers_stop(master);
	ck_assert_ptr_null(strstr(harness_read_file("workers.log.1"), "stopped"));
}
END_TEST

START_TEST(workers_end_with_a_killed_master)
{
	pid_t master = start_workers(), workers[WORKERS];
	int status;

	for (int i = 0; i < WORKERS; i++)
		workers[i] = worker(i);
	/* A stopped worker outlives the master, and does not prevent the next start. */
	ck_assert_int_eq(kill(workers[0], SIGSTOP), 0);
	ck_assert_int_eq(kill(master, SIGKILL), 0);
	ck_assert(harness_wait_child(master, &status, HARNESS_SOON));
	ck_assert_int_eq(unlink("workers.log"), 0);
	ck_assert_int_ne(start_workers(), master);
	ck_assert_int_eq(kill(workers[0], SIGCONT), 0);
	for (int i = 0; i < WORKERS; i++) {
		ck_assert(harness_wait_child(workers[i], &status, HARNESS_SOON));
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	}
	check_workers_stop(pid_in("workers.pid"));
}
END_TEST

/* ---- syslog ---- */

START_TEST(syslog_is_reached_from_a_new_root)
{
	const char *root = harness_path("root"), *path = harness_path("root/dev/log");
	const char *const argv[] = { example("recipes/syslog"), root, NULL };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char words[64], link[64], target[PATH_MAX] = "";
	int log;
	pid_t pid;

	harness_need_call("chroot");
	log = running_own_log();
	/* In the new root LeakSanitizer has no /proc. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	ck_assert(mkdir(root, 0755) == 0 && mkdir(harness_path("root/dev"), 0755) == 0);
	harness_adopt_orphans();
	ck_assert_str_eq(run(argv, 0).error, "");
	pid = pid_in("syslog.pid");
	snprintf(words, sizeof words, "syslog[%d]: started", (int)pid);
	running_check_logged(log, words);
	ck_assert_str_eq(running_proc(pid, "status", "Uid"), "65534\t65534\t65534\t65534");
	snprintf(link, sizeof link, "/proc/%d/root", (int)pid);
	ck_assert_int_gt(readlink(link, target, sizeof target - 1), 0);
	ck_assert_str_eq(target, root);
	/* The system logger is restarted, and has a socket in the new root too. */
	close(log);
	ck_assert_uint_lt(strlen(path), sizeof name.sun_path);
	strcpy(name.sun_path, path);
	log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(log, (struct sockaddr *)&name, sizeof name), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
	running_check_logged(log, "reload, from process ");
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	running_check_logged(log, "stopped");
	check_end(pid, 0);
	ck_assert_str_eq(harness_read_file("syslog.pid"), "");
	close(log);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("examples-recipes");
	TCase *test_case = harness_case(suite, "low-port");

	tcase_add_test(test_case, low_port_is_bound_by_root_and_served_by_nobody);
	tcase_add_test(test_case, low_port_names_the_port_that_is_in_use);
	test_case = harness_case(suite, "early-exit");
	tcase_add_test(test_case, early_exit_has_the_status_of_the_daemon);
	tcase_add_test(test_case, early_exit_serves);
	test_case = harness_case(suite, "loop");
	tcase_add_loop_test(test_case, loop_upgrades_and_stops, 0, 2);
	tcase_add_loop_test(test_case, loop_serves_the_watchdog, 0, 2);
	test_case = harness_case(suite, "workers");
	tcase_add_test(test_case, worker_that_dies_is_replaced);
	tcase_add_test(test_case, reload_and_log_rotation_reach_the_workers);
	tcase_add_test(test_case, workers_end_with_a_killed_master);
	test_case = harness_case(suite, "syslog");
	tcase_add_test(test_case, syslog_is_reached_from_a_new_root);
	return harness_main(argc, argv, suite, NULL);
}
