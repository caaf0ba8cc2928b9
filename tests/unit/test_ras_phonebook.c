/* SPDX-License-Identifier: BSD-2-Clause */
/* The phonebook: indices of names, lookups, and what a new file does to rows and calls. */
#include <errno.h>
#include <string.h>

#include "engine_lab.h"

static int set_up(void **state)
{
	*state = lab_new();
	return 0;
}

static int tear_down(void **state)
{
	lab_free(*state);
	return 0;
}

/* Forgets the entries of the lab, so that the next ones are those of a new file. */
static void new_file(struct lab *lab)
{
	for (size_t i = 0; i < lab->n_entries; i++)
		ras_entry_unref(lab->entries[i]);
	lab->n_entries = 0;
}

static void load(struct lab *lab)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
}

static uint32_t index_of(const struct lab *lab, const char *name)
{
	struct ras_conn *conn = lab_conn(lab, name);

	assert_int_equal(ras_conn_entry(conn)->index, lab_info(conn).index);
	assert_ptr_equal(ras_conn_find(lab->ras, lab_info(conn).index), conn);
	return lab_info(conn).index;
}

static struct ras_totals totals_of(const struct lab *lab)
{
	struct ras_totals t;

	ras_totals_get(lab->ras, &t);
	return t;
}

/* Every way to find a row finds the same, in ascending order. */
static void expect_rows(const struct lab *lab, size_t n)
{
	uint32_t before = 0;

	assert_int_equal(ras_conn_count(lab->ras), n);
	assert_int_equal(totals_of(lab).entries, n);
	assert_null(ras_conn_at(lab->ras, n));
	assert_null(ras_name_at(lab->ras, n));
	assert_null(ras_conn_find(lab->ras, 0));
	for (size_t i = 0; i < n; i++) {
		struct ras_conn *conn = ras_conn_at(lab->ras, i);
		uint32_t index = lab_info(conn).index;

		assert_true(index > before);
		assert_int_equal(ras_conn_position(lab->ras, index, SIZE_MAX), i);
		for (size_t hint = 0; hint <= n + 1; hint++) {
			assert_int_equal(ras_conn_position(lab->ras, index, hint), i);
			assert_int_equal(ras_conn_position(lab->ras, before + 1, hint), i);
		}
		assert_ptr_equal(ras_conn_find(lab->ras, index), conn);
		assert_ptr_equal(ras_conn_by_name(lab->ras, ras_conn_entry(conn)->name), conn);
		before = index;
	}
	assert_int_equal(ras_conn_position(lab->ras, before + 1, SIZE_MAX), n);
	for (size_t hint = 0; hint <= n + 1; hint++) {
		assert_int_equal(ras_conn_position(lab->ras, before + 1, hint), n);
		assert_int_equal(ras_conn_position(lab->ras, UINT32_MAX, hint), n);
	}
	for (size_t i = 1; i < n; i++) {
		const char *a = ras_conn_entry(ras_name_at(lab->ras, i - 1))->name;
		const char *b = ras_conn_entry(ras_name_at(lab->ras, i))->name;

		/* A string index begins with its length. */
		assert_true(strlen(a) < strlen(b) || (strlen(a) == strlen(b) && strcmp(a, b) < 0));
	}
}

/* ---- indices ---- */

static void no_entries(void **state)
{
	struct lab *lab = *state;

	lab_open(lab);
	expect_rows(lab, 0);
	assert_null(ras_conn_by_name(lab->ras, "hq"));
}

static void lowest_free_indices(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "a", "");
	lab_line(lab, "b", "")->index = 2;
	lab_line(lab, "c", "");
	lab_line(lab, "d", "")->index = 4;
	lab_line(lab, "e", "");
	lab_line(lab, "far", "")->index = RAS_INDEX_MAX;
	lab_open(lab);
	assert_int_equal(index_of(lab, "a"), 1);
	assert_int_equal(index_of(lab, "b"), 2);
	assert_int_equal(index_of(lab, "c"), 3);
	assert_int_equal(index_of(lab, "d"), 4);
	assert_int_equal(index_of(lab, "e"), 5);
	assert_int_equal(index_of(lab, "far"), RAS_INDEX_MAX);
	expect_rows(lab, 6);
}

