/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of rows made over SNMP: index and counters go with a row that gets another name, and are forgotten with one
 * that is destroyed, also over restarts, and over a crash between any two steps. */
#include "engine_rows.h"

/* Rows "a", "b", "c" of index 1, 2, 3 with as many attempts. */
static void start_with_lives(struct lab *lab)
{
	static const char *const names[] = {"a", "b", "c"};

	lab_start(lab);
	APPLY(lab, made(1, "a", "setup=1ms"), made(2, "b", "setup=1ms"), made(3, "c", "setup=1ms"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		for (size_t j = 0; j <= i; j++)
			call_once(lab, names[i]);
}

/* The row of an index has this name, and as many attempts as it had at the start. */
static void expect_row(const struct lab *lab, uint32_t index, const char *name)
{
	const struct ras_conn *conn = ras_conn_find(lab->ras, index);

	assert_non_null(conn);
	assert_string_equal(ras_conn_entry(conn)->name, name);
	assert_int_equal(lab_info(conn).counters.attempts, index);
	assert_int_equal(lab_info(conn).counters.successes, index);
}

static void expect_names(const struct lab *lab, const char *first, const char *second, const char *third)
{
	check_book(lab);
	expect_row(lab, 1, first);
	expect_row(lab, 2, second);
	expect_row(lab, 3, third);
	assert_int_equal(ras_conn_count(lab->ras), 3);
	assert_int_equal(lab->ras->n_conns, 3);
	assert_int_equal(totals_of(lab).attempts, 6);
	assert_int_equal(totals_of(lab).successes, 6);
}

static void compact(const struct lab *lab)
{
	pthread_mutex_lock(&lab->ras->store.lock);
	assert_int_equal(store_compact(lab->ras), 0);
	pthread_mutex_unlock(&lab->ras->store.lock);
}

/* ---- another name ---- */

static void change_names_to(const struct lab *lab, const char *first, const char *second, const char *third,
			    struct ras_edit **ret)
{
	*ret = RESERVE(lab, renamed(lab, 1, first), renamed(lab, 2, second), renamed(lab, 3, third));
}

static const char *const new_names[][3] = {
	{"x", "b", "c"},                  /* one */
	{"x", "y", "z"},                  /* all */
	{"b", "a", "c"},                  /* a swap */
	{"b", "c", "a"},                  /* round, and the other way round */
	{"c", "a", "b"}, {"b", "c", "x"}, /* a chain, and the other way round */
	{"x", "a", "b"}, {"A", "b", "c"}, /* letters only */
	{"B", "A", "c"},
};

static void counters_go_with_the_row(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;

	start_with_lives(lab);
	for (size_t i = 0; i < ARRAY_SIZE(new_names); i++) {
		const char *const *n = new_names[i];

		change_names_to(lab, n[0], n[1], n[2], &edit);
		assert_int_equal(ras_edit_write(edit), 0);
		ras_edit_commit(edit);
		expect_names(lab, n[0], n[1], n[2]);
		if (i % 2)
			compact(lab);
		restart(lab);
		expect_names(lab, n[0], n[1], n[2]);
		APPLY(lab, renamed(lab, 1, "a"), renamed(lab, 2, "b"), renamed(lab, 3, "c"));
		expect_names(lab, "a", "b", "c");
	}
}

/* The rows are on the disk, the journal knows nothing yet. */
static void a_crash_between_write_and_commit(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;

	start_with_lives(lab);
	for (size_t i = 0; i < ARRAY_SIZE(new_names); i++) {
		const char *const *n = new_names[i];

		change_names_to(lab, n[0], n[1], n[2], &edit);
		assert_int_equal(ras_edit_write(edit), 0);
		save_state(lab);
		crash(lab);
		lab_start(lab);
		expect_names(lab, n[0], n[1], n[2]);
		restart(lab);
		expect_names(lab, n[0], n[1], n[2]);
		APPLY(lab, renamed(lab, 1, "a"), renamed(lab, 2, "b"), renamed(lab, 3, "c"));
		save_state(lab);
		crash(lab);
		lab_start(lab);
		expect_names(lab, "a", "b", "c");
	}
}

static void what_is_kept_of_a_row(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_conn_info before, after;

	lab_start(lab);
	APPLY(lab, made(7, "old", "fail=691"));
	assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, "old"), RAS_ACTION_DIAL, 4711, RAS_TRIGGER_SNMP,
					     &request),
			 0);
	assert_int_equal(ras_request_write(request), 0);
	ras_request_commit(request);
	lab_wait_status(lab, lab_conn(lab, "old"), RAS_STATUS_FAILED);
	before = lab_info(lab_conn(lab, "old"));
	APPLY(lab, renamed(lab, 7, "new"));
	for (int i = 0; i < 3; i++) {
		after = lab_info(lab_conn(lab, "new"));
		assert_int_equal(after.index, 7);
		assert_int_equal(after.status, RAS_STATUS_FAILED);
		assert_int_equal(after.request_id, 4711);
		assert_int_equal(after.last_error.code, 691);
		assert_int_equal(after.last_error.time_ms, before.last_error.time_ms);
		assert_int_equal(after.call_id, before.call_id);
		assert_int_equal(after.last_hist_index, before.last_hist_index);
		assert_int_equal(after.counters.consecutive_failures, 1);
		/* The same request again does nothing. */
		assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, "new"), RAS_ACTION_DIAL, 4711,
						     RAS_TRIGGER_SNMP, &request),
				 0);
		assert_int_equal(ras_request_write(request), 0);
		ras_request_commit(request);
		assert_int_equal(attempts_of(lab, "new"), 1);
		restart(lab);
	}
	/* The old name may be somebody else's, who begins anew. */
	APPLY(lab, made(8, "old", ""));
	assert_int_equal(attempts_of(lab, "old"), 0);
	assert_int_equal(lab_info(lab_conn(lab, "old")).status, RAS_STATUS_DOWN);
}

