/* SPDX-License-Identifier: MIT */
/*
 * Fault injection for system calls: fault-calls errors
 * kills
 * terms
 * stops SCENARIO
 *
 * Runs fault-probe many times. In each run one system call of one of its processes fails with
 * an error that this call can return ("errors"); or before the call the process gets SIGKILL
 * ("kills"), SIGTERM ("terms"), or SIGSTOP and a moment later SIGCONT ("stops").
 * Each run must end with a daemon that is up, or with an error and a text; nothing may be left
 * behind; and a normal start must succeed at once. After SIGCONT nothing may have failed.
 *
 * A seccomp filter passes every system call of the probe and its descendants to this program,
 * which answers with "continue", an error, or SIGKILL.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "faults/fault-errors.h"
#include "faults/fault-listener.h"
#include "faults/fault.h"
#include "ipc/channel.h"

#define PATIENCE 10000 /* longer than any run, in milliseconds */
#define AT_ONCE 900    /* less than any timeout of the library */
#define PAUSE 30       /* between SIGSTOP and SIGCONT */
#define PROCESSES 8
#define CALLS 4096
#define DAEMON 2 /* index of the process after the launcher and its first child */

enum kind { NONE, ERROR, KILL, TERM, STOP, KINDS };

static const struct {
	const char *argument, *name;
	int signal;
} kinds[KINDS] = {
	[ERROR] = { "errors", NULL, 0 },
	[KILL] = { "kills", "SIGKILL", SIGKILL },
	[TERM] = { "terms", "SIGTERM", SIGTERM },
	[STOP] = { "stops", "SIGSTOP", SIGSTOP },
};

/* The fault of a run. */
struct fault {
	enum kind kind;
	size_t process; /* in order of creation; 0 is the launcher */
	size_t call;    /* index within that process */
	size_t error;   /* index among the errors of that call */
};

struct process {
	pid_t pid;
	bool counted; /* its calls belong to the library */
	size_t calls;
	long first[CALLS]; /* numbers of its calls */
};

/* The observations of a run. */
struct run {
	struct process processes[PROCESSES];
	size_t process_count;
	pid_t launcher, serving, struck_pid;
	int launcher_status, serving_status, last_status;
	bool launcher_ended, reported, struck, continued, up_before;
	bool sent_message; /* the daemon has sent a message to its launcher */
	bool doubled;      /* two daemons served at the same time */
	bool succeeded;    /* the successor had already reported that it is the daemon */
	int64_t struck_at, launcher_took;
	long struck_call;
	int struck_error;
	bool no_more_errors;
	char line[1024];
	size_t length;
};

static char directory[] = "/tmp/daemonkit-faults-XXXXXX";
static char probe[4096];
static char *mode;
static bool jail, no_spawn;
static struct run run;
static int children;
static unsigned passed, failed;

/* A machine that pauses for a moment causes this, too. */
static const char late[] = "the launcher detected it late";
static const char too_long[] = "processes are left, or a timeout";

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---- starting the probe ---- */

static void execute_probe(int output)
{
	char in_jail[] = "jail";
	char *arguments[] = { probe, mode, directory, jail ? in_jail : NULL, NULL };

	dup2(output, STDOUT_FILENO);
	execv(probe, arguments);
	_exit(127);
}

static void watched_child(int output)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fault_listener_install();
	execute_probe(output);
}

/* ---- answering system calls ---- */

static bool is_mode(const char *name)
{
	return strcmp(mode, name) == 0;
}

static struct process *find_process(pid_t pid)
{
	for (size_t i = 0; i < run.process_count; i++)
		if (run.processes[i].pid == pid)
			return &run.processes[i];
	if (run.process_count == PROCESSES)
		return NULL;
	/* The calls of the launcher begin at FAULT_BEGIN, in a request those of the daemon, too. */
	run.processes[run.process_count] = (struct process){
		.pid = pid,
		.counted = run.process_count > 0 && !is_mode("request"),
	};
	return &run.processes[run.process_count++];
}

