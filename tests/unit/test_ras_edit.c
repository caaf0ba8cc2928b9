/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of the phonebook over SNMP: their phases in every order, what is refused, what one change may do together
 * with a request, which names are kept and which are forgotten. */
#include "engine_rows.h"

/* ---- phases ---- */

static void nothing_happens_before_the_commit(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;
	char *book, *folder;

	lab_start(lab);
	APPLY(lab, made(1, "one", ""), made(2, "two", ""));
	book = book_text(lab);
	folder = folder_text(lab);

	edit = RESERVE(lab, made(3, "three", ""), renamed(lab, 1, "first"), gone(2));
	assert_book(lab, book);
	assert_folder(lab, folder);
	ras_edit_cancel(edit);
	assert_null(ras_edit_find(lab->ras, edit_number));
	assert_book(lab, book);

	edit = WRITE(lab, made(3, "three", ""), renamed(lab, 1, "first"), gone(2));
	assert_book(lab, book);
	assert_true(row_exists(lab, "3.yaml") && !row_exists(lab, "2.yaml"));
	ras_edit_undo(edit);
	assert_folder(lab, folder);
	/* A second time it changes nothing. */
	ras_edit_undo(edit);
	assert_folder(lab, folder);
	ras_edit_cancel(edit);
	assert_book(lab, book);
	assert_folder(lab, folder);
	check_book(lab);

	/* Nothing of it stands in the way of the same change. */
	APPLY(lab, made(3, "three", ""), renamed(lab, 1, "first"), gone(2));
	assert_int_equal(ras_conn_count(lab->ras), 2);
	lab_conn(lab, "first");
	lab_conn(lab, "three");
	ras_edit_cancel(NULL);
	free(book);
	free(folder);
}

static void one_change_at_a_time(void **state)
{
	struct lab *lab = *state;
	struct ras_edit *edit;

	lab_start(lab);
	edit = RESERVE(lab, made(1, "one", ""));
	REFUSED(lab, -EAGAIN, 0, "another change", made(2, "two", ""));
	assert_ptr_equal(ras_edit_find(lab->ras, edit_number), edit);
	assert_int_equal(ras_edit_write(edit), 0);
	REFUSED(lab, -EAGAIN, 0, "another change", made(2, "two", ""));
	ras_edit_commit(edit);
	assert_null(ras_edit_find(lab->ras, edit_number));
	assert_null(ras_edit_find(lab->ras, 0));
	APPLY(lab, made(2, "two", ""));
}

static void a_reload_ends_a_change(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_edit *edit;
	uint32_t dropped;

	lab_start(lab);
	RESERVE(lab, made(1, "dropped", ""));
	assert_int_equal(ras_phonebook_load(lab->ras, NULL, 0, &error), 0);
	assert_null(ras_edit_find(lab->ras, edit_number));
	assert_null(ras_conn_by_name(lab->ras, "dropped"));
	/* What is reserved since is another one, wherever it lies. */
	dropped = edit_number;
	edit = RESERVE(lab, made(1, "other", ""));
	assert_null(ras_edit_find(lab->ras, dropped));
	ras_edit_cancel(edit);

	WRITE(lab, made(1, "done", ""));
	assert_int_equal(ras_phonebook_load(lab->ras, NULL, 0, &error), 0);
	assert_null(ras_edit_find(lab->ras, edit_number));
	lab_conn(lab, "done");
	check_book(lab);
}

/* The end of the engine is no undo: a manager may have been told already. */
static void the_end_comes_between_the_phases(void **state)
{
	struct lab *lab = *state;

	lab_start(lab);
	RESERVE(lab, made(1, "reserved", ""));
	restart(lab);
	assert_null(ras_conn_by_name(lab->ras, "reserved"));
	WRITE(lab, made(1, "written", ""), made(2, "too", ""));
	restart(lab);
	lab_conn(lab, "written");
	lab_conn(lab, "too");
}

