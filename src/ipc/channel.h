/* SPDX-License-Identifier: MIT */
/* The messages between the launcher and the daemon that it starts. */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/archive.h"
#include "base/clock.h"

/* The longest text of a message, the final NUL not counted. */
#define CHANNEL_TEXT_MAX 4000

enum channel_type {
	/* From the launcher. */
	CHANNEL_SETTINGS = 'C',     /* a piece of the settings */
	CHANNEL_SETTINGS_END = 'E', /* the last one */
	CHANNEL_GO = 'G',   /* the manager knows of the daemon; in a request, number: its signal */
	CHANNEL_TAKE = 'T', /* from a daemon: take my place */
	/* From the daemon. */
	CHANNEL_HEARD = 'H',       /* the answer to GO in a request */
	CHANNEL_STATUS = 'S',      /* text */
	CHANNEL_EXTEND = 'X',      /* number: milliseconds */
	CHANNEL_UP = 'U',          /* set up */
	CHANNEL_READY = 'R',       /* ready to serve */
	CHANNEL_TAKEN = 'K',       /* the place */
	CHANNEL_SUCCEEDED = 'D',   /* it is the daemon from now on */
	CHANNEL_FAILED = 'F',      /* number: a negative errno; text */
	CHANNEL_NOT_STARTED = 'N', /* number: a negative errno; text: the step */
};

struct channel_message {
	enum channel_type type;
	int32_t number;
	char text[CHANNEL_TEXT_MAX + 1];
};

/* Both ends, close-on-exec, 3 or higher: 0 or a negative errno. */
int channel_pair(int ends[2]);

/*
 * Another way to two ends, for a child with a fresh descriptor table: the
 * launcher listens at an address that the kernel chooses, and the child connects
 * there.  Anybody may connect: the launcher accepts the connection that presents
 * the secret, which the child reads in the memory that it shares with the launcher.
 */
#define CHANNEL_SECRET_SIZE 16

struct channel_address {
	unsigned char secret[CHANNEL_SECRET_SIZE];
	size_t length;
	unsigned char bytes[128];
};

int channel_listen(struct channel_address *address);
int channel_connect(const struct channel_address *address); /* async-signal-safe */

/* After the child has connected, or ended: -EAGAIN when it has not connected. */
int channel_accept(int listener, const struct channel_address *address);

/*
 * The same between processes that agree on a number: the one that has it for a
 * listener (-EADDRINUSE: taken already), and the one that connects there.
 */
int channel_listen_as(const char *what, uint32_t number);
int channel_connect_to(const char *what, uint32_t number, deadline until);

/*
 * Of the connections that there are, without waiting, take the first that came from
 * the process which had this pid: its descriptor, or -EAGAIN without one.  Others are
 * dropped.  The pid has to have been that process's since before there was a listener.
 */
int channel_accept_from(int listener, pid_t caller);

/*
 * Send: 0, -EAGAIN (no room; only until the deadline is waited for some), or
 * -ECANCELED (the other end is gone).  Longer texts are cut.
 */
int channel_send(int fd, enum channel_type type, int32_t number, const char *text, deadline until);

/* Send bytes that are no message: as many pieces as there is room for. */
ssize_t channel_send_settings(int fd, const unsigned char *bytes, size_t length);

/*
 * Receive without waiting: 1 and a message, 0 when the other end is closed,
 * -EAGAIN when there is none, -EBADMSG, or another negative errno.
 */
int channel_receive(int fd, struct channel_message *message);

/* The same, and by the kernel's word who sent it (compat/socket.h). */
struct compat_peer;
int channel_receive_from(int fd, struct channel_message *message, struct compat_peer *sender);

/*
 * In the second copy: wait for all of the settings; the caller frees the pack.
 * -EPERM when the kernel does not say of each piece that a process of this effective
 * user and group has sent it.
 */
int channel_receive_settings(int fd, struct archive *settings);

/*
 * In the daemon: wait for this word.  0, -ECANCELED, or another negative errno.
 * That the launcher is gone is noticed even when a child of it has its end.
 */
int channel_receive_word(int fd, enum channel_type type);

#endif /* IPC_CHANNEL_H */
