/* SPDX-License-Identifier: MIT */
/* Capabilities of a thread. */
#ifndef COMPAT_CAPABILITY_H
#define COMPAT_CAPABILITY_H

#include <stdbool.h>
#include <stdint.h>

/* Is there one of this number that a daemon may keep when it gives up root? */
bool compat_capability_can_be_kept(int capability);

/* Let the permitted ones outlive the next change of user, or not: 0 or -errno. */
int compat_capabilities_outlive(bool on);

/* Has this thread any, if only permitted?  1, 0 or a negative errno. */
int compat_capabilities_any(void);

/* Have none: permitted, effective, inheritable or ambient.  0 or a negative errno. */
int compat_capabilities_drop(void);

/*
 * Have just these (a bit for each number), permitted and effective; none
 * inheritable or ambient; where there is the privilege for it no others in the
 * bounding set, and none for a program because it is run as root.  0, a
 * negative errno, or -ENOTSUP.
 */
int compat_capabilities_limit(uint64_t mask);

/*
 * Let the program that this thread executes next have these of its own; nothing
 * for none.  Async-signal-safe.  0, a negative errno, or -ENOTSUP.
 */
int compat_capabilities_pass(uint64_t mask);

/* Has this thread just these?  0, -EPERM, or another negative errno. */
int compat_capabilities_check(uint64_t mask);

/* 0, a negative errno, or -ENOTSUP; the call is verified. */
int compat_no_new_privileges(void);

#endif /* COMPAT_CAPABILITY_H */
