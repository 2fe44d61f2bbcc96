/* SPDX-License-Identifier: MIT */
/* Apply limits, root, directory and user to this process. */
#ifndef CONTEXT_CONFINE_H
#define CONTEXT_CONFINE_H

#include "context/settings.h"

/* In the order that doc/DESIGN.md gives: 0, or an error with its text. */
int confine_daemon(const struct settings *settings);

#endif /* CONTEXT_CONFINE_H */
