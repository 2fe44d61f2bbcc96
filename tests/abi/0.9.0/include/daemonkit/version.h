/* SPDX-License-Identifier: MIT */
/*
 * The version: of the headers at compile time, of the library at run time.
 */
#ifndef DAEMONKIT_VERSION_H
#define DAEMONKIT_VERSION_H

#include <daemonkit/macros.h>

DAEMONKIT_BEGIN

/** The version of the headers, as numbers. */
#define DAEMONKIT_VERSION_MAJOR 0
#define DAEMONKIT_VERSION_MINOR 9
#define DAEMONKIT_VERSION_MICRO 0

/** The version of the headers, as a string: "MAJOR.MINOR.MICRO". */
#define DAEMONKIT_VERSION "0.9.0"

/** A version as one number, to be compared: 1.2.3 is 10203. */
#define DAEMONKIT_VERSION_ENCODE(major, minor, micro) \
	((major) * 10000 + (minor) * 100 + (micro))

/** The version of the headers, as one number; can be used in #if. */
#define DAEMONKIT_VERSION_NUMBER \
	DAEMONKIT_VERSION_ENCODE(DAEMONKIT_VERSION_MAJOR, DAEMONKIT_VERSION_MINOR, \
				 DAEMONKIT_VERSION_MICRO)

/**
 * daemonkit_version - the version of the library that is running
 *
 * Returns: a string such as DAEMONKIT_VERSION, which may differ from that
 * of the headers that the program was compiled with.
 * Ownership: the library's, valid for ever; must not be freed.
 * Thread safety: MT-safe, async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API const char *daemonkit_version(void);

/**
 * daemonkit_version_number - the same as one number
 *
 * Returns: a number such as DAEMONKIT_VERSION_NUMBER.
 * Thread safety: MT-safe, async-signal-safe.  Since: 1.0
 */
DAEMONKIT_API int daemonkit_version_number(void);

DAEMONKIT_END

#endif /* DAEMONKIT_VERSION_H */
