/* SPDX-License-Identifier: BSD-2-Clause */
/* Dialing at the engine's interface: hang-up, also from within a callback; what ends the notifications; the
 * synchronous mode; what is refused. */
#include <string.h>

#include "engine_told.h"

/* ---- hang-up ---- */

/* From inside, in every state of the set-up: nothing more is told, all is released, and it is no failed dial. */
static void hang_up_inside(struct lab *lab, const struct ras_notifier *notifier, enum ras_state at)
{
	struct ras_conn *conn = lab_conn(lab, "hq");
	struct ras_conn_info before = lab_info(conn), after;
	struct ras_history_row row;

	recorder.n = 0;
	recorder.conn = conn;
	recorder.hang_up_at = at;
	assert_int_equal(ras_dial(lab->ras, conn, notifier, NULL), 0);
	LAB_WAIT(lab, told_last(at, 0));
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(told_count(), position_of(at) + 1);
	expect_states(at, conn);

	after = lab_info(conn);
	assert_int_equal(after.desired, RAS_DESIRED_DOWN);
	assert_int_equal(after.last_error.code, 631);
	assert_int_equal(after.last_error.cause, RAS_CAUSE_LOCAL_REQUEST);
	assert_int_equal(after.counters.attempts, before.counters.attempts + 1);
	assert_int_equal(after.counters.failures, before.counters.failures + (at != RAS_CONNECTED));
	assert_int_equal(after.counters.consecutive_failures, before.counters.consecutive_failures);
	assert_int_equal(ras_history_next(lab->ras, after.last_hist_index, &row), 0);
	assert_int_equal(row.call_id, after.call_id);
	assert_int_equal(row.error.code, 631);
	assert_int_equal(row.connected, at == RAS_CONNECTED);
	lab_check_sums(lab);
}

static void hang_up_from_a_callback(void **state)
{
	static const struct ras_notifier *const notifiers[] = {&by_func, &by_func1, &by_func2};
	struct lab *lab = *state;

	lab_line(lab, "hq", "setup=30ms");
	lab_start(lab);
	for (size_t k = 0; k < ARRAY_SIZE(notifiers); k++)
		for (size_t i = 0; i < ARRAY_SIZE(success); i++)
			hang_up_inside(lab, notifiers[k], success[i]);
}

/* The handler of a failure may hang up, as RasDial's clients must: here it changes nothing but the wish. */
static void hang_up_when_told_of_the_error(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	recorder.hang_up_at = RAS_CONNECT_DEVICE;
	recorder.hang_up_error = 676;
	lab_line(lab, "hq", "setup=20ms,fail=676");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	LAB_WAIT(lab, told_last(RAS_CONNECT_DEVICE, 676));
	LAB_WAIT(lab, lab_threads(lab) == 0);
	expect_failure(RAS_CONNECT_DEVICE, 676, conn);
	assert_int_equal(lab_info(conn).last_error.code, 676);
	assert_int_equal(lab_info(conn).desired, RAS_DESIRED_DOWN);
	lab_check_sums(lab);
}

/* The same with redials left: the series ends. */
static void hang_up_ends_the_series(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_entry *e;

	recorder.hang_up_at = RAS_CONNECT_DEVICE;
	recorder.hang_up_error = 676;
	e = lab_line(lab, "hq", "setup=20ms,fail=676");
	e->redial_max = 5;
	e->redial_pause = 1;
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	assert_int_equal(lab_info(conn).redials_left, 0);
}

static void hang_up_from_outside(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	size_t n;

	lab_line(lab, "hq", "setup=20s");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	ras_hang_up(conn);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_DOWN);
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	LAB_WAIT(lab, told_count() >= 1);
	ras_hang_up(conn);
	ras_hang_up(conn);
	n = told_count();
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(told_count(), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(told_at(i).error, 0);
	assert_int_equal(only_history_row(lab).error.code, 631);
	lab_check_sums(lab);
}

/* ---- the end of notifications ---- */

