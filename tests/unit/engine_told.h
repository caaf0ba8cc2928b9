/* SPDX-License-Identifier: BSD-2-Clause */
/* Callers of ras_dial() that write down what they are told, and what they should have been told. */
#ifndef RASDIAL_TESTS_ENGINE_TOLD_H
#define RASDIAL_TESTS_ENGINE_TOLD_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

#include "engine_lab.h"

/* ---- what was told ---- */

#define TOLD_MAX 256

struct told {
	struct ras_conn *conn;
	uintptr_t callback_id;
	uint32_t subentry;
	unsigned msg;
	enum ras_state state;
	int32_t error, extended;
	pid_t thread;
	struct ras_conn_info info; /* as the callback sees the row */
};

static struct recorder {
	pthread_mutex_t lock;
	struct told told[TOLD_MAX];
	size_t n;
	struct ras_conn *conn;     /* for RasDialFunc, which is not told of which connection */
	enum ras_state hang_up_at; /* hangs up from inside, when told of this state; disconnected: never */
	int32_t hang_up_error;     /* ... with this error */
	size_t stop_after;         /* RasDialFunc2 returns 0 after so many; 0: never */
	sem_t *reached, *go_on;    /* if set, the callback waits in the first notification */
} recorder = {.lock = PTHREAD_MUTEX_INITIALIZER};

UNUSED static size_t told_count(void)
{
	size_t n;

	pthread_mutex_lock(&recorder.lock);
	n = recorder.n;
	pthread_mutex_unlock(&recorder.lock);
	return n;
}

UNUSED static struct told told_at(size_t i)
{
	struct told t;

	pthread_mutex_lock(&recorder.lock);
	assert_true(i < recorder.n);
	t = recorder.told[i];
	pthread_mutex_unlock(&recorder.lock);
	return t;
}

UNUSED static bool told_last(enum ras_state state, int32_t error)
{
	size_t n = told_count();
	struct told t;

	if (n == 0)
		return false;
	t = told_at(n - 1);
	return t.state == state && t.error == error;
}

/* Returns how many were told with this one. */
UNUSED static size_t record(struct told t)
{
	size_t n;

	t.thread = gettid();
	ras_conn_get(t.conn, &t.info);
	pthread_mutex_lock(&recorder.lock);
	if (recorder.n < TOLD_MAX)
		recorder.told[recorder.n++] = t;
	n = recorder.n;
	pthread_mutex_unlock(&recorder.lock);
	if (n == 1 && recorder.reached) {
		sem_post(recorder.reached);
		sem_wait(recorder.go_on);
	}
	if (t.state == recorder.hang_up_at && t.error == recorder.hang_up_error)
		ras_hang_up(t.conn);
	return n;
}

UNUSED static void func(unsigned msg, enum ras_state state, int32_t error)
{
	record((struct told){.conn = recorder.conn, .msg = msg, .state = state, .error = error});
}

UNUSED static void func1(struct ras_conn *conn, unsigned msg, enum ras_state state, int32_t error, int32_t extended)
{
	record((struct told){.conn = conn, .msg = msg, .state = state, .error = error, .extended = extended});
}

UNUSED static unsigned func2(uintptr_t callback_id, uint32_t subentry, struct ras_conn *conn, unsigned msg,
			     enum ras_state state, int32_t error, int32_t extended)
{
	size_t n = record((struct told){
		.conn = conn,
		.callback_id = callback_id,
		.subentry = subentry,
		.msg = msg,
		.state = state,
		.error = error,
		.extended = extended,
	});

	return recorder.stop_after == 0 || n < recorder.stop_after;
}

UNUSED static const struct ras_notifier by_func = {.kind = RAS_NOTIFIER_FUNC, .func = func};
UNUSED static const struct ras_notifier by_func1 = {.kind = RAS_NOTIFIER_FUNC1, .func1 = func1};
UNUSED static const struct ras_notifier by_func2 = {.kind = RAS_NOTIFIER_FUNC2, .func2 = func2, .callback_id = 4711};

UNUSED static int set_up(void **state)
{
	*state = lab_new();
	recorder.n = 0;
	recorder.conn = NULL;
	recorder.hang_up_at = RAS_DISCONNECTED;
	recorder.hang_up_error = 0;
	recorder.stop_after = 0;
	recorder.reached = recorder.go_on = NULL;
	return 0;
}

UNUSED static int tear_down(void **state)
{
	lab_free(*state);
	return 0;
}

/* ---- what must have been told ---- */

UNUSED static const enum ras_state success[] = {
	RAS_OPEN_PORT,    RAS_PORT_OPENED, RAS_CONNECT_DEVICE, RAS_DEVICE_CONNECTED, RAS_ALL_DEVICES_CONNECTED,
	RAS_AUTHENTICATE, RAS_AUTH_NOTIFY, RAS_AUTH_PROJECT,   RAS_AUTH_ACK,         RAS_AUTHENTICATED,
	RAS_PROJECTED,    RAS_CONNECTED,
};

UNUSED static size_t position_of(enum ras_state state)
{
	size_t i = 0;

	while (success[i] != state)
		i++;
	return i;
}

/* The states up to this one in their order, each once, with error 0, in one thread that is not this one: the one that
 * the row names at that moment. */
UNUSED static void expect_states(enum ras_state last, const struct ras_conn *conn)
{
	size_t n = position_of(last) + 1;

	assert_true(told_count() >= n);
	for (size_t i = 0; i < n; i++) {
		struct told t = told_at(i);

		assert_int_equal(t.state, success[i]);
		assert_int_equal(t.error, 0);
		assert_int_equal(t.extended, 0);
		assert_int_equal(t.msg, RAS_DIAL_EVENT);
		assert_ptr_equal(t.conn, conn);
		assert_int_equal(t.thread, told_at(0).thread);
		assert_int_not_equal(t.thread, gettid());
		assert_int_equal(t.thread, t.info.thread_id);
		/* The row says what is told. */
		assert_int_equal(t.info.state, success[i]);
		assert_int_equal(t.info.status, ras_state_status(success[i]));
		assert_int_not_equal(t.info.call_id, 0);
	}
}

/* After these states the error, once, for the last of them, in the same thread; then nothing. */
UNUSED static void expect_failure(enum ras_state last, int32_t error, const struct ras_conn *conn)
{
	size_t n = position_of(last) + 1;
	struct told t;

	expect_states(last, conn);
	assert_int_equal(told_count(), n + 1);
	t = told_at(n);
	assert_int_equal(t.state, last);
	assert_int_equal(t.error, error);
	assert_ptr_equal(t.conn, conn);
	assert_int_equal(t.msg, RAS_DIAL_EVENT);
	assert_int_equal(t.thread, told_at(0).thread);
}

UNUSED static struct ras_history_row only_history_row(const struct lab *lab)
{
	struct ras_history_row row, other;

	assert_int_equal(ras_history_next(lab->ras, 0, &row), 0);
	assert_int_equal(ras_history_next(lab->ras, row.index + 1, &other), -ENOENT);
	return row;
}

UNUSED static bool readable(const struct ras_queue *queue, int timeout_ms)
{
	struct pollfd p = {.fd = ras_queue_fd(queue), .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
