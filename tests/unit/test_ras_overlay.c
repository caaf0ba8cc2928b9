/* SPDX-License-Identifier: BSD-2-Clause */
/* The file and SNMP together: values set over SNMP for permanent rows of the file, rows of both that want the same name
 * or index. At the start and at each reload. */
#include "engine_rows.h"

/* Reads the phonebook again in a living engine, or in the next one. */
typedef void again_fn(struct lab *lab);

static void by_reload(struct lab *lab)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
	check_book(lab);
}

static void by_restart(struct lab *lab)
{
	restart(lab);
}

static void by_reload_and_restart(struct lab *lab)
{
	by_reload(lab);
	restart(lab);
}

static void by_reload_and_crash(struct lab *lab)
{
	by_reload(lab);
	save_state(lab);
	crash(lab);
	lab_start(lab);
	check_book(lab);
}

static again_fn *const again[] = {by_reload, by_restart, by_reload_and_restart, by_reload_and_crash};

/* The next test of the same lab begins with nothing. */
static void wipe(struct lab *lab)
{
	lab_stop(lab);
	nftw(lab->dir, lab_unlink, 8, FTW_DEPTH | FTW_PHYS);
	while (lab->n_entries > 0)
		ras_entry_unref(lab->entries[--lab->n_entries]);
}

/* ---- permanent rows ---- */

#define FILE_TYPES (1u << RAS_NOTIFY_CONNECTED)
#define SET_TYPES (1u << RAS_NOTIFY_DIAL_FAILED)
#define OTHER_TYPES (1u << RAS_NOTIFY_DISCONNECTED)

static struct ras_entry *permanent(struct lab *lab, const char *name, uint32_t index)
{
	struct ras_entry *e = lab_line(lab, name, "setup=1ms");

	e->index = index;
	e->storage_type = RAS_STORAGE_PERMANENT;
	str_copy(e->user_name, "file-user", sizeof(e->user_name));
	assert_int_equal(ras_entry_set_secret(e, "file-secret"), 0);
	e->notify_types = FILE_TYPES;
	return e;
}

/* An entry of the file is not changed in place: the engine may have it. */
static struct ras_entry *rewritten(struct lab *lab, size_t at)
{
	struct ras_entry *e = ras_entry_copy(lab->entries[at]);

	assert_non_null(e);
	ras_entry_unref(lab->entries[at]);
	lab->entries[at] = e;
	return e;
}

static void drop_entry(struct lab *lab, size_t at)
{
	ras_entry_unref(lab->entries[at]);
	lab->entries[at] = lab->entries[--lab->n_entries];
}

enum { USER = 1, SECRET = 2, TYPES = 4, ALL = 7 };

static void put_values(struct ras_entry *e, unsigned which, const char *prefix, uint32_t types)
{
	char value[RAS_TEXT_MAX];

	snprintf(value, sizeof(value), "%s-user", prefix);
	if (which & USER)
		str_copy(e->user_name, value, sizeof(e->user_name));
	snprintf(value, sizeof(value), "%s-secret", prefix);
	if (which & SECRET)
		assert_int_equal(ras_entry_set_secret(e, value), 0);
	if (which & TYPES)
		e->notify_types = types;
}

static void set_over_snmp(const struct lab *lab, uint32_t index, unsigned which)
{
	struct ras_row_change c = same(lab, index);

	put_values(c.entry, which, "snmp", SET_TYPES);
	APPLY(lab, c);
}

/* Of which columns the value is SNMP's; the others are the file's. */
static void expect_values(const struct lab *lab, size_t at, unsigned snmp)
{
	const struct ras_entry *file = lab->entries[at];
	const struct ras_entry *e = ras_conn_entry(lab_conn(lab, file->name));

	assert_string_equal(e->user_name, snmp & USER ? "snmp-user" : file->user_name);
	assert_string_equal(e->secret, snmp & SECRET ? "snmp-secret" : file->secret);
	assert_int_equal(e->notify_types, snmp & TYPES ? SET_TYPES : file->notify_types);
	assert_string_equal(e->descr, file->descr);
	assert_string_equal(e->destination, file->destination);
	assert_int_equal(e->storage_type, file->storage_type);
	assert_int_equal(e->origin, RAS_ORIGIN_FILE);
}

