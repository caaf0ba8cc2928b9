/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of ended calls. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ras/engine.h"

static int make(void **state)
{
	struct ras *ras = calloc(1, sizeof(*ras));

	if (!ras)
		return -1;
	pthread_mutex_init(&ras->lock, NULL);
	atomic_store(&ras->setting[RAS_SETTING_HIST_MAX_ENTRIES], 250);
	*state = ras;
	return 0;
}

static int destroy(void **state)
{
	struct ras *ras = *state;

	history_clear(&ras->history);
	pthread_mutex_destroy(&ras->lock);
	free(ras);
	return 0;
}

static void limit(struct ras *ras, uint32_t rows, uint32_t minutes)
{
	atomic_store(&ras->setting[RAS_SETTING_HIST_MAX_ENTRIES], rows);
	atomic_store(&ras->setting[RAS_SETTING_HIST_RETAIN_TIME], minutes);
}

/* A row whose other fields follow from its index. */
static void push(struct ras *ras, int64_t end_time_ms)
{
	struct ras_history_row *row = calloc(1, sizeof(*row));

	assert_non_null(row);
	row->index = history_index_after(ras->history.newest);
	row->call_id = row->index + 1000;
	row->end_time_ms = end_time_ms;
	history_push(ras, row, history_oldest_beside(ras, row->index));
}

/* Exactly the rows from first to last, by every way to look. */
static void expect_rows(struct ras *ras, uint32_t first, uint32_t last)
{
	uint32_t n = last + 1 - first;
	struct ras_history_row row;
	uint32_t index = 0;

	assert_int_equal(ras->history.n, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(history_at(&ras->history, i)->index, first + i);
		assert_int_equal(ras_history_next(ras, index, &row), 0);
		assert_int_equal(row.index, first + i);
		assert_int_equal(row.call_id, first + i + 1000);
		index = row.index + 1;
	}
	row.index = 77777;
	assert_int_equal(ras_history_next(ras, index, &row), -ENOENT);
	assert_int_equal(row.index, 77777);
}

static void numbers_go_round(void **state)
{
	(void)state;
	assert_int_equal(history_index_after(0), 1);
	assert_int_equal(history_index_after(1), 2);
	assert_int_equal(history_index_after(UINT32_MAX - 1), UINT32_MAX);
	assert_int_equal(history_index_after(UINT32_MAX), 1);
}

static void empty(void **state)
{
	struct ras *ras = *state;
	struct ras_history_row row;

	assert_int_equal(ras_history_next(ras, 0, &row), -ENOENT);
	assert_int_equal(ras_history_next(ras, UINT32_MAX, &row), -ENOENT);
	history_trim(ras, INT64_MAX);
	assert_int_equal(ras->history.n, 0);
}

static void fills_and_goes_round(void **state)
{
	struct ras *ras = *state;

	limit(ras, 10, 0);
	for (uint32_t i = 1; i <= 200; i++) {
		push(ras, i);
		expect_rows(ras, i > 10 ? i - 9 : 1, i);
		assert_int_equal(ras->totals.hist_evicted, i > 10 ? i - 10 : 0);
		assert_int_equal(ras->history.newest, i);
	}
}

/* The ring grows while its first row is not at the beginning of the memory. */
static void grows_in_every_position(void **state)
{
	struct ras *ras = *state;
	uint32_t newest = 0, first = 1;

	for (uint32_t round = 0; round < 5; round++) {
		uint32_t rows = 40u << round;

		limit(ras, rows, 0);
		for (uint32_t i = 0; i < rows + 7; i++) {
			push(ras, 0);
			newest++;
		}
		first = newest + 1 - rows;
		expect_rows(ras, first, newest);
	}
}

static void largest_history(void **state)
{
	struct ras *ras = *state;

	limit(ras, 65535, 0);
	for (uint32_t i = 0; i < 65600; i++)
		push(ras, 0);
	assert_int_equal(ras->history.n, 65535);
	expect_rows(ras, 66, 65600);
	assert_int_equal(ras->totals.hist_evicted, 65);
}

static void none_kept(void **state)
{
	struct ras *ras = *state;

	limit(ras, 0, 0);
	push(ras, 0);
	push(ras, 0);
	assert_int_equal(ras->history.n, 0);
	/* The numbers go on, so that nobody takes a later row for one he has read. */
	assert_int_equal(ras->history.newest, 2);
	limit(ras, 5, 0);
	push(ras, 0);
	expect_rows(ras, 3, 3);
}

