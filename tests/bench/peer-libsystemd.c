/* SPDX-License-Identifier: MIT */
/* The same with libsystemd. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "bench.h"

static double send_status(void)
{
	char text[64];
	double begin = bench_begin();

	for (int i = 0; i < BENCH_MESSAGES; i++) {
		snprintf(text, sizeof text, "STATUS=message %d", i);
		if (sd_notify(0, text) <= 0)
			exit(1);
		bench_receive();
	}
	return bench_end(begin) / BENCH_MESSAGES;
}

const struct bench_way bench_ways[] = {
	{ "notify", BENCH_PEER, "libsystemd, sd_notify", "messages after a change of root or user",
	  send_status },
	{ NULL, BENCH_FLOOR, NULL, NULL, NULL },
};

static sd_event *event;
static sd_event_source *source;

static int handle_signal(sd_event_source *received, const struct signalfd_siginfo *info, void *data)
{
	(void)received;
	(void)data;
	bench_signal_handled(info->ssi_int, (pid_t)info->ssi_pid);
	return 0;
}

static void block(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(how, &set, NULL);
}

static void open_event(void)
{
	block(SIG_BLOCK);
	if (sd_event_new(&event) < 0 ||
	    sd_event_add_signal(event, &source, SIGRTMIN, handle_signal, NULL) < 0)
		exit(1);
}

static void run_event(int timeout)
{
	if (sd_event_run(event, timeout < 0 ? (uint64_t)-1 : (uint64_t)timeout * 1000) < 0)
		exit(1);
}

static void close_event(void)
{
	sd_event_source_unref(source);
	sd_event_unref(event);
	signal(SIGRTMIN, SIG_IGN); /* drops pending signals */
	block(SIG_UNBLOCK);
	signal(SIGRTMIN, SIG_DFL);
}

const struct bench_loop bench_loop = {
	BENCH_PEER,
	"libsystemd, sd-event",
	"an unblocked signal in executed programs",
	open_event,
	run_event,
	close_event,
	false,
};