static void each_value_wins_until_the_file_says_another(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		for (unsigned set = 0; set <= ALL; set++) {
			for (unsigned changed = 0; changed <= ALL; changed++) {
				permanent(lab, "perm", 3);
				lab_start(lab);
				set_over_snmp(lab, 3, set);
				expect_values(lab, 0, set);
				assert_int_equal(row_exists(lab, "3.yaml"), set > 0);
				again[how](lab);
				expect_values(lab, 0, set);
				put_values(rewritten(lab, 0), changed, "new", OTHER_TYPES);
				again[how](lab);
				expect_values(lab, 0, set & ~changed);
				assert_int_equal(row_exists(lab, "3.yaml"), (set & ~changed) > 0);
				/* Once given up it does not come back. */
				put_values(rewritten(lab, 0), changed, "file", FILE_TYPES);
				again[how](lab);
				expect_values(lab, 0, set & ~changed);
				assert_int_equal(totals_of(lab).storage_problems, 0);
				wipe(lab);
			}
		}
	}
}

static void other_keys_of_the_file_change(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		permanent(lab, "perm", 0);
		lab_start(lab);
		set_over_snmp(lab, 1, ALL);
		str_copy(rewritten(lab, 0)->descr, "another", RAS_TEXT_MAX);
		again[how](lab);
		expect_values(lab, 0, ALL);
		str_copy(rewritten(lab, 0)->name, "PERM", RAS_NAME_MAX);
		again[how](lab);
		expect_values(lab, 0, ALL);
		/* Set to what the file says: nothing is kept. */
		APPLY(lab, (struct ras_row_change){1, ras_entry_copy(ras_conn_find(lab->ras, 1)->file_entry)});
		expect_values(lab, 0, 0);
		assert_folder(lab, "");
		again[how](lab);
		expect_values(lab, 0, 0);
		wipe(lab);
	}
}

static void a_secret_that_is_erased(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		struct ras_row_change c;

		permanent(lab, "perm", 0);
		lab_start(lab);
		c = same(lab, 1);
		assert_int_equal(ras_entry_set_secret(c.entry, ""), 0);
		APPLY(lab, c);
		again[how](lab);
		assert_null(ras_conn_entry(lab_conn(lab, "perm"))->secret);
		put_values(rewritten(lab, 0), SECRET, "new", 0);
		again[how](lab);
		expect_values(lab, 0, 0);
		wipe(lab);
	}
}

static void a_row_that_becomes_read_only_or_leaves(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		permanent(lab, "perm", 0);
		permanent(lab, "leaves", 0);
		lab_start(lab);
		set_over_snmp(lab, 1, ALL);
		set_over_snmp(lab, 2, ALL);
		rewritten(lab, 0)->storage_type = RAS_STORAGE_READ_ONLY;
		drop_entry(lab, 1);
		again[how](lab);
		expect_values(lab, 0, 0);
		assert_folder(lab, "");
		rewritten(lab, 0)->storage_type = RAS_STORAGE_PERMANENT;
		permanent(lab, "leaves", 0);
		again[how](lab);
		expect_values(lab, 0, 0);
		expect_values(lab, 1, 0);
		assert_int_equal(lab_info(lab_conn(lab, "leaves")).index, 2);
		assert_int_equal(totals_of(lab).storage_problems, 0);
		wipe(lab);
	}
}

static void a_row_that_moves(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		permanent(lab, "perm", 1);
		lab_start(lab);
		set_over_snmp(lab, 1, ALL);
		rewritten(lab, 0)->index = 9;
		again[how](lab);
		expect_values(lab, 0, ALL);
		assert_true(row_exists(lab, "9.yaml") && !row_exists(lab, "1.yaml"));
		again[how](lab);
		expect_values(lab, 0, ALL);
		wipe(lab);
	}
}

