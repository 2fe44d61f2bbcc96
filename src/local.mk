# SPDX-License-Identifier: MIT
# The library: first a library of all objects, for tests of internal functions.

EXTRA_DIST += \
	src/.clang-tidy \
	src/cppcheck.suppress \
	src/libdaemonkit.map

noinst_LTLIBRARIES += libdaemonkit-internal.la
libdaemonkit_internal_la_SOURCES = \
	src/base/archive.c \
	src/base/archive.h \
	src/base/cancel.h \
	src/base/clock.c \
	src/base/clock.h \
	src/base/decimal.c \
	src/base/decimal.h \
	src/base/error-internal.h \
	src/base/error.c \
	src/base/fd.c \
	src/base/fd.h \
	src/base/path.c \
	src/base/path.h \
	src/base/secret.h \
	src/base/strerror.c \
	src/base/strerror.h \
	src/compat/abstract.c \
	src/compat/abstract.h \
	src/compat/argv.c \
	src/compat/argv.h \
	src/compat/capability.c \
	src/compat/capability.h \
	src/compat/children.c \
	src/compat/children.h \
	src/compat/clone.c \
	src/compat/clone.h \
	src/compat/close-range.c \
	src/compat/close-range.h \
	src/compat/epoll.c \
	src/compat/epoll.h \
	src/compat/executable.c \
	src/compat/executable.h \
	src/compat/limits.c \
	src/compat/limits.h \
	src/compat/message.c \
	src/compat/message.h \
	src/compat/ofd-lock.c \
	src/compat/ofd-lock.h \
	src/compat/openat.c \
	src/compat/openat.h \
	src/compat/pid-namespace.c \
	src/compat/pid-namespace.h \
	src/compat/pidfd.c \
	src/compat/pidfd.h \
	src/compat/pipe.c \
	src/compat/pipe.h \
	src/compat/privileged.c \
	src/compat/privileged.h \
	src/compat/random.c \
	src/compat/random.h \
	src/compat/self.c \
	src/compat/self.h \
	src/compat/siginfo.c \
	src/compat/siginfo.h \
	src/compat/socket.c \
	src/compat/socket.h \
	src/compat/stdin.c \
	src/compat/stdin.h \
	src/compat/strict.h \
	src/compat/user.c \
	src/compat/user.h \
	src/compat/vsock.c \
	src/compat/vsock.h \
	src/compat/window.c \
	src/compat/window.h \
	src/process/account.c \
	src/process/account.h \
	src/process/credentials.c \
	src/process/credentials.h \
	src/process/privileges-internal.h \
	src/process/privileges.c \
	src/process/process-internal.h \
	src/process/process.c \
	src/ipc/channel.c \
	src/ipc/channel.h \
	src/ipc/reply.c \
	src/ipc/reply.h \
	src/ipc/request.c \
	src/signals/commands.c \
	src/signals/disposition.c \
	src/signals/disposition.h \
	src/signals/fork-guard.c \
	src/signals/fork-guard.h \
	src/signals/handler.c \
	src/signals/handler.h \
	src/signals/init.c \
	src/signals/init.h \
	src/signals/queue.c \
	src/signals/queue.h \
	src/signals/reaper.c \
	src/signals/reaper.h \
	src/signals/signals-internal.h \
	src/signals/signals.c \
	src/manager/manager.c \
	src/manager/manager.h \
	src/manager/named-fds.c \
	src/manager/named-fds.h \
	src/manager/notify-address.c \
	src/manager/notify-address.h \
	src/manager/notify-internal.h \
	src/manager/notify.c \
	src/manager/socket-address.c \
	src/pidfile/create.c \
	src/pidfile/handover.c \
	src/pidfile/holder.c \
	src/pidfile/location.c \
	src/pidfile/location.h \
	src/pidfile/lock.c \
	src/pidfile/lock.h \
	src/pidfile/move.c \
	src/pidfile/owner.c \
	src/pidfile/owner.h \
	src/pidfile/pidfile-internal.h \
	src/pidfile/pidfile.c \
	src/pidfile/publish.c \
	src/pidfile/read.c \
	src/pidfile/remove-stale.c \
	src/start/await.c \
	src/start/await.h \
	src/start/forked.c \
	src/start/forked.h \
	src/start/initial.c \
	src/start/initial.h \
	src/start/interrupt.c \
	src/start/interrupt.h \
	src/start/launch.c \
	src/start/launch.h \
	src/start/marker.c \
	src/start/marker.h \
	src/start/output.c \
	src/start/output.h \
	src/start/watcher.c \
	src/start/watcher.h \
	src/context/confine.c \
	src/context/confine.h \
	src/context/context-internal.h \
	src/context/context.c \
	src/context/daemonize.c \
	src/context/daemonize.h \
	src/context/launch-plan.c \
	src/context/launch-plan.h \
	src/context/logfile.c \
	src/context/logfile.h \
	src/context/notification.c \
	src/context/pid-file.c \
	src/context/pid-file.h \
	src/context/reborn.c \
	src/context/set-descriptors.c \
	src/context/set-privileges.c \
	src/context/setters.c \
	src/context/settings.c \
	src/context/settings.h \
	src/context/socket-paths.c \
	src/context/socket-paths.h \
	src/context/streams.c \
	src/context/streams.h \
	src/context/takeover.c \
	src/context/takeover.h \
	src/context/upgrade.c \
	src/context/version.c \
	src/control/control-internal.h \
	src/control/control.c \
	src/control/status.c \
	src/control/stop.c \
	src/control/terminal.c \
	src/control/terminal.h

