/* SPDX-License-Identifier: MIT */
/* No public function and no signal handler of the library is a cancellation point. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <daemonkit/daemonkit.h>

/* One object of each kind, prepared for a call. */
struct world {
	const char *directory;
	struct daemonkit_context *context, *foreground;
	struct daemonkit_control *control;
	struct daemonkit_signals *signals;
	struct daemonkit_commands *commands;
	struct daemonkit_pidfile *pidfile;
	struct daemonkit_process *process;
	struct daemonkit_upgrade *upgrade;
	int manager; /* its socket: bound, and never read */
	int fd;      /* one end of a pipe */
	int plain;   /* a file that may be made a pid file */
	int code;    /* exit code of a control command */
	bool commanded;
	pid_t child;   /* serves signals */
	pid_t started; /* the result of a start or an upgrade */
	int handled;   /* the cancellation state in a handler, or -1 */
};

static const char *path_in(const struct world *world, const char *name)
{
	static char path[2][PATH_MAX];
	static unsigned turn;

	snprintf(path[++turn % 2], PATH_MAX, "%s/%s", world->directory, name);
	return path[turn % 2];
}

/* The cancellation state in a handler of the program. */
static void note_state(struct world *world)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &world->handled);
	pthread_setcancelstate(world->handled, NULL);
}

static int on_signal(struct daemonkit_siginfo *info, void *data)
{
	struct world *world = data;

	daemonkit_siginfo_status(info, "busy");
	note_state(world);
	if (daemonkit_siginfo_number(info) < 1 || daemonkit_siginfo_pid(info) < 0 ||
	    daemonkit_siginfo_uid(info) == (uid_t)-1 || daemonkit_siginfo_value(info) != 0)
		abort();
	daemonkit_siginfo_reply(info, 0, "done");
	return 1;
}

static void serve_in_child(int ready)
{
	struct world world = { .handled = -1 };
	struct daemonkit_signals *signals;

	if (daemonkit_signals_new(&signals) < 0 ||
	    daemonkit_signals_set_handler(signals, SIGHUP, on_signal, &world) < 0 ||
	    daemonkit_signals_set_handler(signals, SIGUSR1, on_signal, &world) < 0)
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	while (kill(getppid(), SIGCONT) == 0)
		if (daemonkit_signals_serve(signals) < 0)
			_exit(1);
	_exit(0);
}

static int open_manager(const struct world *world)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", world->directory);
	if (manager < 0 || bind(manager, (struct sockaddr *)&address, sizeof address) < 0)
		abort();
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	setenv("WATCHDOG_USEC", "1000000", 1);
	unsetenv("WATCHDOG_PID");
	unsetenv("SYSTEMD_EXEC_PID");
	return manager;
}

static void must(bool done)
{
	if (!done) {
		fprintf(stderr, "not prepared: %s\n", daemonkit_error());
		abort();
	}
}

static void prepare_context(struct world *world, struct daemonkit_context **ret, int mode)
{
	must(daemonkit_context_new(ret) == 0);
	must(daemonkit_context_set_mode(*ret, mode) == 0);
	must(daemonkit_context_set_pid_file(*ret, path_in(world, "daemon.pid"), 0) == 0);
	must(mode == DAEMONKIT_MODE_FOREGROUND ||
	     daemonkit_context_set_log_file(*ret, path_in(world, "log"), 0) == 0);
	must(daemonkit_context_set_ready_timeout(*ret, harness_scaled(HARNESS_SOON)) == 0);
}