static void letters_of_a_name(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row row;

	start_with_lives(lab);
	APPLY(lab, renamed(lab, 1, "A"));
	assert_ptr_equal(ras_name_at(lab->ras, 0), ras_conn_find(lab->ras, 1));
	call_once(lab, "a");
	assert_int_equal(ras_history_next(lab->ras, 7, &row), 0);
	assert_string_equal(row.entry_name, "A");
	restart(lab);
	assert_string_equal(ras_conn_entry(lab_conn(lab, "a"))->name, "A");
	assert_int_equal(attempts_of(lab, "a"), 2);
	assert_int_equal(lab->ras->n_conns, 3);
}

/* ---- names that the file had ---- */

static void reload(struct lab *lab)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
	check_book(lab);
}

/* "filed" of index 1, with two attempts, has left the file. */
static void start_with_remembered(struct lab *lab)
{
	lab_line(lab, "filed", "setup=1ms");
	lab_start(lab);
	call_once(lab, "filed");
	call_once(lab, "filed");
	ras_entry_unref(lab->entries[--lab->n_entries]);
	reload(lab);
	assert_null(ras_conn_by_name(lab->ras, "filed"));
	assert_int_equal(lab->ras->n_conns, 1);
}

static void a_new_row_takes_up_a_remembered_name(void **state)
{
	struct lab *lab = *state;

	start_with_remembered(lab);
	/* Not its index. */
	assert_int_equal(ras_index_next(lab->ras), 2);
	APPLY(lab, made(5, "Filed", "setup=1ms"));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lab_info(lab_conn(lab, "filed")).index, 5);
		assert_int_equal(attempts_of(lab, "filed"), 2);
		assert_int_equal(lab->ras->n_conns, 1);
		restart(lab);
	}
	APPLY(lab, gone(5));
	assert_int_equal(lab->ras->n_conns, 0);
	assert_int_equal(totals_of(lab).attempts, 2);
	restart(lab);
	assert_int_equal(lab->ras->n_conns, 0);
	assert_int_equal(totals_of(lab).attempts, 2);
}

