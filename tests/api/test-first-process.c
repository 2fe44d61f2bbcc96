/* SPDX-License-Identifier: MIT */
/*
 * The daemon is process 1 of a container: signals end it like any process, a manager outside
 * the container is notified, and another process that gets the same pid is not taken for the
 * daemon.
 */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

#include "harness/container-tools.h"

/* For processes whose assertions Check does not see. */
#define NEED(truth)                                                                        \
	do {                                                                               \
		if (!(truth)) {                                                            \
			dprintf(STDERR_FILENO, "%s:%d: check failed: %s (errno %d, %s)\n", \
				__FILE__, __LINE__, #truth, errno, daemonkit_error());     \
			_exit(1);                                                          \
		}                                                                          \
	} while (0)

static void print_line(const char *line)
{
	dprintf(STDOUT_FILENO, "%s\n", line);
}

/* Wait until the test closes the input. */
static void wait_for_end(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	while (poll(&input, 1, -1) < 0)
		NEED(errno == EINTR);
}

static struct daemonkit_context *new_context(const char *pid_file)
{
	struct daemonkit_context *context = NULL;

	NEED(daemonkit_context_new(&context) == 0);
	if (pid_file != NULL)
		NEED(daemonkit_context_set_pid_file(context, pid_file, 0) == 0);
	return context;
}

/* Become the daemon, in mode AUTO. */
static struct daemonkit_context *become_daemon(const char *pid_file)
{
	struct daemonkit_context *context = new_context(pid_file);
	pid_t launcher = getpid();

	NEED(daemonkit_context_reborn(context) == 0);
	NEED(getpid() == launcher);
	return context;
}

static struct daemonkit_signals *new_signals(void)
{
	struct daemonkit_signals *signals = NULL;

	NEED(daemonkit_signals_new(&signals) == 0);
	return signals;
}

static int ignore_signal(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return 0;
}

static bool is_default(int number)
{
	struct sigaction action;

	NEED(sigaction(number, NULL, &action) == 0);
	return !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL;
}

/* Signals whose default action is to terminate the process */

static int ending(int index)
{
	static const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGABRT,   SIGUSR1, SIGUSR2,
				       SIGPIPE, SIGALRM, SIGTERM, SIGVTALRM, SIGPROF, SIGXCPU,
				       SIGXFSZ, SIGIO,   SIGPWR,  SIGSTKFLT };
	const int count = sizeof signals / sizeof *signals;

	return index < count ? signals[index] : index == count ? SIGRTMIN : SIGRTMAX;
}

#define ENDINGS 18

/* Process 1 with default actions only. */
static int idle_main(int argc, char *argv[])
{
	struct daemonkit_context *context = become_daemon(NULL);

	(void)argc;
	(void)argv;
	print_line("up");
	wait_for_end();
	daemonkit_context_free(context);
	return 0;
}

/* Another process of the container: signals process 1. */
static int kill_main(int argc, char *argv[])
{
	(void)argc;
	return kill(1, atoi(argv[1])) < 0;
}

START_TEST(process_1_ends_on_signal)
{
	struct container container;
	char number[16];
	int status;

	if (ending(_i) == SIGRTMAX)
		harness_need_kernel("the last real-time signals");
	container = container_start("idle", NULL);
	snprintf(number, sizeof number, "%d", ending(_i));
	ck_assert_str_eq(harness_line(&container.program), "up");
	/* From inside the container, or, every other one, from outside. */
	if (_i % 2 == 0)
		container_run(&container, "kill", number, NULL);
	else
		ck_assert_int_eq(kill(container.first, ending(_i)), 0);
	ck_assert(harness_wait_readable(container.program.output, HARNESS_SOON));
	status = container_end(&container);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 128 + ending(_i));
}
END_TEST

/* Signals that the process itself causes. */

static void write_without_reader(void)
{
	int ends[2];

	NEED(pipe(ends) == 0);
	close(ends[0]);
	NEED(write(ends[1], "", 1) == 1);
}

