/* SPDX-License-Identifier: MIT */
/* Numbers of descriptors in the memory that a forked daemon keeps. */
#ifndef START_FORKED_H
#define START_FORKED_H

/*
 * In a child that is about to close the descriptors of its parent: make the C library
 * forget those that it remembers, and keep the library's own off all the numbers that are
 * open now, which the program may still remember.  0 or -EMFILE: the limit allows none
 * above these.
 */
int forked_descriptors(void);

#endif /* START_FORKED_H */