# The implementation of systemd's protocol: this library's own, or libsystemd.
libdaemonkit_internal_la_CPPFLAGS = $(AM_CPPFLAGS) -include compat/strict.h
libdaemonkit_internal_la_CFLAGS = $(AM_CFLAGS) $(STRICT_CFLAGS) $(TLS_CFLAGS) $(LIBSYSTEMD_CFLAGS)
# The objects of a convenience library are position-independent, also in the static library:
# without this option libtool would compile each file twice.
libdaemonkit_internal_la_LIBTOOLFLAGS = --tag=disable-static
if WITH_LIBSYSTEMD
libdaemonkit_internal_la_SOURCES += src/manager/libsystemd.c
libdaemonkit_internal_la_LIBADD = $(LIBSYSTEMD_LIBS)
else
libdaemonkit_internal_la_SOURCES += src/manager/notify-socket.c
endif

# C:R:A, changed once for each release:
#   the sources changed           C:R+1:A
#   functions were added          C+1:0:A+1
#   functions changed or removed  C+1:0:0   (the soname changes: never for 1.x)
# The number in the soname is C - A, that is 1.
lib_LTLIBRARIES = libdaemonkit.la
libdaemonkit_la_SOURCES =
libdaemonkit_la_LIBADD = libdaemonkit-internal.la
libdaemonkit_la_DEPENDENCIES = libdaemonkit-internal.la \
	$(top_srcdir)/src/libdaemonkit.map $(top_srcdir)/build-aux/link-library
libdaemonkit_la_LDFLAGS = $(AM_LDFLAGS) -version-info 1:0:0 -no-undefined
if VERSION_SCRIPT
libdaemonkit_la_LDFLAGS += -Wl,--version-script=$(top_srcdir)/src/libdaemonkit.map
else
libdaemonkit_la_LDFLAGS += -export-symbols-regex '^daemonkit_'
endif
libdaemonkit_la_LINK = AR='$(AR)' OBJCOPY='$(OBJCOPY)' \
	RELINK='$(CC) $(CFLAGS) $(RELOCATABLE_CFLAGS) -r -nostdlib' \
	$(SHELL) $(top_srcdir)/build-aux/link-library $(top_srcdir)/src/libdaemonkit.map \
	$(LIBTOOL) $(AM_V_lt) --tag=CC $(AM_LIBTOOLFLAGS) $(LIBTOOLFLAGS) --mode=link \
	$(CCLD) $(AM_CFLAGS) $(CFLAGS) $(libdaemonkit_la_LDFLAGS) $(LDFLAGS) -o $@