static void send_alarm(void)
{
	const struct itimerval soon = { .it_value = { .tv_usec = 1000 } };

	NEED(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	wait_for_end();
}

static void write_too_much(void)
{
	const struct rlimit none = { 0, 0 };
	int fd = open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	NEED(fd >= 0 && setrlimit(RLIMIT_FSIZE, &none) == 0);
	NEED(write(fd, "", 1) == 1);
}

static void raise_it(void)
{
	raise(SIGHUP);
}

/* A signal that arrived while blocked, before the program was executed, is unblocked. */
static void have_pending_signal(void)
{
}

static void execute_with_some_pending(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGHUP);
	execl(harness_self, harness_self, "--helper", "cause", "pending", NULL);
	_exit(127);
}

static void remove_handler(void)
{
	struct daemonkit_signals *signals = new_signals();

	NEED(daemonkit_signals_set_handler(signals, SIGUSR1, ignore_signal, NULL) == 0);
	NEED(daemonkit_signals_set_handler(signals, SIGUSR1, NULL, NULL) == 0);
	raise(SIGUSR1);
}

static struct daemonkit_signals *early;

/* Handlers that were installed before the start of the daemon. */
static void remove_early_handler(void)
{
	NEED(daemonkit_signals_set_handler(early, SIGUSR1, NULL, NULL) == 0);
	raise(SIGUSR1);
}

static void free_early_handlers(void)
{
	daemonkit_signals_free(early);
	raise(SIGTERM);
}

static const struct cause {
	const char *name;
	void (*run)(void);
	int signal;
} causes[] = {
	{ "abort", abort, SIGABRT },
	{ "pipe", write_without_reader, SIGPIPE },
	{ "alarm", send_alarm, SIGALRM },
	{ "file-size", write_too_much, SIGXFSZ },
	{ "raise", raise_it, SIGHUP },
	{ "execute", have_pending_signal, SIGHUP },
	{ "removed", remove_handler, SIGUSR1 },
	{ "removed-early", remove_early_handler, SIGUSR1 },
	{ "freed-early", free_early_handlers, SIGTERM },
};

#define CAUSES (sizeof causes / sizeof *causes)

static int cause_main(int argc, char *argv[])
{
	(void)argc;
	if (strstr(argv[1], "early") != NULL) {
		early = new_signals();
		NEED(daemonkit_signals_set_handler(early, SIGUSR1, ignore_signal, NULL) == 0);
	}
	if (strcmp(argv[1], "execute") == 0)
		execute_with_some_pending();
	become_daemon(NULL);
	for (size_t i = 0; i < CAUSES; i++)
		if (strcmp(argv[1], causes[i].name) == 0)
			causes[i].run();
	return 0;
}

START_TEST(process_1_ends_on_own_signal)
{
	struct container container = container_start("cause", causes[_i].name, NULL);
	int status;

	ck_assert(harness_wait_child(container.program.pid, &status, HARNESS_SOON));
	close(container.program.input);
	close(container.program.output);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 128 + causes[_i].signal,
		      "%s: status %x", causes[_i].name, (unsigned)status);
}
END_TEST

/* All other signals */

static volatile sig_atomic_t handled;

static void own_handler(int number)
{
	(void)number;
	handled++;
}

/* Check that the child is terminated by the signal, as any process. */
static void need_end_by(pid_t child, int number)
{
	int status;

	NEED(waitpid(child, &status, 0) == child);
	NEED(WIFSIGNALED(status) && WTERMSIG(status) == number);
}

static void need_children_like_others(void)
{
	pid_t child = fork();

	if (child == 0) {
		raise(SIGHUP);
		_exit(0);
	}
	need_end_by(child, SIGHUP);
	child = vfork();
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", "kill -TERM $$; exit 3", NULL);
		_exit(127);
	}
	need_end_by(child, SIGTERM);
	/* A waiting child is killed by its parent. */
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	NEED(kill(child, SIGRTMAX) == 0);
	need_end_by(child, SIGRTMAX);
}

