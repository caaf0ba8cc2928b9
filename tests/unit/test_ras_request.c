/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests in two phases: what is refused, what a cancelled one leaves behind, what each does. */
#include <errno.h>
#include <semaphore.h>
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

/* ---- helpers ---- */

static struct ras_request *reserve(const struct lab *lab, struct ras_conn *conn, enum ras_action action, uint32_t id)
{
	struct ras_request *request = NULL;

	assert_int_equal(ras_request_reserve(lab->ras, conn, action, id, RAS_TRIGGER_SNMP, &request), 0);
	assert_non_null(request);
	assert_ptr_equal(ras_request_find(lab->ras, ras_request_number(request)), request);
	return request;
}

static void expect_refused(const struct lab *lab, struct ras_conn *conn, enum ras_action action, uint32_t id, int error)
{
	struct ras_request *request = NULL;

	assert_int_equal(ras_request_reserve(lab->ras, conn, action, id, RAS_TRIGGER_SNMP, &request), error);
	assert_null(request);
}

static void perform(const struct lab *lab, struct ras_conn *conn, enum ras_action action, uint32_t id)
{
	struct ras_request *request = reserve(lab, conn, action, id);
	uint32_t number = ras_request_number(request);

	assert_int_equal(ras_request_write(request), 0);
	ras_request_commit(request);
	assert_null(ras_request_find(lab->ras, number));
}

static uint32_t rejected(const struct lab *lab)
{
	struct ras_totals totals;

	ras_totals_get(lab->ras, &totals);
	return totals.rejected;
}

/* ---- a reservation that comes to nothing ---- */

static void cancelled(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn, *other;
	struct ras_conn_info before, after;
	struct ras_request *request;

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 1;
	lab_line(lab, "hq", "setup=10ms");
	lab_line(lab, "other", "setup=10ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	other = lab_conn(lab, "other");
	before = lab_info(conn);
	for (unsigned i = 0; i < 50; i++) {
		request = reserve(lab, conn, RAS_ACTION_DIAL, 9);
		assert_int_equal(lab_info(conn).status, RAS_STATUS_DOWN);
		/* The place is taken, and a second reservation of the row is not to be had. */
		expect_refused(lab, other, RAS_ACTION_DIAL, 0, -EAGAIN);
		expect_refused(lab, conn, RAS_ACTION_HANG_UP, 0, -EINVAL);
		if (i % 2) {
			assert_int_equal(ras_request_write(request), 0);
			ras_request_undo(request);
		}
		ras_request_cancel(request);
		LAB_WAIT(lab, lab_threads(lab) == 0);
	}
	ras_request_cancel(NULL);
	after = lab_info(conn);
	assert_memory_equal(&after, &before, sizeof(before));
	assert_int_equal(rejected(lab), 50);
	perform(lab, other, RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, other, RAS_STATUS_UP);
}

/* A master that dies between the phases calls neither undo nor commit. */
static void expired(void **state)
{
	struct lab *lab = *state;
	struct ras_request *a, *b, *c;
	uint32_t of_a, of_b;

	lab_line(lab, "a", "setup=10ms");
	lab_line(lab, "b", "setup=10ms");
	lab_start(lab);
	a = reserve(lab, lab_conn(lab, "a"), RAS_ACTION_DIAL, 0);
	b = reserve(lab, lab_conn(lab, "b"), RAS_ACTION_DIAL, 3);
	assert_int_equal(ras_request_write(b), 0);
	ras_request_expire(lab->ras, 60000);
	assert_ptr_equal(ras_request_find(lab->ras, ras_request_number(a)), a);
	assert_ptr_equal(ras_request_find(lab->ras, ras_request_number(b)), b);
	of_a = ras_request_number(a);
	of_b = ras_request_number(b);
	ras_request_expire(lab->ras, 0);
	/* Whatever is reserved since, also where the old ones were. */
	c = reserve(lab, lab_conn(lab, "a"), RAS_ACTION_DIAL, 0);
	assert_null(ras_request_find(lab->ras, of_a));
	assert_null(ras_request_find(lab->ras, of_b));
	assert_null(ras_request_find(lab->ras, 0));
	ras_request_cancel(c);
	LAB_WAIT(lab, lab_threads(lab) == 0);

	/* Nothing of it is remembered over a restart either. */
	lab_stop(lab);
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "b")).counters.attempts, 0);
	assert_int_equal(lab_info(lab_conn(lab, "b")).desired, RAS_DESIRED_DOWN);
	assert_int_equal(lab_info(lab_conn(lab, "b")).request_id, 0);
	perform(lab, lab_conn(lab, "a"), RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, lab_conn(lab, "a"), RAS_STATUS_UP);
}

