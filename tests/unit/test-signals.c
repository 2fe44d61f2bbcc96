/* SPDX-License-Identifier: MIT */
/* Signals: object, handlers, queue. See also test-signals-processes.c. */
#include "harness/signals-tools.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <daemonkit/error.h>
#include <daemonkit/signals.h>

#include "signals/queue.h"
#include "signals/signals-internal.h"

/* The capacity of the pipe: 1 MiB of records, or 64 KiB without the Linux interfaces. */
#define MANY (harness_has_linux_api() ? 10000 : 1500)

/* More than any pipe of the library holds. */
#define PIPE_SIGNALS (32768 + 128)

/* The handler of most tests: records the signal. */
struct note {
	int count;
	int number;
	int value;
	pid_t pid;
	uid_t uid;
};

static int take_note(struct daemonkit_siginfo *info, void *data)
{
	struct note *note = data;

	note->count++;
	note->number = daemonkit_siginfo_number(info);
	note->value = daemonkit_siginfo_value(info);
	note->pid = daemonkit_siginfo_pid(info);
	note->uid = daemonkit_siginfo_uid(info);
	return 0;
}

/* The values must be 0, 1, 2, ...; the last one stops. */
struct sequence {
	int next;
	int end;
};

static int take_next(struct daemonkit_siginfo *info, void *data)
{
	struct sequence *sequence = data;

	ck_assert_int_eq(daemonkit_siginfo_value(info), sequence->next);
	sequence->next++;
	return sequence->next == sequence->end ? DAEMONKIT_SIGNALS_STOP : 0;
}

/* And all come from one process. */
struct senders {
	struct sequence sequence;
	pid_t pid;
};

static int take_next_of_sender(struct daemonkit_siginfo *info, void *data)
{
	struct senders *senders = data;

	ck_assert_int_eq(daemonkit_siginfo_pid(info), senders->pid);
	ck_assert_uint_eq(daemonkit_siginfo_uid(info), getuid());
	return take_next(info, &senders->sequence);
}

/* A child that sends 0, 1, 2, ... with SIGRTMIN. */
static pid_t start_sender(int count)
{
	pid_t parent = getpid();
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child > 0)
		return child;
	for (int i = 0; i < count; i++)
		queue_one(parent, SIGRTMIN, i);
	_exit(0);
}

static void join_child(pid_t child)
{
	int status;

	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 0);
}

/* The object */

START_TEST(null_is_refused)
{
	struct daemonkit_signals *signals = new_object();

	HARNESS_REFUSES_NULL(daemonkit_signals_new(NULL));
	HARNESS_REFUSES_NULL(daemonkit_signals_set_handler(NULL, SIGHUP, NULL, NULL));
	HARNESS_REFUSES_NULL(daemonkit_signals_serve(NULL));
	HARNESS_REFUSES_NULL(daemonkit_signals_fd(NULL));
	HARNESS_REFUSES_NULL(daemonkit_signals_dispatch(NULL));
	HARNESS_REFUSES_NULL(daemonkit_siginfo_number(NULL));
	HARNESS_REFUSES_NULL(daemonkit_siginfo_pid(NULL));
	HARNESS_REFUSES_NULL(daemonkit_siginfo_reply(NULL, 0, "x"));
	HARNESS_REFUSES_NULL(daemonkit_siginfo_status(NULL, "x"));
	ck_assert_uint_eq(daemonkit_siginfo_uid(NULL), (uid_t)-1);
	ck_assert_int_eq(daemonkit_siginfo_value(NULL), 0);
	ck_assert_ptr_null(daemonkit_signals_free(NULL));
	ck_assert_ptr_null(daemonkit_signals_free(signals));
}
END_TEST

static int reply_without_text(struct daemonkit_siginfo *info, void *calls)
{
	/* Without the attributes, with which the compiler would refuse this. */
	int (*reply)(struct daemonkit_siginfo *, int, const char *, ...) = daemonkit_siginfo_reply;
	int (*status)(struct daemonkit_siginfo *, const char *, ...) = daemonkit_siginfo_status;

	ck_assert_int_eq(reply(info, 0, NULL), -EINVAL);
	ck_assert_int_eq(status(info, NULL), -EINVAL);
	++*(int *)calls;
	return 0;
}

static void do_nothing(int number)
{
	(void)number;
}

static void do_nothing_with_information(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
}

