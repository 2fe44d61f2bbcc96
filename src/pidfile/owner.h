/* SPDX-License-Identifier: MIT */
/* Who holds a pid file, as far as the kernel vouches for it. */
#ifndef PIDFILE_OWNER_H
#define PIDFILE_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

enum pidfile_claim_kind {
	PIDFILE_CLAIM_NONE,    /* nobody; perhaps a dead holder's child has its descriptor */
	PIDFILE_CLAIM_HOLDER,  /* this process, and the file names it */
	PIDFILE_CLAIM_OTHER,   /* this process, but the file names another or none (yet) */
	PIDFILE_CLAIM_UNSEEN,  /* a process of another pid namespace or host */
	PIDFILE_CLAIM_READER,  /* nobody, but this process (0: some) keeps it locked for reading */
	PIDFILE_CLAIM_LINKED,  /* it has several names: whose file it is cannot be told */
	PIDFILE_CLAIM_UNKNOWN, /* somebody, and it cannot be seen whether it is this one */
	PIDFILE_CLAIM_LEASED,  /* somebody has a lease: the file could not be opened */
	PIDFILE_CLAIM_LEFT,    /* a process that had this pid; the one that has it now does not */
};

struct pidfile_claim {
	enum pidfile_claim_kind kind;
	pid_t pid;        /* of whom the kind speaks; 0 without one */
	int obstacle;     /* UNKNOWN: the negative errno that kept it from being seen */
	bool by_ofd_lock; /* HOLDER: proved by the OFD lock, not by the POSIX lock */
};

/*
 * Find it out, through a descriptor of the file (open for reading is enough)
 * that is not held by this process.  If it was inherited from a process that
 * had the OFD lock, that is successor_of, else 0: a shared OFD lock does not show.  0;
 * -ESTALE when the file is seen to have been removed; or another errno; no text.
 */
int pidfile_claim(int fd, pid_t successor_of, struct pidfile_claim *claim);

/*
 * The error, with its text, for a start that did not get the file named path:
 * -EALREADY and the holder when another instance holds it; -ENOLCK when it
 * cannot be locked though no instance is known to hold it; -ESTALE when
 * nothing was found that keeps it.
 */
int pidfile_claim_refuse(const struct pidfile_claim *claim, const char *path);

#endif /* PIDFILE_OWNER_H */