static void left_behind_at_the_end(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "hq", "");
	lab_start(lab);
	reserve(lab, lab_conn(lab, "hq"), RAS_ACTION_DIAL, 0);
	ras_request_expire(lab->ras, 0);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	reserve(lab, lab_conn(lab, "hq"), RAS_ACTION_HANG_UP, 0);
}

/* ---- numbers of requests ---- */

static void repeated(void **state)
{
	struct lab *lab = *state;
	struct ras_history_row row;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=10ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_REDIAL, 7);
	perform(lab, conn, RAS_ACTION_REDIAL, 7);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	perform(lab, conn, RAS_ACTION_REDIAL, 7);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	assert_int_equal(lab_info(conn).request_id, 7);
	/* The same number with another action contradicts itself. */
	expect_refused(lab, conn, RAS_ACTION_HANG_UP, 7, -EINVAL);
	expect_refused(lab, conn, RAS_ACTION_DIAL, 7, -EINVAL);
	assert_int_equal(rejected(lab), 1);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);

	perform(lab, conn, RAS_ACTION_REDIAL, 8);
	LAB_WAIT(lab, lab_info(conn).counters.successes == 2);
	assert_int_equal(lab_info(conn).counters.attempts, 2);
	assert_int_equal(ras_history_next(lab->ras, 1, &row), 0);
	assert_int_equal(row.request_id, 7);
	assert_int_equal(row.error.code, 631);

	/* 0 is no number: every such request counts. */
	perform(lab, conn, RAS_ACTION_REDIAL, 0);
	LAB_WAIT(lab, lab_info(conn).counters.successes == 3);
	perform(lab, conn, RAS_ACTION_REDIAL, 0);
	LAB_WAIT(lab, lab_info(conn).counters.successes == 4);
	assert_int_equal(lab_info(conn).request_id, 0);
	lab_check_sums(lab);
}

static void remembered_over_a_restart(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=10ms,fail=676");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_DIAL, 7);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	lab_stop(lab);
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(lab_info(conn).status, RAS_STATUS_FAILED);
	perform(lab, conn, RAS_ACTION_DIAL, 7);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_FAILED);
	expect_refused(lab, conn, RAS_ACTION_REDIAL, 7, -EINVAL);
}

/* ---- what each action does ---- */

static void without_effect(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=200ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_NONE, 0);
	perform(lab, conn, RAS_ACTION_HANG_UP, 0);
	perform(lab, conn, RAS_ACTION_CLEAR_ERROR, 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(conn).counters.attempts, 0);
	expect_refused(lab, conn, RAS_ACTION_RESUME, 0, -EINVAL);
	assert_int_equal(rejected(lab), 0);

	perform(lab, conn, RAS_ACTION_DIAL, 0);
	perform(lab, conn, RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	perform(lab, conn, RAS_ACTION_DIAL, 0);
	perform(lab, conn, RAS_ACTION_NONE, 0);
	perform(lab, conn, RAS_ACTION_CLEAR_ERROR, 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).desired, RAS_DESIRED_UP);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
}

static void clear_error(void **state)
{
	struct lab *lab = *state;
	struct ras_conn_info info;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=10ms,fail=691");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).desired, RAS_DESIRED_UP);
	perform(lab, conn, RAS_ACTION_CLEAR_ERROR, 0);
	info = lab_info(conn);
	assert_int_equal(info.status, RAS_STATUS_DOWN);
	assert_int_equal(info.desired, RAS_DESIRED_DOWN);
	assert_int_equal(info.last_error.code, 0);
	assert_int_equal(info.last_error.backend, RAS_BACKEND_NONE);
	assert_int_equal(info.last_error.cause, RAS_CAUSE_NONE);
	assert_int_equal(info.last_error.state, RAS_DISCONNECTED);
	assert_int_equal(info.last_error.time_ms, 0);
	assert_string_equal(info.last_error.text, "");
	assert_int_equal(info.counters.failures, 1);
	lab_stop(lab);
	lab_start(lab);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).status, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(lab_conn(lab, "hq")).last_error.code, 0);
}

/* A later success leaves the error of the last failure. */
static void error_outlives_a_success(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=10ms,fail=676,fails=1")->redial_max = 1;
	lab->entries[0]->redial_pause = 1;
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).last_error.code, 676);
	assert_int_equal(lab_info(conn).counters.consecutive_failures, 0);
}