static void names_without_regard_to_case(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "Head-Office", "");
	lab_open(lab);
	assert_ptr_equal(ras_conn_by_name(lab->ras, "head-office"), ras_conn_at(lab->ras, 0));
	assert_ptr_equal(ras_conn_by_name(lab->ras, "HEAD-OFFICE"), ras_conn_at(lab->ras, 0));
	assert_null(ras_conn_by_name(lab->ras, "head_office"));
	assert_null(ras_conn_by_name(lab->ras, ""));
}

/* The number of a name is remembered, also while the name is not in the file, and over restarts. */
static void indices_are_remembered(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "a", "");
	lab_line(lab, "b", "");
	lab_line(lab, "c", "");
	lab_start(lab);
	lab_stop(lab);

	new_file(lab);
	lab_line(lab, "new", "");
	lab_line(lab, "c", "");
	lab_start(lab);
	assert_int_equal(index_of(lab, "c"), 3);
	assert_int_equal(index_of(lab, "new"), 4);
	expect_rows(lab, 2);
	lab_stop(lab);

	new_file(lab);
	lab_line(lab, "b", "");
	lab_line(lab, "A", "");
	lab_start(lab);
	assert_int_equal(index_of(lab, "b"), 2);
	assert_int_equal(index_of(lab, "a"), 1);
	assert_string_equal(ras_conn_entry(lab_conn(lab, "a"))->name, "A");
}

/* What the file says wins over what was remembered. */
static void file_claims_an_index(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "a", "");
	lab_line(lab, "b", "");
	lab_start(lab);
	new_file(lab);
	lab_line(lab, "a", "");
	lab_line(lab, "b", "")->index = 1;
	load(lab);
	assert_int_equal(index_of(lab, "b"), 1);
	assert_int_equal(index_of(lab, "a"), 2);
	expect_rows(lab, 2);
	new_file(lab);
	lab_line(lab, "c", "")->index = 1;
	load(lab);
	assert_int_equal(index_of(lab, "c"), 1);
	expect_rows(lab, 1);
}

static void next_index(void **state)
{
	struct lab *lab = *state;
	uint32_t before = 0;

	lab_line(lab, "a", "")->index = 2;
	lab_line(lab, "b", "")->index = 5;
	lab->settings.max_entries = 3;
	lab_open(lab);
	for (unsigned i = 0; i < 20; i++) {
		uint32_t next = ras_index_next(lab->ras);

		assert_in_range(next, 1, RAS_INDEX_MAX);
		assert_int_not_equal(next, before);
		assert_null(ras_conn_find(lab->ras, next));
		before = next;
	}
	new_file(lab);
	lab_line(lab, "a", "");
	lab_line(lab, "b", "");
	lab_line(lab, "c", "");
	load(lab);
	assert_int_equal(ras_index_next(lab->ras), 0);
}

/* ---- a new file ---- */

static void an_equal_row_is_left_alone(void **state)
{
	struct lab *lab = *state;
	const struct ras_entry *before;
	int64_t changed;

	lab_line(lab, "a", "setup=1s");
	lab_line(lab, "b", "");
	lab_start(lab);
	before = ras_conn_entry(lab_conn(lab, "a"));
	changed = totals_of(lab).phonebook_change_mono_ms;
	lab_rest();
	new_file(lab);
	lab_line(lab, "b", "");
	lab_line(lab, "a", "setup=1s");
	load(lab);
	assert_ptr_equal(ras_conn_entry(lab_conn(lab, "a")), before);
	assert_int_equal(totals_of(lab).phonebook_change_mono_ms, changed);

	new_file(lab);
	lab_line(lab, "a", "setup=2s");
	lab_line(lab, "b", "");
	load(lab);
	assert_string_equal(ras_conn_entry(lab_conn(lab, "a"))->destination, "setup=2s");
	assert_true(totals_of(lab).phonebook_change_mono_ms > changed);
}

