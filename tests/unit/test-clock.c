/* SPDX-License-Identifier: MIT */
/* Deadlines, and waiting until a deadline. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

static void ignore(int signal)
{
	(void)signal;
}

START_TEST(special_values)
{
	deadline now = deadline_now();

	ck_assert(deadline_after(-1) == DEADLINE_NEVER);
	ck_assert(deadline_after(INT_MIN) == DEADLINE_NEVER);
	ck_assert(deadline_after(0) >= now);
	ck_assert(deadline_after(50) >= now + 50000);
	ck_assert(deadline_after(INT_MAX) >= now + (deadline)INT_MAX * 1000);
	ck_assert(deadline_after(INT_MAX) < DEADLINE_NEVER);
}
END_TEST

START_TEST(deadline_does_not_expire_early)
{
	int64_t before = harness_now();

	ck_assert_int_eq(deadline_poll(NULL, 0, deadline_after(30)), 0);
	ck_assert_int_ge(harness_now() - before, 29);
	/* An expired deadline returns at once. */
	ck_assert_int_eq(deadline_poll(NULL, 0, 0), 0);
	ck_assert_int_eq(deadline_poll(NULL, 0, deadline_now() - 1), 0);
}
END_TEST

START_TEST(signals_do_not_end_a_wait)
{
	struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction action = { .sa_handler = ignore };
	int64_t before = harness_now();

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_eq(deadline_poll(NULL, 0, deadline_after(60)), 0);
	ck_assert_int_ge(harness_now() - before, 59);
	often = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &often, NULL);
}
END_TEST

START_TEST(an_event_ends_a_wait)
{
	struct pollfd ready = { .events = POLLIN };
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ready.fd = ends[0];
	ck_assert_int_eq(deadline_poll(&ready, 1, deadline_now()), 0);
	ck_assert_int_eq(write(ends[1], "", 1), 1);
	ck_assert_int_eq(deadline_poll(&ready, 1, DEADLINE_NEVER), 1);
	/* Further than one call of poll(2) can wait. */
	ck_assert_int_eq(deadline_poll(&ready, 1, deadline_now() + (deadline)INT_MAX * 2000), 1);
	/* An event that is already there is reported after the deadline, too. */
	ck_assert_int_eq(deadline_poll(&ready, 1, 0), 1);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int main(int argc, char *argv[])
{
	Suite *suite = suite_create("clock");
	TCase *deadlines = harness_case(suite, "clock");

	tcase_add_test(deadlines, special_values);
	tcase_add_test(deadlines, deadline_does_not_expire_early);
	tcase_add_test(deadlines, signals_do_not_end_a_wait);
	tcase_add_test(deadlines, an_event_ends_a_wait);
	return harness_main(argc, argv, suite, NULL);
}
