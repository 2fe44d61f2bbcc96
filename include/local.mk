# SPDX-License-Identifier: MIT
# Public headers

daemonkitincludedir = $(includedir)/daemonkit
daemonkitinclude_HEADERS = \
	include/daemonkit/commands.h \
	include/daemonkit/context.h \
	include/daemonkit/control.h \
	include/daemonkit/daemonkit.h \
	include/daemonkit/descriptors.h \
	include/daemonkit/error.h \
	include/daemonkit/macros.h \
	include/daemonkit/notify.h \
	include/daemonkit/pidfile.h \
	include/daemonkit/privileges.h \
	include/daemonkit/process.h \
	include/daemonkit/signals.h \
	include/daemonkit/upgrade.h
nodist_daemonkitinclude_HEADERS = include/daemonkit/version.h