static int others_main(int argc, char *argv[])
{
	static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG,  SIGWINCH,
					SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV };
	const size_t count = sizeof harmless / sizeof *harmless;
	struct daemonkit_context *context;
	bool before[sizeof harmless / sizeof *harmless];

	(void)argc;
	(void)argv;
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, own_handler);
	/* A sanitizer has a handler for faults. */
	for (size_t i = 0; i < count; i++)
		before[i] = is_default(harmless[i]);
	context = become_daemon(NULL);
	for (size_t i = 0; i < count; i++) {
		NEED(is_default(harmless[i]) == before[i]);
		/* Also that of a fault signal, when there is no fault. */
		NEED(!before[i] || kill(1, harmless[i]) == 0);
	}
	raise(SIGUSR1);
	raise(SIGUSR2);
	NEED(handled == 1);
	need_children_like_others();
	daemonkit_context_free(context);
	return 42;
}

START_TEST(other_dispositions_of_process_1_are_kept)
{
	struct container container;

	harness_need_kernel("the last real-time signals");
	container = container_start("others", NULL);
	ck_assert_int_eq(WEXITSTATUS(container_end(&container)), 42);
}
END_TEST

static int failing_main(int argc, char *argv[])
{
	struct daemonkit_context *context = new_context("/missing/pid");

	(void)argc;
	(void)argv;
	NEED(daemonkit_context_reborn(context) == -ENOENT);
	for (int i = 0; i < ENDINGS; i++)
		NEED(is_default(ending(i)));
	daemonkit_context_free(context);
	return 42;
}

START_TEST(failed_start_changes_no_disposition)
{
	struct container container = container_start("failing", NULL);

	ck_assert_int_eq(WEXITSTATUS(container_end(&container)), 42);
}
END_TEST

/* In foreground mode, but not process 1. */
static int foreground_main(int argc, char *argv[])
{
	struct daemonkit_context *context = new_context(NULL);

	(void)argc;
	(void)argv;
	NEED(daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND) == 0);
	NEED(daemonkit_context_reborn(context) == 0);
	for (int i = 0; i < ENDINGS; i++)
		NEED(is_default(ending(i)));
	daemonkit_context_free(context);
	return 42;
}

START_TEST(other_process_keeps_dispositions)
{
	struct harness_result result = harness_run_helper("foreground", NULL);

	ck_assert_msg(WEXITSTATUS(result.status) == 42, "%s", result.error);
}
END_TEST

START_TEST(other_process_of_container_keeps_dispositions)
{
	struct container container = container_start("init", "foreground", NULL);

	ck_assert_int_eq(WEXITSTATUS(container_end(&container)), 42);
}
END_TEST

/* Readiness */

static int ready_main(int argc, char *argv[])
{
	struct daemonkit_upgrade *upgrade = NULL;
	struct daemonkit_context *context = become_daemon(NULL);

	(void)argc;
	(void)argv;
	NEED(daemonkit_notify_ready(context) == 0);
	/* Process 1 cannot be replaced, whether or not a manager is notified. */
	NEED(daemonkit_upgrade_start(context, NULL, 1000, &upgrade) == -ENOTSUP);
	NEED(strstr(daemonkit_error(), "supervisor of this process") != NULL);
	wait_for_end();
	NEED(daemonkit_notify_stopping(context) == 0);
	daemonkit_context_free(context);
	return 0;
}

/* The socket of a manager, bound outside the container: its address in the file system. */
static int bind_manager(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	ck_assert_uint_lt(strlen(path), sizeof address.sun_path);
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
	return fd;
}

/* Check that the next message has this line, and comes from this process. */
static void check_message(int manager, const char *line, pid_t sender)
{
	char text[512] = "", control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec part = { text, sizeof text - 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof control };
	struct ucred who;

	ck_assert(harness_wait_readable(manager, HARNESS_SOON));
	ck_assert_int_gt(recvmsg(manager, &message, 0), 0);
	ck_assert_msg(strstr(text, line), "\"%s\"", text);
	ck_assert_ptr_nonnull(CMSG_FIRSTHDR(&message));
	memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof who);
	ck_assert_int_eq(who.pid, sender);
}

