/* SPDX-License-Identifier: MIT */
/*
 * The size of a terminal.
 * Thread-safe.
 */
#include "compat/window.h"

#ifdef HAVE_TIOCGWINSZ
#include <sys/ioctl.h>
#endif

size_t compat_terminal_width(int fd)
{
#ifdef HAVE_TIOCGWINSZ
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
#else
	(void)fd;
	return 0;
#endif
}
