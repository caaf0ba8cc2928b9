/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sys/macro.h"

static int64_t rest;

/* What a clock does to the time that is left. */
static int64_t shrinking(void)
{
	return rest--;
}

/* A time-out that is looked at twice may turn from "no time left" into "no time-out". */
static void arguments_are_evaluated_once(void **state)
{
	(void)state;
	for (int64_t start = -3; start < 4; start++) {
		rest = start;
		assert_int_equal(MAX(shrinking(), 0), start > 0 ? start : 0);
		assert_int_equal(rest, start - 1);
		rest = start;
		assert_int_equal(MIN(0, shrinking()), start < 0 ? start : 0);
		assert_int_equal(rest, start - 1);
	}
}

static void nested(void **state)
{
	(void)state;
	assert_int_equal(MIN(MAX(-5, 0), MAX(3, 2)), 0);
	assert_int_equal(MAX(MAX(1, MAX(2, 7)), MIN(9, 8)), 8);
	assert_int_equal(MIN(UINT64_MAX, (uint64_t)5), 5);
}

static void copies(void **state)
{
	char text[4];

	(void)state;
	assert_ptr_equal(str_copy(text, "ab", sizeof(text)), text);
	assert_string_equal(text, "ab");
	assert_string_equal(str_copy(text, "abc", sizeof(text)), "abc");
	assert_string_equal(str_copy(text, "abcd", sizeof(text)), "abc");
	assert_string_equal(str_copy(text, "", sizeof(text)), "");
	assert_string_equal(str_copy(text, "abcd", 1), "");
}

static void taken(void **state)
{
	int value = 1, *p = &value;

	(void)state;
	assert_ptr_equal(TAKE_PTR(p), &value);
	assert_null(p);
	assert_null(TAKE_PTR(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_evaluated_once),
		cmocka_unit_test(nested),
		cmocka_unit_test(copies),
		cmocka_unit_test(taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