static void a_remembered_name_of_a_row_that_is_destroyed_in_a_crash(void **state)
{
	struct lab *lab = *state;

	start_with_remembered(lab);
	APPLY(lab, made(5, "filed", "setup=1ms"));
	WRITE(lab, gone(5));
	save_state(lab);
	crash(lab);
	lab_start(lab);
	assert_int_equal(lab->ras->n_conns, 0);
	assert_int_equal(totals_of(lab).attempts, 2);
}

static void a_row_is_renamed_to_a_remembered_name(void **state)
{
	struct lab *lab = *state;

	for (int crashes = 0; crashes < 2; crashes++) {
		start_with_remembered(lab);
		APPLY(lab, made(5, "mine", "setup=1ms"));
		call_once(lab, "mine");
		if (crashes) {
			WRITE(lab, renamed(lab, 5, "filed"));
			save_state(lab);
			crash(lab);
			lab_start(lab);
		} else {
			APPLY(lab, renamed(lab, 5, "filed"));
		}
		for (int i = 0; i < 2; i++) {
			assert_int_equal(lab_info(lab_conn(lab, "filed")).index, 5);
			assert_int_equal(attempts_of(lab, "filed"), 1);
			assert_int_equal(lab->ras->n_conns, 1);
			assert_int_equal(totals_of(lab).attempts, 3);
			restart(lab);
		}
		/* The remembered one is forgotten, and its index free. */
		APPLY(lab, made(1, "other", ""));
		APPLY(lab, gone(5), gone(1));
		lab_stop(lab);
		nftw(lab->dir, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
	}
}

static void an_index_that_was_remembered(void **state)
{
	struct lab *lab = *state;

	start_with_remembered(lab);
	APPLY(lab, made(1, "mine", "setup=1ms"));
	lab_line(lab, "filed", "setup=1ms");
	reload(lab);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lab_info(lab_conn(lab, "mine")).index, 1);
		assert_int_equal(lab_info(lab_conn(lab, "filed")).index, 2);
		assert_int_equal(attempts_of(lab, "filed"), 2);
		assert_int_equal(attempts_of(lab, "mine"), 0);
		restart(lab);
	}
}

/* What a reload gives is remembered, whatever the file says first after a crash. */
static void indices_that_a_reload_gives(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *swap;

	lab_line(lab, "one", "");
	lab_start(lab);
	lab_line(lab, "two", "");
	reload(lab);
	lab_line(lab, "three", "");
	reload(lab);
	save_state(lab);
	crash(lab);
	swap = lab->entries[0];
	lab->entries[0] = lab->entries[2];
	lab->entries[2] = swap;
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "one")).index, 1);
	assert_int_equal(lab_info(lab_conn(lab, "two")).index, 2);
	assert_int_equal(lab_info(lab_conn(lab, "three")).index, 3);
	check_book(lab);
}

/* One after the other, round the end, but for those that a name has. */
static void indices_that_are_offered(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	APPLY(lab, made(RAS_INDEX_MAX, "last", ""), made(RAS_INDEX_MAX - 2, "before", ""), made(1, "first", ""),
	      made(3, "third", ""));
	lab->ras->index_given = RAS_INDEX_MAX - 4;
	assert_int_equal(ras_index_next(lab->ras), RAS_INDEX_MAX - 3);
	assert_int_equal(ras_index_next(lab->ras), RAS_INDEX_MAX - 1);
	assert_int_equal(ras_index_next(lab->ras), 2);
	assert_int_equal(ras_index_next(lab->ras), 4);
	assert_int_equal(ras_index_next(lab->ras), 5);
	lab->ras->index_given = RAS_INDEX_MAX;
	assert_int_equal(ras_index_next(lab->ras), 2);
	APPLY(lab, gone(3));
	assert_int_equal(ras_index_next(lab->ras), 3);
}

/* ---- names that are forgotten ---- */

