/* SPDX-License-Identifier: MIT */
/*
 * Pid files that can be trusted.
 *
 * A pid file here is a regular file with one decimal pid and a newline.  The
 * holder is never determined by the text alone: it has a POSIX record lock,
 * whose owner the kernel reports (F_GETLK), and also a lock of the open file
 * description, which persists when the program opens and closes the same file
 * elsewhere.  A process is accepted as the holder only if both the kernel and
 * the file name it.
 *
 * The final component of a path is never followed if it is a symbolic link;
 * files that are not pid files (other types, other contents, more than one
 * hard link) are refused and left unchanged; the owner of a file is never
 * changed.
 *
 * Most programs need none of this: a context with a pid file does it all.
 *
 * The lock belongs to the process that acquired it.  Children do not inherit
 * it, and programs executed by the process do not hold it.  An object
 * may be used by one thread at a time, different objects by different
 * threads.
 */
#ifndef DAEMONKIT_PIDFILE_H
#define DAEMONKIT_PIDFILE_H

#include <sys/types.h>

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

struct daemonkit_pidfile;
struct daemonkit_process;

/** The default mode of pid files and log files, used for 0. */
#define DAEMONKIT_FILE_MODE 0640

/**
 * daemonkit_pidfile_create - acquire a pid file: open, lock and write it
 * @path: the file; a relative path starts at the working directory
 * @mode: permission bits of a new file, regardless of the umask; 0 stands for
 *        DAEMONKIT_FILE_MODE
 * @ret: where the new object is stored; unchanged on failure
 *
 * The file is published atomically: a reader sees the caller's pid and a
 * newline, or the previous contents.  File systems such as FUSE cannot create
 * an unnamed file (O_TMPFILE); there the file is empty, which means "no
 * daemon", for a moment before it is written.  A stale file (no process holds
 * it) is replaced; it names a process, or contains only NULs, white space,
 * digits and signs, which a power loss or another program may have left.  If
 * the directory does not permit a new file, or the file is a mount point, a
 * stale file is written in place, if it is writable and belongs to the caller
 * or root.
 *
 * Returns: 0, or
 *   -EALREADY  another instance (or this process) holds the file; it is left
 *            alone.  The text names the holder; the file need only be readable
 *            for that.  No other error of this library has this number.
 *   -ENOLCK  the lock cannot be acquired, though no instance is known to hold
 *            it: another process has locked the file for reading or has a lease
 *            on it, or fcntl(2) returns this; the text gives the reason
 *   -ESTALE  another process keeps replacing the file
 *   -ELOOP   @path is a symbolic link
 *   -EEXIST  @path is not a pid file: not a regular file, more than one hard
 *            link, or contents that are not those of a stale file
 *   -EINVAL  @path is empty or @mode has bits outside 0777
 *   -EACCES, -EPERM, -EROFS  a stale file, as one of another user, can be
 *            neither replaced nor written, or a file cannot even be read
 *   -EFBIG   RLIMIT_FSIZE is too low even for a pid; SIGXFSZ is not sent
 *   -ENAMETOOLONG, -ENOENT, -ENOTDIR, -EACCES, -EROFS, -ENOSPC, -EDQUOT,
 *   -ENOMEM, -EMFILE, -ENFILE, -EIO  otherwise as open(2), write(2), fcntl(2);
 *            -EIO also if the file does not keep its text or its only name
 * Ownership: freed with daemonkit_pidfile_close().
 * Thread safety: MT-safe.  Not async-signal-safe.
 * Follows: fcntl(2), "Advisory record locking" and "Open file description
 * locks".  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_create(const char *path, mode_t mode,
					   struct daemonkit_pidfile **ret)
	DAEMONKIT_NONNULL((1, 3)) DAEMONKIT_CHECK;

/**
 * daemonkit_pidfile_open - open a pid file, or create an empty one
 *
 * Parameters and errors are those of daemonkit_pidfile_create(), without
 * -EALREADY: nothing is locked and nothing is written.
 *
 * Ownership: freed with daemonkit_pidfile_close().
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_open(const char *path, mode_t mode,
					 struct daemonkit_pidfile **ret)
	DAEMONKIT_NONNULL((1, 3)) DAEMONKIT_CHECK;

/**
 * daemonkit_pidfile_take_fd - a pid file from an open descriptor
 * @fd: a regular file, open for reading and writing.  The object owns it from
 *      now on, and it is made close-on-exec; on failure the caller still owns
 *      it, and it is unchanged.
 * @path: the path of the file, for the texts and for
 *        daemonkit_pidfile_remove(), or NULL if it has no name
 *
 * Returns: 0, or
 *   -EBADF   @fd is not open
 *   -EINVAL  @fd is not a regular file open for reading and writing, or @path
 *            is empty
 *   -ENAMETOOLONG, -ENOENT, -EACCES, -ENOMEM  the absolute path, as getcwd(3)
 * Ownership: freed with daemonkit_pidfile_close().
 * Thread safety: MT-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_take_fd(int fd, const char *path,
					    struct daemonkit_pidfile **ret)
	DAEMONKIT_NONNULL((3)) DAEMONKIT_CHECK;

/**
 * daemonkit_pidfile_lock - acquire the lock, without waiting
 *
 * Returns: 0 (also when this object holds it already), or
 *   -EALREADY  another process, or another object of this process, holds it;
 *            the text names the holder
 *   -ESTALE  the file was removed or replaced since it was opened: open it again
 *   -ENOLCK  as daemonkit_pidfile_create()
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_lock(struct daemonkit_pidfile *pidfile)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_pidfile_unlock - release the lock; the file is unchanged
 *
 * Returns: 0, also when it was not locked.
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_unlock(struct daemonkit_pidfile *pidfile)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_pidfile_write - write the caller's pid and a newline, in place
 *
 * Returns: 0, or
 *   -EPERM   the lock is not held through this object by this process
 *   -EEXIST  the file contains something other than a pid, as above; it is
 *            unchanged
 *   -EFBIG   RLIMIT_FSIZE is too low even for a pid; the file is unchanged,
 *            and SIGXFSZ is not sent
 *   -ENOSPC, -EDQUOT, -EIO  as write(2)
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_write(struct daemonkit_pidfile *pidfile)
	DAEMONKIT_NONNULL((1)) DAEMONKIT_CHECK;

/**
 * daemonkit_pidfile_read - the pid that the file names
 * @pid: where it is stored; unchanged on failure
 *
 * The text of a file proves nothing; daemonkit_pidfile_holder() does.
 *
 * Returns: 0, or
 *   -ENODATA  the file is empty
 *   -EBADMSG  it is not one decimal pid greater than 0 with an optional
 *             newline
 *   -EIO      as read(2)
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_read(struct daemonkit_pidfile *pidfile, pid_t *pid)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_pidfile_read_path - the pid that the file at this path names
 * @path: the pid file; read permission is enough, and it is never changed
 * @pid: where it is stored; unchanged on failure
 *
 * The text of a file proves nothing: the process may have exited, and its pid
 * may belong to another one; daemonkit_pidfile_holder() proves it.
 *
 * Returns: 0, or
 *   -ENODATA, -EBADMSG, -EIO  as daemonkit_pidfile_read()
 *   -ENOENT   there is no such file
 *   -ELOOP    @path is a symbolic link
 *   -EEXIST   @path is not a regular file; it is not opened
 *   -EACCES   the file cannot be read
 *   -ENOLCK   a process has a lease on the file, which cannot be read meanwhile
 *   -ESTALE   another process keeps replacing the file
 *   -EINVAL   NULL, or @path is empty
 *   -ENAMETOOLONG, -ENOTDIR, -ENOMEM, -EMFILE, -ENFILE  as open(2)
 * Thread safety: MT-safe.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_read_path(const char *path, pid_t *pid)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

/**
 * daemonkit_pidfile_remove - remove the file, while the lock is held
 *
 * Removes the path only if it still names this file.  If it can no longer be
 * unlinked (after chroot(2), or without the privilege), the file is emptied
 * through the descriptor: an empty pid file means "no daemon".  The lock is
 * kept until daemonkit_pidfile_unlock() or daemonkit_pidfile_close(), so that
 * no other instance can acquire the file in between.
 *
 * Returns: 0 removed or emptied, or removed already; or
 *   -EPERM  the lock is not held through this object by this process
 *   -EIO, -EROFS  it could be neither removed nor emptied
 * Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_remove(struct daemonkit_pidfile *pidfile)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_pidfile_close - unlock, close and free; the file is unchanged
 * @pidfile: an object, or NULL
 *
 * Returns: NULL.  Thread safety: MT-safe on different objects.  Since: 1.0
 */