/* An attempt that waits for its time is made at once, and the budget stays what it was. */
static void dial_while_waiting(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	struct ras_entry *e = lab_line(lab, "hq", "setup=10ms,fail=676");

	e->redial_max = 2;
	e->redial_pause = 3600;
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_DIAL, 5);
	lab_wait_status(lab, conn, RAS_STATUS_WAITING_REDIAL);
	assert_int_equal(lab_info(conn).redials_left, 2);
	perform(lab, conn, RAS_ACTION_DIAL, 6);
	LAB_WAIT(lab, lab_info(conn).counters.failures == 2);
	lab_wait_status(lab, conn, RAS_STATUS_WAITING_REDIAL);
	assert_int_equal(lab_info(conn).redials_left, 1);
	perform(lab, conn, RAS_ACTION_DIAL, 7);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).counters.attempts, 3);
	assert_int_equal(lab_info(conn).redials_left, 0);
	/* A new request is a new series. */
	perform(lab, conn, RAS_ACTION_DIAL, 8);
	lab_wait_status(lab, conn, RAS_STATUS_WAITING_REDIAL);
	assert_int_equal(lab_info(conn).redials_left, 2);
	perform(lab, conn, RAS_ACTION_HANG_UP, 9);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(conn).redials_left, 0);
	assert_int_equal(lab_info(conn).counters.attempts, 4);
	lab_check_sums(lab);
}

/* During the set-up: the attempt is ended, a new one made. */
static void redial_in_set_up(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=60s");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_REDIAL, 0);
	perform(lab, conn, RAS_ACTION_REDIAL, 0);
	LAB_WAIT(lab, lab_info(conn).counters.attempts == 2);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_DIALING);
	assert_int_equal(lab_info(conn).counters.failures, 1);
	assert_int_equal(lab_info(conn).counters.consecutive_failures, 0);
	assert_int_equal(lab_info(conn).call_id, 2);
	/* A hang-up behind a redial takes it back. */
	perform(lab, conn, RAS_ACTION_REDIAL, 0);
	perform(lab, conn, RAS_ACTION_HANG_UP, 0);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(conn).desired, RAS_DESIRED_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(lab_info(conn).counters.attempts, lab_info(conn).counters.failures);
	lab_check_sums(lab);
}

static void redial_while_up(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=10ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	for (uint32_t i = 1; i <= 20; i++) {
		perform(lab, conn, RAS_ACTION_REDIAL, 0);
		LAB_WAIT(lab, lab_info(conn).counters.successes == i);
		assert_int_equal(lab_info(conn).desired, RAS_DESIRED_UP);
		assert_int_equal(lab_info(conn).call_id, i);
	}
	assert_int_equal(lab_info(conn).counters.attempts, 20);
	assert_int_equal(lab_info(conn).counters.drops, 0);
	lab_check_sums(lab);
}

/* ---- a line that does not let go ---- */

static sem_t let_go;

static int gate_dial(struct ras_call *call)
{
	(void)call;
	return 0;
}

static int gate_watch(struct ras_call *call)
{
	int r;

	do
		r = ras_call_wait(call, NULL, 0, -1);
	while (r >= 0);
	return r;
}

static void gate_hang_up(struct ras_call *call)
{
	(void)call;
	sem_wait(&let_go);
}

static void gate_release(struct ras_call *call)
{
	(void)call;
}

static const struct ras_driver gate = {
	.name = "gate",
	.device_types = 1u << RAS_DEVICE_LOOPBACK,
	.stats_interval_ms = 1000,
	.dial = gate_dial,
	.watch = gate_watch,
	.hang_up = gate_hang_up,
	.release = gate_release,
};
static const struct ras_driver *const gate_drivers[] = {&gate, NULL};

/* Nothing can be dialed meanwhile; the thread is told as stuck, once, and the end of the agent does not wait for it. */
static void while_hanging_up(void **state)
{
	struct lab *lab = *state;
	struct ras_notice notice;
	struct ras_conn *conn;

	sem_init(&let_go, 0, 0);
	lab->drivers = gate_drivers;
	lab->settings.hang_up_timeout = 1;
	lab_line(lab, "hq", "")->notify_types = 1u << RAS_NOTIFY_THREAD_STUCK;
	lab_start(lab);
	ras_notices_connected(lab->ras, true);
	conn = lab_conn(lab, "hq");
	perform(lab, conn, RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	perform(lab, conn, RAS_ACTION_HANG_UP, 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_HANGING_UP);
	expect_refused(lab, conn, RAS_ACTION_DIAL, 0, -EINVAL);
	expect_refused(lab, conn, RAS_ACTION_REDIAL, 0, -EINVAL);
	assert_int_equal(rejected(lab), 2);
	perform(lab, conn, RAS_ACTION_HANG_UP, 0);
	perform(lab, conn, RAS_ACTION_CLEAR_ERROR, 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_HANGING_UP);

	LAB_WAIT(lab, lab_info(conn).thread_state == RAS_THREAD_STUCK);
	LAB_WAIT(lab, ras_notices_take(lab->ras, &notice));
	assert_int_equal(notice.type, RAS_NOTIFY_THREAD_STUCK);
	assert_int_equal(notice.conn.thread_id, lab_info(conn).thread_id);
	assert_int_equal(ras_stop(lab->ras, 100), -ETIMEDOUT);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_HANGING_UP);

	sem_post(&let_go);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(lab_info(conn).thread_state, RAS_THREAD_NONE);
	assert_int_equal(lab_info(conn).last_error.code, 631);
	assert_false(ras_notices_take(lab->ras, &notice));
	lab_check_sums(lab);
	sem_destroy(&let_go);
}

