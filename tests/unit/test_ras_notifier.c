/* SPDX-License-Identifier: BSD-2-Clause */
/* The four kinds of notifier at the engine's interface: in which thread each callback runs, what is told in which
 * order, and that nothing is told after the last. */
#include "engine_told.h"

/* ---- each kind, success and failure ---- */

/* Dials a line that comes up, then hangs up: the call returns while the first callback is still held, and nothing is
 * told after connected. */
static void comes_up(struct lab *lab, const struct ras_notifier *notifier)
{
	struct ras_conn *conn;
	sem_t reached, go_on;

	sem_init(&reached, 0, 0);
	sem_init(&go_on, 0, 0);
	recorder.reached = &reached;
	recorder.go_on = &go_on;
	lab_line(lab, "hq", "setup=50ms");
	lab_start(lab);
	conn = recorder.conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, notifier, NULL), 0);
	assert_int_equal(lab_info(conn).status, RAS_STATUS_DIALING);
	sem_wait(&reached);
	sem_post(&go_on);
	LAB_WAIT(lab, told_last(RAS_CONNECTED, 0));
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(told_count(), ARRAY_SIZE(success));
	expect_states(RAS_CONNECTED, conn);
	lab_check_sums(lab);

	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(told_count(), ARRAY_SIZE(success));
	lab_check_sums(lab);
	sem_destroy(&reached);
	sem_destroy(&go_on);
}

static void fails(struct lab *lab, const struct ras_notifier *notifier)
{
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=50ms,fail=691");
	lab_start(lab);
	conn = recorder.conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, notifier, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	expect_failure(RAS_AUTH_NOTIFY, 691, conn);
	assert_int_equal(lab_info(conn).last_error.code, 691);
	assert_int_equal(lab_info(conn).last_error.state, RAS_AUTH_NOTIFY);
	assert_int_equal(lab_info(conn).last_error.cause, RAS_CAUSE_AUTH_FAILURE);
	assert_int_equal(only_history_row(lab).error.code, 691);
	lab_check_sums(lab);
}

static void func_success(void **state)
{
	comes_up(*state, &by_func);
}

static void func_failure(void **state)
{
	fails(*state, &by_func);
}

static void func1_success(void **state)
{
	comes_up(*state, &by_func1);
}

static void func1_failure(void **state)
{
	fails(*state, &by_func1);
}

static void func2_success(void **state)
{
	comes_up(*state, &by_func2);
	for (size_t i = 0; i < told_count(); i++) {
		assert_int_equal(told_at(i).callback_id, 4711);
		assert_int_equal(told_at(i).subentry, 1);
	}
}

static void func2_failure(void **state)
{
	fails(*state, &by_func2);
	assert_int_equal(told_at(told_count() - 1).callback_id, 4711);
}

/* Returning 0 ends the notifications and nothing else. */
static void func2_has_heard_enough(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	recorder.stop_after = 3;
	lab_line(lab, "hq", "setup=50ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func2, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_int_equal(told_count(), 3);
	expect_states(RAS_CONNECT_DEVICE, conn);
}

static void func2_does_not_hear_of_the_failure(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	recorder.stop_after = 1;
	lab_line(lab, "hq", "setup=50ms,fail=676");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &by_func2, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(told_count(), 1);
	assert_int_equal(lab_info(conn).last_error.code, 676);
}

/* ---- the message queue ---- */

static void queue_success(void **state)
{
	struct lab *lab = *state;
	struct ras_queue *queue = ras_queue_new(32);
	struct ras_notifier notifier = {.kind = RAS_NOTIFIER_QUEUE, .queue = queue};
	struct ras_message m;
	struct ras_conn *conn;

	assert_non_null(queue);
	assert_false(readable(queue, 0));
	assert_false(ras_queue_take(queue, &m));
	lab_line(lab, "hq", "setup=100ms");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &notifier, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(success); i++) {
		assert_true(readable(queue, LAB_PATIENCE_MS));
		assert_true(ras_queue_take(queue, &m));
		assert_ptr_equal(m.conn, conn);
		assert_int_equal(m.state, success[i]);
		assert_int_equal(m.error, 0);
	}
	assert_false(readable(queue, 0));
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_false(readable(queue, 0));
	assert_false(ras_queue_take(queue, &m));
	ras_queue_free(queue);
}

