/* SPDX-License-Identifier: MIT */
/*
 * The process that data in memory belongs to, recognized by its pid.
 * Thread-safe.
 */
#include "signals/home.h"

#include <unistd.h>

#include "base/clock.h"

bool home_is_here(const home_pid *home)
{
	return atomic_load(home) == getpid();
}

void home_adopt(home_pid *home, void (*forget_parent)(void))
{
	pid_t self = getpid();
	pid_t old = atomic_load(home);

	for (unsigned round = 0; old != self; round++) {
		if (old == -self) {
			deadline_pause(round);
			old = atomic_load(home);
		} else if (atomic_compare_exchange_strong(home, &old, -self)) {
			forget_parent();
			atomic_store(home, self);
			old = self;
		}
	}
}
