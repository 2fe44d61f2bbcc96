/* SPDX-License-Identifier: MIT */
/* Commands: flags of the command line that send signals. */
#include "harness/harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/commands.h>
#include <daemonkit/error.h>
#include <daemonkit/process.h>

static struct daemonkit_signals *new_signals(void)
{
	struct daemonkit_signals *signals = NULL;

	ck_assert_int_eq(daemonkit_signals_new(&signals), 0);
	return signals;
}

static struct daemonkit_commands *new_commands(struct daemonkit_signals *signals)
{
	struct daemonkit_commands *commands = NULL;

	ck_assert_int_eq(daemonkit_commands_new(signals, &commands), 0);
	return commands;
}

static struct daemonkit_process *open_process(pid_t pid)
{
	struct daemonkit_process *process = NULL;

	ck_assert_int_eq(daemonkit_process_open(pid, &process), 0);
	return process;
}

static void add_string(struct daemonkit_commands *commands, const char *const *variable,
		       const char *value, int signal)
{
	ck_assert_int_eq(
		daemonkit_commands_add_string(commands, variable, value, signal, NULL, NULL), 0);
}

/* The signals received, in order. */
struct list {
	int count;
	int numbers[16];
};

static int note(struct daemonkit_siginfo *info, void *data)
{
	struct list *list = data;

	list->numbers[list->count++] = daemonkit_siginfo_number(info);
	return 0;
}

START_TEST(wrong_arguments_are_refused)
{
	struct daemonkit_commands *commands = new_commands(NULL);
	struct daemonkit_process *self = open_process(getpid());
	const char *word = "stop";
	bool flag = true;

	HARNESS_REFUSES_NULL(daemonkit_commands_new(NULL, NULL));
	HARNESS_REFUSES_NULL(daemonkit_commands_add_bool(NULL, &flag, SIGHUP, NULL, NULL));
	HARNESS_REFUSES_NULL(daemonkit_commands_add_bool(commands, NULL, SIGHUP, NULL, NULL));
	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &flag, 0, NULL, NULL), -EINVAL);
	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &flag, -15, NULL, NULL), -EINVAL);
	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &flag, SIGRTMAX + 1, NULL, NULL),
			 -EINVAL);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "not a signal"));
	ck_assert_int_eq(daemonkit_commands_add_string(NULL, &word, "stop", SIGHUP, NULL, NULL),
			 -EINVAL);
	ck_assert_int_eq(daemonkit_commands_add_string(commands, NULL, "stop", SIGHUP, NULL, NULL),
			 -EINVAL);
	ck_assert_int_eq(daemonkit_commands_add_string(commands, &word, NULL, SIGHUP, NULL, NULL),
			 -EINVAL);
	ck_assert_int_eq(daemonkit_commands_add_string(commands, &word, "stop", 0, NULL, NULL),
			 -EINVAL);
	HARNESS_REFUSES_NULL(daemonkit_commands_active(NULL));
	HARNESS_REFUSES_NULL(daemonkit_commands_send(NULL, self));
	HARNESS_REFUSES_NULL(daemonkit_commands_send(commands, NULL));
	ck_assert_int_eq(daemonkit_commands_active(commands), 0);
	ck_assert_ptr_null(daemonkit_commands_free(NULL));
	ck_assert_ptr_null(daemonkit_commands_free(commands));
	daemonkit_process_free(self);
}
END_TEST

