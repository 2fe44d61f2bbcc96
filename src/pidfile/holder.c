/* SPDX-License-Identifier: MIT */
/*
 * Finding the process that holds a pid file; the kernel names it.
 * Thread-safe.
 */
#include <daemonkit/pidfile.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/process.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error-internal.h"
#include "compat/ofd-lock.h"
#include "compat/pidfd.h"
#include "compat/user.h"
#include "pidfile/location.h"
#include "pidfile/lock.h"
#include "pidfile/owner.h"
#include "process/process-internal.h"

/* How often, a millisecond apart, to check a start that has not written its pid yet. */
#define MAX_CHECKS 250

/* The state changed meanwhile, or is about to change: check again. */
#define AGAIN 1

/*
 * The OFD lock proves only that the process has the descriptor, which the writer of the
 * file could have passed to it.  Accept it as proof if every user who can write the file
 * may signal the process anyway.
 */
static bool is_trusted(int fd, pid_t pid)
{
	struct stat st;
	uid_t owner;

	if (fstat(fd, &st) < 0 || (st.st_mode & 022) != 0)
		return false;
	return st.st_uid == 0 || compat_is_own_file(fd, st.st_uid) ||
	       (compat_process_owner(pid, &owner) == 0 && st.st_uid == owner &&
		compat_user_is_certain(owner));
}

static int probe_ofd_lock(const char *path, int fd, const struct pidfile_claim *claim)
{
	return is_trusted(fd, claim->pid)
		       ? 0
		       : error_set(-EBADMSG,
				   "pid file %s: it names process %ld, but other users "
				   "could have written it: check its owner and mode",
				   path, (long)claim->pid);
}

/*
 * The kernel records the pid of the process that set a POSIX lock.  If processes share a
 * descriptor table, one sets it for all: it may have died since, while the lock remains
 * and the pid has been reused.  /proc shows which process really has the lock.  If /proc
 * cannot show it, rely on the recorded pid.
 */
static int probe_posix_lock(const char *path, const struct stat *st, struct pidfile_claim *claim)
{
	int result = compat_posix_lock_held_by(claim->pid, st);

	switch (result) {
	case 0:
		claim->kind = PIDFILE_CLAIM_LEFT; /* or the holder has just released the lock */
		return AGAIN;
	case -ESRCH:
		return AGAIN;
	case 1:
	case -EACCES:
	case -EPERM:
	case -ENOENT: /* no /proc, or hidepid */
	case -ENOTSUP:
		return 0;
	default:
		return error_system(result, "pid file %s: check whether process %ld holds it", path,
				    (long)claim->pid);
	}
}

/* Open the process first, then ask the kernel again: this excludes a reused pid. */
static int prove_holder(const struct pidfile_place *place, const struct stat *st, int fd,
			struct pidfile_claim *claim, struct daemonkit_process **ret)
{
	struct daemonkit_process *process = NULL;
	pid_t pid = claim->pid;
	int result;

	result = process_open(&process, pid);
	if (result == -ESRCH)
		return AGAIN;
	if (result == 0)
		result = pidfile_claim(fd, 0, claim);
	if (result == -ESTALE || (result == 0 && (claim->kind != PIDFILE_CLAIM_HOLDER ||
						  claim->pid != pid || !pidfile_is_at(place, fd))))
		result = AGAIN;
	if (result < 0)
		result = error_system(result, "pid file %s: process %ld", place->path, (long)pid);
	if (result == 0)
		result = claim->by_ofd_lock ? probe_ofd_lock(place->path, fd, claim)
					    : probe_posix_lock(place->path, st, claim);
	if (result == 0)
		*ret = process;
	else
		daemonkit_process_free(process);
	return result;
}

static int no_holder(const char *path)
{
	return error_set(-ESRCH, "pid file %s: no process holds it", path);
}

/* Turn the claim on an open file into an answer. */
static int conclude_search(const struct pidfile_place *place, const struct stat *st, int fd,
			   struct pidfile_claim *claim, struct daemonkit_process **ret)
{
	int result = pidfile_claim(fd, 0, claim);

	if (result == -ESTALE)
		return AGAIN;
	if (result < 0)
		return error_system(result, "pid file %s: read", place->path);
	switch (claim->kind) {
	case PIDFILE_CLAIM_HOLDER:
		return prove_holder(place, st, fd, claim, ret);
	case PIDFILE_CLAIM_OTHER:
	case PIDFILE_CLAIM_UNKNOWN: /* perhaps between acquiring the first lock and the second */
		return AGAIN;
	case PIDFILE_CLAIM_UNSEEN:
		return error_set(-EBADMSG,
				 "pid file %s: held by a process that is not visible "
				 "here (another pid namespace or host)",
				 place->path);
	case PIDFILE_CLAIM_NONE:
	case PIDFILE_CLAIM_LINKED:
	case PIDFILE_CLAIM_READER:
	case PIDFILE_CLAIM_LEASED:
	case PIDFILE_CLAIM_LEFT:
		break;
	}
	return pidfile_is_at(place, fd) ? no_holder(place->path) : AGAIN;
}

