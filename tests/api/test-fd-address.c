/* SPDX-License-Identifier: MIT */
/* The local address of a socket as text. */
#include "harness/harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <daemonkit/descriptors.h>
#include <daemonkit/error.h>

/* The text for this address of a socket, which is then closed; skips the test without it. */
static const char *address_of(int type, const void *address, size_t length)
{
	const struct sockaddr *any = address;
	char *text = harness_memory(DAEMONKIT_ADDRESS_MAX);
	int result, fd = socket(any->sa_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		harness_skip("no socket of family %d: %s", any->sa_family, strerror(errno));
	if (bind(fd, any, (socklen_t)length) != 0) {
		result = errno;
		close(fd);
		if (result == EADDRNOTAVAIL || result == ENODEV)
			harness_skip("family %d: %s", any->sa_family, strerror(result));
		ck_abort_msg("bind: %s", strerror(result));
	}
	result = daemonkit_fd_address(fd, text, DAEMONKIT_ADDRESS_MAX);
	close(fd);
	ck_assert_msg(result >= 0, "%s", daemonkit_error());
	ck_assert_int_eq(result, (int)strlen(text));
	return text;
}

static const char *local(const char *bytes, size_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	ck_assert_uint_le(length, sizeof address.sun_path);
	memcpy(address.sun_path, bytes, length);
	return address_of(SOCK_STREAM, &address, offsetof(struct sockaddr_un, sun_path) + length);
}

START_TEST(ip4_address)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const char *text;
	char expected[32];
	unsigned port;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	text = address_of(SOCK_STREAM, &address, sizeof address);
	ck_assert_int_eq(sscanf(text, "127.0.0.1:%u", &port), 1);
	ck_assert_uint_gt(port, 0);
	snprintf(expected, sizeof expected, "127.0.0.1:%u", port);
	ck_assert_str_eq(text, expected);
}
END_TEST

START_TEST(ip6_address)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	const char *text = address_of(SOCK_DGRAM, &address, sizeof address);
	unsigned port;

	ck_assert_int_eq(sscanf(text, "[::1]:%u", &port), 1);
	ck_assert_uint_gt(port, 0);
}
END_TEST

/* A link-local address of this machine, with its interface. */
START_TEST(link_local_address_has_a_scope)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };
	FILE *file = fopen("/proc/net/if_inet6", "re");
	unsigned char *bytes = address.sin6_addr.s6_addr;
	unsigned index = 0, port;
	char line[128], scope[32];

	while (file != NULL && index == 0 && fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "fe80", 4) != 0 || sscanf(line + 32, "%x", &index) != 1)
			continue;
		for (int i = 0; i < 16; i++)
			ck_assert_int_eq(sscanf(line + 2 * i, "%2hhx", &bytes[i]), 1);
	}
	if (file != NULL)
		fclose(file);
	if (index == 0)
		harness_skip("no link-local address");
	address.sin6_scope_id = index;
	ck_assert_int_eq(sscanf(address_of(SOCK_DGRAM, &address, sizeof address),
				"[fe80::%*[0-9a-f:]%%%31[0-9]]:%u", scope, &port),
			 2);
	ck_assert_uint_eq((unsigned)atoi(scope), index);
}
END_TEST

START_TEST(path)
{
	const char *absolute = harness_path("x.sock");

	ck_assert_str_eq(local(absolute, strlen(absolute) + 1), absolute);
	unlink(absolute);
	/* Without a terminator. */
	ck_assert_str_eq(local(absolute, strlen(absolute)), absolute);
	ck_assert_int_eq(chdir(harness_directory()), 0);
	ck_assert_str_eq(local("y.sock", 6), "./y.sock");
	ck_assert_str_eq(local("@y", 3), "./@y");
}
END_TEST

/* As long as an address may be: the kernel returns one that is longer than the type. */
START_TEST(longest_path)
{
	struct sockaddr_un address;
	char name[sizeof address.sun_path + 3] = "./";

	memset(name + 2, 'x', sizeof address.sun_path);
	name[sizeof name - 1] = '\0';
	ck_assert_int_eq(chdir(harness_directory()), 0);
	ck_assert_str_eq(local(name + 2, sizeof address.sun_path), name);
	memset(name + 2, '\\', sizeof address.sun_path);
	ck_assert_uint_eq(strlen(local(name + 2, sizeof address.sun_path)),
			  2 + 4 * sizeof address.sun_path);
}
END_TEST

