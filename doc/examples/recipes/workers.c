/* SPDX-License-Identifier: MIT */
/* A master that forks workers, replaces those that end, and stops them in order. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <daemonkit/daemonkit.h>

enum { WORKERS = 3 };
static struct daemonkit_context *context;
static struct daemonkit_signals *signals;
static struct daemonkit_process *workers[WORKERS];

/* The handlers of the master have no effect here: SIGTERM ends a worker. */
static void work(int number, pid_t master, unsigned delay)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != master)
		_exit(1); /* a worker ends with the master, however that ends */
	daemonkit_signals_free(signals);
	daemonkit_context_free(context);
	sleep(delay);
	printf("worker %d: process %ld\n", number, (long)getpid());
	for (;;)
		pause(); /* ... work ... */
}

/* Start a worker in place of the one with this number. */
static int start(int number, unsigned delay)
{
	struct daemonkit_process *old = workers[number];
	pid_t master = getpid(), pid = fork();
	int result;

	if (pid == 0)
		work(number, master, delay);
	result = pid < 0 ? -errno : daemonkit_process_open(pid, &workers[number]);
	if (result == 0 && old != NULL) {
		daemonkit_process_signal(old, SIGTERM);
		daemonkit_process_free(old);
	}
	return result;
}

static int on_child(struct daemonkit_siginfo *info, void *data)
{
	int result = 0;
	pid_t pid;

	(void)info, (void)data;
	while (result == 0 && (pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < WORKERS; i++)
			if (daemonkit_process_pid(workers[i]) == pid)
				result = start(i, 1);
	return result;
}

/* The new workers have the new log and the new configuration; the old ones end. */
static int on_reload(struct daemonkit_siginfo *info, void *data)
{
	int result = daemonkit_context_reopen_log(context);

	(void)data;
	/* ... read the configuration ... */
	for (int i = 0; i < WORKERS && result == 0; i++)
		result = start(i, 0);
	if (result < 0)
		daemonkit_siginfo_reply(info, result, "reload: %s", strerror(-result));
	return 0;
}

int main(void)
{
	int result = -1;

	if (daemonkit_signals_new(&signals) == 0 &&
	    daemonkit_signals_set_handler(signals, SIGCHLD, on_child, NULL) == 0 &&
	    daemonkit_signals_set_handler(signals, SIGHUP, on_reload, NULL) == 0)
		result = daemonkit_daemonize("workers.pid", "workers.log", 10000, &context);
	if (result < 0)
		fprintf(stderr, "workers: %s\n", daemonkit_error());
	if (result != 0)
		return result < 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < WORKERS && result == 0; i++)
		result = start(i, 0);
	if (result == 0)
		result = daemonkit_notify_ready(context);
	if (result == 0)
		result = daemonkit_signals_serve(signals);
	for (int i = WORKERS; i-- > 0;)
		if (daemonkit_process_stop(workers[i], 5000, 1000) == 0)
			printf("worker %d: stopped\n", i);
	while (waitpid(-1, NULL, WNOHANG) > 0);
	daemonkit_context_release(context);
	return result < 0;
}