static void prepare(struct world *world)
{
	char ready;
	int ends[2];

	world->handled = -1;
	world->directory = harness_directory();
	must(pipe2(ends, O_CLOEXEC) == 0);
	world->child = fork();
	if (world->child == 0)
		serve_in_child(ends[1]);
	close(ends[1]);
	must(read(ends[0], &ready, 1) == 1);
	world->manager = open_manager(world);
	world->fd = ends[0];
	world->plain = open(path_in(world, "plain"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	prepare_context(world, &world->context, DAEMONKIT_MODE_REBORN);
	prepare_context(world, &world->foreground, DAEMONKIT_MODE_FOREGROUND);
	must(daemonkit_context_reborn(world->foreground) == 0);
	must(daemonkit_control_new(world->context, &world->control) == 0);
	must(daemonkit_signals_new(&world->signals) == 0);
	must(daemonkit_signals_set_handler(world->signals, SIGHUP, on_signal, world) == 0);
	must(daemonkit_commands_new(world->signals, &world->commands) == 0);
	must(daemonkit_pidfile_create(path_in(world, "pid"), 0, &world->pidfile) == 0);
	must(daemonkit_process_open(world->child, &world->process) == 0);
}

static void dispose(struct world *world)
{
	daemonkit_process_free(world->process);
	daemonkit_pidfile_close(world->pidfile);
	daemonkit_commands_free(world->commands);
	daemonkit_signals_free(world->signals);
	daemonkit_control_free(world->control);
	daemonkit_context_free(world->context);
	daemonkit_context_free(world->foreground);
	close(world->manager);
	close(world->fd);
	close(world->plain);
	kill(world->child, SIGKILL);
	waitpid(world->child, NULL, 0);
}

/* ---- the calls; each returns whether it succeeded ---- */

#define CALL(name, expression)                       \
	static bool call_##name(struct world *world) \
	{                                            \
		(void)world;                         \
		return expression;                   \
	}

#define CONTEXT world->context
#define DAEMON world->foreground

CALL(commands_active, daemonkit_commands_active(world->commands) == 0)
CALL(commands_active_signal, daemonkit_commands_active_signal(world->commands, 0) == -ENOENT)
CALL(commands_add_bool, daemonkit_commands_add_bool(world->commands, &world->commanded, SIGUSR1,
						    on_signal, world) == 0)
static const char *word = "stop";
CALL(commands_add_string,
     daemonkit_commands_add_string(world->commands, &word, "stop", SIGUSR1, on_signal, world) == 0)
CALL(commands_free, (world->commands = daemonkit_commands_free(world->commands)) == NULL)
static bool call_commands_new(struct world *world)
{
	struct daemonkit_commands *commands = NULL;
	int result = daemonkit_commands_new(world->signals, &commands);

	/* There already is an object of each kind. */
	daemonkit_commands_free(commands);
	return result == 0 || result == -EBUSY;
}
static bool call_commands_send(struct world *world)
{
	world->commanded = true;
	return daemonkit_commands_add_bool(world->commands, &world->commanded, SIGUSR1, on_signal,
					   world) == 0 &&
	       daemonkit_commands_send(world->commands, world->process) == 1;
}
CALL(context_exit_code, daemonkit_context_exit_code(CONTEXT) >= 0)
CALL(context_exit_status, daemonkit_context_exit_status(CONTEXT) < 1)
CALL(context_find_fd, daemonkit_context_find_fd(DAEMON, "none", 0, DAEMONKIT_FD_ANY) == -ENOENT)
CALL(context_fd_name, daemonkit_context_fd_name(DAEMON, 0) == NULL)
CALL(context_free, (CONTEXT = daemonkit_context_free(CONTEXT)) == NULL)
static bool call_context_free_of_a_daemon(struct world *world)
{
	DAEMON = daemonkit_context_free(DAEMON);
	return true;
}
CALL(context_keep_capability, daemonkit_context_keep_capability(CONTEXT, 10) <= 0)
CALL(context_keep_fd, daemonkit_context_keep_fd(CONTEXT, world->fd) == 0)
CALL(context_keep_groups, daemonkit_context_keep_groups(CONTEXT, 1) == 0)
static bool call_context_new(struct world *world)
{
	struct daemonkit_context *context;

	(void)world;
	if (daemonkit_context_new(&context) < 0)
		return false;
	daemonkit_context_free(context);
	return true;
}
static bool call_context_predecessor(struct world *world)
{
	struct daemonkit_process *process;

	return daemonkit_context_predecessor(DAEMON, &process) == -ENOENT;
}
CALL(context_pass_fd, daemonkit_context_pass_fd(CONTEXT, "name", world->fd) == 0)
static bool call_context_reborn(struct world *world)
{
	daemonkit_context_release(DAEMON);
	DAEMON = daemonkit_context_free(DAEMON);
	prepare_context(world, &DAEMON, DAEMONKIT_MODE_FOREGROUND);
	return daemonkit_context_reborn(DAEMON) == 0;
}
CALL(context_confine, daemonkit_context_confine(DAEMON) == 0)
CALL(context_confine_later, daemonkit_context_confine_later(CONTEXT, 0) == 0)
CALL(context_keep_all_fds, daemonkit_context_keep_all_fds(CONTEXT, 1) == 0)
CALL(context_release, daemonkit_context_release(DAEMON) == 0)
CALL(context_remove_socket, daemonkit_context_remove_socket(CONTEXT, path_in(world, "notify")) == 0)
CALL(context_reopen_log, daemonkit_context_reopen_log(DAEMON) <= 0)
static bool call_context_search(struct world *world)
{
	struct daemonkit_process *process;

	if (daemonkit_context_search(CONTEXT, &process) < 0)
		return false;
	daemonkit_process_free(process);
	return true;
}
static char *const strings[] = { (char[]){ "A=b" }, NULL };
CALL(context_set_args, daemonkit_context_set_args(CONTEXT, strings) == 0)
CALL(context_set_chroot, daemonkit_context_set_chroot(CONTEXT, "/") == 0)
CALL(context_set_credential,
     daemonkit_context_set_credential(CONTEXT, getuid(), getgid(), NULL, 0) == 0)
CALL(context_set_env, daemonkit_context_set_env(CONTEXT, strings) == 0)
CALL(context_set_limit, daemonkit_context_set_limit(CONTEXT, RLIMIT_CORE, 0, 0) == 0)
CALL(context_set_log_fd, daemonkit_context_set_log_fd(CONTEXT, 2) == 0)
CALL(context_set_log_file, daemonkit_context_set_log_file(CONTEXT, "log", 0) == 0)
CALL(context_set_mode, daemonkit_context_set_mode(CONTEXT, DAEMONKIT_MODE_FORK) == 0)
CALL(context_set_nice, daemonkit_context_set_nice(CONTEXT, 5) == 0)
CALL(context_set_no_new_privileges, daemonkit_context_set_no_new_privileges(CONTEXT, 1) == 0)
CALL(context_set_oom_score_adjust, daemonkit_context_set_oom_score_adjust(CONTEXT, 5) == 0)
CALL(context_set_output_file, daemonkit_context_set_output_file(CONTEXT, "output", 0) == 0)
CALL(context_set_payload, daemonkit_context_set_payload(CONTEXT, "bytes", 5) == 0)
CALL(context_set_pid_file, daemonkit_context_set_pid_file(CONTEXT, "relative.pid", 0) == 0)
CALL(context_set_pid_file_of_a_daemon,
     daemonkit_context_set_pid_file(DAEMON, path_in(world, "moved.pid"), 0) == 0)
CALL(context_set_pid_file_optional, daemonkit_context_set_pid_file_optional(CONTEXT, 0) == 0)
CALL(context_set_program, daemonkit_context_set_program(CONTEXT, "relative") == 0)
CALL(context_set_ready_timeout, daemonkit_context_set_ready_timeout(CONTEXT, 5) == 0)
CALL(context_set_scheduler, daemonkit_context_set_scheduler(CONTEXT, SCHED_OTHER, 0) == 0)
static void on_status(const char *text, void *data)
{
	(void)text;
	if (data != NULL)
		note_state(data);
}
CALL(context_set_status_handler,
     daemonkit_context_set_status_handler(CONTEXT, on_status, NULL) == 0)
CALL(context_set_umask, daemonkit_context_set_umask(CONTEXT, 022) == 0)
CALL(context_set_user, daemonkit_context_set_user(CONTEXT, "daemon", NULL) == 0)
CALL(context_set_work_dir, daemonkit_context_set_work_dir(CONTEXT, "/tmp") == 0)
CALL(context_detach_fd, daemonkit_context_detach_fd(DAEMON, "none", 0, DAEMONKIT_FD_ANY) == -ENOENT)
static bool call_context_take_payload(struct world *world)
{
	char bytes[8];

	return daemonkit_context_take_payload(DAEMON, bytes, sizeof bytes) <= 0;
}
CALL(control_free, (world->control = daemonkit_control_free(world->control)) == NULL)
static bool call_control_new(struct world *world)
{
	struct daemonkit_control *control;

	if (daemonkit_control_new(CONTEXT, &control) < 0)
		return false;
	daemonkit_control_free(control);
	return true;
}
CALL(control_run,
     daemonkit_control_run(world->control, "status", 0, &world->code) == 1 && world->code == 0)
CALL(control_set_name, daemonkit_control_set_name(world->control, "name") == 0)
CALL(control_set_reload, daemonkit_control_set_reload(world->control, SIGHUP, 5) == 0)
CALL(control_set_stop_timeout, daemonkit_control_set_stop_timeout(world->control, 5, 5) == 0)
static bool call_daemonize(struct world *world)
{
	struct daemonkit_context *context;

	/* This process has a manager: the mode is FOREGROUND. */
	if (daemonkit_daemonize(path_in(world, "one.pid"), NULL, DAEMONKIT_UNTIL_SET_UP,
				&context) != 0)
		return false;
	daemonkit_context_free(context);
	return true;
}
CALL(error, daemonkit_error() != NULL)
CALL(fd_address, daemonkit_fd_address(world->manager, (char[DAEMONKIT_ADDRESS_MAX]){ "" },
				      DAEMONKIT_ADDRESS_MAX) > 0)
/* The manager does not read, and so does not close the descriptor of a barrier. */
CALL(notify_barrier, daemonkit_notify_barrier(DAEMON, 1) == -ETIMEDOUT)
CALL(notify_extend_timeout, daemonkit_notify_extend_timeout(DAEMON, 5) >= 0)
CALL(notify_failed, daemonkit_notify_failed(DAEMON, -EIO, "text") < 1)
CALL(notify_main_pid, daemonkit_notify_main_pid(DAEMON, getpid()) >= 0)
CALL(notify_ready, daemonkit_notify_ready(DAEMON) >= 0)
CALL(notify_reloading, daemonkit_notify_reloading(DAEMON) >= 0)
CALL(notify_remove_fd, daemonkit_notify_remove_fd(DAEMON, "name") >= 0)
CALL(notify_send, daemonkit_notify_send(DAEMON, "X=1") >= 0)
static bool call_notify_take_fd(struct world *world)
{
	int fd = dup(world->fd);

	if (daemonkit_notify_take_fd(CONTEXT, fd) == 0)
		return true;
	close(fd);
	return false;
}
CALL(notify_status, daemonkit_notify_status(DAEMON, "text") >= 0)
CALL(notify_stopping, daemonkit_notify_stopping(DAEMON) >= 0)
CALL(notify_store_fd, daemonkit_notify_store_fd(DAEMON, "name", world->fd, 0) >= 0)
CALL(notify_watchdog, daemonkit_notify_watchdog(DAEMON) >= 0)
CALL(notify_watchdog_interval, daemonkit_notify_watchdog_interval(DAEMON, &world->code) >= 0)
CALL(notify_watchdog_trigger, daemonkit_notify_watchdog_trigger(DAEMON) >= 0)
CALL(pidfile_close, (world->pidfile = daemonkit_pidfile_close(world->pidfile)) == NULL)
static bool call_pidfile_create(struct world *world)
{
	struct daemonkit_pidfile *pidfile;

	if (daemonkit_pidfile_create(path_in(world, "other"), 0, &pidfile) < 0)
		return false;
	daemonkit_pidfile_close(pidfile);
	return true;
}
CALL(pidfile_fd, daemonkit_pidfile_fd(world->pidfile) >= 0)
CALL(pidfile_path, daemonkit_pidfile_path(world->pidfile) != NULL)
static bool call_pidfile_take_fd(struct world *world)
{
	struct daemonkit_pidfile *pidfile;

	if (daemonkit_pidfile_take_fd(world->plain, path_in(world, "plain"), &pidfile) < 0)
		return false;
	daemonkit_pidfile_close(pidfile);
	return true;
}
static bool call_pidfile_holder(struct world *world)
{
	struct daemonkit_process *process;

	if (daemonkit_pidfile_holder(path_in(world, "pid"), &process) < 0)
		return false;
	daemonkit_process_free(process);
	return true;
}
CALL(pidfile_lock, daemonkit_pidfile_lock(world->pidfile) == 0)
static bool call_pidfile_open(struct world *world)
{
	struct daemonkit_pidfile *pidfile;

	if (daemonkit_pidfile_open(path_in(world, "opened"), 0, &pidfile) < 0)
		return false;
	daemonkit_pidfile_close(pidfile);
	return true;
}
static bool call_pidfile_read(struct world *world)
{
	pid_t pid;

	return daemonkit_pidfile_read(world->pidfile, &pid) == 0 && pid == getpid();
}
static bool call_pidfile_read_path(struct world *world)
{
	pid_t pid;

	return daemonkit_pidfile_read_path(path_in(world, "pid"), &pid) == 0 && pid == getpid();
}
CALL(pidfile_remove, daemonkit_pidfile_remove(world->pidfile) == 0)
CALL(pidfile_unlock, daemonkit_pidfile_unlock(world->pidfile) == 0)
CALL(pidfile_write, daemonkit_pidfile_write(world->pidfile) == 0)
CALL(process_alive, daemonkit_process_alive(world->process) == 1)
CALL(process_fd, daemonkit_process_fd(world->process) >= 0 || !harness_has_pidfds())
CALL(process_free, (world->process = daemonkit_process_free(world->process)) == NULL)
static bool call_process_open(struct world *world)
{
	struct daemonkit_process *process;

	if (daemonkit_process_open(world->child, &process) < 0)
		return false;
	daemonkit_process_free(process);
	return true;
}
CALL(process_pid, daemonkit_process_pid(world->process) == world->child)
static bool call_process_request(struct world *world)
{
	return (daemonkit_process_request(world->process, SIGHUP, harness_scaled(HARNESS_SOON),
					  on_status, world) == 0 &&
		world->handled == PTHREAD_CANCEL_DISABLE) ||
	       !harness_has_linux_api();
}
CALL(process_signal, daemonkit_process_signal(world->process, SIGCONT) == 0)
CALL(process_stop, daemonkit_process_stop(world->process, 0, HARNESS_SOON) >= 0)
CALL(process_wait, daemonkit_process_wait(world->process, 1) == -ETIMEDOUT)
/* on_signal() calls the functions that a handler may call. */
static bool call_signals_dispatch(struct world *world)
{
	return raise(SIGHUP) == 0 && daemonkit_signals_dispatch(world->signals) == 1 &&
	       world->handled == PTHREAD_CANCEL_DISABLE;
}
static bool call_signals_serve(struct world *world)
{
	return raise(SIGHUP) == 0 && daemonkit_signals_serve(world->signals) == 0 &&
	       world->handled == PTHREAD_CANCEL_DISABLE;
}
CALL(signals_fd, daemonkit_signals_fd(world->signals) >= 0)
CALL(signals_free, (world->commands = daemonkit_commands_free(world->commands)) == NULL &&
			   (world->signals = daemonkit_signals_free(world->signals)) == NULL)
static bool call_signals_new(struct world *world)
{
	struct daemonkit_signals *signals;

	(void)world;
	if (daemonkit_signals_new(&signals) < 0)
		return false;
	daemonkit_signals_free(signals);
	return true;
}
CALL(signals_reap_orphans, daemonkit_signals_reap_orphans(world->signals, NULL, NULL) <= 0)
CALL(signals_set_handler,
     daemonkit_signals_set_handler(world->signals, SIGUSR2, on_signal, world) == 0)
/* The handler that the library has installed runs while a cancellation is pending. */
static bool call_a_signal(struct world *world)
{
	(void)world;
	return raise(SIGHUP) == 0;
}
CALL(version, daemonkit_version() != NULL)
CALL(version_number, daemonkit_version_number() > 0)
CALL(was_reborn, daemonkit_was_reborn() == 0)

static const struct call {
	const char *name;
	bool (*function)(struct world *world);
} calls[] = {
#define ENTRY(name)                \
	{                          \
#name, call_##name \
	}
	ENTRY(commands_active),
	ENTRY(commands_active_signal),
	ENTRY(commands_add_bool),
	ENTRY(commands_add_string),
	ENTRY(commands_free),
	ENTRY(commands_new),
	ENTRY(commands_send),
	ENTRY(context_confine),
	ENTRY(context_confine_later),
	ENTRY(context_exit_code),
	ENTRY(context_exit_status),
	ENTRY(context_fd_name),
	ENTRY(context_find_fd),
	ENTRY(context_free),
	ENTRY(context_free_of_a_daemon),
	ENTRY(context_keep_all_fds),
	ENTRY(context_keep_capability),
	ENTRY(context_keep_fd),
	ENTRY(context_keep_groups),
	ENTRY(context_new),
	ENTRY(context_pass_fd),
	ENTRY(context_predecessor),
	ENTRY(context_reborn),
	ENTRY(context_release),
	ENTRY(context_remove_socket),
	ENTRY(context_reopen_log),
	ENTRY(context_search),
	ENTRY(context_set_args),
	ENTRY(context_set_chroot),
	ENTRY(context_set_credential),
	ENTRY(context_set_env),
	ENTRY(context_set_limit),
	ENTRY(context_set_log_fd),
	ENTRY(context_set_log_file),
	ENTRY(context_set_mode),
	ENTRY(context_set_nice),
	ENTRY(context_set_no_new_privileges),
	ENTRY(context_set_oom_score_adjust),
	ENTRY(context_set_output_file),
	ENTRY(context_set_payload),
	ENTRY(context_set_pid_file),
	ENTRY(context_set_pid_file_of_a_daemon),
	ENTRY(context_set_pid_file_optional),
	ENTRY(context_set_program),
	ENTRY(context_set_ready_timeout),
	ENTRY(context_set_scheduler),
	ENTRY(context_set_status_handler),
	ENTRY(context_set_umask),
	ENTRY(context_set_user),
	ENTRY(context_set_work_dir),
	ENTRY(context_detach_fd),
	ENTRY(context_take_payload),
	ENTRY(control_free),
	ENTRY(control_new),
	ENTRY(control_run),
	ENTRY(control_set_name),
	ENTRY(control_set_reload),
	ENTRY(control_set_stop_timeout),
	ENTRY(daemonize),
	ENTRY(error),
	ENTRY(fd_address),
	ENTRY(notify_barrier),
	ENTRY(notify_extend_timeout),
	ENTRY(notify_failed),
	ENTRY(notify_main_pid),
	ENTRY(notify_ready),
	ENTRY(notify_reloading),
	ENTRY(notify_remove_fd),
	ENTRY(notify_send),
	ENTRY(notify_take_fd),
	ENTRY(notify_status),
	ENTRY(notify_stopping),
	ENTRY(notify_store_fd),
	ENTRY(notify_watchdog),
	ENTRY(notify_watchdog_interval),
	ENTRY(notify_watchdog_trigger),
	ENTRY(pidfile_close),
	ENTRY(pidfile_create),
	ENTRY(pidfile_fd),
	ENTRY(pidfile_take_fd),
	ENTRY(pidfile_holder),
	ENTRY(pidfile_lock),
	ENTRY(pidfile_open),
	ENTRY(pidfile_path),
	ENTRY(pidfile_read),
	ENTRY(pidfile_read_path),
	ENTRY(pidfile_remove),
	ENTRY(pidfile_unlock),
	ENTRY(pidfile_write),
	ENTRY(process_alive),
	ENTRY(process_fd),
	ENTRY(process_free),
	ENTRY(process_open),
	ENTRY(process_pid),
	ENTRY(process_request),
	ENTRY(process_signal),
	ENTRY(process_stop),
	ENTRY(process_wait),
	ENTRY(signals_dispatch),
	ENTRY(signals_serve),
	ENTRY(signals_fd),
	ENTRY(signals_free),
	ENTRY(signals_new),
	ENTRY(signals_reap_orphans),
	ENTRY(signals_set_handler),
	ENTRY(a_signal),
	ENTRY(version),
	ENTRY(version_number),
	ENTRY(was_reborn)
};
#define CALLS (sizeof calls / sizeof *calls)

/* ---- a thread with a pending cancellation that makes one of the calls ---- */

struct attempt {
	bool (*function)(struct world *world);
	struct world *world;
	atomic_bool returned;
	bool done;
};

static void *attempt(void *data)
{
	struct attempt *attempt = data;

	pthread_cancel(pthread_self());
	attempt->done = attempt->function(attempt->world);
	atomic_store(&attempt->returned, true);
	pthread_testcancel();
	return NULL;
}

/* NULL if the call was completed and the thread was cancelled after it. */
static const char *fault(bool (*function)(struct world *world), struct world *world)
{
	struct attempt call = { .function = function, .world = world };
	pthread_t thread;
	void *result = NULL;

	if (pthread_create(&thread, NULL, attempt, &call) != 0 ||
	    pthread_join(thread, &result) != 0)
		abort();
	if (!atomic_load(&call.returned))
		return "the thread was cancelled in the call";
	if (!call.done)
		return "the call failed";
	return result == PTHREAD_CANCELED ? NULL : "cancellation is disabled after the call";
}

START_TEST(no_function_is_a_cancellation_point)
{
	struct world world = { 0 };
	const char *wrong;

	prepare(&world);
	wrong = fault(calls[_i].function, &world);
	ck_assert_msg(wrong == NULL, "%s: %s (%s)", calls[_i].name, wrong, daemonkit_error());
	dispose(&world);
}
END_TEST

static bool is_called(const char *name)
{
	/*
	 * Called in on_signal(), or by the daemon of
	 * start_and_upgrade_are_no_cancellation_points.
	 */
	static const char *const elsewhere[] = {
		"siginfo_number", "siginfo_pid", "siginfo_reply", "siginfo_status", "siginfo_uid",
		"siginfo_value",  "upgrade_fd",  "upgrade_free",  "upgrade_start",  "upgrade_wait",
	};

	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
		if (strcmp(elsewhere[i], name) == 0)
			return true;
	}
	for (size_t i = 0; i < CALLS; i++) {
		if (strcmp(calls[i].name, name) == 0)
			return true;
	}
	return false;
}

START_TEST(every_function_is_called)
{
	char path[PATH_MAX], line[256], name[200];
	size_t found = 0;
	FILE *map;

	snprintf(path, sizeof path, "%s/src/libdaemonkit.map", getenv("srcdir") ?: "..");
	map = fopen(path, "re");
	ck_assert_msg(map != NULL, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, map) != NULL) {
		if (sscanf(line, "\tdaemonkit_%199[a-z_];", name) == 1) {
			ck_assert_msg(is_called(name), "daemonkit_%s() is not called here", name);
			found++;
		}
	}
	fclose(map);
	ck_assert_uint_gt(found, 90);
}
END_TEST

