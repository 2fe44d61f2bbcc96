/* SPDX-License-Identifier: MIT */
/*
 * Reaping orphans adopted by this process, but no children of the program.
 *
 * waitid(2) with WNOWAIT reports only the first exited child.  While that child is an
 * orphan, no list is needed; an exited child that the program has not reaped yet hides
 * the others, which are then found in the list of all children.
 *
 * One object is used by one thread at a time.
 */
#include "signals/reaper.h"

#include <stddef.h>

#include "compat/children.h"

struct pass {
	struct orphans *orphans;
	bool cleared;
};

static bool reap_orphan(struct orphans *orphans, pid_t child)
{
	if (orphans->is_own != NULL && orphans->is_own(child, orphans->data) != 0) {
		orphans->due = true;
		return false;
	}
	return compat_children_reap(child);
}

static void reap_listed_child(pid_t child, void *data)
{
	struct pass *pass = data;

	if (compat_children_has_exited(child) && reap_orphan(pass->orphans, child))
		pass->cleared = true;
}

void orphans_clear(struct orphans *orphans)
{
	struct pass pass = { orphans, false };
	pid_t child;

	if (!orphans->on || !orphans->due)
		return;
	orphans->due = false;
	if (!compat_children_adopts())
		return;
	while ((child = compat_children_exited()) > 0)
		if (!reap_orphan(orphans, child))
			break;
	if (child == 0)
		return;
	/* After a child is reaped, the list may skip others: repeat until none is reaped. */
	do {
		pass.cleared = false;
		compat_children_each(reap_listed_child, &pass);
	} while (pass.cleared);
}
