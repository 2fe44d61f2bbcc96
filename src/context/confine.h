/* SPDX-License-Identifier: MIT */
/* Apply limits, root, directory and user to this process. */
#ifndef CONTEXT_CONFINE_H
#define CONTEXT_CONFINE_H

#include "context/settings.h"

/*
 * In the order that doc/DESIGN.md gives: 0, or an error with its text.  A daemon in the
 * foreground stays in its working directory unless another one is set.
 */
int confine_daemon(const struct settings *settings, bool foreground);

#endif /* CONTEXT_CONFINE_H */
