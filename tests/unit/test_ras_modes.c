/* SPDX-License-Identifier: BSD-2-Clause */
/* What the engine dials by itself: at its start, when dialing is allowed again, when an entry comes; and how it waits
 * for a place. */
#include "engine_asked.h"

static struct ras_entry *line(struct lab *lab, const char *name, const char *destination, enum ras_dial_mode mode)
{
	struct ras_entry *e = lab_line(lab, name, destination);

	e->dial_mode = mode;
	return e;
}

static struct ras_entry *replace(struct lab *lab, size_t i)
{
	struct ras_entry *e = ras_entry_copy(lab->entries[i]);

	assert_non_null(e);
	ras_entry_unref(lab->entries[i]);
	return lab->entries[i] = e;
}

static void wait_up(const struct lab *lab, const char *name)
{
	lab_wait_status(lab, lab_conn(lab, name), RAS_STATUS_UP);
}

/* ---- at the start ---- */

static void started_with_the_agent(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row h;

	line(lab, "manual", "setup=10ms", RAS_DIAL_MODE_MANUAL);
	line(lab, "auto", "setup=10ms", RAS_DIAL_MODE_AUTO_START);
	line(lab, "kept up", "setup=10ms", RAS_DIAL_MODE_PERSISTENT);
	line(lab, "out", "setup=10ms", RAS_DIAL_MODE_PERSISTENT)->row_status = RAS_ROW_NOT_IN_SERVICE;
	lab_start(lab);
	wait_up(lab, "auto");
	wait_up(lab, "kept up");
	assert_int_equal(row(lab, "auto").desired, RAS_DESIRED_UP);
	assert_int_equal(row(lab, "auto").redials_left, 0);
	assert_int_equal(row(lab, "kept up").redials_left, UINT32_MAX);
	assert_int_equal(row(lab, "manual").counters.attempts, 0);
	assert_int_equal(row(lab, "manual").status, RAS_STATUS_DOWN);
	assert_int_equal(row(lab, "out").status, RAS_STATUS_NOT_READY);
	ask(lab, "auto", RAS_ACTION_HANG_UP);
	lab_wait_status(lab, lab_conn(lab, "auto"), RAS_STATUS_DOWN);
	assert_int_equal(ras_history_next(lab->ras, row(lab, "auto").last_hist_index, &h), 0);
	assert_int_equal(h.trigger, RAS_TRIGGER_AUTO_START);
	lab_check_sums(lab);
}

/* Until it is dialed again, over restarts; what clears the error does not make it wanted. */
static void hang_up_holds(void **state)
{
	static const char *const names[] = {"auto", "kept up"};
	struct lab *lab = *state;

	line(lab, names[0], "setup=10ms", RAS_DIAL_MODE_AUTO_START);
	line(lab, names[1], "setup=10ms", RAS_DIAL_MODE_PERSISTENT);
	lab_start(lab);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		wait_up(lab, names[i]);
		if (i == 0)
			ask(lab, names[i], RAS_ACTION_HANG_UP);
		else
			ras_hang_up(lab_conn(lab, names[i]));
		lab_wait_status(lab, lab_conn(lab, names[i]), RAS_STATUS_DOWN);
		ask(lab, names[i], RAS_ACTION_CLEAR_ERROR);
	}
	set_mode(lab, RAS_ADMIN_DRAIN);
	set_mode(lab, RAS_ADMIN_ENABLED);
	for (int restarts = 0; restarts < 2; restarts++) {
		lab_stop(lab);
		lab_start(lab);
		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			assert_int_equal(row(lab, names[i]).status, RAS_STATUS_DOWN);
			assert_int_equal(row(lab, names[i]).desired, RAS_DESIRED_DOWN);
			assert_int_equal(row(lab, names[i]).counters.attempts, 1);
		}
	}
	ask(lab, "auto", RAS_ACTION_DIAL);
	wait_up(lab, "auto");
	lab_stop(lab);
	lab_start(lab);
	wait_up(lab, "auto");
	assert_int_equal(row(lab, "auto").counters.attempts, 2);
}

