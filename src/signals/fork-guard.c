/* SPDX-License-Identifier: MIT */
/*
 * The process that data in memory belongs to, recognized by its pid.
 * Thread-safe.
 */
#include "signals/fork-guard.h"

#include <unistd.h>

#include "base/clock.h"

bool fork_guard_is_owner(const fork_guard *guard)
{
	return atomic_load(guard) == getpid();
}

void fork_guard_adopt(fork_guard *guard, void (*forget_parent)(void))
{
	pid_t self = getpid();
	pid_t old = atomic_load(guard);

	for (unsigned round = 0; old != self; round++) {
		if (old == -self) {
			deadline_pause(round);
			old = atomic_load(guard);
		} else if (atomic_compare_exchange_strong(guard, &old, -self)) {
			forget_parent();
			atomic_store(guard, self);
			old = self;
		}
	}
}
