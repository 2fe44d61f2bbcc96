# SPDX-License-Identifier: MIT
# Examples: installed as sources, and compiled as users compile them.

examplesdir = $(docdir)/examples
dist_examples_DATA = \
	doc/examples/activated.c \
	doc/examples/log-rotation.c \
	doc/examples/pipe.c \
	doc/examples/service.c \
	doc/examples/signal-handling.c \
	doc/examples/simple.c \
	doc/examples/upgrade.c
languagesdir = $(examplesdir)/languages
dist_languages_DATA = \
	doc/examples/languages/ticker.cc \
	doc/examples/languages/ticker.py
# Each is shown whole in daemonkit-recipes(7).
recipesdir = $(examplesdir)/recipes
dist_recipes_DATA = \
	doc/examples/recipes/early-exit.c \
	doc/examples/recipes/epoll.c \
	doc/examples/recipes/libevent.c \
	doc/examples/recipes/low-port.c \
	doc/examples/recipes/syslog.c \
	doc/examples/recipes/workers.c
# Each step of daemonkit-tutorial(7).
tutorialdir = $(examplesdir)/tutorial
dist_tutorial_DATA = \
	doc/examples/tutorial/greeter.service \
	doc/examples/tutorial/step1.c \
	doc/examples/tutorial/step2.c \
	doc/examples/tutorial/step3.c \
	doc/examples/tutorial/step4.c \
	doc/examples/tutorial/step5.c \
	doc/examples/tutorial/step6.c \
	doc/examples/tutorial/step7.c \
	doc/examples/tutorial/step8.c \
	doc/examples/tutorial/step9.c
example_programs = \
	doc/examples/activated \
	doc/examples/log-rotation \
	doc/examples/pipe \
	doc/examples/recipes/early-exit \
	doc/examples/recipes/epoll \
	doc/examples/recipes/low-port \
	doc/examples/recipes/syslog \
	doc/examples/recipes/workers \
	doc/examples/service \
	doc/examples/signal-handling \
	doc/examples/simple \
	doc/examples/tutorial/step1 \
	doc/examples/tutorial/step2 \
	doc/examples/tutorial/step3 \
	doc/examples/tutorial/step4 \
	doc/examples/tutorial/step5 \
	doc/examples/tutorial/step6 \
	doc/examples/tutorial/step7 \
	doc/examples/tutorial/step8 \
	doc/examples/tutorial/step9 \
	doc/examples/upgrade \
	doc/managers/kept \
	doc/managers/managed
if HAVE_LIBEVENT
example_programs += \
	doc/examples/recipes/libevent
endif

