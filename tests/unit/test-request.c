/* SPDX-License-Identifier: MIT */
/* Requests: which daemons reply, and to whom. */
#include "harness/harness.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/process.h>
#include <daemonkit/signals.h>

#include "compat/pidfd.h"
#include "compat/siginfo.h"
#include "ipc/channel.h"
#include "ipc/reply.h"

#define OTHER_USER 65534
#define THIRD_USER 65533
/* A timeout that never expires: the result comes at once. */
#define LONG 50000
/* A timeout that always expires: no reply comes. */
#define SHORT 300

/* Daemons */

__attribute__((__format__(__printf__, 1, 2))) static void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fflush(stdout);
}

static int succeed(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	print("handled %d\n", daemonkit_siginfo_value(info));
	return 0;
}

static int stop(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return DAEMONKIT_SIGNALS_STOP;
}

static int fail_with_text(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	return daemonkit_signals_set_handler(data, SIGKILL, succeed, NULL);
}

static int fail_without_text(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	return -EPROTO;
}

static int reply(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	if (daemonkit_siginfo_status(info, "step %d", 1) < 0 ||
	    daemonkit_siginfo_status(info, "step %d", 2) < 0 ||
	    daemonkit_siginfo_reply(info, EIO, "line %d: bad", 3) < 0 ||
	    daemonkit_siginfo_reply(info, 0, "again") != -EPERM ||
	    daemonkit_siginfo_status(info, "late") != -EPERM)
		exit(3);
	print("handled %d\n", 0);
	return 0;
}

static int reply_success(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	if (daemonkit_siginfo_reply(info, 0, "%d hosts", 12) < 0)
		exit(3);
	return -EPROTO; /* ends the loop, and is not sent */
}

/* The last character does not fit: it begins at byte 3999 of 4000. */
static int reply_at_length(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	return daemonkit_siginfo_reply(info, 0, "%3999s\u00e9", "");
}

static int die(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	raise(SIGKILL);
	return 0;
}

static int become_another(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	(void)data;
	execlp("cat", "cat", NULL);
	return 0;
}

/* Handle the signal until the test closes the input. */
static int be_busy(struct daemonkit_siginfo *info, void *data)
{
	char byte;

	(void)info;
	(void)data;
	print("busy\n");
	return read(0, &byte, 1) < 0;
}

/* A child cannot reply with the object that it inherited. */
static int fork_first(struct daemonkit_siginfo *info, void *data)
{
	int status;
	pid_t child = fork();

	(void)data;
	if (child == 0)
		_exit(daemonkit_siginfo_reply(info, -EIO, "the child's") == -ECHILD ? 0 : 1);
	return waitpid(child, &status, 0) == child && status == 0 ? 0 : -EPROTO;
}

static const struct {
	const char *name;
	daemonkit_signals_handler *handler;
} daemons[] = {
	{ "succeed", succeed },
	{ "other-network", succeed },
	{ "stop", stop },
	{ "fail-with-text", fail_with_text },
	{ "fail-without-text", fail_without_text },
	{ "reply", reply },
	{ "reply-success", reply_success },
	{ "reply-at-length", reply_at_length },
	{ "die", die },
	{ "become-another", become_another },
	{ "be-busy", be_busy },
	{ "fork-first", fork_first },
};

static void drop(uid_t uid, const char *root)
{
	if ((*root != '\0' && (chroot(root) < 0 || chdir("/") < 0)) ||
	    (uid != 0 && (setgid(uid) < 0 || setuid(uid) < 0)))
		exit(4);
}

/* daemon HANDLER UID ROOT */
static int daemon_main(int argc, char *argv[])
{
	struct daemonkit_signals *signals;

	if (argc < 4 || daemonkit_signals_new(&signals) < 0 ||
	    daemonkit_signals_set_handler(signals, SIGUSR1, succeed, NULL) < 0 ||
	    daemonkit_signals_set_handler(signals, SIGRTMIN, succeed, NULL) < 0)
		return 2;
	for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++)
		if (strcmp(daemons[i].name, argv[1]) == 0 &&
		    daemonkit_signals_set_handler(signals, SIGHUP, daemons[i].handler, signals) < 0)
			return 2;
	if (strcmp(argv[1], "blocking") == 0) {
		sigset_t never;

		sigemptyset(&never);
		sigaddset(&never, SIGHUP);
		sigprocmask(SIG_BLOCK, &never, NULL);
	}
	if (strcmp(argv[1], "other-network") == 0 && unshare(CLONE_NEWNET) < 0)
		return 5;
	drop((uid_t)atoi(argv[2]), argv[3]);
	print("ready\n");
	if (daemonkit_signals_serve(signals) < 0)
		print("failed\n");
	daemonkit_signals_free(signals);
	return 0;
}