static void handle_event(struct process *process, int point)
{
	if (point == FAULT_BEGIN)
		process->counted = true;
	if (point == FAULT_END)
		process->counted = false;
	if (point == FAULT_SERVING && run.serving != 0 && kill(run.serving, 0) == 0 &&
	    !(run.struck && run.struck_pid == run.serving))
		run.doubled = true;
	if (point == FAULT_SERVING) {
		run.serving = process->pid;
		/* In a failed upgrade a second one serves: end_daemon() ends it, too. */
		run.reported = false;
	}
}

static bool read_memory(pid_t pid, void *to, const void *from, size_t length)
{
	struct iovec here = { .iov_base = to, .iov_len = length };
	struct iovec there = { .iov_base = (void *)(uintptr_t)from, .iov_len = length };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)length;
}

/* The type of a message that the process sends over its channel, or 0. */
static char sent_type(const struct process *process, const struct seccomp_data *call)
{
	struct msghdr message;
	struct iovec first;
	char type = 0;

	if (call->nr != SYS_sendmsg ||
	    !read_memory(process->pid, &message, (void *)(uintptr_t)call->args[1],
			 sizeof message) ||
	    message.msg_name != NULL ||
	    !read_memory(process->pid, &first, message.msg_iov, sizeof first) ||
	    /* The pid and status of a report of the watcher or daemon. */
	    (message.msg_iovlen == 1 && first.iov_len == 2 * sizeof(int)) ||
	    !read_memory(process->pid, &type, first.iov_base, 1))
		return 0;
	return type;
}

/*
 * Is the fault at this call? Returns the error to answer with, 0 to continue, -1 after SIGKILL.
 */
static int strike(const struct fault *fault, struct process *process,
		  const struct seccomp_notif *notice)
{
	size_t call = process->calls++;
	const int *errors;
	size_t count;
	bool spoken;
	char type;

	if (call < CALLS)
		process->first[call] = notice->data.nr;
	/* Before the fault, so that a call that it hits is not counted. */
	type = sent_type(process, &notice->data);
	spoken = process == &run.processes[DAEMON] && (type == CHANNEL_UP || type == CHANNEL_READY);
	if (fault->kind == NONE || process != &run.processes[fault->process] ||
	    call != fault->call) {
		run.sent_message |= spoken;
		run.succeeded |= process > &run.processes[DAEMON] && type == CHANNEL_SUCCEEDED;
		return 0;
	}
	run.struck_at = now();
	run.struck_pid = process->pid;
	run.struck_call = notice->data.nr;
	run.up_before = run.serving != 0 || run.launcher_ended;
	if (fault->kind != ERROR) {
		run.struck = true;
		kill(process->pid, kinds[fault->kind].signal);
		return fault->kind == KILL ? -1 : 0;
	}
	errors = fault_errors(notice->data.nr, notice->data.args, &count);
	run.no_more_errors = fault->error + 1 >= count;
	if (fault->error >= count)
		return 0;
	run.struck = true;
	run.struck_error = errors[fault->error];
	return run.struck_error;
}

static void answer(int listener, const struct fault *fault)
{
	struct seccomp_notif notice = { .id = 0 };
	struct seccomp_notif_resp response = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	struct process *process;
	int error = 0;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0)
		return; /* the process was killed meanwhile */
	process = find_process((pid_t)notice.pid);
	if (process != NULL && notice.data.nr == SYS_close &&
	    (int)notice.data.args[0] <= FAULT_BEGIN && (int)notice.data.args[0] >= FAULT_END)
		handle_event(process, (int)notice.data.args[0]);
	else if (process != NULL && process->counted)
		error = strike(fault, process, &notice);
	if (error == 0 && no_spawn && notice.data.nr == SYS_clone3)
		error = ENOSYS;
	response.id = notice.id;
	if (error > 0) {
		response.flags = 0;
		response.error = -error;
	}
	if (error >= 0)
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* ---- one run ---- */