/* A limit ends the call and the wish, but not what the start of the agent does. */
static void started_again_after_a_limit(void **state)
{
	struct lab *lab = *state;

	line(lab, "auto", "setup=10ms", RAS_DIAL_MODE_AUTO_START)->max_duration = 1;
	lab_start(lab);
	wait_up(lab, "auto");
	lab_wait_status(lab, lab_conn(lab, "auto"), RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(row(lab, "auto").desired, RAS_DESIRED_DOWN);
	set_mode(lab, RAS_ADMIN_DRAIN);
	set_mode(lab, RAS_ADMIN_ENABLED);
	assert_int_equal(row(lab, "auto").counters.attempts, 1);
	lab_stop(lab);
	lab_start(lab);
	wait_up(lab, "auto");
	assert_int_equal(row(lab, "auto").counters.attempts, 2);
}

/* What was under way at the end of an agent is accounted for, and the entry is dialed once more. */
static void started_after_an_attempt_cut_short(void **state)
{
	struct lab *lab = *state;

	line(lab, "auto", "setup=60s", RAS_DIAL_MODE_AUTO_START);
	lab_start(lab);
	lab_wait_status(lab, lab_conn(lab, "auto"), RAS_STATUS_DIALING);
	lab_stop(lab);
	str_copy(lab->entries[0]->destination, "setup=10ms", sizeof(lab->entries[0]->destination));
	lab_start(lab);
	wait_up(lab, "auto");
	assert_int_equal(row(lab, "auto").last_error.code, 834);
	assert_int_equal(row(lab, "auto").counters.attempts, 2);
	assert_int_equal(row(lab, "auto").counters.failures, 1);
	lab_check_sums(lab);
}

/* ---- rasAdminMode ---- */

static void started_when_enabled_again(void **state)
{
	struct lab *lab = *state;

	lab->settings.value[RAS_SETTING_ADMIN_MODE] = RAS_ADMIN_DRAIN;
	line(lab, "auto", "setup=10ms", RAS_DIAL_MODE_AUTO_START);
	line(lab, "kept up", "setup=10ms", RAS_DIAL_MODE_PERSISTENT);
	line(lab, "manual", "setup=10ms", RAS_DIAL_MODE_MANUAL);
	lab_start(lab);
	assert_int_equal(row(lab, "auto").status, RAS_STATUS_DOWN);
	assert_int_equal(row(lab, "auto").desired, RAS_DESIRED_UP);
	set_mode(lab, RAS_ADMIN_ENABLED);
	wait_up(lab, "auto");
	wait_up(lab, "kept up");
	ask(lab, "manual", RAS_ACTION_DIAL);
	wait_up(lab, "manual");
	/* The calls are still being ended when it is enabled again. */
	set_mode(lab, RAS_ADMIN_DISABLED);
	set_mode(lab, RAS_ADMIN_ENABLED);
	LAB_WAIT(lab, row(lab, "auto").counters.successes == 2);
	LAB_WAIT(lab, row(lab, "kept up").counters.successes == 2);
	wait_up(lab, "auto");
	wait_up(lab, "kept up");
	lab_wait_status(lab, lab_conn(lab, "manual"), RAS_STATUS_DOWN);
	/* Enabled when it was so already: nothing. */
	set_mode(lab, RAS_ADMIN_ENABLED);
	assert_int_equal(row(lab, "auto").counters.attempts, 2);
	lab_check_sums(lab);
}

/* ---- entries that come ---- */

static void started_when_it_comes(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e;

	line(lab, "first", "setup=10ms", RAS_DIAL_MODE_MANUAL);
	lab_start(lab);
	line(lab, "auto", "setup=10ms", RAS_DIAL_MODE_AUTO_START);
	line(lab, "kept up", "setup=10ms,fail=691", RAS_DIAL_MODE_PERSISTENT);
	replace(lab, 0)->dial_mode = RAS_DIAL_MODE_PERSISTENT;
	load(lab);
	wait_up(lab, "first");
	wait_up(lab, "auto");
	/* Refused credentials end it, and a new description does not begin it again. */
	lab_wait_status(lab, lab_conn(lab, "kept up"), RAS_STATUS_FAILED);
	str_copy(replace(lab, 2)->descr, "a new one", RAS_TEXT_MAX);
	load(lab);
	assert_int_equal(row(lab, "kept up").status, RAS_STATUS_FAILED);
	e = replace(lab, 2);
	str_copy(e->user_name, "somebody else", RAS_TEXT_MAX);
	str_copy(e->destination, "setup=10ms", RAS_TEXT_MAX);
	load(lab);
	wait_up(lab, "kept up");
	assert_int_equal(row(lab, "kept up").counters.attempts, 2);
	/* What goes on is left alone. */
	load(lab);
	assert_int_equal(row(lab, "first").counters.attempts, 1);
	lab_check_sums(lab);
}

static void change_row(struct lab *lab, struct ras_row_change c)
{
	struct ras_edit *edit = reserved_rows(lab, &c, 1);

	assert_int_equal(ras_edit_write(edit), 0);
	ras_edit_commit(edit);
}

/* Over SNMP only what is to be kept up is dialed when it comes; autoStart is for the start of the agent. */
static void started_when_made_over_snmp(void **state)
{
	struct lab *lab = *state;
	struct ras_row_change auto_start = made(5, "auto", "setup=10ms"), kept_up = made(6, "kept up", "setup=10ms"),
			      later;

	lab_start(lab);
	auto_start.entry->dial_mode = RAS_DIAL_MODE_AUTO_START;
	kept_up.entry->dial_mode = RAS_DIAL_MODE_PERSISTENT;
	change_row(lab, auto_start);
	change_row(lab, kept_up);
	wait_up(lab, "kept up");
	assert_int_equal(row(lab, "auto").status, RAS_STATUS_DOWN);
	/* A change of a row in service holds from the next attempt on; one that comes into service is dialed. */
	change_row(lab, made(7, "later", "setup=10ms"));
	later = same(lab, 7);
	later.entry->dial_mode = RAS_DIAL_MODE_PERSISTENT;
	change_row(lab, later);
	assert_int_equal(row(lab, "later").status, RAS_STATUS_DOWN);
	change_row(lab, put_to(lab, 7, RAS_ROW_NOT_IN_SERVICE));
	change_row(lab, put_to(lab, 7, RAS_ROW_ACTIVE));
	wait_up(lab, "later");
	lab_stop(lab);
	lab_start(lab);
	wait_up(lab, "auto");
	assert_int_equal(row(lab, "kept up").counters.attempts, 1);
	lab_check_sums(lab);
}

/* ---- places ---- */

static struct ras_totals totals(const struct lab *lab)
{
	struct ras_totals t;

	ras_totals_get(lab->ras, &t);
	return t;
}

static void those_over_the_limit_wait(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	char name[RAS_NAME_MAX];

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 2;
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		line(lab, name, "setup=60s", RAS_DIAL_MODE_AUTO_START);
	}
	line(lab, "asked for", "setup=10ms", RAS_DIAL_MODE_MANUAL);
	lab_start(lab);
	lab_wait_status(lab, lab_conn(lab, "e0"), RAS_STATUS_DIALING);
	lab_wait_status(lab, lab_conn(lab, "e1"), RAS_STATUS_DIALING);
	assert_int_equal(totals(lab).by_status[RAS_STATUS_WAITING], 4);
	assert_int_equal(row(lab, "e2").call_id, 0);
	assert_int_equal(row(lab, "e2").state, RAS_DISCONNECTED);
	assert_int_equal(row(lab, "e2").desired, RAS_DESIRED_UP);
	/* By request: refused. */
	assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, "asked for"), RAS_ACTION_DIAL, 0, RAS_TRIGGER_SNMP,
					     &request),
			 -EAGAIN);
	/* A dial of one that waits changes nothing; nor does it take a place out of turn. */
	ask(lab, "e4", RAS_ACTION_DIAL);
	assert_int_equal(row(lab, "e4").status, RAS_STATUS_WAITING);
	/* No attempt, so no failure and no row of history. */
	ask(lab, "e2", RAS_ACTION_HANG_UP);
	lab_wait_status(lab, lab_conn(lab, "e2"), RAS_STATUS_DOWN);
	assert_int_equal(row(lab, "e2").counters.attempts, 0);
	assert_int_equal(row(lab, "e2").last_hist_index, 0);
	assert_int_equal(row(lab, "e2").last_error.code, 0);
	/* The next in the line. */
	ask(lab, "e0", RAS_ACTION_HANG_UP);
	lab_wait_status(lab, lab_conn(lab, "e3"), RAS_STATUS_DIALING);
	assert_int_equal(row(lab, "e4").status, RAS_STATUS_WAITING);
	/* Nobody's turn comes while nothing may be dialed; and nobody has failed. */
	set_mode(lab, RAS_ADMIN_DRAIN);
	lab_wait_status(lab, lab_conn(lab, "e4"), RAS_STATUS_DOWN);
	lab_wait_status(lab, lab_conn(lab, "e5"), RAS_STATUS_DOWN);
	set_mode(lab, RAS_ADMIN_ENABLED);
	lab_wait_status(lab, lab_conn(lab, "e4"), RAS_STATUS_WAITING);
	assert_int_equal(row(lab, "e2").status, RAS_STATUS_DOWN);
	/* More places. */
	ras_setting_apply(lab->ras, RAS_SETTING_MAX_CONCURRENT_DIALS, 10);
	lab_wait_status(lab, lab_conn(lab, "e4"), RAS_STATUS_DIALING);
	lab_wait_status(lab, lab_conn(lab, "e5"), RAS_STATUS_DIALING);
	lab_check_sums(lab);
}

