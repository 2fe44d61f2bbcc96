# SPDX-License-Identifier: MIT
# Tests.

EXTRA_DIST += \
	tests/abi \
	tests/bench/bench.c \
	tests/bench/bench.h \
	tests/bench/go-daemon.go \
	tests/bench/load.c \
	tests/bench/objects.c \
	tests/bench/operations.c \
	tests/bench/peer-libbsd.c \
	tests/bench/peer-libdaemon.c \
	tests/bench/peer-libev.c \
	tests/bench/peer-libevent.c \
	tests/bench/peer-libsystemd.c \
	tests/bench/peer-libuv.c \
	tests/bench/python-daemon \
	tests/bench/report \
	tests/bench/run \
	tests/bench/same-steps.c \
	tests/bench/same-steps.h \
	tests/bench/signals.c \
	tests/bench/start.c \
	tests/bench/tableflip.go \
	tests/bench/upgrade.c \
	tests/coverage/accepted \
	tests/coverage/report \
	tests/coverage/run \
	tests/fuzz/corpus \
	tests/fuzz/entry.c \
	tests/long/fuse \
	tests/long/fuzzers \
	tests/long/managers \
	tests/long/memory-faults \
	tests/long/races \
	tests/long/soak \
	tests/long/start-cost \
	tests/long/system-call-faults \
	tests/long/vsock \
	tests/managers/boot-systemd \
	tests/managers/isolated.py \
	tests/managers/packages \
	tests/managers/service-package \
	tests/managers/systemd.py \
	tests/managers/test-container \
	tests/managers/test-daemontools \
	tests/managers/test-logrotate \
	tests/managers/test-monit \
	tests/managers/test-openrc \
	tests/managers/test-runit \
	tests/managers/test-s6 \
	tests/managers/test-start-stop-daemon \
	tests/managers/test-supervisor \
	tests/managers/test-systemd \
	tests/managers/test-systemd-descriptors \
	tests/managers/test-systemd-reload \
	tests/managers/test-systemd-tutorial \
	tests/managers/test-systemd-upgrade \
	tests/mutants/accepted \
	tests/mutants/build.py \
	tests/mutants/coverage.c \
	tests/mutants/coverage.py \
	tests/mutants/mutations.py \
	tests/mutants/run \
	tests/named.mk \
	tests/packages/booted \
	tests/packages/build \
	tests/packages/check \
	tests/packages/clean \
	tests/packages/other \
	tests/packages/source \
	tests/packages/without \
	tests/ports/check \
	tests/ports/older-kernels \
	tests/ports/older.c \
	tests/ports/root \
	tests/ports/subreaper.c \
	tests/reliability/report \
	tests/reliability/run \
	tests/scripts/browser.py \
	tests/scripts/posix-functions \
	tests/scripts/tap.py \
	tests/vm/run \
	tests/vm/start-cost \
	tests/vm/vsock

# Checks in scripts.
dist_check_SCRIPTS = \
	tests/scripts/test-abi \
	tests/scripts/test-cost \
	tests/scripts/test-docs \
	tests/scripts/test-headers \
	tests/scripts/test-html \
	tests/scripts/test-install \
	tests/scripts/test-languages \
	tests/scripts/test-layering \
	tests/scripts/test-make \
	tests/scripts/test-manual \
	tests/scripts/test-posix \
	tests/scripts/test-release \
	tests/scripts/test-snippets \
	tests/scripts/test-symbols \
	tests/scripts/test-totals

# The libraries of the test programs.
check_LIBRARIES = tests/harness/libharness.a tests/harness/libprobe.a
tests_harness_libharness_a_SOURCES = \
	tests/harness/harness-main.c \
	tests/harness/harness-places.c \
	tests/harness/harness-tools.c \
	tests/harness/harness.c \
	tests/harness/harness.h
tests_harness_libharness_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_harness_libprobe_a_SOURCES = \
	tests/harness/probe-acts.c \
	tests/harness/probe-memory.c \
	tests/harness/probe-passing.c \
	tests/harness/probe-privileges.c \
	tests/harness/probe-program.c \
	tests/harness/probe-report.c \
	tests/harness/probe-running.c \
	tests/harness/probe-running.h \
	tests/harness/probe-system.c \
	tests/harness/probe.c \
	tests/harness/probe.h
tests_harness_libprobe_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