/* A redial is made by the engine, not by the caller: he was told of the error, and that was the last. */
static void redials_are_not_told(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_entry *e = lab_line(lab, "hq", "setup=20ms,fail=676,fails=1");

	e->redial_max = 3;
	e->redial_pause = 1;
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).counters.attempts, 2);
	/* Both attempts in the same thread. */
	assert_int_equal(lab_info(conn).thread_id, told_at(0).thread);
	expect_failure(RAS_CONNECT_DEVICE, 676, conn);
}

static void a_loss_is_not_told(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=20ms,drop=100ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 829);
	assert_int_equal(told_count(), ARRAY_SIZE(success));
	expect_states(RAS_CONNECTED, conn);
}

static void the_deadline_is_told(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=60s")->dial_timeout = 1;
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	expect_failure(RAS_OPEN_PORT, 638, conn);
}

static void the_end_of_the_agent_is_told(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=60s");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	LAB_WAIT(lab, told_count() == 1);
	assert_int_equal(ras_stop(lab->ras, LAB_PATIENCE_MS), 0);
	expect_failure(RAS_OPEN_PORT, 834, conn);
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), -ESHUTDOWN);
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), -ESHUTDOWN);
}

/* ---- the synchronous mode ---- */

static void sync_success(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = {.code = 77};
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=100ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, &error), 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).state, RAS_CONNECTED);
	assert_int_not_equal(lab_info(conn).thread_id, gettid());
	assert_int_equal(error.code, 0);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
}

/* When it returns with an error, everything is released already. */
static void sync_failure(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_conn *conn;
	char record[128];

	lab_line(lab, "hq", "setup=50ms,fail=691,text=wrong badge");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	for (unsigned i = 1; i <= 20; i++) {
		assert_int_equal(ras_dial(lab->ras, conn, NULL, &error), -EIO);
		assert_int_equal(error.code, 691);
		assert_int_equal(error.cause, RAS_CAUSE_AUTH_FAILURE);
		assert_int_equal(error.state, RAS_AUTH_NOTIFY);
		assert_string_equal(error.text, "wrong badge");
		assert_int_equal(lab_info(conn).status, RAS_STATUS_FAILED);
		assert_int_equal(lab_info(conn).last_error.code, 691);
		assert_int_equal(lab_info(conn).counters.failures, i);
		snprintf(record, sizeof(record), "%s/%u.link", lab->run_dir, lab_info(conn).call_id);
		assert_int_equal(access(record, F_OK), -1);
		lab_check_sums(lab);
		ras_reap(lab->ras);
	}
	/* Who does not ask for the reason gets none. */
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), -EIO);
}

static void *hang_up_soon(void *arg)
{
	struct ras_conn *conn = arg;

	while (lab_info(conn).status != RAS_STATUS_DIALING)
		lab_rest();
	ras_hang_up(conn);
	return NULL;
}

static void sync_hung_up_by_another_thread(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_conn *conn;
	pthread_t other;

	lab_line(lab, "hq", "setup=60s");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(pthread_create(&other, NULL, hang_up_soon, conn), 0);
	assert_int_equal(ras_dial(lab->ras, conn, NULL, &error), -EIO);
	assert_int_equal(error.code, 631);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_DOWN);
}

/* It returns after the first attempt; the redials go on without the caller. */
static void sync_with_redials(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = RAS_ERROR_INIT;
	struct ras_conn *conn;
	struct ras_entry *e = lab_line(lab, "hq", "setup=20ms,fail=676");

	e->redial_max = 3;
	e->redial_pause = 3600;
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, &error), -EIO);
	assert_int_equal(error.code, 676);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_WAITING_REDIAL);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
}

/* ---- what is refused ---- */

static void expect_756(struct lab *lab, struct ras_conn *conn)
{
	struct ras_error error = RAS_ERROR_INIT;
	size_t n = told_count();

	assert_int_equal(ras_dial(lab->ras, conn, &by_func2, &error), -EALREADY);
	assert_int_equal(error.code, 756);
	assert_int_equal(error.cause, RAS_CAUSE_PORT_UNAVAILABLE);
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), -EALREADY);
	assert_int_equal(told_count(), n);
}

