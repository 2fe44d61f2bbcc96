/* SPDX-License-Identifier: MIT */
/* A program that ends with err() or exit() at fifty places. */
#define _GNU_SOURCE 1 /* err(3) */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include <daemonkit/daemonkit.h>

static struct daemonkit_context *context;
static struct daemonkit_signals *signals;

/* One of the fifty: it knows nothing of the daemon. */
static void read_configuration(const char *path)
{
	FILE *file = fopen(path, "r");
	int workers;

	if (file == NULL)
		err(71, "%s", path);
	if (fscanf(file, "%d", &workers) != 1 || workers < 1)
		errx(78, "%s: not a number of workers", path);
	fclose(file);
}

/* At each exit(), also after "ready"; it does nothing in the launcher. */
static void at_exit(void)
{
	daemonkit_context_release(context);
}

int main(int argc, char *argv[])
{
	int pid = -1;

	if (daemonkit_signals_new(&signals) == 0 && daemonkit_context_new(&context) == 0 &&
	    daemonkit_context_set_pid_file(context, "early-exit.pid", 0) == 0 &&
	    daemonkit_context_set_ready_timeout(context, 10000) == 0)
		pid = daemonkit_context_reborn(context);
	if (pid < 0)
		fprintf(stderr, "early-exit: %s\n", daemonkit_error());
	if (pid != 0)
		return daemonkit_context_exit_code(context);
	atexit(at_exit);
	read_configuration(argc > 1 ? argv[1] : "/etc/early-exit.conf");
	/* ... the other forty-nine ... */
	if (daemonkit_notify_ready(context) < 0 || daemonkit_signals_serve(signals) < 0)
		errx(1, "%s", daemonkit_error());
	return 0;
}
