/* SPDX-License-Identifier: MIT */
/* Named descriptors from managers and launchers. */
#include "harness/probe-running.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_ORACLE
#include <systemd/sd-daemon.h>
#endif

#include <daemonkit/context.h>
#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>

#include "manager/named-fds.h"

/* A null pointer that the compiler does not recognize. */
static void *volatile nothing;

static struct daemonkit_context *new_context(void)
{
	struct daemonkit_context *context = NULL;

	ck_assert_int_eq(daemonkit_context_new(&context), 0);
	return context;
}

/* ---- the environment that a manager sets ---- */

#ifdef HAVE_ORACLE
/* Print the list of libsystemd in the same format. */
static void print_theirs(void)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(0, &names);

	printf("%d", count < 0 ? -1 : 0);
	for (int i = 0; i < count; i++) {
		printf(" %s=%d", names[i], SD_LISTEN_FDS_START + i);
		free(names[i]);
	}
	free(names);
}
#endif

/*
 * PID FDS NAMES OPEN WHO: print the result for these variables; "-" is an unset variable, and
 * "own" in PID is this process.
 */
static int parse_main(int argc, char *argv[])
{
	static const char *const variables[] = { "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES" };
	struct descriptors descriptors = { .count = 0 };
	int result, last = 2 + atoi(argv[4]);

	(void)argc;
	for (int i = 0; i < 3; i++) {
		char value[64];
		const char *own = strstr(argv[i + 1], "own");
		int before = own == NULL ? (int)strlen(argv[i + 1]) : (int)(own - argv[i + 1]);

		snprintf(value, sizeof value, "%.*s", before, argv[i + 1]);
		if (own != NULL)
			snprintf(value + before, sizeof value - (size_t)before,
				 strstr(value, "0x") != NULL ? "%x%s" : "%d%s", (int)getpid(),
				 own + 3);
		if (strcmp(value, "-") != 0)
			setenv(variables[i], value, 1);
	}
	for (int fd = 3; fd <= last; fd++)
		if (dup2(STDOUT_FILENO, fd) < 0)
			return 1;
	for (int fd = last + 1; fd < 100; fd++)
		close(fd);
#ifdef HAVE_ORACLE
	if (strcmp(argv[5], "theirs") == 0) {
		print_theirs();
		return 0;
	}
#endif
	result = named_fds_from_manager(&descriptors);
	printf("%d", result);
	for (size_t i = 0; i < descriptors.count; i++)
		printf(" %s=%d%s", descriptors.list[i].name, descriptors.list[i].fd,
		       fcntl(descriptors.list[i].fd, F_GETFD) & FD_CLOEXEC ? "" : "!");
	if (result < 0)
		printf(" %s", daemonkit_error());
	named_fds_clear(&descriptors);
	for (int fd = 3; result == 0 && fd <= last; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" open:%d", fd);
	return 0;
}

#define GARBAGE "not a number of descriptors"
#define NO_PID "not a pid"
#define NO_NAMES "not the names of "

static const struct {
	const char *pid, *fds, *names, *open, *expected;
} environments[] = {
	/* what managers set */
	{ "own", "1", "http", "1", "0 http=3" },
	{ "own", "2", "a:b", "2", "0 a=3 b=4" },
	{ "own", "2", "same:same", "2", "0 same=3 same=4" },
	{ "own", "2", "a.socket:with space", "2", "0 a.socket=3 with space=4" },
	{ "own", "1", "http", "3", "0 http=3 open:4 open:5" },
	/* what libsystemd also accepts */
	{ "own", "+1", "a", "1", "0 a=3" },
	{ "own", " 1", "a", "1", "0 a=3" },
	{ "own", " \t\n\r+1", "a", "1", "0 a=3" },
	{ "own", "\v\f1", "a", "1", "0 a=3" },
	{ "own", "0x1", "a", "1", "0 a=3" },
	{ "own", "0X2", "a:b", "2", "0 a=3 b=4" },
	{ "own", "0b10", "a:b", "2", "0 a=3 b=4" },
	{ "own", "0o2", "a:b", "2", "0 a=3 b=4" },
	{ "own", "02", "a:b", "2", "0 a=3 b=4" },
	{ "+own", "1", "a", "1", "0 a=3" },
	{ " own", "1", "a", "1", "0 a=3" },
	{ "0xown", "1", "a", "1", "0 a=3" },
	{ "own", "1", "a\\:b", "1", "0 a:b=3" },
	{ "own", "2", "a\\\\:\\b", "2", "0 a\\=3 b=4" },
	/* missing names, or too many */
	{ "own", "1", "-", "1", "0 unknown=3" },
	{ "own", "2", "-", "2", "0 unknown=3 unknown=4" },
	{ "own", "1", "", "1", "0 =3" },
	{ "own", "2", "a:", "2", "0 a=3 =4" },
	{ "own", "3", ":b:", "3", "0 =3 b=4 =5" },
	{ "own", "2", "", "2", NO_NAMES "2" },
	{ "own", "3", "a", "3", NO_NAMES "3" },
	{ "own", "1", "a:", "1", NO_NAMES "1" },
	{ "own", "1", "a:b:c", "1", NO_NAMES "1" },
	{ "own", "1", "a\\", "1", NO_NAMES "1" },
	/* for another process, or for none */
	{ "1", "2", "a:b", "2", "0 open:3 open:4" },
	{ "-", "2", "a:b", "2", "0 open:3 open:4" },
	{ "own", "-", "a:b", "2", "0 open:3 open:4" },
	{ "1", "garbage", "a", "1", "0 open:3" },
	/* invalid values */
	{ "", "1", "a", "1", NO_PID },
	{ "0", "1", "a", "1", NO_PID },
	{ "-1", "1", "a", "1", NO_PID },
	{ "1x", "1", "a", "1", NO_PID },
	{ "2147483648", "1", "a", "1", NO_PID },
	{ "99999999999999999999", "1", "a", "1", NO_PID },
	{ "own", "", "a", "1", GARBAGE },
	{ "own", "0", "", "0", GARBAGE },
	{ "own", "-0", "", "0", GARBAGE },
	{ "own", "x", "a", "1", GARBAGE },
	{ "own", "1x", "a", "1", GARBAGE },
	{ "own", "-1", "a", "1", GARBAGE },
	{ "own", "+-1", "a", "1", GARBAGE },
	{ "own", "+ 1", "a", "1", GARBAGE },
	{ "own", "0x", "a", "1", GARBAGE },
	{ "own", "0b2", "a", "1", GARBAGE },
	{ "own", "1\n", "a", "1", GARBAGE },
	{ "own", "1 ", "a", "1", GARBAGE },
	{ "own", "2147483645", "a", "1", GARBAGE },
	{ "own", "18446744073709551617", "a", "1", GARBAGE },
	/* closed descriptors */
	{ "own", "1", "a", "0", "descriptor 3 is not open" },
	{ "own", "3", "a:b:c", "2", "descriptor 5 is not open" },
	{ "own", "2147483644", "a", "2", "descriptor 5 is not open" },
};

