/* SPDX-License-Identifier: MIT */
/*
 * What every Check program of the tests stands on.
 *
 * Each test runs in a process of its own below a supervisor, which is a child
 * subreaper: whatever process the test leaves running, detached or not, comes
 * to the supervisor, is killed, and fails the test.  A test also fails when it
 * leaves a descriptor open or a child unreaped, and when it passes its
 * deadline.  It starts with default signal dispositions, an empty mask, umask
 * 022 and a directory of its own, which is removed afterwards, also when the run
 * is interrupted.
 *
 * A program looks like this:
 *
 *	int main(int argc, char *argv[])
 *	{
 *		Suite *suite = suite_create("pidfile");
 *		TCase *create = harness_case(suite, "create");
 *
 *		tcase_add_test(create, one_of_many_wins);
 *		return harness_main(argc, argv, suite, helpers);
 *	}
 *
 * All waits are in milliseconds and are multiplied by $HARNESS_SLOWNESS,
 * for checkers that make programs slow.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <check.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Long enough for anything that is going to happen at all. */
#define HARNESS_SOON 10000

/* The main function of another program: this one with "--helper name ...". */
struct harness_helper {
	const char *name;
	int (*main)(int argc, char *argv[]); /* argv[0] is the name */
};

/* A new test case of the suite, its tests run as described above. */
TCase *harness_case(Suite *suite, const char *name);

/*
 * Run the suite, or the helper that the arguments name; the result of main().
 * The results are printed in the Test Anything Protocol.  $CK_RUN_CASE selects a
 * test case by its name; a name that selects nothing is an error.  The array of helpers
 * ends with a NULL name; it may be NULL.
 */
int harness_main(int argc, char *argv[], Suite *suite, const struct harness_helper *helpers);

/* More time for this test, from now; without it, 60 seconds. */
void harness_allow(int milliseconds);

/* End this test as skipped; say what is missing. */
void harness_skip(const char *format, ...)
	__attribute__((__format__(__printf__, 1, 2), __noreturn__));
void harness_need_root(void);
void harness_need_mounts(void);    /* makes them: a namespace of its own, root only */
void harness_need_filters(void);   /* of system calls */
void harness_need_libraries(void); /* that the dynamic linker looks for */
void harness_need_description_locks(void);
void harness_need_clones(void); /* that share memory: the daemon is the launcher's child */

/* What an emulator of programs ($HARNESS_EMULATOR) does not do as a kernel does. */
void harness_need_kernel(const char *what);

/*
 * What there is to be tested here: asked when tests are added, so that what
 * cannot be there is no test and no gap in the results either.
 */
bool harness_has_linux_api(void); /* the library was built with it */
bool harness_has_pidfds(void);
bool harness_is_under_valgrind(void); /* as $HARNESS_VALGRIND says */
bool harness_is_sanitized(void);      /* the tests were built so */

/* Become the parent of orphaned descendants, in place of the supervisor. */
void harness_adopt_orphans(void);

/* The test's own directory, and a path in it; valid until the test ends. */
const char *harness_directory(void);
const char *harness_path(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Whole files; the text read is NUL-terminated and valid until the test ends. */
void harness_write_file(const char *path, const char *text);
const char *harness_read_file(const char *path);

/* Milliseconds of the monotonic clock. */
int64_t harness_now(void);

/* Milliseconds as they are waited here, with $HARNESS_SLOWNESS. */
int harness_scaled(int milliseconds);

/* Wait for an event until the deadline: did it come? */
bool harness_wait_readable(int fd, int milliseconds);
bool harness_wait_file(const char *path, int milliseconds);
bool harness_wait_text(const char *path, const char *text, int milliseconds);
bool harness_wait_exit(pid_t pid, int milliseconds);
bool harness_wait_child(pid_t pid, int *status, int milliseconds);

/* Where there is no event: ask until it is true. */
bool harness_wait_until(bool (*is_true)(void *data), void *data, int milliseconds);

/* Open descriptors of this process; the direct children of a process. */
size_t harness_count_fds(void);
size_t harness_count_children(pid_t parent);

/*
 * A program that runs beside the test: pipes to its standard input and from
 * its standard output; its standard error is the test's.
 */
struct harness_program {
	pid_t pid;
	int input;
	int output;
};

/* A program found in PATH, or a helper of this program, with its arguments up to NULL. */
struct harness_program harness_spawn(const char *const argv[]);
struct harness_program harness_spawn_helper(const char *name, ...) __attribute__((__sentinel__));

/* Its next line without the newline, valid until the test ends; fails the test if none comes. */
const char *harness_line(struct harness_program *program);

/* Close its standard input, wait for its end and return the status as of waitpid(2). */
int harness_end(struct harness_program *program);

/* The same after SIGKILL. */
int harness_kill(struct harness_program *program);

/* What became of a program that was run to its end. */
struct harness_result {
	int status;         /* as of waitpid(2) */
	bool streams_held;  /* somebody else still has its output or error stream open */
	const char *output; /* valid until the test ends */
	const char *error;
};

/*
 * Run a program to its end with standard input empty; fails the test if it takes too long:
 * 30 seconds, or what harness_allow() leaves of more.
 */
struct harness_result harness_run(const char *const argv[]);
struct harness_result harness_run_helper(const char *name, ...) __attribute__((__sentinel__));

/* Memory that is freed when the test ends. */
void *harness_memory(size_t size);

/* The path of this program; every user can execute it, if root runs the tests. */
extern const char *harness_self;

/* A copy of a program, for all users: is it made? */
bool harness_copy_program(const char *from, const char *to);

/* For the parts of the harness: not for tests. */
int harness_run_copy(char *argv[]); /* if one is needed; its exit status, or -1 */
bool harness_make_directory(char path[static PATH_MAX]);
void harness_remove_directory(const char *path);
void harness_free_memory(void);
const char *harness_case_names(void);
int64_t harness_deadline(void); /* of the test; 0 in a helper */

#endif /* HARNESS_H */
