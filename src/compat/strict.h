/* SPDX-License-Identifier: MIT */
/*
 * Included before everything else in each file of the library: with --disable-optional-calls
 * the headers of the system declare nothing beyond POSIX.1-2008 and its XSI option.
 */
#ifndef COMPAT_STRICT_H
#define COMPAT_STRICT_H

#ifdef COMPAT_STRICT
#undef _ALL_SOURCE
#undef _DARWIN_C_SOURCE
#undef _DEFAULT_SOURCE
#undef _GNU_SOURCE
#undef _NETBSD_SOURCE
#undef _OPENBSD_SOURCE
#undef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#undef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#undef __EXTENSIONS__
#endif

#endif /* COMPAT_STRICT_H */