/* Do not open a file that this process holds: closing it would drop the lock. */
static int find_own_lock(const struct pidfile_place *place, const struct pidfile_lock *lock,
			 struct daemonkit_process **ret)
{
	pid_t named = 0;
	int result;

	/* A file that cannot be read names no process. */
	pidfile_text_read(lock->fd, &named);
	/* An upgrade is in progress: the file changes hands at any moment. */
	if (lock->handed_over && named != getpid())
		return AGAIN;
	if (named != getpid())
		return error_set(-EBADMSG,
				 "pid file %s: held by this process (%ld), but it"
				 " names another or none",
				 place->path, (long)getpid());
	result = process_open(ret, named);
	return result < 0 ? error_system(result, "process %ld", (long)named) : 0;
}

static int probe_file(const struct pidfile_place *place, struct pidfile_claim *claim,
		      struct daemonkit_process **ret)
{
	const struct pidfile_lock *here;
	struct stat st;
	int fd, result = pidfile_stat(place, &st);

	if (result == -ENOENT)
		return error_set(-ESRCH, "pid file %s: no such file", place->path);
	if (result == -ESTALE)
		return AGAIN;
	if (result < 0)
		return result;
	/* A second link to another daemon's file could make that daemon the victim of a signal. */
	if (st.st_nlink > 1) {
		*claim = (struct pidfile_claim){ .kind = PIDFILE_CLAIM_LINKED };
		return AGAIN;
	}
	here = pidfile_lock_of_this_process(&st);
	if (here)
		return find_own_lock(place, here, ret);
	fd = pidfile_open_expected(place, &st, false);
	if (fd == -EAGAIN)
		*claim = (struct pidfile_claim){ .kind = PIDFILE_CLAIM_LEASED };
	if (fd < 0)
		return fd == -ESTALE || fd == -EAGAIN ? AGAIN : fd;
	result = conclude_search(place, &st, fd, claim, ret);
	pidfile_lock_close(fd);
	return result;
}

/* The state did not settle in time. */
static int explain_failure(const char *path, const struct pidfile_claim *claim)
{
	if (claim->kind == PIDFILE_CLAIM_OTHER)
		return error_set(-EBADMSG,
				 "pid file %s: held by process %ld, but it names another"
				 " or none",
				 path, (long)claim->pid);
	if (claim->kind == PIDFILE_CLAIM_LINKED)
		return error_set(-EEXIST, "pid file %s: it has more than one name (hard links)",
				 path);
	if (claim->kind == PIDFILE_CLAIM_LEFT)
		return error_set(-EBADMSG,
				 "pid file %s: locked under the pid of process %ld, which"
				 " does not have that lock; its holder is unknown",
				 path, (long)claim->pid);
	if (claim->kind == PIDFILE_CLAIM_LEASED)
		return pidfile_claim_refuse(claim, path);
	if (claim->kind != PIDFILE_CLAIM_UNKNOWN)
		return error_set(-EBADMSG, "pid file %s: another process keeps changing it", path);
	if (claim->pid == 0)
		return error_set(-EBADMSG, "pid file %s: held by a process, but it names none",
				 path);
	return error_system(claim->error == -EPERM ? -EACCES : claim->error,
			    "pid file %s: cannot determine whether process %ld holds it", path,
			    (long)claim->pid);
}

static int search_holder(const struct pidfile_place *place, struct daemonkit_process **ret)
{
	struct pidfile_claim claim = { .kind = PIDFILE_CLAIM_NONE };

	for (int checks = 0; checks < MAX_CHECKS; checks++) {
		int result;

		pidfile_mutex_lock();
		result = probe_file(place, &claim, ret);
		pidfile_mutex_unlock();
		if (result != AGAIN)
			return result;
		deadline_poll(NULL, 0, deadline_after(1));
	}
	return explain_failure(place->path, &claim);
}

int daemonkit_pidfile_holder(const char *path, struct daemonkit_process **ret)
{
	DISABLE_CANCELLATION;
	struct pidfile_place place;
	int result;

	if (!ret || !path)
		return error_null(__func__);
	if (*path == '\0')
		return error_set(-EINVAL, "pid file: the path is empty");
	result = pidfile_place_open(&place, path);
	if (result == -ENOENT)
		return error_set(-ESRCH, "pid file %s: no such file", path);
	if (result < 0)
		return error_system(result, "pid file %s: open its directory", path);
	result = search_holder(&place, ret);
	pidfile_place_close(&place);
	return result;
}