# Tests of internals: they include private headers.  In both lists the slowest tests come
# first.
unit_tests = \
	tests/unit/test-upgrade \
	tests/unit/test-request \
	tests/unit/test-account \
	tests/unit/test-channel \
	tests/unit/test-clock \
	tests/unit/test-decimal \
	tests/unit/test-descriptors \
	tests/unit/test-error \
	tests/unit/test-fd \
	tests/unit/test-fuzz \
	tests/unit/test-hostile-daemon \
	tests/unit/test-logfile \
	tests/unit/test-manager-address \
	tests/unit/test-marker \
	tests/unit/test-path \
	tests/unit/test-pidfile-claim \
	tests/unit/test-optional \
	tests/unit/test-process \
	tests/unit/test-relay \
	tests/unit/test-signals \
	tests/unit/test-signals-processes \
	tests/unit/test-socket-paths \
	tests/unit/test-terminal \
	tests/unit/test-watcher
if LINUX_API
unit_tests += \
	tests/unit/test-compat \
	tests/unit/test-hostile-directory \
	tests/unit/test-user-namespace \
	tests/unit/test-upgrade-failures \
	tests/unit/test-upgrade-manager
endif

# Tests of the public interface, which can also test an installed library.
api_tests = \
	tests/api/test-launcher-waits \
	tests/api/test-launcher \
	tests/api/test-notify \
	tests/api/test-notify-threads \
	tests/api/test-privileges \
	tests/api/test-start \
	tests/api/test-instance \
	tests/api/test-cancel \
	tests/api/test-clean-state \
	tests/api/test-commands \
	tests/api/test-confine \
	tests/api/test-context \
	tests/api/test-control \
	tests/api/test-daemonize \
	tests/api/test-examples \
	tests/api/test-examples-activated \
	tests/api/test-examples-logs \
	tests/api/test-examples-recipes \
	tests/api/test-examples-tutorial \
	tests/api/test-fd-address \
	tests/api/test-first-process \
	tests/api/test-forked \
	tests/api/test-grants \
	tests/api/test-harness \
	tests/api/test-log \
	tests/api/test-log-rotation \
	tests/api/test-manager \
	tests/api/test-manager-start \
	tests/api/test-orphans \
	tests/api/test-payload \
	tests/api/test-pidfile \
	tests/api/test-pidfile-holder \
	tests/api/test-pidfile-move \
	tests/api/test-pidfile-object \
	tests/api/test-pidfile-races \
	tests/api/test-output \
	tests/api/test-pidfile-read \
	tests/api/test-second-copy \
	tests/api/test-remove-socket \
	tests/api/test-stack \
	tests/api/test-threads \
	tests/api/test-version
if LINUX_API
api_tests += \
	tests/api/test-cost \
	tests/api/test-examples-upgrade
endif

# Run these, or those in INSTALLED_TESTS, with the installed library and headers.
check-installed:
	tests='$(INSTALLED_TESTS)'; $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
	TESTS="$${tests:-$(api_tests)}" check_PROGRAMS= library= \
	AM_CPPFLAGS="-include config.h -DDAEMONKIT_BUILD -I$(top_srcdir)/tests $$($(PKG_CONFIG) --cflags daemon)" \
	LIBS="$$($(PKG_CONFIG) --libs daemon) $(LIBS)"
.PHONY: check-installed

# These tests run with both ways to notify a manager.
manager_tools = tests/harness/manager-tools.c tests/harness/manager-tools.h
manager_cflags = $(AM_CFLAGS) $(CHECK_CFLAGS) $(ORACLE_CFLAGS)
if WITH_LIBSYSTEMD
manager_cflags += -DWITH_LIBSYSTEMD
endif
signals_tools = tests/harness/signals-tools.c tests/harness/signals-tools.h
tests_unit_test_signals_SOURCES = tests/unit/test-signals.c $(signals_tools)
tests_unit_test_signals_processes_SOURCES = tests/unit/test-signals-processes.c $(signals_tools)
example_tools = tests/harness/example-tools.c tests/harness/example-tools.h
tests_api_test_examples_SOURCES = tests/api/test-examples.c $(example_tools)
tests_api_test_examples_activated_SOURCES = tests/api/test-examples-activated.c $(example_tools)
tests_api_test_examples_logs_SOURCES = tests/api/test-examples-logs.c $(example_tools)
tests_api_test_examples_recipes_SOURCES = tests/api/test-examples-recipes.c $(example_tools) $(manager_tools)
tests_api_test_examples_tutorial_SOURCES = tests/api/test-examples-tutorial.c $(container_tools) $(example_tools) $(manager_tools)
tests_api_test_log_SOURCES = tests/api/test-log.c $(manager_tools)
tests_api_test_notify_threads_SOURCES = tests/api/test-notify-threads.c $(manager_tools)
tests_api_test_manager_SOURCES = tests/api/test-manager.c $(manager_tools)
tests_api_test_manager_CFLAGS = $(manager_cflags)
tests_api_test_manager_LDADD = $(LDADD) $(ORACLE_LIBS)
tests_api_test_notify_threads_CFLAGS = $(manager_cflags)
tests_unit_test_manager_address_SOURCES = tests/unit/test-manager-address.c $(manager_tools)
tests_unit_test_manager_address_CFLAGS = $(manager_cflags)
tests_unit_test_manager_address_LDADD = $(LDADD) $(ORACLE_LIBS)
tests_api_test_manager_start_SOURCES = tests/api/test-manager-start.c $(manager_tools)
tests_api_test_manager_start_CFLAGS = $(manager_cflags)
tests_unit_test_upgrade_manager_CFLAGS = $(manager_cflags)