/* One that leaves the phonebook, or cannot be dialed any more, while it waits. */
static void waiting_ends_with_its_row(void **state)
{
	struct lab *lab = *state;

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 1;
	line(lab, "first", "setup=60s", RAS_DIAL_MODE_AUTO_START);
	line(lab, "out", "setup=10ms", RAS_DIAL_MODE_AUTO_START);
	line(lab, "gone", "setup=10ms", RAS_DIAL_MODE_AUTO_START);
	lab_start(lab);
	lab_wait_status(lab, lab_conn(lab, "first"), RAS_STATUS_DIALING);
	replace(lab, 1)->row_status = RAS_ROW_NOT_IN_SERVICE;
	lab->n_entries--;
	load(lab);
	ask(lab, "first", RAS_ACTION_HANG_UP);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(row(lab, "out").status, RAS_STATUS_NOT_READY);
	assert_int_equal(totals(lab).attempts, 1);
	lab->n_entries++;
	load(lab);
	wait_up(lab, "gone");
	lab_check_sums(lab);
}

/* A stop of the agent leaves nothing of those that wait; the next one has them wait again. */
static void waiting_over_a_restart(void **state)
{
	struct lab *lab = *state;

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 1;
	line(lab, "first", "setup=60s", RAS_DIAL_MODE_AUTO_START);
	line(lab, "second", "setup=60s", RAS_DIAL_MODE_AUTO_START);
	lab_start(lab);
	lab_wait_status(lab, lab_conn(lab, "first"), RAS_STATUS_DIALING);
	assert_int_equal(row(lab, "second").status, RAS_STATUS_WAITING);
	lab_stop(lab);
	replace(lab, 1)->dial_mode = RAS_DIAL_MODE_MANUAL;
	lab_start(lab);
	LAB_WAIT(lab, row(lab, "first").counters.attempts == 2);
	assert_int_equal(row(lab, "second").status, RAS_STATUS_DOWN);
	assert_int_equal(row(lab, "second").desired, RAS_DESIRED_UP);
	assert_int_equal(row(lab, "second").counters.attempts, 0);
	lab_check_sums(lab);
}