static void print_value(int number, siginfo_t *info, void *context)
{
	char line[64];
	int length = snprintf(line, sizeof line, "old %d %d %d\n", number, info->si_value.sival_int,
			      (int)info->si_pid);

	(void)context;
	length = (int)write(1, line, (size_t)length);
	(void)length;
}

/* A daemon that does not use this library. */
static int old_main(int argc, char *argv[])
{
	struct sigaction action = { .sa_sigaction = print_value, .sa_flags = SA_SIGINFO };

	(void)argv;
	sigaction(SIGHUP, &action, NULL);
	print("ready\n");
	while (argc > 0)
		pause();
	return 0;
}

static struct harness_program start(const char *name, const char *uid, const char *root)
{
	struct harness_program daemon = harness_spawn_helper("daemon", name, uid, root, NULL);

	ck_assert_str_eq(harness_line(&daemon), "ready");
	return daemon;
}

static void end(struct harness_program *daemon)
{
	kill(daemon->pid, SIGTERM);
	ck_assert_int_eq(harness_end(daemon), 0);
}

/* Requesters */

static struct daemonkit_process *hold(pid_t pid)
{
	struct daemonkit_process *process = NULL;

	ck_assert_int_eq(daemonkit_process_open(pid, &process), 0);
	return process;
}

#define UNTOUCHED 77

/*
 * Returns 0 and the reply, which is 0 or a negative errno; or returns an error and leaves the
 * reply unchanged.
 */
static int request(struct daemonkit_process *process, int number, int timeout,
		   daemonkit_status_handler *status, void *data, int *answer)
{
	int result = daemonkit_process_request(process, number, timeout, status, data);

	if (result < 0)
		return result;
	*answer = -result;
	return 0;
}

static int request_from(pid_t pid, int number, int timeout, int *answer)
{
	struct daemonkit_process *process = hold(pid);
	int result;

	*answer = UNTOUCHED;
	result = request(process, number, timeout, NULL, NULL, answer);
	daemonkit_process_free(process);
	return result;
}

static void check_answer(const struct harness_program *daemon, int expected)
{
	int answer;

	ck_assert_msg(request_from(daemon->pid, SIGHUP, LONG, &answer) == 0, "%s",
		      daemonkit_error());
	ck_assert_int_eq(answer, expected);
}

static void check_text(const char *part)
{
	ck_assert_msg(strstr(daemonkit_error(), part) != NULL, "no \"%s\" in \"%s\"", part,
		      daemonkit_error());
}

/* requester PID SIGNAL TIMEOUT UID: prints result and reply */
static int requester_main(int argc, char *argv[])
{
	struct daemonkit_process *process;
	int answer = UNTOUCHED, result;

	if (argc < 5 || daemonkit_process_open(atoi(argv[1]), &process) < 0)
		return 2;
	drop((uid_t)atoi(argv[4]), "");
	result = request(process, atoi(argv[2]), atoi(argv[3]), NULL, NULL, &answer);
	printf("%d %d\n", result, answer);
	daemonkit_process_free(process);
	return 0;
}

static struct harness_program spawn_requester(pid_t pid, int number, const char *timeout,
					      const char *uid)
{
	char text[2][16];

	snprintf(text[0], 16, "%d", (int)pid);
	snprintf(text[1], 16, "%d", number);
	return harness_spawn_helper("requester", text[0], text[1], timeout, uid, NULL);
}

static void check_requester(struct harness_program *requester, int result, int answer)
{
	char expected[64];

	snprintf(expected, sizeof expected, "%d %d", result, answer);
	ck_assert_str_eq(harness_line(requester), expected);
	ck_assert_int_eq(harness_end(requester), 0);
}

/* In a 32-bit program a cookie only fits into the error number of the signal. */
static void need_replies(void)
{
	if (sizeof(union sigval) <= sizeof(int))
		harness_need_kernel("the error number of a signal");
}

START_TEST(success_is_reported)
{
	struct harness_program daemon = start("succeed", "0", "");

	need_replies();
	for (int i = 0; i < 3; i++) {
		check_answer(&daemon, 0);
		ck_assert_str_eq(harness_line(&daemon), "handled 0");
	}
	end(&daemon);
}
END_TEST

START_TEST(other_signals_get_replies)
{
	struct harness_program daemon;
	int answer;

	harness_need_kernel("pidfd_send_signal(2) of real-time signals");
	daemon = start("stop", "0", "");
	ck_assert_int_eq(request_from(daemon.pid, SIGRTMIN, LONG, &answer), 0);
	ck_assert_int_eq(answer, 0);
	/* The reply of a daemon that then exits. */
	check_answer(&daemon, 0);
	ck_assert_int_eq(harness_end(&daemon), 0);
}
END_TEST