static void rows_that_change_places(void **state)
{
	static const uint32_t places[][3] = {{2, 1, 3}, {2, 3, 1}, {3, 1, 2}, {2, 3, 4}, {9, 1, 2}, {3, 2, 1}};
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			for (unsigned set = 0; set < 8; set++) {
				permanent(lab, "a", 1);
				permanent(lab, "b", 2);
				permanent(lab, "c", 3);
				lab_start(lab);
				/* Those of which SNMP has set something have files. */
				for (uint32_t row = 0; row < 3; row++)
					if (set & 1u << row)
						set_over_snmp(lab, row + 1, 1u << row);
				for (uint32_t row = 0; row < 3; row++)
					rewritten(lab, row)->index = places[i][row];
				again[how](lab);
				for (int twice = 0; twice < 2; twice++) {
					for (uint32_t row = 0; row < 3; row++) {
						char name[32];

						expect_values(lab, row, set & 1u << row);
						assert_int_equal(lab_info(lab_conn(lab, lab->entries[row]->name)).index,
								 places[i][row]);
						snprintf(name, sizeof(name), "%u.yaml", places[i][row]);
						assert_int_equal(row_exists(lab, name), (set & 1u << row) != 0);
					}
					assert_int_equal(totals_of(lab).storage_problems, 0);
					by_restart(lab);
				}
				wipe(lab);
			}
		}
	}
}

/* The values are there, the journal is not: neither is lost, nor is the index. */
static void without_the_journal(void **state)
{
	struct lab *lab = *state;
	char path[128];

	permanent(lab, "perm", 7);
	lab_start(lab);
	set_over_snmp(lab, 7, USER);
	lab_stop(lab);
	snprintf(path, sizeof(path), "%s/journal", lab->state_dir);
	assert_int_equal(unlink(path), 0);
	rewritten(lab, 0)->index = 0;
	lab_start(lab);
	expect_values(lab, 0, USER);
	assert_int_equal(lab_info(lab_conn(lab, "perm")).index, 7);
	restart(lab);
	expect_values(lab, 0, USER);
	assert_int_equal(totals_of(lab).storage_problems, 0);
}

/* ---- rows of the file and of SNMP ---- */

static bool replaced(const struct lab *lab, const char *name)
{
	char aside[64];

	snprintf(aside, sizeof(aside), "%s.replaced-1", name);
	return row_exists(lab, aside) && !row_exists(lab, name);
}

static void the_same_name(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		lab_start(lab);
		APPLY(lab, made(1, "mine", "setup=1ms"), made(2, "other", ""));
		call_once(lab, "mine");
		lab_line(lab, "Mine", "setup=2ms");
		again[how](lab);
		assert_string_equal(ras_conn_entry(lab_conn(lab, "mine"))->name, "Mine");
		assert_int_equal(ras_conn_entry(lab_conn(lab, "mine"))->origin, RAS_ORIGIN_FILE);
		assert_int_equal(attempts_of(lab, "mine"), 1);
		assert_int_equal(lab_info(lab_conn(lab, "mine")).index, 1);
		assert_true(replaced(lab, "1.yaml"));
		/* Counted where it was set aside. */
		assert_int_equal(totals_of(lab).storage_problems, how < 2);
		drop_entry(lab, 0);
		again[how](lab);
		assert_null(ras_conn_by_name(lab->ras, "mine"));
		assert_int_equal(ras_conn_count(lab->ras), 1);
		/* It is a name of the file now, and is remembered as such. */
		restart(lab);
		lab_line(lab, "mine", "setup=2ms");
		by_reload(lab);
		assert_int_equal(lab_info(lab_conn(lab, "mine")).index, 1);
		assert_int_equal(attempts_of(lab, "mine"), 1);
		wipe(lab);
	}
}