START_TEST(environment_of_manager_is_parsed)
{
	struct harness_result result = harness_run_helper(
		"parse", environments[_i].pid, environments[_i].fds, environments[_i].names,
		environments[_i].open, "ours", NULL);
	const char *expected = environments[_i].expected;

	ck_assert_int_eq(result.status, 0);
	if (expected[0] == '0') {
		ck_assert_str_eq(result.output, expected);
	} else {
		ck_assert_msg(strncmp(result.output, "-22 LISTEN_", 11) == 0 &&
				      strstr(result.output, expected) != NULL,
			      "%s", result.output);
	}
}
END_TEST

#ifdef HAVE_ORACLE
START_TEST(libsystemd_parses_environment_alike)
{
	struct harness_result result = harness_run_helper(
		"parse", environments[_i].pid, environments[_i].fds, environments[_i].names,
		environments[_i].open, "theirs", NULL);
	size_t length = strlen(environments[_i].expected);
	const char *open = strstr(environments[_i].expected, " open:");

	ck_assert_int_eq(result.status, 0);
	if (environments[_i].expected[0] != '0') {
		ck_assert_str_eq(result.output, "-1");
		return;
	}
	if (open != NULL)
		length = (size_t)(open - environments[_i].expected);
	ck_assert_msg(strncmp(result.output, environments[_i].expected, length) == 0 &&
			      result.output[length] == '\0',
		      "%s", result.output);
}
END_TEST
#endif

/* Two contexts of a process: only one of them owns the descriptors. */
static int owner_main(int argc, char *argv[])
{
	struct daemonkit_context *first = NULL, *second = NULL;
	char own[16];
	bool closed;

	(void)argc;
	(void)argv;
	snprintf(own, sizeof own, "%d", (int)getpid());
	setenv("LISTEN_PID", own, 1);
	setenv("LISTEN_FDS", "1", 1);
	if (dup2(STDIN_FILENO, 3) != 3 || daemonkit_context_new(&first) < 0 ||
	    daemonkit_context_new(&second) < 0)
		return 1;
	printf("%d ", daemonkit_context_find_fd(first, NULL, 0, DAEMONKIT_FD_ANY));
	printf("%d ", daemonkit_context_find_fd(first, NULL, 0, DAEMONKIT_FD_ANY));
	printf("%d ", daemonkit_context_find_fd(second, NULL, 0, DAEMONKIT_FD_ANY));
	daemonkit_context_free(second);
	closed = fcntl(3, F_GETFD) < 0;
	daemonkit_context_free(first);
	printf("%d %d", closed, fcntl(3, F_GETFD) < 0);
	return 0;
}

/* The name of the descriptor that this environment passes, or the error. */
static int name_main(int argc, char *argv[])
{
	struct daemonkit_context *context = NULL;
	const char *name;
	char own[16];

	(void)argc;
	snprintf(own, sizeof own, "%d", (int)getpid());
	setenv("LISTEN_PID", own, 1);
	setenv("LISTEN_FDS", argv[1], 1);
	if (strcmp(argv[2], "-") != 0)
		setenv("LISTEN_FDNAMES", argv[2], 1);
	if (dup2(STDIN_FILENO, 3) != 3 || daemonkit_context_new(&context) < 0)
		return 1;
	name = daemonkit_context_fd_name(context, 0);
	printf("%s", name != NULL ? name : daemonkit_error());
	daemonkit_context_free(context);
	return 0;
}

