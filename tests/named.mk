# SPDX-License-Identifier: MIT
# Included by GNU make only: "make check TESTS=..." builds just the programs that it runs.

ifeq ($(origin TESTS), command line)
check_PROGRAMS = $(filter $(TESTS), $(unit_tests) $(api_tests)) \
	$(if $(filter tests/api/test-examples%, $(TESTS)), $(example_programs))
# The rules above have read the former value.
AM_MAKEFLAGS = check_PROGRAMS='$(check_PROGRAMS)'
endif
