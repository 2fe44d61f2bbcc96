/* SPDX-License-Identifier: MIT */
/* Limits, scheduling and capabilities of the daemon. */
#ifndef PROCESS_PRIVILEGES_INTERNAL_H
#define PROCESS_PRIVILEGES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/archive.h"

/* As many resources as any system has. */
#define PRIVILEGES_LIMITS 16

struct privilege_limit {
	int resource;
	uint64_t soft, hard;
};

/* Begin with all zero; it owns nothing. */
struct privileges {
	struct privilege_limit limits[PRIVILEGES_LIMITS];
	size_t limit_count;
	bool has_nice, has_scheduler, has_oom, has_capabilities, no_new;
	int nice, policy, priority, oom;
	uint64_t capabilities; /* a bit for each number */
};

/* What can be had while there is the privilege for it: 0 or a negative errno with its text. */
int privileges_apply_first(const struct privileges *privileges);

/* Before and after the change of user: likewise. */
int privileges_before_user(const struct privileges *privileges);
int privileges_after_user(const struct privileges *privileges);

/* When one of these or the change has failed: the next one is not to let them outlive it. */
void privileges_undo(const struct privileges *privileges);

/* Written, or read. */
void privileges_archive(struct privileges *privileges, struct archive *archive);

#endif /* PROCESS_PRIVILEGES_INTERNAL_H */
