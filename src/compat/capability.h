/* SPDX-License-Identifier: MIT */
/* Capabilities of a thread. */
#ifndef COMPAT_CAPABILITY_H
#define COMPAT_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

/* Does this capability exist, and may a daemon keep it when it gives up root? */
bool compat_capability_can_be_kept(int capability);

/* Choose whether the permitted set survives the next change of user: 0 or -errno. */
int compat_capabilities_outlive(bool on);

/* Has this thread any capability, if only permitted?  1, 0 or a negative errno. */
int compat_capabilities_any(void);

/* Drop all: permitted, effective, inheritable and ambient.  0 or a negative errno. */
int compat_capabilities_drop(void);

/*
 * Reduce to exactly these (one bit per number): permitted and effective, but
 * neither inheritable nor ambient.  With the privilege for it (CAP_SETPCAP),
 * also remove all others from the bounding set, and grant none to programs for
 * being run as root.  0, a negative errno, or -ENOTSUP.
 */
int compat_capabilities_limit(uint64_t mask);

/*
 * Let the program that this thread executes next have these capabilities of
 * this thread; does nothing for an empty mask.  Async-signal-safe.  0, a
 * negative errno, or -ENOTSUP.
 */
int compat_capabilities_pass(uint64_t mask);

/* 0, a negative errno, or -ENOTSUP; the effect is verified. */
int compat_no_new_privileges(void);

#endif /* COMPAT_CAPABILITY_H */
