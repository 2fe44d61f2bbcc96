# SPDX-License-Identifier: MIT
# Packaging: the library for other distributions than Debian, and a complete source package of
# a service, as a template.

alpinedir = $(examplesdir)/packaging/alpine
dist_alpine_DATA = doc/packaging/alpine/APKBUILD
rpmdir = $(examplesdir)/packaging/rpm
dist_rpm_DATA = doc/packaging/rpm/daemonkit.spec

quoteddir = $(examplesdir)/packaging/quoted
dist_quoted_DATA = \
	doc/packaging/quoted/Makefile \
	doc/packaging/quoted/README.md \
	doc/packaging/quoted/quoted.8 \
	doc/packaging/quoted/quoted.c \
	doc/packaging/quoted/quotes
quoted_debiandir = $(quoteddir)/debian
dist_quoted_debian_DATA = \
	doc/packaging/quoted/debian/changelog \
	doc/packaging/quoted/debian/control \
	doc/packaging/quoted/debian/copyright \
	doc/packaging/quoted/debian/quoted.init \
	doc/packaging/quoted/debian/quoted.lintian-overrides \
	doc/packaging/quoted/debian/quoted.logrotate \
	doc/packaging/quoted/debian/quoted.postrm \
	doc/packaging/quoted/debian/quoted.service \
	doc/packaging/quoted/debian/quoted.socket \
	doc/packaging/quoted/debian/quoted.sysusers \
	doc/packaging/quoted/debian/quoted.tmpfiles \
	doc/packaging/quoted/debian/watch
dist_quoted_debian_SCRIPTS = doc/packaging/quoted/debian/rules
quoted_sourcedir = $(quoted_debiandir)/source
dist_quoted_source_DATA = \
	doc/packaging/quoted/debian/source/format \
	doc/packaging/quoted/debian/source/lintian-overrides
quoted_testsdir = $(quoted_debiandir)/tests
dist_quoted_tests_DATA = doc/packaging/quoted/debian/tests/control
dist_quoted_tests_SCRIPTS = doc/packaging/quoted/debian/tests/service
quoted_upstreamdir = $(quoted_debiandir)/upstream
dist_quoted_upstream_DATA = doc/packaging/quoted/debian/upstream/metadata