START_TEST(manager_outside_container_is_notified)
{
	const char *path = harness_path("notify");
	int manager = bind_manager(path);
	struct container container;

	setenv("NOTIFY_SOCKET", path, 1);
	container = container_start("ready", NULL);
	unsetenv("NOTIFY_SOCKET");
	check_message(manager, "READY=1", container.first);
	close(container.program.input);
	container.program.input = -1;
	check_message(manager, "STOPPING=1", container.first);
	ck_assert_int_eq(container_end(&container), 0);
	close(manager);
}
END_TEST

/* The same pid again */

/* argv[1]: the pid file.  SIGTERM ends it. */
static int daemon_main(int argc, char *argv[])
{
	struct daemonkit_signals *signals = new_signals();
	struct daemonkit_context *context = become_daemon(argv[1]);

	(void)argc;
	print_line("up");
	NEED(daemonkit_signals_serve(signals) == 0);
	NEED(daemonkit_context_release(context) == 0);
	daemonkit_context_free(context);
	daemonkit_signals_free(signals);
	return 0;
}

/* argv[1]: the pid file, argv[2]: the expected pid, 0 for none. */
static int search_main(int argc, char *argv[])
{
	struct daemonkit_context *context = new_context(argv[1]);
	struct daemonkit_process *process = NULL;
	int result = daemonkit_context_search(context, &process), wanted = atoi(argv[2]);

	(void)argc;
	if (wanted == 0) {
		NEED(result == -ESRCH && process == NULL);
	} else {
		NEED(result == 0);
		NEED(daemonkit_process_pid(process) == wanted);
		NEED(daemonkit_process_alive(process) == 1);
	}
	daemonkit_process_free(process);
	daemonkit_context_free(context);
	return 0;
}

/* argv[1]: the pid file. Runs "stop" like a program with this pid file. */
static int stop_main(int argc, char *argv[])
{
	struct daemonkit_context *context = new_context(argv[1]);
	struct daemonkit_control *control = NULL;
	int code = -1;

	(void)argc;
	NEED(daemonkit_control_new(context, &control) == 0);
	NEED(daemonkit_control_run(control, "stop", 0, &code) == 1);
	daemonkit_control_free(control);
	daemonkit_context_free(context);
	return code;
}

/* Another program, which counts the signals that it receives. */
static int bystander_main(int argc, char *argv[])
{
	(void)argc;
	(void)argv;
	for (int number = 1; number <= SIGRTMAX; number++)
		if (number != SIGCHLD)
			signal(number, own_handler);
	print_line("up");
	wait_for_end();
	return handled != 0;
}

static void start_daemon(struct container *container, const char *pid_file)
{
	*container = container_start("daemon", pid_file, NULL);
	ck_assert_str_eq(harness_line(&container->program), "up");
	ck_assert_str_eq(harness_read_file(pid_file), "1\n");
}