container_tools = tests/harness/container-tools.c tests/harness/container-tools.h
tests_api_test_first_process_SOURCES = tests/api/test-first-process.c $(container_tools)
tests_api_test_orphans_SOURCES = tests/api/test-orphans.c $(container_tools)

pidfile_tools = tests/harness/pidfile-tools.c tests/harness/pidfile-tools.h
tests_api_test_pidfile_SOURCES = tests/api/test-pidfile.c $(pidfile_tools)
tests_unit_test_pidfile_claim_SOURCES = tests/unit/test-pidfile-claim.c $(pidfile_tools)
tests_api_test_pidfile_holder_SOURCES = tests/api/test-pidfile-holder.c $(pidfile_tools)
tests_api_test_pidfile_move_SOURCES = tests/api/test-pidfile-move.c $(pidfile_tools)
tests_api_test_pidfile_object_SOURCES = tests/api/test-pidfile-object.c $(pidfile_tools)
tests_api_test_pidfile_races_SOURCES = tests/api/test-pidfile-races.c $(pidfile_tools)
tests_api_test_pidfile_read_SOURCES = tests/api/test-pidfile-read.c $(pidfile_tools)

upgrade_tools = tests/harness/upgrade-actor.c tests/harness/upgrade-tools.c tests/harness/upgrade-tools.h
tests_unit_test_upgrade_SOURCES = tests/unit/test-upgrade.c $(upgrade_tools)
tests_unit_test_upgrade_failures_SOURCES = tests/unit/test-upgrade-failures.c $(upgrade_tools)
tests_unit_test_upgrade_manager_SOURCES = tests/unit/test-upgrade-manager.c $(upgrade_tools) $(manager_tools)
enemy_tools = tests/harness/enemy-tools.c tests/harness/enemy-tools.h
tests_unit_test_hostile_directory_SOURCES = tests/unit/test-hostile-directory.c $(enemy_tools) $(pidfile_tools) $(upgrade_tools)

# A successor stops in these functions of the library.
upgrade_hooks = $(AM_LDFLAGS) -Wl,--wrap=pidfile_acquire -Wl,--wrap=manager_adopt
tests_unit_test_hostile_directory_LDFLAGS = $(upgrade_hooks)
tests_unit_test_upgrade_LDFLAGS = $(upgrade_hooks)
tests_unit_test_upgrade_failures_LDFLAGS = $(upgrade_hooks)
tests_unit_test_upgrade_manager_LDFLAGS = $(upgrade_hooks)

# A user database that returns rare errors.
tests_unit_test_account_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getpwnam_r -Wl,--wrap=getgrnam_r \
	-Wl,--wrap=getgrent -Wl,--wrap=getgrouplist

check_PROGRAMS = $(unit_tests) $(api_tests) $(example_programs)
# Only GNU make sets MAKE_HOST.
-include $(MAKE_HOST:%=@top_srcdir@/tests/named.mk)
check-programs: $(check_PROGRAMS) $(check_LIBRARIES)
.PHONY: check-programs
AM_TESTS_ENVIRONMENT = \
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' CC='$(CC)' NM='$(NM)' \
	MAKE='$(MAKE)' PKG_CONFIG='$(PKG_CONFIG)' INSTRUMENTED='$(INSTRUMENT_CFLAGS)' \
	LIBSYSTEMD='$(LIBSYSTEMD_LIBS)'; \
	export srcdir builddir CC NM MAKE PKG_CONFIG INSTRUMENTED LIBSYSTEMD;
