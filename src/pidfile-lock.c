/* SPDX-License-Identifier: MIT */
/*
 * The two locks on a pid file, and which ones this process has.
 * Thread-safe between pidfile_enter() and pidfile_leave().
 */
#include "pidfile-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "compat-lock.h"
#include "fd.h"

/* Record locks belong to the process: so must the knowledge about them. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct pidfile_lock *locks;

void pidfile_enter(void)
{
	pthread_mutex_lock(&mutex);
}

void pidfile_leave(void)
{
	pthread_mutex_unlock(&mutex);
}

/* From the first byte on, so that a lock of the whole file meets it too. */
static int record(int fd, int command, struct flock *lock, int type)
{
	*lock = (struct flock){
		.l_type = (short)type,
		.l_whence = SEEK_SET,
		.l_start = 0,
		.l_len = COMPAT_GUARD_BYTE,
	};
	if (fcntl(fd, command, lock) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

bool pidfile_lock_held(const struct pidfile_lock *lock)
{
	return lock->owner != 0 && lock->owner == getpid();
}

const struct pidfile_lock *pidfile_lock_here(const struct stat *file)
{
	for (const struct pidfile_lock *lock = locks; lock; lock = lock->next)
		if (lock->inode == file->st_ino && lock->device == file->st_dev &&
		    pidfile_lock_held(lock))
			return lock;
	return NULL;
}

static void unlist(struct pidfile_lock *lock)
{
	struct pidfile_lock **link = &locks;

	while (*link && *link != lock)
		link = &(*link)->next;
	if (*link)
		*link = lock->next;
	lock->owner = 0;
}

int pidfile_lock_take(struct pidfile_lock *lock, int fd)
{
	struct flock wanted;
	struct stat facts;
	int result;

	if (fstat(fd, &facts) < 0)
		return -errno;
	/* The record lock comes first: it is then found first by F_GETLK. */
	result = record(fd, F_SETLK, &wanted, F_WRLCK);
	if (result < 0)
		return result;
	result = compat_guard_take(fd);
	if (result < 0 && result != -EAGAIN && result != -ENOTSUP) {
		record(fd, F_SETLK, &wanted, F_UNLCK);
		return result;
	}
	unlist(lock); /* what was inherited through fork(2) */
	*lock = (struct pidfile_lock){
		.next = locks,
		.device = facts.st_dev,
		.inode = facts.st_ino,
		.fd = fd,
		.owner = getpid(),
	};
	locks = lock;
	return 0;
}

void pidfile_lock_move(struct pidfile_lock *from, struct pidfile_lock *to)
{
	*to = *from;
	unlist(from);
	to->next = locks;
	locks = to;
}

void pidfile_lock_yield(struct pidfile_lock *lock)
{
	struct flock wanted;

	if (pidfile_lock_held(lock))
		record(lock->fd, F_SETLK, &wanted, F_UNLCK);
	unlist(lock);
}

void pidfile_lock_drop(struct pidfile_lock *lock)
{
	struct flock wanted;

	/* A child shares the description: it would drop its parent's guard. */
	if (pidfile_lock_held(lock)) {
		compat_guard_drop(lock->fd);
		record(lock->fd, F_SETLK, &wanted, F_UNLCK);
	}
	unlist(lock);
}

void pidfile_lock_restore(void)
{
	struct flock wanted;

	for (const struct pidfile_lock *lock = locks; lock; lock = lock->next)
		if (pidfile_lock_held(lock))
			record(lock->fd, F_SETLK, &wanted, F_WRLCK);
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
	int result = record(fd, F_GETLK, &lock, F_WRLCK);

	if (result < 0)
		return result;
	if (lock.l_type == F_UNLCK)
		return PIDFILE_OWNER_NONE;
	if (lock.l_type != F_RDLCK && lock.l_pid <= 0)
		return PIDFILE_OWNER_UNSEEN;
	*pid = lock.l_pid;
	return lock.l_type == F_RDLCK ? PIDFILE_OWNER_READER : PIDFILE_OWNER_HOLDER;
}
