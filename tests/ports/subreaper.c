/* SPDX-License-Identifier: MIT */
/*
 * subreaper PID: make a process adopt its orphaned descendants.
 *
 * qemu-user does not implement PR_SET_CHILD_SUBREAPER, which the tests need. The kernel does,
 * and an emulated process is a process of this machine: this program stops it while it waits
 * (for this program), executes the system call in it, and continues it. Only for x86-64.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SYSCALL_INSTRUCTION 0x050FU
#define ATTEMPTS 5000

static int fail(const char *what)
{
	fprintf(stderr, "subreaper: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Is it stopped after a system call that will be restarted? */
static int is_waiting(pid_t pid, const struct user_regs_struct *registers)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, pid, registers->rip - 2, 0);
	return errno == 0 && ((unsigned long)word & 0xFFFF) == SYSCALL_INSTRUCTION &&
	       (long long)registers->orig_rax >= 0;
}

static int execute(pid_t pid, const struct user_regs_struct *before)
{
	struct user_regs_struct registers = *before;
	int status;

	registers.rip -= 2;
	registers.rax = SYS_prctl;
	registers.orig_rax = (unsigned long long)-1; /* the interrupted call is not restarted yet */
	registers.rdi = PR_SET_CHILD_SUBREAPER;
	registers.rsi = 1;
	registers.rdx = registers.r10 = registers.r8 = 0;
	if (ptrace(PTRACE_SETREGS, pid, 0, &registers) < 0 ||
	    ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) < 0 ||
	    !WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0)
		return fail("execute prctl(2)");
	errno = (int)-(long long)registers.rax;
	if (registers.rax != 0)
		return fail("prctl(2)");
	if (ptrace(PTRACE_SETREGS, pid, 0, before) < 0)
		return fail("restore its registers");
	return 0;
}

int main(int argc, char *argv[])
{
	pid_t pid = argc == 2 ? (pid_t)atoi(argv[1]) : 0;

	if (pid <= 0 || ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return fail("seize the process");
	for (int i = 0; i < ATTEMPTS; i++) {
		const struct timespec moment = { .tv_nsec = 1000000 };
		struct user_regs_struct registers;
		int status;

		if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) < 0 ||
		    !WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0)
			return fail("stop the process");
		if (is_waiting(pid, &registers)) {
			status = execute(pid, &registers);
			return ptrace(PTRACE_DETACH, pid, 0, 0) < 0 ? fail("let it go") : status;
		}
		ptrace(PTRACE_CONT, pid, 0, 0);
		nanosleep(&moment, NULL);
	}
	errno = ETIMEDOUT;
	return fail("wait for it to wait");
}
