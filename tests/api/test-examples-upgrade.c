/* SPDX-License-Identifier: MIT */
/* The example "upgrade": upgraded under load without losing a request. */
#include "harness/probe-running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT "8098"
#define CLIENTS 4
#define UPGRADES 100
#define VISITORS 4000000

/* The results of all clients. */
struct seen {
	atomic_ulong visits;
	atomic_bool over;
	atomic_uchar counted[VISITORS];
};

static struct seen *seen;

/* A copy of the example in the directory of the test, which can be replaced. */
static const char *example(void)
{
	const char *builddir = getenv("builddir");
	char *path = harness_memory(4096);
	const char *argv[] = { "cp", path, "upgrade", NULL };

	ck_assert_int_eq(chdir(harness_directory()), 0);
	if (builddir == NULL)
		harness_skip("builddir is not set: run it by make check");
	snprintf(path, 4096, "%s/doc/examples/upgrade", builddir);
	if (access(path, X_OK) < 0)
		harness_skip("%s is not built", path);
	ck_assert_int_eq(harness_run(argv).status, 0);
	return harness_path("upgrade");
}

/* One request: the number of the visit and the pid; or an error text. */
static const char *visit(unsigned long *number, int *pid)
{
	int fd = running_connect(PORT);
	char text[128] = "", end = '\0';
	size_t length = 0;
	ssize_t count;

	if (fd < 0)
		return "not connected";
	while ((count = recv(fd, text + length, sizeof text - 1 - length, 0)) > 0)
		length += (size_t)count;
	close(fd);
	if (count < 0)
		return "reset";
	if (sscanf(text, "visitor %lu, process %d%c", number, pid, &end) != 3 || end != '\n')
		return "short answer";
	return NULL;
}

/* Send requests until told to stop; the exit status tells what failed. */
static _Noreturn void be_client(void)
{
	while (!atomic_load(&seen->over)) {
		unsigned long number = 0;
		int pid;
		const char *wrong = visit(&number, &pid);

		if (wrong == NULL && (number == 0 || number >= VISITORS))
			wrong = "strange number";
		if (wrong == NULL && atomic_exchange(&seen->counted[number], 1) != 0)
			wrong = "counted twice";
		if (wrong != NULL) {
			fprintf(stderr, "client: %s (%s)\n", wrong, strerror(errno));
			_exit(1);
		}
		atomic_fetch_add(&seen->visits, 1);
	}
	_exit(0);
}

static void begin_load(pid_t clients[CLIENTS])
{
	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(seen, MAP_FAILED);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		ck_assert_int_ge(clients[i], 0);
		if (clients[i] == 0)
			be_client();
	}
}

/* Check that no client failed, and that the next visit has the next number. */
static void end_load(const pid_t clients[CLIENTS])
{
	unsigned long number = 0, visits;
	const char *wrong;
	int pid;

	atomic_store(&seen->over, true);
	for (int i = 0; i < CLIENTS; i++) {
		int status;

		ck_assert(harness_wait_child(clients[i], &status, HARNESS_SOON));
		ck_assert_msg(status == 0, "client %d: status %#x", i, (unsigned)status);
	}
	visits = atomic_load(&seen->visits);
	wrong = visit(&number, &pid);
	ck_assert_msg(wrong == NULL, "%s", wrong);
	ck_assert_uint_eq(number, visits + 1);
	munmap(seen, sizeof *seen);
}

static bool some_visits(void *data)
{
	return atomic_load(&seen->visits) > *(unsigned long *)data;
}

/* Wait until the daemon has served this many more requests. */
static void await_visits(unsigned long more)
{
	more += atomic_load(&seen->visits);
	ck_assert(harness_wait_until(some_visits, &more, HARNESS_SOON));
}

static struct harness_result command(const char *program, const char *name)
{
	const char *const argv[] = { program, "-P", PORT, name, NULL };

	return harness_run(argv);
}

static void check_done(const struct harness_result *result)
{
	ck_assert_msg(result->status == 0, "status %#x: %s%s", (unsigned)result->status,
		      result->output, result->error);
}

static pid_t daemon_pid(void)
{
	return (pid_t)atoi(harness_read_file("upgrade.pid"));
}

static void stop(const char *program)
{
	pid_t pid = daemon_pid();
	struct harness_result result = command(program, "stop");

	check_done(&result);
	ck_assert(harness_wait_exit(pid, HARNESS_SOON));
	ck_assert_int_ne(access("upgrade.pid", F_OK), 0);
}

