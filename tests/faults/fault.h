/* SPDX-License-Identifier: MIT */
/* The protocol between the programs that inject faults and those that receive them. */
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
	FAULT_CANCELED = 77, /* the launcher had exited */
};

/* Events of a program, announced to the process that intercepts its system calls. */
enum {
	FAULT_BEGIN = -4242,   /* the calls of the library begin */
	FAULT_SERVING = -4243, /* the daemon is up */
	FAULT_END = -4244,     /* the calls of the library are over */
};

/* Environment variable: how long a request waits for the answer, in milliseconds. */
#define FAULT_PATIENCE "FAULT_PATIENCE"

static inline void fault_mark(int point)
{
	close(point); /* not a descriptor */
}

#endif /* FAULT_H */
