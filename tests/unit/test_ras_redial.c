/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows after the end of a call or attempt, and after which pause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ras/engine.h"

/* ---- pauses ---- */

static struct ras_entry entry_with_pauses(uint32_t pause, uint32_t max)
{
	return (struct ras_entry){.redial_pause = pause, .redial_pause_max = max};
}

static void pause_is_constant(void **state)
{
	static const uint32_t maxima[] = {0, 1, 59, 60};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(maxima); i++) {
		struct ras_entry e = entry_with_pauses(60, maxima[i]);

		for (uint32_t failures = 0; failures < 100; failures++) {
			assert_int_equal(redial_pause_ms(&e, failures, 0), 60000);
			assert_int_equal(redial_pause_ms(&e, failures, UINT32_MAX), 60000);
		}
	}
}

static void pause_doubles(void **state)
{
	static const int64_t expected[] = {60, 60, 120, 240, 480, 600, 600, 600};
	struct ras_entry e = entry_with_pauses(60, 600);

	(void)state;
	for (uint32_t failures = 0; failures < ARRAY_SIZE(expected); failures++)
		assert_int_equal(redial_pause_ms(&e, failures, 0), expected[failures] * 1000);
	assert_int_equal(redial_pause_ms(&e, UINT32_MAX, 0), 600000);
}

static void pause_has_a_random_part(void **state)
{
	struct ras_entry e = entry_with_pauses(60, 600);

	(void)state;
	for (uint32_t failures = 1; failures < 12; failures++) {
		int64_t least = redial_pause_ms(&e, failures, 0), last = least;

		for (uint64_t random = 0; random <= UINT32_MAX; random += UINT32_MAX / 64) {
			int64_t pause = redial_pause_ms(&e, failures, (uint32_t)random);

			assert_true(pause >= last);
			assert_true(pause <= least + least / 10);
			last = pause;
		}
		/* It uses the range it has. */
		assert_true(redial_pause_ms(&e, failures, UINT32_MAX) >= least + least / 10 - 1);
		assert_in_range(redial_pause_ms(&e, failures, UINT32_MAX / 2), least + least / 21, least + least / 19);
	}
}

static void longest_pauses(void **state)
{
	struct ras_entry e = entry_with_pauses(1, 86400);

	(void)state;
	assert_int_equal(redial_pause_ms(&e, 17, 0), 65536000);
	assert_int_equal(redial_pause_ms(&e, 18, 0), 86400000);
	assert_int_equal(redial_pause_ms(&e, UINT32_MAX, 0), 86400000);
	assert_true(redial_pause_ms(&e, UINT32_MAX, UINT32_MAX) <= 86400000 / 10 * 11);
	e = entry_with_pauses(UINT32_MAX, UINT32_MAX);
	assert_int_equal(redial_pause_ms(&e, UINT32_MAX, UINT32_MAX), (int64_t)UINT32_MAX * 1000);
}

/* ---- decisions ---- */

static const enum ras_dial_mode modes[] = {RAS_DIAL_MODE_MANUAL, RAS_DIAL_MODE_AUTO_START, RAS_DIAL_MODE_ON_DEMAND,
					   RAS_DIAL_MODE_PERSISTENT};

#define MENDABLE 676     /* the line is busy */
#define NOT_MENDABLE 691 /* credentials refused */

static void expect(const struct ras_entry *e, struct redial_case c, enum ras_status status, uint32_t left,
		   bool exhausted, bool unwanted)
{
	struct redial_verdict v = redial_decide(e, &c);

	assert_int_equal(v.status, status);
	assert_int_equal(v.left, left);
	assert_int_equal(v.exhausted, exhausted);
	assert_int_equal(v.unwanted, unwanted);
}

static void budget(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct ras_entry e = {.dial_mode = modes[i], .redial_max = 7};

		assert_int_equal(redial_budget(&e), modes[i] == RAS_DIAL_MODE_PERSISTENT ? REDIAL_UNBOUNDED : 7);
	}
}

static void attempt_fails(void **state)
{
	static const enum stop_reason stops[] = {STOP_NONE, STOP_DIAL_TIMEOUT, STOP_QUIT};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(stops); k++) {
			struct ras_entry e = {.dial_mode = modes[i], .redial_max = 3};
			struct redial_case c = {.stop = stops[k], .code = MENDABLE, .left = 2, .enabled = true};

			expect(&e, c, RAS_STATUS_WAITING_REDIAL, 2, false, false);
			c.left = 1;
			expect(&e, c, RAS_STATUS_WAITING_REDIAL, 1, false, false);
			c.left = REDIAL_UNBOUNDED;
			expect(&e, c, RAS_STATUS_WAITING_REDIAL, REDIAL_UNBOUNDED, false, false);
			c.left = 0;
			expect(&e, c, RAS_STATUS_FAILED, 0, true, false);
			c.left = 2;
			c.code = NOT_MENDABLE;
			expect(&e, c, RAS_STATUS_FAILED, 0, true, false);
			c.left = REDIAL_UNBOUNDED;
			expect(&e, c, RAS_STATUS_FAILED, 0, true, false);
		}
	}
}

