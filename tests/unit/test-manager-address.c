/* SPDX-License-Identifier: MIT */
/* Addresses in NOTIFY_SOCKET. */
#include "harness/manager-tools.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include <daemonkit/context.h>
#include <daemonkit/error.h>
#include <daemonkit/notify.h>

#ifdef HAVE_ORACLE
#include <systemd/sd-daemon.h>
#endif
#ifndef WITH_LIBSYSTEMD
#include "manager/notify-address.h"
#endif

#define HUNDRED                                              \
	"/1234567890123456789012345678901234567890123456789" \
	"12345678901234567890123456789012345678901234567890"

static const struct {
	const char *address;
	int error;
	bool oracle_agrees;
} bad_addresses[] = {
	{ "/nonexistent/socket", -ENOENT, true },
	{ "@daemonkit-nobody-listens", -ECONNREFUSED, true },
	{ HUNDRED "too long by a few", -ENAMETOOLONG, false },
	{ "relative/path", -EAFNOSUPPORT, false },
	{ "@", -EAFNOSUPPORT, false },
	{ "tcp:127.0.0.1:80", -EAFNOSUPPORT, false },
	{ "vsock:", -EINVAL, false },
	{ "vsock:2", -EINVAL, false },
	{ "vsock:2:", -EINVAL, false },
	{ "vsock::1", -EINVAL, false },
	{ "vsock:2:1x", -EINVAL, false },
	{ "vsock:2:4294967296", -EINVAL, false },
	{ "vsock:4294967295:1", -EINVAL, false },
	{ "vsock-stream:2", -EINVAL, false },
	{ "vsock-raw:2:1", -EAFNOSUPPORT, false },
};

static void expect_error(struct daemonkit_context *context, const char *address, int error,
			 bool exact)
{
	int result = daemonkit_notify_ready(context);

#ifndef WITH_LIBSYSTEMD
	exact = true;
#endif
	ck_assert_msg(exact ? result == error : result < 0, "%s: %d, expected %d", address, result,
		      error);
	ck_assert_msg(strstr(daemonkit_error(), address), "\"%s\" does not name %s",
		      daemonkit_error(), address);
#ifdef HAVE_ORACLE
	result = sd_notify(0, "READY=1");
	ck_assert_msg(exact && error == -ENOENT ? result == error : result < 0,
		      "libsystemd returns %d for %s", result, address);
#endif
}

START_TEST(bad_addresses_are_errors)
{
	const char *address = bad_addresses[_i].address;
	struct daemonkit_context *context;

	setenv("NOTIFY_SOCKET", address, 1);
	context = foreground_daemon();
	expect_error(context, address, bad_addresses[_i].error, bad_addresses[_i].oracle_agrees);
	/* The daemon works nevertheless. */
	ck_assert_int_eq(daemonkit_context_release(context), 0);
	daemonkit_context_free(context);
}
END_TEST

START_TEST(unused_socket_is_refused)
{
	struct daemonkit_context *context;
	struct receiver receiver;

	receiver_open(&receiver, RECEIVER_PATH);
	context = foreground_daemon();
	close(receiver.fd);
	expect_error(context, receiver.address, -ECONNREFUSED, true);
	unlink(receiver.address);
	expect_error(context, receiver.address, -ENOENT, true);
	daemonkit_context_free(context);
}
END_TEST

START_TEST(unwritable_socket_is_refused)
{
	struct daemonkit_context *context;
	struct receiver receiver;

	harness_need_root();
	receiver_open(&receiver, RECEIVER_PATH);
	ck_assert_int_eq(chmod(receiver.address, 0600), 0);
	context = foreground_daemon();
	ck_assert_int_eq(seteuid(65534), 0);
	expect_error(context, receiver.address, -EACCES, true);
	ck_assert_int_eq(seteuid(0), 0);
	receiver_expect_nothing(&receiver);
	daemonkit_context_free(context);
	receiver_close(&receiver);
}
END_TEST

/* The longest addresses of the kernel; libsystemd accepts one byte less. */
#ifdef WITH_LIBSYSTEMD
#define LONGEST (sizeof((struct sockaddr_un *)0)->sun_path - 1)
#else
#define LONGEST sizeof((struct sockaddr_un *)0)->sun_path
#endif

START_TEST(longest_address_works)
{
	/* With a NUL after the end, for checkers that read further. */
	struct {
		struct sockaddr_un name;
		char end;
	} place = { .name.sun_family = AF_UNIX };
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + LONGEST);
	char address[LONGEST + 1] = "";
	struct daemonkit_context *context;
	struct receiver receiver = { .fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) };

	memset(address, 'x', LONGEST);
	snprintf(receiver.address, sizeof receiver.address, "%s/", harness_directory());
	if (_i == RECEIVER_ABSTRACT)
		snprintf(receiver.address, sizeof receiver.address, "@%s",
			 strrchr(harness_directory(), '/') + 1);
	memcpy(address, receiver.address, strlen(receiver.address));
	memcpy(place.name.sun_path, address, LONGEST);
	if (_i == RECEIVER_ABSTRACT)
		place.name.sun_path[0] = '\0';
	ck_assert_int_eq(bind(receiver.fd, (const struct sockaddr *)&place, length), 0);
	setenv("NOTIFY_SOCKET", address, 1);
	context = foreground_daemon();
	CHECK_RESULT(context, daemonkit_notify_ready(context), 0);
	receiver_expect(&receiver, "READY=1", 0);
	daemonkit_context_free(context);
	close(receiver.fd);
}
END_TEST

