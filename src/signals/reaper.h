/* SPDX-License-Identifier: MIT */
/* Children that others left behind, cleared away. */
#ifndef SIGNALS_REAPER_H
#define SIGNALS_REAPER_H

#include <stdbool.h>
#include <sys/types.h>

struct orphans {
	bool on;
	bool due;                               /* there may be some */
	int (*is_own)(pid_t child, void *data); /* NULL: no child is the program's */
	void *data;
};

/*
 * Clear away every ended child that is not the program's own.  One that is
 * stays, and keeps it due.  Where this process adopts none nothing is done.
 */
void orphans_clear(struct orphans *orphans);

#endif /* SIGNALS_REAPER_H */
