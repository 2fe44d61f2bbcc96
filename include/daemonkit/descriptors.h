/* SPDX-License-Identifier: MIT */
/*
 * Descriptors passed to the daemon by name: from a service manager that
 * activates sockets or stores descriptors (LISTEN_FDS), and from the launcher,
 * which opened them with its privileges.
 *
 * The daemon finds a descriptor by its name, regardless of its source:
 *
 *	fd = daemonkit_context_find_fd(context, "http", 0, DAEMONKIT_FD_LISTENER);
 *	if (fd == -ENOENT)
 *		fd = open_it_myself();
 *
 * They belong to the context and are close-on-exec, so that programs started by
 * the daemon do not inherit them.  Descriptors passed by a manager belong to
 * the first context of the process that asks for them.  A context may be used
 * by one thread at a time.
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
 * daemonkit_context_pass_fd - pass a descriptor to the daemon under a name
 * @name: 1 to 255 bytes without control characters and colons; several
 *        descriptors may have the same
 * @fd: an open descriptor; it is duplicated and stays the caller's
 *
 * Called in the launcher, before daemonkit_context_reborn().  In a second copy
 * before that, only @name is checked: the launcher's descriptors take
 * precedence.  In the daemon this adds a named descriptor for a successor
 * (<daemonkit/upgrade.h>).
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
 *         they were passed
 * @kind: the required kind, one of DAEMONKIT_FD_ANY, _LISTENER, _CONNECTION,
 *        _DATAGRAM, _FIFO, _FILE, _QUEUE
 *
 * May also be called before daemonkit_context_reborn(): in the launcher it then
 * finds descriptors passed by a manager.  A second copy has no descriptors
 * before that; daemonkit_was_reborn() distinguishes it from a launcher.
 *
 * Returns: the descriptor, 3 or higher, or
 *   -ENOENT      no descriptor has this name and position
 *   -EPROTOTYPE  it is of another kind; the text says which
 *   -EINVAL      no such @kind; or LISTEN_PID, LISTEN_FDS or LISTEN_FDNAMES is
 *                invalid, and libsystemd would refuse it too
 *   -ENOMEM
 * Ownership: the context's: closed by daemonkit_context_free(), and must not
 * be closed before (daemonkit_context_detach_fd() is for that).
 * Thread safety: MT-safe on different contexts.
 * Follows: sd_listen_fds(3).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_find_fd(struct daemonkit_context *context,
					    const char *name, size_t position, int kind)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_fd_name - the name of the descriptor at this position
 * @position: as for daemonkit_context_find_fd() with any name
 *
 * For a program that takes whatever was passed to it: the descriptor itself is
 * daemonkit_context_find_fd(context, NULL, position, DAEMONKIT_FD_ANY).
 *
 * Returns: the name, "unknown" if a manager gave none; NULL if there is no
 * descriptor at this position, or for an error of daemonkit_context_find_fd(),
 * whose text is set in both cases.
 * Ownership: the context's; valid until the descriptor is detached,
 * daemonkit_context_reborn() or daemonkit_context_free().
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API const char *daemonkit_context_fd_name(struct daemonkit_context *context,
						    size_t position)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_detach_fd - find a descriptor and take ownership of it
 * @name: as for daemonkit_context_find_fd()
 * @position: likewise; later descriptors of this name move up by one
 * @kind: if the descriptor is of another kind, it is not detached
 *
 * For descriptors that are closed before the daemon exits, such as a connection
 * stored by a manager.  A descriptor detached in the launcher is not passed to the
 * daemon.
 *
 * Returns: as daemonkit_context_find_fd().
 * Ownership: the caller's, who closes it.
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_detach_fd(struct daemonkit_context *context,
					    const char *name, size_t position, int kind)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_remove_socket - remove this local socket when the daemon ends
 * @path: the path that a socket is bound to; a relative path starts at the
 *        working directory
 *
 * daemonkit_context_release() removes the path in the daemon, but only if it
 * still names the file that it names now, and that is a socket.  In a daemon
 * that a successor has replaced, it does not: the list is passed on, and the
 * last daemon removes the socket.  Several can be named; name a path again
 * after its socket has been bound again.
 *
 * Called in the launcher, before daemonkit_context_reborn(), or in the daemon,
 * which may also be a successor.  In a second copy before that, @path need not
 * exist: the launcher's list takes precedence.  A path that the launcher has
 * named is also found inside a new root directory; a socket outside of it
 * cannot be removed, and stays, as do those of a daemon that is killed or whose
 * start fails.
 *
 * Returns: 0, or
 *   -EINVAL       NULL, or @path is empty
 *   -ENOTSOCK     @path is not a socket, or a symbolic link
 *   -EPERM        this process is a child of the daemon, or a successor has
 *                 replaced it
 *   -EINPROGRESS  an upgrade is in progress, which would not pass it on
 *   -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG, -ENOMEM  as lstat(2)
 * Thread safety: MT-safe on different contexts.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_context_remove_socket(struct daemonkit_context *context,
						  const char *path)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/** The size of a buffer for every address. */
#define DAEMONKIT_ADDRESS_MAX 512

/**
 * daemonkit_fd_address - the local address of a socket as text
 * @fd: any socket, for example one that was passed without a useful name
 * @buffer: where the text is stored, with its NUL; unchanged on failure
 * @size: its size; DAEMONKIT_ADDRESS_MAX is enough
 *
 * The text is
 *   192.0.2.1:80         IPv4
 *   [2001:db8::1]:80     IPv6; a link-local one with the number of its
 *                        interface, as [fe80::1%2]:80
 *   /run/x.sock          a local socket with a path; ./ precedes a relative one
 *   @name                a local socket with an abstract name
 *   (empty)              a local socket without a name
 *   vsock:CID:PORT       a virtual machine's
 * A control character or a backslash in a path or abstract name is written as
 * \xNN, with two hexadecimal digits.  A port is 0, and an address 0.0.0.0 or ::,
 * if the socket is not bound.  No name service is used.
 *
 * Returns: the length of the text; or
 *   -EBADF         @fd is not open
 *   -ENOTSOCK      @fd is not a socket
 *   -EAFNOSUPPORT  it is of another address family
 *   -ENOBUFS       @size is too small; the text says what is needed
 *   -EINVAL        @buffer is NULL
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Follows: getsockname(2), inet_ntop(3).  Since: 1.0
 */
DAEMONKIT_API int daemonkit_fd_address(int fd, char *buffer, size_t size)
	DAEMONKIT_NONNULL((2)) DAEMONKIT_CHECK;

/**
 * daemonkit_context_set_payload - bytes for the daemon alone
 * @bytes: for example a passphrase that was typed at the terminal; copied
 * @length: 0 for none; at most DAEMONKIT_PAYLOAD_MAX
 *
 * Called in the launcher, or in a daemon for its successor
 * (<daemonkit/upgrade.h>).  The bytes are sent over the channel between the
 * two, and never appear in arguments, the environment or a file.  The
 * launcher's copy is wiped when the start has succeeded or failed; the caller
 * has to wipe @bytes, in mode FORK before the start.
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
