/* SPDX-License-Identifier: MIT */
/*
 * The "stop" command, which also stops a successor that takes over meanwhile.
 * Thread-safe on different objects.
 */
#include "control/control-internal.h"

#include <errno.h>
#include <sys/stat.h>

#include <daemonkit/error.h>
#include <daemonkit/process.h>

#include "base/clock.h"
#include "base/error-internal.h"
#include "base/fd.h"
#include "pidfile/pidfile-internal.h"
#include "process/process-internal.h"

static void show_killing(void *control)
{
	control_begin(control, "killing");
}

/* Stop a process, and remove the file that one which was killed has left; as process_stop(). */
static int end_process(struct daemonkit_control *control, struct daemonkit_process *process)
{
	int result = process_stop(process, control->grace, control->force, show_killing, control);

	if (result < 0 && result != -ESRCH)
		return result;
	pidfile_remove_stale(control->context->settings.pid_file, daemonkit_process_pid(process));
	return result == 1;
}

/*
 * A successor may have taken over while the daemon was being stopped
 * (<daemonkit/upgrade.h>).  It has the very same pid file; a daemon from another start
 * cannot, as long as that file is open here.
 */
static bool is_in_place(const struct daemonkit_control *control, int pid_file)
{
	struct stat one, other;

	return pid_file >= 0 && fstat(pid_file, &one) == 0 &&
	       lstat(control->context->settings.pid_file, &other) == 0 &&
	       fd_same_file(&one, &other);
}

/* Find the successor: 1, 0 if there is none, or a negative errno. */
static int find_successor(struct daemonkit_control *control, int pid_file,
			  struct daemonkit_process **process)
{
	int result;

	if (!is_in_place(control, pid_file))
		return 0;
	result = daemonkit_pidfile_holder(control->context->settings.pid_file, process);
	if (is_in_place(control, pid_file))
		return result == 0 ? 1 : result == -ESRCH ? 0 : result;
	if (result == 0)
		daemonkit_process_free(*process);
	return 0;
}

/* Twice as long as one process may take: a successor that is found later was not the first one. */
static deadline limit_of_stop(const struct daemonkit_control *control)
{
	deadline now = deadline_now();
	deadline grace = deadline_after(control->grace);
	deadline force = deadline_after(control->force == DAEMONKIT_NEVER ? 0 : control->force);

	return grace == DEADLINE_NEVER || force == DEADLINE_NEVER
		       ? DEADLINE_NEVER
		       : now + 2 * (grace - now + force - now);
}

static int stop_process(struct daemonkit_control *control, struct daemonkit_process *process,
			int pid_file)
{
	deadline until = limit_of_stop(control);
	int result, next;

	control_begin(control, "stopping");
	do {
		result = end_process(control, process);
		daemonkit_process_free(process);
		next = result < 0 ? result : find_successor(control, pid_file, &process);
		if (next > 0 && deadline_now() >= until) {
			daemonkit_process_free(process);
			next = error_set(-EBUSY, "it starts one successor after another");
		}
	} while (next > 0);
	if (next < 0) {
		terminal_print_error(&control->terminal, "not stopped: %s", daemonkit_error());
		return control_exit_code(next);
	}
	terminal_print(&control->terminal,
		       result == 1 ? "killed: it did not exit in time" : "stopped");
	return CONTROL_DONE;
}

/* A descriptor, or negative: the search that follows reports what is wrong with the file. */
static int open_pid_file(const char *path)
{
	struct pidfile_place place;
	struct stat st;
	int result = pidfile_place_open(&place, path);

	if (result < 0)
		return result;
	result = pidfile_stat(&place, &st);
	if (result == 0)
		result = pidfile_open_expected(&place, &st, false);
	pidfile_place_close(&place);
	return result;
}

/* No daemon runs: remove the file that a crash has left. */
static int remove_stale_file(struct daemonkit_control *control)
{
	int result = pidfile_remove_stale(control->context->settings.pid_file, 0);

	if (result < 0) {
		terminal_print_error(&control->terminal, "not running, but: %s", daemonkit_error());
		return control_exit_code(result);
	}
	terminal_print(&control->terminal, "not running");
	return CONTROL_DONE;
}

int control_stop(struct daemonkit_control *control)
{
	/* Open it before the search: a file that appears later belongs to another start. */
	int pid_file = open_pid_file(control->context->settings.pid_file);
	struct daemonkit_process *process;
	int result = control_find(control, &process);

	if (process != NULL)
		result = stop_process(control, process, pid_file);
	else if (result == CONTROL_DONE)
		result = remove_stale_file(control);
	/* If this process itself holds the file, closing it must not drop the lock. */
	pidfile_mutex_lock();
	pidfile_lock_close(pid_file);
	pidfile_mutex_unlock();
	return result;
}
