/* SPDX-License-Identifier: MIT */
/* The messages between the launcher and the daemon that it starts. */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/archive.h"
#include "base/clock.h"
#include "compat/message.h"

/* The longest text of a message, excluding the final NUL. */
#define CHANNEL_TEXT_MAX 4000

enum channel_type {
	/* From the launcher. */
	CHANNEL_SETTINGS = 'C',     /* a piece of the settings */
	CHANNEL_SETTINGS_END = 'E', /* the last one */
	CHANNEL_GO = 'G',   /* the manager knows the daemon; in a request, number: its signal */
	CHANNEL_TAKE = 'T', /* to a successor: take over */
	/* From the daemon. */
	CHANNEL_ACKNOWLEDGED = 'H', /* the reply to GO in a request */
	CHANNEL_STATUS = 'S',       /* text */
	CHANNEL_EXTEND = 'X',       /* number: milliseconds */
	CHANNEL_PID_FILE = 'P',     /* text: the path of another pid file of the daemon */
	CHANNEL_UP = 'U',           /* set up */
	CHANNEL_READY = 'R',        /* ready to serve */
	CHANNEL_TAKEN = 'K',        /* the successor has taken over */
	CHANNEL_SUCCEEDED = 'D',    /* the successor is the daemon from now on */
	CHANNEL_FAILED = 'F',       /* number: a negative errno; text */
	CHANNEL_NOT_STARTED = 'N',  /* number: a negative errno; text: the step */
};

/* To receive: zeroed at first, and used for one channel only until a message is complete. */
struct channel_message {
	struct compat_progress progress;
	unsigned char kind;
	enum channel_type type;
	int32_t number;
	char text[CHANNEL_TEXT_MAX + 1];
};

/*
 * Format the text of a message.  A text that is cut ends with a whole character of UTF-8:
 * a service manager discards text that is not valid.  The buffer has one byte more than
 * the text, to show where its last character ends.
 */
void channel_format(char text[static CHANNEL_TEXT_MAX + 2], const char *format, va_list arguments)
	__attribute__((__format__(__printf__, 2, 0)));

/* Create both ends, close-on-exec, 3 or higher: 0 or a negative errno. */
int channel_pair(int ends[2]);

/*
 * The alternative, for a child with a new descriptor table: the launcher
 * listens at an address that the kernel chooses, and the child connects to it.
 * Any process can connect: the launcher accepts the connection that sends the
 * secret, which the child reads from the memory that it shares with the
 * launcher.
 */
#define CHANNEL_SECRET_SIZE 16

struct channel_address {
	unsigned char secret[CHANNEL_SECRET_SIZE];
	size_t length;
	unsigned char bytes[128];
};

int channel_listen(struct channel_address *address);
int channel_connect(const struct channel_address *address); /* async-signal-safe */

/* After the child has connected or exited: -EAGAIN if it has not connected. */
int channel_accept(int listener, const struct channel_address *address);

/*
 * Connect processes that agree on a number: one listens at that number
 * (-EADDRINUSE: already in use), the other connects to it.
 */
int channel_listen_as(const char *what, uint32_t number);
int channel_connect_to(const char *what, uint32_t number, deadline until);

/*
 * Accept, without waiting, the first pending connection from the process that
 * had this pid; drop the others.  Returns its descriptor, or -EAGAIN if there
 * is none.  The pid must have belonged to that process since before the
 * listener was created.
 */
int channel_accept_from(int listener, pid_t caller);

/*
 * Send a message: 0; -EAGAIN if the queue is still full at the deadline; or
 * -ECANCELED if the other end is closed.  Longer texts are truncated.  A message that was sent
 * in part delays this by one second at most; then the channel is closed.
 */
int channel_send(int fd, enum channel_type type, int32_t number, const char *text, deadline until);

/* How far the settings have been sent; all 0 at first. */
struct channel_sent {
	size_t bytes; /* in complete pieces */
	size_t piece; /* of the next piece, if it was sent in part */
};

/*
 * Send the settings from there on, as far as they fit into the queue: 0 or a negative errno.
 * The first piece carries the descriptors, which may be NULL.
 */
int channel_send_settings(int fd, const unsigned char *bytes, size_t length,
			  const struct compat_passed *passed, struct channel_sent *sent);

/*
 * Receive without waiting: 1 and a message, 0 if the other end is closed,
 * -EAGAIN if there is none, -EBADMSG, or another negative errno.
 */
int channel_receive(int fd, struct channel_message *message);

/* Like channel_receive(), with the sender as verified by the kernel (compat/socket.h). */
int channel_receive_from(int fd, struct channel_message *message, struct compat_peer *sender);

/*
 * In the second copy: wait for all of the settings; the caller frees the archive, and closes
 * the descriptors in *passed, which is empty at first; if this fails, there are none.
 * -EPERM unless the kernel confirms for each piece that it was sent by a process with this
 * effective user and group.
 */
int channel_receive_settings(int fd, struct archive *settings, struct compat_passed *passed);

/*
 * In the daemon: is the launcher still running?  False as soon as it has exited; a child of
 * it that has the other end open can hide that only if there are no pidfds of peers.
 */
bool channel_has_peer(int fd);

/* Wait until the other end is closed, at most until the deadline. */
void channel_await_end(int fd, deadline until);

/*
 * In the daemon: wait for a message of this type.  0, -ECANCELED, or another
 * negative errno.  Detects that the launcher has exited even if a child of it has
 * the other end open.
 */
int channel_receive_word(int fd, enum channel_type type);

#endif /* IPC_CHANNEL_H */