/* A call keeps the entry it began with; the next attempt has the new one. */
static void a_change_takes_effect_with_the_next_attempt(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "a", "setup=10ms");
	lab_start(lab);
	conn = lab_conn(lab, "a");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	new_file(lab);
	lab_line(lab, "a", "setup=10ms,fail=676");
	load(lab);
	assert_ptr_equal(lab_conn(lab, "a"), conn);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_string_equal(lab_info(conn).destination, "setup=10ms");
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), -EIO);
	assert_string_equal(lab_info(conn).destination, "setup=10ms,fail=676");
}

static void a_removed_row_is_hung_up(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row row;
	struct ras_conn *conn;
	struct ras_totals t;

	lab_line(lab, "a", "setup=10ms");
	lab_line(lab, "b", "");
	lab_start(lab);
	conn = lab_conn(lab, "a");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	new_file(lab);
	lab_line(lab, "b", "");
	load(lab);
	assert_null(ras_conn_by_name(lab->ras, "a"));
	assert_null(ras_conn_find(lab->ras, 1));
	expect_rows(lab, 1);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(ras_history_next(lab->ras, 1, &row), 0);
	assert_string_equal(row.entry_name, "a");
	assert_int_equal(row.entry_index, 1);
	assert_int_equal(row.error.cause, RAS_CAUSE_LOCAL_REQUEST);
	t = totals_of(lab);
	assert_int_equal(t.by_status[RAS_STATUS_UP], 0);
	assert_int_equal(t.attempts, 1);
	assert_int_equal(t.successes, 1);

	/* It comes back under its number, with its counters. */
	lab_line(lab, "a", "setup=10ms");
	load(lab);
	assert_int_equal(index_of(lab, "a"), 1);
	assert_int_equal(lab_info(lab_conn(lab, "a")).status, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(lab_conn(lab, "a")).counters.attempts, 1);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "a"), NULL, NULL), 0);
	lab_check_sums(lab);
}

static void removed_and_back_during_the_call(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "a", "setup=10ms");
	lab_start(lab);
	for (uint32_t i = 1; i <= 20; i++) {
		struct ras_conn *conn = lab_conn(lab, "a");

		LAB_WAIT(lab, lab_info(conn).status == RAS_STATUS_DOWN);
		assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
		assert_int_equal(lab_info(conn).counters.successes, i);
		new_file(lab);
		load(lab);
		lab_line(lab, "a", "setup=10ms");
		load(lab);
		expect_rows(lab, 1);
	}
	LAB_WAIT(lab, lab_threads(lab) == 0);
	lab_check_sums(lab);
}

static void not_ready(void **state)
{
	struct lab *lab = *state;
	struct ras_totals t;

	lab_line(lab, "no-type", "")->device_type = RAS_DEVICE_OTHER;
	lab_line(lab, "no-driver", "x")->device_type = RAS_DEVICE_PPTP;
	lab_line(lab, "out", "")->row_status = RAS_ROW_NOT_IN_SERVICE;
	lab_line(lab, "good", "");
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "no-type")).status, RAS_STATUS_NOT_READY);
	assert_int_equal(lab_info(lab_conn(lab, "no-driver")).status, RAS_STATUS_NOT_READY);
	assert_int_equal(lab_info(lab_conn(lab, "out")).status, RAS_STATUS_NOT_READY);
	assert_int_equal(lab_info(lab_conn(lab, "good")).status, RAS_STATUS_DOWN);
	t = totals_of(lab);
	assert_int_equal(t.by_status[RAS_STATUS_NOT_READY], 3);
	assert_int_equal(t.by_status[RAS_STATUS_DOWN], 1);

	new_file(lab);
	lab_line(lab, "no-type", "");
	lab_line(lab, "no-driver", "");
	lab_line(lab, "out", "");
	lab_line(lab, "good", "")->device_type = RAS_DEVICE_OTHER;
	load(lab);
	t = totals_of(lab);
	assert_int_equal(t.by_status[RAS_STATUS_NOT_READY], 1);
	assert_int_equal(t.by_status[RAS_STATUS_DOWN], 3);
}