static void the_same_index(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		lab_start(lab);
		APPLY(lab, made(5, "mine", "setup=1ms"), made(1, "other", ""),
		      stored(made(6, "volatile", ""), RAS_STORAGE_VOLATILE));
		call_once(lab, "mine");
		lab_line(lab, "filed", "")->index = 5;
		lab_line(lab, "too", "")->index = 6;
		again[how](lab);
		assert_int_equal(lab_info(lab_conn(lab, "filed")).index, 5);
		for (int twice = 0; twice < 2; twice++) {
			const struct ras_conn *conn = lab_conn(lab, "mine");

			assert_int_equal(lab_info(conn).index, 2);
			assert_int_equal(lab_info(conn).counters.attempts, 1);
			assert_int_equal(lab_info(conn).status, RAS_STATUS_NOT_READY);
			assert_int_equal(ras_conn_entry(conn)->row_status, RAS_ROW_NOT_IN_SERVICE);
			assert_true(row_exists(lab, "2.yaml") && !row_exists(lab, "5.yaml"));
			assert_int_equal(totals_of(lab).storage_problems, 0);
			if (how > 0 || twice > 0)
				assert_null(ras_conn_by_name(lab->ras, "volatile"));
			else
				assert_int_equal(lab_info(lab_conn(lab, "volatile")).index, 3);
			restart(lab);
		}
		APPLY(lab, put_to(lab, 2, RAS_ROW_ACTIVE));
		call_once(lab, "mine");
		wipe(lab);
	}
}

/* The disk failed when a row had to give way, and is well again when somebody else's row is set. */
static void a_move_that_could_not_be_stored(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;
	char path[384];

	for (int reloads = 1; reloads <= 2; reloads++) {
		lab_start(lab);
		APPLY(lab, made(1, "mine", "setup=1ms"));
		permanent(lab, "filed", 1);
		str_copy(path, row_path(lab, ".2.yaml.1"), sizeof(path));
		assert_int_equal(mkdir(path, 0700), 0);
		for (int i = 0; i < reloads; i++)
			by_reload(lab);
		assert_int_equal(lab_info(lab_conn(lab, "mine")).index, 2);
		assert_true(totals_of(lab).storage_problems > 0);

		/* Its file is where that of the other one would be put. */
		edit = RESERVE(lab, stored(same(lab, 1), RAS_STORAGE_PERMANENT));
		assert_int_equal(ras_edit_write(edit), -EISDIR);
		ras_edit_cancel(edit);
		assert_int_equal(rmdir(path), 0);
		set_over_snmp(lab, 1, USER);
		APPLY(lab, redirected(lab, 2, "setup=2ms"));
		for (int twice = 0; twice < 2; twice++) {
			restart(lab);
			assert_int_equal(lab_info(lab_conn(lab, "mine")).index, 2);
			assert_string_equal(ras_conn_entry(lab_conn(lab, "mine"))->destination, "setup=2ms");
			expect_values(lab, 0, USER);
			assert_int_equal(totals_of(lab).storage_problems, 0);
		}
		wipe(lab);
	}
}

/* A name of the file is that of one row, and its index that of another one. */
static void name_and_index_of_two(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		lab_start(lab);
		APPLY(lab, made(1, "a", ""), made(2, "b", ""), made(3, "c", ""));
		lab_line(lab, "a", "")->index = 2;
		lab_line(lab, "c", "")->index = 1;
		again[how](lab);
		for (int twice = 0; twice < 2; twice++) {
			assert_int_equal(lab_info(lab_conn(lab, "a")).index, 2);
			assert_int_equal(lab_info(lab_conn(lab, "c")).index, 1);
			assert_int_equal(lab_info(lab_conn(lab, "b")).index, 3);
			assert_int_equal(ras_conn_entry(lab_conn(lab, "b"))->row_status, RAS_ROW_NOT_IN_SERVICE);
			assert_true(replaced(lab, "1.yaml"));
			assert_true(row_exists(lab, "3.yaml") && !row_exists(lab, "2.yaml"));
			assert_true(row_exists(lab, "3.yaml.replaced-1"));
			restart(lab);
		}
		assert_int_equal(totals_of(lab).storage_problems, 0);
		wipe(lab);
	}
}