static void queue_failure(void **state)
{
	struct lab *lab = *state;
	struct ras_queue *queue = ras_queue_new(32);
	struct ras_notifier notifier = {.kind = RAS_NOTIFIER_QUEUE, .queue = queue};
	struct ras_message m;
	struct ras_conn *conn;
	size_t n = 0;

	lab_line(lab, "hq", "setup=20ms,fail=691");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	assert_int_equal(ras_dial(lab->ras, conn, &notifier, NULL), 0);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	while (ras_queue_take(queue, &m))
		n++;
	assert_int_equal(n, position_of(RAS_AUTH_NOTIFY) + 2);
	assert_int_equal(m.state, RAS_AUTH_NOTIFY);
	assert_int_equal(m.error, 691);
	ras_queue_free(queue);
}

/* What does not fit goes, the oldest first: the final message is never lost. */
static void queue_overflow(void **state)
{
	struct lab *lab = *state;
	size_t states = position_of(RAS_AUTH_NOTIFY) + 1;
	struct ras_conn *conn;

	lab_line(lab, "hq", "setup=10ms,fail=691");
	lab_start(lab);
	conn = lab_conn(lab, "hq");
	for (size_t places = 1; places <= states + 2; places++) {
		struct ras_queue *queue = ras_queue_new(places);
		struct ras_notifier notifier = {.kind = RAS_NOTIFIER_QUEUE, .queue = queue};
		struct ras_message m;

		assert_int_equal(ras_dial(lab->ras, conn, &notifier, NULL), 0);
		LAB_WAIT(lab, lab_threads(lab) == 0);
		for (size_t i = places > states ? 0 : states + 1 - places; i <= states; i++) {
			assert_true(readable(queue, 0));
			assert_true(ras_queue_take(queue, &m));
			assert_int_equal(m.state, success[MIN(i, states - 1)]);
			assert_int_equal(m.error, i == states ? 691 : 0);
		}
		assert_false(ras_queue_take(queue, &m));
		ras_queue_free(queue);
	}
}

static void queue_sizes(void **state)
{
	(void)state;
	assert_null(ras_queue_new(0));
	assert_null(ras_queue_new(SIZE_MAX));
	assert_null(ras_queue_free(NULL));
}

/* One queue for many connections: messages name theirs. */
static void queue_of_many(void **state)
{
	struct lab *lab = *state;
	struct ras_queue *queue = ras_queue_new(1024);
	struct ras_notifier notifier = {.kind = RAS_NOTIFIER_QUEUE, .queue = queue};
	size_t next[8] = {0}, done = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(next); i++) {
		char name[RAS_NAME_MAX];

		snprintf(name, sizeof(name), "n%u", i);
		lab_line(lab, name, "setup=50ms,jitter=50");
	}
	lab_start(lab);
	for (size_t i = 0; i < ARRAY_SIZE(next); i++)
		assert_int_equal(ras_dial(lab->ras, ras_conn_at(lab->ras, i), &notifier, NULL), 0);
	while (done < ARRAY_SIZE(next)) {
		struct ras_message m;
		size_t i = 0;

		assert_true(readable(queue, LAB_PATIENCE_MS));
		if (!ras_queue_take(queue, &m))
			continue;
		while (ras_conn_at(lab->ras, i) != m.conn)
			i++;
		assert_int_equal(m.state, success[next[i]++]);
		done += m.state == RAS_CONNECTED;
	}
	lab_stop(lab);
	ras_queue_free(queue);
}

