/* SPDX-License-Identifier: BSD-2-Clause */
/* Paused states: a call whose credentials are refused waits for others. */
#include <errno.h>
#include <string.h>

#include "engine_told.h"

#define DOOR "setup=10ms,expects=open sesame"

static struct ras_entry *line(struct lab *lab, const char *destination, const char *secret)
{
	struct ras_entry *e = lab_line(lab, "hq", destination);

	e->options = 1u << RAS_OPTION_PAUSED_STATES;
	assert_int_equal(ras_entry_set_secret(e, secret), 0);
	return e;
}

static struct ras_conn *dial(const struct lab *lab)
{
	struct ras_conn *conn = lab_conn(lab, "hq");

	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	return conn;
}

static void load_secret(struct lab *lab, const char *user, const char *secret)
{
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_entry *e = ras_entry_copy(lab->entries[0]);

	assert_non_null(e);
	str_copy(e->user_name, user, sizeof(e->user_name));
	assert_int_equal(ras_entry_set_secret(e, secret), 0);
	ras_entry_unref(lab->entries[0]);
	lab->entries[0] = e;
	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
}

static void wait_paused(const struct lab *lab, const struct ras_conn *conn, enum ras_state state)
{
	struct ras_conn_info info;

	LAB_WAIT(lab, told_last(state, 0));
	info = lab_info(conn);
	assert_int_equal(info.state, state);
	assert_int_equal(info.status, RAS_STATUS_AUTHENTICATING);
	assert_int_equal(info.thread_state, RAS_THREAD_WAITING);
	assert_int_equal(info.counters.attempts, 1);
	assert_int_equal(info.ifindex, 0);
	lab_check_sums(lab);
}

static void with_the_right_secret(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row h;
	struct ras_conn *conn;
	uint32_t call_id;

	line(lab, DOOR, "wrong");
	lab_start(lab);
	conn = dial(lab);
	wait_paused(lab, conn, RAS_RETRY_AUTHENTICATION);
	call_id = lab_info(conn).call_id;
	load_secret(lab, "somebody", "open sesame");
	assert_int_equal(ras_resume(lab->ras, conn), 0);
	/* Once. */
	assert_int_equal(ras_resume(lab->ras, conn), -EINVAL);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).call_id, call_id);
	assert_true(told_last(RAS_CONNECTED, 0));
	for (size_t i = 0; i < told_count(); i++)
		assert_int_equal(told_at(i).error, 0);
	assert_int_equal(ras_resume(lab->ras, conn), -EINVAL);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	h = only_history_row(lab);
	assert_int_equal(h.call_id, call_id);
	assert_true(h.connected);
	assert_int_equal(lab_info(conn).counters.successes, 1);
	lab_check_sums(lab);
}

/* It may be tried again and again; each time is a time of its own. */
static void with_a_wrong_secret(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	size_t n;

	line(lab, DOOR, NULL);
	lab_start(lab);
	conn = dial(lab);
	wait_paused(lab, conn, RAS_RETRY_AUTHENTICATION);
	for (int i = 0; i < 3; i++) {
		n = told_count();
		load_secret(lab, "somebody", i == 1 ? "worse" : "wrong");
		assert_int_equal(ras_resume(lab->ras, conn), 0);
		LAB_WAIT(lab, told_count() > n);
		wait_paused(lab, conn, RAS_RETRY_AUTHENTICATION);
	}
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(only_history_row(lab).error.code, 631);
	assert_int_equal(lab_info(conn).counters.failures, 1);
	assert_int_equal(ras_resume(lab->ras, conn), -EINVAL);
	lab_check_sums(lab);
}

/* It then fails as it would have without a pause: what was refused is not dialed again. */
static void until_the_deadline(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_entry *e = line(lab, DOOR, "wrong");

	e->dial_timeout = 1;
	e->redial_max = 5;
	lab_start(lab);
	conn = dial(lab);
	wait_paused(lab, conn, RAS_RETRY_AUTHENTICATION);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 691);
	assert_int_equal(lab_info(conn).last_error.state, RAS_AUTH_NOTIFY);
	assert_int_equal(only_history_row(lab).error.code, 691);
	assert_int_equal(ras_resume(lab->ras, conn), -EINVAL);
	lab_check_sums(lab);
}

static void expired_password(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	line(lab, DOOR ",fail=648", "old");
	lab_start(lab);
	conn = dial(lab);
	wait_paused(lab, conn, RAS_PASSWORD_EXPIRED);
	load_secret(lab, "", "open sesame");
	assert_int_equal(ras_resume(lab->ras, conn), 0);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
}

/* Other failures, other entries, and who waits for the end of the dial himself. */
static void not_for_everything(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_conn *conn;

	line(lab, "setup=10ms,fail=676", NULL);
	lab_line(lab, "without", "setup=10ms,fail=691");
	lab_line(lab, "sync", "setup=10ms,fail=691")->options = 1u << RAS_OPTION_PAUSED_STATES;
	lab_start(lab);
	conn = dial(lab);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	conn = lab_conn(lab, "without");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	conn = lab_conn(lab, "sync");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, &error), -EIO);
	assert_int_equal(error.code, 691);
}

/* The end of the agent, and what the next one makes of it. */
static void over_the_end_of_the_agent(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	line(lab, DOOR, "wrong");
	lab_start(lab);
	conn = dial(lab);
	wait_paused(lab, conn, RAS_RETRY_AUTHENTICATION);
	lab_stop(lab);
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(lab_info(conn).last_error.code, 834);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_FAILED);
	only_history_row(lab);
}

/* With alternates the refusal is of the destination that was tried; the walk goes on from there. */
static void within_a_walk(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_entry *e = line(lab, "setup=10ms,fail=676", "wrong");
	const char *destinations[] = {"setup=10ms,expects=first,fail=691", "setup=10ms,expects=second"};

	e->link_mode = RAS_LINK_MODE_ALTERNATES;
	e->subentries = calloc(2, sizeof(*e->subentries));
	assert_non_null(e->subentries);
	e->n_subentries = 2;
	for (size_t i = 0; i < 2; i++) {
		e->subentries[i] = (struct ras_subentry){.index = (uint32_t)i + 1,
							 .device_type = RAS_DEVICE_OTHER,
							 .row_status = RAS_ROW_ACTIVE};
		str_copy(e->subentries[i].destination, destinations[i], RAS_TEXT_MAX);
	}
	lab_start(lab);
	conn = dial(lab);
	wait_paused(lab, conn, RAS_RETRY_AUTHENTICATION);
	assert_int_equal(lab_info(conn).subentry, 1);
	load_secret(lab, "", "first");
	assert_int_equal(ras_resume(lab->ras, conn), 0);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).subentry, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(with_the_right_secret), LAB_TEST(with_a_wrong_secret), LAB_TEST(until_the_deadline),
		LAB_TEST(expired_password),      LAB_TEST(not_for_everything),  LAB_TEST(over_the_end_of_the_agent),
		LAB_TEST(within_a_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
