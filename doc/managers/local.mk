# SPDX-License-Identifier: MIT
# Service managers: configuration files for them, and the daemons that they start.

managersdir = $(examplesdir)/managers
dist_managers_DATA = \
	doc/managers/kept.c \
	doc/managers/managed.c
managers_busyboxdir = $(managersdir)/busybox
dist_managers_busybox_DATA = doc/managers/busybox/inittab
managers_containerdir = $(managersdir)/container
dist_managers_container_SCRIPTS = \
	doc/managers/container/entrypoint \
	doc/managers/container/entrypoint-init
managers_daemontoolsdir = $(managersdir)/daemontools
dist_managers_daemontools_SCRIPTS = doc/managers/daemontools/run
managers_init_ddir = $(managersdir)/init.d
dist_managers_init_d_SCRIPTS = \
	doc/managers/init.d/managed \
	doc/managers/init.d/managed-await
managers_logrotatedir = $(managersdir)/logrotate
dist_managers_logrotate_DATA = doc/managers/logrotate/managed
managers_monitdir = $(managersdir)/monit
dist_managers_monit_DATA = doc/managers/monit/managed
managers_openrcdir = $(managersdir)/openrc
dist_managers_openrc_SCRIPTS = \
	doc/managers/openrc/managed \
	doc/managers/openrc/managed-forking
managers_runitdir = $(managersdir)/runit
dist_managers_runit_SCRIPTS = \
	doc/managers/runit/check \
	doc/managers/runit/run
managers_s6dir = $(managersdir)/s6
dist_managers_s6_DATA = doc/managers/s6/notification-fd
dist_managers_s6_SCRIPTS = doc/managers/s6/run
managers_supervisordir = $(managersdir)/supervisor
dist_managers_supervisor_DATA = doc/managers/supervisor/managed.conf
managers_systemddir = $(managersdir)/systemd
dist_managers_systemd_DATA = \
	doc/managers/systemd/activated-forking.service \
	doc/managers/systemd/activated.service \
	doc/managers/systemd/activated.socket \
	doc/managers/systemd/kept-commands.socket \
	doc/managers/systemd/kept.service \
	doc/managers/systemd/kept.socket \
	doc/managers/systemd/managed-background.service \
	doc/managers/systemd/managed-exec.service \
	doc/managers/systemd/managed-forking.service \
	doc/managers/systemd/managed-hardened.service \
	doc/managers/systemd/managed-notify-reload.service \
	doc/managers/systemd/managed-simple.service \
	doc/managers/systemd/managed.service \
	doc/managers/systemd/upgrade-forking.service \
	doc/managers/systemd/upgrade.service

# Linked statically: they also run in other systems, without a shared libdaemonkit.
doc_managers_kept_CPPFLAGS = $(example_cppflags)
doc_managers_kept_CFLAGS = $(example_cflags)
doc_managers_kept_LDADD = libdaemonkit.la
doc_managers_kept_LDFLAGS = $(example_ldflags)
doc_managers_managed_CPPFLAGS = $(example_cppflags)
doc_managers_managed_CFLAGS = $(example_cflags)
doc_managers_managed_LDADD = libdaemonkit.la
doc_managers_managed_LDFLAGS = $(example_ldflags)

# Needs root, and the packages of tests/managers/packages.
check-managers: libdaemonkit.la
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' MAKE='$(MAKE)' \
	$(srcdir)/tests/long/managers
.PHONY: check-managers