/* The process that stops the daemon is killed when process 1 ends. */
static void stop_daemon(struct container *container, const char *pid_file)
{
	int status = container_run(container, "stop", pid_file, NULL);

	ck_assert(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	ck_assert_int_eq(container_end(container), 0);
}

START_TEST(killed_container_restarts)
{
	const char *pid_file = harness_path("volume.pid");
	struct container container;

	for (int life = 0; life < 3; life++) {
		start_daemon(&container, pid_file);
		ck_assert_int_eq(container_run(&container, "search", pid_file, "1", NULL), 0);
		ck_assert_int_eq(WTERMSIG(container_kill(&container)), SIGKILL);
		ck_assert_str_eq(harness_read_file(pid_file), "1\n");
	}
	start_daemon(&container, pid_file);
	stop_daemon(&container, pid_file);
	ck_assert_int_ne(access(pid_file, F_OK), 0);
}
END_TEST

START_TEST(other_process_1_is_not_the_daemon)
{
	const char *pid_file = harness_path("volume.pid");
	struct container container;

	start_daemon(&container, pid_file);
	container_kill(&container);
	container = container_start("bystander", NULL);
	ck_assert_str_eq(harness_line(&container.program), "up");
	ck_assert_str_eq(harness_read_file(pid_file), "1\n");
	ck_assert_int_eq(container_run(&container, "search", pid_file, "0", NULL), 0);
	ck_assert_int_eq(container_run(&container, "stop", pid_file, NULL), 0);
	/* It ended only because its input was closed. */
	ck_assert_int_eq(container_end(&container), 0);
}
END_TEST

/* Descendants of this process 1 */

/* The next child gets this pid, if no other process is created meanwhile. */
static void choose_pid(pid_t pid)
{
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	NEED(fd >= 0);
	NEED(dprintf(fd, "%d", (int)pid - 1) > 0);
	close(fd);
}

/* argv[1]: the helper that gets pid 300, argv[2...]: its arguments. */
static int init_main(int argc, char *argv[])
{
	char *arguments[] = { argv[0], (char[]){ "--helper" }, argv[1], argv[2], NULL };
	int status;
	pid_t child;

	(void)argc;
	choose_pid(300);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("NOTIFY_SOCKET", "/nobody", 1); /* a service manager started it */
		execv(harness_self, arguments);
		_exit(127);
	}
	NEED(child == 300);
	NEED(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

START_TEST(process_with_reused_pid_is_not_the_daemon)
{
	const char *pid_file = harness_path("volume.pid");
	struct container container = container_start("init", "daemon", pid_file, NULL);

	ck_assert_str_eq(harness_line(&container.program), "up");
	ck_assert_str_eq(harness_read_file(pid_file), "300\n");
	ck_assert_int_eq(container_run(&container, "search", pid_file, "300", NULL), 0);
	container_kill(&container);
	container = container_start("init", "bystander", pid_file, NULL);
	ck_assert_str_eq(harness_line(&container.program), "up");
	ck_assert_int_eq(container_run(&container, "search", pid_file, "0", NULL), 0);
	ck_assert_int_eq(container_run(&container, "stop", pid_file, NULL), 0);
	ck_assert_int_eq(container_end(&container), 0);
	/* And the daemon itself can replace the file, with the same pid. */
	container = container_start("init", "daemon", pid_file, NULL);
	ck_assert_str_eq(harness_line(&container.program), "up");
	ck_assert_int_eq(container_run(&container, "search", pid_file, "300", NULL), 0);
	stop_daemon(&container, pid_file);
}
END_TEST

static const struct harness_helper helpers[] = {
	CONTAINER_HELPERS,
	{ "idle", idle_main },
	{ "kill", kill_main },
	{ "cause", cause_main },
	{ "others", others_main },
	{ "failing", failing_main },
	{ "foreground", foreground_main },
	{ "ready", ready_main },
	{ "daemon", daemon_main },
	{ "search", search_main },
	{ "stop", stop_main },
	{ "bystander", bystander_main },
	{ "init", init_main },
	{ NULL, NULL },
};

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("first-process");
	TCase *signals = harness_case(suite, "signals");
	TCase *ready = harness_case(suite, "ready");
	TCase *again = harness_case(suite, "the same pid again");

	tcase_add_test(signals, other_process_keeps_dispositions);
	/* A helper adds no tests, and may be unable to create containers. */
	if (argc == 1 && container_is_possible()) {
		if (harness_has_linux_api()) {
			tcase_add_loop_test(signals, process_1_ends_on_signal, 0, ENDINGS);
			tcase_add_loop_test(signals, process_1_ends_on_own_signal, 0, CAUSES);
			tcase_add_test(signals, other_dispositions_of_process_1_are_kept);
		}
		tcase_add_test(signals, failed_start_changes_no_disposition);
		tcase_add_test(signals, other_process_of_container_keeps_dispositions);
		tcase_add_test(ready, manager_outside_container_is_notified);
		tcase_add_test(again, killed_container_restarts);
		tcase_add_test(again, other_process_1_is_not_the_daemon);
		tcase_add_test(again, process_with_reused_pid_is_not_the_daemon);
	}
	return harness_main(argc, argv, suite, helpers);
}
