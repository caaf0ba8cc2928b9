/* SPDX-License-Identifier: BSD-2-Clause */
/* Log lines that somebody outside can cause do not flood the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/quiet.h"

#define START 1000

static void repeats_once_a_period(void **state)
{
	struct quiet quiet = {0};

	(void)state;
	assert_int_equal(quiet_ask(&quiet, START, "one"), 1);
	for (int i = 1; i < 10; i++)
		assert_int_equal(quiet_ask(&quiet, START + i, "one"), 0);
	assert_int_equal(quiet_ask(&quiet, START + QUIET_PERIOD_MS - 1, "one"), 0);
	/* With all that were hidden, and itself. */
	assert_int_equal(quiet_ask(&quiet, START + QUIET_PERIOD_MS, "one"), 11);
	assert_int_equal(quiet_ask(&quiet, START + QUIET_PERIOD_MS + 1, "one"), 0);
	assert_int_equal(quiet_ask(&quiet, START + 2 * QUIET_PERIOD_MS, "one"), 2);
	assert_int_equal(quiet_ask(&quiet, START + 5 * QUIET_PERIOD_MS, "one"), 1);
	assert_int_equal(quiet.hidden, 0);
}

static void lines_are_told_apart(void **state)
{
	struct quiet quiet = {0};

	(void)state;
	assert_int_equal(quiet_ask(&quiet, START, "one"), 1);
	assert_int_equal(quiet_ask(&quiet, START, "two"), 1);
	assert_int_equal(quiet_ask(&quiet, START, "on"), 1);
	assert_int_equal(quiet_ask(&quiet, START, ""), 1);
	assert_int_equal(quiet_ask(&quiet, START, "one"), 0);
	assert_int_equal(quiet_ask(&quiet, START, ""), 0);
}

/* An attacker changes a number in each line. */
static void different_lines_have_a_limit(void **state)
{
	struct quiet quiet = {0};
	unsigned shown = 0;
	char line[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		shown += quiet_ask(&quiet, START + i, line);
	}
	assert_int_equal(shown, QUIET_LINES);
	assert_int_equal(quiet.hidden, 1000 - QUIET_LINES);
	/* A minute later there is room again. */
	assert_int_equal(quiet_ask(&quiet, START + 1000 + QUIET_PERIOD_MS, "another"), 1);
}

static void long_lines_count_by_their_start(void **state)
{
	struct quiet quiet = {0};
	char line[QUIET_LINE_MAX + 10];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(quiet_ask(&quiet, START, line), 1);
	line[sizeof(line) - 2] = 'y';
	assert_int_equal(quiet_ask(&quiet, START, line), 0);
	line[0] = 'y';
	assert_int_equal(quiet_ask(&quiet, START, line), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats_once_a_period),
		cmocka_unit_test(lines_are_told_apart),
		cmocka_unit_test(different_lines_have_a_limit),
		cmocka_unit_test(long_lines_count_by_their_start),
	};

	return cmocka_run_group_tests_name("agent: quiet log", tests, NULL, NULL);
}
