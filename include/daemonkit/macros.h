/* SPDX-License-Identifier: MIT */
/*
 * Times that are no number of milliseconds, and the attributes that the public
 * headers put on their declarations.
 *
 * They make the compiler warn about a forgotten result or a NULL argument;
 * they never change what a function does.  The library itself is compiled
 * without them, so that a NULL that reaches it all the same is answered
 * with -EINVAL and not with undefined behaviour.
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
/* The numbers stand in parentheses: DAEMONKIT_NONNULL((1, 2)). */
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

/* Wait for ever; any other negative number does as well. */
#define DAEMONKIT_FOREVER (-1)
/* Of a start: wait until the daemon is set up, and for no more. */
#define DAEMONKIT_UNTIL_SET_UP (-2)
/* Of a stop: do not send SIGKILL at all. */
#define DAEMONKIT_NEVER (-3)

/* A source that includes nothing else is none without a declaration. */
struct daemonkit_context;

#endif /* DAEMONKIT_MACROS_H */
