/* SPDX-License-Identifier: MIT */
/* The text of the last error. */
#include "harness/harness.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <wchar.h>

#include <daemonkit/error.h>

#include "base/error-internal.h"

START_TEST(empty_at_first)
{
	ck_assert_str_eq(daemonkit_error(), "");
}
END_TEST

START_TEST(error_texts)
{
	ck_assert_int_eq(error_set(-EAGAIN, "file %s: %d", "x", 7), -EAGAIN);
	ck_assert_str_eq(daemonkit_error(), "file x: 7");
	ck_assert_int_eq(error_system(-ENOENT, "file %s", "y"), -ENOENT);
	ck_assert_str_eq(daemonkit_error(), "file y: No such file or directory");
	/* The library's own number. */
	ck_assert_int_eq(error_system(-EALREADY, "file %s", "z"), -EIO);
	ck_assert_ptr_eq(strstr(daemonkit_error(), "file z: "), daemonkit_error());
	/* A failure is never reported as a success. */
	ck_assert_int_eq(error_set(0, "no cause"), -EIO);
	ck_assert_int_eq(error_system(0, "no cause"), -EIO);
	ck_assert_int_eq(error_null("some_function"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(daemonkit_error(), "some_function"));
	/* The text contains the previous one. */
	ck_assert_int_eq(error_set(-1, "outer: %s", daemonkit_error()), -1);
	ck_assert_ptr_eq(strstr(daemonkit_error(), "outer: some_function"), daemonkit_error());
}
END_TEST

START_TEST(errno_is_kept)
{
	errno = ENOTTY;
	error_set(-EAGAIN, "%s", "x");
	error_system(-EIO, "x");
	ck_assert_int_eq(errno, ENOTTY);
	/* Here vsnprintf(3) sets it. */
	error_set(-EIO, "%lc", (wint_t)0xd800);
	error_system(-EIO, "%lc", (wint_t)0xd800);
	ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(long_texts_are_truncated)
{
	char text[3 * ERROR_TEXT_MAX];

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	error_set(-EIO, "%s", text);
	ck_assert_uint_eq(strlen(daemonkit_error()), ERROR_TEXT_MAX - 1);
	error_system(-EIO, "%s", text);
	ck_assert_uint_eq(strlen(daemonkit_error()), ERROR_TEXT_MAX - 1);
}
END_TEST

/* vsnprintf(3) fails for a character that the locale cannot represent. */
START_TEST(unprintable_text_is_empty)
{
	ck_assert_int_eq(error_set(-EIO, "%lc", (wint_t)0xd800), -EIO);
	ck_assert_str_eq(daemonkit_error(), "");
}
END_TEST

static void *fail_elsewhere(void *unused)
{
	bool empty = *daemonkit_error() == '\0';

	error_set(-EIO, "of the other thread");
	return empty ? unused : NULL;
}

START_TEST(each_thread_has_its_own)
{
	pthread_t thread;
	void *result;
	int mark;

	error_set(-EIO, "of this thread");
	ck_assert_int_eq(pthread_create(&thread, NULL, fail_elsewhere, &mark), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_eq(result, &mark);
	ck_assert_str_eq(daemonkit_error(), "of this thread");
}
END_TEST

static void close_something(void)
{
	KEEP_ERROR_TEXT;

	error_system(-EBUSY, "not closed");
}

static void clean_up(void)
{
	KEEP_ERROR_TEXT;

	error_set(-EIO, "not removed");
	close_something();
	error_system(-EIO, "not freed");
}

START_TEST(clean_up_keeps_the_text)
{
	unsigned before;

	error_set(-EIO, "of the failure");
	before = error_count();
	clean_up();
	ck_assert_str_eq(daemonkit_error(), "of the failure");
	ck_assert_uint_eq(error_count(), before);
	error_set(-EIO, "of the next one");
	ck_assert_str_eq(daemonkit_error(), "of the next one");
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("error");
	TCase *errors = harness_case(suite, "errors");

	tcase_add_test(errors, empty_at_first);
	tcase_add_test(errors, error_texts);
	tcase_add_test(errors, errno_is_kept);
	tcase_add_test(errors, long_texts_are_truncated);
	tcase_add_test(errors, unprintable_text_is_empty);
	tcase_add_test(errors, each_thread_has_its_own);
	tcase_add_test(errors, clean_up_keeps_the_text);
	return harness_main(argc, argv, suite, NULL);
}
