/* SPDX-License-Identifier: MIT */
/* Descriptor numbers in the memory that a forked daemon keeps. */
#ifndef START_FORKED_H
#define START_FORKED_H

/*
 * For a child that is about to close its parent's descriptors: make the C
 * library forget its own, and keep this library's descriptors above all numbers
 * that are open now, which the program may still use.  0 or -EMFILE: the limit
 * permits no higher number.
 */
int forked_descriptors(void);

#endif /* START_FORKED_H */
