/* SPDX-License-Identifier: MIT */
/*
 * The attributes that the public headers put on their declarations.
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
#define DAEMONKIT_NONNULL(...) __attribute__((__nonnull__(__VA_ARGS__)))
#define DAEMONKIT_CHECK __attribute__((__warn_unused_result__))
#else
#define DAEMONKIT_NONNULL(...)
#define DAEMONKIT_CHECK
#endif

#if defined(__GNUC__)
#define DAEMONKIT_PRINTF(format, first) \
	__attribute__((__format__(__printf__, format, first)))
#else
#define DAEMONKIT_PRINTF(format, first)
#endif

#endif /* DAEMONKIT_MACROS_H */