static void many_rows_in_one_change(void **state)
{
	struct ras_row_change changes[100];
	struct lab *lab = *state;
	char name[RAS_NAME_MAX];

	lab_start(lab);
	for (uint32_t i = 0; i < ARRAY_SIZE(changes); i++) {
		snprintf(name, sizeof(name), "row-%u", i);
		changes[i] = made(1000 - 7 * i, name, "");
	}
	apply_rows(lab, changes, ARRAY_SIZE(changes));
	assert_int_equal(ras_conn_count(lab->ras), ARRAY_SIZE(changes));
	restart(lab);
	assert_int_equal(ras_conn_count(lab->ras), ARRAY_SIZE(changes));
	for (uint32_t i = 0; i < ARRAY_SIZE(changes); i++) {
		snprintf(name, sizeof(name), "row-%u", (i + 1) % 50);
		changes[i] = i < 50 ? renamed(lab, 1000 - 7 * i, name) : gone(1000 - 7 * i);
	}
	apply_rows(lab, changes, ARRAY_SIZE(changes));
	restart(lab);
	assert_int_equal(ras_conn_count(lab->ras), 50);
	assert_int_equal(lab_info(lab_conn(lab, "row-0")).index, 1000 - 7 * 49);
	assert_int_equal(lab->ras->n_conns, 50);
}

/* ---- what is told ---- */

static void each_change_is_told_once(void **state)
{
	static const enum ras_change expected[] = {
		RAS_CHANGE_CREATED, RAS_CHANGE_CREATED, RAS_CHANGE_MODIFIED, RAS_CHANGE_MODIFIED, RAS_CHANGE_DELETED,
	};
	struct lab *lab = *state;
	struct ras_notice notice;
	size_t n = 0;

	lab->settings.value[RAS_SETTING_NOTIFY_TYPES] = 1u << RAS_NOTIFY_CONFIG_CHANGE;
	lab_start(lab);
	ras_notices_connected(lab->ras, true);
	assert_int_equal(totals_of(lab).phonebook_change_mono_ms, 0);
	APPLY(lab, made(1, "one", ""), made(2, "two", ""));
	assert_true(totals_of(lab).phonebook_change_mono_ms > 0);
	APPLY(lab, renamed(lab, 1, "first"), redirected(lab, 2, "setup=1ms"));
	APPLY(lab, gone(1));
	while (ras_notices_take(lab->ras, &notice)) {
		assert_true(n < ARRAY_SIZE(expected));
		assert_int_equal(notice.change, expected[n]);
		assert_int_equal(notice.origin, RAS_ORIGIN_SNMP);
		assert_string_equal(notice.entry_name, n == 0 ? "one" : n == 2 || n == 4 ? "first" : "two");
		assert_int_equal(notice.conn.index, n == 0 || n == 2 || n == 4 ? 1 : 2);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(expected));
}

/* ---- refusals ---- */

static void rows_that_cannot_be(void **state)
{
	struct lab *lab = *state;
	struct ras_row_change c;

	lab->settings.permit.device_types |= 1u << RAS_DEVICE_L2TP;
	lab_line(lab, "filed", "");
	lab_start(lab);
	APPLY(lab, made(5, "there", ""), made(6, "other", ""));

	REFUSED(lab, -EINVAL, 0, "no such entry", gone(9));
	REFUSED(lab, -EINVAL, 1, "no such entry", gone(5), gone(9));
	REFUSED(lab, -EINVAL, 0, "rasEntryName", made(9, "", ""));
	REFUSED(lab, -EINVAL, 0, "", made(9, "new", "no-such-word"));
	REFUSED(lab, -EINVAL, 1, "", made(9, "new", ""), redirected(lab, 5, "setup=never"));
	c = made(9, "new", "");
	c.entry->device_type = RAS_DEVICE_L2TP;
	REFUSED(lab, -EINVAL, 0, "rasEntryDestination", c);
	c = made(9, "new", "");
	c.entry->device_type = RAS_DEVICE_L2TP;
	c.entry->row_status = RAS_ROW_NOT_IN_SERVICE;
	APPLY(lab, c);
	REFUSED(lab, -EINVAL, 0, "rasEntryDestination", put_to(lab, 9, RAS_ROW_ACTIVE));
	/* What else is missing makes the row notReady. */
	c = made(10, "incomplete", "");
	c.entry->device_type = RAS_DEVICE_OTHER;
	APPLY(lab, c);
	assert_int_equal(lab_info(lab_conn(lab, "incomplete")).status, RAS_STATUS_NOT_READY);

	REFUSED(lab, -EINVAL, 0, "configuration file", gone(1));
	REFUSED(lab, -EINVAL, 0, "configuration file", put_to(lab, 1, RAS_ROW_NOT_IN_SERVICE));
	REFUSED(lab, -EINVAL, 0, "configuration file", renamed(lab, 1, "mine"));
}