/* ---- a start, a daemon and an upgrade ---- */

static bool start(struct world *world)
{
	world->started = daemonkit_context_reborn(world->context);
	return world->started >= 0;
}

static bool notify_ready(struct world *world)
{
	return daemonkit_notify_ready(world->context) >= 0;
}

static bool reopen_log(struct world *world)
{
	return daemonkit_context_reopen_log(world->context) == 0;
}

static bool upgrade_start(struct world *world)
{
	return daemonkit_upgrade_start(world->context, NULL, harness_scaled(HARNESS_SOON),
				       &world->upgrade) == 0;
}

static bool upgrade_wait(struct world *world)
{
	world->started = daemonkit_upgrade_wait(world->upgrade, -1);
	return world->started > 0 && daemonkit_upgrade_fd(world->upgrade) >= -1;
}

static bool upgrade_free(struct world *world)
{
	return (world->upgrade = daemonkit_upgrade_free(world->upgrade)) == NULL;
}

static void expect(bool (*function)(struct world *world), struct world *world)
{
	const char *wrong = fault(function, world);

	if (wrong != NULL) {
		fprintf(stderr, "%s (%s)\n", wrong, daemonkit_error());
		_exit(1);
	}
}

/* The first daemon starts a successor, which serves until SIGTERM. */
static int live(struct world *world)
{
	int first_daemon = open(path_in(world, "first"), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
				0644);
	sigset_t wanted;
	int number;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	expect(notify_ready, world);
	expect(reopen_log, world);
	if (first_daemon >= 0 && harness_has_linux_api()) {
		expect(upgrade_start, world);
		expect(upgrade_wait, world);
		expect(upgrade_free, world);
	} else {
		sigwait(&wanted, &number);
	}
	daemonkit_context_release(world->context);
	daemonkit_context_free(world->context);
	return 0;
}