START_TEST(flags_are_read_at_execution)
{
	struct daemonkit_commands *commands = new_commands(NULL);
	const char *word = NULL;
	char value[] = "stop";
	bool flag = false;

	ck_assert_int_eq(daemonkit_commands_active(commands), 0);
	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &flag, SIGHUP, NULL, NULL), 0);
	add_string(commands, &word, value, SIGTERM);
	add_string(commands, &word, "quit", SIGQUIT);
	value[0] = 'x'; /* the library has copied it */
	ck_assert_int_eq(daemonkit_commands_active(commands), 0);
	flag = true;
	ck_assert_int_eq(daemonkit_commands_active(commands), 1);
	word = "stop";
	ck_assert_int_eq(daemonkit_commands_active(commands), 2);
	word = "xtop";
	ck_assert_int_eq(daemonkit_commands_active(commands), 1);
	flag = false;
	word = "quit";
	ck_assert_int_eq(daemonkit_commands_active(commands), 1);
	word = "";
	ck_assert_int_eq(daemonkit_commands_active(commands), 0);
	daemonkit_commands_free(commands);
}
END_TEST

START_TEST(active_flags_are_listed_in_the_order_of_adding)
{
	struct daemonkit_commands *commands = new_commands(NULL);
	const char *word = "quit";
	bool yes = true, no = false;

	HARNESS_REFUSES_NULL(daemonkit_commands_active_signal(NULL, 0));
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, 0), -ENOENT);
	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &yes, SIGTERM, NULL, NULL), 0);
	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &no, SIGHUP, NULL, NULL), 0);
	add_string(commands, &word, "stop", SIGINT);
	add_string(commands, &word, "quit", SIGQUIT);
	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &yes, SIGTERM, NULL, NULL), 0);
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, 0), SIGTERM);
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, 1), SIGQUIT);
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, 2), SIGTERM);
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, 3), -ENOENT);
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, (size_t)-1), -ENOENT);
	no = true;
	word = NULL;
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, 1), SIGHUP);
	ck_assert_int_eq(daemonkit_commands_active_signal(commands, 2), SIGTERM);
	daemonkit_commands_free(commands);
}
END_TEST

/*
 * A process that signals itself has handled the signal before the call returns, so that it sees
 * the order of the signals. (Fault 2.14: in random order.)
 */
START_TEST(signals_are_sent_in_order_of_addition)
{
	static const int order[] = { SIGUSR2, SIGTERM, SIGHUP, SIGWINCH, SIGUSR1,
				     SIGALRM, SIGINT,  SIGPWR, SIGHUP };
	const int count = sizeof order / sizeof *order;
	struct daemonkit_signals *signals = new_signals();
	struct daemonkit_commands *commands = new_commands(signals);
	struct daemonkit_process *self = open_process(getpid());
	struct list list = { .count = 0 };
	bool yes = true, no = false;

	for (int i = 0; i < count; i++) {
		ck_assert_int_eq(daemonkit_commands_add_bool(commands, &yes, order[i], note, &list),
				 0);
		ck_assert_int_eq(daemonkit_commands_add_bool(commands, &no, SIGUSR1, note, &list),
				 0);
	}
	ck_assert_int_eq(daemonkit_commands_active(commands), count);
	ck_assert_int_eq(daemonkit_commands_send(commands, self), count);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(list.count, count);
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(list.numbers[i], order[i]);
	daemonkit_process_free(self);
	daemonkit_commands_free(commands);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(handlers_are_set_and_kept)
{
	struct daemonkit_signals *signals = new_signals();
	struct daemonkit_commands *commands = new_commands(signals);
	struct list first = { .count = 0 }, second = { .count = 0 };
	const char *word = NULL;
	bool flag = false;

	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &flag, SIGHUP, note, &first), 0);
	ck_assert_int_eq(
		daemonkit_commands_add_string(commands, &word, "stop", SIGTERM, note, &second), 0);
	daemonkit_commands_free(commands);
	raise(SIGTERM);
	raise(SIGHUP);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(first.count, 1);
	ck_assert_int_eq(first.numbers[0], SIGHUP);
	ck_assert_int_eq(second.count, 1);
	ck_assert_int_eq(second.numbers[0], SIGTERM);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(failure_leaves_the_table_as_it_was)
{
	struct daemonkit_signals *other = new_signals(), *signals = new_signals();
	struct daemonkit_commands *commands = new_commands(signals);
	struct daemonkit_commands *sender = new_commands(NULL);
	const char *word = "kill";
	bool flag = true;

	ck_assert_int_eq(daemonkit_commands_add_bool(commands, &flag, SIGTERM, note, NULL), -EBUSY);
	ck_assert_int_eq(
		daemonkit_commands_add_string(commands, &word, "kill", SIGKILL, note, NULL),
		-EINVAL);
	ck_assert_int_eq(daemonkit_commands_active(commands), 0);
	ck_assert_int_eq(daemonkit_commands_add_string(sender, &word, "kill", SIGUSR1, note, NULL),
			 -EINVAL);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "without signals"));
	ck_assert_int_eq(daemonkit_commands_active(sender), 0);
	add_string(commands, &word, "kill", SIGKILL); /* SIGKILL can be sent */
	ck_assert_int_eq(daemonkit_commands_active(commands), 1);
	daemonkit_commands_free(sender);
	daemonkit_commands_free(commands);
	daemonkit_signals_free(signals);
	daemonkit_signals_free(other);
}
END_TEST