START_TEST(names_of_managers_descriptors_are_found)
{
	ck_assert_str_eq(harness_run_helper("name", "1", "http", NULL).output, "http");
	ck_assert_str_eq(harness_run_helper("name", "1", "-", NULL).output, "unknown");
	ck_assert_ptr_nonnull(
		strstr(harness_run_helper("name", "1", "a:b", NULL).output, NO_NAMES));
}
END_TEST

START_TEST(managers_descriptors_have_one_owner)
{
	struct harness_result result = harness_run_helper("owner", NULL);
	char expected[32];

	snprintf(expected, sizeof expected, "3 3 %d 0 1", -ENOENT);
	ck_assert_str_eq(result.output, expected);
}
END_TEST

START_TEST(invalid_environment_fails_start)
{
	struct probe probe = probe_run(
		"%s pid=@/run/pid first:activate=1x:a first:setenv=LISTEN_FDS=1x", running_way(_i));

	probe_check_failed(&probe, -EINVAL, "LISTEN_FDS=1x: " GARBAGE);
	ck_assert_int_eq(mkdir(harness_path("run"), 0755), -1);
	probe_check_nothing_left();
}
END_TEST

/* ---- the interface ---- */

START_TEST(names_are_checked)
{
	static const char *const bad[] = { "", "a:b", ":", "a\nb", "\t", "a\x7f", "\x01" };
	static const char *const good[] = { "a",        "http", "with space", "gr\xc3\xbc\xc3\x9f",
					    "a.socket", "/",    "=" };
	struct daemonkit_context *context = new_context();
	char name[257];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_int_eq(daemonkit_context_pass_fd(context, bad[i], STDIN_FILENO), -EINVAL);
		ck_assert_ptr_nonnull(strstr(daemonkit_error(), "descriptor name"));
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		ck_assert_int_eq(daemonkit_context_pass_fd(context, good[i], STDIN_FILENO), 0);
		ck_assert_int_gt(daemonkit_context_find_fd(context, good[i], 0, DAEMONKIT_FD_ANY),
				 2);
	}
	memset(name, 'n', 256);
	name[256] = '\0';
	ck_assert_int_eq(daemonkit_context_pass_fd(context, name, STDIN_FILENO), -EINVAL);
	name[255] = '\0';
	ck_assert_int_eq(daemonkit_context_pass_fd(context, name, STDIN_FILENO), 0);
	ck_assert_int_gt(daemonkit_context_find_fd(context, name, 0, DAEMONKIT_FD_ANY), 2);
	daemonkit_context_free(context);
}
END_TEST

START_TEST(arguments_are_checked)
{
	struct daemonkit_context *context = new_context();
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), high = fcntl(fd, F_DUPFD_CLOEXEC, 300);
	struct rlimit limit, none = { 3, 0 };

	ck_assert_int_eq(daemonkit_context_pass_fd(nothing, "a", fd), -EINVAL);
	ck_assert_int_eq(daemonkit_context_pass_fd(context, nothing, fd), -EINVAL);
	ck_assert_int_eq(daemonkit_context_pass_fd(context, "a", -1), -EBADF);
	close(high);
	ck_assert_int_eq(daemonkit_context_pass_fd(context, "a", high), -EBADF);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "descriptor a (300)"));
	ck_assert_int_eq(daemonkit_context_find_fd(nothing, "a", 0, DAEMONKIT_FD_ANY), -EINVAL);
	ck_assert_int_eq(daemonkit_context_detach_fd(nothing, "a", 0, DAEMONKIT_FD_ANY), -EINVAL);
	ck_assert_int_eq(daemonkit_context_detach_fd(context, "a", 0, DAEMONKIT_FD_ANY), -ENOENT);
	for (int kind = -1; kind <= 7; kind += 8) {
		ck_assert_int_eq(daemonkit_context_find_fd(context, "a", 0, kind), -EINVAL);
		ck_assert_ptr_nonnull(strstr(daemonkit_error(), "no such kind"));
	}
	ck_assert_int_eq(daemonkit_context_find_fd(context, "a", 0, DAEMONKIT_FD_ANY), -ENOENT);
	ck_assert_str_eq(daemonkit_error(), "descriptor a: not found (position 0)");
	getrlimit(RLIMIT_NOFILE, &limit);
	none.rlim_cur = (rlim_t)fd;
	none.rlim_max = limit.rlim_max;
	while ((high = fcntl(fd, F_DUPFD_CLOEXEC, 3)) < fd && high >= 0)
		;
	close(high);
	setrlimit(RLIMIT_NOFILE, &none);
	ck_assert_int_eq(daemonkit_context_pass_fd(context, "a", STDIN_FILENO), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int lower = 3; lower <= fd; lower++)
		if (lower == fd)
			close(lower);
	ck_assert_int_eq(daemonkit_context_find_fd(context, nothing, 0, DAEMONKIT_FD_ANY), -ENOENT);
	daemonkit_context_free(context);
}
END_TEST

