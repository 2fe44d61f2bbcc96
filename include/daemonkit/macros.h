/* SPDX-License-Identifier: MIT */
/*
 * Special values of times, and the attributes of the declarations in the public
 * headers.
 *
 * The attributes make the compiler warn about an unused result or a NULL
 * argument; they never change the behaviour of a function.  The library itself
 * is compiled without them, so that a NULL that still reaches it gives -EINVAL
 * and not undefined behaviour.
 */
#ifndef DAEMONKIT_MACROS_H
#define DAEMONKIT_MACROS_H

#ifdef __cplusplus
#define DAEMONKIT_BEGIN extern "C" {
#define DAEMONKIT_END }
#else
#define DAEMONKIT_BEGIN
#define DAEMONKIT_END
#endif

#if defined(__GNUC__)
#define DAEMONKIT_API __attribute__((__visibility__("default")))
#else
#define DAEMONKIT_API
#endif

#if defined(__GNUC__) && !defined(DAEMONKIT_BUILD)
/* The numbers are in parentheses: DAEMONKIT_NONNULL((1, 2)). */
#define DAEMONKIT_NONNULL(numbers) __attribute__((__nonnull__ numbers))
#define DAEMONKIT_CHECK __attribute__((__warn_unused_result__))
#else
#define DAEMONKIT_NONNULL(numbers)
#define DAEMONKIT_CHECK
#endif

#if defined(__GNUC__)
#define DAEMONKIT_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#else
#define DAEMONKIT_PRINTF(format, first)
#endif

/* Wait without a time limit; any other negative number has the same effect. */
#define DAEMONKIT_FOREVER (-1)
/* For a start: wait only until the daemon is set up. */
#define DAEMONKIT_UNTIL_SET_UP (-2)
/* For a stop: do not send SIGKILL at all. */
#define DAEMONKIT_NEVER (-3)

/* ISO C requires at least one declaration in a translation unit. */
struct daemonkit_context;

#endif /* DAEMONKIT_MACROS_H */
