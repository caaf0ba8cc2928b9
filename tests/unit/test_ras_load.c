/* SPDX-License-Identifier: BSD-2-Clause */
/* The load of a bundle over a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ras/load.h"

#define SPAN 8000

static struct load_meter meter;

/* Octets of both directions, so far. */
static bool take(int64_t now, uint64_t in, uint64_t out, uint64_t *ret)
{
	return load_take(&meter, SPAN, now, &(struct ras_traffic){.in_octets = in, .out_octets = out}, ret);
}

static int begin(void **state UNUSED)
{
	meter = (struct load_meter){.n = 0};
	return 0;
}

static void needs_the_whole_time(void **state UNUSED)
{
	uint64_t load = 7;

	for (int64_t t = 0; t < SPAN; t += 500)
		assert_false(take(1000 + t, (uint64_t)t, 0, &load));
	assert_int_equal(load, 7);
	assert_true(take(1000 + SPAN, SPAN, 0, &load));
	assert_int_equal(load, 8000);
}

static void the_direction_with_more(void **state UNUSED)
{
	uint64_t load;

	take(0, 0, 0, &load);
	assert_true(take(SPAN, 1000, 4000, &load));
	assert_int_equal(load, 4000);
	begin(NULL);
	take(0, 0, 0, &load);
	assert_true(take(SPAN, 4000, 1000, &load));
	assert_int_equal(load, 4000);
}

/* A load that begins or ends is seen whole after the time, and an eighth of it at most. */
static void moves_along(void **state UNUSED)
{
	uint64_t load = 0, octets = 0;
	int64_t t = 0;

	for (; t <= 3 * SPAN; t += 100)
		take(t, octets, 0, &load);
	assert_int_equal(load, 0);
	for (; t <= 4 * SPAN + SPAN / 8; t += 100)
		take(t, octets += 100, 0, &load);
	assert_int_equal(load, 8000);
	for (; t <= 5 * SPAN + SPAN / 4; t += 100)
		take(t, octets, 0, &load);
	assert_int_equal(load, 0);
}

static void few_readings(void **state UNUSED)
{
	uint64_t load;

	take(0, 0, 0, &load);
	assert_true(take(100 * SPAN, 100 * SPAN, 0, &load));
	assert_int_equal(load, 8000);
	assert_true(take(200 * SPAN, 100 * SPAN, 0, &load));
	assert_int_equal(load, 0);
}

static void many_readings(void **state UNUSED)
{
	uint64_t load = 0;

	for (int64_t t = 0; t < 10 * SPAN; t++)
		take(t, (uint64_t)t, 0, &load);
	assert_int_equal(load, 8000);
	assert_true(meter.n <= ARRAY_SIZE(meter.mark));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(needs_the_whole_time, begin),
		cmocka_unit_test_setup(the_direction_with_more, begin),
		cmocka_unit_test_setup(moves_along, begin),
		cmocka_unit_test_setup(few_readings, begin),
		cmocka_unit_test_setup(many_readings, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