START_TEST(descriptors_may_share_a_name)
{
	struct daemonkit_context *context = new_context();
	size_t before = harness_count_fds();
	int found[3];

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(daemonkit_context_pass_fd(context, "one", STDIN_FILENO), 0);
		ck_assert_int_eq(daemonkit_context_pass_fd(context, "other", STDOUT_FILENO), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		found[i] = daemonkit_context_find_fd(context, "one", i, DAEMONKIT_FD_ANY);
		ck_assert_int_gt(found[i], 2);
		ck_assert(fcntl(found[i], F_GETFD) & FD_CLOEXEC);
		/* In the order in which they were passed. */
		ck_assert_int_eq(
			daemonkit_context_find_fd(context, nothing, 2 * i, DAEMONKIT_FD_ANY),
			found[i]);
		ck_assert_int_eq(daemonkit_context_find_fd(context, "one", i, DAEMONKIT_FD_ANY),
				 found[i]);
	}
	ck_assert(found[0] != found[1] && found[1] != found[2] && found[0] != found[2]);
	ck_assert_int_eq(daemonkit_context_find_fd(context, "one", 3, DAEMONKIT_FD_ANY), -ENOENT);
	ck_assert_int_eq(daemonkit_context_find_fd(context, nothing, 6, DAEMONKIT_FD_ANY), -ENOENT);
	ck_assert_int_eq(daemonkit_context_find_fd(context, "one", SIZE_MAX, DAEMONKIT_FD_ANY),
			 -ENOENT);
	ck_assert_int_eq(daemonkit_context_find_fd(context, "on", 0, DAEMONKIT_FD_ANY), -ENOENT);
	ck_assert_uint_eq(harness_count_fds(), before + 6);
	daemonkit_context_free(context);
	ck_assert_uint_eq(harness_count_fds(), before);
	ck_assert_int_ge(fcntl(STDIN_FILENO, F_GETFD), 0);
}
END_TEST

START_TEST(descriptors_have_names)
{
	static const char *const names[] = { "one", "other", "one" };
	struct daemonkit_context *context = new_context();

	ck_assert_ptr_null(daemonkit_context_fd_name(nothing, 0));
	ck_assert_ptr_null(daemonkit_context_fd_name(context, 0));
	ck_assert_str_eq(daemonkit_error(), "descriptor: not found (position 0)");
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(daemonkit_context_pass_fd(context, names[i], STDIN_FILENO), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_str_eq(daemonkit_context_fd_name(context, i), names[i]);
	ck_assert_ptr_null(daemonkit_context_fd_name(context, 3));
	ck_assert_ptr_null(daemonkit_context_fd_name(context, SIZE_MAX));
	close(daemonkit_context_detach_fd(context, "one", 0, DAEMONKIT_FD_ANY));
	ck_assert_str_eq(daemonkit_context_fd_name(context, 0), "other");
	daemonkit_context_free(context);
}
END_TEST

static int local_listener(int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	/* An address chosen by the kernel. */
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address.sun_family), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* One end of a pair; closes the other one. */
static int pair(int type)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), 0);
	close(ends[1]);
	return ends[0];
}

static int pipe_end(int which)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	close(ends[1 - which]);
	return ends[which];
}

/* Without the function of the C library, which may need another library. */
static int queue(void)
{
#ifdef SYS_mq_open
	char name[32];
	int fd;

	snprintf(name, sizeof name, "daemonkit-%d", (int)getpid());
	fd = (int)syscall(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, NULL);
	syscall(SYS_mq_unlink, name);
	return fd;
#else
	return -1;
#endif
}

#ifdef HAVE_ORACLE
/* The type according to libsystemd, or -1 if it distinguishes less. */
static int oracle_kind(int fd)
{
	if (sd_is_fifo(fd, NULL) == 1)
		return DAEMONKIT_FD_FIFO;
	if (sd_is_mq(fd, NULL) == 1)
		return DAEMONKIT_FD_QUEUE;
	if (sd_is_socket(fd, 0, SOCK_DGRAM, -1) == 1)
		return DAEMONKIT_FD_DATAGRAM;
	if (sd_is_socket(fd, 0, SOCK_STREAM, 1) == 1 || sd_is_socket(fd, 0, SOCK_SEQPACKET, 1) == 1)
		return DAEMONKIT_FD_LISTENER;
	if (sd_is_socket(fd, 0, 0, 0) == 1)
		return DAEMONKIT_FD_CONNECTION;
	/* It also returns 1 for character devices. */
	return sd_is_special(fd, NULL) == 1 ? -1 : DAEMONKIT_FD_ANY;
}
#endif

static int fifo(void)
{
	ck_assert_int_eq(mkfifo(harness_path("fifo"), 0600), 0);
	return open(harness_path("fifo"), O_RDWR | O_CLOEXEC);
}