/* A daemon that prints each signal, and exits on SIGTERM. */
static int print_signal(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	printf("%d\n", daemonkit_siginfo_number(info));
	fflush(stdout);
	return daemonkit_siginfo_number(info) == SIGTERM ? DAEMONKIT_SIGNALS_STOP : 0;
}

static int recorder_main(int argc, char *argv[])
{
	static const int numbers[] = { SIGHUP, SIGQUIT, SIGTERM };
	struct daemonkit_signals *signals;
	int result;

	(void)argc;
	(void)argv;
	if (daemonkit_signals_new(&signals) < 0)
		return 1;
	for (int i = 0; i < 3; i++) {
		if (daemonkit_signals_set_handler(signals, numbers[i], print_signal, NULL) < 0)
			return 1;
	}
	printf("ready\n");
	fflush(stdout);
	result = daemonkit_signals_serve(signals);
	daemonkit_signals_free(signals);
	return result == 0 ? 0 : 1;
}

START_TEST(command_signals_running_daemon)
{
	static const struct {
		const char *word, *number;
	} words[] = { { "reload", "1" }, { "quit", "3" }, { "reload", "1" }, { "stop", "15" } };
	struct daemonkit_commands *commands = new_commands(NULL);
	struct harness_program program = harness_spawn_helper("recorder", NULL);
	struct daemonkit_process *process = open_process(program.pid);
	const char *word = "nothing";

	add_string(commands, &word, "quit", SIGQUIT);
	add_string(commands, &word, "stop", SIGTERM);
	add_string(commands, &word, "reload", SIGHUP);
	ck_assert_str_eq(harness_line(&program), "ready");
	ck_assert_int_eq(daemonkit_commands_send(commands, process), 0);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		word = words[i].word;
		ck_assert_int_eq(daemonkit_commands_send(commands, process), 1);
		ck_assert_str_eq(harness_line(&program), words[i].number);
	}
	ck_assert_int_eq(harness_end(&program), 0);
	ck_assert_int_eq(daemonkit_commands_send(commands, process), -ESRCH);
	daemonkit_process_free(process);
	daemonkit_commands_free(commands);
}
END_TEST

/* BLOCKED, WAITING in sigwait(3), DEFAULT or IGNORED: prints each SIGUSR1 that it receives. */
static int receiver_main(int argc, char *argv[])
{
	sigset_t set;
	int number;

	(void)argc;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signal(SIGUSR1, strcmp(argv[1], "ignored") == 0 ? SIG_IGN : SIG_DFL);
	if (strcmp(argv[1], "blocked") == 0 || strcmp(argv[1], "waiting") == 0)
		sigprocmask(SIG_BLOCK, &set, NULL);
	printf("ready\n");
	fflush(stdout);
	if (strcmp(argv[1], "waiting") == 0 && sigwait(&set, &number) == 0)
		printf("%d\n", number);
	fflush(stdout);
	return getchar() == EOF ? 0 : 1;
}

