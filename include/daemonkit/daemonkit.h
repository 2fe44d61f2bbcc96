/* SPDX-License-Identifier: MIT */
/*
 * All of daemonkit, and what holds for the whole library.
 *
 * Errors.  A function that can fail returns a negative errno, and leaves a
 * text that names the file or the step, the cause, and where it helps the
 * remedy: daemonkit_error() tells it to the calling thread.  On failure nothing
 * that was to be returned through a pointer is touched; such a pointer is the
 * last argument.  NULL where an object is needed is answered with
 * -EINVAL.  The errors listed at a function are those that it makes itself;
 * those of the system calls that it names come through as they are.
 *
 * Manners.  The library prints nothing but in <daemonkit/control.h>, whose
 * business that is, logs nothing, never ends the process, starts no thread,
 * changes no locale and no environment variable of the program but its own,
 * and needs libc only.
 *
 * Ownership.  Constructors, "..._new" and "..._open", store an object that the
 * caller owns; the destructor of the same module, "..._free" or "..._close",
 * takes NULL too and returns NULL.  What is handed in is copied unless the
 * function says otherwise.  A string that is returned belongs to the object or
 * the library and must not be freed.
 *
 * Times are int milliseconds, as in poll(2), measured by a clock that nobody
 * sets: 0 does not wait, DAEMONKIT_FOREVER waits for ever, and so does any
 * other negative number that has no meaning of its own.
 *
 * Threads.  Nothing is global but the signal dispositions, what a pid file's
 * locks make the whole process share, the descriptors that a service manager
 * has passed, which the first context that asks takes for itself, and the text
 * of each thread's last error.  "MT-safe" means that any threads may call at
 * the same time; "MT-safe on different objects" that an object shared by
 * threads needs a lock around its use.  A program starts the threads of its
 * daemon after daemonkit_context_reborn() has returned 0.
 *
 * No function is a cancellation point (pthread_cancel(3)): the request takes
 * effect after the call.  Handlers are called with cancellation disabled.
 * Asynchronous cancellation is not allowed while the library is called.
 *
 * Signals.  Nothing may be called from a signal handler but what is marked
 * "async-signal-safe".  System calls interrupted by signals are taken up
 * again, and no function ends early for that, but for
 * daemonkit_context_reborn() as it says there.
 *
 * fork.  A child made by fork(2) has copies of all objects: it may free them
 * without effect on its parent, the parent's pid file included.  The daemon of
 * DAEMONKIT_MODE_FORK is none such, see there.  What else each module says of
 * children stands there.  All descriptors are close-on-exec.
 *
 * Versions.  "Since" names the first version of the library that has a
 * function; the symbols carry it as the version node LIBDAEMONKIT_<version>.
 * Everything that the library defines for the linker begins with daemonkit_,
 * everything that its headers define with daemonkit_ or DAEMONKIT_.
 */
#ifndef DAEMONKIT_DAEMONKIT_H
#define DAEMONKIT_DAEMONKIT_H

#include <daemonkit/commands.h>
#include <daemonkit/context.h>
#include <daemonkit/control.h>
#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>
#include <daemonkit/macros.h>
#include <daemonkit/notify.h>
#include <daemonkit/pidfile.h>
#include <daemonkit/privileges.h>
#include <daemonkit/process.h>
#include <daemonkit/signals.h>
#include <daemonkit/upgrade.h>
#include <daemonkit/version.h>

#endif /* DAEMONKIT_DAEMONKIT_H */