START_TEST(descriptor_types_are_distinguished)
{
	static const char *const called[] = { "something else", "a listening socket",
					      "a connection",   "a datagram socket",
					      "a pipe",         "a regular file",
					      "a message queue" };
	const struct {
		int fd, kind;
	} made[] = {
		{ local_listener(SOCK_STREAM), DAEMONKIT_FD_LISTENER },
		{ local_listener(SOCK_SEQPACKET), DAEMONKIT_FD_LISTENER },
		{ pair(SOCK_STREAM), DAEMONKIT_FD_CONNECTION },
		{ pair(SOCK_SEQPACKET), DAEMONKIT_FD_CONNECTION },
		{ socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), DAEMONKIT_FD_CONNECTION },
		{ pair(SOCK_DGRAM), DAEMONKIT_FD_DATAGRAM },
		{ socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), DAEMONKIT_FD_DATAGRAM },
		{ pipe_end(0), DAEMONKIT_FD_FIFO },
		{ pipe_end(1), DAEMONKIT_FD_FIFO },
		{ fifo(), DAEMONKIT_FD_FIFO },
		{ open(harness_path("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600),
		  DAEMONKIT_FD_FILE },
		{ (int)memfd_create("test", MFD_CLOEXEC), DAEMONKIT_FD_FILE },
		{ queue(), DAEMONKIT_FD_QUEUE },
		{ open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), DAEMONKIT_FD_ANY },
		{ open("/dev/null", O_RDONLY | O_CLOEXEC), DAEMONKIT_FD_ANY },
		{ epoll_create1(EPOLL_CLOEXEC), DAEMONKIT_FD_ANY },
	};
	struct daemonkit_context *context = new_context();
	size_t count = 0;

	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		/*
		 * The kernel may lack message queues, and POSIX cannot distinguish them from
		 * files.
		 */
		if (made[i].kind == DAEMONKIT_FD_QUEUE &&
		    (made[i].fd < 0 || !harness_has_linux_api())) {
			close(made[i].fd);
			continue;
		}
		ck_assert_int_ge(made[i].fd, 0);
#ifdef HAVE_ORACLE
		if (oracle_kind(made[i].fd) >= 0)
			ck_assert_int_eq(oracle_kind(made[i].fd), made[i].kind);
#endif
		ck_assert_int_eq(daemonkit_context_pass_fd(context, "it", made[i].fd), 0);
		close(made[i].fd);
		ck_assert_int_gt(daemonkit_context_find_fd(context, "it", count, DAEMONKIT_FD_ANY),
				 2);
		for (int kind = DAEMONKIT_FD_LISTENER; kind <= DAEMONKIT_FD_QUEUE; kind++) {
			int result = daemonkit_context_find_fd(context, "it", count, kind);
			char text[100];

			if (kind == made[i].kind) {
				ck_assert_int_gt(result, 2);
				continue;
			}
			snprintf(text, sizeof text, "it is %s and not %s", called[made[i].kind],
				 called[kind]);
			ck_assert_int_eq(result, -EPROTOTYPE);
			ck_assert_ptr_nonnull(strstr(daemonkit_error(), text));
		}
		count++;
	}
	daemonkit_context_free(context);
}
END_TEST

START_TEST(only_known_descriptors_are_detached)
{
	struct descriptors descriptors = { .count = 0 };

	named_fds_detach(&descriptors, STDIN_FILENO);
	ck_assert_int_eq(named_fds_add(&descriptors, "one", STDIN_FILENO), 0);
	named_fds_detach(&descriptors, STDOUT_FILENO);
	ck_assert_uint_eq(descriptors.count, 1);
	named_fds_detach(&descriptors, STDIN_FILENO);
	ck_assert_uint_eq(descriptors.count, 0);
	named_fds_forget(&descriptors);
}
END_TEST

/* libsystemd would accept it as a connection. */
START_TEST(raw_socket_is_no_connection)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		harness_skip("no netlink sockets here");
	ck_assert_int_eq(named_fds_check_kind("raw", fd, DAEMONKIT_FD_CONNECTION), -EPROTOTYPE);
	ck_assert_int_eq(named_fds_check_kind("raw", fd, DAEMONKIT_FD_ANY), 0);
	close(fd);
}
END_TEST

/* A daemon without a second copy gets the descriptors that the manager passed to its parent. */
START_TEST(listen_pid_of_parent_is_inherited)
{
	char parent[32], own[32];

	snprintf(parent, sizeof parent, "%ld", (long)getppid());
	snprintf(own, sizeof own, "%ld", (long)getpid());
	unsetenv("LISTEN_PID");
	ck_assert_int_eq(named_fds_inherit(getppid()), 0);
	ck_assert_ptr_null(getenv("LISTEN_PID"));
	setenv("LISTEN_PID", "x", 1);
	ck_assert_int_eq(named_fds_inherit(getppid()), 0);
	ck_assert_str_eq(getenv("LISTEN_PID"), "x");
	/* Of another process. */
	setenv("LISTEN_PID", own, 1);
	ck_assert_int_eq(named_fds_inherit(getppid()), 0);
	ck_assert_str_eq(getenv("LISTEN_PID"), own);
	setenv("LISTEN_PID", parent, 1);
	ck_assert_int_eq(named_fds_inherit(getppid()), 0);
	ck_assert_str_eq(getenv("LISTEN_PID"), own);
}
END_TEST