/* The program has replaced the handler of the library: it stays. */
START_TEST(handler_of_program_is_kept)
{
	struct sigaction plain = { .sa_handler = do_nothing };
	struct sigaction detailed = { .sa_sigaction = do_nothing_with_information,
				      .sa_flags = SA_SIGINFO };
	const struct sigaction *action = _i == 0 ? &plain : &detailed;
	struct daemonkit_signals *signals = new_object();
	struct sigaction found;

	ck_assert_int_eq(daemonkit_signals_set_handler(signals, SIGUSR1, take_note, NULL), 0);
	ck_assert_int_eq(sigaction(SIGUSR1, action, NULL), 0);
	ck_assert_int_eq(daemonkit_signals_set_handler(signals, SIGUSR1, NULL, NULL), 0);
	ck_assert_int_eq(sigaction(SIGUSR1, NULL, &found), 0);
	ck_assert((void (*)(void))found.sa_handler == (void (*)(void))action->sa_handler);
	daemonkit_signals_free(signals);
}
END_TEST

/* Without orphans, or where the system reaps children, the program alone needs SIGCHLD. */
START_TEST(sigchld_is_released)
{
	struct daemonkit_signals *signals = new_object();
	struct sigaction found;

	if (_i == 1) {
		harness_need_kernel("PR_SET_CHILD_SUBREAPER");
		signal(SIGCHLD, SIG_IGN);
		ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
		ck_assert_int_eq(daemonkit_signals_reap_orphans(signals, NULL, NULL), 0);
	}
	ck_assert_int_eq(daemonkit_signals_set_handler(signals, SIGCHLD, take_note, NULL), 0);
	ck_assert_int_eq(daemonkit_signals_set_handler(signals, SIGCHLD, NULL, NULL), 0);
	ck_assert_int_eq(sigaction(SIGCHLD, NULL, &found), 0);
	ck_assert(found.sa_handler == (_i == 1 ? SIG_IGN : SIG_DFL));
	daemonkit_signals_free(signals);
}
END_TEST

/* A process that adopts no orphans any more leaves all children to the program. */
START_TEST(children_are_left_alone_without_adoption)
{
	struct daemonkit_signals *signals = new_object();
	pid_t child;
	int status;

	harness_need_kernel("PR_SET_CHILD_SUBREAPER");
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	ck_assert_int_eq(daemonkit_signals_reap_orphans(signals, NULL, NULL), 0);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	child = fork();
	if (child == 0)
		_exit(7);
	ck_assert(harness_wait_readable(daemonkit_signals_fd(signals), HARNESS_SOON));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert(harness_wait_child(child, &status, HARNESS_SOON));
	ck_assert_int_eq(status, 7 << 8);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(closed_descriptor_is_reported)
{
	struct daemonkit_signals *signals = new_object();

	close(daemonkit_signals_fd(signals));
	ck_assert_int_eq(daemonkit_signals_serve(signals), -EBADF);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "signals: "));
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(replies_need_a_text)
{
	struct daemonkit_signals *signals = new_object();
	int calls = 0;

	ck_assert_int_eq(
		daemonkit_signals_set_handler(signals, SIGUSR1, reply_without_text, &calls), 0);
	raise(SIGUSR1);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(calls, 1);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(unhandleable_signals_are_refused)
{
	const int refused[] = { -1,      0,       32,     33,     SIGRTMAX + 1, 4096,    SIGKILL,
				SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,       SIGTRAP, SIGSYS };
	struct daemonkit_signals *signals = new_object();
	int number = refused[_i];

	ck_assert_int_eq(daemonkit_signals_set_handler(signals, number, take_note, NULL), -EINVAL);
	ck_assert_int_eq(daemonkit_signals_set_handler(signals, number, NULL, NULL), -EINVAL);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "cannot be handled"));
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(failure_changes_nothing)
{
	char nothing;
	struct daemonkit_signals *const none = (struct daemonkit_signals *)(void *)&nothing;
	struct daemonkit_signals *signals = none;
	struct rlimit saved, limit;
	size_t before = harness_count_fds();

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &saved), 0);
	limit = saved;
	/* One descriptor is left, two are needed. */
	for (limit.rlim_cur = 3 + 1; limit.rlim_cur < saved.rlim_cur; limit.rlim_cur++) {
		int result;

		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		result = daemonkit_signals_new(&signals);
		if (result == 0)
			break;
		ck_assert_int_eq(result, -EMFILE);
		ck_assert_ptr_eq(signals, none);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &saved), 0);
	ck_assert_ptr_ne(signals, none);
	ck_assert_uint_eq(harness_count_fds(), before + 2);
	daemonkit_signals_free(signals);
	ck_assert_uint_eq(harness_count_fds(), before);
}
END_TEST