LDADD = tests/harness/libharness.a $(library) $(CHECK_LIBS)
# "make check-installed" uses that of the system instead.
library = libdaemonkit-internal.la
tests_api_test_cost_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_pidfile_move_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_confine_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_second_copy_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_output_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_context_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_privileges_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_notify_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_launcher_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_launcher_waits_LDADD = tests/harness/libprobe.a $(LDADD)
tests_unit_test_marker_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_instance_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_clean_state_LDADD = tests/harness/libprobe.a $(LDADD)
tests_unit_test_descriptors_CFLAGS = $(manager_cflags)
tests_unit_test_descriptors_LDADD = tests/harness/libprobe.a $(LDADD) $(ORACLE_LIBS)
tests_api_test_examples_activated_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_examples_recipes_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_examples_tutorial_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_examples_upgrade_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_forked_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_grants_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_remove_socket_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_payload_LDADD = tests/harness/libprobe.a $(LDADD)
tests_api_test_start_LDADD = tests/harness/libprobe.a $(LDADD)
tests_unit_test_hostile_directory_LDADD = tests/harness/libprobe.a $(LDADD)
tests_unit_test_upgrade_LDADD = tests/harness/libprobe.a $(LDADD)
tests_unit_test_upgrade_failures_LDADD = tests/harness/libprobe.a $(LDADD)
tests_unit_test_upgrade_manager_LDADD = tests/harness/libprobe.a $(LDADD)

# The targets of the fuzzers, run on the corpus.
tests_unit_test_fuzz_SOURCES = \
	tests/fuzz/fuzz-channel.c \
	tests/fuzz/fuzz-marker.c \
	tests/fuzz/fuzz-pid.c \
	tests/fuzz/fuzz-settings.c \
	tests/fuzz/fuzz.h \
	tests/unit/test-fuzz.c

# Programs for tests/long, built on demand.
EXTRA_PROGRAMS = \
	tests/faults/fault-calls \
	tests/faults/fault-functions \
	tests/faults/fault-memory \
	tests/faults/fault-probe \
	tests/races/races \
	tests/soak/soak
CLEANFILES += $(EXTRA_PROGRAMS)
tests_faults_fault_calls_SOURCES = \
	tests/faults/fault-calls.c \
	tests/faults/fault-errors.c \
	tests/faults/fault-errors.h \
	tests/faults/fault-listener.c \
	tests/faults/fault-listener.h \
	tests/faults/fault.h
tests_faults_fault_calls_LDADD =
tests_faults_fault_functions_SOURCES = \
	tests/faults/fault-errors.c \
	tests/faults/fault-errors.h \
	tests/faults/fault-functions.c \
	tests/faults/fault-listener.c \
	tests/faults/fault-listener.h \
	tests/faults/operations.c \
	tests/faults/operations.h
tests_faults_fault_functions_LDADD = libdaemonkit-internal.la
# The C library must use its malloc(3); and the compiler must not turn its calloc(3), made
# of malloc(3) and memset(3), into a call of calloc(3).
tests_faults_fault_memory_CFLAGS = $(AM_CFLAGS) -fvisibility=default -fno-builtin
tests_faults_fault_memory_SOURCES = \
	tests/faults/fault-memory.c \
	tests/faults/fault.h \
	tests/faults/operations.c \
	tests/faults/operations.h
tests_faults_fault_memory_LDADD = libdaemonkit-internal.la
tests_faults_fault_probe_LDADD = libdaemonkit-internal.la
tests_races_races_LDADD = libdaemonkit-internal.la
tests_soak_soak_LDADD = libdaemonkit-internal.la

bench: libdaemonkit.la
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' CC='$(CC)' \
	$(srcdir)/tests/bench/run
reliability:
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' $(SHELL) $(srcdir)/tests/reliability/run
coverage:
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' $(SHELL) $(srcdir)/tests/coverage/run
.PHONY: bench coverage reliability

mutants: all check-programs
	srcdir='$(abs_srcdir)' builddir='$(abs_builddir)' $(srcdir)/tests/mutants/run
.PHONY: mutants

TESTS = $(api_tests) $(unit_tests) $(dist_check_SCRIPTS)
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/test-line \
	$(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_LOG_DRIVER_FLAGS = --ignore-exit