static void lower_limit_takes_effect(void **state)
{
	struct ras *ras = *state;

	for (uint32_t i = 0; i < 100; i++)
		push(ras, 0);
	limit(ras, 30, 0);
	history_trim(ras, 0);
	expect_rows(ras, 71, 100);
	assert_int_equal(ras->totals.hist_evicted, 70);
	limit(ras, 60, 0);
	push(ras, 0);
	expect_rows(ras, 71, 101);
	limit(ras, 0, 0);
	history_trim(ras, 0);
	assert_int_equal(ras->history.n, 0);
	assert_int_equal(ras->totals.hist_evicted, 101);
}

static void old_rows_go(void **state)
{
	struct ras *ras = *state;
	const int64_t minute = 60000;

	for (uint32_t i = 1; i <= 20; i++)
		push(ras, i * minute);
	limit(ras, 250, 10);
	history_trim(ras, 10 * minute);
	expect_rows(ras, 1, 20);
	history_trim(ras, 11 * minute - 1);
	expect_rows(ras, 1, 20);
	history_trim(ras, 11 * minute);
	expect_rows(ras, 2, 20);
	history_trim(ras, 25 * minute);
	expect_rows(ras, 16, 20);
	/* Age is no lack of room. */
	assert_int_equal(ras->totals.hist_evicted, 0);
	limit(ras, 250, 0);
	history_trim(ras, INT64_MAX);
	expect_rows(ras, 16, 20);
}

/* A date set back makes rows seem to come from the future: they stay. */
static void rows_of_the_future(void **state)
{
	struct ras *ras = *state;

	push(ras, 1000000000);
	limit(ras, 250, 1);
	history_trim(ras, 5);
	expect_rows(ras, 1, 1);
}

/* The limit is raised between the two: what the journal says already holds. */
static void raised_in_between(void **state)
{
	struct ras *ras = *state;
	struct ras_history_row *row = calloc(1, sizeof(*row));
	uint32_t oldest;

	assert_non_null(row);
	limit(ras, 3, 0);
	for (uint32_t i = 0; i < 5; i++)
		push(ras, 0);
	row->index = 6;
	row->call_id = 1006;
	oldest = history_oldest_beside(ras, row->index);
	assert_int_equal(oldest, 4);
	limit(ras, 100, 0);
	history_push(ras, row, oldest);
	expect_rows(ras, 4, 6);
	assert_int_equal(ras->totals.hist_evicted, 3);
}

static void look_between(void **state)
{
	struct ras *ras = *state;
	struct ras_history_row row;

	limit(ras, 3, 0);
	for (uint32_t i = 0; i < 10; i++)
		push(ras, 0);
	assert_int_equal(ras_history_next(ras, 0, &row), 0);
	assert_int_equal(row.index, 8);
	assert_int_equal(ras_history_next(ras, 8, &row), 0);
	assert_int_equal(row.index, 8);
	assert_int_equal(ras_history_next(ras, 9, &row), 0);
	assert_int_equal(row.index, 9);
	assert_int_equal(ras_history_next(ras, 11, &row), -ENOENT);
	assert_int_equal(ras_history_next(ras, UINT32_MAX, &row), -ENOENT);
}

static void clear_keeps_the_number(void **state)
{
	struct ras *ras = *state;

	push(ras, 0);
	push(ras, 0);
	history_clear(&ras->history);
	assert_int_equal(ras->history.n, 0);
	push(ras, 0);
	expect_rows(ras, 3, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_go_round),
		cmocka_unit_test_setup_teardown(empty, make, destroy),
		cmocka_unit_test_setup_teardown(fills_and_goes_round, make, destroy),
		cmocka_unit_test_setup_teardown(grows_in_every_position, make, destroy),
		cmocka_unit_test_setup_teardown(largest_history, make, destroy),
		cmocka_unit_test_setup_teardown(none_kept, make, destroy),
		cmocka_unit_test_setup_teardown(lower_limit_takes_effect, make, destroy),
		cmocka_unit_test_setup_teardown(old_rows_go, make, destroy),
		cmocka_unit_test_setup_teardown(rows_of_the_future, make, destroy),
		cmocka_unit_test_setup_teardown(raised_in_between, make, destroy),
		cmocka_unit_test_setup_teardown(look_between, make, destroy),
		cmocka_unit_test_setup_teardown(clear_keeps_the_number, make, destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