doc_examples_activated_CPPFLAGS = $(example_cppflags)
doc_examples_activated_CFLAGS = $(example_cflags)
doc_examples_activated_LDADD = libdaemonkit.la
doc_examples_activated_LDFLAGS = $(example_ldflags)
doc_examples_log_rotation_CPPFLAGS = $(example_cppflags)
doc_examples_log_rotation_CFLAGS = $(example_cflags)
doc_examples_log_rotation_LDADD = libdaemonkit.la
doc_examples_log_rotation_LDFLAGS = $(example_ldflags)
doc_examples_pipe_CPPFLAGS = $(example_cppflags)
doc_examples_pipe_CFLAGS = $(example_cflags)
doc_examples_pipe_LDADD = libdaemonkit.la
doc_examples_pipe_LDFLAGS = $(example_ldflags)
doc_examples_recipes_early_exit_CPPFLAGS = $(example_cppflags)
doc_examples_recipes_early_exit_CFLAGS = $(example_cflags)
doc_examples_recipes_early_exit_LDADD = libdaemonkit.la
doc_examples_recipes_early_exit_LDFLAGS = $(example_ldflags)
doc_examples_recipes_epoll_CPPFLAGS = $(example_cppflags)
doc_examples_recipes_epoll_CFLAGS = $(example_cflags)
doc_examples_recipes_epoll_LDADD = libdaemonkit.la
doc_examples_recipes_epoll_LDFLAGS = $(example_ldflags)
doc_examples_recipes_libevent_CPPFLAGS = $(example_cppflags) $(LIBEVENT_CFLAGS)
doc_examples_recipes_libevent_CFLAGS = $(example_cflags)
doc_examples_recipes_libevent_LDADD = libdaemonkit.la $(LIBEVENT_LIBS)
doc_examples_recipes_libevent_LDFLAGS = $(example_ldflags)
doc_examples_recipes_low_port_CPPFLAGS = $(example_cppflags)
doc_examples_recipes_low_port_CFLAGS = $(example_cflags)
doc_examples_recipes_low_port_LDADD = libdaemonkit.la
doc_examples_recipes_low_port_LDFLAGS = $(example_ldflags)
doc_examples_recipes_syslog_CPPFLAGS = $(example_cppflags)
doc_examples_recipes_syslog_CFLAGS = $(example_cflags)
doc_examples_recipes_syslog_LDADD = libdaemonkit.la
doc_examples_recipes_syslog_LDFLAGS = $(example_ldflags)
doc_examples_recipes_workers_CPPFLAGS = $(example_cppflags)
doc_examples_recipes_workers_CFLAGS = $(example_cflags)
doc_examples_recipes_workers_LDADD = libdaemonkit.la
doc_examples_recipes_workers_LDFLAGS = $(example_ldflags)
doc_examples_service_CPPFLAGS = $(example_cppflags)
doc_examples_service_CFLAGS = $(example_cflags)
doc_examples_service_LDADD = libdaemonkit.la
doc_examples_service_LDFLAGS = $(example_ldflags)
doc_examples_signal_handling_CPPFLAGS = $(example_cppflags)
doc_examples_signal_handling_CFLAGS = $(example_cflags)
doc_examples_signal_handling_LDADD = libdaemonkit.la
doc_examples_signal_handling_LDFLAGS = $(example_ldflags)
doc_examples_simple_CPPFLAGS = $(example_cppflags)
doc_examples_simple_CFLAGS = $(example_cflags)
doc_examples_simple_LDADD = libdaemonkit.la
doc_examples_simple_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step1_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step1_CFLAGS = $(example_cflags)
doc_examples_tutorial_step1_LDADD = libdaemonkit.la
doc_examples_tutorial_step1_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step2_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step2_CFLAGS = $(example_cflags)
doc_examples_tutorial_step2_LDADD = libdaemonkit.la
doc_examples_tutorial_step2_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step3_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step3_CFLAGS = $(example_cflags)
doc_examples_tutorial_step3_LDADD = libdaemonkit.la
doc_examples_tutorial_step3_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step4_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step4_CFLAGS = $(example_cflags)
doc_examples_tutorial_step4_LDADD = libdaemonkit.la
doc_examples_tutorial_step4_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step5_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step5_CFLAGS = $(example_cflags)
doc_examples_tutorial_step5_LDADD = libdaemonkit.la
doc_examples_tutorial_step5_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step6_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step6_CFLAGS = $(example_cflags)
doc_examples_tutorial_step6_LDADD = libdaemonkit.la
doc_examples_tutorial_step6_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step7_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step7_CFLAGS = $(example_cflags)
doc_examples_tutorial_step7_LDADD = libdaemonkit.la
doc_examples_tutorial_step7_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step8_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step8_CFLAGS = $(example_cflags)
doc_examples_tutorial_step8_LDADD = libdaemonkit.la
doc_examples_tutorial_step8_LDFLAGS = $(example_ldflags)
doc_examples_tutorial_step9_CPPFLAGS = $(example_cppflags)
doc_examples_tutorial_step9_CFLAGS = $(example_cflags)
doc_examples_tutorial_step9_LDADD = libdaemonkit.la
doc_examples_tutorial_step9_LDFLAGS = $(example_ldflags)
doc_examples_upgrade_CPPFLAGS = $(example_cppflags)
doc_examples_upgrade_CFLAGS = $(example_cflags)
doc_examples_upgrade_LDADD = libdaemonkit.la
doc_examples_upgrade_LDFLAGS = $(example_ldflags)

example_cppflags = -I$(top_builddir)/include -I$(top_srcdir)/include
example_cflags = $(DIALECT_CFLAGS) $(WARNING_CFLAGS) $(INSTRUMENT_CFLAGS) $(EXAMPLE_CFLAGS)
# Static: the programs also run without the build directory.  A run path cannot contain a
# colon, and libtool does not support a blank in it.
example_ldflags = $(AM_LDFLAGS) -static -no-install