static void names_that_are_taken(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "filed", "");
	lab_start(lab);
	APPLY(lab, made(5, "there", ""), made(6, "other", ""));
	REFUSED(lab, -EINVAL, 0, "taken", made(9, "there", ""));
	REFUSED(lab, -EINVAL, 0, "taken", made(9, "THERE", ""));
	REFUSED(lab, -EINVAL, 0, "taken", made(9, "Filed", ""));
	REFUSED(lab, -EINVAL, 0, "taken", renamed(lab, 5, "Other"));
	REFUSED(lab, -EINVAL, 0, "taken", renamed(lab, 5, "filed"));
	REFUSED(lab, -EINVAL, 1, "taken", made(8, "new", ""), made(9, "New", ""));
	REFUSED(lab, -EINVAL, 1, "taken", renamed(lab, 5, "new"), made(9, "new", ""));
	REFUSED(lab, -EINVAL, 0, "taken", renamed(lab, 5, "other"), redirected(lab, 6, "setup=1ms"));
	/* Given up by another row of the same change, they are free. */
	APPLY(lab, made(9, "there", ""), gone(5));
	APPLY(lab, renamed(lab, 6, "there"), renamed(lab, 9, "other"));
	assert_int_equal(lab_info(lab_conn(lab, "there")).index, 6);
}

static void a_full_phonebook(void **state)
{
	struct lab *lab = *state;

	lab->settings.max_entries = 3;
	lab_line(lab, "filed", "");
	lab_start(lab);
	assert_int_not_equal(ras_index_next(lab->ras), 0);
	REFUSED(lab, -ENOSPC, 0, "full", made(5, "a", ""), made(6, "b", ""), made(7, "c", ""));
	APPLY(lab, made(5, "a", ""), made(6, "b", ""));
	assert_int_equal(ras_index_next(lab->ras), 0);
	REFUSED(lab, -ENOSPC, 0, "full", made(7, "c", ""));
	REFUSED(lab, -ENOSPC, 1, "full", redirected(lab, 5, "setup=1ms"), made(7, "c", ""));
	APPLY(lab, gone(5), made(7, "c", ""));
	APPLY(lab, redirected(lab, 6, "setup=1ms"));
	lab->settings.max_entries = 0;
	assert_int_equal(ras_settings_reload(lab->ras, &lab->settings), 0);
	APPLY(lab, made(5, "a", ""));
	assert_int_not_equal(ras_index_next(lab->ras), 0);
}

/* ---- rows with a call ---- */

static void show(struct ras_conn *conn, enum ras_status status)
{
	pthread_mutex_lock(&conn->lock);
	conn_move(conn, status, RAS_DISCONNECTED, 0);
	pthread_mutex_unlock(&conn->lock);
}

static void expect_busy(const struct lab *lab)
{
	struct ras_row_change c;
	struct ras_subentry link = {.index = 1, .row_status = RAS_ROW_ACTIVE};

	REFUSED(lab, -EINVAL, 0, "destroyed", gone(1));
	REFUSED(lab, -EINVAL, 0, "out of service", put_to(lab, 1, RAS_ROW_NOT_IN_SERVICE));
	REFUSED(lab, -EINVAL, 0, "rasEntryName", renamed(lab, 1, "two"));
	REFUSED(lab, -EINVAL, 0, "rasEntryName", renamed(lab, 1, "ONE"));
	c = same(lab, 1);
	c.entry->device_type = RAS_DEVICE_OTHER;
	REFUSED(lab, -EINVAL, 0, "rasEntryDeviceType", c);
	c = same(lab, 1);
	c.entry->link_mode = RAS_LINK_MODE_ALTERNATES;
	REFUSED(lab, -EINVAL, 0, "rasEntryLinkMode", c);
	c = same(lab, 1);
	c.entry->subentries = calloc(1, sizeof(link));
	assert_non_null(c.entry->subentries);
	c.entry->subentries[c.entry->n_subentries++] = link;
	REFUSED(lab, -EINVAL, 0, "subentries", c);
	/* All else may change, for the next attempt. */
	APPLY(lab, redirected(lab, 1, "setup=2ms"));
	APPLY(lab, redirected(lab, 1, "setup=1ms"));
	APPLY(lab, stored(same(lab, 1), RAS_STORAGE_VOLATILE));
	APPLY(lab, stored(same(lab, 1), RAS_STORAGE_NON_VOLATILE));
}

