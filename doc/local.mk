# SPDX-License-Identifier: MIT
# Documentation.

# Pictures of README.md and of the manual as HTML.
pictures = \
	doc/pictures/life.svg \
	doc/pictures/start.svg

EXTRA_DIST += \
	doc/ABI.md \
	doc/CONTRIBUTING.md \
	doc/DESIGN.md \
	doc/HACKING.md \
	doc/PORTS.md \
	doc/RELEASING.md \
	doc/RELIABILITY.md \
	doc/SECURITY.md \
	doc/bench \
	$(pictures)

dist_man_MANS = \
	doc/man/daemonkit-faq.7 \
	doc/man/daemonkit-functions.7 \
	doc/man/daemonkit-managers.7 \
	doc/man/daemonkit-porting.7 \
	doc/man/daemonkit-recipes.7 \
	doc/man/daemonkit-tutorial.7 \
	doc/man/daemonkit.7 \
	doc/man/daemonkit_commands.3 \
	doc/man/daemonkit_context.3 \
	doc/man/daemonkit_control.3 \
	doc/man/daemonkit_descriptors.3 \
	doc/man/daemonkit_error.3 \
	doc/man/daemonkit_notify.3 \
	doc/man/daemonkit_pidfile.3 \
	doc/man/daemonkit_privileges.3 \
	doc/man/daemonkit_process.3 \
	doc/man/daemonkit_signals.3 \
	doc/man/daemonkit_upgrade.3 \
	doc/man/daemonkit_version.3

install-data-hook:
	(cd $(srcdir) && $(SHELL) build-aux/man-aliases $(dist_man_MANS)) | \
	while read -r alias page; do \
		echo ".so man3/$$page.3" >'$(DESTDIR)$(man3dir)'/$$alias.3 || exit 1; \
	done

uninstall-hook:
	(cd $(srcdir) && $(SHELL) build-aux/man-aliases $(dist_man_MANS)) | \
	while read -r alias page; do rm -f '$(DESTDIR)$(man3dir)'/$$alias.3; done

# The pages as HTML: "make html", and "make install-html" into $(htmldir); needs mandoc.
html-local: doc/html/stamp
doc/html/stamp: $(dist_man_MANS) $(pictures) build-aux/man-aliases build-aux/man-html \
		build-aux/man-html.awk build-aux/man-html.css
	$(AM_V_GEN)rm -rf doc/html && (cd $(srcdir) && build-aux/man-html \
	'$(abs_builddir)/doc/html' '$(PACKAGE_STRING)' $(dist_man_MANS)) && : >$@

install-html-local: doc/html/stamp
	$(MKDIR_P) '$(DESTDIR)$(htmldir)'
	$(INSTALL_DATA) doc/html/*.html doc/html/*.css doc/html/*.svg '$(DESTDIR)$(htmldir)'

clean-local:
	rm -rf doc/html

dist_doc_DATA = \
	NEWS