DAEMONKIT_API struct daemonkit_pidfile *
daemonkit_pidfile_close(struct daemonkit_pidfile *pidfile);

/**
 * daemonkit_pidfile_fd - the descriptor
 *
 * Returns: the descriptor, or -EINVAL for NULL.
 * Ownership: the object's; must not be closed.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_fd(const struct daemonkit_pidfile *pidfile)
	DAEMONKIT_NONNULL((1));

/**
 * daemonkit_pidfile_path - the absolute path of the file
 * @pidfile: an object, or NULL
 *
 * It is the path that was given, made absolute at that time; another file may
 * have it by now.
 *
 * Returns: the path; NULL if the object has none, or for NULL.
 * Ownership: the object's; valid until daemonkit_pidfile_close().
 * Thread safety: MT-safe; async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API const char *daemonkit_pidfile_path(const struct daemonkit_pidfile *pidfile);

/**
 * daemonkit_pidfile_holder - find the process that holds a pid file, proved
 * @path: the pid file
 * @ret: where the process is stored, to be freed with
 *       daemonkit_process_free(); unchanged on failure
 *
 * The kernel reports the owner of the lock; that process is opened, and the
 * kernel must report it again; the file must name the same pid; and if the
 * process can be examined, it must have the lock.  The file is never changed.
 * Read permission for the file is enough, even for a daemon of another user.
 *
 * Returns: 0, or
 *   -ESRCH    no holder: no file, an empty one, or one that no process holds
 *   -EBADMSG  a process holds it, but the file names another or none, or
 *             other users could have written it; or the holder is in a pid
 *             namespace that is not visible here; or it was locked under a
 *             pid that now belongs to another process
 *   -ELOOP    @path is a symbolic link
 *   -EEXIST   @path is not a regular file, or has more than one hard link
 *   -EACCES   the file cannot be read, or (if the holder itself opened and
 *             closed its file) the holder's descriptors cannot be read, so
 *             that the holder is unknown
 *   -ENOLCK   a process has a lease on the file, which cannot be read meanwhile
 *   -EINVAL, -ENAMETOOLONG, -ENOTDIR, -ENOMEM, -EMFILE, -ENFILE, -EIO
 * Thread safety: MT-safe.  Not async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_pidfile_holder(const char *path, struct daemonkit_process **ret)
	DAEMONKIT_NONNULL((1, 2)) DAEMONKIT_CHECK;

DAEMONKIT_END

#endif /* DAEMONKIT_PIDFILE_H */