static void already_dialing(void **state)
{
	struct lab *lab = *state;
	struct ras_queue *queue = ras_queue_new(32);
	struct ras_notifier notifier = {.kind = RAS_NOTIFIER_QUEUE, .queue = queue};
	struct ras_message m = {.state = RAS_DISCONNECTED};
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=300ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &notifier, NULL), 0);
	expect_756(lab, conn);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	expect_756(lab, conn);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	/* The first caller is told as if nothing had been. */
	for (size_t i = 0; i < ARRAY_SIZE(success); i++) {
		assert_true(readable(queue, LAB_PATIENCE_MS));
		assert_true(ras_queue_take(queue, &m));
		assert_int_equal(m.state, success[i]);
	}
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	ras_queue_free(queue);
}

static void not_to_be_dialed(void **state)
{
	struct lab *lab = *state;
	struct ras_error error = {.code = 77};

	lab_line(lab, "incomplete", "")->device_type = RAS_DEVICE_OTHER;
	lab_line(lab, "out", "")->row_status = RAS_ROW_NOT_IN_SERVICE;
	lab_line(lab, "good", "setup=10ms");
	lab_start(lab);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "incomplete"), &by_func1, &error), -EINVAL);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "out"), &by_func1, &error), -EINVAL);
	ras_setting_apply(lab->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_DRAIN);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "good"), &by_func1, &error), -EINVAL);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "good"), NULL, &error), -EINVAL);
	assert_int_equal(told_count(), 0);
	assert_int_equal(lab_threads(lab), 0);
	assert_int_equal(lab_info(lab_conn(lab, "good")).counters.attempts, 0);
}

static void no_place_left(void **state)
{
	struct lab *lab = *state;
	struct ras_totals totals;

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 2;
	lab_line(lab, "a", "setup=60s");
	lab_line(lab, "b", "setup=60s");
	lab_line(lab, "c", "setup=60s");
	lab_start(lab);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "a"), &by_func1, NULL), 0);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "b"), &by_func1, NULL), 0);
	assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "c"), &by_func1, NULL), -EAGAIN);
	ras_totals_get(lab->ras, &totals);
	assert_int_equal(totals.rejected, 1);
	assert_int_equal(totals.attempts, 2);
	assert_int_equal(lab_info(lab_conn(lab, "c")).status, RAS_STATUS_DOWN);
	ras_hang_up(lab_conn(lab, "a"));
	lab_wait_status(lab, lab_conn(lab, "a"), RAS_STATUS_DOWN);
	LAB_WAIT(lab, ras_dial(lab->ras, lab_conn(lab, "c"), &by_func1, NULL) == 0);
	lab_check_sums(lab);
}

/* A destination that the driver refuses: an attempt that fails, with a text that says why. */
static void bad_destination(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=20ms,frobnicate");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func1, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	expect_failure(RAS_OPEN_PORT, 749, conn);
	assert_non_null(strstr(lab_info(conn).last_error.text, "word 2"));
	lab_check_sums(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(hang_up_from_a_callback),
		LAB_TEST(hang_up_when_told_of_the_error),
		LAB_TEST(hang_up_ends_the_series),
		LAB_TEST(hang_up_from_outside),
		LAB_TEST(redials_are_not_told),
		LAB_TEST(a_loss_is_not_told),
		LAB_TEST(the_deadline_is_told),
		LAB_TEST(the_end_of_the_agent_is_told),
		LAB_TEST(sync_success),
		LAB_TEST(sync_failure),
		LAB_TEST(sync_hung_up_by_another_thread),
		LAB_TEST(sync_with_redials),
		LAB_TEST(already_dialing),
		LAB_TEST(not_to_be_dialed),
		LAB_TEST(no_place_left),
		LAB_TEST(bad_destination),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