/* Two daemons may accept at once: the one that finds no connection must not block. */
static void check_listener_does_not_block(pid_t pid)
{
	char path[64], target[64], inode[80];
	unsigned flags = 0;

	for (int fd = 3; fd < 20; fd++) {
		ssize_t length;

		snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
		length = readlink(path, target, sizeof target - 1);
		if (length < 9 || strncmp(target, "socket:[", 8) != 0)
			continue;
		target[length - 1] = '\0';
		snprintf(inode, sizeof inode, " %s ", target + 8);
		/* It is the only listener in this network namespace. */
		if (strstr(harness_read_file("/proc/self/net/tcp"), inode) == NULL)
			continue;
		snprintf(path, sizeof path, "fdinfo/%d", fd);
		ck_assert_int_eq(sscanf(running_proc(pid, path, "flags"), "%o", &flags), 1);
	}
	ck_assert_msg((flags & O_NONBLOCK) != 0, "flags %#o", flags);
}

START_TEST(upgrade_loses_no_request)
{
	const char *program = example();
	struct harness_result result;
	pid_t clients[CLIENTS], pids[UPGRADES + 1];

	running_own_network();
	harness_allow(240000);
	result = command(program, "start");
	check_done(&result);
	pids[0] = daemon_pid();
	check_listener_does_not_block(pids[0]);
	begin_load(clients);
	for (int i = 1; i <= UPGRADES; i++) {
		result = command(program, "reload");
		check_done(&result);
		pids[i] = daemon_pid();
		ck_assert_int_ne(pids[i], pids[i - 1]);
		ck_assert(harness_wait_exit(pids[i - 1], HARNESS_SOON));
		await_visits(1);
	}
	end_load(clients);
	stop(program);
}
END_TEST

/*
 * A program that cannot be executed, one that sends nothing, and one that cannot serve: the
 * predecessor continues.
 */
START_TEST(failed_upgrade_loses_no_request)
{
	static const char *const failures[] = { "no program", "#!/bin/sh\nexit 3\n",
						"#!/bin/sh\nkill -9 $$\n" };
	const char *program = example();
	struct harness_result result;
	pid_t clients[CLIENTS], pid;

	running_own_network();
	result = command(program, "start");
	check_done(&result);
	pid = daemon_pid();
	ck_assert_int_eq(link("upgrade", "good"), 0);
	begin_load(clients);
	for (int i = 0; i < 3; i++) {
		await_visits(1);
		harness_write_file("bad", failures[i]);
		ck_assert_int_eq(chmod("bad", 0755), 0);
		ck_assert_int_eq(rename("bad", "upgrade"), 0);
		result = command("./good", "reload");
		ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) == 1,
			      "status %#x: %s%s", (unsigned)result.status, result.output,
			      result.error);
		ck_assert_msg(strstr(result.error, "not reloaded: ") != NULL, "%s", result.error);
		ck_assert_int_eq(daemon_pid(), pid);
	}
	await_visits(1);
	ck_assert_int_eq(link("good", "again"), 0);
	ck_assert_int_eq(rename("again", "upgrade"), 0);
	result = command(program, "reload");
	check_done(&result);
	ck_assert_int_ne(daemon_pid(), pid);
	await_visits(1);
	end_load(clients);
	stop(program);
}
END_TEST

/* A daemon that cannot serve reports it, and removes its pid file. */
START_TEST(failed_start_leaves_no_pid_file)
{
	const char *program = example();
	struct harness_result result;
	char line[128];
	pid_t pid;

	running_own_network();
	result = command(program, "start");
	check_done(&result);
	pid = daemon_pid();
	ck_assert_int_eq(rename("upgrade.pid", "other.pid"), 0);
	result = command(program, "run");
	ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) == 1,
		      "status %#x: %s%s", (unsigned)result.status, result.output, result.error);
	ck_assert_int_ne(access("upgrade.pid", F_OK), 0);
	snprintf(line, sizeof line, "visitors: %s", strerror(EADDRINUSE));
	ck_assert_ptr_ne(strstr(harness_read_file("upgrade.log"), line), NULL);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert(harness_wait_exit(pid, HARNESS_SOON));
}
END_TEST

START_TEST(invalid_ports_are_refused)
{
	static const char *const ports[] = { "", "abc", "80x", "-1", "0", "65536" };
	const char *program = example();

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		const char *const argv[] = { program, "-P", ports[i], "status", NULL };
		struct harness_result result = harness_run(argv);

		ck_assert_msg(WIFEXITED(result.status) && WEXITSTATUS(result.status) == 2,
			      "\"%s\": status %#x", ports[i], (unsigned)result.status);
		ck_assert_ptr_ne(strstr(result.error, "usage: upgrade"), NULL);
	}
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("examples-upgrade");
	TCase *test_case = harness_case(suite, "upgrade");

	if (harness_has_linux_api()) {
		tcase_add_test(test_case, upgrade_loses_no_request);
		tcase_add_test(test_case, failed_upgrade_loses_no_request);
		tcase_add_test(test_case, failed_start_leaves_no_pid_file);
		tcase_add_test(test_case, invalid_ports_are_refused);
	}
	return harness_main(argc, argv, suite, NULL);
}