START_TEST(sigterm_stops_by_default)
{
	struct daemonkit_signals *signals = new_object();

	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	ck_assert_int_eq(raise(SIGTERM), 0);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(a_signal_belongs_to_one_object)
{
	struct daemonkit_signals *first = new_object();
	struct daemonkit_signals *second = new_object();
	struct note one = { 0 }, two = { 0 };

	ck_assert_int_eq(daemonkit_signals_set_handler(second, SIGTERM, take_note, &two), -EBUSY);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "another"));
	handle(first, SIGUSR1, take_note, &one);
	handle(second, SIGUSR2, take_note, &two);
	raise(SIGUSR1);
	raise(SIGUSR2);
	ck_assert_int_eq(daemonkit_signals_dispatch(first), 0);
	ck_assert_int_eq(daemonkit_signals_dispatch(second), 0);
	ck_assert_int_eq(one.count, 1);
	ck_assert_int_eq(one.number, SIGUSR1);
	ck_assert_int_eq(two.count, 1);
	ck_assert_int_eq(two.number, SIGUSR2);
	daemonkit_signals_free(first);
	handle(second, SIGTERM, take_note, &two);
	raise(SIGTERM);
	ck_assert_int_eq(daemonkit_signals_dispatch(second), 0);
	ck_assert_int_eq(two.number, SIGTERM);
	daemonkit_signals_free(second);
}
END_TEST

static volatile sig_atomic_t caught;

static void catch (int number)
{
	caught = number;
}

START_TEST(dispositions_are_restored)
{
	struct sigaction action = { .sa_handler = catch, .sa_flags = SA_NODEFER }, now;
	struct daemonkit_signals *signals;
	struct note note = { 0 };

	signal(SIGTERM, SIG_DFL); /* Check has a handler */
	signals = new_object();
	sigaddset(&action.sa_mask, SIGWINCH);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	signal(SIGHUP, SIG_IGN);
	handle(signals, SIGUSR1, take_note, &note);
	handle(signals, SIGHUP, take_note, &note);
	handle(signals, SIGHUP, take_note, &note);
	if (_i == 0) {
		handle(signals, SIGUSR1, NULL, NULL);
		handle(signals, SIGHUP, NULL, NULL);
		handle(signals, SIGTERM, NULL, NULL);
		handle(signals, SIGTERM, NULL, NULL);
	}
	daemonkit_signals_free(signals);
	ck_assert_int_eq(sigaction(SIGUSR1, NULL, &now), 0);
	ck_assert_ptr_eq(now.sa_handler, catch);
	ck_assert_int_eq(now.sa_flags & ~0x04000000, SA_NODEFER);
	ck_assert_int_eq(sigismember(&now.sa_mask, SIGWINCH), 1);
	ck_assert_ptr_eq(signal(SIGHUP, SIG_DFL), SIG_IGN);
	ck_assert_ptr_eq(signal(SIGTERM, SIG_DFL), SIG_DFL);
}
END_TEST

START_TEST(dispositions_set_by_program_are_kept)
{
	struct daemonkit_signals *signals = new_object();

	handle(signals, SIGUSR1, take_note, NULL);
	signal(SIGUSR1, catch);
	daemonkit_signals_free(signals);
	raise(SIGUSR1);
	ck_assert_int_eq(caught, SIGUSR1);
}
END_TEST

/* Handlers */

static int stop_at_two(struct daemonkit_siginfo *info, void *data)
{
	take_note(info, data);
	return daemonkit_siginfo_value(info) == 2 ? DAEMONKIT_SIGNALS_STOP : 0;
}

START_TEST(stop_keeps_pending_signals)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };

	handle(signals, SIGRTMIN, stop_at_two, &note);
	for (int i = 1; i <= 4; i++)
		queue_one(getpid(), SIGRTMIN, i);
	ck_assert(is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_int_eq(note.count, 2);
	ck_assert_msg(is_readable(signals), "the remaining signals are lost");
	queue_one(getpid(), SIGRTMIN, 5);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(note.count, 5);
	ck_assert_int_eq(note.value, 5);
	ck_assert_msg(!is_readable(signals), "readable without a pending signal");
	queue_one(getpid(), SIGRTMIN, 2);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_msg(!is_readable(signals), "readable after the last signal");
	queue_one(getpid(), SIGRTMIN, 6);
	ck_assert(is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(note.value, 6);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(stop_keeps_signals_that_arrive_later)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };

	handle(signals, SIGRTMIN, stop_at_two, &note);
	queue_one(getpid(), SIGRTMIN, 2);
	queue_one(getpid(), SIGRTMIN, 2);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	/* This signal is in the pipe; the one before it was already read. */
	queue_one(getpid(), SIGRTMIN, 3);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_msg(is_readable(signals), "the signal in the pipe is lost");
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(note.value, 3);
	queue_one(getpid(), SIGRTMIN, 2);
	queue_one(getpid(), SIGRTMIN, 2);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_msg(!is_readable(signals), "readable after the last signal");
	daemonkit_signals_free(signals);
}
END_TEST

