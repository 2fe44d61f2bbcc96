/* SPDX-License-Identifier: MIT */
/* Uses of the public functions, other than a start, for the programs that inject faults. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

struct operation {
	const char *name;
	int (*prepare)(void); /* before the fault; or NULL; not 0: it failed */
	int (*run)(void);     /* 0, or the negative errno of the first function that failed */
	void (*clean)(void);  /* after the fault; or NULL */
};

/* Ends with a NULL name. */
extern const struct operation operations[];

/* The operations use this directory, and leave it empty. */
void operations_use(const char *directory);

#endif /* OPERATIONS_H */
