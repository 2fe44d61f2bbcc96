/* SPDX-License-Identifier: MIT */
/*
 * Uses of the public functions, other than a start, for the programs that inject faults.
 * Not thread-safe.
 */
#include "faults/operations.h"

#include <daemonkit/daemonkit.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/fault.h"

#define PATIENCE 200 /* an error may cost the reply */

static char pid_path[128], moved_path[128], log_path[128], output_path[128], socket_path[128];

void operations_use(const char *directory)
{
	snprintf(pid_path, sizeof pid_path, "%s/pid", directory);
	snprintf(moved_path, sizeof moved_path, "%s/moved", directory);
	snprintf(log_path, sizeof log_path, "%s/log", directory);
	snprintf(output_path, sizeof output_path, "%s/output", directory);
	snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
}

static void remove_files(void)
{
	unlink(pid_path);
	unlink(moved_path);
	unlink(log_path);
	unlink(output_path);
	unlink(socket_path);
}

static int keep_first(int first, int second)
{
	return first < 0 ? first : second;
}

/* ---- pid files ---- */

static int create_pid_file(void)
{
	struct daemonkit_pidfile *one = NULL;
	pid_t pid = 0;
	int result = daemonkit_pidfile_create(pid_path, 0, &one), removed;

	if (result < 0)
		return result;
	result = daemonkit_pidfile_read(one, &pid);
	removed = daemonkit_pidfile_remove(one);
	daemonkit_pidfile_close(one);
	return keep_first(result, removed);
}

static int write_stale_file(void)
{
	FILE *file = fopen(pid_path, "w");

	return file == NULL || fputs("999999999\n", file) < 0 || fclose(file) != 0;
}

static int use_pid_file_object(void)
{
	struct daemonkit_pidfile *one = NULL;
	pid_t pid = 0;
	int result = daemonkit_pidfile_open(pid_path, 0, &one);

	if (result == 0)
		result = daemonkit_pidfile_lock(one);
	if (result == 0)
		result = daemonkit_pidfile_write(one);
	if (result == 0)
		result = daemonkit_pidfile_read(one, &pid);
	if (result == 0)
		result = daemonkit_pidfile_unlock(one);
	daemonkit_pidfile_close(one);
	return result;
}

static int opened = -1;

static int open_stale_file(void)
{
	int result = write_stale_file();

	opened = open(pid_path, O_RDWR | O_CLOEXEC);
	return opened < 0 ? -1 : result;
}

static int take_pid_file(void)
{
	struct daemonkit_pidfile *one = NULL;
	int result = daemonkit_pidfile_take_fd(opened, pid_path, &one);

	if (result < 0)
		close(opened);
	if (result == 0)
		result = daemonkit_pidfile_lock(one);
	daemonkit_pidfile_close(one);
	return result;
}

static int open_new_pid_file(void)
{
	struct daemonkit_pidfile *one = NULL;
	int result = daemonkit_pidfile_open(pid_path, 0, &one);

	daemonkit_pidfile_close(one);
	return result;
}

/* A file without a name. */
static int open_removed_file(void)
{
	int result = open_stale_file();

	return unlink(pid_path) < 0 ? -1 : result;
}

static int use_nameless_file(void)
{
	struct daemonkit_pidfile *one = NULL;
	int result = daemonkit_pidfile_take_fd(opened, NULL, &one);

	if (result < 0)
		close(opened);
	if (result == 0)
		result = daemonkit_pidfile_lock(one);
	if (result == 0)
		result = daemonkit_pidfile_write(one);
	daemonkit_pidfile_close(one);
	return result == -ESTALE ? 0 : result;
}

static int read_pid_file(void)
{
	struct daemonkit_pidfile *one = NULL;
	pid_t pid = 0;
	int result = daemonkit_pidfile_read_path(pid_path, &pid);

	if (result == 0)
		result = daemonkit_pidfile_open(pid_path, 0, &one);
	if (result == 0)
		result = daemonkit_pidfile_read(one, &pid);
	daemonkit_pidfile_close(one);
	return result;
}

/* ---- another process ---- */

static pid_t other = -1;