static void the_sums_go_on(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row row;
	struct ras_totals t;

	start_with_lives(lab);
	APPLY(lab, made(9, "bad", "fail=691"), made(10, "lossy", "setup=1ms,drop=1ms"));
	call_once(lab, "bad");
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "lossy"), NULL, NULL), 0);
	lab_wait_status(lab, lab_conn(lab, "lossy"), RAS_STATUS_FAILED);
	APPLY(lab, gone(9), gone(10), gone(2));
	for (int i = 0; i < 4; i++) {
		t = totals_of(lab);
		assert_int_equal(t.attempts, 8);
		assert_int_equal(t.successes, 7);
		assert_int_equal(t.failures, 1);
		assert_int_equal(t.drops, 1);
		assert_int_equal(t.entries, 2);
		assert_int_equal(lab->ras->n_conns, 2);
		assert_int_equal(t.hist_entries, 8);
		assert_int_equal(ras_history_next(lab->ras, 7, &row), 0);
		assert_string_equal(row.entry_name, "bad");
		assert_int_equal(row.entry_index, 9);
		if (i == 1)
			compact(lab);
		if (i == 2) {
			save_state(lab);
			crash(lab);
			lab_start(lab);
		} else {
			restart(lab);
		}
	}
	/* Name and index are free, for one that knows nothing of it. */
	APPLY(lab, made(9, "b", ""), made(2, "bad", ""));
	assert_int_equal(attempts_of(lab, "b"), 0);
	assert_int_equal(attempts_of(lab, "bad"), 0);
	assert_int_equal(lab_info(lab_conn(lab, "bad")).last_error.code, 0);
}

static void destroyed_and_made_again_at_one_stroke(void **state)
{
	struct lab *lab = *state;

	for (int crashes = 0; crashes < 2; crashes++) {
		start_with_lives(lab);
		if (crashes) {
			WRITE(lab, made(9, "b", ""), gone(2));
			save_state(lab);
			crash(lab);
			lab_start(lab);
		} else {
			APPLY(lab, made(9, "b", ""), gone(2));
			assert_int_equal(attempts_of(lab, "b"), 0);
			restart(lab);
			assert_int_equal(attempts_of(lab, "b"), 0);
		}
		assert_int_equal(lab_info(lab_conn(lab, "b")).index, 9);
		assert_int_equal(lab->ras->n_conns, 3);
		assert_int_equal(totals_of(lab).attempts, 6);
		lab_stop(lab);
		nftw(lab->dir, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
	}
}

/* A row of lower or higher index takes the name, and what had it goes on under another name or is destroyed. */
static void a_name_that_a_new_row_takes_in_a_crash(void **state)
{
	struct lab *lab = *state;

	for (int way = 0; way < 4; way++) {
		uint32_t index = way % 2 ? 1 : 9;

		lab_start(lab);
		APPLY(lab, made(5, "name", "setup=1ms"));
		call_once(lab, "name");
		if (way < 2)
			WRITE(lab, made(index, "name", ""), renamed(lab, 5, "other"));
		else
			WRITE(lab, made(index, "name", ""), gone(5));
		save_state(lab);
		crash(lab);
		for (int again = 0; again < 3; again++) {
			/* Twice before the journal is written anew. */
			(again ? lab_start : lab_open)(lab);
			check_book(lab);
			assert_int_equal(lab_info(lab_conn(lab, "name")).index, index);
			assert_int_equal(attempts_of(lab, "name"), 0);
			if (way < 2)
				assert_int_equal(attempts_of(lab, "other"), 1);
			assert_int_equal(totals_of(lab).attempts, 1);
			lab_stop(lab);
		}
		nftw(lab->dir, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
	}
}

static void volatile_rows_are_forgotten_with_the_agent(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	APPLY(lab, stored(made(1, "here", "setup=1ms"), RAS_STORAGE_VOLATILE), made(2, "there", "setup=1ms"));
	call_once(lab, "here");
	call_once(lab, "there");
	assert_false(row_exists(lab, "1.yaml"));
	for (int i = 0; i < 3; i++) {
		restart(lab);
		assert_null(ras_conn_by_name(lab->ras, "here"));
		assert_int_equal(lab->ras->n_conns, 1);
		assert_int_equal(totals_of(lab).attempts, 2);
		assert_int_equal(attempts_of(lab, "there"), 1);
	}
	APPLY(lab, stored(made(1, "here", "setup=1ms"), RAS_STORAGE_VOLATILE));
	assert_int_equal(attempts_of(lab, "here"), 0);
	/* Kept after all, and given up again. */
	APPLY(lab, stored(same(lab, 1), RAS_STORAGE_NON_VOLATILE), stored(same(lab, 2), RAS_STORAGE_VOLATILE));
	assert_true(row_exists(lab, "1.yaml") && !row_exists(lab, "2.yaml"));
	restart(lab);
	lab_conn(lab, "here");
	assert_null(ras_conn_by_name(lab->ras, "there"));
}

/* A link of a volatile row has nobody who wants it after a restart. */
static void a_volatile_row_that_was_up(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	APPLY(lab, stored(made(1, "here", "setup=1ms"), RAS_STORAGE_VOLATILE));
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "here"), NULL, NULL), 0);
	restart(lab);
	LAB_WAIT(lab, lab_threads(lab) == 0 && totals_of(lab).hist_entries == 1);
	assert_null(ras_conn_by_name(lab->ras, "here"));
	APPLY(lab, made(1, "other", ""));
	restart(lab);
	assert_int_equal(lab->ras->n_conns, 1);
	assert_int_equal(totals_of(lab).attempts, 1);
}

