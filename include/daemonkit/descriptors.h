/* SPDX-License-Identifier: MIT */
/*
 * Descriptors that come to the daemon by name: from a service manager that
 * activates sockets or stores descriptors (LISTEN_FDS), and from the launcher,
 * which opened them with its privileges.
 *
 * The daemon asks for a name and does not see where the descriptor comes from:
 *
 *	fd = daemonkit_context_find_fd(context, "http", 0, DAEMONKIT_FD_LISTENER);
 *	if (fd == -ENOENT)
 *		fd = open_it_myself();
 *
 * They are the context's, close-on-exec, and reach no program that the daemon
 * starts.  What a manager passed belongs to the first context of the process
 * that asks for it.  A context may be used by one thread at a time.
 */
#ifndef DAEMONKIT_DESCRIPTORS_H
#define DAEMONKIT_DESCRIPTORS_H

#include <stddef.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_context;

/** Anything. */
#define DAEMONKIT_FD_ANY 0
/** A socket that listens for connections. */
#define DAEMONKIT_FD_LISTENER 1
/** A stream or sequential-packet socket that does not listen. */
#define DAEMONKIT_FD_CONNECTION 2
/** A datagram socket. */
#define DAEMONKIT_FD_DATAGRAM 3
/** A pipe or FIFO. */
#define DAEMONKIT_FD_FIFO 4
/** A regular file, or a file in memory. */
#define DAEMONKIT_FD_FILE 5
/** A POSIX message queue. */
#define DAEMONKIT_FD_QUEUE 6

/**
 * daemonkit_context_pass_fd - let the daemon have a descriptor under a name
 * @name: 1 to 255 bytes without control characters and colons; several
 *        descriptors may have the same
 * @fd: an open descriptor; it is duplicated and stays the caller's
 *
 * Called in the launcher, before daemonkit_context_reborn().  In a second
 * copy it only looks at @name before that: what the launcher has passed wins.
 * In the daemon it adds to what the daemon has by name, for the one that will
 * take its place (<daemonkit/upgrade.h>).
 *
 * Returns: 0, -EINVAL (no such name), -EBADF, -EMFILE, -ENOMEM.
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_pass_fd(struct daemonkit_context *context,
					    const char *name, int fd)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_find_fd - the descriptor of this name
 * @name: as the manager (FileDescriptorName=, FDNAME=) or
 *        daemonkit_context_pass_fd() gave it; NULL for any
 * @position: 0 for the first of this name, and so on, in the order in which
 *         they came
 * @kind: what it has to be, one of DAEMONKIT_FD_ANY, _LISTENER, _CONNECTION,
 *        _DATAGRAM, _FIFO, _FILE, _QUEUE
 *
 * May be called before daemonkit_context_reborn(), too: in the launcher it
 * tells what a manager has given already.  A second copy has nothing before
 * that: daemonkit_was_reborn() tells it from a launcher.
 *
 * Returns: the descriptor, 3 or higher, or
 *   -ENOENT      there is none of this name and index
 *   -EPROTOTYPE  it is of another kind; the text says which
 *   -EINVAL      no such @kind; or LISTEN_PID, LISTEN_FDS or LISTEN_FDNAMES is
 *                garbage, where libsystemd refuses it too
 *   -ENOMEM
 * Ownership: the context's: closed by daemonkit_context_free(), and must not
 * be closed before (daemonkit_context_take_fd() is for that).
 * Thread safety: MT-safe on different contexts.
 * Follows: sd_listen_fds(3).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_find_fd(struct daemonkit_context *context,
					    const char *name, size_t position, int kind)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_take_fd - the same, for good
 * @name: as for daemonkit_context_find_fd(), and the same for
 * @position: those of this name that come after it move up by one
 * @kind: if it is of another one, it is not taken
 *
 * For what does not live as long as the daemon, such as a connection that a
 * manager has stored.  What a launcher takes the daemon does not get.
 *
 * Returns: as daemonkit_context_find_fd().
 * Ownership: the caller's, who closes it.
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_take_fd(struct daemonkit_context *context,
					    const char *name, size_t position, int kind)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_payload - bytes for the daemon alone
 * @bytes: for example a passphrase that was typed at the terminal; copied
 * @length: 0 for none; at most DAEMONKIT_PAYLOAD_MAX
 *
 * Called in the launcher, or in a daemon for the one that is to take its place
 * (<daemonkit/upgrade.h>).  They travel over the channel between the two:
 * no argument, environment or file has them.  The launcher's copy is
 * wiped when the start is over, whatever came of it; @bytes are the caller's
 * to wipe, before the start in mode FORK.
 *
 * Returns: 0, -EINVAL (too long, or NULL bytes), -ENOMEM.
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_set_payload(struct daemonkit_context *context,
						const void *bytes, size_t length)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/** The longest payload. */
#define DAEMONKIT_PAYLOAD_MAX 1048576

/**
 * daemonkit_context_take_payload - take the bytes that the launcher gave
 * @buffer: where they are stored
 * @size: its size
 *
 * The context's copy is wiped: the bytes can be taken once.
 *
 * Returns: their number, 0 for none; or -ENOBUFS when @size is too small (they
 * stay); -EPERM (this process is not the daemon); -EINVAL (NULL).
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_take_payload(struct daemonkit_context *context,
						 void *buffer, size_t size)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_DESCRIPTORS_H */