/* A daemon that holds the pid file, and exits on SIGTERM. */
static int start_holder(void)
{
	struct daemonkit_pidfile *one = NULL;
	int ready[2], code = -1;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	other = fork();
	if (other == 0) {
		code = daemonkit_pidfile_create(pid_path, 0, &one);
		if (write(ready[1], &code, sizeof code) == sizeof code)
			pause();
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &code, sizeof code) != sizeof code)
		code = -1;
	close(ready[0]);
	return code;
}

static void end_other(void)
{
	if (other > 0) {
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
		other = -1;
	}
	remove_files();
}

static int find_and_stop(void)
{
	struct daemonkit_process *process = NULL;
	int result = daemonkit_pidfile_holder(pid_path, &process);

	if (result == 0)
		result = daemonkit_process_alive(process);
	if (result >= 0)
		result = daemonkit_process_signal(process, SIGCONT);
	if (result == 0)
		result = daemonkit_process_stop(process, PATIENCE, PATIENCE);
	daemonkit_process_free(process);
	return result;
}

static int context_with_pid_file(struct daemonkit_context **context)
{
	int result = daemonkit_context_new(context);

	return result < 0 ? result : daemonkit_context_set_pid_file(*context, pid_path, 0);
}

static int search(void)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_process *process = NULL;
	int result = context_with_pid_file(&context);

	if (result == 0)
		result = daemonkit_context_search(context, &process);
	daemonkit_process_free(process);
	daemonkit_context_free(context);
	return result;
}

/* A command prints its error. */
static int run_command(struct daemonkit_control *control, const char *command, unsigned flags)
{
	int code = 0, result = daemonkit_control_run(control, command, flags, &code);

	return result == 1 ? 0 : result;
}

static int run_commands(void)
{
	struct daemonkit_context *context = NULL;
	struct daemonkit_control *control = NULL;
	int result = context_with_pid_file(&context);

	if (result == 0)
		result = daemonkit_control_new(context, &control);
	if (result == 0)
		result = daemonkit_control_set_name(control, "example");
	if (result == 0)
		result = daemonkit_control_set_stop_timeout(control, PATIENCE, DAEMONKIT_FOREVER);
	if (result == 0)
		result = run_command(control, "status", DAEMONKIT_CONTROL_JSON);
	if (result == 0)
		result = run_command(control, "stop", 0);
	if (result == 0)
		result = run_command(control, "status", 0);
	daemonkit_control_free(control);
	daemonkit_context_free(context);
	return result;
}

static int quiet_start_holder(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return -1;
	close(null);
	return start_holder();
}

/* ---- descriptors ---- */

static int one_socket = -1;

/* A descriptor that a manager passes. */
static int bind_socket(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char number[32];

	snprintf(name.sun_path, sizeof name.sun_path, "%.100s", socket_path);
	one_socket = socket(AF_UNIX, SOCK_STREAM, 0);
	if (one_socket < 0 || bind(one_socket, (struct sockaddr *)&name, sizeof name) < 0 ||
	    listen(one_socket, 1) < 0 || dup2(one_socket, 3) != 3)
		return -1;
	snprintf(number, sizeof number, "%ld", (long)getpid());
	return setenv("LISTEN_FDS", "1", 1) | setenv("LISTEN_PID", number, 1) |
	       setenv("LISTEN_FDNAMES", "one", 1);
}

static void close_socket(void)
{
	if (one_socket > 3)
		close(one_socket);
	close(3);
	one_socket = -1;
	remove_files();
}

/* Become the daemon of a manager, in this process. */
static int become_daemon(struct daemonkit_context *context)
{
	int result = daemonkit_context_set_mode(context, DAEMONKIT_MODE_FOREGROUND);

	return result < 0 ? result : (int)daemonkit_context_reborn(context);
}