START_TEST(failure_is_reported_with_text)
{
	struct harness_program daemon = start("fail-with-text", "0", "");

	need_replies();
	check_answer(&daemon, -EINVAL);
	ck_assert_str_eq(daemonkit_error(), "signal 9: it cannot be handled");
	ck_assert_str_eq(harness_line(&daemon), "failed");
	harness_end(&daemon);
	daemon = start("fail-without-text", "0", "");
	check_answer(&daemon, -EPROTO);
	check_text("its handler: ");
	check_text(strerror(EPROTO));
	harness_end(&daemon);
}
END_TEST

static void collect(const char *text, void *data)
{
	char *all = data;

	strcat(strcat(all, text), ";");
}

START_TEST(handler_can_reply_several_times)
{
	struct harness_program daemon = start("reply", "0", "");
	struct daemonkit_process *process = hold(daemon.pid);
	char texts[256] = "";
	int answer = UNTOUCHED;

	need_replies();
	ck_assert_int_eq(request(process, SIGHUP, LONG, collect, texts, &answer), 0);
	ck_assert_int_eq(answer, -EIO);
	ck_assert_str_eq(daemonkit_error(), "line 3: bad");
	ck_assert_str_eq(texts, "step 1;step 2;");
	daemonkit_process_free(process);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	/* Without a requester the same calls succeed. */
	kill(daemon.pid, SIGHUP);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

START_TEST(truncated_reply_ends_with_whole_character)
{
	struct harness_program daemon = start("reply-at-length", "0", "");
	struct daemonkit_process *process = hold(daemon.pid);
	static char text[CHANNEL_TEXT_MAX + 2];
	int answer = UNTOUCHED;

	need_replies();
	ck_assert_int_eq(request(process, SIGHUP, LONG, collect, text, &answer), 0);
	ck_assert_int_eq(answer, 0);
	ck_assert_uint_eq(strspn(text, " "), 3999);
	ck_assert_str_eq(text + 3999, ";");
	daemonkit_process_free(process);
	end(&daemon);
}
END_TEST

START_TEST(reply_takes_precedence_over_return_value)
{
	struct harness_program daemon = start("reply-success", "0", "");
	struct daemonkit_process *process = hold(daemon.pid);
	char texts[256] = "";
	int answer = UNTOUCHED;

	need_replies();
	ck_assert_int_eq(request(process, SIGHUP, LONG, collect, texts, &answer), 0);
	ck_assert_int_eq(answer, 0);
	ck_assert_str_eq(texts, "12 hosts;");
	daemonkit_process_free(process);
	harness_end(&daemon);
}
END_TEST

START_TEST(child_cannot_reply)
{
	struct harness_program daemon = start("fork-first", "0", "");

	need_replies();
	check_answer(&daemon, 0);
	end(&daemon);
}
END_TEST

START_TEST(daemon_without_replies_gets_signal)
{
	struct harness_program daemon = harness_spawn_helper("old", NULL);
	char expected[64];
	int answer;

	ck_assert_str_eq(harness_line(&daemon), "ready");
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, SHORT, &answer), -ENOMSG);
	ck_assert_int_eq(answer, UNTOUCHED);
	check_text("was sent");
	snprintf(expected, sizeof expected, "old %d 0 %d", SIGHUP, (int)getpid());
	ck_assert_str_eq(harness_line(&daemon), expected);
	harness_kill(&daemon);
}
END_TEST

START_TEST(death_of_daemon_is_detected_at_once)
{
	struct harness_program daemon = start("die", "0", "");
	int64_t begin = harness_now();
	int answer;

	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, LONG, &answer), -ECHILD);
	ck_assert_int_lt(harness_now() - begin, harness_scaled(HARNESS_SOON));
	ck_assert_int_eq(answer, UNTOUCHED);
	ck_assert(WIFSIGNALED(harness_end(&daemon)));
}
END_TEST

/* The result comes at once, not after the timeout. */
START_TEST(signal_is_sent_where_there_are_no_replies)
{
	struct harness_program daemon = start("succeed", "0", "");
	int answer;

	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, LONG, &answer), -ENOMSG);
	check_text("was sent, but this system does not support replies");
	ck_assert_int_eq(answer, UNTOUCHED);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

START_TEST(signal_without_handler_is_not_sent)
{
	struct harness_program daemon = start("unhandled", "0", "");
	int answer;

	harness_need_kernel("the signals that a process handles");
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, LONG, &answer), -ENOTSUP);
	ck_assert_int_eq(answer, UNTOUCHED);
	end(&daemon);
}
END_TEST

START_TEST(zombie_gets_no_request)
{
	struct harness_program daemon = start("succeed", "0", "");
	struct daemonkit_process *process = hold(daemon.pid);
	int answer;

	kill(daemon.pid, SIGKILL);
	ck_assert_int_eq(daemonkit_process_wait(process, HARNESS_SOON), 0);
	ck_assert_int_eq(request(process, SIGHUP, LONG, NULL, NULL, &answer), -ESRCH);
	daemonkit_process_free(process);
	harness_end(&daemon);
}
END_TEST

