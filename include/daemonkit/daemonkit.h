/* SPDX-License-Identifier: MIT */
/*
 * All of daemonkit, and the rules for the whole library.
 *
 * Errors.  A function that can fail returns a negative errno, and sets a text
 * that names the file or the step, the cause, and where helpful the remedy:
 * daemonkit_error() returns it to the calling thread.  On failure nothing is
 * stored through a pointer to a result; such a pointer is the last argument.
 * NULL instead of a required object gives -EINVAL.  The errors listed for a
 * function are its own; errors of the system calls that it names are returned
 * unchanged.
 *
 * Conduct.  The library prints nothing, except in <daemonkit/control.h>, logs
 * nothing, never ends the process, starts no thread, does not change the locale
 * or any environment variable but its own, and needs only libc.
 *
 * Ownership.  Constructors, "..._new" and "..._open", store an object that the
 * caller owns; the destructor of the same module, "..._free" or "..._close",
 * accepts NULL too and returns NULL.  Arguments are copied unless the function
 * says otherwise.  A returned string belongs to the object or the library and
 * must not be freed.
 *
 * Times are int milliseconds, as in poll(2), measured by the monotonic clock: 0
 * does not wait; DAEMONKIT_FOREVER, or any other negative number without a
 * special meaning, waits without a time limit.
 *
 * Threads.  The only global state is the signal dispositions, the locks of pid
 * files, which belong to the whole process, the descriptors passed by a service
 * manager, which the first context that asks for them acquires, and the text of
 * each thread's last error.  "MT-safe" means that any threads may call at the
 * same time; "MT-safe on different objects" that an object shared by threads
 * needs a lock around its use.  A program starts the threads of its daemon
 * after daemonkit_context_reborn() has returned 0.
 *
 * No function is a cancellation point (pthread_cancel(3)): the request takes
 * effect after the call.  Handlers are called with cancellation disabled.
 * Asynchronous cancellation is not permitted during a call of the library.
 *
 * Signals.  A signal handler may call only functions that are marked
 * "async-signal-safe".  Interrupted system calls are restarted, and no function
 * returns early because of a signal, except daemonkit_context_reborn() as
 * described there.
 *
 * fork.  A child made by fork(2) has copies of all objects: it may free them
 * without effect on its parent or the parent's pid file.  This does not apply
 * to the daemon of DAEMONKIT_MODE_FORK; see there.  Further rules for children
 * are given in each module.  All descriptors are close-on-exec.
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