START_TEST(caller_owns_taken_descriptors)
{
	static const char *const names[] = { "one", "other", "one", "one" };
	struct daemonkit_context *context = new_context();
	size_t before = harness_count_fds();
	int found[4], taken;

	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(daemonkit_context_pass_fd(context, names[i], STDIN_FILENO), 0);
		found[i] = daemonkit_context_find_fd(context, nothing, i, DAEMONKIT_FD_ANY);
	}
	/* It has another type: it stays. */
	ck_assert_int_eq(daemonkit_context_detach_fd(context, "one", 1, DAEMONKIT_FD_LISTENER),
			 -EPROTOTYPE);
	taken = daemonkit_context_detach_fd(context, "one", 1, DAEMONKIT_FD_ANY);
	ck_assert_int_eq(taken, found[2]);
	ck_assert(fcntl(taken, F_GETFD) & FD_CLOEXEC);
	/* The next one takes its place; those of other names stay. */
	ck_assert_int_eq(daemonkit_context_find_fd(context, "one", 0, DAEMONKIT_FD_ANY), found[0]);
	ck_assert_int_eq(daemonkit_context_find_fd(context, "one", 1, DAEMONKIT_FD_ANY), found[3]);
	ck_assert_int_eq(daemonkit_context_find_fd(context, "one", 2, DAEMONKIT_FD_ANY), -ENOENT);
	ck_assert_int_eq(daemonkit_context_find_fd(context, "other", 0, DAEMONKIT_FD_ANY),
			 found[1]);
	ck_assert_int_eq(daemonkit_context_detach_fd(context, "other", 0, DAEMONKIT_FD_ANY),
			 found[1]);
	close(found[1]);
	daemonkit_context_free(context);
	ck_assert_uint_eq(harness_count_fds(), before + 1);
	close(taken);
}
END_TEST

/* ---- from launcher to daemon ---- */

#define PASS                                                                             \
	"first:listen=40:@/socket first:pipe=50 first:file=60:@/file first:pass=one:40 " \
	"first:pass=two:60 first:pass=one:50 "

/* The descriptor that the line of the report names. */
static int found(const char *what)
{
	char name[64];

	snprintf(name, sizeof name, "find=%s", what);
	return (int)probe_number(name);
}

static bool is_file(const char *what, const char *path)
{
	char name[64];
	unsigned long inode = 0;
	struct stat facts;

	snprintf(name, sizeof name, "find=%s", what);
	ck_assert_int_eq(sscanf(probe_fact(name), "%*d x %lu", &inode), 1);
	ck_assert_int_eq(stat(path, &facts), 0);
	return inode == facts.st_ino;
}

static bool has_open(pid_t pid, int fd)
{
	char path[64], target[256];

	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, fd);
	return readlink(path, target, sizeof target) >= 0;
}

struct closed {
	pid_t pid;
	int fds[3];
};

static bool are_closed(void *data)
{
	const struct closed *closed = data;

	for (int i = 0; i < 3; i++)
		if (has_open(closed->pid, closed->fds[i]))
			return false;
	return true;
}

START_TEST(daemon_finds_what_the_launcher_passed)
{
	struct running running = running_start(
		_i, PASS
		"daemon:find=one:0:1 daemon:find=one:1:4 daemon:find=two:0:5 daemon:find=*:1:0 "
		"daemon:find=one:2:0 daemon:find=two:0:1 daemon:sleep=@/sleeper daemon:report "
		"daemon:wait");
	int first = found("one:0:1"), second = found("one:1:4"), third = found("two:0:5");
	pid_t sleeper = (pid_t)atoi(harness_read_file(harness_path("sleeper")));
	char comm[64];

	ck_assert(first > 2 && second > 2 && third > 2);
	ck_assert(is_file("two:0:5", harness_path("file")));
	ck_assert_int_eq(found("*:1:0"), third);
	ck_assert_int_eq(found("one:2:0"), -ENOENT);
	ck_assert_int_eq(found("two:0:1"), -EPROTOTYPE);
	if (!running.foreground)
		ck_assert_int_eq(probe_number("descriptors"), 6);
	/* A program that the daemon executes inherits none of them; wait for the execution. */
	snprintf(comm, sizeof comm, "/proc/%d/comm", (int)sleeper);
	ck_assert(harness_wait_text(comm, "sleep\n", HARNESS_SOON));
	ck_assert(has_open(running.daemon, first));
	/* The program may still be opening its own libraries, with the same numbers. */
	ck_assert(harness_wait_until(
		are_closed, &(struct closed){ sleeper, { first, second, third } }, HARNESS_SOON));
	kill(sleeper, SIGKILL);
	ck_assert(harness_wait_exit(sleeper, HARNESS_SOON));
	running_kill(&running);
}
END_TEST

START_TEST(no_descriptor_is_found_when_none_was_passed)
{
	struct running running = running_start(_i,
					       "daemon:find=http:0:1 daemon:find=*:0:0 daemon:end "
					       "daemon:wait");

	ck_assert_int_eq(found("http:0:1"), -ENOENT);
	ck_assert_int_eq(found("*:0:0"), -ENOENT);
	running_kill(&running);
}
END_TEST

START_TEST(context_closes_descriptors)
{
	struct running running = running_start(_i,
					       PASS "daemon:find=two:0:5 daemon:freed daemon:end "
						    "daemon:wait");

	ck_assert_int_eq(probe_number("freed"), 1);
	ck_assert(!has_open(running.daemon, found("two:0:5")));
	running_kill(&running);
}
END_TEST

