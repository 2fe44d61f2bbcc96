/* SPDX-License-Identifier: MIT */
/* The example "activated": with socket activation, with a launcher, and alone. */
#include "harness/example-tools.h"
#include "harness/probe-running.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* It sends the time. */
static void check_serves(const char *where, int times)
{
	int clients[20], year;

	for (int i = 0; i < times; i++)
		ck_assert_msg((clients[i] = running_connect(where)) >= 0, "%s: %s", where,
			      strerror(errno));
	for (int i = 0; i < times; i++)
		ck_assert_int_eq(
			sscanf(running_answer(clients[i]), "%d-%*d-%*d %*d:%*d:%*d", &year), 1);
}

static void check_stops(pid_t pid)
{
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	check_end(pid, 0);
	ck_assert(!exists("activated.pid"));
}

/* A free port: the test has its own network. */
START_TEST(without_activation_opens_own_socket)
{
	const char *const argv[] = { example("activated"), "-P", "8013", NULL };
	char refusal[128];

	harness_need_root();
	running_own_network();
	harness_adopt_orphans();
	run(argv, 0);
	check_serves("8013", 20);
	/* The port is in use; the first daemon continues. */
	snprintf(refusal, sizeof refusal, "port 8013: %s", strerror(EADDRINUSE));
	check_has(run(argv, 1).error, refusal);
	check_serves("8013", 1);
	check_stops(pid_in("activated.pid"));
}
END_TEST

START_TEST(launcher_binds_privileged_port)
{
	const char *const argv[] = { example("activated"), "-P", "80", "-u", "nobody", NULL };
	pid_t pid;

	harness_need_call("setgroups");
	running_for_everybody();
	running_own_network();
	harness_adopt_orphans();
	run(argv, 0);
	pid = pid_in("activated.pid");
	ck_assert_str_eq(running_proc(pid, "status", "Uid"), "65534\t65534\t65534\t65534");
	check_serves("80", 20);
	check_stops(pid);
}
END_TEST

START_TEST(missing_privilege_is_reported)
{
	/* Another user may be unable to enter the build directory. */
	const char *const argv[] = {
		"setpriv", "--bounding-set=-net_bind_service", example("activated"), "-P", "80",
		NULL
	};

	running_own_network();
	check_has(run(argv, 1).error, "activated: port 80: Permission denied");
	ck_assert(!exists("activated.pid"));
}
END_TEST

static bool connected(void *data)
{
	return (*(int *)data = running_connect(harness_path("socket"))) >= 0;
}

/* With a manager that is notified, the activated process itself is the daemon. */
static int notify_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static const struct {
	bool managed;
	const char *name;
} activations[] = {
	{ false, "--fdname=time" },
	{ false, "-EX=Y" }, /* none */
	{ true, "--fdname=time" },
	{ true, "-EX=Y" },
};

START_TEST(socket_of_activator_is_used)
{
	const char *path = harness_path("socket"), *notify = harness_path("notify");
	char *variable = harness_memory(strlen(notify) + 32), message[256] = "";
	const char *const argv[] = { "env",
				     "SYSTEMD_LOG_LEVEL=err",
				     "systemd-socket-activate",
				     "-l",
				     path,
				     activations[_i].name,
				     activations[_i].managed ? variable : "-EZ=Y",
				     example("activated"),
				     "-P",
				     "1",
				     NULL };
	int manager = notify_socket(notify), first, status;
	struct harness_program program;
	pid_t pid;

	sprintf(variable, "-ENOTIFY_SOCKET=%s", notify);
	if (access("/usr/bin/systemd-socket-activate", X_OK) < 0)
		harness_skip("needs systemd-socket-activate");
	harness_adopt_orphans();
	program = harness_spawn(argv);
	ck_assert(harness_wait_until(connected, &first, HARNESS_SOON));
	/* The connections wait in the socket: no daemon runs yet. */
	check_serves(path, 20);
	ck_assert_str_ne(running_answer(first), "");
	pid = pid_in("activated.pid");
	ck_assert_int_eq(pid == program.pid, activations[_i].managed);
	if (activations[_i].managed) {
		ck_assert(harness_wait_readable(manager, HARNESS_SOON));
		ck_assert_int_gt(recv(manager, message, sizeof message - 1, 0), 0);
		ck_assert_str_eq(message, "READY=1");
		ck_assert_int_eq(kill(pid, SIGTERM), 0);
		status = harness_end(&program);
		ck_assert_int_eq(status, 0);
		ck_assert(!exists("activated.pid"));
	} else {
		ck_assert_int_eq(harness_end(&program), 0);
		check_stops(pid);
	}
	close(manager);
}
END_TEST

/* A descriptor with this name that is not a listening socket. */
START_TEST(descriptor_of_wrong_type_is_refused)
{
	const char *const argv[] = { "sh", "-c",
				     "exec 3</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\"",
				     example("activated"), NULL };

	check_has(run(argv, 1).error, "it is something else and not a listening socket");
	ck_assert(!exists("activated.pid"));
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("examples-activated");
	TCase *test_case = harness_case(suite, "activated");

	tcase_add_test(test_case, without_activation_opens_own_socket);
	tcase_add_test(test_case, launcher_binds_privileged_port);
	tcase_add_test(test_case, missing_privilege_is_reported);
	tcase_add_loop_test(test_case, socket_of_activator_is_used, 0, 4);
	tcase_add_test(test_case, descriptor_of_wrong_type_is_refused);
	return harness_main(argc, argv, suite, NULL);
}
