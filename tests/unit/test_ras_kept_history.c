/* SPDX-License-Identifier: BSD-2-Clause */
/* History over restarts of the engine: rows that are kept stay as they were, rows that had to go never come back, and
 * the numbers go on. */
#include <errno.h>

#include "engine_lab.h"

static int setup(void **state)
{
	struct lab *lab = lab_new();

	lab_line(lab, "fails", "setup=0ms,fail=678");
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	lab_free(*state);
	return 0;
}

static void attempt(const struct lab *lab, unsigned times)
{
	struct ras_error error = RAS_ERROR_INIT;

	while (times-- > 0) {
		assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "fails"), NULL, &error), -EIO);
		ras_reap(lab->ras);
	}
}

/* As a SET does it. */
static void set_limit(const struct lab *lab, enum ras_setting which, uint32_t value)
{
	assert_int_equal(ras_setting_store(lab->ras, which, value), 0);
	ras_setting_apply(lab->ras, which, value);
}

static void restart_with_file(struct lab *lab, uint32_t max_entries)
{
	lab_stop(lab);
	lab->settings.value[RAS_SETTING_HIST_MAX_ENTRIES] = max_entries;
	lab_start(lab);
}

/* Exactly the rows from first to last; first > last: none. */
static void expect_rows(const struct lab *lab, uint32_t first, uint32_t last)
{
	struct ras_history_row row = {.index = 0};
	struct ras_totals totals;

	for (uint32_t i = first; i <= last; i++) {
		assert_int_equal(ras_history_next(lab->ras, row.index + 1, &row), 0);
		assert_int_equal(row.index, i);
		assert_int_equal(row.error.code, 678);
	}
	assert_int_equal(ras_history_next(lab->ras, row.index + 1, &row), -ENOENT);
	ras_totals_get(lab->ras, &totals);
	assert_int_equal(totals.hist_entries, first <= last ? last + 1 - first : 0);
	assert_int_equal(totals.hist_newest, first <= last ? last : 0);
}

static uint32_t evicted(const struct lab *lab)
{
	struct ras_totals totals;

	ras_totals_get(lab->ras, &totals);
	return totals.hist_evicted;
}

/* ---- tests ---- */

static void room_that_only_the_file_gives(void **state)
{
	struct lab *lab = *state;

	lab->settings.value[RAS_SETTING_HIST_MAX_ENTRIES] = 5;
	lab_start(lab);
	attempt(lab, 12);
	expect_rows(lab, 8, 12);
	assert_int_equal(evicted(lab), 7);
	restart_with_file(lab, 100);
	expect_rows(lab, 8, 12);
	attempt(lab, 6);
	expect_rows(lab, 8, 18);
	restart_with_file(lab, 3);
	expect_rows(lab, 16, 18);
	restart_with_file(lab, 100);
	expect_rows(lab, 16, 18);
}

static void one_row(void **state)
{
	struct lab *lab = *state;

	lab->settings.value[RAS_SETTING_HIST_MAX_ENTRIES] = 1;
	lab_start(lab);
	attempt(lab, 4);
	expect_rows(lab, 4, 4);
	restart_with_file(lab, 100);
	expect_rows(lab, 4, 4);
}

static void lowered_and_raised(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	attempt(lab, 10);
	set_limit(lab, RAS_SETTING_HIST_MAX_ENTRIES, 4);
	expect_rows(lab, 7, 10);
	assert_int_equal(evicted(lab), 6);
	set_limit(lab, RAS_SETTING_HIST_MAX_ENTRIES, 40);
	expect_rows(lab, 7, 10);
	restart_with_file(lab, 250);
	expect_rows(lab, 7, 10);
	attempt(lab, 1);
	expect_rows(lab, 7, 11);
}

/* Lowered over SNMP; then the file has the last word. */
static void lowered_and_raised_by_the_file(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	attempt(lab, 10);
	set_limit(lab, RAS_SETTING_HIST_MAX_ENTRIES, 4);
	attempt(lab, 1);
	expect_rows(lab, 8, 11);
	restart_with_file(lab, 300);
	expect_rows(lab, 8, 11);
}

/* Lowered, and no row since. */
static void lowered_and_nothing_more(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	attempt(lab, 10);
	set_limit(lab, RAS_SETTING_HIST_MAX_ENTRIES, 4);
	restart_with_file(lab, 300);
	expect_rows(lab, 7, 10);
}

static void none_for_a_while(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	attempt(lab, 3);
	set_limit(lab, RAS_SETTING_HIST_MAX_ENTRIES, 0);
	expect_rows(lab, 1, 0);
	assert_int_equal(evicted(lab), 3);
	attempt(lab, 2);
	restart_with_file(lab, 250);
	expect_rows(lab, 1, 0);
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_HIST_MAX_ENTRIES), 0);
	set_limit(lab, RAS_SETTING_HIST_MAX_ENTRIES, 250);
	attempt(lab, 1);
	/* Nobody takes it for a row that he has read. */
	expect_rows(lab, 4, 4);
	restart_with_file(lab, 250);
	expect_rows(lab, 4, 4);
}

/* A setting that is taken back has taken nothing away. */
static void undone(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	attempt(lab, 6);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_HIST_MAX_ENTRIES, 2), 0);
	attempt(lab, 1);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_HIST_MAX_ENTRIES, 250), 0);
	expect_rows(lab, 1, 7);
	restart_with_file(lab, 250);
	expect_rows(lab, 1, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(room_that_only_the_file_gives, setup, teardown),
		cmocka_unit_test_setup_teardown(one_row, setup, teardown),
		cmocka_unit_test_setup_teardown(lowered_and_raised, setup, teardown),
		cmocka_unit_test_setup_teardown(lowered_and_raised_by_the_file, setup, teardown),
		cmocka_unit_test_setup_teardown(lowered_and_nothing_more, setup, teardown),
		cmocka_unit_test_setup_teardown(none_for_a_while, setup, teardown),
		cmocka_unit_test_setup_teardown(undone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