static int start_main(int argc, char *argv[])
{
	struct world world = { .directory = argv[argc - 1] };

	prepare_context(&world, &world.context, DAEMONKIT_MODE_REBORN);
	expect(start, &world);
	if (world.started == 0)
		return live(&world);
	printf("%d\n", (int)world.started);
	daemonkit_context_free(world.context);
	return 0;
}

static pid_t pid_in_file(void)
{
	return (pid_t)atoi(harness_read_file(harness_path("daemon.pid")));
}

static bool is_upgraded(void *data)
{
	return pid_in_file() != 0 && pid_in_file() != *(pid_t *)data;
}

START_TEST(start_and_upgrade_are_no_cancellation_points)
{
	struct harness_result result;
	struct daemonkit_process *daemon;
	pid_t first;

	/* For the handover. */
	harness_need_ofd_locks();
	result = harness_run_helper("start", harness_directory(), NULL);
	ck_assert_msg(result.status == 0, "status %#x: %s", (unsigned)result.status, result.error);
	first = (pid_t)atoi(result.output);
	ck_assert_int_gt(first, 0);
	if (harness_has_linux_api()) {
		ck_assert(harness_wait_until(is_upgraded, &first, HARNESS_SOON));
		ck_assert(harness_wait_exit(first, HARNESS_SOON));
	}
	ck_assert_int_eq(daemonkit_pidfile_holder(harness_path("daemon.pid"), &daemon), 0);
	ck_assert_int_ge(daemonkit_process_stop(daemon, harness_scaled(HARNESS_SOON), -1), 0);
	daemonkit_process_free(daemon);
	ck_assert_str_eq(harness_read_file(harness_path("log")), "");
}
END_TEST