static int give_back(struct daemonkit_siginfo *info, void *data)
{
	(void)info;
	return *(int *)data;
}

START_TEST(an_error_ends_the_loop)
{
	struct daemonkit_signals *signals = new_object();
	int result = -EPIPE;

	handle(signals, SIGHUP, give_back, &result);
	raise(SIGHUP);
	ck_assert_int_eq(daemonkit_signals_serve(signals), -EPIPE);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "signal 1"));
	raise(SIGHUP);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), -EPIPE);
	result = DAEMONKIT_SIGNALS_STOP;
	raise(SIGHUP);
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	daemonkit_signals_free(signals);
}
END_TEST

struct place {
	pthread_t thread;
	pthread_mutex_t mutex;
	int nesting;
	int count;
	void *memory[64];
};

static int allocate_and_lock(struct daemonkit_siginfo *info, void *data)
{
	struct place *place = data;
	void **memory = &place->memory[place->count % 64];

	ck_assert_int_ne(pthread_equal(place->thread, pthread_self()), 0);
	ck_assert_int_eq(place->nesting++, 0);
	pthread_mutex_lock(&place->mutex);
	free(*memory);
	*memory = malloc((size_t)place->count % 8192 + 1);
	place->count++;
	if (daemonkit_siginfo_value(info) % 7 == 0)
		raise(SIGUSR1);
	pthread_mutex_unlock(&place->mutex);
	place->nesting--;
	return daemonkit_siginfo_value(info) == MANY - 1 ? DAEMONKIT_SIGNALS_STOP : 0;
}

/*
 * The signals interrupt malloc and the lock all the time, but the handlers run outside of them.
 */
START_TEST(handlers_may_call_any_function) /* in the caller's own thread */
{
	struct daemonkit_signals *signals = new_object();
	struct place place = { .thread = pthread_self(), .mutex = PTHREAD_MUTEX_INITIALIZER };
	pid_t sender;

	/* Not under valgrind, which accumulates signal frames. */
	handle(signals, SIGRTMIN, allocate_and_lock, &place);
	handle(signals, SIGUSR1, allocate_and_lock, &place);
	sender = start_sender(MANY);
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	join_child(sender);
	ck_assert_int_ge(place.count, MANY);
	for (int i = 0; i < 64; i++)
		free(place.memory[i]);
	daemonkit_signals_free(signals);
}
END_TEST

struct change {
	struct daemonkit_signals *signals;
	struct note note;
};

static int change_handlers(struct daemonkit_siginfo *info, void *data)
{
	struct change *change = data;
	int number = daemonkit_siginfo_number(info);

	take_note(info, &change->note);
	handle(change->signals, number, NULL, NULL);
	handle(change->signals, SIGUSR2, NULL, NULL);
	handle(change->signals, SIGHUP, take_note, &change->note);
	return 0;
}

START_TEST(handlers_may_change_handlers)
{
	struct change change = { .signals = new_object() };

	signal(SIGUSR2, SIG_IGN);
	handle(change.signals, SIGUSR1, change_handlers, &change);
	handle(change.signals, SIGUSR2, change_handlers, &change);
	raise(SIGUSR1);
	raise(SIGUSR2);
	ck_assert_int_eq(daemonkit_signals_dispatch(change.signals), 0);
	ck_assert_msg(change.note.count == 1, "SIGUSR2 was handled after its handler was removed");
	ck_assert_ptr_eq(signal(SIGUSR1, SIG_DFL), SIG_DFL);
	raise(SIGHUP);
	ck_assert_int_eq(daemonkit_signals_dispatch(change.signals), 0);
	ck_assert_int_eq(change.note.number, SIGHUP);
	daemonkit_signals_free(change.signals);
}
END_TEST

