/* SPDX-License-Identifier: MIT */
/* Limits, scheduling and capabilities of the daemon. */
#ifndef PROCESS_PRIVILEGES_INTERNAL_H
#define PROCESS_PRIVILEGES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/archive.h"

/* At least as many resources as any system has. */
#define PRIVILEGES_LIMITS 16

struct privilege_limit {
	int resource;
	uint64_t soft, hard;
};

/* Initialize with zero; needs no cleanup. */
struct privileges {
	struct privilege_limit limits[PRIVILEGES_LIMITS];
	size_t limit_count;
	bool has_nice, has_scheduler, has_oom, has_capabilities, no_new;
	int nice, policy, priority, oom;
	uint64_t capabilities; /* one bit per number */
};

/* Apply the steps that need privileges: 0 or a negative errno with its text. */
int privileges_apply_first(const struct privileges *privileges);

/* Apply the steps before and after the change of user: as above. */
int privileges_before_user(const struct privileges *privileges);
int privileges_after_user(const struct privileges *privileges);

/* After a failure: capabilities must not survive a later change of user. */
void privileges_undo(const struct privileges *privileges);

/* Write or read the settings. */
void privileges_archive(struct privileges *privileges, struct archive *archive);

#endif /* PROCESS_PRIVILEGES_INTERNAL_H */
