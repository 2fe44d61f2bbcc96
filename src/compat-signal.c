/* SPDX-License-Identifier: MIT */
/*
 * The members of siginfo_t share their memory: which ones are meant is told by
 * the code, and some codes are one system's own.
 * Thread-safe and async-signal-safe.
 */
#include "compat-signal.h"

#include <string.h>

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

/*
 * Both members of a value begin at the same place, and where a pointer is
 * longer than an integer the rest of it is free.  The bits that are always the
 * same keep other numbers from being taken for a ticket: garbage behind a
 * program's own 0, or that own integer where there is no room beside it.
 */
struct value {
	int32_t integer;
	uint32_t ticket;
};

static bool has_room(void)
{
	return sizeof(union sigval) >= sizeof(struct value);
}

static uint32_t mask(void)
{
	return has_room() ? UINT32_C(0xF0000000) : UINT32_C(0xFFF00000);
}

static uint32_t same(void)
{
	return has_room() ? UINT32_C(0xD0000000) : UINT32_C(0xDAE00000);
}

uint32_t compat_signal_ticket(uint32_t any)
{
	return (any & ~mask()) | same();
}

union sigval compat_signal_with_ticket(uint32_t ticket)
{
	struct value value = {.ticket = ticket};
	union sigval result = {.sival_ptr = NULL};

	if (has_room())
		memcpy(&result, &value, sizeof value);
	else
		memcpy(&result, &ticket, sizeof ticket);
	return result;
}

uint32_t compat_signal_get_ticket(const siginfo_t *info)
{
	struct value value = {.integer = 0};

	if (info->si_code != SI_QUEUE)
		return 0;
	if (has_room())
		memcpy(&value, &info->si_value, sizeof value);
	else
		memcpy(&value.ticket, &info->si_value, sizeof value.ticket);
	return value.integer == 0 && (value.ticket & mask()) == same() ? value.ticket : 0;
}
