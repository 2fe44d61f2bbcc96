/* SPDX-License-Identifier: MIT */
/*
 * Replying to a request that came with a signal.
 * Thread-safe on different replies.
 */
#include "ipc/reply.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/socket.h"
#include "compat/user.h"
#include "ipc/channel.h"

/*
 * How long the requester may take to accept the connection, in milliseconds.  After that
 * the signal is handled without a reply: a request delays the daemon no longer than this.
 */
#define ACCEPT_TIMEOUT 1000

/*
 * Wait until the requester has accepted the connection and names its signal.  Only root
 * and this user get a reply; the kernel verifies the sender, because the process that
 * listens need not be the one that created the socket.
 */
static int await_permission(int line, int signal, deadline until)
{
	struct pollfd go = { .fd = line, .events = POLLIN };
	struct channel_message message = { .number = 0 };
	struct compat_peer sender;
	int result = deadline_poll(&go, 1, until);

	if (result <= 0)
		return result < 0 ? result : -ETIMEDOUT;
	result = channel_receive_from(line, &message, &sender);
	if (result <= 0)
		return result < 0 ? result : -ECANCELED;
	if (sender.pid == 0 || (sender.uid != 0 && !compat_is_own_process(sender.pid, sender.uid)))
		return -EPERM;
	return message.type == CHANNEL_GO && message.number == signal ? 0 : -EBADMSG;
}

void reply_begin(struct reply *answer, pid_t owner, uint32_t cookie, int signal)
{
	deadline until;

	*answer = (struct reply){ .line = -1, .owner = owner };
	if (cookie == 0)
		return;
	until = deadline_after(ACCEPT_TIMEOUT);
	answer->line = channel_connect_to(REPLY_ADDRESS, cookie, until);
	if (answer->line < 0)
		answer->line = -1;
	else if (await_permission(answer->line, signal, until) < 0 ||
		 channel_send(answer->line, CHANNEL_ACKNOWLEDGED, 0, "", until) < 0)
		answer->line = fd_close(answer->line);
}

static int check_reply(const struct reply *answer)
{
	if (answer->given)
		return error_set(-EPERM, "signal: a reply was sent already");
	if (answer->owner != getpid())
		return error_set(-ECHILD, "signal: only the parent may reply");
	return 0;
}

static int send_reply(const struct reply *answer, enum channel_type type, int error,
		      const char *text)
{
	int result;

	if (answer->line < 0)
		return 0;
	result = channel_send(answer->line, type, error, text,
			      deadline_after(type == CHANNEL_STATUS ? 0 : ACCEPT_TIMEOUT));
	if (result == -EAGAIN && type != CHANNEL_STATUS)
		result = -ECANCELED;
	return result < 0 ? error_system(result, "signal: send the reply") : 0;
}

int reply_status(struct reply *answer, const char *text)
{
	int result = check_reply(answer);

	return result < 0 ? result : send_reply(answer, CHANNEL_STATUS, 0, text);
}

int reply_send(struct reply *answer, int error, const char *text)
{
	int result = check_reply(answer);

	if (result < 0)
		return result;
	answer->given = true;
	if (error == 0 && *text != '\0')
		send_reply(answer, CHANNEL_STATUS, 0, text);
	return send_reply(answer, error < 0 ? CHANNEL_FAILED : CHANNEL_READY, error, text);
}

void reply_end(struct reply *answer, int error, const char *text)
{
	if (answer->line >= 0 && !answer->given && answer->owner == getpid())
		reply_send(answer, error, error < 0 ? text : "");
	answer->line = fd_close(answer->line);
}