static int use_named_descriptors(void)
{
	struct daemonkit_context *context = NULL;
	char address[256];
	int result = daemonkit_context_new(&context), fd = -1;

	if (result == 0)
		result = daemonkit_context_pass_fd(context, "own", STDIN_FILENO);
	if (result == 0)
		result = become_daemon(context);
	if (result == 0)
		result = fd = daemonkit_context_find_fd(context, "one", 0, DAEMONKIT_FD_LISTENER);
	if (result >= 0)
		result = daemonkit_fd_address(fd, address, sizeof address);
	if (result >= 0)
		result = daemonkit_context_remove_socket(context, socket_path);
	if (result == 0)
		result = fd = daemonkit_context_detach_fd(context, "one", 0, DAEMONKIT_FD_ANY);
	if (result >= 0) {
		close(fd);
		result = daemonkit_context_release(context);
	}
	daemonkit_context_free(context);
	return result;
}

/* ---- a manager ---- */

static int open_manager(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	snprintf(name.sun_path, sizeof name.sun_path, "%.100s", socket_path);
	one_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (one_socket < 0 || bind(one_socket, (struct sockaddr *)&name, sizeof name) < 0)
		return -1;
	return setenv("NOTIFY_SOCKET", socket_path, 1) | setenv("WATCHDOG_USEC", "3000000", 1);
}

static int notify_manager(void)
{
	struct daemonkit_context *context = NULL;
	int result = daemonkit_context_new(&context), interval = 0;

	if (result == 0)
		result = become_daemon(context);
	if (result == 0)
		result = daemonkit_notify_ready(context);
	if (result >= 0)
		result = daemonkit_notify_status(context, "%s", "serving");
	if (result >= 0)
		result = daemonkit_notify_reloading(context);
	if (result >= 0)
		result = daemonkit_notify_watchdog_interval(context, &interval);
	if (result >= 0)
		result = daemonkit_notify_store_fd(context, "one", STDIN_FILENO, 0);
	if (result >= 0)
		result = daemonkit_notify_remove_fd(context, "one");
	if (result >= 0)
		result = daemonkit_notify_main_pid(context, getpid());
	/* Nobody receives the messages. */
	if (result >= 0 && daemonkit_notify_barrier(context, 0) >= 0)
		result = 1;
	if (result >= 0)
		result = daemonkit_notify_stopping(context);
	if (result >= 0)
		result = daemonkit_context_release(context);
	daemonkit_context_free(context);
	return result > 1 ? 0 : result;
}

/* ---- signals ---- */

static int ignore(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	return 0;
}

static int stop(struct daemonkit_siginfo *info, void *data)
{
	(void)info, (void)data;
	return DAEMONKIT_SIGNALS_STOP;
}

static int handle_signals(void)
{
	struct daemonkit_signals *signals = NULL;
	struct daemonkit_commands *commands = NULL;
	bool flag = true;
	int result = daemonkit_signals_new(&signals);

	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGUSR1, ignore, NULL);
	if (result == 0)
		result = daemonkit_signals_set_handler(signals, SIGTERM, stop, NULL);
	if (result == 0)
		result = daemonkit_signals_reap_orphans(signals, NULL, NULL);
	if (result == 0)
		result = daemonkit_commands_new(signals, &commands);
	if (result == 0)
		result = daemonkit_commands_add_bool(commands, &flag, SIGUSR2, ignore, NULL);
	if (result == 0)
		raise(SIGUSR1);
	if (result == 0)
		result = daemonkit_signals_dispatch(signals);
	if (result == 0)
		raise(SIGTERM);
	if (result == 0)
		result = daemonkit_signals_serve(signals);
	daemonkit_commands_free(commands);
	daemonkit_signals_free(signals);
	return result > 0 ? 0 : result;
}

/* ---- the properties of a daemon ---- */

static int set_files(void)
{
	struct daemonkit_context *context = NULL;
	int result = context_with_pid_file(&context);

	if (result == 0)
		result = daemonkit_context_set_log_file(context, log_path, 0600);
	if (result == 0)
		result = daemonkit_context_set_output_file(context, output_path, 0600);
	if (result == 0)
		result = daemonkit_context_set_work_dir(context, "/");
	if (result == 0)
		result = daemonkit_context_set_umask(context, 027);
	if (result == 0)
		result = daemonkit_context_set_payload(context, "payload", 7);
	if (result == 0)
		result = become_daemon(context);
	if (result == 0)
		result = daemonkit_context_reopen_log(context);
	/* The mode, the path, and the path although another process has renamed the file. */
	if (result == 0)
		result = daemonkit_context_set_pid_file(context, pid_path, 0600);
	if (result == 0)
		result = daemonkit_context_set_pid_file(context, pid_path, 0600);
	if (result == 0)
		result = daemonkit_context_set_pid_file(context, moved_path, 0600);
	if (result == 0 && rename(moved_path, socket_path) < 0)
		result = 1;
	if (result == 0)
		result = daemonkit_context_set_pid_file(context, pid_path, 0600);
	if (result == 0)
		result = daemonkit_context_release(context);
	daemonkit_context_free(context);
	return result;
}