START_TEST(daemon_that_executes_another_program_has_not_replied)
{
	struct harness_program daemon = start("become-another", "0", "");
	int answer;

	need_replies();
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, LONG, &answer), -ENOMSG);
	check_text("closed the connection");
	ck_assert_int_eq(harness_end(&daemon), 0);
}
END_TEST

/* The milliseconds of a request to a daemon that closes the connection and lives on. */
static int64_t time_closed_connection(int timeout)
{
	struct harness_program daemon = start("become-another", "0", "");
	int64_t begin = harness_now();
	int answer, result = request_from(daemon.pid, SIGHUP, timeout, &answer);
	int64_t took = harness_now() - begin;

	ck_assert_int_eq(result, -ENOMSG);
	if (strstr(daemonkit_error(), "closed the connection") == NULL)
		took = INT64_MAX;
	ck_assert_int_eq(harness_end(&daemon), 0);
	return took;
}

/* The wait for its exit, a second, would end after the timeout.  A busy machine needs more tries.
 */
START_TEST(closed_connection_is_reported_in_time)
{
	int64_t best = INT64_MAX;

	need_replies();
	for (int i = 0; i < 20 && best >= 1000; i++) {
		int64_t took = time_closed_connection(SHORT);

		best = took < best ? took : best;
	}
	ck_assert_int_lt(best, 1000);
}
END_TEST

START_TEST(request_times_out)
{
	struct harness_program daemon = start("be-busy", "0", "");
	int answer;

	need_replies();
	/* Enough time for the daemon to report that it has received the signal. */
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, harness_scaled(3000), &answer),
			 -ETIMEDOUT);
	ck_assert_str_eq(harness_line(&daemon), "busy");
	/* This request does not reach the daemon. */
	ck_assert_int_eq(request_from(daemon.pid, SIGUSR1, SHORT, &answer), -ENOMSG);
	ck_assert_int_eq(request_from(daemon.pid, SIGUSR1, 0, &answer), -ENOMSG);
	close(daemon.input);
	daemon.input = -1;
	/* The requester has given up; the signal was not lost. */
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
	struct daemonkit_process *process = hold(getpid());
	int answer;

	ck_assert_int_eq(request(process, 0, 0, NULL, NULL, &answer), -EINVAL);
	ck_assert_int_eq(request(process, SIGRTMAX + 1, 0, NULL, NULL, &answer), -EINVAL);
	daemonkit_process_free(process);
}
END_TEST

