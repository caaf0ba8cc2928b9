/* SPDX-License-Identifier: BSD-2-Clause */
/* RasDial at the engine's interface: the four kinds of notifier and the synchronous mode. In which thread each callback
 * runs, what is told in which order, when it ends, and what a callback may do. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

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

static size_t told_count(void)
{
	size_t n;

	pthread_mutex_lock(&recorder.lock);
	n = recorder.n;
	pthread_mutex_unlock(&recorder.lock);
	return n;
}

static struct told told_at(size_t i)
{
	struct told t;

	pthread_mutex_lock(&recorder.lock);
	assert_true(i < recorder.n);
	t = recorder.told[i];
	pthread_mutex_unlock(&recorder.lock);
	return t;
}

static bool told_last(enum ras_state state, int32_t error)
{
	size_t n = told_count();
	struct told t;

	if (n == 0)
		return false;
	t = told_at(n - 1);
	return t.state == state && t.error == error;
}

/* Returns how many were told with this one. */
static size_t record(struct told t)
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

static void func(unsigned msg, enum ras_state state, int32_t error)
{
	record((struct told){.conn = recorder.conn, .msg = msg, .state = state, .error = error});
}

static void func1(struct ras_conn *conn, unsigned msg, enum ras_state state, int32_t error, int32_t extended)
{
	record((struct told){.conn = conn, .msg = msg, .state = state, .error = error, .extended = extended});
}

static unsigned func2(uintptr_t callback_id, uint32_t subentry, struct ras_conn *conn, unsigned msg,
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

static const struct ras_notifier by_func = {.kind = RAS_NOTIFIER_FUNC, .func = func};
static const struct ras_notifier by_func1 = {.kind = RAS_NOTIFIER_FUNC1, .func1 = func1};
static const struct ras_notifier by_func2 = {.kind = RAS_NOTIFIER_FUNC2, .func2 = func2, .callback_id = 4711};

static int set_up(void **state)
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

static int tear_down(void **state)
{
	lab_free(*state);
	return 0;
}

/* ---- what must have been told ---- */

static const enum ras_state success[] = {
	RAS_OPEN_PORT,    RAS_PORT_OPENED, RAS_CONNECT_DEVICE, RAS_DEVICE_CONNECTED, RAS_ALL_DEVICES_CONNECTED,
	RAS_AUTHENTICATE, RAS_AUTH_NOTIFY, RAS_AUTH_PROJECT,   RAS_AUTH_ACK,         RAS_AUTHENTICATED,
	RAS_PROJECTED,    RAS_CONNECTED,
};

static size_t position_of(enum ras_state state)
{
	size_t i = 0;

	while (success[i] != state)
		i++;
	return i;
}

/* The states up to this one in their order, each once, with error 0, in one thread that is not this one: the one that
 * the row names at that moment. */
static void expect_states(enum ras_state last, const struct ras_conn *conn)
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
static void expect_failure(enum ras_state last, int32_t error, const struct ras_conn *conn)
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

static struct ras_history_row only_history_row(const struct lab *lab)
{
	struct ras_history_row row, other;

	assert_int_equal(ras_history_next(lab->ras, 0, &row), 0);
	assert_int_equal(ras_history_next(lab->ras, row.index + 1, &other), -ENOENT);
	return row;
}

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

static bool readable(const struct ras_queue *queue, int timeout_ms)
{
	struct pollfd p = {.fd = ras_queue_fd(queue), .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

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
		char name[8];

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
		char name[8];

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
		snprintf(record, sizeof(record), "%s/%u.link", lab->run_dir, lab_info(conn).index);
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
	assert_non_null(strstr(lab_info(conn).last_error.text, "frobnicate"));
	lab_check_sums(lab);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