/* ---- the handler of a waiting launcher ---- */

static atomic_bool stop_spinning;

static void *spin(void *data)
{
	atomic_bool *spinning = data;

	pthread_cancel(pthread_self());
	atomic_store(spinning, true);
	while (!atomic_load(&stop_spinning))
		sched_yield();
	return NULL;
}

/* SIGTERM arrives in the other thread, which has a pending cancellation. */
static int wait_main(int argc, char *argv[])
{
	struct world world = { .directory = argv[argc - 1] };
	static atomic_bool spinning;
	char launcher[20];
	sigset_t wanted;
	pthread_t thread;

	prepare_context(&world, &world.context, DAEMONKIT_MODE_REBORN);
	if (daemonkit_was_reborn()) {
		if (daemonkit_context_reborn(world.context) == 0)
			for (kill((pid_t)atoi(getenv("LAUNCHER")), SIGTERM);;)
				pause();
		return 1;
	}
	snprintf(launcher, sizeof launcher, "%d", (int)getpid());
	setenv("LAUNCHER", launcher, 1);
	if (pthread_create(&thread, NULL, spin, &spinning) != 0)
		abort();
	while (!atomic_load(&spinning))
		sched_yield();
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &wanted, NULL);
	world.started = daemonkit_context_reborn(world.context);
	/* The launcher sends the signal again, to the other thread: it ends the process. */
	while (world.started < 0)
		pause();
	return 1;
}

START_TEST(signal_handler_of_launcher_is_no_cancellation_point)
{
	struct harness_result result = harness_run_helper("wait", harness_directory(), NULL);

	ck_assert_msg(WIFSIGNALED(result.status) && WTERMSIG(result.status) == SIGTERM,
		      "status %#x: %s", (unsigned)result.status, result.error);
}
END_TEST

static const struct harness_helper helpers[] = { { "start", start_main },
						 { "wait", wait_main },
						 { NULL, NULL } };

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("cancel");
	TCase *cancel = harness_case(suite, "cancel");

	tcase_add_loop_test(cancel, no_function_is_a_cancellation_point, 0, CALLS);
	tcase_add_test(cancel, every_function_is_called);
	tcase_add_test(cancel, start_and_upgrade_are_no_cancellation_points);
	tcase_add_test(cancel, signal_handler_of_launcher_is_no_cancellation_point);
	return harness_main(argc, argv, suite, helpers);
}