static void what_a_call_forbids(void **state)
{
	static const enum ras_status busy[] = {
		RAS_STATUS_DIALING,    RAS_STATUS_AUTHENTICATING, RAS_STATUS_UP,
		RAS_STATUS_HANGING_UP, RAS_STATUS_WAITING_REDIAL, RAS_STATUS_WAITING,
	};
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_start(lab);
	APPLY(lab, made(1, "one", "setup=1ms"));
	conn = lab_conn(lab, "one");
	/* Counters of a made attempt, so that the sums hold. */
	for (size_t i = 0; i < ARRAY_SIZE(busy); i++) {
		pthread_mutex_lock(&conn->lock);
		conn_move(conn, busy[i], RAS_DISCONNECTED, ras_status_in_setup(busy[i]) ? COUNT_ATTEMPT : 0);
		pthread_mutex_unlock(&conn->lock);
		expect_busy(lab);
		if (!ras_status_in_setup(busy[i]))
			continue;
		pthread_mutex_lock(&conn->lock);
		conn_move(conn, RAS_STATUS_FAILED, RAS_DISCONNECTED, COUNT_FAILURE);
		pthread_mutex_unlock(&conn->lock);
	}
	show(conn, RAS_STATUS_DOWN);
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	expect_busy(lab);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	APPLY(lab, put_to(lab, 1, RAS_ROW_NOT_IN_SERVICE));
	assert_int_equal(lab_info(conn).status, RAS_STATUS_NOT_READY);
	APPLY(lab, put_to(lab, 1, RAS_ROW_ACTIVE));
	assert_int_equal(lab_info(conn).status, RAS_STATUS_DOWN);
	show(conn, RAS_STATUS_FAILED);
	APPLY(lab, gone(1));
}

static void an_attempt_keeps_what_it_began_with(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row row;
	struct ras_conn *conn;

	lab_start(lab);
	APPLY(lab, made(1, "one", "setup=1ms,text=first"));
	conn = lab_conn(lab, "one");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	APPLY(lab, redirected(lab, 1, "setup=1ms,text=second"));
	assert_string_equal(lab_info(conn).destination, "setup=1ms,text=first");
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(ras_history_next(lab->ras, 1, &row), 0);
	assert_string_equal(row.destination, "setup=1ms,text=first");
	call_once(lab, "one");
	assert_int_equal(ras_history_next(lab->ras, 2, &row), 0);
	assert_string_equal(row.destination, "setup=1ms,text=second");
}

/* ---- requests of the same PDU ---- */

static int ask(const struct lab *lab, const char *name, enum ras_action action, struct ras_request **ret)
{
	return ras_request_reserve(lab->ras, lab_conn(lab, name), action, 0, RAS_TRIGGER_SNMP, ret);
}

static void refused_requests(const struct lab *lab, struct ras_edit *edit, bool all)
{
	static const enum ras_action actions[] = {
		RAS_ACTION_DIAL,
		RAS_ACTION_REDIAL,
		RAS_ACTION_HANG_UP,
		RAS_ACTION_CLEAR_ERROR,
	};
	struct ras_request *request = NULL;

	for (size_t i = 0; i < (all ? ARRAY_SIZE(actions) : 2); i++)
		assert_int_equal(ask(lab, "one", actions[i], &request), -EINVAL);
	ras_edit_cancel(edit);
	assert_int_equal(ask(lab, "one", RAS_ACTION_DIAL, &request), 0);
	ras_request_cancel(request);
}

static void requests_for_a_row_that_changes(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_edit *edit;
	struct ras_conn *conn;

	lab_start(lab);
	APPLY(lab, made(1, "one", "setup=1ms"), made(2, "idle", ""));
	conn = lab_conn(lab, "one");
	refused_requests(lab, RESERVE(lab, gone(1)), true);
	refused_requests(lab, RESERVE(lab, renamed(lab, 1, "first")), true);
	refused_requests(lab, RESERVE(lab, put_to(lab, 1, RAS_ROW_NOT_IN_SERVICE)), false);
	assert_int_equal(totals_of(lab).rejected, 6);

	/* A row of the same request is not there yet, another one is as it was. */
	edit = RESERVE(lab, made(3, "new", ""));
	assert_null(ras_conn_by_name(lab->ras, "new"));
	assert_int_equal(ask(lab, "idle", RAS_ACTION_DIAL, &request), 0);
	ras_request_cancel(request);
	ras_edit_cancel(edit);

	/* Into service and dialed. */
	APPLY(lab, put_to(lab, 1, RAS_ROW_NOT_IN_SERVICE));
	assert_int_equal(ask(lab, "one", RAS_ACTION_DIAL, &request), -EINVAL);
	edit = RESERVE(lab, put_to(lab, 1, RAS_ROW_ACTIVE));
	assert_int_equal(ask(lab, "one", RAS_ACTION_DIAL, &request), 0);
	assert_int_equal(ras_edit_write(edit), 0);
	assert_int_equal(ras_request_write(request), 0);
	ras_edit_commit(edit);
	assert_ptr_equal(ras_request_find(lab->ras, ras_request_number(request)), request);
	ras_request_commit(request);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
}