START_TEST(concurrent_requests_all_get_replies)
{
	enum { REQUESTERS = 8 };
	struct harness_program daemon = start("succeed", "0", ""), requesters[REQUESTERS];

	need_replies();
	for (int i = 0; i < REQUESTERS; i++)
		requesters[i] = spawn_requester(daemon.pid, SIGHUP, "50000", "0");
	for (int i = 0; i < REQUESTERS; i++)
		check_requester(&requesters[i], 0, 0);
	for (int i = 0; i < REQUESTERS; i++)
		ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

/* Stop a process, with a signal that it has not received. */
static void stop_with_hangup(pid_t pid)
{
	int status;

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
}

/*
 * The kernel drops a signal while one of the same number is pending, here for longer than
 * the other limits of a request.
 */
START_TEST(request_waits_for_pending_signal)
{
	struct harness_program daemon = start("succeed", "0", ""), requester;

	need_replies();
	stop_with_hangup(daemon.pid);
	requester = spawn_requester(daemon.pid, SIGHUP, "50000", "0");
	/* Nothing can be seen of a process that waits: the time is the condition. */
	poll(NULL, 0, 1500);
	ck_assert_int_eq(kill(daemon.pid, SIGCONT), 0);
	check_requester(&requester, 0, 0);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

/* In vain: this request is not answered, and its signal is dropped. */
START_TEST(pending_signal_is_not_awaited_for_ever)
{
	struct harness_program daemon = start("succeed", "0", "");
	int answer;

	need_replies();
	stop_with_hangup(daemon.pid);
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, SHORT, &answer), -ENOMSG);
	ck_assert_int_eq(kill(daemon.pid, SIGCONT), 0);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

/* Does a requester have the lock that orders requests? */
static bool is_locked(void *data)
{
	int lock = compat_process_lock(*(pid_t *)data, 0);
	bool taken = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0;

	if (lock >= 0)
		close(lock);
	return taken;
}

/* The death of a process with a pending signal is seen at once. */
START_TEST(process_that_dies_with_pending_signal_is_not_awaited)
{
	struct harness_program daemon = start("succeed", "0", ""), requester;

	need_replies();
	stop_with_hangup(daemon.pid);
	requester = spawn_requester(daemon.pid, SIGHUP, "50000", "0");
	ck_assert(harness_wait_until(is_locked, &daemon.pid, HARNESS_SOON));
	ck_assert_int_eq(kill(daemon.pid, SIGKILL), 0);
	check_requester(&requester, -ESRCH, UNTOUCHED);
	harness_kill(&daemon);
}
END_TEST

/* Root directories and users */

START_TEST(daemon_with_other_root_directory_replies)
{
	struct harness_program daemon;

	need_replies();
	harness_need_root();
	daemon = start("reply", "65534", harness_directory());
	check_answer(&daemon, -EIO);
	ck_assert_str_eq(daemonkit_error(), "line 3: bad");
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

/* The address of the requester belongs to its network namespace. */
START_TEST(daemon_in_other_network_handles_signal)
{
	struct harness_program daemon;
	int answer;

	harness_need_mounts();
	daemon = start("other-network", "0", "");
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, SHORT, &answer), -ENOMSG);
	ck_assert_int_eq(answer, UNTOUCHED);
	check_text("was sent, but there was no reply");
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

START_TEST(requester_of_same_user_gets_reply)
{
	struct harness_program daemon, requester;

	need_replies();
	harness_need_root();
	daemon = start("succeed", "65534", "");
	requester = spawn_requester(daemon.pid, SIGHUP, "50000", "65534");
	check_requester(&requester, 0, 0);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

START_TEST(requests_of_other_users_are_refused)
{
	struct harness_program daemon, requester;

	harness_need_root();
	daemon = start("succeed", "0", "");
	requester = spawn_requester(daemon.pid, SIGHUP, "50000", "65534");
	check_requester(&requester, -EPERM, UNTOUCHED);
	end(&daemon);
}
END_TEST

/* Forged requests and replies */

/* The time in which a helper finds the request. */
#define FIND_TIMEOUT 5000

/* If permitted, use a network namespace without the requests of other tests. */
static void isolate_network(void)
{
	(void)!unshare(CLONE_NEWNET);
}

/* The cookie of a requester that waits for a reply, found in the way any user can. */
static uint32_t find_cookie(void)
{
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512];
	uint32_t cookie = 0;

	while (file != NULL && cookie == 0 && fgets(line, sizeof line, file) != NULL) {
		const char *name = strstr(line, "@daemonkit/" REPLY_ADDRESS "/");

		/*
		 * Connections of the requester are listed there, too, but only one socket
		 * listens.
		 */
		if (name != NULL && strstr(line, "00010000") != NULL)
			cookie = (uint32_t)strtoul(strrchr(name, '/') + 1, NULL, 16);
	}
	if (file != NULL)
		fclose(file);
	return cookie;
}

/* forger UID: replies to every request that it finds, until its input ends */
static int forger_main(int argc, char *argv[])
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	bool printed = false;

	drop(argc > 1 ? (uid_t)atoi(argv[1]) : 0, "");
	print("ready\n");
	while (poll(&input, 1, 0) == 0) {
		uint32_t cookie = find_cookie();
		int line = cookie == 0 ? -1 : channel_connect_to(REPLY_ADDRESS, cookie, 0);

		if (line < 0)
			continue;
		channel_send(line, CHANNEL_ACKNOWLEDGED, 0, "", 0);
		channel_send(line, CHANNEL_READY, 0, "", 0);
		channel_send(line, CHANNEL_FAILED, -EIO, "forged", 0);
		close(line);
		if (!printed)
			print("forged\n");
		printed = true;
	}
	return 0;
}

START_TEST(forged_replies_are_ignored)
{
	static const char *const users[] = { "0", "65534" };
	struct harness_program daemon, forger;
	int answer;

	harness_need_root();
	isolate_network();
	daemon = harness_spawn_helper("old", NULL);

	ck_assert_str_eq(harness_line(&daemon), "ready");
	forger = harness_spawn_helper("forger", users[_i], NULL);
	ck_assert_str_eq(harness_line(&forger), "ready");
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, harness_scaled(FIND_TIMEOUT), &answer),
			 -ENOMSG);
	ck_assert_str_eq(harness_line(&forger), "forged");
	ck_assert_int_eq(harness_end(&forger), 0);
	harness_kill(&daemon);
}
END_TEST

static void send_cookie(pid_t pid, int number, uint32_t cookie)
{
	siginfo_t info;

	compat_signal_with_cookie(&info, number, cookie);
	ck_assert_int_eq(compat_queue(pid, &info), 0);
}

/*
 * listener UID MAKER: listens at a socket that MAKER created, waits for a reply as a requester
 * does, and prints whether it received one
 */
