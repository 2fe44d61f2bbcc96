/* SPDX-License-Identifier: MIT */
/*
 * The members of siginfo_t share memory: the code determines which ones are valid, and
 * some codes are specific to one system.
 * Thread-safe and async-signal-safe.
 */
#include "compat/siginfo.h"

#include <string.h>
#include <unistd.h>

int compat_signal_last(void)
{
#ifdef HAVE_NSIG
	return NSIG - 1;
#else
	return SIGRTMAX;
#endif
}

bool compat_signal_has_sender(const siginfo_t *info)
{
	switch (info->si_code) {
	case SI_USER:
	case SI_QUEUE:
	case SI_MESGQ:
#ifdef SI_TKILL
	case SI_TKILL:
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

/*
 * The integer of a value belongs to the program.  The cookie is stored in two places
 * beside it.  One is the upper half of the pointer, where a pointer is longer than an
 * integer; some systems lose it between programs with different pointer sizes.  The
 * other, on Linux, is the error number, which other signals of this kind do not use, and
 * which emulators lose.  The constant bits distinguish a cookie from garbage that a
 * program left there.
 */
struct value {
	int32_t integer;
	uint32_t cookie;
};

#define MASK UINT32_C(0xF0000000)
#define SAME UINT32_C(0xD0000000)

static bool can_hold_cookie(void)
{
	return sizeof(union sigval) >= sizeof(struct value);
}

#ifdef COMPAT_LINUX
static bool has_error(void)
{
	return true;
}
#else
static bool has_error(void)
{
	return false;
}
#endif

static bool is_cookie(uint32_t number)
{
	return (number & MASK) == SAME;
}

uint32_t compat_signal_cookie(uint32_t any)
{
	return (any & ~MASK) | SAME;
}

void compat_signal_with_cookie(siginfo_t *info, int signal, uint32_t cookie)
{
	struct value value = { .cookie = cookie };

	memset(info, 0, sizeof *info);
	info->si_signo = signal;
	info->si_code = SI_QUEUE;
	info->si_pid = getpid();
	info->si_uid = getuid();
	if (has_error())
		info->si_errno = (int)cookie;
	if (can_hold_cookie())
		memcpy(&info->si_value, &value, sizeof value);
}

uint32_t compat_signal_get_cookie(const siginfo_t *info)
{
	struct value value = { .integer = 0 };

	if (info->si_code != SI_QUEUE)
		return 0;
	if (can_hold_cookie())
		memcpy(&value, &info->si_value, sizeof value);
	else
		value.integer = info->si_value.sival_int;
	if (value.integer != 0)
		return 0;
	if (has_error() && is_cookie((uint32_t)info->si_errno))
		return (uint32_t)info->si_errno;
	return is_cookie(value.cookie) ? value.cookie : 0;
}