/* ---- persistent ---- */

/* While the peer is away the attempts go on, without a bound; when it is back the link is up. */
static void comes_back_with_the_peer(void **state)
{
	struct lab *lab = *state;
	struct ras_entry *e = line(lab, "kept up", "setup=10ms,fail=678,fails=3", RAS_DIAL_MODE_PERSISTENT);

	e->redial_pause = 1;
	lab_start(lab);
	wait_up(lab, "kept up");
	assert_int_equal(row(lab, "kept up").counters.failures, 3);
	assert_int_equal(row(lab, "kept up").redials_left, UINT32_MAX);
	assert_int_equal(row(lab, "kept up").counters.consecutive_failures, 0);
	lab_check_sums(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROWS_TEST(started_with_the_agent),      ROWS_TEST(hang_up_holds),
		ROWS_TEST(started_again_after_a_limit), ROWS_TEST(started_after_an_attempt_cut_short),
		ROWS_TEST(started_when_enabled_again),  ROWS_TEST(started_when_it_comes),
		ROWS_TEST(started_when_made_over_snmp), ROWS_TEST(those_over_the_limit_wait),
		ROWS_TEST(waiting_ends_with_its_row),   ROWS_TEST(waiting_over_a_restart),
		ROWS_TEST(comes_back_with_the_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
