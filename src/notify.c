/* SPDX-License-Identifier: MIT */
/*
 * The daemon's side of what it says to whoever waits.
 * Thread-safe on different objects.
 */
#include "notify.h"

#include <errno.h>

#include "channel.h"
#include "error.h"
#include "fd.h"

void notify_init(struct notify *notify)
{
	notify->channel = -1;
}

void notify_close(struct notify *notify)
{
	notify->channel = fd_close(notify->channel);
}

static int tell_launcher(struct notify *notify, enum channel_type type, int number,
			 const char *text, deadline until)
{
	int result;

	if (notify->channel < 0)
		return 0;
	result = channel_send(notify->channel, type, number, text, until);
	if (result == -ECANCELED)
		return error_set(result, "the launcher is gone: nobody waits for this start");
	if (result < 0)
		return error_system(result, "message to the launcher");
	return 0;
}

int notify_up(struct notify *notify, int stays)
{
	int result = tell_launcher(notify, CHANNEL_UP, 0, "", DEADLINE_NEVER);

	if (!stays)
		notify_close(notify);
	return result;
}

int notify_ready(struct notify *notify)
{
	int result = tell_launcher(notify, CHANNEL_READY, 0, "", DEADLINE_NEVER);

	notify_close(notify);
	return result;
}

int notify_failed(struct notify *notify, int error, const char *text)
{
	int result = tell_launcher(notify, CHANNEL_FAILED, error, text, DEADLINE_NEVER);

	notify_close(notify);
	return result;
}

int notify_status(struct notify *notify, const char *text)
{
	return tell_launcher(notify, CHANNEL_STATUS, 0, text, 0);
}

int notify_extend(struct notify *notify, int milliseconds)
{
	return tell_launcher(notify, CHANNEL_EXTEND, milliseconds, "", 0);
}