static bool was_root;

/* Is this process what set_privileges() has asked for? */
static bool is_restricted(void)
{
	uid_t real, effective, saved;
	gid_t gid, effective_gid, saved_gid;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur != 64 || limit.rlim_max != 64 ||
	    getpriority(PRIO_PROCESS, 0) != 1 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return false;
	if (!was_root)
		return true;
	return getresuid(&real, &effective, &saved) == 0 && real != 0 && effective == real &&
	       saved == real && getresgid(&gid, &effective_gid, &saved_gid) == 0 && gid != 0 &&
	       effective_gid == gid && saved_gid == gid && getgroups(0, NULL) <= 1;
}

static int set_privileges(bool keep_one)
{
	struct daemonkit_context *context = NULL;
	int result = daemonkit_context_new(&context);

	if (result == 0)
		result = daemonkit_context_set_nice(context, 1);
	if (result == 0)
		result = daemonkit_context_set_limit(context, RLIMIT_NOFILE, 64, 64);
	if (result == 0)
		result = daemonkit_context_set_oom_score_adjust(context, 10);
	if (result == 0)
		result = daemonkit_context_set_no_new_privileges(context, 1);
	if (result == 0)
		result = daemonkit_context_set_scheduler(context, SCHED_BATCH, 0);
	if (result == 0 && keep_one)
		result = daemonkit_context_keep_capability(context, 10 /* CAP_NET_BIND_SERVICE */);
	if (result == 0 && geteuid() == 0)
		result = daemonkit_context_set_user(context, "nobody:65534", NULL);
	if (result == 0)
		result = daemonkit_context_confine_later(context, 1);
	if (result == 0)
		result = become_daemon(context);
	if (result == 0)
		result = daemonkit_context_confine(context);
	fault_mark(FAULT_END);
	if (result == 0 && !is_restricted())
		result = 1;
	if (result == 0)
		result = daemonkit_context_release(context);
	daemonkit_context_free(context);
	return result;
}

static int change_user(void)
{
	return set_privileges(false);
}

static int change_user_and_keep_capability(void)
{
	return set_privileges(was_root);
}

/* The user database of the C library keeps memory and descriptors from its first use on. */
static int prepare_privileges(void)
{
	was_root = geteuid() == 0;
	return getpwnam("nobody") == NULL || getgrnam("root") == NULL;
}

const struct operation operations[] = {
	{ "create a pid file", NULL, create_pid_file, remove_files },
	{ "replace a stale pid file", write_stale_file, create_pid_file, remove_files },
	{ "open, lock and write a pid file", write_stale_file, use_pid_file_object, remove_files },
	{ "take a pid file", open_stale_file, take_pid_file, remove_files },
	{ "open a new pid file", NULL, open_new_pid_file, remove_files },
	{ "take a file without a name", open_removed_file, use_nameless_file, remove_files },
	{ "read a pid file", write_stale_file, read_pid_file, remove_files },
	{ "find and stop the holder", start_holder, find_and_stop, end_other },
	{ "search", start_holder, search, end_other },
	{ "control", quiet_start_holder, run_commands, end_other },
	{ "named descriptors", bind_socket, use_named_descriptors, close_socket },
	{ "notify a manager", open_manager, notify_manager, close_socket },
	{ "signals", NULL, handle_signals, NULL },
	{ "files", NULL, set_files, remove_files },
	{ "privileges", prepare_privileges, change_user, NULL },
	{ "capability", prepare_privileges, change_user_and_keep_capability, NULL },
	{ NULL, NULL, NULL, NULL },
};