static void nothing_is_left_of_many(void **state)
{
	struct lab *lab = *state;
	struct ras_notice notice;
	char name[RAS_NAME_MAX];

	lab->settings.value[RAS_SETTING_HIST_MAX_ENTRIES] = 5;
	lab_start(lab);
	ras_notices_connected(lab->ras, true);
	for (uint32_t i = 1; i <= 2000; i++) {
		snprintf(name, sizeof(name), "row-%u", i);
		APPLY(lab, stored(made(i, name, "setup=0ms"), i % 8 ? RAS_STORAGE_VOLATILE : RAS_STORAGE_NON_VOLATILE));
		assert_int_equal(ras_dial(lab->ras, lab_conn(lab, name), NULL, NULL), 0);
		ras_hang_up(lab_conn(lab, name));
		/* Destroyed as soon as the row lets it, whatever the thread still does. */
		LAB_WAIT(lab, lab_info(lab_conn(lab, name)).status == RAS_STATUS_DOWN);
		APPLY(lab, gone(i));
		assert_int_equal(lab->ras->n_conns, 0);
		while (ras_notices_take(lab->ras, &notice))
			;
	}
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(totals_of(lab).attempts, 2000);
	assert_int_equal(totals_of(lab).entries, 0);
	assert_true(lab->ras->conns_room < 1000);
	assert_null(lab->ras->requests);
	assert_folder(lab, "");
	restart(lab);
	assert_int_equal(lab->ras->n_conns, 0);
	assert_int_equal(totals_of(lab).attempts, 2000);
	assert_int_equal(ras_index_next(lab->ras), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(counters_go_with_the_row),
		ROWS_TEST(a_crash_between_write_and_commit),
		ROWS_TEST(what_is_kept_of_a_row),
		ROWS_TEST(letters_of_a_name),
		ROWS_TEST(a_new_row_takes_up_a_remembered_name),
		ROWS_TEST(a_remembered_name_of_a_row_that_is_destroyed_in_a_crash),
		ROWS_TEST(a_row_is_renamed_to_a_remembered_name),
		ROWS_TEST(an_index_that_was_remembered),
		ROWS_TEST(indices_that_a_reload_gives),
		ROWS_TEST(indices_that_are_offered),
		ROWS_TEST(the_sums_go_on),
		ROWS_TEST(destroyed_and_made_again_at_one_stroke),
		ROWS_TEST(a_name_that_a_new_row_takes_in_a_crash),
		ROWS_TEST(volatile_rows_are_forgotten_with_the_agent),
		ROWS_TEST(a_volatile_row_that_was_up),
		ROWS_TEST(nothing_is_left_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
