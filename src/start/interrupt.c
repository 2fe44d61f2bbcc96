/* SPDX-License-Identifier: MIT */
/*
 * Signals that end a wait.
 *
 * Dispositions belong to the whole process: when several threads wait, the first wait
 * installs the handlers and the last one restores the dispositions.  A signal ends all
 * waits.  In a child forked by another thread meanwhile, signals have their original
 * effect, and its first wait initializes everything again.
 * Thread-safe.
 */
#include "start/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/fd.h"
#include "compat/pipe.h"
#include "signals/disposition.h"
#include "signals/fork-guard.h"

static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
#define COUNT (sizeof signals / sizeof *signals)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int waits;                      /* under the mutex */
static bool replaced[COUNT];           /* under the mutex */
static struct sigaction before[COUNT]; /* under the mutex */
static int ends[2] = { -1, -1 };       /* under the mutex */
static atomic_int wake_fd = -1;        /* the handler writes to this descriptor */
static atomic_int running;             /* handlers that may have read it */
static atomic_int received;
static fork_guard guard; /* the process that this data belongs to */

/* In a child: the parent's handler ends only the parent's wait. */
static void redeliver_in_child(int signal)
{
	for (size_t i = 0; i < COUNT; i++)
		if (signals[i] == signal)
			disposition_apply(signal, &before[i]);
}

static void handle_interrupt(int signal)
{
	DISABLE_CANCELLATION;
	int saved = errno, fd;
	ssize_t written;

	/* Check this first: a child of vfork(2) shares the memory. */
	if (!fork_guard_is_owner(&guard)) {
		redeliver_in_child(signal);
		return;
	}
	atomic_fetch_add(&running, 1);
	fd = atomic_load(&wake_fd);
	if (fd >= 0) {
		atomic_store(&received, signal);
		written = write(fd, "", 1);
		(void)written; /* a full pipe is readable too */
	}
	atomic_fetch_sub(&running, 1);
	errno = saved;
}

static void restore_dispositions(void)
{
	const struct sigaction own = { .sa_handler = handle_interrupt };

	for (size_t i = 0; i < COUNT; i++)
		if (replaced[i])
			disposition_replace(signals[i], &own, &before[i]);
}

/*
 * Forget the numbers before closing, so that a child forked in between closes no other
 * descriptors.
 */
static void close_pipe(void)
{
	for (int i = 0; i < 2; i++) {
		int fd = ends[i];

		ends[i] = -1;
		fd_close(fd);
	}
}

/*
 * A handler may still be running in another thread.  It increments the counter before it
 * reads the descriptor: once the descriptor is cleared and the counter is 0, no handler
 * can use it any longer.
 */
static void restore_handlers(void)
{
	restore_dispositions();
	atomic_store(&wake_fd, -1);
	for (unsigned round = 0; atomic_load(&running) > 0; round++)
		deadline_pause(round);
	close_pipe();
}

/* Resources of threads that do not exist in the child are left alone. */
static void forget_parent(void)
{
	mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	atomic_store(&running, 0);
	restore_handlers();
	waits = 0;
	atomic_store(&received, 0);
}

int interrupt_begin(void)
{
	struct sigaction action = { .sa_handler = handle_interrupt, .sa_flags = SA_RESTART };
	int result = 0;

	fork_guard_adopt(&guard, forget_parent);
	pthread_mutex_lock(&mutex);
	if (waits == 0) {
		result = compat_pipe(ends, true);
		if (result < 0)
			goto out;
		atomic_store(&received, 0);
		atomic_store(&wake_fd, ends[1]);
		sigfillset(&action.sa_mask);
		for (size_t i = 0; i < COUNT; i++) {
			sigaction(signals[i], NULL, &before[i]);
			replaced[i] = !disposition_has_handler(&before[i], SIG_IGN);
			if (replaced[i])
				sigaction(signals[i], &action, NULL);
		}
	}
	waits++;
	result = ends[0];
out:
	pthread_mutex_unlock(&mutex);
	return result;
}

/* To this thread, if it does not block the signal; otherwise to one that does not. */
static void deliver_signal(int signal)
{
	sigset_t blocked;

	if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0 && sigismember(&blocked, signal))
		kill(getpid(), signal);
	else
		raise(signal);
}

int interrupt_end(void)
{
	int signal;
	bool last;

	pthread_mutex_lock(&mutex);
	last = --waits == 0;
	if (last)
		restore_handlers();
	signal = atomic_load(&received);
	pthread_mutex_unlock(&mutex);
	if (last && signal != 0)
		deliver_signal(signal);
	return signal;
}

void interrupt_forget(void)
{
	fork_guard_adopt(&guard, forget_parent);
}
