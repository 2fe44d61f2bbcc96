/* SPDX-License-Identifier: MIT */
/*
 * The version of the library.
 * Thread-safe and async-signal-safe.
 */
#include <daemonkit/version.h>

const char *daemonkit_version(void)
{
	return DAEMONKIT_VERSION;
}

int daemonkit_version_number(void)
{
	return DAEMONKIT_VERSION_NUMBER;
}
