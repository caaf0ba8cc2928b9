/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates and time stamps as RFC 2579 wants them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "agent/date.h"

static void zone(const char *name)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static void expect(int64_t ms, const uint8_t *octets, size_t size)
{
	uint8_t got[DATE_MAX];

	assert_int_equal(date_and_time(ms, got), size);
	assert_memory_equal(got, octets, size);
}

static void utc(void **state)
{
	/* The example of RFC 2579 but for its zone: 1992-5-26,13:30:15.0. */
	static const uint8_t rfc[] = {0x07, 0xc8, 5, 26, 13, 30, 15, 0, '+', 0, 0};
	static const uint8_t tenths[] = {0x07, 0xc8, 5, 26, 13, 30, 15, 9, '+', 0, 0};

	(void)state;
	zone("UTC0");
	expect(706887015000, rfc, sizeof(rfc));
	expect(706887015999, tenths, sizeof(tenths));
}

static void offset_west(void **state)
{
	static const uint8_t octets[] = {0x07, 0xc8, 5, 26, 9, 30, 15, 0, '-', 4, 0};

	(void)state;
	zone("EDT4");
	expect(706887015000, octets, sizeof(octets));
}

static void offset_of_half_an_hour(void **state)
{
	static const uint8_t east[] = {0x07, 0xc8, 5, 26, 19, 0, 15, 0, '+', 5, 30};
	static const uint8_t west[] = {0x07, 0xc8, 5, 26, 10, 0, 15, 0, '-', 3, 30};

	(void)state;
	zone("IST-5:30");
	expect(706887015000, east, sizeof(east));
	zone("NST3:30");
	expect(706887015000, west, sizeof(west));
}

static void leap_day(void **state)
{
	static const uint8_t octets[] = {0x07, 0xe8, 2, 29, 0, 0, 0, 0, '+', 0, 0};

	(void)state;
	zone("UTC0");
	expect(1709164800000, octets, sizeof(octets));
}

static void not_known(void **state)
{
	static const uint8_t zero[8];

	(void)state;
	zone("UTC0");
	expect(0, zero, sizeof(zero));
	expect(-1, zero, sizeof(zero));
	expect(INT64_MIN, zero, sizeof(zero));
	expect(INT64_MAX, zero, sizeof(zero));
}

static void time_stamp(void **state)
{
	(void)state;
	/* 55 s and 1 min after the master's start. */
	assert_int_equal(date_time_stamp(95000, 40000), 5500);
	assert_int_equal(date_time_stamp(100000, 40000), 6000);
	/* Before the master's start: never negative. */
	assert_int_equal(date_time_stamp(40000, 40000), 0);
	assert_int_equal(date_time_stamp(39999, 40000), 0);
	assert_int_equal(date_time_stamp(1, INT64_MAX), 0);
	/* No event. */
	assert_int_equal(date_time_stamp(0, 40000), 0);
	assert_int_equal(date_time_stamp(0, -40000), 0);
	/* sysUpTime wraps. */
	assert_int_equal(date_time_stamp(INT64_C(42949672970), 10), 0);
}

static void master_start(void **state)
{
	(void)state;
	/* sysUpTime is 1 min now. */
	assert_int_equal(date_master_start(0, 100000, 6000), 40000);
	/* The same master, told a little late or early. */
	assert_int_equal(date_master_start(40000, 100009, 6000), 40000);
	assert_int_equal(date_master_start(40000, 100000, 6001), 40000);
	assert_int_equal(date_master_start(40000, 101000, 6000), 40000);
	/* Another one. */
	assert_int_equal(date_master_start(40000, 101001, 6000), 41001);
	assert_int_equal(date_master_start(40000, 100000, 0), 100000);
	assert_int_equal(date_master_start(40000, 100000, 600000), -5900000);
}

static void time_ticks(void **state)
{
	(void)state;
	assert_int_equal(date_time_ticks(1000, 1009), 0);
	assert_int_equal(date_time_ticks(1000, 1010), 1);
	assert_int_equal(date_time_ticks(2000, 1000), 0);
	/* 497 days and a bit: wraps as TimeTicks do. */
	assert_int_equal(date_time_ticks(0, INT64_C(42949672960) + 50), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utc),          cmocka_unit_test(offset_west), cmocka_unit_test(offset_of_half_an_hour),
		cmocka_unit_test(leap_day),     cmocka_unit_test(not_known),   cmocka_unit_test(time_stamp),
		cmocka_unit_test(master_start), cmocka_unit_test(time_ticks),
	};

	return cmocka_run_group_tests_name("agent: dates", tests, NULL, NULL);
}
