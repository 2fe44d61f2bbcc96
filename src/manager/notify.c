/* SPDX-License-Identifier: MIT */
/*
 * Notifications from the daemon to the launcher, the service manager, and a supervisor
 * that waits for a newline.
 * Thread-safe on different objects.
 */
#include "manager/notify-internal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <daemonkit/error.h>

#include "base/decimal.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "compat/self.h"
#include "ipc/channel.h"
#include "manager/named-fds.h"

void notify_init(struct notify *notify)
{
	*notify = (struct notify){ .channel = -1, .ready_fd = -1 };
	manager_init(&notify->manager);
}

void notify_close(struct notify *notify)
{
	notify_close_channel(notify);
	manager_close(&notify->manager);
	notify->ready_fd = fd_close(notify->ready_fd);
}

void notify_close_channel(struct notify *notify)
{
	notify->channel = fd_close(notify->channel);
}

/* ---- the launcher ---- */

static int error_launcher_exited(void)
{
	return error_set(-ECANCELED, "the launcher has exited: no process waits for this start");
}

int notify_send_launcher(struct notify *notify, enum channel_type type, int number,
			 const char *text, deadline until)
{
	int result = channel_send(notify->channel, type, number, text, until);

	if (result == -ECANCELED)
		return error_launcher_exited();
	return result < 0 ? error_system(result, "message to the launcher") : 0;
}

int notify_await_launcher(struct notify *notify, enum channel_type type)
{
	int result = channel_receive_word(notify->channel, type);

	if (result == -ECANCELED)
		return error_launcher_exited();
	return result < 0 ? error_system(result, "message from the launcher") : 0;
}

int notify_await_relay(struct notify *notify)
{
	return notify->relayed ? notify_await_launcher(notify, CHANNEL_GO) : 0;
}

/* ---- the manager ---- */

/* For a manager a newline would begin the next assignment. */
static void make_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n' || *text == '\r')
			*text = ' ';
}

/* Buffer size for the assignments of a status or of an extended timeout. */
#define STATUS_MAX (CHANNEL_TEXT_MAX + 64)
#define EXTEND_MAX 64

static void write_status(char assignments[STATUS_MAX], const char *text, int error)
{
	size_t used;

	snprintf(assignments, STATUS_MAX, "STATUS=%.*s", CHANNEL_TEXT_MAX, text);
	make_one_line(assignments);
	used = strlen(assignments);
	if (error < 0)
		snprintf(assignments + used, STATUS_MAX - used, "\nERRNO=%d", -error);
}

static void write_extend(char assignment[EXTEND_MAX], int milliseconds)
{
	snprintf(assignment, EXTEND_MAX, "EXTEND_TIMEOUT_USEC=%" PRId64,
		 (int64_t)milliseconds * 1000);
}

static int manager_status(struct manager *manager, const char *text, int error)
{
	char assignments[STATUS_MAX];

	write_status(assignments, text, error);
	return manager_send(manager, assignments, NULL, 0);
}

int notify_relay_status(struct manager *manager, const char *text, deadline until)
{
	char assignments[STATUS_MAX];

	write_status(assignments, text, 0);
	return manager_send_until(manager, assignments, until, NULL);
}

int notify_relay_extend(struct manager *manager, int milliseconds, deadline until,
			const int *others)
{
	char assignment[EXTEND_MAX];

	write_extend(assignment, milliseconds);
	return manager_send_until(manager, assignment, until, others);
}

int notify_main_pid(struct notify *notify, pid_t pid)
{
	char assignment[64];

	snprintf(assignment, sizeof assignment, "MAINPID=%ld", (long)pid);
	return manager_send(&notify->manager, assignment, NULL, 0);
}

int notify_hand_over(struct manager *manager, pid_t daemon, bool ready, deadline until,
		     const int *others)
{
	char assignments[64];
	int used = 0;

	if (daemon > 0)
		used = snprintf(assignments, sizeof assignments, "MAINPID=%ld\n", (long)daemon);
	if (ready)
		used += snprintf(assignments + used, sizeof assignments - (size_t)used,
				 "READY=1\n");
	if (used == 0)
		return 0;
	assignments[used - 1] = '\0';
	return manager_send_until(manager, assignments, until, others);
}

int notify_reloading(struct notify *notify)
{
	char assignments[96];

	snprintf(assignments, sizeof assignments, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		 (int64_t)deadline_now());
	return manager_send(&notify->manager, assignments, NULL, 0);
}

int notify_store(struct notify *notify, const char *name, int fd, bool polled)
{
	char assignments[320];
	int result = named_fds_check_name(name);

	if (result < 0)
		return result;
	if (compat_secure())
		return error_set(-EPERM,
				 "store descriptor %s: the caller of a program with more "
				 "privileges chooses its NOTIFY_SOCKET, and would get the "
				 "descriptor",
				 name);
	snprintf(assignments, sizeof assignments, "FDSTORE=1\nFDNAME=%s%s", name,
		 polled ? "" : "\nFDPOLL=0");
	return manager_send(&notify->manager, assignments, &fd, 1);
}

int notify_forget(struct notify *notify, const char *name)
{
	char assignments[320];
	int result = named_fds_check_name(name);

	if (result < 0)
		return result;
	snprintf(assignments, sizeof assignments, "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return manager_send(&notify->manager, assignments, NULL, 0);
}

static bool is_for_this_process(const struct notify *notify)
{
	const char *text = getenv("WATCHDOG_PID");
	uint64_t pid;

	if (text == NULL)
		return true;
	return decimal_parse_variable(text, INT_MAX, &pid) == 0 &&
	       ((pid_t)pid == getpid() || (notify->watched > 0 && (pid_t)pid == notify->watched));
}

int notify_watchdog_interval(const struct notify *notify, int *milliseconds)
{
	const char *text = getenv("WATCHDOG_USEC");
	uint64_t microseconds;

	if (text == NULL || !is_for_this_process(notify) ||
	    decimal_parse_variable(text, UINT64_MAX - 1, &microseconds) < 0 || microseconds == 0)
		return 0;
	microseconds /= 1000;
	*milliseconds = microseconds > INT_MAX ? INT_MAX : microseconds < 1 ? 1 : (int)microseconds;
	return 1;
}

/* ---- the supervisor, and all receivers ---- */

/* s6 expects a newline and nothing after it. */
int notify_supervisor(struct notify *notify)
{
	int result;

	if (notify->ready_fd < 0)
		return 0;
	result = fd_write_silently(notify->ready_fd, "\n", 1);
	notify->ready_fd = fd_close(notify->ready_fd);
	return result < 0 ? error_system(result, "notification descriptor") : 0;
}

int notify_failed(struct notify *notify, int error, const char *text)
{
	int result;

	if (notify->channel < 0)
		return manager_status(&notify->manager, text, error);
	result = notify_send_launcher(notify, CHANNEL_FAILED, error, text, DEADLINE_NEVER);
	notify_close_channel(notify);
	return result;
}

int notify_status(struct notify *notify, char *text)
{
	make_one_line(text);
	if (notify->channel >= 0)
		return notify_send_launcher(notify, CHANNEL_STATUS, 0, text, 0);
	return manager_status(&notify->manager, text, 0);
}

int notify_extend(struct notify *notify, int milliseconds)
{
	char assignment[EXTEND_MAX];

	if (notify->channel >= 0)
		return notify_send_launcher(notify, CHANNEL_EXTEND, milliseconds, "", 0);
	write_extend(assignment, milliseconds);
	return manager_send(&notify->manager, assignment, NULL, 0);
}