static int raise_again(struct daemonkit_siginfo *info, void *data)
{
	take_note(info, data);
	return raise(daemonkit_siginfo_number(info));
}

START_TEST(dispatch_returns_while_signals_arrive)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };

	handle(signals, SIGUSR1, raise_again, &note);
	raise(SIGUSR1);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
		ck_assert_int_eq(note.count, i);
		ck_assert(is_readable(signals));
	}
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(errno_is_kept)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };

	/* More than the pipe holds: the last writes fail. */
	handle(signals, SIGUSR1, take_note, &note);
	for (int i = 0; i < 70000; i++) {
		errno = ENOTTY;
		raise(SIGUSR1);
		ck_assert(errno == ENOTTY);
	}
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_ge(note.count, 1);
	ck_assert_int_lt(note.count, 70000);
	ck_assert(!is_readable(signals));
	daemonkit_signals_free(signals);
}
END_TEST

static bool is_asleep(void *pid)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)*(pid_t *)pid);
	file = fopen(path, "re");
	if (file == NULL || fgets(text, sizeof text, file) == NULL)
		_exit(1);
	fclose(file);
	return strstr(text, ") S ") != NULL;
}

START_TEST(system_calls_are_not_interrupted)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };
	pid_t parent = getpid(), child;
	int ends[2];
	char byte;

	handle(signals, SIGUSR1, take_note, &note);
	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		/* The parent only sleeps in read(2). */
		for (int i = 0; i < 10; i++) {
			if (!harness_wait_until(is_asleep, &parent, HARNESS_SOON))
				_exit(1);
			kill(parent, SIGUSR1);
		}
		_exit(write(ends[1], "x", 1) != 1);
	}
	ck_assert_int_eq(read(ends[0], &byte, 1), 1);
	join_child(child);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_ge(note.count, 1);
	close(ends[0]);
	close(ends[1]);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(serve_unblocks_signals)
{
	struct daemonkit_signals *signals = new_object();
	struct sequence sequence = { .end = 3 };
	sigset_t all, now;

	sigfillset(&all);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	handle(signals, SIGRTMIN, take_next, &sequence);
	for (int i = 0; i < 3; i++)
		queue_one(getpid(), SIGRTMIN, i);
	raise(SIGUSR1); /* it has no handler, and stays blocked */
	ck_assert(!is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &now), 0);
	ck_assert_int_eq(sigismember(&now, SIGRTMIN), 1);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(serve_notices_a_closed_descriptor)
{
	struct daemonkit_signals *signals = new_object();

	close(daemonkit_signals_fd(signals));
	ck_assert_int_eq(daemonkit_signals_serve(signals), -EBADF);
	daemonkit_signals_free(signals);
}
END_TEST

/* The queue */

