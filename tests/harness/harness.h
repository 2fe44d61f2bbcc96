/* SPDX-License-Identifier: MIT */
/*
 * The common base of all Check programs of the tests.
 *
 * Each test runs in its own process below a supervisor, which is a child subreaper: every process
 * that the test leaves running, detached or not, becomes a child of the supervisor, is killed, and
 * fails the test. A test also fails when it leaves a descriptor open or a child unreaped, and when
 * it exceeds its deadline. It starts with default signal dispositions, an empty mask, umask 022 and
 * its own directory, which is removed afterwards, also when the run is interrupted.
 *
 * A program looks like this:
 *
 *	int main(int argc, char *argv[])
 *	{
 *		Suite *suite = suite_create("pidfile");
 *		TCase *create = harness_case(suite, "create");
 *
 *		tcase_add_test(create, one_of_concurrent_starts_wins);
 *		return harness_main(argc, argv, suite, helpers);
 *	}
 *
 * All timeouts are in milliseconds and are multiplied by $HARNESS_SLOWNESS, for checkers that make
 * programs slow.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <check.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Timeout for events that are certain to come. */
#define HARNESS_SOON 10000

/* A helper is another main function of this program, run with "--helper NAME ...". */
struct harness_helper {
	const char *name;
	int (*main)(int argc, char *argv[]); /* argv[0] is the name */
};

/* Add a test case to the suite; its tests run as described above. */
TCase *harness_case(Suite *suite, const char *name);

/*
 * Run the suite, or the helper that the arguments name; returns the result of main(). The
 * results are printed in the Test Anything Protocol. $CK_RUN_CASE selects a test case by name;
 * a name that selects nothing is an error. The array of helpers ends with a NULL name; it may
 * be NULL.
 */
int harness_main(int argc, char *argv[], Suite *suite, const struct harness_helper *helpers);

/* Extend the deadline of this test to this time from now. The default is 60 seconds. */
void harness_allow(int milliseconds);

/* End this test as skipped; the text says what is missing. */
void harness_skip(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2), __noreturn__));
void harness_need_root(void);
void harness_need_mounts(void);    /* creates a mount namespace; needs root */
void harness_need_filters(void);   /* seccomp */
void harness_need_libraries(void); /* the dynamic linker searches for libraries */
void harness_need_ofd_locks(void);
/* clone(2) with shared memory: the daemon is a child of the launcher. */
void harness_need_clones(void);

/* Skip the test if $HARNESS_EMULATOR is set: emulators do not implement this. */
void harness_need_kernel(const char *what);

/*
 * What can be tested here. Called when tests are added: tests that cannot run are not added,
 * instead of being skipped.
 */
bool harness_has_linux_api(void);
/* Was the library built with this call, which POSIX.1-2008 does not have? */
bool harness_has_call(const char *name);
void harness_need_call(const char *name); /* the library was built with it */
bool harness_has_pidfds(void);
bool harness_is_under_valgrind(void); /* as $HARNESS_VALGRIND says */
bool harness_is_sanitized(void);      /* the tests were built with sanitizers */

/* Become the parent of orphaned descendants, instead of the supervisor. */
void harness_adopt_orphans(void);

/* The directory of the test, and a path in it; valid until the test ends. */
const char *harness_directory(void);
const char *harness_path(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Write and read whole files. The text read is NUL-terminated and valid until the test ends. */
void harness_write_file(const char *path, const char *text);
const char *harness_read_file(const char *path);

/* The monotonic clock in milliseconds. */
int64_t harness_now(void);

/* Milliseconds multiplied by $HARNESS_SLOWNESS. */
int harness_scaled(int milliseconds);

/* Wait for an event until the deadline; did it come? */
bool harness_wait_readable(int fd, int milliseconds);
bool harness_wait_file(const char *path, int milliseconds);
bool harness_wait_text(const char *path, const char *text, int milliseconds);
bool harness_wait_exit(pid_t pid, int milliseconds);
bool harness_wait_child(pid_t pid, int *status, int milliseconds);

/* Without an event to wait for: poll until the condition is true. */
bool harness_wait_until(bool (*is_true)(void *data), void *data, int milliseconds);

/* Open descriptors of this process; the direct children of a process. */
size_t harness_count_fds(void);
size_t harness_count_children(pid_t parent);

/* The parent of a process; 0 if there is no such process. */
pid_t harness_parent(pid_t pid);

/*
 * A program that runs beside the test. It has pipes as standard input and output, and the
 * standard error of the test.
 */
struct harness_program {
	pid_t pid;
	int input;
	int output;
};

/* Start a program found in PATH, or a helper of this program, with its arguments up to NULL. */
struct harness_program harness_spawn(const char *const argv[]);
struct harness_program harness_spawn_helper(const char *name, ...) __attribute__((__sentinel__));

/* Read a line, without the newline; valid until the test ends. Fails the test if none comes. */
const char *harness_line(struct harness_program *program);

/* Close its standard input, wait for it to exit, and return its status as of waitpid(2). */
int harness_end(struct harness_program *program);

/* The same after SIGKILL. */
int harness_kill(struct harness_program *program);

/* The result of a program that was run to its end. */
struct harness_result {
	int status;         /* as of waitpid(2) */
	bool streams_held;  /* another process has its output or error stream open */
	const char *output; /* valid until the test ends */
	const char *error;
};

/*
 * Run a program to its end with empty standard input. Fails the test after 30 seconds, or later
 * if harness_allow() permits more.
 */
struct harness_result harness_run(const char *const argv[]);
struct harness_result harness_run_helper(const char *name, ...) __attribute__((__sentinel__));

/* Memory that is freed when the test ends. */
void *harness_memory(size_t size);

/* The path of this program; every user can execute it, if root runs the tests. */
extern const char *harness_self;

/* Copy a program so that every user can execute the copy; was it copied? */
bool harness_copy_program(const char *from, const char *to);

/* Internal to the harness. */
int harness_run_copy(char *argv[]); /* if needed; its exit status, or -1 */
bool harness_make_directory(char path[static PATH_MAX]);
void harness_remove_directory(const char *path);
void harness_free_memory(void);
const char *harness_case_names(void);
int64_t harness_deadline(void); /* of the test; 0 in a helper */

/* The call refuses NULL: -EINVAL, with a text that names the function. */
#define HARNESS_REFUSES_NULL(call)                                                         \
	do {                                                                               \
		ck_assert_int_eq(call, -EINVAL);                                           \
		ck_assert_msg(strncmp(daemonkit_error(), #call, strcspn(#call, "(")) == 0, \
			      "%s: %s", #call, daemonkit_error());                         \
	} while (0)

#endif /* HARNESS_H */