static bool waits(void *data)
{
	char path[64], text[64] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/wchan", *(pid_t *)data);
	file = fopen(path, "re");
	if (file && !fgets(text, sizeof text, file))
		text[0] = '\0';
	if (file)
		fclose(file);
	return strncmp(text, "do_sigtimedwait", 15) == 0;
}

/* A command that is not meant to end the process is not sent if it would kill it. */
START_TEST(command_does_not_kill_daemon_without_handler)
{
	static const struct {
		const char *how;
		int result;
		const char *error_text;
	} receivers[] = {
		{ "default", -ENOTSUP, "does not handle signal" },
		{ "ignored", -ENOTSUP, "ignores signal" },
		{ "blocked", 1, "" },
		{ "waiting", 1, "" },
	};
	struct daemonkit_commands *commands = new_commands(NULL);
	struct harness_program program;
	struct daemonkit_process *process;
	const char *word = "reopen";

	harness_need_kernel("the signals that a process handles");
	program = harness_spawn_helper("receiver", receivers[_i].how, NULL);
	process = open_process(program.pid);
	add_string(commands, &word, "reopen", SIGUSR1);
	add_string(commands, &word, "stop", SIGTERM);
	ck_assert_str_eq(harness_line(&program), "ready");
	if (strcmp(receivers[_i].how, "waiting") == 0 &&
	    !harness_wait_until(waits, &program.pid, 1000))
		harness_skip("the kernel does not report what a process waits for");
	ck_assert_int_eq(daemonkit_commands_send(commands, process), receivers[_i].result);
	if (receivers[_i].result < 0) {
		ck_assert_ptr_nonnull(strstr(daemonkit_error(), receivers[_i].error_text));
		ck_assert_int_eq(daemonkit_process_request(process, SIGUSR1, 100, NULL, NULL),
				 -ENOTSUP);
		ck_assert_ptr_nonnull(strstr(daemonkit_error(), receivers[_i].error_text));
	}
	if (strcmp(receivers[_i].how, "waiting") == 0)
		ck_assert_int_eq(atoi(harness_line(&program)), SIGUSR1);
	ck_assert_int_eq(daemonkit_process_alive(process), 1);
	ck_assert_int_eq(harness_end(&program), 0);
	/* The launcher forks the daemon, which is no second copy. */
	program = harness_spawn_helper("receiver", "default", NULL);
	process = (daemonkit_process_free(process), open_process(program.pid));
	ck_assert_str_eq(harness_line(&program), "ready");
	word = "stop";
	ck_assert_int_eq(daemonkit_commands_send(commands, process), 1);
	ck_assert_int_eq(harness_end(&program), SIGTERM);
	daemonkit_process_free(process);
	daemonkit_commands_free(commands);
}
END_TEST

int main(int argc, char *argv[])
{
	static const struct harness_helper helpers[] = { { "recorder", recorder_main },
							 { "receiver", receiver_main },
							 { NULL, NULL } };
	Suite *suite = suite_create("commands");
	TCase *table = harness_case(suite, "table");
	TCase *sending = harness_case(suite, "sending");

	tcase_add_test(table, wrong_arguments_are_refused);
	tcase_add_test(table, flags_are_read_at_execution);
	tcase_add_test(table, active_flags_are_listed_in_the_order_of_adding);
	tcase_add_test(table, handlers_are_set_and_kept);
	tcase_add_test(table, failure_leaves_the_table_as_it_was);
	tcase_add_test(sending, signals_are_sent_in_order_of_addition);
	/* valgrind has a handler for every signal with a default effect, as the kernel shows. */
	if (harness_has_linux_api())
		tcase_add_loop_test(sending, command_does_not_kill_daemon_without_handler,
				    harness_is_under_valgrind() ? 1 : 0, 4);
	tcase_add_test(sending, command_signals_running_daemon);
	return harness_main(argc, argv, suite, helpers);
}