static void note_end(pid_t pid, int status)
{
	run.last_status = status;
	if (pid == run.launcher) {
		run.launcher_ended = true;
		run.launcher_status = status;
		run.launcher_took = run.struck ? now() - run.struck_at : 0;
	}
	if (pid == run.serving)
		run.serving_status = status;
}

/* Is any process left? */
static bool reap(void)
{
	struct signalfd_siginfo signal;
	pid_t pid;
	int status;

	while (read(children, &signal, sizeof signal) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		note_end(pid, status);
	return pid == 0;
}

static void read_line(int output)
{
	ssize_t count = read(output, run.line + run.length, sizeof run.line - 1 - run.length);

	if (count > 0)
		run.length += (size_t)count;
}

static void end_daemon(void)
{
	bool foreground = is_mode("foreground");

	if (run.reported || run.serving == 0 || (!run.launcher_ended && !foreground))
		return;
	run.reported = true;
	kill(run.serving, SIGTERM);
}

/* After a failure, kill everything that is left. */
static void kill_all(void)
{
	for (size_t i = 0; i < run.process_count; i++)
		kill(run.processes[i].pid, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0)
		;
}

/* Continue the process that was stopped a moment ago. */
static void end_pause(const struct fault *fault)
{
	if (fault->kind != STOP || !run.struck || run.continued || now() < run.struck_at + PAUSE)
		return;
	run.continued = true;
	kill(run.struck_pid, SIGCONT);
}

/* Answer calls until no process is left; false after a timeout. */
static bool watch(int listener, int output, const struct fault *fault)
{
	int64_t until = now() + PATIENCE;
	struct pollfd fds[] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = output, .events = POLLIN },
		{ .fd = children, .events = POLLIN },
	};

	while (reap()) {
		if (now() > until || poll(fds, 3, PAUSE) < 0)
			return false;
		if ((fds[0].revents & POLLIN) != 0)
			answer(listener, fault);
		else if (fds[0].revents != 0)
			fds[0].fd = -1;
		if ((fds[1].revents & POLLIN) != 0)
			read_line(output);
		else if (fds[1].revents != 0)
			fds[1].fd = -1;
		reap();
		end_pause(fault);
		end_daemon();
	}
	read_line(output);
	return true;
}

static const char *run_probe(const struct fault *fault)
{
	int output[2], listener;
	bool in_time;

	memset(&run, 0, sizeof run);
	if (pipe(output) < 0)
		return "pipe";
	/* An error may cost the reply to a request: the wait for it must be far below AT_ONCE. */
	setenv(FAULT_PATIENCE, fault->kind == NONE || fault->kind == STOP ? "5000" : "200", 1);
	fault_listener_reset();
	run.launcher = fork();
	if (run.launcher == 0)
		watched_child(output[1]);
	close(output[1]);
	find_process(run.launcher);
	listener = fault_listener_get(run.launcher);
	in_time = listener >= 0 && watch(listener, output[0], fault);
	if (!in_time)
		kill_all();
	close(listener);
	close(output[0]);
	if (listener < 0)
		return "no seccomp listener";
	return in_time ? NULL : too_long;
}

/* ---- checks ---- */

/* Remove what is left; returns the first problem, or NULL. */
static const char *clean(bool may_be_there)
{
	DIR *list = opendir(directory);
	const char *problem = NULL;
	struct dirent *entry;
	struct stat facts;

	while (list != NULL && (entry = readdir(list)) != NULL) {
		bool pid = strcmp(entry->d_name, "pid") == 0 ||
			   (is_mode("move") && strcmp(entry->d_name, "moved") == 0);

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(list), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!pid && strcmp(entry->d_name, "log") != 0)
			problem = "another file was left";
		/* An empty file means that there is no daemon. */
		if (pid && !may_be_there && !((jail || run.struck) && facts.st_size == 0))
			problem = "a pid file was left";
		/* A file that may be left is handled by the next start. */
		if (!pid || problem != NULL)
			unlinkat(dirfd(list), entry->d_name, 0);
	}
	closedir(list);
	return problem;
}