#ifndef WITH_LIBSYSTEMD
static const struct {
	const char *text;
	unsigned cid, port;
	int count, types[3];
} machines[] = {
	{ "vsock:2:1", 2, 1, 3, { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } },
	{ "vsock:4294967294:4294967295",
	  4294967294,
	  4294967295,
	  3,
	  { SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } },
	{ "vsock-stream:3:1024", 3, 1024, 1, { SOCK_STREAM, 0, 0 } },
	{ "vsock-dgram:3:1024", 3, 1024, 1, { SOCK_DGRAM, 0, 0 } },
	{ "vsock-seqpacket:3:1024", 3, 1024, 1, { SOCK_SEQPACKET, 0, 0 } },
};

START_TEST(vsock_addresses_are_parsed)
{
	struct manager_address address;
	struct sockaddr_vm vm;
	int result = manager_address_parse(machines[_i].text, &address);

#ifndef COMPAT_LINUX
	ck_assert_int_eq(result, -EAFNOSUPPORT);
	return;
#endif
	ck_assert_int_eq(result, 0);
	ck_assert_uint_eq(address.length, sizeof vm);
	memcpy(&vm, &address.address, sizeof vm);
	ck_assert_uint_eq(vm.svm_family, AF_VSOCK);
	ck_assert_uint_eq(vm.svm_cid, machines[_i].cid);
	ck_assert_uint_eq(vm.svm_port, machines[_i].port);
	ck_assert_int_eq(address.type_count, machines[_i].count);
	ck_assert_mem_eq(address.types, machines[_i].types,
			 (size_t)machines[_i].count * sizeof(int));
}
END_TEST

/* A manager on another machine; here it is this one, if the kernel has vsock_loopback. */
static int listen_to_machine(int type, unsigned port)
{
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK,
				  .svm_cid = VMADDR_CID_LOCAL,
				  .svm_port = port };
	int fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
	    (bind(fd, (const struct sockaddr *)&vm, sizeof vm) < 0 || listen(fd, 10) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static const struct {
	int type;
	const char *prefix;
} machine_types[] = {
	{ SOCK_SEQPACKET, "vsock-seqpacket" },
	{ SOCK_STREAM, "vsock-stream" },
	{ SOCK_SEQPACKET, "vsock" },
};

static void expect_from_machine(int listener, const char *text)
{
	struct sockaddr_vm sender;
	socklen_t length = sizeof sender;
	char bytes[256] = "";
	int fd;

	ck_assert(harness_wait_readable(listener, HARNESS_SOON));
	fd = accept4(listener, (struct sockaddr *)&sender, &length, SOCK_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert(harness_wait_readable(fd, HARNESS_SOON));
	ck_assert_int_ge(read(fd, bytes, sizeof bytes - 1), 0);
	ck_assert_str_eq(bytes, text);
	/* One message, then end of file; the port is privileged, which proves root. */
	ck_assert_int_eq(read(fd, bytes, sizeof bytes), 0);
	ck_assert(geteuid() != 0 || sender.svm_port < 1024);
	close(fd);
}

START_TEST(vsock_message_reaches_host)
{
	unsigned port = 20000 + (unsigned)getpid() % 20000;
	int listener = listen_to_machine(machine_types[_i].type, port);
	struct daemonkit_context *context;
	char address[64];

	ck_assert_int_ge(listener, 0);
	snprintf(address, sizeof address, "%s:1:%u", machine_types[_i].prefix, port);
	setenv("NOTIFY_SOCKET", address, 1);
	context = foreground_daemon();
	CHECK_RESULT(context, daemonkit_notify_ready(context), 0);
	expect_from_machine(listener, "READY=1");
	CHECK_RESULT(context, daemonkit_notify_stopping(context), 0);
	expect_from_machine(listener, "STOPPING=1");
	/* Descriptors cannot be sent there, and the call reports that. */
	ck_assert_int_lt(daemonkit_notify_barrier(context, 1000), 0);
	ck_assert_int_lt(daemonkit_notify_store_fd(context, "a", 0, 0), 0);
#ifdef HAVE_ORACLE
	/* Before version 253 libsystemd has no vsock. */
	if (sd_notify(0, "READY=1") == 1)
		expect_from_machine(listener, "READY=1");
#endif
	daemonkit_context_free(context);
	close(listener);
}
END_TEST

static bool has_machine_loopback(void)
{
	int fd = listen_to_machine(SOCK_SEQPACKET, 19999);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
#endif

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("manager-address");
	TCase *bad = harness_case(suite, "bad"), *good = harness_case(suite, "good");

	tcase_add_loop_test(bad, bad_addresses_are_errors, 0,
			    sizeof bad_addresses / sizeof *bad_addresses);
	tcase_add_test(bad, unused_socket_is_refused);
	tcase_add_test(bad, unwritable_socket_is_refused);
	tcase_add_loop_test(good, longest_address_works, 0, RECEIVER_KINDS);
#ifndef WITH_LIBSYSTEMD
	tcase_add_loop_test(good, vsock_addresses_are_parsed, 0,
			    sizeof machines / sizeof *machines);
	/* Few kernels have it: add the test only there, so that it is not skipped elsewhere. */
	if (has_machine_loopback())
		tcase_add_loop_test(good, vsock_message_reaches_host, 0,
				    sizeof machine_types / sizeof *machine_types);
#endif
	return harness_main(argc, argv, suite, NULL);
}