/* Drained or disabled while attempts are left: failed, and that is no exhaustion. */
static void attempt_fails_while_drained(void **state)
{
	struct ras_entry e = {.dial_mode = RAS_DIAL_MODE_MANUAL, .redial_max = 3};
	struct redial_case c = {.code = MENDABLE, .left = 2, .enabled = false};

	(void)state;
	expect(&e, c, RAS_STATUS_FAILED, 0, false, false);
	c.left = 0;
	expect(&e, c, RAS_STATUS_FAILED, 0, true, false);
}

static void link_is_lost(void **state)
{
	struct redial_case lost = {.was_up = true, .code = 829, .left = 0, .enabled = true};
	struct redial_case refused = {.was_up = true, .code = NOT_MENDABLE, .left = 0, .enabled = true};
	struct redial_case drained = {.was_up = true, .code = 829, .left = 0, .enabled = false};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct ras_entry e = {.dial_mode = modes[i], .redial_max = 3};
		bool persistent = modes[i] == RAS_DIAL_MODE_PERSISTENT;
		uint32_t left = persistent ? REDIAL_UNBOUNDED : 4; /* one attempt and its redials */

		if (persistent)
			expect(&e, lost, RAS_STATUS_WAITING_REDIAL, left, false, false);
		else
			expect(&e, lost, RAS_STATUS_FAILED, 0, false, false);
		e.redial_on_drop = true;
		expect(&e, lost, RAS_STATUS_WAITING_REDIAL, left, false, false);
		expect(&e, refused, RAS_STATUS_FAILED, 0, false, false);
		expect(&e, drained, RAS_STATUS_FAILED, 0, false, false);
	}
}

static void redial_count_does_not_wrap(void **state)
{
	struct ras_entry e = {.dial_mode = RAS_DIAL_MODE_MANUAL, .redial_max = UINT32_MAX, .redial_on_drop = true};
	struct redial_case lost = {.was_up = true, .code = 829, .enabled = true};

	(void)state;
	expect(&e, lost, RAS_STATUS_WAITING_REDIAL, UINT32_MAX, false, false);
}

static void ended_on_request(void **state)
{
	static const enum stop_reason stops[] = {STOP_HANG_UP, STOP_ADMIN, STOP_REMOVED};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(stops); k++) {
			struct ras_entry e = {.dial_mode = modes[i], .redial_max = 3, .redial_on_drop = true};
			struct redial_case c = {.stop = stops[k], .code = 631, .left = 2, .enabled = true};

			expect(&e, c, RAS_STATUS_DOWN, 0, false, false);
			c.was_up = true;
			expect(&e, c, RAS_STATUS_DOWN, 0, false, false);
			/* Even if the line failed at the same time. */
			c.code = MENDABLE;
			expect(&e, c, RAS_STATUS_DOWN, 0, false, false);
		}
	}
}

static void ended_by_a_limit(void **state)
{
	static const struct {
		enum stop_reason stop;
		int32_t code;
	} limits[] = {{STOP_IDLE, 828}, {STOP_MAX_DURATION, 932}};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(limits); k++) {
		struct redial_case c = {.was_up = true,
					.stop = limits[k].stop,
					.code = limits[k].code,
					.enabled = true};
		struct ras_entry e = {.redial_max = 3, .redial_on_drop = true};

		e.dial_mode = RAS_DIAL_MODE_MANUAL;
		expect(&e, c, RAS_STATUS_DOWN, 0, false, true);
		e.dial_mode = RAS_DIAL_MODE_AUTO_START;
		expect(&e, c, RAS_STATUS_DOWN, 0, false, true);
		e.dial_mode = RAS_DIAL_MODE_PERSISTENT;
		expect(&e, c, RAS_STATUS_WAITING_REDIAL, REDIAL_UNBOUNDED, false, false);
		c.enabled = false;
		expect(&e, c, RAS_STATUS_DOWN, 0, false, false);
		/* On demand it waits for the next packet, as long as calls may be started. */
		e.dial_mode = RAS_DIAL_MODE_ON_DEMAND;
		expect(&e, c, RAS_STATUS_DOWN, 0, false, false);
		c.enabled = true;
		expect(&e, c, RAS_STATUS_WAITING, 0, false, false);
	}
}

