/* SPDX-License-Identifier: MIT */
/* The owner of a pid file's locks, as far as the kernel can prove it. */
#ifndef PIDFILE_OWNER_H
#define PIDFILE_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

enum pidfile_claim_kind {
	PIDFILE_CLAIM_NONE,    /* no holder; perhaps a dead holder's child has the descriptor */
	PIDFILE_CLAIM_HOLDER,  /* process pid holds it, and the file names it */
	PIDFILE_CLAIM_OTHER,   /* process pid holds it; the file names another or none (yet) */
	PIDFILE_CLAIM_UNSEEN,  /* the holder is in another pid namespace or on another host */
	PIDFILE_CLAIM_READER,  /* no holder, but process pid (0: unknown) has a read lock */
	PIDFILE_CLAIM_LINKED,  /* the file has several names: its owner is ambiguous */
	PIDFILE_CLAIM_UNKNOWN, /* a process holds it; unknown whether it is process pid */
	PIDFILE_CLAIM_LEASED,  /* a process has a lease: the file could not be opened */
	PIDFILE_CLAIM_LEFT,    /* locked under this pid, but that process does not have the lock */
};

struct pidfile_claim {
	enum pidfile_claim_kind kind;
	pid_t pid;        /* the process that the kind refers to; 0 if none */
	int error;        /* UNKNOWN: the negative errno of the failed check */
	bool by_ofd_lock; /* HOLDER: proved by the OFD lock, not by the POSIX lock */
};

/*
 * Find the owner, through a descriptor of the file (open for reading is enough)
 * that this process does not hold.  If the descriptor was inherited from a
 * process that had the OFD lock, that process is successor_of, else 0: a shared
 * OFD lock cannot be detected.  0; -ESTALE if the file turns out to have been
 * removed; or another errno; no text.
 */
int pidfile_claim(int fd, pid_t successor_of, struct pidfile_claim *claim);

/*
 * Explain why a start could not acquire the file named path.  Sets the text and
 * returns -EALREADY if another instance holds it (the text names the holder);
 * -ENOLCK if it cannot be locked though no instance is known to hold it;
 * -ESTALE if there is no such reason.
 */
int pidfile_claim_refuse(const struct pidfile_claim *claim, const char *path);

#endif /* PIDFILE_OWNER_H */