START_TEST(many_signals_before_dispatch)
{
	struct daemonkit_signals *signals = new_object();
	struct sequence sequence = { .end = MANY };

	handle(signals, SIGRTMIN, take_next, &sequence);
	join_child(start_sender(MANY));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_int_eq(sequence.next, MANY);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(many_signals_while_serving)
{
	struct daemonkit_signals *signals = new_object();
	struct sequence sequence = { .end = MANY };
	pid_t sender;

	handle(signals, SIGRTMIN, take_next, &sequence);
	sender = start_sender(MANY);
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	ck_assert_int_eq(sequence.next, MANY);
	join_child(sender);
	daemonkit_signals_free(signals);
}
END_TEST

static int raise_many_more(struct daemonkit_siginfo *info, void *data)
{
	struct sequence *sequence = data;

	(void)info;
	join_child(start_sender(sequence->end));
	ck_assert_int_eq(sequence->next, 0);
	return 0;
}

START_TEST(many_signals_while_handler_runs)
{
	struct daemonkit_signals *signals = new_object();
	struct sequence sequence = { .end = MANY };

	handle(signals, SIGRTMIN, take_next, &sequence);
	handle(signals, SIGUSR1, raise_many_more, &sequence);
	raise(SIGUSR1);
	ck_assert_int_eq(daemonkit_signals_serve(signals), 0);
	ck_assert_int_eq(sequence.next, MANY);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(file_size_limit_has_no_effect)
{
	struct daemonkit_signals *signals = new_object();
	struct rlimit limit;
	struct note note = { 0 };

	handle(signals, SIGRTMIN, take_note, &note);
	/* No assertions below the limit: Check writes to a file, too. */
	if (getrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(1);
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(1);
	queue_one(getpid(), SIGRTMIN, 7);
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
		_exit(1);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(note.count, 1);
	ck_assert_int_eq(note.value, 7);
	ck_assert_int_eq(note.pid, getpid());
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(many_signals_keep_value_order_and_sender)
{
	struct daemonkit_signals *signals = new_object();
	struct senders senders = { .sequence = { .end = MANY } };

	handle(signals, SIGRTMIN, take_next_of_sender, &senders);
	senders.pid = start_sender(MANY);
	join_child(senders.pid);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_int_eq(senders.sequence.next, MANY);
	ck_assert_msg(!is_readable(signals), "readable without a pending signal");
	daemonkit_signals_free(signals);
}
END_TEST

/* More than the pipe holds */

/* Fill the pipe with SIGUSR1. */
static void fill_pipe(void)
{
	for (int i = 0; i < PIPE_SIGNALS; i++)
		raise(SIGUSR1);
}

static long resident_pages(void)
{
	long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%ld %ld", &size, &resident), 2);
	fclose(file);
	return resident;
}

static int bytes_in_pipe(const struct daemonkit_signals *signals)
{
	int count = -1;

	ck_assert_int_eq(ioctl(daemonkit_signals_fd(signals), FIONREAD, &count), 0);
	return count;
}

START_TEST(memory_use_is_constant)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };
	long before;

	handle(signals, SIGUSR1, take_note, &note);
	fill_pipe();
	before = resident_pages();
	for (int i = 0; i < 3; i++)
		fill_pipe();
	ck_assert_int_le(resident_pages(), before + 64);
	ck_assert_int_le(bytes_in_pipe(signals), 32 * PIPE_SIGNALS);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(bytes_in_pipe(signals), 0);
	ck_assert_int_ge(note.count, 2);
	daemonkit_signals_free(signals);
}
END_TEST

/* A signal number that does not fit into the pipe is handled once, after those that did. */
START_TEST(each_signal_number_is_kept_when_pipe_is_full)
{
	struct daemonkit_signals *signals = new_object();
	struct note first = { 0 }, queued = { .value = -1 }, last = { .pid = -1 };

	handle(signals, SIGUSR1, take_note, &first);
	handle(signals, SIGRTMIN, take_note, &queued);
	handle(signals, SIGUSR2, take_note, &last);
	for (int round = 1; round <= 2; round++) {
		fill_pipe();
		for (int i = 1; i <= 3; i++)
			queue_one(getpid(), SIGRTMIN, i);
		raise(SIGUSR2);
		ck_assert(is_readable(signals));
		ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
		ck_assert_int_eq(queued.count, round);
		ck_assert_int_eq(queued.value, 0);
		ck_assert_int_eq(queued.pid, 0);
		ck_assert_uint_eq(queued.uid, (uid_t)-1);
		ck_assert_int_eq(last.count, round);
		ck_assert_int_eq(last.pid, 0);
		ck_assert_msg(!is_readable(signals), "readable without a pending signal");
	}
	/* Later signals are complete again. */
	queue_one(getpid(), SIGRTMIN, 4);
	ck_assert(is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(queued.value, 4);
	ck_assert_int_eq(queued.pid, getpid());
	daemonkit_signals_free(signals);
}
END_TEST

static int stop_always(struct daemonkit_siginfo *info, void *data)
{
	take_note(info, data);
	return DAEMONKIT_SIGNALS_STOP;
}

START_TEST(stop_keeps_signals_that_did_not_fit_in_pipe)
{
	struct daemonkit_signals *signals = new_object();
	struct note first = { 0 }, note = { 0 };

	handle(signals, SIGUSR1, take_note, &first);
	handle(signals, SIGUSR2, stop_always, &note);
	handle(signals, SIGHUP, stop_always, &note);
	fill_pipe();
	raise(SIGUSR2);
	raise(SIGHUP);
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_int_eq(note.number, SIGHUP);
	ck_assert_msg(is_readable(signals), "the remaining signals are lost");
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), DAEMONKIT_SIGNALS_STOP);
	ck_assert_int_eq(note.number, SIGUSR2);
	ck_assert_msg(!is_readable(signals), "readable without a pending signal");
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	daemonkit_signals_free(signals);
}
END_TEST

/* How many writes to this descriptor fail, as if the pipe were full. */
static volatile sig_atomic_t failing_fd = -1, failures;

/* Replaces the function of the C library for the objects of the library linked here. */
ssize_t write(int fd, const void *bytes, size_t size)
{
	if (fd == failing_fd && failures > 0) {
		failures--;
		errno = EAGAIN;
		return -1;
	}
	return syscall(SYS_write, fd, bytes, size);
}

/* The reader may have emptied the pipe after the failed write. */
START_TEST(pending_flag_makes_empty_pipe_readable)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };
	int fds[2];

	handle(signals, SIGUSR1, take_note, &note);
	ck_assert_uint_eq(signals_descriptors(fds, 2), 2);
	failing_fd = fds[1];
	failures = 1;
	raise(SIGUSR1);
	ck_assert_int_eq(failures, 0);
	ck_assert(is_readable(signals));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(note.count, 1);
	ck_assert(!is_readable(signals));
	daemonkit_signals_free(signals);
}
END_TEST