/* Every code of the table: a first attempt with redials left goes on exactly if the table says so. */
static void every_code(void **state)
{
	struct ras_entry e = {.dial_mode = RAS_DIAL_MODE_MANUAL, .redial_max = 3};

	(void)state;
	for (const struct ras_error_info *info = ras_error_table; info->code; info++) {
		struct redial_case c = {.code = info->code, .left = 3, .enabled = true};

		expect(&e, c, info->redial ? RAS_STATUS_WAITING_REDIAL : RAS_STATUS_FAILED, info->redial ? 3 : 0,
		       !info->redial, false);
	}
}

/* ---- series, by a clock that goes as fast as one likes ---- */

struct clock_series {
	int64_t now_ms, last_pause_ms;
	uint32_t attempts, consecutive, left;
	enum ras_status status;
};

/* One attempt that takes 10 s and ends with this code, and the pause after it. */
static void attempt(const struct ras_entry *e, struct clock_series *s, int32_t code, uint32_t random)
{
	struct redial_verdict v;

	s->left = s->attempts == 0 || redial_budget(e) == REDIAL_UNBOUNDED ? redial_budget(e) : s->left - 1;
	s->attempts++;
	s->now_ms += 10000;
	s->consecutive++;
	v = redial_decide(e, &(struct redial_case){.code = code, .left = s->left, .enabled = true});
	s->status = v.status;
	s->left = v.left;
	s->last_pause_ms = v.status == RAS_STATUS_WAITING_REDIAL ? redial_pause_ms(e, s->consecutive, random) : 0;
	s->now_ms += s->last_pause_ms;
}

/* redial-max attempts after the first, each at its date: 60, 120, 240, 480, 600, 600 s after the end of the one before,
 * and up to a tenth of it later. */
static void series_keeps_its_dates(void **state)
{
	static const int64_t pauses[] = {60, 120, 240, 480, 600, 600};
	struct ras_entry e = {.redial_max = 6, .redial_pause = 60, .redial_pause_max = 600};

	(void)state;
	for (uint64_t random = 0; random <= UINT32_MAX; random += UINT32_MAX / 16) {
		struct clock_series s = {.now_ms = 0};
		int64_t least = 0;

		for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
			attempt(&e, &s, MENDABLE, (uint32_t)random);
			assert_int_equal(s.status, RAS_STATUS_WAITING_REDIAL);
			assert_in_range(s.last_pause_ms, pauses[i] * 1000, pauses[i] * 1100);
			least += 10000 + pauses[i] * 1000;
			assert_true(s.now_ms >= least);
		}
		attempt(&e, &s, MENDABLE, (uint32_t)random);
		assert_int_equal(s.status, RAS_STATUS_FAILED);
		assert_int_equal(s.attempts, 7);
	}
}

/* A peer that is away for a day: never more than the longest pause and its tenth between two attempts, no end, and it
 * is found again within that time; refused credentials end it. */
static void persistent_outlasts_the_peer(void **state)
{
	struct ras_entry e = {.dial_mode = RAS_DIAL_MODE_PERSISTENT, .redial_pause = 30, .redial_pause_max = 900};
	struct clock_series s = {.now_ms = 0};
	int64_t back_ms = 24ll * 3600 * 1000;
	uint32_t random = 12345;

	(void)state;
	while (s.now_ms < back_ms) {
		random = random * 1664525u + 1013904223u;
		attempt(&e, &s, 678, random);
		assert_int_equal(s.status, RAS_STATUS_WAITING_REDIAL);
		assert_int_equal(s.left, REDIAL_UNBOUNDED);
		assert_in_range(s.last_pause_ms, 30000, 990000);
	}
	assert_true(s.now_ms - back_ms <= 1000000);
	/* A pause of 15 minutes: not more often than that. */
	assert_in_range(s.attempts, 80, 110);
	attempt(&e, &s, NOT_MENDABLE, random);
	assert_int_equal(s.status, RAS_STATUS_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pause_is_constant),
		cmocka_unit_test(pause_doubles),
		cmocka_unit_test(pause_has_a_random_part),
		cmocka_unit_test(longest_pauses),
		cmocka_unit_test(budget),
		cmocka_unit_test(attempt_fails),
		cmocka_unit_test(attempt_fails_while_drained),
		cmocka_unit_test(link_is_lost),
		cmocka_unit_test(redial_count_does_not_wrap),
		cmocka_unit_test(ended_on_request),
		cmocka_unit_test(ended_by_a_limit),
		cmocka_unit_test(every_code),
		cmocka_unit_test(series_keeps_its_dates),
		cmocka_unit_test(persistent_outlasts_the_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
