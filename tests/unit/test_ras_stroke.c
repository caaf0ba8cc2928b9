/* SPDX-License-Identifier: BSD-2-Clause */
/* What one SET writes is there as a whole or not at all: scalars and requests in the journal, rows beside it. */
#include "engine_rows.h"

static char *text;
static size_t size;

/* Two scalars and a dial; before them one scalar by itself, behind them another. */
static int make_journal(void **state)
{
	struct lab *lab = lab_new();
	struct ras_request *request;

	*state = lab;
	lab->settings.row_format = &config_row_format;
	lab_line(lab, "hq", "setup=10s");
	lab_start(lab);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_SPIN_LOCK, 5), 0);
	assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, "hq"), RAS_ACTION_DIAL, 7, RAS_TRIGGER_SNMP,
					     &request),
			 0);
	ras_write_begin(lab->ras);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_SPIN_LOCK, 6), 0);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_MAX_CONCURRENT_DIALS, 9), 0);
	assert_int_equal(ras_request_write(request), 0);
	assert_int_equal(ras_write_end(lab->ras), 0);
	/* As a crash between the phases leaves it: nobody commits. */
	ras_request_cancel(request);
	lab_stop(lab);
	text = row_text(lab, "../journal", &size);
	assert_non_null(text);
	return 0;
}

static int remove_journal(void **state)
{
	free(text);
	lab_free(*state);
	return 0;
}

static void all_of_it(void **state)
{
	struct lab *lab = *state;

	lab_open(lab);
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), 6);
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_MAX_CONCURRENT_DIALS), 9);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).desired, RAS_DESIRED_UP);
	lab_stop(lab);
}

static void cut_at_every_octet(void **state)
{
	struct lab *lab = *state;
	const char *set = strstr(text, "\nset ");

	assert_non_null(set);
	for (size_t cut = (size_t)(set + 1 - text); cut <= size; cut++) {
		struct ras_totals t;
		bool header = memchr(set + 1, '\n', (size_t)(text + cut - (set + 1))) != NULL;
		bool whole = cut == size;

		put_row(lab, "../journal", text, cut);
		lab_open(lab);
		ras_totals_get(lab->ras, &t);
		assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), whole ? 6 : 5);
		assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_MAX_CONCURRENT_DIALS),
				 whole ? 9 : lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS]);
		assert_int_equal(lab_info(lab_conn(lab, "hq")).desired, whole ? RAS_DESIRED_UP : RAS_DESIRED_DOWN);
		/* What was not answered is nothing to be told of. */
		if (header)
			assert_int_equal(t.storage_problems, 0);
		/* And the next line has a beginning of its own. */
		assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_SPIN_LOCK, 8), 0);
		lab_stop(lab);
		lab_open(lab);
		assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), 8);
		lab_stop(lab);
	}
}

static void dropped(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;

	put_row(lab, "../journal", "", 0);
	lab_start(lab);
	assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, "hq"), RAS_ACTION_DIAL, 7, RAS_TRIGGER_SNMP,
					     &request),
			 0);
	ras_write_begin(lab->ras);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_SPIN_LOCK, 6), 0);
	assert_int_equal(ras_request_write(request), 0);
	ras_write_drop(lab->ras);
	ras_request_cancel(request);
	lab_stop(lab);
	lab_open(lab);
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), 0);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).desired, RAS_DESIRED_DOWN);
	lab_stop(lab);
}

/* Row and scalar, as a crash leaves them right after the list of what is to be done came to the disk: no file is
 * renamed and no line written yet. */
static void list_of_rows_and_lines(void **state)
{
	struct lab *lab = *state;
	size_t old_size = 0, list_size = 0;
	struct ras_edit *edit;
	char *old, *list, from[384];

	put_row(lab, "../journal", "", 0);
	lab_start(lab);
	edit = reserved_rows(lab, (struct ras_row_change[]){made(7, "seven", "setup=1s")}, 1);
	old = row_text(lab, "../journal", &old_size);
	ras_write_begin(lab->ras);
	assert_int_equal(ras_edit_write(edit), 0);
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_SPIN_LOCK, 6), 0);
	assert_int_equal(ras_write_end(lab->ras), 0);
	list = row_text(lab, "change", &list_size);
	save_state(lab);
	ras_edit_cancel(edit);
	crash(lab);
	put_row(lab, "../journal", old, old_size);
	snprintf(from, sizeof(from), "%s", row_path(lab, "7.yaml"));
	assert_int_equal(rename(from, row_path(lab, ".7.yaml.1")), 0);

	lab_open(lab);
	assert_non_null(ras_conn_find(lab->ras, 7));
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), 6);
	assert_false(row_exists(lab, "change"));
	/* A list that comes to light again takes nothing back that came later. */
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_SPIN_LOCK, 7), 0);
	lab_stop(lab);
	put_row(lab, "change", list, list_size);
	lab_open(lab);
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), 7);
	lab_stop(lab);

	/* One that is cut or spoiled is set aside, with its lines. */
	for (size_t cut = 1; cut < list_size; cut++) {
		struct ras_totals t;

		put_row(lab, "../journal", "", 0);
		put_row(lab, "change", list, cut);
		lab_open(lab);
		ras_totals_get(lab->ras, &t);
		assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), 0);
		assert_int_equal(t.storage_problems, 1);
		lab_stop(lab);
		for (unsigned i = 1; i < 9; i++) {
			char name[32];

			snprintf(name, sizeof(name), "change.damaged-%u", i);
			unlink(row_path(lab, name));
		}
	}
	free(old);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(cut_at_every_octet),
		cmocka_unit_test(dropped),
		cmocka_unit_test(list_of_rows_and_lines),
	};

	return cmocka_run_group_tests(tests, make_journal, remove_journal);
}