struct writer {
	struct signal_queue *queue;
	atomic_bool done;
};

static void *put_records(void *data)
{
	struct writer *writer = data;

	for (int i = 0; i < 300; i++) {
		struct signal_record record = { .number = 1 + i % 64 };

		signal_queue_put(writer->queue, &record);
	}
	atomic_store(&writer->done, true);
	return NULL;
}

static void take_all(struct signal_queue *queue)
{
	struct signal_record record;
	int result;

	ck_assert_int_eq(signal_queue_begin(queue), 0);
	while ((result = signal_queue_take(queue, &record)) > 0)
		;
	ck_assert_int_eq(result, 0);
}

/* A small pipe that is filled and emptied concurrently. */
START_TEST(pending_flag_is_never_missed)
{
	static struct signal_queue queue;
	struct pollfd ready;

	ck_assert_int_eq(signal_queue_open(&queue), 0);
	ck_assert_int_ge(fcntl(queue.ends[1], F_SETPIPE_SZ, 4096), 4096);
	ready = (struct pollfd){ .fd = queue.ends[0], .events = POLLIN };
	for (int i = 0; i < 300; i++) {
		struct writer writer = { .queue = &queue };
		pthread_t thread;

		ck_assert_int_eq(pthread_create(&thread, NULL, put_records, &writer), 0);
		while (!atomic_load(&writer.done))
			take_all(&queue);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
		while (poll(&ready, 1, 0) == 1)
			take_all(&queue);
		for (int number = 1; number <= 64; number++)
			ck_assert(!atomic_load(&queue.overflowed[number]));
	}
	signal_queue_close(&queue);
}
END_TEST

START_TEST(sender_is_reported)
{
	struct daemonkit_signals *signals = new_object();
	struct note user = { .value = -1 }, queued = { 0 }, child_note = { 0 },
		    alarmed = { .pid = -1 };
	pid_t parent = getpid(), child;

	handle(signals, SIGUSR1, take_note, &user);
	handle(signals, SIGRTMIN, take_note, &queued);
	handle(signals, SIGCHLD, take_note, &child_note);
	handle(signals, SIGALRM, take_note, &alarmed);
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setresuid(4321, 0, 0) < 0)
			_exit(1);
		kill(parent, SIGUSR1);
		queue_one(parent, SIGRTMIN, -42);
		_exit(0);
	}
	join_child(child);
	ualarm(1, 0);
	while (alarmed.count == 0) {
		ck_assert(harness_wait_readable(daemonkit_signals_fd(signals), HARNESS_SOON));
		ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	}
	ck_assert_int_eq(user.pid, child);
	ck_assert_uint_eq(user.uid, geteuid() == 0 ? 4321 : getuid());
	ck_assert_int_eq(user.value, 0);
	ck_assert_int_eq(queued.pid, child);
	ck_assert_uint_eq(queued.uid, user.uid);
	ck_assert_int_eq(queued.value, -42);
	ck_assert_int_eq(child_note.pid, child);
	ck_assert_int_eq(child_note.value, 0);
	ck_assert_int_eq(alarmed.pid, 0);
	/* Not 0, which is root. */
	ck_assert_uint_eq(alarmed.uid, (uid_t)-1);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(value_of_timer_is_reported)
{
	struct daemonkit_signals *signals = new_object();
	struct note note = { 0 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN + 1,
				  .sigev_value = { .sival_int = 77 } };
	struct itimerspec when = { .it_value = { .tv_nsec = 1 } };
	timer_t timer;

	handle(signals, SIGRTMIN + 1, take_note, &note);
	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	ck_assert_int_eq(timer_settime(timer, 0, &when, NULL), 0);
	ck_assert(harness_wait_readable(daemonkit_signals_fd(signals), HARNESS_SOON));
	ck_assert_int_eq(daemonkit_signals_dispatch(signals), 0);
	ck_assert_int_eq(note.value, 77);
	ck_assert_int_eq(note.pid, 0);
	timer_delete(timer);
	daemonkit_signals_free(signals);
}
END_TEST