START_TEST(abstract_name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[64], shown[64];
	int length;

	length = snprintf(name, sizeof name, "%cdaemonkit-%d", 0, (int)getpid());
	snprintf(shown, sizeof shown, "@daemonkit-%d", (int)getpid());
	ck_assert_str_eq(local(name, (size_t)length), shown);
	/* Every byte counts. */
	snprintf(name + length, sizeof name - (size_t)length, "%c\n\\\x7f\xc3\xa4", 0);
	snprintf(shown, sizeof shown, "@daemonkit-%d\\x00\\x0a\\x5c\\x7f\xc3\xa4", (int)getpid());
	ck_assert_str_eq(local(name, (size_t)length + 6), shown);
	/* The kernel chooses one. */
	ck_assert_int_eq(address_of(SOCK_DGRAM, &address, sizeof address.sun_family)[0], '@');
}
END_TEST

START_TEST(control_characters_in_a_path_are_escaped)
{
	const char *directory = harness_directory();
	char name[108];

	ck_assert_int_eq(snprintf(name, sizeof name, "%s/a\033[1m", directory),
			 (int)strlen(directory) + 6);
	ck_assert_str_eq(local(name, strlen(name)), harness_path("a\\x1b[1m"));
}
END_TEST

START_TEST(unnamed_sockets_have_an_empty_address)
{
	char text[DAEMONKIT_ADDRESS_MAX] = "x";
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(daemonkit_fd_address(ends[0], text, sizeof text), 0);
	ck_assert_str_eq(text, "");
	close(ends[0]);
	close(ends[1]);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(daemonkit_fd_address(ends[0], text, sizeof text), 9);
	ck_assert_str_eq(text, "0.0.0.0:0");
	close(ends[0]);
}
END_TEST

START_TEST(vsock_address)
{
	struct sockaddr_vm address = { .svm_family = AF_VSOCK,
				       .svm_cid = VMADDR_CID_ANY,
				       .svm_port = VMADDR_PORT_ANY };
	const char *text = address_of(SOCK_STREAM, &address, sizeof address);
	unsigned port;

	ck_assert_int_eq(sscanf(text, "vsock:4294967295:%u", &port), 1);
}
END_TEST

START_TEST(other_families_are_refused)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	char text[DAEMONKIT_ADDRESS_MAX] = "x";

	if (fd < 0)
		harness_skip("no netlink sockets");
	ck_assert_int_eq(daemonkit_fd_address(fd, text, sizeof text), -EAFNOSUPPORT);
	ck_assert_str_eq(text, "x");
	close(fd);
}
END_TEST

START_TEST(arguments_are_checked)
{
	char text[8] = "x";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);

	HARNESS_REFUSES_NULL(daemonkit_fd_address(fd, NULL, 0));
	ck_assert_int_eq(daemonkit_fd_address(-1, text, sizeof text), -EBADF);
	ck_assert_int_eq(daemonkit_fd_address(file, text, sizeof text), -ENOTSOCK);
	/* 9 bytes and their terminator. */
	ck_assert_int_eq(daemonkit_fd_address(fd, text, 0), -ENOBUFS);
	ck_assert_int_eq(daemonkit_fd_address(fd, text, sizeof text), -ENOBUFS);
	ck_assert_int_eq(daemonkit_fd_address(fd, (char[9]){ "" }, 9), -ENOBUFS);
	ck_assert_int_eq(daemonkit_fd_address(fd, (char[10]){ "" }, 10), 9);
	ck_assert_str_eq(text, "x");
	close(fd);
	close(file);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("fd-address");
	TCase *texts = harness_case(suite, "texts");

	tcase_add_test(texts, ip4_address);
	tcase_add_test(texts, ip6_address);
	tcase_add_test(texts, link_local_address_has_a_scope);
	tcase_add_test(texts, path);
	tcase_add_test(texts, longest_path);
	tcase_add_test(texts, abstract_name);
	tcase_add_test(texts, control_characters_in_a_path_are_escaped);
	tcase_add_test(texts, unnamed_sockets_have_an_empty_address);
	if (harness_has_linux_api())
		tcase_add_test(texts, vsock_address);
	tcase_add_test(texts, other_families_are_refused);
	tcase_add_test(texts, arguments_are_checked);
	return harness_main(argc, argv, suite, NULL);
}
