/* SPDX-License-Identifier: MIT */
/* A daemon: it has a pid file and a log, and SIGTERM stops it. */
#include <stdio.h>
#include <daemonkit/daemonkit.h>

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;

int main(void)
{
	int result = daemonkit_signals_new(&signals);

	if (result == 0)
		result = daemonkit_daemonize("greeter.pid", "greeter.log", 10000, &context);
	if (result < 0)
		fprintf(stderr, "greeter: %s\n", daemonkit_error());
	if (result != 0)
		return result < 0; /* the launcher */
	result = daemonkit_notify_ready(context);
	if (result == 0)
		result = daemonkit_signals_serve(signals);
	daemonkit_context_release(context);
	return result < 0;
}