static int listener_main(int argc, char *argv[])
{
	uint32_t cookie = compat_signal_cookie((uint32_t)getpid());
	uid_t user = argc > 2 ? (uid_t)atoi(argv[1]) : 0;
	struct pollfd listener = { .events = POLLIN };
	char byte;
	int line;

	if (argc > 2 && (uid_t)atoi(argv[2]) != 0)
		drop(user, "");
	listener.fd = channel_listen_as(REPLY_ADDRESS, cookie);
	if (listener.fd < 0)
		return 2;
	drop(user, "");
	print("ready\n");
	if (poll(&listener, 1, -1) != 1)
		return 3;
	line = accept(listener.fd, NULL, NULL);
	channel_send(line, CHANNEL_GO, SIGHUP, "", 0);
	print("received %d\n", (int)recv(line, &byte, 1, 0));
	close(line);
	close(listener.fd);
	return 0;
}

START_TEST(other_users_get_no_reply)
{
	/* The user of the daemon, the requester, and the user who created the socket. */
	static const struct {
		const char *daemon, *user, *maker, *received;
	} cases[] = {
		{ "0", "65534", "65534", "received 0" },
		{ "65533", "65534", "65534", "received 0" },
		{ "0", "65534", "0", "received 0" },
		{ "65533", "65534", "0", "received 0" },
		/* These may receive a reply. */
		{ "65534", "65534", "65534", "received 1" },
		{ "65534", "0", "0", "received 1" },
	};
	struct harness_program daemon, listener;

	need_replies();
	harness_need_root();
	isolate_network();
	daemon = start("succeed", cases[_i].daemon, "");
	listener = harness_spawn_helper("listener", cases[_i].user, cases[_i].maker, NULL);
	ck_assert_str_eq(harness_line(&listener), "ready");
	send_cookie(daemon.pid, SIGHUP, compat_signal_cookie((uint32_t)listener.pid));
	ck_assert_str_eq(harness_line(&listener), cases[_i].received);
	ck_assert_int_eq(harness_end(&listener), 0);
	/* The signal is handled nevertheless. */
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

/* locker PID UID: can this user acquire the lock that serializes requests? */
static int locker_main(int argc, char *argv[])
{
	int lock;

	if (argc < 3)
		return 2;
	drop((uid_t)atoi(argv[2]), "");
	lock = compat_process_lock(atoi(argv[1]), 0);
	print("%s\n", lock < 0                              ? "refused"
		      : flock(lock, LOCK_EX | LOCK_NB) == 0 ? "locked"
							    : "taken");
	if (lock >= 0)
		close(lock);
	return 0;
}

static void check_locker(const struct harness_program *daemon, const char *user,
			 const char *expected)
{
	struct harness_program locker;
	char pid[16];

	snprintf(pid, sizeof pid, "%d", (int)daemon->pid);
	locker = harness_spawn_helper("locker", pid, user, NULL);
	ck_assert_str_eq(harness_line(&locker), expected);
	ck_assert_int_eq(harness_end(&locker), 0);
}

START_TEST(other_users_cannot_take_request_lock)
{
	struct harness_program daemon;
	int64_t begin, least = harness_scaled(2000);
	int lock, answer;

	need_replies();
	harness_need_root();
	daemon = start("succeed", "0", "");
	check_locker(&daemon, "65534", "refused");
	check_locker(&daemon, "0", "locked");
	lock = compat_process_lock(daemon.pid, 0);
	ck_assert_int_ge(lock, 0);
	check_locker(&daemon, "0", "taken");
	/* A process that keeps the lock delays others by half of their time, not more. */
	begin = harness_now();
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, harness_scaled(4000), &answer), 0);
	ck_assert_int_eq(answer, 0);
	ck_assert_int_ge(harness_now() - begin, least < 10000 ? least : 10000);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	close(lock);
	check_locker(&daemon, "0", "locked");
	end(&daemon);
}
END_TEST

START_TEST(requester_that_never_reads_blocks_no_other)
{
	struct harness_program daemon = start("succeed", "0", "");
	uint32_t number, cookie;
	int listener;

	/* Not the pid, which another test may have in another pid namespace. */
	ck_assert_int_eq(getrandom(&number, sizeof number, 0), sizeof number);
	cookie = compat_signal_cookie(number);
	listener = channel_listen_as(REPLY_ADDRESS, cookie);
	ck_assert_int_ge(listener, 0);
	send_cookie(daemon.pid, SIGHUP, cookie);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	/* Nor does a requester that has exited. */
	close(listener);
	send_cookie(daemon.pid, SIGHUP, cookie);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

/* diverter PID: sends another signal with the cookie that it finds */
static int diverter_main(int argc, char *argv[])
{
	uint32_t cookie = 0;
	siginfo_t info;

	print("ready\n");
	while (argc > 1 && cookie == 0)
		cookie = find_cookie();
	compat_signal_with_cookie(&info, SIGUSR1, cookie);
	compat_queue(atoi(argv[1]), &info);
	return 0;
}

START_TEST(reply_to_other_signal_is_ignored)
{
	struct harness_program daemon, diverter;
	char pid[16];
	int answer;

	isolate_network();
	daemon = start("blocking", "0", "");
	snprintf(pid, sizeof pid, "%d", (int)daemon.pid);
	diverter = harness_spawn_helper("diverter", pid, NULL);
	ck_assert_str_eq(harness_line(&diverter), "ready");
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP, harness_scaled(FIND_TIMEOUT), &answer),
			 -ENOMSG);
	ck_assert_int_eq(harness_end(&diverter), 0);
	ck_assert_str_eq(harness_line(&daemon), "handled 0");
	end(&daemon);
}
END_TEST

