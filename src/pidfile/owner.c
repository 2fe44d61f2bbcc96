/* SPDX-License-Identifier: MIT */
/*
 * The owner of a pid file's locks, as far as the kernel can prove it.
 * Thread-safe between pidfile_mutex_lock() and pidfile_mutex_unlock().
 */
#include "pidfile/owner.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <daemonkit/process.h>

#include "base/error-internal.h"
#include "compat/ofd-lock.h"
#include "pidfile/location.h"
#include "pidfile/lock.h"
#include "process/process-internal.h"

/*
 * There is an OFD lock but no POSIX lock.  Either the process named by the file is alive
 * and lost the POSIX lock by closing another descriptor of the file; or it is dead, and a
 * child of it still has the descriptor.  The descriptors of the named process show which.
 */
static int examine_ofd_lock(int fd, pid_t named, struct pidfile_claim *claim)
{
	struct daemonkit_process *process = NULL;
	struct stat st;
	int result;

	claim->kind = PIDFILE_CLAIM_NONE;
	claim->pid = named;
	/* If this process were the holder, it would have found the lock in its list. */
	if (named == getpid())
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	result = process_open(&process, named);
	if (result < 0)
		return result == -ESRCH ? 0 : result;
	result = compat_ofd_lock_held_by(named, &st);
	/*
	 * If the process is still alive, the descriptors seen were its own, not those of
	 * another process with the same pid.
	 */
	if (daemonkit_process_alive(process) == 1 && result != 0) {
		claim->kind = result > 0 ? PIDFILE_CLAIM_HOLDER : PIDFILE_CLAIM_UNKNOWN;
		claim->error = result > 0 ? 0 : result;
		claim->by_ofd_lock = true;
	}
	daemonkit_process_free(process);
	return 0;
}

/*
 * There is an OFD lock, but the named process does not have it.  During an upgrade the
 * file may meanwhile name the successor; or the successor has died, and the predecessor,
 * which has a read lock, is about to take the file back.
 */
static int examine_upgrade(int fd, pid_t named, pid_t reader, struct pidfile_claim *claim)
{
	pid_t now;
	int result = 0;

	if (pidfile_text_read(fd, &now) == 0 && now != named) {
		*claim = (struct pidfile_claim){ .kind = PIDFILE_CLAIM_OTHER, .pid = now };
		return 0;
	}
	if (reader > 0)
		result = examine_ofd_lock(fd, reader, claim);
	claim->kind = claim->kind == PIDFILE_CLAIM_HOLDER ? PIDFILE_CLAIM_OTHER
							  : PIDFILE_CLAIM_NONE;
	return result;
}

int pidfile_claim(int fd, pid_t successor_of, struct pidfile_claim *claim)
{
	pid_t pid = 0, named = 0;
	int owner = pidfile_lock_owner(fd, &pid);
	int text = pidfile_text_read(fd, &named), result = 0;

	*claim = (struct pidfile_claim){ .kind = PIDFILE_CLAIM_NONE };
	if (pidfile_was_removed(owner) || pidfile_was_removed(text))
		return -ESTALE;
	if (owner < 0)
		return owner;
	if (text < 0 && text != -ENODATA && text != -EBADMSG)
		return text;
	if (owner == PIDFILE_OWNER_UNSEEN) {
		claim->kind = PIDFILE_CLAIM_UNSEEN;
	} else if (owner == PIDFILE_OWNER_HOLDER) {
		claim->kind = pid == named ? PIDFILE_CLAIM_HOLDER : PIDFILE_CLAIM_OTHER;
		claim->pid = pid;
	} else if (compat_ofd_is_locked(fd)) {
		claim->kind = PIDFILE_CLAIM_UNKNOWN;
		claim->error = text;
		if (named > 0)
			result = examine_ofd_lock(fd, named, claim);
		if (result == 0 && claim->kind == PIDFILE_CLAIM_NONE)
			result = examine_upgrade(fd, named, pid, claim);
	} else if (successor_of > 0) {
		result = examine_ofd_lock(fd, successor_of, claim);
	}
	if (claim->kind == PIDFILE_CLAIM_NONE && owner == PIDFILE_OWNER_READER)
		*claim = (struct pidfile_claim){ .kind = PIDFILE_CLAIM_READER, .pid = pid };
	return result;
}

/* Another process prevents locking, but no instance is known to hold the file. */
static int refuse_unproved(const struct pidfile_claim *claim, const char *path)
{
	if (claim->kind == PIDFILE_CLAIM_LEASED)
		return error_set(-ENOLCK,
				 "pid file %s: another process has a lease on it, which"
				 " keeps others from opening it: end that process",
				 path);
	if (claim->kind == PIDFILE_CLAIM_READER && claim->pid > 0)
		return error_set(-ENOLCK,
				 "pid file %s: locked for reading by process %ld, which "
				 "is not an instance: end that process",
				 path, (long)claim->pid);
	if (claim->kind == PIDFILE_CLAIM_READER)
		return error_set(-ENOLCK,
				 "pid file %s: locked for reading by another process,"
				 " which is not an instance: end that process",
				 path);
	if (claim->pid <= 0)
		return error_set(-ENOLCK,
				 "pid file %s: locked by an unknown process, and the file"
				 " names none: end that process, or remove the file",
				 path);
	error_system(claim->error,
		     "pid file %s: locked by an unknown process, and process %ld,"
		     " which the file names, cannot be examined",
		     path, (long)claim->pid);
	return -ENOLCK;
}

int pidfile_claim_refuse(const struct pidfile_claim *claim, const char *path)
{
	switch (claim->kind) {
	case PIDFILE_CLAIM_HOLDER:
	case PIDFILE_CLAIM_OTHER:
		return error_set(-EALREADY, "pid file %s: held by process %ld", path,
				 (long)claim->pid);
	case PIDFILE_CLAIM_UNSEEN:
		return error_set(-EALREADY,
				 "pid file %s: held by a process that is not visible "
				 "here (another pid namespace or host)",
				 path);
	case PIDFILE_CLAIM_READER:
	case PIDFILE_CLAIM_UNKNOWN:
	case PIDFILE_CLAIM_LEASED:
		return refuse_unproved(claim, path);
	case PIDFILE_CLAIM_NONE:
	case PIDFILE_CLAIM_LINKED:
	case PIDFILE_CLAIM_LEFT:
		break;
	}
	return error_set(-ESTALE, "pid file %s: another process keeps replacing it", path);
}
