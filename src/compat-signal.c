/* SPDX-License-Identifier: MIT */
/*
 * The members of siginfo_t share their memory: which ones are meant is told by
 * the code, and some codes are one system's own.
 * Thread-safe and async-signal-safe.
 */
#include "compat-signal.h"

bool compat_signal_has_sender(const siginfo_t *info)
{
	switch (info->si_code) {
	case SI_USER:
	case SI_QUEUE:
	case SI_MESGQ:
#ifdef SI_TKILL
	case SI_TKILL:
#endif
#ifdef SI_LWP
	case SI_LWP:
#endif
		return true;
	default:
		return info->si_signo == SIGCHLD && info->si_code >= CLD_EXITED &&
		       info->si_code <= CLD_CONTINUED;
	}
}

bool compat_signal_has_value(const siginfo_t *info)
{
	switch (info->si_code) {
	case SI_QUEUE:
	case SI_TIMER:
	case SI_MESGQ:
	case SI_ASYNCIO:
		return true;
	default:
		return false;
	}
}