/* What a daemon may send instead of a reply, and what the requester makes of it. */
static const struct {
	enum channel_type first, second;
	int32_t number;
	int result; /* of the function that waits */
	int answer; /* if the result is 0 */
} strange[] = {
	{ CHANNEL_ACKNOWLEDGED, CHANNEL_FAILED, -EPROTO, 0, -EPROTO },
	{ CHANNEL_ACKNOWLEDGED, CHANNEL_FAILED, EPROTO, 0, -EIO },
	{ CHANNEL_ACKNOWLEDGED, CHANNEL_FAILED, INT32_MIN, 0, -EIO },
	{ CHANNEL_ACKNOWLEDGED, CHANNEL_UP, 0, -ENOMSG, 0 },
	{ CHANNEL_READY, CHANNEL_READY, 0, -ENOMSG, 0 },
};

static void never_called(int number)
{
	(void)number;
	_exit(9);
}

/* liar INDEX: a daemon that sends these messages, and not those of the library */
static int liar_main(int argc, char *argv[])
{
	size_t index = argc > 1 ? (size_t)atoi(argv[1]) : 0;
	struct channel_message message;
	siginfo_t info;
	sigset_t hangup;
	int line;
	char byte;

	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hangup, NULL);
	/* The requester must see that the signal does not end this process. */
	signal(SIGHUP, never_called);
	print("ready\n");
	if (sigwaitinfo(&hangup, &info) < 0)
		return 1;
	line = channel_connect_to(REPLY_ADDRESS, compat_signal_get_cookie(&info), DEADLINE_NEVER);
	if (line < 0 || poll(&(struct pollfd){ .fd = line, .events = POLLIN }, 1, -1) != 1 ||
	    channel_receive(line, &message) != 1 || message.type != CHANNEL_GO)
		return 2;
	channel_send(line, strange[index].first, 0, "", 0);
	channel_send(line, strange[index].second, strange[index].number, "text", 0);
	(void)!read(STDIN_FILENO, &byte, 1);
	return 0;
}

START_TEST(strange_replies_are_no_success)
{
	struct harness_program daemon;
	char index[8];
	int answer;

	snprintf(index, sizeof index, "%d", _i);
	daemon = harness_spawn_helper("liar", index, NULL);
	ck_assert_str_eq(harness_line(&daemon), "ready");
	/* Without an acknowledgement only the timeout ends the wait. */
	ck_assert_int_eq(request_from(daemon.pid, SIGHUP,
				      strange[_i].first == CHANNEL_ACKNOWLEDGED ? LONG : SHORT,
				      &answer),
			 strange[_i].result);
	if (strange[_i].result == 0)
		ck_assert_int_eq(answer, strange[_i].answer);
	ck_assert_int_eq(harness_end(&daemon), 0);
}
END_TEST

START_TEST(signal_values_are_not_changed)
{
	static const int values[] = { 0, 1, -1, 42, 0x7FFFFFFF, (int)0xDAE00001, (int)0xD0000001 };
	struct harness_program daemon = start("succeed", "0", "");
	char expected[64];

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		ck_assert_int_eq(
			sigqueue(daemon.pid, SIGRTMIN, (union sigval){ .sival_int = values[i] }),
			0);
		snprintf(expected, sizeof expected, "handled %d", values[i]);
		ck_assert_str_eq(harness_line(&daemon), expected);
	}
	end(&daemon);
}
END_TEST