/* ---- rasAdminMode ---- */

static void admin_mode(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *up, *waiting, *dialing;
	struct ras_entry *e;

	lab_line(lab, "up", "setup=10ms");
	e = lab_line(lab, "waiting", "setup=10ms,fail=676");
	e->redial_max = 5;
	e->redial_pause = 3600;
	lab_line(lab, "dialing", "setup=60s");
	lab_start(lab);
	up = lab_conn(lab, "up");
	waiting = lab_conn(lab, "waiting");
	dialing = lab_conn(lab, "dialing");
	perform(lab, up, RAS_ACTION_DIAL, 0);
	perform(lab, waiting, RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, up, RAS_STATUS_UP);
	lab_wait_status(lab, waiting, RAS_STATUS_WAITING_REDIAL);

	ras_setting_apply(lab->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_DRAIN);
	expect_refused(lab, dialing, RAS_ACTION_DIAL, 0, -EINVAL);
	expect_refused(lab, up, RAS_ACTION_REDIAL, 0, -EINVAL);
	lab_wait_status(lab, waiting, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(up).status, RAS_STATUS_UP);

	ras_setting_apply(lab->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_ENABLED);
	perform(lab, dialing, RAS_ACTION_DIAL, 0);
	ras_setting_apply(lab->ras, RAS_SETTING_ADMIN_MODE, RAS_ADMIN_DISABLED);
	lab_wait_status(lab, up, RAS_STATUS_DOWN);
	lab_wait_status(lab, dialing, RAS_STATUS_DOWN);
	assert_int_equal(lab_info(up).last_error.code, 929);
	assert_int_equal(lab_info(up).last_error.cause, RAS_CAUSE_LOCAL_REQUEST);
	assert_int_equal(lab_info(dialing).last_error.code, 929);
	lab_check_sums(lab);
}

/* ---- rasMaxConcurrentDials ---- */

/* Redials stand in line for a place, in their order, and a raised limit lets them go. */
static void redials_stand_in_line(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *first, *second;
	struct ras_totals t;

	lab->settings.value[RAS_SETTING_MAX_CONCURRENT_DIALS] = 2;
	for (unsigned i = 0; i < 2; i++) {
		struct ras_entry *e = lab_line(lab, i ? "second" : "first", "setup=10ms,fail=676,fails=1");

		e->redial_max = 1;
		e->redial_pause = 1;
	}
	lab_line(lab, "long", "setup=60s");
	lab_start(lab);
	first = lab_conn(lab, "first");
	second = lab_conn(lab, "second");
	perform(lab, first, RAS_ACTION_DIAL, 0);
	perform(lab, second, RAS_ACTION_DIAL, 0);
	lab_wait_status(lab, first, RAS_STATUS_WAITING_REDIAL);
	lab_wait_status(lab, second, RAS_STATUS_WAITING_REDIAL);
	ras_setting_apply(lab->ras, RAS_SETTING_MAX_CONCURRENT_DIALS, 1);
	perform(lab, lab_conn(lab, "long"), RAS_ACTION_DIAL, 0);
	/* Their time comes, their place does not. */
	LAB_WAIT(lab, lab_info(first).next_redial_mono_ms == 0 && lab_info(second).next_redial_mono_ms == 0);
	ras_totals_get(lab->ras, &t);
	assert_int_equal(t.attempts, 3);
	perform(lab, lab_conn(lab, "long"), RAS_ACTION_HANG_UP, 0);
	lab_wait_status(lab, first, RAS_STATUS_UP);
	lab_wait_status(lab, second, RAS_STATUS_UP);
	lab_check_sums(lab);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cancelled),
		TEST(expired),
		TEST(left_behind_at_the_end),
		TEST(repeated),
		TEST(remembered_over_a_restart),
		TEST(without_effect),
		TEST(clear_error),
		TEST(error_outlives_a_success),
		TEST(dial_while_waiting),
		TEST(redial_in_set_up),
		TEST(redial_while_up),
		TEST(while_hanging_up),
		TEST(admin_mode),
		TEST(redials_stand_in_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