static void a_dial_sees_the_row_as_it_will_be(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_history_row row;
	struct ras_edit *edit;

	lab_start(lab);
	APPLY(lab, made(1, "one", "setup=1ms"));
	edit = RESERVE(lab, redirected(lab, 1, "fail=691"));
	assert_int_equal(ask(lab, "one", RAS_ACTION_DIAL, &request), 0);
	assert_int_equal(ras_edit_write(edit), 0);
	ras_edit_commit(edit);
	assert_int_equal(ras_request_write(request), 0);
	ras_request_commit(request);
	lab_wait_status(lab, lab_conn(lab, "one"), RAS_STATUS_FAILED);
	assert_int_equal(ras_history_next(lab->ras, 1, &row), 0);
	assert_int_equal(row.error.code, 691);
}

/* Out of service and cleared of its error: what is no dial is done all the same. */
static void what_needs_no_line_is_done(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_edit *edit;
	struct ras_conn *conn;

	lab_start(lab);
	APPLY(lab, made(1, "one", "fail=691"));
	conn = lab_conn(lab, "one");
	call_once(lab, "one");
	assert_int_equal(lab_info(conn).last_error.code, 691);
	edit = RESERVE(lab, put_to(lab, 1, RAS_ROW_NOT_IN_SERVICE));
	assert_int_equal(ask(lab, "one", RAS_ACTION_CLEAR_ERROR, &request), 0);
	assert_int_equal(ras_edit_write(edit), 0);
	assert_int_equal(ras_request_write(request), 0);
	ras_edit_commit(edit);
	assert_ptr_equal(ras_request_find(lab->ras, ras_request_number(request)), request);
	ras_request_commit(request);
	assert_int_equal(lab_info(conn).last_error.code, 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_NOT_READY);
}

static void a_row_with_a_request_is_left_alone(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;

	lab_start(lab);
	APPLY(lab, made(1, "one", ""), made(2, "two", ""));
	assert_int_equal(ask(lab, "one", RAS_ACTION_DIAL, &request), 0);
	REFUSED(lab, -EAGAIN, 0, "request", gone(1));
	REFUSED(lab, -EAGAIN, 0, "request", redirected(lab, 1, "setup=1ms"));
	APPLY(lab, gone(2));
	ras_request_cancel(request);
	APPLY(lab, gone(1));
}

/* A reload comes between the phases: the row is not in service after all. */
static void a_dial_goes_with_a_dropped_change(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_request *request;
	uint32_t number;
	struct ras_conn *conn;

	lab_start(lab);
	APPLY(lab, made(1, "one", ""));
	APPLY(lab, put_to(lab, 1, RAS_ROW_NOT_IN_SERVICE));
	conn = lab_conn(lab, "one");
	RESERVE(lab, put_to(lab, 1, RAS_ROW_ACTIVE));
	assert_int_equal(ask(lab, "one", RAS_ACTION_DIAL, &request), 0);
	number = ras_request_number(request);
	assert_int_equal(ras_phonebook_load(lab->ras, NULL, 0, &error), 0);
	assert_null(ras_request_find(lab->ras, number));
	assert_int_equal(lab_info(conn).status, RAS_STATUS_NOT_READY);
	LAB_WAIT(lab, lab_threads(lab) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(nothing_happens_before_the_commit),
		ROWS_TEST(one_change_at_a_time),
		ROWS_TEST(a_reload_ends_a_change),
		ROWS_TEST(the_end_comes_between_the_phases),
		ROWS_TEST(many_rows_in_one_change),
		ROWS_TEST(each_change_is_told_once),
		ROWS_TEST(rows_that_cannot_be),
		ROWS_TEST(names_that_are_taken),
		ROWS_TEST(a_full_phonebook),
		ROWS_TEST(what_a_call_forbids),
		ROWS_TEST(an_attempt_keeps_what_it_began_with),
		ROWS_TEST(requests_for_a_row_that_changes),
		ROWS_TEST(a_dial_sees_the_row_as_it_will_be),
		ROWS_TEST(what_needs_no_line_is_done),
		ROWS_TEST(a_row_with_a_request_is_left_alone),
		ROWS_TEST(a_dial_goes_with_a_dropped_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