/* Almost the highest possible number: a fork needs some above. The soft limit is usually 1024. */
START_TEST(high_descriptor_numbers_work)
{
	struct running running;
	struct rlimit limit;
	int count;

	getrlimit(RLIMIT_NOFILE, &limit);
	count = limit.rlim_max < 10000 ? (int)limit.rlim_max : 10000;
	running = running_start(_i,
				"first:limit=%d first:files=%d first:file=%d:@/file "
				"first:pass=high:%d daemon:find=high:0:5 daemon:end daemon:wait",
				count, count / 2, count * 9 / 10, count * 9 / 10);
	ck_assert_int_gt(found("high:0:5"), count / 2);
	ck_assert(is_file("high:0:5", harness_path("file")));
	running_kill(&running);
}
END_TEST

START_TEST(descriptors_of_launcher_take_precedence)
{
	struct running running = running_start(
		_i,
		"first:file=40:@/file second:file=40:@/other first:pass=it:40 second:pass=it:40 "
		"second:pass=mine:40 second:tried=closed:77 daemon:find=it:0:5 daemon:find=it:1:0 "
		"daemon:find=mine:0:0 daemon:find=*:1:0 daemon:end daemon:wait");

	ck_assert(is_file("it:0:5", harness_path("file")));
	/* The daemon need not even have it. */
	ck_assert_int_eq(probe_number("tried"), 0);
	ck_assert_int_eq(found("it:1:0"), -ENOENT);
	ck_assert_int_eq(found("mine:0:0"), -ENOENT);
	ck_assert_int_eq(found("*:1:0"), -ENOENT);
	running_kill(&running);
}
END_TEST

/* What the launcher got from a manager belongs to the daemon. */
START_TEST(daemon_finds_what_a_manager_passed)
{
	struct running running = running_start(
		_i,
		"first:close=3 first:close=4 first:listen=3:@/socket first:file=4:@/file "
		"first:activate=2:http:unknown first:file=60:@/own first:pass=own:60 daemon:find=http:0:1 "
		"daemon:find=unknown:0:5 daemon:find=own:0:5 daemon:find=*:0:1 daemon:find=*:2:5 "
		"daemon:end daemon:wait");

	ck_assert_int_eq(found("http:0:1"), 3);
	ck_assert_int_eq(found("unknown:0:5"), 4);
	ck_assert(is_file("unknown:0:5", harness_path("file")));
	ck_assert(is_file("own:0:5", harness_path("own")));
	ck_assert_int_eq(found("*:0:1"), 3);
	ck_assert_int_eq(found("*:2:5"), found("own:0:5"));
	running_kill(&running);
}
END_TEST

/* Every client gets the answer of the daemon. */
static void check_answers(const int *clients, size_t count, pid_t daemon, uid_t uid)
{
	char expected[64];

	snprintf(expected, sizeof expected, "%d %u\n", (int)daemon, (unsigned)uid);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(running_answer(clients[i]), expected);
}

static bool connected(void *data)
{
	return (*(int *)data = running_connect(harness_path("socket"))) >= 0;
}

START_TEST(queued_connections_are_served)
{
	struct running running = running_begin(
		_i,
		"first:listen=40:@/socket first:pass=http:40 first:close=40 first:touch=@/bound "
		"first:await=@/go daemon:answer=http:0:1");
	int clients[20];

	ck_assert(harness_wait_file(harness_path("bound"), HARNESS_SOON));
	for (size_t i = 0; i < 20; i++)
		ck_assert_int_ge(clients[i] = running_connect(harness_path("socket")), 0);
	harness_write_file(harness_path("go"), "");
	running_up(&running);
	check_answers(clients, 20, running.daemon, getuid());
	running_kill(&running);
}
END_TEST

/* Root binds, the user nobody uses. */
START_TEST(privileged_port_is_used_without_privileges)
{
	struct running running;
	int client;

	running_for_everybody();
	harness_need_call("setgroups");
	running_own_network();
	running = running_start(_i,
				"first:listen=40:80 first:pass=http:40 first:close=40 user=nobody "
				"daemon:touch=@/up daemon:answer=http:0:1");
	ck_assert(harness_wait_file(harness_path("up"), HARNESS_SOON));
	client = running_connect("80");
	check_answers(&client, 1, running.daemon, 65534);
	running_kill(&running);
}
END_TEST

START_TEST(directory_descriptor_is_refused_with_chroot)
{
	static const char *const limits[] = { "", "rlimit=7:3:3" };
	struct probe probe;

	harness_need_root();
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		probe = probe_run(
			"%s %s chroot=@/jail pid=@/run/pid first:directory=40 first:pass=d:40 "
			"first:close=40 first:files=40",
			running_way(_i), limits[i]);
		probe_check_failed(&probe, -EPERM, "is a directory, a way out of it");
		probe_check_nothing_left();
	}
}
END_TEST

START_TEST(socket_is_passed_into_chroot)
{
	struct running running;
	int client;

	harness_need_root();
	harness_need_call("chroot");
	ck_assert_int_eq(mkdir(harness_path("jail"), 0755), 0);
	running = running_start(_i, "chroot=@/jail user=nobody first:listen=40:@/socket "
				    "first:pass=http:40 first:close=40 daemon:answer=http:0:1");
	ck_assert(harness_wait_until(connected, &client, HARNESS_SOON));
	check_answers(&client, 1, running.daemon, 65534);
	running_kill(&running);
}
END_TEST