static bool has_exited(int status, int code)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

/* A daemon that exits by itself reports an error text; SIGTERM may arrive after its work. */
static bool exited_well(int status)
{
	return has_exited(status, 0) || has_exited(status, FAULT_REPORTED) ||
	       has_exited(status, FAULT_CANCELED) ||
	       (run.struck && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static const char *check_killed_daemon(long error, int status)
{
	if (run.up_before)
		return NULL;
	if (error != -ECHILD)
		return "the launcher did not report the death of the daemon";
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		return "the exit status is not signal 9";
	return NULL;
}

static const char *check_launcher(const struct fault *fault)
{
	long error = 0;
	int status = 0, at = 0;

	if (has_exited(run.launcher_status, 0) && strncmp(run.line, "up ", 3) == 0)
		return run.serving != 0 || run.sent_message ? NULL
							    : "up without a message of the daemon";
	if (!WIFEXITED(run.launcher_status) ||
	    (WEXITSTATUS(run.launcher_status) != FAULT_REPORTED &&
	     WEXITSTATUS(run.launcher_status) != FAULT_CANCELED))
		return "the launcher exited without a result";
	if (sscanf(run.line, "failed %ld %d %n", &error, &status, &at) < 2 || error >= 0 ||
	    run.line[at] == '\0' || run.line[at] == '\n')
		return "the launcher did not report an error with a text";
	/* Another daemon had acquired the pid file before the launcher checked. */
	if (is_mode("upgrade") && strstr(run.line, "as soon as it was up") != NULL)
		return NULL;
	if (!run.struck || fault->kind == STOP)
		return "a start without a fault failed";
	if (run.launcher_took > AT_ONCE)
		return late;
	if (fault->kind == KILL && fault->process == DAEMON)
		return check_killed_daemon(error, status);
	return NULL;
}

static const char *check_run(const struct fault *fault)
{
	bool killed = run.struck && (fault->kind == KILL || fault->kind == TERM);
	bool launcher_killed = killed && fault->process == 0 && WIFSIGNALED(run.launcher_status) &&
			       WTERMSIG(run.launcher_status) == kinds[fault->kind].signal;
	bool daemon_killed = killed && fault->process > 0;
	bool foreground = is_mode("foreground");
	const char *problem = NULL;

	if (foreground && !launcher_killed && !exited_well(run.launcher_status))
		problem = "the daemon exited without a result";
	if (!foreground && !launcher_killed)
		problem = check_launcher(fault);
	if (problem == NULL && !foreground && run.serving != 0 && !daemon_killed &&
	    !exited_well(run.serving_status))
		problem = "the daemon did not exit regularly";
	if (problem == NULL && run.doubled)
		problem = "two daemons";
	/*
	 * In an upgrade the other daemon serves, until the successor has reported that it is
	 * the daemon: from then on its death is that of the daemon.
	 */
	if (problem == NULL && is_mode("upgrade") && fault->kind == KILL && run.struck &&
	    fault->process > DAEMON && run.serving == 0 && !run.succeeded)
		problem = "nobody serves after a failed upgrade";
	if (problem == NULL && !run.struck && run.serving != 0 && run.serving_status != 0 &&
	    !foreground)
		problem = "the daemon reported an error without a fault";
	return problem;
}

/*
 * May a pid file be left? One of a killed process that no other one outlived; or of a daemon
 * that reported that it could not remove it.
 */
static bool may_leave_pid_file(const struct fault *fault)
{
	if (!run.struck)
		return false;
	if (fault->kind == KILL)
		return run.up_before || fault->process == 0 || strncmp(run.line, "up ", 3) == 0;
	return run.up_before && has_exited(run.serving_status, FAULT_REPORTED);
}

static const struct fault no_fault = { .kind = NONE };

/* Describe the last run for the user. */
static void describe(const struct fault *fault, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s, process %zu, call %zu (number %ld) %s, status %#x", mode,
		 jail ? " jail" : "", no_spawn ? " without clone" : "", fault->process, fault->call,
		 run.struck_call,
		 fault->kind == ERROR ? strerrorname_np(run.struck_error) : kinds[fault->kind].name,
		 (unsigned)run.last_status);
}

static const char *run_and_check_once(const struct fault *fault)
{
	const char *problem = run_probe(fault), *left;

	if (problem == NULL)
		problem = check_run(fault);
	left = clean(may_leave_pid_file(fault));
	return problem == NULL ? left : problem;
}

/*
 * In thousands of runs one may be delayed by something else: report "late" only if it happens
 * twice.
 */
static const char *run_and_check(const struct fault *fault)
{
	const char *problem = run_and_check_once(fault);

	return problem == late || problem == too_long ? run_and_check_once(fault) : problem;
}

/* Inject one fault, and run a normal start afterwards. */
static void try(const struct fault *fault)
{
	const char *problem = run_and_check(fault), *when = "";
	bool struck = run.struck, no_more = run.no_more_errors;
	char what[256];

	describe(fault, what, sizeof what);
	if (problem == NULL && struck) {
		problem = run_and_check(&no_fault);
		when = "the next start: ";
	}
	if (problem != NULL)
		printf("# %s: %s%s: %s\n", what, when, problem, run.line);
	if (struck || fault->kind == NONE)
		*(problem == NULL ? &passed : &failed) += 1;
	run.struck = struck;
	run.no_more_errors = no_more;
}

/* ---- enumerations ---- */

static void try_errors(size_t process, size_t calls, const long *numbers)
{
	/* The arguments matter, too: only the run shows whether there is another error. */
	for (size_t call = 0; call < calls; call++) {
		size_t count;

		fault_errors(numbers[call], NULL, &count);
		for (size_t error = 0; error < count; error++) {
			try(&(struct fault){ ERROR, process, call, error });
			if (!run.struck || run.no_more_errors)
				break;
		}
	}
}

static void enumerate(enum kind kind)
{
	static struct run plain;

	try(&no_fault);
	plain = run;
	for (size_t process = 0; process < plain.process_count; process++) {
		const struct process *one = &plain.processes[process];
		size_t calls = one->calls < CALLS ? one->calls : CALLS;

		printf("# %s%s%s: process %zu makes %zu system calls\n", mode, jail ? " jail" : "",
		       no_spawn ? " without clone" : "", process, calls);
		if (kind == ERROR)
			try_errors(process, calls, one->first);
		else
			for (size_t call = 0; call < calls; call++)
				try(&(struct fault){ kind, process, call, 0 });
	}
}

static bool prepare(void)
{
	ssize_t length = readlink("/proc/self/exe", probe, sizeof probe - 32);
	sigset_t child;
	char *slash;

	if (length < 0 || mkdtemp(directory) == NULL)
		return false;
	probe[length] = '\0';
	slash = strrchr(probe, '/');
	strcpy(slash + 1, "fault-probe");
	chmod(directory, 0755);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return children >= 0 && fault_listener_begin();
}

int main(int argc, char *argv[])
{
	enum kind kind = ERROR;

	while (argc > 1 && kind < KINDS && strcmp(argv[1], kinds[kind].argument) != 0)
		kind++;
	if (argc < 3 || kind == KINDS || !prepare())
		return FAULT_USAGE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	mode = argv[2];
	jail = argc > 3 && strcmp(argv[3], "jail") == 0;
	no_spawn = argc > 3 && strcmp(argv[3], "without-clone") == 0;
	enumerate(kind);
	/* The last daemon may have left empty files. */
	if (chdir(directory) == 0) {
		unlink("pid");
		unlink("moved");
	}
	rmdir(directory);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