static void many(void **state)
{
	enum { N = 3000 };
	struct lab *lab = *state;
	struct ras_entry **entries = calloc(N, sizeof(*entries));
	struct ras_error error = RAS_ERROR_INIT;

	assert_non_null(entries);
	lab_open(lab);
	for (unsigned i = 0; i < N; i++) {
		entries[i] = ras_entry_new();
		assert_non_null(entries[i]);
		/* In no order, with names of several lengths. */
		snprintf(entries[i]->name, sizeof(entries[i]->name), "%x-line", i * 2654435761u >> (i % 3 * 8));
		entries[i]->device_type = RAS_DEVICE_LOOPBACK;
		entries[i]->origin = RAS_ORIGIN_FILE;
	}
	assert_int_equal(ras_phonebook_load(lab->ras, entries, N, &error), 0);
	expect_rows(lab, ras_conn_count(lab->ras));
	assert_in_range(ras_conn_count(lab->ras), N / 2, N);
	assert_int_equal(ras_phonebook_load(lab->ras, entries, N / 2, &error), 0);
	expect_rows(lab, ras_conn_count(lab->ras));
	for (unsigned i = 0; i < N; i++)
		ras_entry_unref(entries[i]);
	free(entries);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Takes what is owed until there is a configChange of a name. */
static enum ras_change next_change(const struct lab *lab, const char *name)
{
	struct ras_notice notice;

	while (ras_notices_take(lab->ras, &notice))
		if (notice.type == RAS_NOTIFY_CONFIG_CHANGE && str_equal(notice.entry_name, name))
			return notice.change;
	return 0;
}

static void a_new_file_is_told(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "stays", "");
	lab_line(lab, "changes", "");
	lab_line(lab, "goes", "");
	lab_start(lab);
	ras_notices_connected(lab->ras, true);
	assert_int_equal(next_change(lab, "stays"), 0); /* what is there at the start is no news */

	new_file(lab);
	lab_line(lab, "stays", "");
	lab_line(lab, "changes", "setup=1s");
	lab_line(lab, "comes", "");
	load(lab);
	assert_int_equal(totals_of(lab).notify_pending, 3);
	assert_int_equal(next_change(lab, "goes"), RAS_CHANGE_DELETED);
	assert_int_equal(next_change(lab, "changes"), RAS_CHANGE_MODIFIED);
	assert_int_equal(next_change(lab, "comes"), RAS_CHANGE_CREATED);
}

/* The end of a call is told although its row has gone. */
static void the_last_disconnected_is_told(void **state)
{
	struct lab *lab = *state;
	struct ras_notice notice;
	struct ras_conn *conn;
	bool told = false;

	lab_line(lab, "goes", "");
	lab_start(lab);
	conn = lab_conn(lab, "goes");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	new_file(lab);
	load(lab);
	lab_wait_status(lab, conn, RAS_STATUS_NOT_READY);
	ras_notices_connected(lab->ras, true);
	while (ras_notices_take(lab->ras, &notice))
		told |= notice.type == RAS_NOTIFY_DISCONNECTED && str_equal(notice.entry_name, "goes");
	assert_true(told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_told),
		TEST(the_last_disconnected_is_told),
		TEST(no_entries),
		TEST(lowest_free_indices),
		TEST(names_without_regard_to_case),
		TEST(indices_are_remembered),
		TEST(file_claims_an_index),
		TEST(next_index),
		TEST(an_equal_row_is_left_alone),
		TEST(a_change_takes_effect_with_the_next_attempt),
		TEST(a_removed_row_is_hung_up),
		TEST(removed_and_back_during_the_call),
		TEST(not_ready),
		TEST(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