START_TEST(cookies_are_distinguished_from_values)
{
	static const int codes[] = { SI_USER, SI_TIMER, SI_MESGQ };
	siginfo_t info;

	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t cookie = compat_signal_cookie(i * 7919);

		ck_assert_uint_ne(cookie, 0);
		compat_signal_with_cookie(&info, SIGHUP, cookie);
		ck_assert_uint_eq(compat_signal_get_cookie(&info), cookie);
		ck_assert_int_eq(info.si_value.sival_int, 0);
		/* As changed by an emulator, and by a program with shorter pointers. */
		info.si_errno = 0;
		ck_assert_uint_eq(compat_signal_get_cookie(&info),
				  sizeof(union sigval) > sizeof(int) ? cookie : 0);
		compat_signal_with_cookie(&info, SIGHUP, cookie);
		info.si_value.sival_ptr = NULL;
		ck_assert_uint_eq(compat_signal_get_cookie(&info),
				  harness_has_linux_api() ? cookie : 0);
	}
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		info.si_code = codes[i];
		ck_assert_uint_eq(compat_signal_get_cookie(&info), 0);
	}
}
END_TEST

static const struct harness_helper helpers[] = {
	{ "daemon", daemon_main }, { "old", old_main },           { "requester", requester_main },
	{ "forger", forger_main }, { "listener", listener_main }, { "diverter", diverter_main },
	{ "locker", locker_main }, { "liar", liar_main },         { NULL, NULL },
};

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("request");
	TCase *replies = harness_case(suite, "replies");
	TCase *no_reply = harness_case(suite, "no-reply");
	TCase *users = harness_case(suite, "users");
	TCase *forgeries = harness_case(suite, "forgeries");

	if (harness_has_linux_api())
		tcase_add_test(replies, success_is_reported);
	if (harness_has_linux_api())
		tcase_add_test(replies, other_signals_get_replies);
	if (harness_has_linux_api())
		tcase_add_test(replies, failure_is_reported_with_text);
	if (harness_has_linux_api())
		tcase_add_test(replies, handler_can_reply_several_times);
	if (harness_has_linux_api())
		tcase_add_test(replies, truncated_reply_ends_with_whole_character);
	if (harness_has_linux_api())
		tcase_add_test(replies, reply_takes_precedence_over_return_value);
	if (harness_has_linux_api())
		tcase_add_test(replies, child_cannot_reply);
	/* Not under valgrind, which may fail to extend the stack for a handler. */
	if (harness_has_linux_api() && !harness_is_under_valgrind())
		tcase_add_test(replies, concurrent_requests_all_get_replies);
	if (harness_has_linux_api())
		tcase_add_test(replies, request_waits_for_pending_signal);
	if (harness_has_linux_api())
		tcase_add_test(replies, pending_signal_is_not_awaited_for_ever);
	if (harness_has_linux_api())
		tcase_add_test(no_reply, process_that_dies_with_pending_signal_is_not_awaited);
	tcase_add_test(replies, wrong_arguments_are_refused);
	tcase_add_test(no_reply, daemon_without_replies_gets_signal);
	if (harness_has_linux_api())
		tcase_add_test(no_reply, death_of_daemon_is_detected_at_once);
	else
		tcase_add_test(no_reply, signal_is_sent_where_there_are_no_replies);
	/* Not under valgrind, which has a handler for every signal. */
	if (harness_has_linux_api() && !harness_is_under_valgrind())
		tcase_add_test(no_reply, signal_without_handler_is_not_sent);
	tcase_add_test(no_reply, zombie_gets_no_request);
	if (harness_has_linux_api())
		tcase_add_test(no_reply, daemon_that_executes_another_program_has_not_replied);
	if (harness_has_linux_api())
		tcase_add_test(no_reply, closed_connection_is_reported_in_time);
	if (harness_has_linux_api())
		tcase_add_test(no_reply, request_times_out);
	/* The leak check at exit fails without /proc. */
	if (harness_has_linux_api() && !harness_is_sanitized())
		tcase_add_test(users, daemon_with_other_root_directory_replies);
	if (harness_has_linux_api())
		tcase_add_test(users, daemon_in_other_network_handles_signal);
	if (harness_has_linux_api())
		tcase_add_test(users, requester_of_same_user_gets_reply);
	tcase_add_test(users, requests_of_other_users_are_refused);
	if (harness_has_linux_api())
		tcase_add_loop_test(forgeries, forged_replies_are_ignored, 0, 2);
	if (harness_has_linux_api())
		tcase_add_loop_test(forgeries, other_users_get_no_reply, 0, 6);
	if (harness_has_linux_api())
		tcase_add_test(forgeries, other_users_cannot_take_request_lock);
	if (harness_has_linux_api())
		tcase_add_test(forgeries, requester_that_never_reads_blocks_no_other);
	if (harness_has_linux_api())
		tcase_add_test(forgeries, reply_to_other_signal_is_ignored);
	if (harness_has_linux_api())
		tcase_add_loop_test(forgeries, strange_replies_are_no_success, 0,
				    sizeof strange / sizeof *strange);
	tcase_add_test(forgeries, signal_values_are_not_changed);
	tcase_add_test(forgeries, cookies_are_distinguished_from_values);
	return harness_main(argc, argv, suite, helpers);
}