START_TEST(descriptor_works_in_foreign_event_loop)
{
	struct daemonkit_signals *signals = new_object();
	struct sequence sequence = { .end = MANY };
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int loop = epoll_create1(EPOLL_CLOEXEC), result = 0;
	pid_t sender;

	handle(signals, SIGRTMIN, take_next, &sequence);
	ck_assert_int_eq(epoll_ctl(loop, EPOLL_CTL_ADD, daemonkit_signals_fd(signals), &event), 0);
	sender = start_sender(MANY);
	while (result == 0) {
		int ready = epoll_wait(loop, &event, 1, harness_scaled(HARNESS_SOON));

		ck_assert(ready == 1 || (ready < 0 && errno == EINTR));
		if (ready == 1)
			result = daemonkit_signals_dispatch(signals);
	}
	ck_assert_int_eq(result, DAEMONKIT_SIGNALS_STOP);
	ck_assert_int_eq(sequence.next, MANY);
	join_child(sender);
	close(loop);
	daemonkit_signals_free(signals);
}
END_TEST

static void add_objects(Suite *suite)
{
	TCase *object = harness_case(suite, "object");

	tcase_add_test(object, null_is_refused);

	tcase_add_test(object, replies_need_a_text);
	tcase_add_test(object, closed_descriptor_is_reported);
	tcase_add_loop_test(object, handler_of_program_is_kept, 0, 2);
	if (harness_has_linux_api())
		tcase_add_loop_test(object, sigchld_is_released, 0, 2);
	if (harness_has_linux_api())
		tcase_add_test(object, children_are_left_alone_without_adoption);
	tcase_add_loop_test(object, unhandleable_signals_are_refused, 0, 14);
	tcase_add_test(object, failure_changes_nothing);
	tcase_add_test(object, sigterm_stops_by_default);
	tcase_add_test(object, a_signal_belongs_to_one_object);
	tcase_add_loop_test(object, dispositions_are_restored, 0, 2);
	tcase_add_test(object, dispositions_set_by_program_are_kept);
}

static void add_handlers(Suite *suite)
{
	TCase *handlers = harness_case(suite, "handlers");

	tcase_add_test(handlers, stop_keeps_pending_signals);
	tcase_add_test(handlers, stop_keeps_signals_that_arrive_later);
	tcase_add_test(handlers, an_error_ends_the_loop);
	if (!harness_is_under_valgrind())
		tcase_add_test(handlers, handlers_may_call_any_function);
	tcase_add_test(handlers, handlers_may_change_handlers);
	tcase_add_test(handlers, dispatch_returns_while_signals_arrive);
	tcase_add_test(handlers, errno_is_kept);
	tcase_add_test(handlers, system_calls_are_not_interrupted);
	tcase_add_test(handlers, serve_unblocks_signals);
	tcase_add_test(handlers, serve_notices_a_closed_descriptor);
}

static void add_queue(Suite *suite)
{
	TCase *queue = harness_case(suite, "queue");

	tcase_add_test(queue, many_signals_before_dispatch);
	tcase_add_test(queue, many_signals_while_serving);
	tcase_add_test(queue, many_signals_while_handler_runs);
	tcase_add_test(queue, many_signals_keep_value_order_and_sender);
	tcase_add_test(queue, file_size_limit_has_no_effect);
	tcase_add_test(queue, sender_is_reported);
	tcase_add_test(queue, value_of_timer_is_reported);
	tcase_add_test(queue, descriptor_works_in_foreign_event_loop);
}

static void add_overflow(Suite *suite)
{
	TCase *overflow = harness_case(suite, "overflow");

	tcase_add_test(overflow, memory_use_is_constant);
	tcase_add_test(overflow, each_signal_number_is_kept_when_pipe_is_full);
	tcase_add_test(overflow, stop_keeps_signals_that_did_not_fit_in_pipe);
	tcase_add_test(overflow, pending_flag_makes_empty_pipe_readable);
	tcase_add_test(overflow, pending_flag_is_never_missed);
}

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("signals");

	add_objects(suite);
	add_handlers(suite);
	add_queue(suite);
	add_overflow(suite);
	return harness_main(argc, argv, suite, NULL);
}
