/* SPDX-License-Identifier: MIT */
/*
 * The two locks on a pid file, and the list of those that this process has.
 * Thread-safe between pidfile_mutex_lock() and pidfile_mutex_unlock().
 */
#include "pidfile/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "compat/ofd-lock.h"

/* POSIX locks belong to the whole process, and so does the list of them. */
static atomic_int inside; /* the process in which a thread has the mutex, or 0 */
static struct pidfile_lock *locks;

/*
 * Not a pthread mutex: in a child forked while another thread of its parent had it, it
 * would never be unlocked.  Such a child holds no locks anyway.
 */
void pidfile_mutex_lock(void)
{
	int own = (int)getpid();

	for (unsigned round = 0;; round++) {
		int found = atomic_load(&inside);

		if (found != own && atomic_compare_exchange_strong(&inside, &found, own)) {
			if (found != 0)
				locks = NULL;
			return;
		}
		deadline_pause(round);
	}
}

void pidfile_mutex_unlock(void)
{
	atomic_store(&inside, 0);
}

/*
 * The range of the POSIX lock, and its parts, which differ during a handover.  It begins at
 * the first byte, so that it conflicts with a lock of the whole file.
 */
struct range {
	off_t start, length;
};
static const struct range whole = { 0, COMPAT_GUARD_BYTE };
static const struct range first = { 0, 1 }, rest = { 1, COMPAT_GUARD_BYTE - 1 };

static int set_posix_lock(int fd, int command, struct flock *lock, int type, struct range range)
{
	*lock = (struct flock){
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = range.start,
		.l_len = range.length,
	};
	if (fcntl(fd, command, lock) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

static int set_lock(int fd, int type, struct range range)
{
	struct flock wanted;

	return set_posix_lock(fd, F_SETLK, &wanted, type, range);
}

bool pidfile_lock_held(const struct pidfile_lock *lock)
{
	return lock->owner != 0 && lock->owner == getpid();
}

const struct pidfile_lock *pidfile_lock_of_this_process(const struct stat *file)
{
	for (const struct pidfile_lock *lock = locks; lock; lock = lock->next)
		if (lock->inode == file->st_ino && lock->device == file->st_dev &&
		    pidfile_lock_held(lock))
			return lock;
	return NULL;
}

static void remove_from_list(struct pidfile_lock *lock)
{
	struct pidfile_lock **link = &locks;

	while (*link && *link != lock)
		link = &(*link)->next;
	if (*link)
		*link = lock->next;
	lock->owner = 0;
}

static int acquire_all(int fd)
{
	return set_lock(fd, F_WRLCK, whole);
}

/*
 * Acquire the whole POSIX lock, or the part that readers leave free: with the OFD lock,
 * and a read lock on the first byte, this process is still the holder.
 */
static int acquire_what_is_free(int fd)
{
	pid_t holder;
	int result = acquire_all(fd);

	if (result != -EAGAIN)
		return result;
	result = set_lock(fd, F_RDLCK, first);
	if (result < 0 || set_lock(fd, F_WRLCK, rest) == 0)
		return result;
	switch (pidfile_lock_owner(fd, &holder)) {
	case PIDFILE_OWNER_HOLDER:
	case PIDFILE_OWNER_UNSEEN:
		return -EAGAIN;
	default:
		return 0;
	}
}

static int acquire_lock(struct pidfile_lock *lock, int fd, int (*take_record)(int fd))
{
	struct stat st;
	int result;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* Acquire the POSIX lock first, so that F_GETLK reports it first. */
	result = take_record(fd);
	if (result < 0)
		return result;
	result = compat_ofd_lock(fd);
	if (result < 0 && result != -EAGAIN && result != -ENOTSUP) {
		set_lock(fd, F_UNLCK, whole);
		return result;
	}
	remove_from_list(lock); /* an entry inherited through fork(2) */
	*lock = (struct pidfile_lock){
		.next = locks,
		.device = st.st_dev,
		.inode = st.st_ino,
		.fd = fd,
		.owner = getpid(),
	};
	locks = lock;
	return 0;
}

int pidfile_lock_acquire(struct pidfile_lock *lock, int fd)
{
	return acquire_lock(lock, fd, acquire_all);
}

int pidfile_lock_succeed(struct pidfile_lock *lock, int fd)
{
	return acquire_lock(lock, fd, acquire_what_is_free);
}

void pidfile_lock_move(struct pidfile_lock *from, struct pidfile_lock *to)
{
	*to = *from;
	remove_from_list(from);
	to->next = locks;
	locks = to;
}

/* Converting a write lock to a read lock is atomic. */
int pidfile_lock_hand_over(struct pidfile_lock *lock)
{
	int result = set_lock(lock->fd, F_RDLCK, first);

	if (result == 0)
		result = set_lock(lock->fd, F_UNLCK, rest);
	lock->handed_over = result == 0;
	return result;
}

void pidfile_lock_release(struct pidfile_lock *lock)
{
	if (pidfile_lock_held(lock))
		set_lock(lock->fd, F_UNLCK, whole);
	remove_from_list(lock);
}

int pidfile_lock_reacquire(struct pidfile_lock *lock)
{
	lock->handed_over = false;
	return acquire_what_is_free(lock->fd);
}

void pidfile_lock_drop(struct pidfile_lock *lock)
{
	/* Not in a child: it shares the description and would drop its parent's OFD lock. */
	if (pidfile_lock_held(lock)) {
		compat_ofd_unlock(lock->fd);
		set_lock(lock->fd, F_UNLCK, whole);
	}
	remove_from_list(lock);
}

void pidfile_lock_restore(void)
{
	for (const struct pidfile_lock *lock = locks; lock; lock = lock->next)
		if (pidfile_lock_held(lock) && lock->handed_over)
			set_lock(lock->fd, F_RDLCK, first);
		else if (pidfile_lock_held(lock))
			acquire_what_is_free(lock->fd);
}

int pidfile_lock_close(int fd)
{
	if (fd >= 0) {
		fd_close(fd);
		pidfile_lock_restore();
	}
	return -1;
}

int pidfile_lock_owner(int fd, pid_t *pid)
{
	struct flock lock;
	/*
	 * Test as a reader, which conflicts only with write locks: another reader cannot
	 * hide the holder.
	 */
	int result = set_posix_lock(fd, F_GETLK, &lock, F_RDLCK, whole);

	if (result == 0 && lock.l_type == F_UNLCK)
		result = set_posix_lock(fd, F_GETLK, &lock, F_WRLCK, whole);
	if (result < 0)
		return result;
	if (lock.l_type == F_UNLCK)
		return PIDFILE_OWNER_NONE;
	if (lock.l_type != F_RDLCK && lock.l_pid <= 0)
		return PIDFILE_OWNER_UNSEEN;
	*pid = lock.l_pid;
	return lock.l_type == F_RDLCK ? PIDFILE_OWNER_READER : PIDFILE_OWNER_HOLDER;
}
