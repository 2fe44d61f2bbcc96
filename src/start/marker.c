/* SPDX-License-Identifier: MIT */
/*
 * How this process was started; the marker is read and removed before main() runs.
 *
 * The marker in the environment names the process that it is for: a program that the
 * daemon starts has another pid, so it is not a second copy even if it has inherited the
 * marker.  A program with more privileges than its caller (set-user-ID, set-group-ID,
 * file capabilities) never trusts the marker, because its caller controls the
 * environment.  Messages from the launcher are checked on receipt: the kernel verifies
 * the sender (ipc/channel.c).
 *
 * Written once, before there are threads; thread-safe from then on, except
 * marker_take_channel().
 */
#include "start/marker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/decimal.h"
#include "base/fd.h"
#include "compat/message.h"
#include "compat/self.h"
#include "start/initial.h"

static struct {
	enum marker origin;
	int channel;
	sigset_t mask;
} startup = { .channel = -1 };

void marker_write(char mark[static MARKER_SIZE], int channel, pid_t pid)
{
	size_t at = sizeof ORIGIN_MARK_NAME;

	memcpy(mark, ORIGIN_MARK_NAME "=", at);
	at += decimal_format(mark + at, (uint64_t)channel);
	mark[at++] = ':';
	decimal_format(mark + at, (uint64_t)pid);
}

bool marker_allows_copy(void)
{
	return !compat_secure();
}

static bool parse_mark(const char *mark, int *channel, pid_t *pid)
{
	const char *colon = strchr(mark, ':');
	uint64_t number;

	if (colon == NULL || decimal_parse(mark, (size_t)(colon - mark), 1 << 30, &number) < 0)
		return false;
	*channel = (int)number;
	return decimal_parse_pid(colon + 1, strlen(colon + 1), pid) == 0;
}

__attribute__((__constructor__)) static void marker_read(void)
{
	const char *mark = getenv(ORIGIN_MARK_NAME);
	int channel;
	pid_t pid;

	pthread_sigmask(SIG_SETMASK, NULL, &startup.mask);
	if (mark == NULL) {
		initial_record();
		return;
	}
	if (parse_mark(mark, &channel, &pid) && pid == getpid()) {
		if (marker_allows_copy() && compat_message_is_socket(channel) &&
		    fd_set_cloexec(channel, true) == 0) {
			startup.origin = MARKER_REBORN;
			startup.channel = channel;
		} else {
			startup.origin = MARKER_REFUSED;
		}
	}
	/* No other thread runs before main(). */
	unsetenv(ORIGIN_MARK_NAME); /* NOLINT(concurrency-mt-unsafe) */
}

enum marker marker_get(void)
{
	return startup.origin;
}

bool marker_has_channel(void)
{
	return startup.channel >= 0;
}

int marker_take_channel(void)
{
	int channel = startup.channel;

	startup.channel = -1;
	return channel;
}

const sigset_t *marker_mask(void)
{
	return &startup.mask;
}