/* ---- threads ---- */

/* Each connection has its own thread, and all its callbacks run there. */
static void a_thread_for_each(void **state)
{
	enum { N = 12 };
	struct lab *lab = *state;
	pid_t threads[N] = {0};
	size_t n[N] = {0};

	for (unsigned i = 0; i < N; i++) {
		char name[RAS_NAME_MAX];

		snprintf(name, sizeof(name), "n%u", i);
		lab_line(lab, name, "setup=200ms,jitter=30");
	}
	lab_start(lab);
	for (uintptr_t i = 0; i < N; i++) {
		struct ras_notifier notifier = by_func2;

		notifier.callback_id = i;
		assert_int_equal(ras_dial(lab->ras, ras_conn_at(lab->ras, i), &notifier, NULL), 0);
	}
	LAB_WAIT(lab, told_count() == N * ARRAY_SIZE(success));
	for (size_t i = 0; i < N * ARRAY_SIZE(success); i++) {
		struct told t = told_at(i);

		assert_true(t.callback_id < N);
		assert_ptr_equal(t.conn, ras_conn_at(lab->ras, t.callback_id));
		assert_int_equal(t.state, success[n[t.callback_id]++]);
		assert_int_equal(t.thread, t.info.thread_id);
		if (threads[t.callback_id] == 0)
			threads[t.callback_id] = t.thread;
		assert_int_equal(t.thread, threads[t.callback_id]);
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = i + 1; k < N; k++)
			assert_int_not_equal(threads[i], threads[k]);
	/* And lives on with the connection. */
	assert_int_equal(lab_threads(lab), N);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(lab_info(ras_conn_at(lab->ras, i)).thread_id, threads[i]);
	lab_check_sums(lab);
}

/* A callback stops its own dial while it runs, and nobody else. */
static void a_slow_callback_blocks_nobody(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *slow, *other;
	struct ras_totals totals;
	sem_t reached, go_on;

	sem_init(&reached, 0, 0);
	sem_init(&go_on, 0, 0);
	recorder.reached = &reached;
	recorder.go_on = &go_on;
	lab_line(lab, "slow", "setup=20ms");
	lab_line(lab, "other", "setup=20ms");
	lab_start(lab);
	slow = lab_conn(lab, "slow");
	other = lab_conn(lab, "other");
	assert_int_equal(ras_dial(lab->ras, slow, &by_func1, NULL), 0);
	sem_wait(&reached);

	/* The row was there before the call has returned, and shows the first state. */
	assert_int_equal(told_at(0).info.status, RAS_STATUS_DIALING);
	assert_int_equal(told_at(0).info.state, RAS_OPEN_PORT);
	assert_int_equal(ras_dial(lab->ras, other, NULL, NULL), 0);
	assert_int_equal(lab_info(slow).state, RAS_OPEN_PORT);
	ras_totals_get(lab->ras, &totals);
	assert_int_equal(totals.by_status[RAS_STATUS_UP], 1);
	assert_int_equal(told_count(), 1);

	sem_post(&go_on);
	LAB_WAIT(lab, told_last(RAS_CONNECTED, 0));
	expect_states(RAS_CONNECTED, slow);
	sem_destroy(&reached);
	sem_destroy(&go_on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(func_success),
		LAB_TEST(func_failure),
		LAB_TEST(func1_success),
		LAB_TEST(func1_failure),
		LAB_TEST(func2_success),
		LAB_TEST(func2_failure),
		LAB_TEST(func2_has_heard_enough),
		LAB_TEST(func2_does_not_hear_of_the_failure),
		LAB_TEST(queue_success),
		LAB_TEST(queue_failure),
		LAB_TEST(queue_overflow),
		cmocka_unit_test(queue_sizes),
		LAB_TEST(queue_of_many),
		LAB_TEST(a_thread_for_each),
		LAB_TEST(a_slow_callback_blocks_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
