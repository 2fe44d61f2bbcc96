/* SPDX-License-Identifier: MIT */
/* Log to syslog(3) from a root directory of its own. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <daemonkit/daemonkit.h>

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;

static int on_hangup(struct daemonkit_siginfo *info, void *data)
{
	(void)data;
	syslog(LOG_INFO, "reload, from process %ld", (long)daemonkit_siginfo_pid(info));
	return 0;
}

/* In the daemon: /dev/log and /etc/localtime are those of the system until it is confined. */
static int serve(void)
{
	int result;

	tzset();
	openlog("syslog", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	result = daemonkit_context_confine(context);
	if (result == 0)
		result = daemonkit_notify_ready(context);
	if (result == 0) {
		syslog(LOG_INFO, "started");
		result = daemonkit_signals_serve(signals);
	}
	if (result < 0)
		syslog(LOG_ERR, "%s", daemonkit_error());
	syslog(LOG_INFO, "stopped");
	daemonkit_context_release(context);
	return result < 0;
}

int main(int argc, char *argv[])
{
	int result = -1;

	if (daemonkit_signals_new(&signals) == 0 &&
	    daemonkit_signals_set_handler(signals, SIGHUP, on_hangup, NULL) == 0 &&
	    daemonkit_context_new(&context) == 0 &&
	    daemonkit_context_set_pid_file(context, "syslog.pid", 0) == 0 &&
	    daemonkit_context_set_chroot(context, argc > 1 ? argv[1] : "/var/empty") == 0 &&
	    daemonkit_context_set_user(context, "nobody", NULL) == 0 &&
	    daemonkit_context_confine_later(context, 1) == 0 &&
	    daemonkit_context_set_ready_timeout(context, 10000) == 0)
		result = daemonkit_context_reborn(context);
	if (result < 0)
		fprintf(stderr, "syslog: %s\n", daemonkit_error());
	return result == 0 ? serve() : daemonkit_context_exit_code(context);
}