/* ---- systemd-socket-activate ---- */

/* systemd-socket-activate runs the probe at the first connection. */
static struct harness_program socket_activate(const char *names, const char *mode)
{
	const char *argv[] = { "env",
			       "SYSTEMD_LOG_LEVEL=err",
			       "systemd-socket-activate",
			       "-l",
			       harness_path("socket"),
			       names,
			       harness_self,
			       "--helper",
			       "probe",
			       harness_path("report"),
			       mode,
			       NULL,
			       NULL,
			       NULL,
			       NULL };
	const char *await = harness_path("go");
	char *word = harness_memory(strlen(await) + 32);

	probe_need(mode);
	sprintf(word, "first:await=%s", await);
	argv[11] = word;
	argv[12] = "daemon:report";
	argv[13] = names[2] == 'f' ? "daemon:answer=http:0:1" : "daemon:answer=unknown:0:1";
	return harness_spawn(argv);
}

static bool is_installed(const char *program)
{
	const char *const argv[] = { "sh", "-c", "command -v \"$0\"", program, NULL };

	return harness_run(argv).status == 0;
}

START_TEST(socket_activation_works_in_every_mode)
{
	static const char *const modes[] = { "mode=auto", "mode=reborn", "mode=fork",
					     "mode=foreground" };
	static const char *const names[] = { "--fdname=http", "-EX=Y" };
	struct harness_program activator;
	int clients[5];
	pid_t daemon;

	if (!is_installed("systemd-socket-activate"))
		harness_skip("needs systemd-socket-activate");
	activator = socket_activate(names[_i / 4], modes[_i % 4]);
	ck_assert(harness_wait_until(connected, &clients[0], HARNESS_SOON));
	for (size_t i = 1; i < 5; i++)
		ck_assert_int_ge(clients[i] = running_connect(harness_path("socket")), 0);
	harness_write_file(harness_path("go"), "");
	daemon = (pid_t)probe_number("pid");
	if (_i % 4 == 3)
		ck_assert_int_eq(daemon, activator.pid);
	else
		ck_assert_int_ne(daemon, activator.pid);
	check_answers(clients, 5, daemon, geteuid());
	/* And a later connection. */
	ck_assert_int_ge(clients[0] = running_connect(harness_path("socket")), 0);
	check_answers(clients, 1, daemon, geteuid());
	kill(daemon, SIGKILL);
	ck_assert(harness_wait_exit(daemon, HARNESS_SOON));
	harness_end(&activator);
}
END_TEST

static const struct harness_helper own_helpers[] = {
	{ "parse", parse_main },
	{ "owner", owner_main },
	{ "name", name_main },
};

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("descriptors");
	TCase *manager = harness_case(suite, "manager"), *api = harness_case(suite, "interface");
	TCase *launcher = harness_case(suite, "launcher"), *real = harness_case(suite, "activator");
	const struct harness_helper helpers[] = {
		own_helpers[0], own_helpers[1], own_helpers[2], probe_helpers[0], { NULL, NULL }
	};

	tcase_add_loop_test(manager, environment_of_manager_is_parsed, 0,
			    sizeof environments / sizeof *environments);
#ifdef HAVE_ORACLE
	tcase_add_loop_test(manager, libsystemd_parses_environment_alike, 0,
			    sizeof environments / sizeof *environments);
#endif
	tcase_add_test(manager, names_of_managers_descriptors_are_found);
	tcase_add_test(manager, managers_descriptors_have_one_owner);
	tcase_add_loop_test(manager, invalid_environment_fails_start, 0, RUNNING_WAYS);
	tcase_add_test(api, names_are_checked);
	tcase_add_test(api, arguments_are_checked);
	tcase_add_test(api, descriptors_may_share_a_name);
	tcase_add_test(api, descriptors_have_names);
	tcase_add_test(api, descriptor_types_are_distinguished);
	tcase_add_test(api, only_known_descriptors_are_detached);
	tcase_add_test(api, raw_socket_is_no_connection);
	tcase_add_test(api, listen_pid_of_parent_is_inherited);
	tcase_add_test(api, caller_owns_taken_descriptors);
	tcase_add_loop_test(launcher, daemon_finds_what_the_launcher_passed, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, no_descriptor_is_found_when_none_was_passed, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, context_closes_descriptors, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, high_descriptor_numbers_work, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, descriptors_of_launcher_take_precedence, 0,
			    PROBE_REBORN_WAYS);
	tcase_add_loop_test(launcher, daemon_finds_what_a_manager_passed, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, queued_connections_are_served, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, privileged_port_is_used_without_privileges, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, directory_descriptor_is_refused_with_chroot, 0, RUNNING_WAYS);
	tcase_add_loop_test(launcher, socket_is_passed_into_chroot, 0, RUNNING_WAYS);
	tcase_add_loop_test(real, socket_activation_works_in_every_mode, 0, 8);
	return harness_main(argc, argv, suite, helpers);
}
