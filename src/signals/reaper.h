/* SPDX-License-Identifier: MIT */
/* Reaping adopted orphans. */
#ifndef SIGNALS_REAPER_H
#define SIGNALS_REAPER_H

#include <stdbool.h>
#include <sys/types.h>

struct orphans {
	bool on;
	bool due;                               /* there may be orphans to reap */
	int (*is_own)(pid_t child, void *data); /* NULL: the program has no children of its own */
	void *data;
};

/*
 * Reap every exited child that is not the program's own.  An exited child of
 * the program is left alone, and due stays set.  Does nothing if this process
 * adopts no orphans.
 */
void orphans_clear(struct orphans *orphans);

#endif /* SIGNALS_REAPER_H */
