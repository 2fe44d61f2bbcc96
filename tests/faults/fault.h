/* SPDX-License-Identifier: MIT */
/* What the programs that suffer faults and those that inject them agree on. */
#ifndef FAULT_H
#define FAULT_H

#include <unistd.h>

/* Exit codes. */
enum {
	FAULT_REPORTED = 1, /* an error with a text */
	FAULT_USAGE = 2,
	FAULT_SILENT = 3, /* an error without a text, or a positive one */
	FAULT_LEAK = 4,
	FAULT_NONE = 5,      /* the fault was not reached */
	FAULT_CANCELED = 77, /* the launcher was gone */
};

/* Points of a program's life, told to whoever watches its system calls. */
enum {
	FAULT_BEGIN = -4242,   /* the library's work begins */
	FAULT_SERVING = -4243, /* the daemon is up */
	FAULT_END = -4244,     /* the library's work is over */
};

static inline void fault_mark(int point)
{
	close(point); /* no such descriptor */
}

#endif /* FAULT_H */