/* The row that gives way goes to where another one gives way. */
static void a_chain_of_rows_that_give_way(void **state)
{
	struct lab *lab = *state;

	for (size_t how = 0; how < ARRAY_SIZE(again); how++) {
		permanent(lab, "p", 1);
		lab_start(lab);
		set_over_snmp(lab, 1, ALL);
		APPLY(lab, made(2, "x", ""), made(3, "y", ""), made(4, "z", ""));
		/* p takes the index of x, a new one that of y, z is the file's from now on. */
		rewritten(lab, 0)->index = 2;
		lab_line(lab, "q", "")->index = 3;
		permanent(lab, "z", 0);
		again[how](lab);
		for (int twice = 0; twice < 2; twice++) {
			expect_values(lab, 0, ALL);
			assert_int_equal(lab_info(lab_conn(lab, "p")).index, 2);
			assert_int_equal(lab_info(lab_conn(lab, "q")).index, 3);
			assert_int_equal(lab_info(lab_conn(lab, "z")).index, 4);
			assert_int_equal(lab_info(lab_conn(lab, "x")).index, 1);
			assert_int_equal(lab_info(lab_conn(lab, "y")).index, 5);
			assert_true(row_exists(lab, "1.yaml") && row_exists(lab, "2.yaml") &&
				    row_exists(lab, "5.yaml"));
			assert_true(!row_exists(lab, "3.yaml") && replaced(lab, "4.yaml"));
			restart(lab);
		}
		wipe(lab);
	}
}

/* A row with a call gives way, too: to the name the call stays, from the index the row goes. */
static void rows_with_a_call_give_way(void **state)
{
	struct lab *lab = *state;
	uint32_t call;

	lab_start(lab);
	APPLY(lab, made(1, "name", "setup=1ms"), made(2, "index", "setup=1ms"));
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "name"), NULL, NULL), 0);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "index"), NULL, NULL), 0);
	call = lab_info(lab_conn(lab, "index")).call_id;
	lab_line(lab, "name", "setup=1ms");
	lab_line(lab, "filed", "setup=1ms")->index = 2;
	by_reload(lab);
	assert_int_equal(lab_info(lab_conn(lab, "name")).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(lab_conn(lab, "index")).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(lab_conn(lab, "index")).index, 3);
	assert_int_equal(lab_info(lab_conn(lab, "filed")).status, RAS_STATUS_DOWN);
	/* One more of that index: no mix of the two calls. */
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "filed"), NULL, NULL), 0);
	restart(lab);
	assert_int_equal(lab_info(lab_conn(lab, "name")).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(lab_conn(lab, "index")).call_id, call);
	assert_int_equal(lab_info(lab_conn(lab, "filed")).status, RAS_STATUS_UP);
	ras_hang_up(lab_conn(lab, "index"));
	lab_wait_status(lab, lab_conn(lab, "index"), RAS_STATUS_NOT_READY);
	check_book(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(each_value_wins_until_the_file_says_another),
		ROWS_TEST(other_keys_of_the_file_change),
		ROWS_TEST(a_secret_that_is_erased),
		ROWS_TEST(a_row_that_becomes_read_only_or_leaves),
		ROWS_TEST(a_row_that_moves),
		ROWS_TEST(rows_that_change_places),
		ROWS_TEST(without_the_journal),
		ROWS_TEST(the_same_name),
		ROWS_TEST(the_same_index),
		ROWS_TEST(a_move_that_could_not_be_stored),
		ROWS_TEST(name_and_index_of_two),
		ROWS_TEST(a_chain_of_rows_that_give_way),
		ROWS_TEST(rows_with_a_call_give_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
